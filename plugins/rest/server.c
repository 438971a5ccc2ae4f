/* SPDX-License-Identifier: Apache-2.0 */
#include "server.h"

#include "watch.h"

#include <stdlib.h>
#include <ulfius.h>
#include <unistd.h>

/* ulfius wants a port to be named even where nothing listens. */
#define UNUSED_PORT 1
/* Bytes kept of a request body, which nobody reads: the least that ulfius takes for a limit. */
#define BODY_SIZE_MAX 1
#define LOG_LINE_SIZE 512

struct tlm_rest_server {
    const tlm_rest_api *api;
    uint32_t max_connections;
    struct _u_instance ulfius;
    bool has_instance, is_running;
    tlm_rest_watch *watch;
    tlm_metric *requests, *refused, *connections;
    const tlm_metrics_service *metrics;
};

static void count(const tlm_rest_server *server, tlm_metric *metric, int64_t amount)
{
    if (server->metrics)
        server->metrics->add(metric, amount);
}

/* --- later heads, as libmicrohttpd read them ------------------------------------------------------------------- */

static tlm_text header_of(const struct _u_request *call, const char *name)
{
    return tlm_text_of(u_map_get_case(call->map_header, name));
}

static bool refuse(unsigned status, const char *detail, tlm_http_refusal *ret_refusal)
{
    *ret_refusal = (tlm_http_refusal){status, detail};
    return false;
}

/* Names first: a header that libmicrohttpd took for another one, because of a blank in its name, ends the connection.
 */
static bool judge_names(const struct _u_request *call, tlm_http_refusal *ret_refusal)
{
    const char **names = u_map_enum_keys(call->map_header);
    unsigned hosts = 0;

    for (size_t i = 0; names && names[i]; i++) {
        if (!tlm_http_is_token(tlm_text_of(names[i])))
            return refuse(400, "a header name is malformed (no blank may stand before the colon)", ret_refusal);
        hosts += tlm_http_text_equal_caseless(tlm_text_of(names[i]), "Host");
    }
    /* ulfius joins repeated headers of one spelling with a comma, which no host name holds. */
    tlm_text host = header_of(call, "Host");
    if (hosts > 1 || (host.size > 0 && memchr(host.data, ',', host.size)))
        return refuse(400, "exactly one Host header is needed", ret_refusal);
    return true;
}

static bool judge_call(const struct _u_request *call, tlm_http_request *ret_request, tlm_http_refusal *ret_refusal)
{
    tlm_http_request request = {.method = tlm_text_of(call->http_verb), .target = tlm_text_of(call->http_url)};

    request.origin = header_of(call, "Origin");
    request.has_upgrade = u_map_has_key_case(call->map_header, "Upgrade") != 0;
    request.is_preflight = u_map_has_key_case(call->map_header, "Access-Control-Request-Method") != 0;
    tlm_text length = header_of(call, "Content-Length");
    bool has_encoding = u_map_has_key_case(call->map_header, "Transfer-Encoding") != 0;
    request.has_length = length.data || has_encoding;
    request.has_body = has_encoding || (length.data && strspn(length.data, "0") != length.size);
    *ret_request = request;
    return judge_names(call, ret_refusal);
}

/* --- answers through ulfius ------------------------------------------------------------------------------------ */

static int put_header(struct _u_response *response, const char *name, const char *value)
{
    return u_map_put(response->map_header, name, value);
}

static int put_answer(struct _u_response *response, const tlm_http_answer *answer)
{
    int result = U_OK;

    response->status = answer->status;
    if (answer->body.size > 0)
        result = ulfius_set_binary_body_response(response, answer->status, answer->body.data, answer->body.size);

    for (uint32_t i = 0; i < answer->header_count && result == U_OK; i++)
        result = put_header(response, answer->headers[i].name, answer->headers[i].value);
    if (result == U_OK && answer->content_type)
        result = put_header(response, "Content-Type", answer->content_type);
    if (result == U_OK && answer->must_close)
        result = put_header(response, "Connection", "close");
    return result;
}

static int answer_call(const struct _u_request *call, struct _u_response *response, void *context)
{
    const tlm_rest_server *server = context;
    tlm_http_request request;
    tlm_http_refusal refusal;
    tlm_http_answer answer;

    tlm_http_answer_init(&answer);
    if (judge_call(call, &request, &refusal)) {
        tlm_rest_api_answer(server->api, &request, &answer);
    } else {
        tlm_http_answer_error(&answer, refusal.status, "%s", refusal.detail);
        answer.must_close = true;
    }
    int result = put_answer(response, &answer);
    tlm_http_answer_finish(&answer);
    count(server, server->requests, 1);
    return result == U_OK ? U_CALLBACK_COMPLETE : U_CALLBACK_ERROR;
}

/* --- libmicrohttpd's callbacks --------------------------------------------------------------------------------- */

static void connection_changed(void *context, struct MHD_Connection *connection, void **socket_context,
                               enum MHD_ConnectionNotificationCode code)
{
    tlm_rest_server *server = context;

    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        /* NULL where memory is short: then libmicrohttpd's own timeout has to do. */
        *socket_context = info ? tlm_rest_watch_add(server->watch, info->connect_fd) : NULL;
        count(server, server->connections, 1);
    } else {
        tlm_rest_watch_remove(server->watch, *socket_context);
        *socket_context = NULL;
        count(server, server->connections, -1);
    }
}

static void request_completed(void *context, struct MHD_Connection *connection, void **call,
                              enum MHD_RequestTerminationCode code)
{
    tlm_rest_server *server = context;
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

    mhd_request_completed(context, connection, call, code);
    if (info && code == MHD_REQUEST_TERMINATED_COMPLETED_OK)
        tlm_rest_watch_renew(server->watch, info->socket_context);
}

/* libmicrohttpd talks of every broken peer: worth knowing only when looking for something. */
TLM_PRINTF(2, 0) static void write_log(void *context, const char *format, va_list arguments)
{
    const tlm_rest_server *server = context;
    const tlm_log_service *log = server->api->host->get_service(server->api->host, TLM_SERVICE_LOG);
    char line[LOG_LINE_SIZE];
    int size = vsnprintf(line, sizeof line, format, arguments);

    if (log && size > 0)
        log->write(server->api->host, TLM_LOG_DEBUG, (tlm_text){line, strnlen(line, sizeof line)});
}

/* --- life ------------------------------------------------------------------------------------------------------ */

static int start_daemon(tlm_rest_server *server, const tlm_rest_server_options *options)
{
    int64_t idle_seconds = options->request_timeout_ms / 1000 + 1;
    struct MHD_OptionItem items[] = {
        {MHD_OPTION_EXTERNAL_LOGGER, (intptr_t)write_log, server},
        {MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)request_completed, server},
        {MHD_OPTION_URI_LOG_CALLBACK, (intptr_t)ulfius_uri_logger, NULL},
        {MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)connection_changed, server},
        {MHD_OPTION_STRICT_FOR_CLIENT, 1, NULL},
        {MHD_OPTION_CONNECTION_LIMIT, (intptr_t)options->max_connections, NULL},
        {MHD_OPTION_PER_IP_CONNECTION_LIMIT, (intptr_t)options->max_connections_per_address, NULL},
        {MHD_OPTION_CONNECTION_TIMEOUT, (intptr_t)idle_seconds, NULL},
        /* A pool of one is refused: one thread is the default. */
        {options->threads > 1 ? MHD_OPTION_THREAD_POOL_SIZE : MHD_OPTION_END, (intptr_t)options->threads, NULL},
        {MHD_OPTION_END, 0, NULL},
    };
    const unsigned flags = MHD_USE_POLL_INTERNAL_THREAD | MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ITC | MHD_USE_ERROR_LOG;

    return ulfius_start_framework_with_mhd_options(&server->ulfius, flags, items) == U_OK ? 0 : -EIO;
}

static int start_ulfius(tlm_rest_server *server, const tlm_rest_server_options *options)
{
    if (ulfius_init_instance(&server->ulfius, UNUSED_PORT, NULL, NULL) != U_OK)
        return -ENOMEM;
    server->has_instance = true;
    server->ulfius.max_post_body_size = BODY_SIZE_MAX;
    server->ulfius.allowed_post_processor = U_POST_PROCESS_NONE;
    /* Else ulfius hides headers that are not UTF-8 from the second look at them. */
    server->ulfius.check_utf8 = 0;
    /* One endpoint for all: matching many costs ulfius most of its speed, and it decodes twice. */
    if (ulfius_add_endpoint_by_val(&server->ulfius, "*", NULL, "*", 0, answer_call, server) != U_OK)
        return -ENOMEM;
    int result = start_daemon(server, options);
    server->is_running = result == 0;
    return result;
}

static void open_metrics(tlm_rest_server *server)
{
    const tlm_host *host = server->api->host;
    const tlm_metrics_service *metrics = server->api->metrics;

    server->metrics = metrics;
    if (!metrics)
        return;
    server->requests = metrics->open(host, TLM_METRIC_COUNTER, "telemetra_rest_requests_total", "Requests answered");
    server->refused = metrics->open(host, TLM_METRIC_COUNTER, "telemetra_rest_refused_total",
                                    "Connections refused by the guard or a limit");
    server->connections = metrics->open(host, TLM_METRIC_GAUGE, "telemetra_rest_connections", "Connections open now");
}

int tlm_rest_server_start(const tlm_rest_api *api, const tlm_rest_server_options *options, tlm_rest_server **ret_server,
                          tlm_error *error)
{
    tlm_rest_server *server = calloc(1, sizeof *server);

    if (!server)
        return tlm_error_set(error, -ENOMEM, "not enough memory");
    server->api = api;
    server->max_connections = options->max_connections;
    open_metrics(server);
    int result = tlm_rest_watch_create(options->request_timeout_ms, &server->watch);
    if (result == 0)
        result = start_ulfius(server, options);
    if (result < 0) {
        tlm_rest_server_stop(server);
        return tlm_error_set(error, result, "the HTTP threads cannot be started: %s", strerror(-result));
    }
    *ret_server = server;
    return 0;
}

void tlm_rest_server_stop(tlm_rest_server *server)
{
    if (!server)
        return;
    if (server->is_running)
        ulfius_stop_framework(&server->ulfius);
    if (server->has_instance)
        ulfius_clean_instance(&server->ulfius);
    tlm_rest_watch_destroy(server->watch);
    free(server);
}

static void send_refusal(tlm_rest_server *server, int fd, const tlm_http_request *request, tlm_http_answer *answer)
{
    tlm_http_answer_send(answer, fd, tlm_text_equal(request->method, tlm_text_of("HEAD")));
    count(server, server->refused, 1);
}

void tlm_rest_server_adopt(tlm_rest_server *server, int fd, const void *peer, uint32_t peer_size, tlm_text head)
{
    tlm_http_request request;
    tlm_http_refusal refusal;
    tlm_http_answer answer;

    tlm_http_answer_init(&answer);
    if (!tlm_http_head_judge(head, &request, &refusal)) {
        tlm_http_answer_error(&answer, refusal.status, "%s", refusal.detail);
        send_refusal(server, fd, &request, &answer);
    } else if (request.has_body) {
        /* Answered from the route table alone; libmicrohttpd need not read what nobody wants. */
        tlm_rest_api_answer(server->api, &request, &answer);
        send_refusal(server, fd, &request, &answer);
    } else if (tlm_rest_watch_count(server->watch) >= server->max_connections) {
        tlm_http_answer_error(&answer, 503, "all %u connections are taken", server->max_connections);
        send_refusal(server, fd, &request, &answer);
    } else if (MHD_add_connection(server->ulfius.mhd_daemon, fd, peer, peer_size) != MHD_YES) {
        /* Beyond the limit of its address, or memory is short; the descriptor is closed already. */
        count(server, server->refused, 1);
    }
    tlm_http_answer_finish(&answer);
}
