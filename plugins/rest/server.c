/* SPDX-License-Identifier: Apache-2.0 */
#include "server.h"

#include "watch.h"

#include <microhttpd.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define LOG_LINE_SIZE 512
/* What the kernel may hold for a peer that does not read, and of one that only writes; it takes the double of it, and
 * without a bound grows each to megabytes (tcp_wmem, tcp_rmem). The first is a kept body whole. */
#define SEND_BUFFER_SIZE TLM_REST_KEPT_SIZE_MAX
#define RECEIVE_BUFFER_SIZE (64 * 1024)
/* Bodies up to this size are not counted as unsent: the number of connections bounds those. */
#define SMALL_BODY_SIZE (16 * 1024)

struct tlm_rest_server {
    const tlm_rest_api *api;
    uint32_t max_connections;
    size_t max_unsent_bytes;
    atomic_size_t unsent_bytes; /* of larger bodies whose connections have not taken them whole */
    struct MHD_Daemon *daemon;
    tlm_rest_watch *watch;
    tlm_metric *requests, *refused, *connections;
    const tlm_metrics_service *metrics;
};

/* One request inside libmicrohttpd, from its first line to its end. */
typedef struct call {
    bool has_begun; /* its head has been shown; what it is shown again for is its body, or that all has come */
    char target[];  /* raw, which libmicrohttpd takes apart in place */
} call;

static void count(const tlm_rest_server *server, tlm_metric *metric, int64_t amount)
{
    if (server->metrics)
        server->metrics->add(metric, amount);
}

/* --- later heads, as libmicrohttpd read them ------------------------------------------------------------------- */

/* What is gathered while the headers are walked over. */
typedef struct tally {
    tlm_http_request request;
    unsigned hosts;
    const char *trouble; /* NULL: none */
} tally;

/* A header that libmicrohttpd took for another one, because of a blank in its name, ends the connection. */
static enum MHD_Result judge_header(void *context, enum MHD_ValueKind kind, const char *name, size_t name_size,
                                    const char *value, size_t value_size)
{
    tally *found = context;
    const tlm_text key = {name, name_size}, text = {value, value ? value_size : 0};

    (void)kind;
    if (!tlm_http_is_token(key)) {
        found->trouble = "a header name is malformed (no blank may stand before the colon)";
        return MHD_NO;
    }
    if (tlm_http_text_equal_caseless(key, "Host")) {
        found->hosts++;
    } else if (tlm_http_text_equal_caseless(key, "Content-Length")) {
        found->request.has_length = true;
        for (size_t i = 0; i < text.size; i++)
            found->request.has_body |= text.data[i] != '0';
    } else if (tlm_http_text_equal_caseless(key, "Transfer-Encoding")) {
        found->request.has_length = found->request.has_body = true;
    } else {
        tlm_http_head_note(key, text, &found->request);
    }
    return MHD_YES;
}

static void judge_call(struct MHD_Connection *connection, tally *found)
{
    MHD_get_connection_values_n(connection, MHD_HEADER_KIND, judge_header, found);
    if (!found->trouble && found->hosts > 1)
        found->trouble = "exactly one Host header is needed";
}

/* --- answers through libmicrohttpd ----------------------------------------------------------------------------- */

static bool put_headers(struct MHD_Response *response, const tlm_http_answer *answer)
{
    enum MHD_Result result = MHD_YES;

    for (uint32_t i = 0; i < answer->header_count && result == MHD_YES; i++)
        result = MHD_add_response_header(response, answer->headers[i].name, answer->headers[i].value);
    if (result == MHD_YES && answer->content_type)
        result = MHD_add_response_header(response, "Content-Type", answer->content_type);
    if (result == MHD_YES && answer->must_close)
        result = MHD_add_response_header(response, "Connection", "close");
    return result == MHD_YES;
}

/* A counted body on its way to its peer. */
typedef struct unsent {
    tlm_rest_server *server;
    size_t size;
    char *bytes;
} unsent;

static void release_unsent(void *context)
{
    unsent *body = context;

    atomic_fetch_sub(&body->server->unsent_bytes, body->size);
    free(body->bytes);
    free(body);
}

/* Counts a body; NULL: its room is not there. */
static unsent *claim_unsent(tlm_rest_server *server, size_t size)
{
    unsent *body = malloc(sizeof *body);

    if (body && atomic_fetch_add(&server->unsent_bytes, size) <= server->max_unsent_bytes - size) {
        *body = (unsent){.server = server, .size = size};
        return body;
    }
    if (body)
        atomic_fetch_sub(&server->unsent_bytes, size);
    free(body);
    return NULL;
}

/* Everything the answer said before was about the body that it cannot have. */
static void refuse_body(tlm_http_answer *answer)
{
    bool must_close = answer->must_close;

    tlm_http_answer_finish(answer);
    tlm_http_answer_init(answer);
    answer->must_close = must_close;
    tlm_http_answer_error(answer, 503, "too many large answers wait for their readers; ask for less, or later");
}

/* Takes the body of the answer. */
static struct MHD_Response *make_response(tlm_rest_server *server, tlm_http_answer *answer)
{
    size_t size = answer->body.size;
    unsent *counted = NULL;

    if (size > SMALL_BODY_SIZE) {
        counted = size <= server->max_unsent_bytes ? claim_unsent(server, size) : NULL;
        if (!counted)
            refuse_body(answer);
    }
    char *bytes = tlm_buffer_take(&answer->body, &size);
    struct MHD_Response *response;
    if (counted) {
        counted->bytes = bytes;
        response = MHD_create_response_from_buffer_with_free_callback_cls(size, bytes, release_unsent, counted);
        if (!response)
            release_unsent(counted);
    } else {
        response = MHD_create_response_from_buffer(size, bytes, MHD_RESPMEM_MUST_FREE);
        if (!response)
            free(bytes);
    }
    return response;
}

static enum MHD_Result queue_answer(tlm_rest_server *server, struct MHD_Connection *connection, tlm_http_answer *answer)
{
    struct MHD_Response *response = make_response(server, answer);

    if (!response)
        return MHD_NO;
    enum MHD_Result result =
        put_headers(response, answer) ? MHD_queue_response(connection, answer->status, response) : MHD_NO;
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result answer_call(tlm_rest_server *server, struct MHD_Connection *connection, const char *method,
                                   const char *target)
{
    tally found = {.request = {.method = tlm_text_of(method), .target = tlm_text_of(target)}};
    tlm_http_answer answer;

    tlm_http_answer_init(&answer);
    judge_call(connection, &found);
    if (!found.trouble) {
        tlm_rest_api_answer(server->api, &found.request, &answer);
    } else {
        tlm_http_answer_error(&answer, 400, "%s", found.trouble);
        answer.must_close = true;
    }
    enum MHD_Result result = queue_answer(server, connection, &answer);
    tlm_http_answer_finish(&answer);
    count(server, server->requests, 1);
    return result;
}

/* --- libmicrohttpd's callbacks --------------------------------------------------------------------------------- */

/* Shows the raw target before anything else; what it returns belongs to the request. */
static void *note_target(void *context, const char *target, struct MHD_Connection *connection)
{
    size_t size = strlen(target) + 1;
    call *made = malloc(sizeof *made + size);

    (void)context;
    (void)connection;
    if (!made)
        return NULL;
    made->has_begun = false;
    memcpy(made->target, target, size);
    return made;
}

static enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *url, const char *method,
                              const char *version, const char *data, size_t *data_size, void **request)
{
    call *current = *request;

    (void)url;
    (void)version;
    (void)data;
    if (!current)
        return MHD_NO;
    if (!current->has_begun || *data_size > 0) {
        /* A body that nobody wants is read past, so that the answer reaches its sender. */
        current->has_begun = true;
        *data_size = 0;
        return MHD_YES;
    }
    return answer_call(context, connection, method, current->target);
}

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

static void request_completed(void *context, struct MHD_Connection *connection, void **request,
                              enum MHD_RequestTerminationCode code)
{
    tlm_rest_server *server = context;
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

    free(*request);
    *request = NULL;
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
        {MHD_OPTION_URI_LOG_CALLBACK, (intptr_t)note_target, NULL},
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

    server->daemon = MHD_start_daemon(flags, 0, NULL, NULL, handle, server, MHD_OPTION_ARRAY, items, MHD_OPTION_END);
    return server->daemon ? 0 : -EIO;
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
    server->max_unsent_bytes = options->max_unsent_bytes;
    open_metrics(server);
    int result = tlm_rest_watch_create(options->request_timeout_ms, &server->watch);
    if (result == 0)
        result = start_daemon(server, options);
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
    if (server->daemon)
        MHD_stop_daemon(server->daemon);
    tlm_rest_watch_destroy(server->watch);
    free(server);
}

static void send_refusal(tlm_rest_server *server, int fd, const tlm_http_request *request, tlm_http_answer *answer)
{
    tlm_http_answer_send(answer, fd, tlm_text_equal(request->method, tlm_text_of("HEAD")));
    count(server, server->refused, 1);
}

static void bound_buffers(int fd)
{
    const int send_size = SEND_BUFFER_SIZE, receive_size = RECEIVE_BUFFER_SIZE;

    /* Cannot fail on a TCP socket; if it did, the buffers would only be larger. */
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &send_size, sizeof send_size);
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_size, sizeof receive_size);
}

void tlm_rest_server_adopt(tlm_rest_server *server, int fd, const void *peer, uint32_t peer_size, tlm_text head)
{
    tlm_http_request request;
    tlm_http_refusal refusal;
    tlm_http_answer answer;

    bound_buffers(fd);
    tlm_http_answer_init(&answer);
    if (!tlm_http_head_judge(head, &request, &refusal)) {
        tlm_http_answer_error(&answer, refusal.status, "%s", refusal.detail);
        send_refusal(server, fd, &request, &answer);
    } else if (!server->api->pages) {
        tlm_http_answer_error(&answer, 503, "the pages cannot be had: not enough memory, or there are too many");
        send_refusal(server, fd, &request, &answer);
    } else if (request.has_body) {
        /* Answered from the route table alone; libmicrohttpd need not read what nobody wants. */
        tlm_rest_api_answer(server->api, &request, &answer);
        send_refusal(server, fd, &request, &answer);
    } else if (tlm_rest_watch_count(server->watch) >= server->max_connections) {
        tlm_http_answer_error(&answer, 503, "all %u connections are taken", server->max_connections);
        send_refusal(server, fd, &request, &answer);
    } else if (MHD_add_connection(server->daemon, fd, peer, peer_size) != MHD_YES) {
        /* Beyond the limit of its address, or memory is short; the descriptor is closed already. */
        count(server, server->refused, 1);
    }
    tlm_http_answer_finish(&answer);
}
