/* SPDX-License-Identifier: Apache-2.0 */
#include "answers.h"
#include "early.h"
#include "listener.h"
#include "refill.h"
#include "writer.h"

#include <stdlib.h>

/** A key of recent rows lives longer than they are asked for by as much as an event may be ahead of the clock. */
#define AHEAD_MS 300000

struct tlm_instance {
    tlm_redis_shared shared;
    bool is_writer; /* from `start` on */
    tlm_redis_tables *tables;
    tlm_redis_answers *answers;
    /* of a writer */
    tlm_redis_refill *refill;
    tlm_redis_writer *writer;
    tlm_redis_early *early;
    /* of a reader */
    tlm_redis_listener *listener;
};

/* --- interfaces -------------------------------------------------------------------------------------------------- */

static void sink_submit(tlm_instance *redis, const tlm_flush *flush, tlm_done done, void *token)
{
    if (redis->writer)
        tlm_redis_writer_submit(redis->writer, flush, done, token);
    else
        done(token, -ENOTSUP, tlm_text_of("role = \"reader\" keeps no rows; leave `role` out where it is a sink"));
}

static int store_query(tlm_instance *redis, const tlm_query *query, tlm_result **ret_result, tlm_error *error)
{
    return tlm_redis_answers_query(redis->answers, query, ret_result, error);
}

static const tlm_sink sink = {sink_submit};
static const tlm_store store = {store_query};

/* --- life cycle -------------------------------------------------------------------------------------------------- */

static void destroy(tlm_instance *redis)
{
    if (!redis)
        return;
    tlm_redis_tables_destroy(redis->tables);
    tlm_redis_condition_finish(&redis->shared.condition);
    tlm_redis_url_finish(&redis->shared.url);
    free(redis->shared.base);
    free(redis);
}

static int check(const tlm_redis_settings *settings, tlm_error *error)
{
    if (settings->prefix[0] == '\0')
        return tlm_error_set(error, -EINVAL, "prefix: expected a text, found an empty one");
    if (settings->expiry_ms < settings->recent_age_ms + AHEAD_MS)
        return tlm_error_set(error, -EINVAL,
                             "expiry: expected at least moments_age and five minutes, for what is asked for must not "
                             "have expired");
    return 0;
}

static int create(const tlm_host *host, const void *config, tlm_instance **ret_instance, tlm_error *error)
{
    const tlm_redis_settings *settings = config;
    int result = check(settings, error);
    if (result < 0)
        return result;
    tlm_instance *redis = calloc(1, sizeof *redis);
    if (!redis)
        return tlm_error_set(error, -ENOMEM, "out of memory");
    tlm_redis_condition_init(&redis->shared.condition, host);
    redis->shared.host = host;
    redis->shared.settings = settings;
    size_t base_size = strlen(settings->prefix) + strlen(host->pipeline) + 3;
    redis->shared.base = malloc(base_size);
    result = redis->shared.base ? tlm_redis_tables_create(&redis->tables) : -ENOMEM;
    if (result < 0) {
        destroy(redis);
        return tlm_error_set(error, result, "out of memory");
    }
    snprintf(redis->shared.base, base_size, "%s:%s:", settings->prefix, host->pipeline);
    result = tlm_redis_url_init(&redis->shared.url, settings->url, error);
    if (result < 0) {
        destroy(redis);
        return result;
    }
    *ret_instance = redis;
    return 0;
}

static void open_metrics(tlm_redis_shared *shared)
{
    tlm_redis_metrics *metrics = &shared->metrics;
    const struct {
        tlm_metric **metric;
        const char *name, *help;
    } counters[] = {
        {&metrics->commands, "telemetra_redis_commands_total", "Commands sent."},
        {&metrics->published, "telemetra_redis_published_rows_total", "Rows published to other processes."},
        {&metrics->received, "telemetra_redis_received_rows_total", "Rows received from other processes."},
        {&metrics->refused, "telemetra_redis_refused_messages_total", "Messages that could not be read."},
        {&metrics->early_dropped, "telemetra_redis_early_dropped_rows_total",
         "Early rows given up because the server was slow or gone."},
        {&metrics->refills, "telemetra_redis_refills_total", "Times the server was filled from the store behind it."},
        {&metrics->hits, "telemetra_redis_hits_total", "Queries answered by the server."},
        {&metrics->misses, "telemetra_redis_misses_total", "Queries passed to the store behind it."},
        {&metrics->reconnects, "telemetra_redis_reconnects_total", "Connections opened again after they were lost."},
    };
    metrics->service = shared->host->get_service(shared->host, TLM_SERVICE_METRICS);
    for (size_t i = 0; metrics->service && i < TLM_COUNT(counters); i++)
        *counters[i].metric =
            metrics->service->open(shared->host, TLM_METRIC_COUNTER, counters[i].name, counters[i].help);
}

static int find_any(void *context, const tlm_dataset *dataset)
{
    (void)context;
    (void)dataset;
    return 1;
}

/* Who makes rows writes them; who makes none wants those of others. */
static bool is_writer(const tlm_redis_shared *shared)
{
    const tlm_datasets_service *datasets = shared->host->get_service(shared->host, TLM_SERVICE_DATASETS);
    if (shared->settings->role != TLM_REDIS_ROLE_AUTO)
        return shared->settings->role == TLM_REDIS_ROLE_WRITER;
    return datasets && datasets->each(shared->host, find_any, NULL) == 1;
}

static void stop(tlm_instance *redis)
{
    tlm_redis_listener_destroy(redis->listener);
    tlm_redis_early_destroy(redis->early);
    tlm_redis_writer_destroy(redis->writer);
    tlm_redis_refill_destroy(redis->refill);
    tlm_redis_answers_destroy(redis->answers);
    redis->listener = NULL;
    redis->early = NULL;
    redis->writer = NULL;
    redis->refill = NULL;
    redis->answers = NULL;
}

static int start_writer(tlm_instance *redis, tlm_error *error)
{
    int result = tlm_redis_refill_create(&redis->shared, &redis->refill, error);
    if (result == 0)
        result = tlm_redis_writer_create(&redis->shared, redis->refill, &redis->writer, error);
    if (result == 0)
        result = tlm_redis_early_create(&redis->shared, &redis->early, error);
    return result;
}

/* A server that is not there yet is no reason not to start: it is waited for. */
static int start(tlm_instance *redis, tlm_error *error)
{
    open_metrics(&redis->shared);
    int result = tlm_redis_answers_create(&redis->shared, redis->tables, &redis->answers, error);
    if (result == 0 && is_writer(&redis->shared))
        result = start_writer(redis, error);
    else if (result == 0)
        result = tlm_redis_listener_create(&redis->shared, redis->tables, &redis->listener, error);
    if (result < 0)
        stop(redis);
    return result;
}

static const void *get_interface(const char *id)
{
    if (strcmp(id, TLM_INTERFACE_SINK) == 0)
        return &sink;
    return strcmp(id, TLM_INTERFACE_STORE) == 0 ? &store : NULL;
}

static const char *const roles[] = {"auto", "writer", "reader", NULL};

#define AT(member) offsetof(tlm_redis_settings, member)

static const tlm_option options[] = {
    {.name = "url",
     .type = TLM_OPTION_TEXT,
     .flags = TLM_OPTION_SECRET,
     .offset = AT(url),
     .default_text = "redis://127.0.0.1:6379/0",
     .doc = "The server: redis://[[user]:password@]host[:port][/database]; user and password percent-encoded. TLS is "
            "not spoken: put stunnel in between."},
    {.name = "prefix",
     .type = TLM_OPTION_TEXT,
     .offset = AT(prefix),
     .default_text = "telemetra",
     .min = 1,
     .max = 128,
     .doc = "All keys and channels begin with it and the pipeline's name; the same in all processes of a pipeline."},
    {.name = "role",
     .type = TLM_OPTION_CHOICE,
     .offset = AT(role),
     .default_text = "auto",
     .choices = roles,
     .doc = "writer: keeps rows, publishes them and fills an emptied server; reader: hears what others publish. auto: "
            "a writer where the process makes rows. Both answer queries."},
    {.name = "store",
     .type = TLM_OPTION_TEXT,
     .flags = TLM_OPTION_STORE | TLM_OPTION_STORE_BEHIND,
     .offset = AT(store),
     .doc = "Store that is asked for what is not here, and that fills an emptied server. Without it the first other "
            "store of the file, if there is one."},
    {.name = "expiry",
     .type = TLM_OPTION_DURATION,
     .offset = AT(expiry_ms),
     .default_text = "1h",
     .min = 1000,
     .max = INT64_C(31536000000),
     .doc = "What is kept of a stream goes when nothing new came for so long; it is still in the store behind."},
    {.name = "moments",
     .type = TLM_OPTION_INTEGER,
     .offset = AT(recent_rows),
     .default_text = "50",
     .min = 10,
     .max = 1000,
     .doc = "Moments (and rows like them) kept of a stream."},
    {.name = "moments_age",
     .type = TLM_OPTION_DURATION,
     .offset = AT(recent_age_ms),
     .default_text = "15m",
     .min = 300000,
     .max = INT64_C(31536000000),
     .doc = "How far back moments can be asked for of a stream that had none when the server was filled."},
    {.name = "timeout",
     .type = TLM_OPTION_DURATION,
     .offset = AT(timeout_ms),
     .default_text = "2s",
     .min = 10,
     .max = 60000,
     .doc = "How long the server may take to connect or to answer a writer before the connection is given up."},
    {.name = "query_timeout",
     .type = TLM_OPTION_DURATION,
     .offset = AT(query_timeout_ms),
     .default_text = "200ms",
     .min = 10,
     .max = 60000,
     .doc = "How long the server may take to answer a query; after one that took longer the store behind is asked "
            "until the server is well again."},
    {.name = "connections",
     .type = TLM_OPTION_INTEGER,
     .offset = AT(connections),
     .default_text = "4",
     .min = 1,
     .max = TLM_REDIS_CONNECTIONS_MAX,
     .doc = "Connections for queries; when all are at work, the store behind is asked."},
    {.name = "early_queue",
     .type = TLM_OPTION_SIZE,
     .offset = AT(early_queue_bytes),
     .default_text = "16MiB",
     .min = 65536,
     .max = INT64_C(1) << 32,
     .doc = "Early rows that may wait to be published; beyond it the oldest are given up."},
    {.name = "refill_page",
     .type = TLM_OPTION_INTEGER,
     .offset = AT(refill_page),
     .default_text = "2000",
     .min = 1,
     .max = 5000,
     .doc = "Rows and streams that the store behind is asked for at once while an emptied server is filled."},
};

static const tlm_component component = {
    .struct_size = sizeof(tlm_component),
    .config_size = sizeof(tlm_redis_settings),
    .id = "redis",
    .summary = "Newest values and recent moments of each stream in Redis, and rows for other processes as they are "
               "made; what it does not hold it asks of the store behind it.",
    .options = options,
    .option_count = TLM_COUNT(options),
    .create = create,
    .start = start,
    .stop = stop,
    .destroy = destroy,
    .get_interface = get_interface,
};

static const tlm_component *const components[] = {&component};

TLM_PLUGIN("redis", TELEMETRA_VERSION, components);
