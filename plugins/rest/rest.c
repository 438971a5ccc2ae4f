/* SPDX-License-Identifier: Apache-2.0 */
/* `rest`: the HTTP API over any store. */
#include "common/http_origin.h"
#include "server.h"

#include <stdlib.h>

/* --- state ----------------------------------------------------------------------------------------------------- */

typedef struct rest_config {
    const char *title;
    const char *store;
    tlm_text_list cors_origins;
    int64_t threads;
    int64_t max_connections, max_connections_per_address;
    int64_t request_timeout;
    int64_t max_unsent;
    int64_t max_live_streams;
    int64_t keep_bodies;
} rest_config;

struct tlm_instance {
    const rest_config *config;
    tlm_rest_api api;
    const tlm_feed_service *feed; /* NULL: the host has none */
    tlm_subscription *windows, *streams, *moments;
    tlm_rest_server *server;
    atomic_bool is_store_silent;
    bool has_complained; /* that the pages cannot be gathered */
};

/* --- helpers --------------------------------------------------------------------------------------------------- */

/* Tried again at each connection until it is done, and told once. */
static void open_api(tlm_instance *rest)
{
    const tlm_host *host = rest->api.host;
    const tlm_log_service *log = host->get_service(host, TLM_SERVICE_LOG);
    static const char sentence[] = "the pages of the process cannot be gathered: %s";
    char text[256];

    int result = tlm_rest_api_open(&rest->api);
    if (result == 0 || rest->has_complained || !log)
        return;
    int size = snprintf(text, sizeof text, sentence, strerror(-result));
    log->write(host, TLM_LOG_ERROR, (tlm_text){text, (size_t)size});
    rest->has_complained = true;
}

static void receive_windows(void *context, const tlm_rows *rows)
{
    tlm_instance *rest = context;

    tlm_rest_live_receive(rest->api.live, rows);
    tlm_rest_kept_expire(rest->api.kept);
}

/* Of datasets that are shown from the store alone. */
static void receive_others(void *context, const tlm_rows *rows)
{
    tlm_instance *rest = context;

    (void)rows;
    tlm_rest_kept_expire(rest->api.kept);
}

/* Without any store the routes over rows are 503; a store that is named has to be there. */
static int find_store(tlm_instance *rest, tlm_error *error)
{
    const tlm_host *host = rest->api.host;
    const tlm_stores_service *stores = host->get_service(host, TLM_SERVICE_STORES);
    const char *name = rest->config->store;
    int result = stores ? stores->find(host, name, &rest->api.store, &rest->api.store_instance) : -ENOENT;

    if (result < 0 && name && name[0] != '\0')
        return tlm_error_set(error, result, "no configured component named \"%s\" is a store", name);
    return 0;
}

static int subscribe(tlm_instance *rest, tlm_error *error)
{
    const tlm_host *host = rest->api.host;

    if (!rest->feed)
        return 0;
    rest->windows = rest->feed->subscribe(host, "windows", receive_windows, rest);
    rest->streams = rest->feed->subscribe(host, "streams", receive_others, rest);
    rest->moments = rest->feed->subscribe(host, "moments", receive_others, rest);
    if (!rest->windows || !rest->streams || !rest->moments)
        return tlm_error_set(error, -ENOMEM, "not enough memory");
    return 0;
}

static void unsubscribe(tlm_instance *rest)
{
    if (rest->windows)
        rest->feed->unsubscribe(rest->windows);
    if (rest->streams)
        rest->feed->unsubscribe(rest->streams);
    if (rest->moments)
        rest->feed->unsubscribe(rest->moments);
    rest->windows = rest->streams = rest->moments = NULL;
}

/* --- callbacks ------------------------------------------------------------------------------------------------- */

static void destroy(tlm_instance *rest)
{
    if (!rest)
        return;
    tlm_rest_live_destroy(rest->api.live);
    tlm_rest_kept_destroy(rest->api.kept);
    free(rest);
}

static int create(const tlm_host *host, const void *config, tlm_instance **ret_instance, tlm_error *error)
{
    const rest_config *options = config;

    if (tlm_http_origins_check(&options->cors_origins, "cors_origins", error) < 0)
        return -EINVAL;
    tlm_instance *rest = calloc(1, sizeof *rest);
    if (!rest)
        return tlm_error_set(error, -ENOMEM, "not enough memory");
    rest->config = options;
    rest->feed = host->get_service(host, TLM_SERVICE_FEED);
    rest->api.host = host;
    rest->api.is_store_silent = &rest->is_store_silent;
    rest->api.title = options->title;
    rest->api.cors_origins = options->cors_origins;
    rest->api.health = host->get_service(host, TLM_SERVICE_HEALTH);
    rest->api.metrics = host->get_service(host, TLM_SERVICE_METRICS);
    int result = tlm_rest_live_create(&tlm_rest_metrics_view, TLM_REST_METRICS_STREAM, TLM_REST_METRICS_TIME,
                                      (uint32_t)options->max_live_streams, host->hash_seed, &rest->api.live);
    if (result == 0)
        result = tlm_rest_kept_create(options->keep_bodies, host->hash_seed, &rest->api.kept);
    if (result < 0) {
        destroy(rest);
        return tlm_error_set(error, result, "not enough memory");
    }
    *ret_instance = rest;
    return 0;
}

static void stop(tlm_instance *rest)
{
    tlm_rest_server_stop(rest->server);
    rest->server = NULL;
    tlm_rest_probe_destroy(rest->api.probe);
    rest->api.probe = NULL;
    unsubscribe(rest);
    /* Borrowed bytes go back while those who lent them are still there. */
    tlm_rest_pages_destroy(rest->api.pages);
    rest->api.pages = NULL;
}

static int start(tlm_instance *rest, tlm_error *error)
{
    const rest_config *config = rest->config;
    const tlm_rest_server_options options = {
        .threads = (uint32_t)config->threads,
        .max_connections = (uint32_t)config->max_connections,
        .max_connections_per_address = (uint32_t)config->max_connections_per_address,
        .request_timeout_ms = config->request_timeout,
        .max_unsent_bytes = (size_t)config->max_unsent,
    };
    int result = find_store(rest, error);

    if (result == 0)
        result = subscribe(rest, error);
    if (result == 0) {
        result = tlm_rest_probe_create(rest->api.host, &rest->api.probe);
        if (result < 0)
            tlm_error_set(error, result, "cannot start a thread: %s", strerror(-result));
    }
    if (result == 0)
        result = tlm_rest_server_start(&rest->api, &options, &rest->server, error);
    if (result < 0)
        stop(rest);
    return result;
}

/* The first connection finds every component started, and no request under way. */
static void adopt(tlm_instance *rest, int fd, const void *peer, uint32_t peer_size, tlm_text head)
{
    if (!rest->api.pages)
        open_api(rest);
    tlm_rest_server_adopt(rest->server, fd, peer, peer_size, head);
}

static const void *get_interface(const char *id)
{
    static const char *const prefixes[] = {"/", NULL};
    static const tlm_frontend frontend = {prefixes, adopt};

    return strcmp(id, TLM_INTERFACE_FRONTEND) == 0 ? &frontend : NULL;
}

/* --- options --------------------------------------------------------------------------------------------------- */

#define AT(member) (uint32_t) offsetof(rest_config, member)

static const tlm_option options[] = {
    {"title", TLM_OPTION_TEXT, 0, AT(title), "Telemetra API", 0, 0, NULL, "Name that `GET /` tells."},
    {"store", TLM_OPTION_TEXT, TLM_OPTION_STORE, AT(store), NULL, 0, 0, NULL,
     "Name of the store that is asked for rows; the first one of the file when not given."},
    {"cors_origins", TLM_OPTION_LIST, 0, AT(cors_origins), NULL, 0, 0, NULL,
     "Origins whose pages may read the API, compared exactly, such as http://localhost:3000; \"*\" is not allowed."},
    {"threads", TLM_OPTION_INTEGER, 0, AT(threads), "2", 1, 8, NULL,
     "Threads that answer; a query of the store keeps one busy."},
    {"max_connections", TLM_OPTION_INTEGER, 0, AT(max_connections), "4096", 1, 65536, NULL,
     "Connections open at a time; one more is answered with 503. The limit of open files must allow it."},
    {"max_connections_per_address", TLM_OPTION_INTEGER, 0, AT(max_connections_per_address), "2048", 1, 65536, NULL,
     "Connections open at a time from one address; one more is closed. Set it as high as max_connections behind a "
     "proxy."},
    {"request_timeout", TLM_OPTION_DURATION, 0, AT(request_timeout), "30s", 100, 86400000, NULL,
     "A connection that has completed no request for so long, idle or slow, is closed."},
    {"max_unsent", TLM_OPTION_SIZE, 0, AT(max_unsent), "256MiB", 65536, INT64_C(1) << 40, NULL,
     "Memory for answers above 16 KiB that their readers have not taken yet; one more is answered with 503."},
    {"max_live_streams", TLM_OPTION_INTEGER, 0, AT(max_live_streams), "10000", 1, 10000000, NULL,
     "Streams whose newest row is shown before it is final; further ones show their final rows only."},
    {"keep_bodies", TLM_OPTION_DURATION, 0, AT(keep_bodies), "200ms", 0, 60000, NULL,
     "How long an answer over rows may be given again; new rows of this process end that at once. 0: never."},
};

/* --- descriptor ------------------------------------------------------------------------------------------------ */

static const tlm_component rest_component = {
    .struct_size = sizeof(tlm_component),
    .config_size = sizeof(rest_config),
    .id = "rest",
    .summary = "HTTP API: health, streams, their metrics and moments, and Prometheus metrics.",
    .options = options,
    .option_count = TLM_COUNT(options),
    .create = create,
    .start = start,
    .stop = stop,
    .destroy = destroy,
    .get_interface = get_interface,
};

static const tlm_component *const components[] = {&rest_component};

TLM_PLUGIN("rest", TELEMETRA_VERSION, components);
