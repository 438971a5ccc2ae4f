/* SPDX-License-Identifier: Apache-2.0 */
/* `websocket`: the live feed of streams over WebSockets. */
#include "common/http_origin.h"
#include "loop.h"

#include <stdlib.h>
#include <sys/resource.h>

/* --- state ----------------------------------------------------------------------------------------------------- */

typedef struct websocket_config {
    const char *store;
    tlm_text_list origins;
    int64_t interval;
    int64_t ping_interval, pong_timeout, stall_timeout;
    int64_t max_connections, max_connections_per_address;
    int64_t max_message_size, max_message_rate;
    int64_t max_streams;
    int64_t send_buffer;
} websocket_config;

struct tlm_instance {
    const tlm_host *host;
    const websocket_config *config;
    tlm_ws_loop *loop;
    const tlm_feed_service *feed; /* NULL: the host has none */
    tlm_subscription *windows, *streams, *moments;
};

/* Descriptors that the rest of the process needs besides one a client. */
#define OTHER_FILES 256

/* --- helpers --------------------------------------------------------------------------------------------------- */

/* Each client is a descriptor, and the usual limit is 1,024: takes as many as the system lets this process have. */
static void raise_file_limit(const tlm_instance *websocket)
{
    const tlm_log_service *log = websocket->host->get_service(websocket->host, TLM_SERVICE_LOG);
    rlim_t wanted = (rlim_t)websocket->config->max_connections + OTHER_FILES;
    struct rlimit limit;
    char line[256];

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted)
        return;
    limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
    bool is_set = setrlimit(RLIMIT_NOFILE, &limit) == 0;
    if ((is_set && limit.rlim_cur >= wanted) || !log)
        return;
    int size = snprintf(line, sizeof line,
                        "max_connections (%lld) needs more open files than this process may have (%llu); raise the "
                        "limit (ulimit -n) or lower max_connections",
                        (long long)websocket->config->max_connections, (unsigned long long)limit.rlim_cur);
    log->write(websocket->host, TLM_LOG_WARNING, (tlm_text){line, (size_t)size});
}

/* Without any store a new room waits for the feed; a store that is named has to be there. */
static int find_store(const tlm_instance *websocket, const tlm_store **ret_store, tlm_instance **ret_instance,
                      tlm_error *error)
{
    const tlm_stores_service *stores = websocket->host->get_service(websocket->host, TLM_SERVICE_STORES);
    const char *name = websocket->config->store;
    int result = stores ? stores->find(websocket->host, name, ret_store, ret_instance) : -ENOENT;

    if (result < 0 && name && name[0] != '\0')
        return tlm_error_set(error, result, "no configured component named \"%s\" is a store", name);
    return 0;
}

static int subscribe(tlm_instance *websocket, tlm_error *error)
{
    tlm_ws_feed *feed = tlm_ws_loop_feed(websocket->loop);
    const tlm_host *host = websocket->host;

    if (!websocket->feed)
        return 0;
    websocket->windows = websocket->feed->subscribe(host, "windows", tlm_ws_feed_receive_windows, feed);
    websocket->streams = websocket->feed->subscribe(host, "streams", tlm_ws_feed_receive_streams, feed);
    websocket->moments = websocket->feed->subscribe(host, "moments", tlm_ws_feed_receive_moments, feed);
    if (!websocket->windows || !websocket->streams || !websocket->moments)
        return tlm_error_set(error, -ENOMEM, "not enough memory");
    return 0;
}

static void unsubscribe(tlm_instance *websocket)
{
    tlm_subscription **all[] = {&websocket->windows, &websocket->streams, &websocket->moments};

    for (size_t i = 0; i < TLM_COUNT(all); i++) {
        if (*all[i])
            websocket->feed->unsubscribe(*all[i]);
        *all[i] = NULL;
    }
}

static int write_health(const tlm_instance *websocket, tlm_buffer *out)
{
    tlm_json_writer writer;

    tlm_json_init(&writer, out);
    tlm_json_begin_object(&writer);
    TLM_JSON_KEY(&writer, "status");
    tlm_json_string(&writer, "ok", 2);
    tlm_ws_feed_census(tlm_ws_loop_feed(websocket->loop), &writer);
    tlm_json_end_object(&writer);
    return out->error;
}

/* --- callbacks ------------------------------------------------------------------------------------------------- */

static void destroy(tlm_instance *websocket)
{
    if (!websocket)
        return;
    tlm_ws_loop_destroy(websocket->loop);
    free(websocket);
}

static int create(const tlm_host *host, const void *config, tlm_instance **ret_instance, tlm_error *error)
{
    const websocket_config *from = config;
    const tlm_ws_options options = {
        .interval_ms = from->interval,
        .ping_interval_ms = from->ping_interval,
        .pong_timeout_ms = from->pong_timeout,
        .stall_timeout_ms = from->stall_timeout,
        .max_connections = (uint32_t)from->max_connections,
        .max_connections_per_address = (uint32_t)from->max_connections_per_address,
        .max_message_rate = (uint32_t)from->max_message_rate,
        .max_streams = (uint32_t)from->max_streams,
        .max_message_bytes = (size_t)from->max_message_size,
        .send_buffer_bytes = (int)from->send_buffer,
    };

    if (tlm_http_origins_check(&from->origins, "origins", error) < 0)
        return -EINVAL;
    tlm_instance *websocket = calloc(1, sizeof *websocket);
    if (!websocket)
        return tlm_error_set(error, -ENOMEM, "not enough memory");
    websocket->host = host;
    websocket->config = from;
    websocket->feed = host->get_service(host, TLM_SERVICE_FEED);
    int result = tlm_ws_loop_create(host, &options, &websocket->loop);
    if (result < 0) {
        destroy(websocket);
        return tlm_error_set(error, result, "not enough memory");
    }
    *ret_instance = websocket;
    return 0;
}

static void stop(tlm_instance *websocket)
{
    unsubscribe(websocket);
    tlm_ws_loop_stop(websocket->loop);
}

static int start(tlm_instance *websocket, tlm_error *error)
{
    const tlm_store *store = NULL;
    tlm_instance *store_instance = NULL;

    raise_file_limit(websocket);
    int result = find_store(websocket, &store, &store_instance, error);
    if (result == 0)
        result = subscribe(websocket, error);
    if (result == 0)
        result = tlm_ws_loop_start(websocket->loop, store, store_instance, error);
    if (result < 0)
        stop(websocket);
    return result;
}

static void answer_health(tlm_instance *websocket, tlm_http_answer *answer)
{
    if (write_health(websocket, &answer->body) < 0)
        tlm_http_answer_error(answer, 503, "not enough memory");
    else
        answer->content_type = "application/json";
}

static void adopt(tlm_instance *websocket, int fd, const void *peer, uint32_t peer_size, tlm_text head)
{
    tlm_ws_handshake handshake;
    tlm_http_answer answer;
    bool is_head;

    tlm_http_answer_init(&answer);
    uint32_t verdict = tlm_ws_handshake_judge(head, &websocket->config->origins, &handshake, &is_head, &answer);
    if (verdict == TLM_WS_UPGRADE) {
        uint32_t result = tlm_ws_loop_adopt(websocket->loop, fd, peer, peer_size, &handshake);
        if (result == TLM_WS_TAKEN)
            goto done;
        tlm_http_answer_error(&answer, 503, "%s",
                              result == TLM_WS_FULL ? "all connections are taken" : "not enough memory");
        verdict = TLM_WS_ANSWERED;
    }
    if (verdict == TLM_WS_HEALTH)
        answer_health(websocket, &answer);
    else
        tlm_ws_loop_count_refused(websocket->loop);
    tlm_http_answer_send(&answer, fd, is_head);
done:
    tlm_http_answer_finish(&answer);
}

static const tlm_page *list_pages(tlm_instance *websocket, uint32_t *ret_count)
{
    static const tlm_page pages[] = {{.path = TLM_WS_HEALTH_PATH, .content_type = "application/json"}};

    (void)websocket;
    *ret_count = TLM_COUNT(pages);
    return pages;
}

static void release_body(tlm_page_body *body)
{
    free(body->context);
}

static int page_body(tlm_instance *websocket, uint32_t index, tlm_page_body *ret_body)
{
    tlm_buffer out = TLM_BUFFER_INIT;
    size_t size = 0;

    (void)index;
    if (write_health(websocket, &out) < 0) {
        tlm_buffer_finish(&out);
        return -ENOMEM;
    }
    char *text = tlm_buffer_take(&out, &size);
    *ret_body = (tlm_page_body){.data = text, .size = size, .context = text, .release = release_body};
    return 0;
}

static const void *get_interface(const char *id)
{
    static const char *const prefixes[] = {"/ws/", "/live/", NULL};
    static const tlm_frontend frontend = {prefixes, adopt};
    static const tlm_pages pages = {list_pages, page_body};

    if (strcmp(id, TLM_INTERFACE_FRONTEND) == 0)
        return &frontend;
    return strcmp(id, TLM_INTERFACE_PAGES) == 0 ? &pages : NULL;
}

/* --- options --------------------------------------------------------------------------------------------------- */

#define AT(member) (uint32_t) offsetof(websocket_config, member)

static const tlm_option options[] = {
    {"store", TLM_OPTION_TEXT, TLM_OPTION_STORE, AT(store), NULL, 0, 0, NULL,
     "Name of the store that is asked what is known of a stream when its first client comes; the first one of the file "
     "when not given."},
    {"origins", TLM_OPTION_LIST, 0, AT(origins), NULL, 0, 0, NULL,
     "Origins whose pages may connect, compared exactly, such as http://localhost:3000. Pages of this server's own "
     "origin, and clients that send no Origin, always may."},
    {"interval", TLM_OPTION_DURATION, 0, AT(interval), "1500ms", 50, 3600000, NULL,
     "Time between two updates of a stream, sent whether anything changed or not."},
    {"ping_interval", TLM_OPTION_DURATION, 0, AT(ping_interval), "20s", 100, 3600000, NULL,
     "A client that has sent nothing for so long is pinged."},
    {"pong_timeout", TLM_OPTION_DURATION, 0, AT(pong_timeout), "10s", 100, 3600000, NULL,
     "A client that does not answer a ping for so long is closed."},
    {"stall_timeout", TLM_OPTION_DURATION, 0, AT(stall_timeout), "15s", 100, 3600000, NULL,
     "A client that takes no byte for so long while something waits for it is cut off."},
    {"max_connections", TLM_OPTION_INTEGER, 0, AT(max_connections), "16384", 1, 1000000, NULL,
     "WebSockets open at a time; one more is answered with 503. The limit of open files is raised for it as far as the "
     "system allows."},
    {"max_connections_per_address", TLM_OPTION_INTEGER, 0, AT(max_connections_per_address), "512", 1, 1000000, NULL,
     "WebSockets open at a time from one IPv4 address or IPv6 /64; one more is answered with 429. Set it as high as "
     "max_connections behind a proxy."},
    {"max_message_size", TLM_OPTION_SIZE, 0, AT(max_message_size), "4KiB", 128, 1048576, NULL,
     "Longest message of a client; a longer one closes its connection with 1009."},
    {"max_message_rate", TLM_OPTION_INTEGER, 0, AT(max_message_rate), "50", 1, 1000000, NULL,
     "Frames that one client may send in a second; more close its connection with 1008."},
    {"max_streams", TLM_OPTION_INTEGER, 0, AT(max_streams), "10000", 0, 10000000, NULL,
     "Streams without clients whose newest window is remembered before it is final, so that the first client of a "
     "stream sees it at once."},
    {"send_buffer", TLM_OPTION_SIZE, 0, AT(send_buffer), "16KiB", 4096, 4194304, NULL,
     "What the kernel holds for one client that does not read (it takes the double of it)."},
};

/* --- descriptor ------------------------------------------------------------------------------------------------ */

static const tlm_component websocket_component = {
    .struct_size = sizeof(tlm_component),
    .config_size = sizeof(websocket_config),
    .id = "websocket",
    .summary = "Live values and moments of streams over WebSockets: /ws/live/{stream_id} and /live/{stream_id}.",
    .options = options,
    .option_count = TLM_COUNT(options),
    .create = create,
    .start = start,
    .stop = stop,
    .destroy = destroy,
    .get_interface = get_interface,
};

static const tlm_component *const components[] = {&websocket_component};

TLM_PLUGIN("websocket", TELEMETRA_VERSION, components);
