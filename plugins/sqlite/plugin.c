/* SPDX-License-Identifier: Apache-2.0 */
#include "commit.h"
#include "common/clock.h"
#include "common/flush_queue.h"
#include "database.h"
#include "query.h"
#include "readers.h"
#include "retention.h"
#include "state.h"

#include <telemetra/telemetra.h>

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SYNCHRONOUS_NORMAL = 1, SYNCHRONOUS_FULL = 2 };

/** How often queries look after the file, at most. */
enum { LOOK_INTERVAL_MS = 1000 };

#define NS_PER_DAY INT64_C(86400000000000)

typedef struct {
    const char *path;
    int64_t busy_timeout_ms, cache_size_bytes;
    int64_t retention_days;
    int64_t readers, max_query_rows;
    uint32_t synchronous;
} config;

struct tlm_instance {
    const tlm_host *host;
    const config *config;
    const tlm_log_service *log;
    const tlm_health_service *health;
    const tlm_metrics_service *metrics;
    tlm_metric *rows_metric, *commits_metric, *deleted_metric;
    tlm_committer committer; /* of the writer thread, as is its database */
    tlm_flush_queue *queue;
    tlm_readers *readers;
    tlm_queries *queries;
    bool retention_fails;      /* of the writer thread: told once */
    _Atomic int64_t looked_ms; /* monotonic time when a query last looked after the file */
    atomic_bool is_file_gone;  /* as that found */
};

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void set_health(tlm_instance *sqlite, int result, const tlm_error *error)
{
    if (sqlite->health)
        sqlite->health->set(sqlite->host, result < 0 ? TLM_HEALTH_DEGRADED : TLM_HEALTH_OK,
                            tlm_text_of(result < 0 ? error->text : NULL));
}

static void count(tlm_instance *sqlite, tlm_metric *metric, uint64_t amount)
{
    if (sqlite->metrics)
        sqlite->metrics->add(metric, (int64_t)amount);
}

/* --- writer thread ----------------------------------------------------------------------------------------------- */

static void handle_flushes(void *context, tlm_flush_job *jobs, uint32_t job_count)
{
    tlm_instance *sqlite = context;
    tlm_error error = {.text = ""};
    uint64_t rows = 0;
    int result = tlm_committer_write(&sqlite->committer, jobs, job_count, &rows, &error);
    set_health(sqlite, result, &error);
    count(sqlite, sqlite->rows_metric, rows);
    if (result == 0)
        count(sqlite, sqlite->commits_metric, 1);
}

static int64_t delete_old_rows(void *context)
{
    tlm_instance *sqlite = context;
    tlm_error error;
    int64_t before_ns = now_ns() - sqlite->config->retention_days * NS_PER_DAY;
    int result = tlm_retention_step(sqlite->committer.database, before_ns, &error);
    if (result < 0 && !sqlite->retention_fails && sqlite->log)
        sqlite->log->write(sqlite->host, TLM_LOG_WARNING, tlm_text_of(error.text));
    sqlite->retention_fails = result < 0;
    if (result <= 0)
        return TLM_RETENTION_INTERVAL_MS;
    count(sqlite, sqlite->deleted_metric, (uint64_t)result);
    return 0;
}

/** A take on its way to the writer thread and back. */
typedef struct {
    tlm_instance *sqlite;
    uint32_t lane;
    const char *settings;
    tlm_lane_taken taken;
} take_call;

static int take_on_writer(void *context, tlm_error *error)
{
    take_call *call = context;
    return tlm_lanes_take(&call->sqlite->committer.lanes, call->lane, call->settings, &call->taken, error);
}

/* --- interfaces -------------------------------------------------------------------------------------------------- */

static void sink_submit(tlm_instance *sqlite, const tlm_flush *flush, tlm_done done, void *token)
{
    tlm_flush_queue_submit(sqlite->queue, flush, done, token);
}

static int checkpoint_take(tlm_instance *sqlite, uint32_t lane, const char *settings,
                           void (*taken)(void *context, const tlm_taken *taken), void *context, tlm_error *error)
{
    take_call call = {.sqlite = sqlite, .lane = lane, .settings = settings};
    int result = tlm_flush_queue_call(sqlite->queue, take_on_writer, &call, error);
    if (result < 0)
        return result;
    tlm_taken found = {.epoch = call.taken.epoch,
                       .sequence = call.taken.sequence,
                       .record = {call.taken.record.data, call.taken.record.size}};
    taken(context, &found);
    tlm_buffer_finish(&call.taken.record);
    return 0;
}

static void checkpoint_commit(tlm_instance *sqlite, const tlm_commit *commit, tlm_done done, void *token)
{
    tlm_flush_queue_commit(sqlite->queue, commit, done, token);
}

static int checkpoint_state_get(tlm_instance *sqlite, uint32_t lane, const char *component, tlm_text key,
                                int (*found)(void *context, tlm_text key, tlm_text value), void *context)
{
    tlm_state_owner owner = {sqlite->host->pipeline, lane, component};
    return tlm_state_get(sqlite->readers, &owner, key, found, context);
}

static int checkpoint_state_each(tlm_instance *sqlite, uint32_t lane, const char *component,
                                 int (*found)(void *context, tlm_text key, tlm_text value), void *context)
{
    tlm_state_owner owner = {sqlite->host->pipeline, lane, component};
    return tlm_state_each(sqlite->readers, &owner, found, context);
}

static int checkpoint_epoch(tlm_instance *sqlite, uint32_t lane, uint64_t *ret_epoch)
{
    return tlm_state_epoch(sqlite->readers, sqlite->host->pipeline, lane, ret_epoch);
}

/* Commits see for themselves whether the file is still there; where none come, queries do, seldom. */
static void look_after_file(tlm_instance *sqlite)
{
    int64_t now = tlm_clock_ms(), looked = atomic_load(&sqlite->looked_ms);
    if ((looked && now - looked < LOOK_INTERVAL_MS) ||
        !atomic_compare_exchange_strong(&sqlite->looked_ms, &looked, now))
        return;
    tlm_error error;
    tlm_reader *reader = tlm_readers_acquire(sqlite->readers);
    int result = tlm_database_check_place(tlm_reader_database(reader), &error);
    tlm_readers_release(sqlite->readers, reader);
    bool was_gone = atomic_exchange(&sqlite->is_file_gone, result < 0);
    if (result < 0 || was_gone)
        set_health(sqlite, result, &error);
}

static int store_query(tlm_instance *sqlite, const tlm_query *query, tlm_result **ret_result, tlm_error *error)
{
    look_after_file(sqlite);
    return tlm_queries_run(sqlite->queries, query, ret_result, error);
}

static const tlm_sink sink = {sink_submit};
static const tlm_checkpoint checkpoint = {checkpoint_take, checkpoint_commit, checkpoint_state_get,
                                          checkpoint_state_each, checkpoint_epoch};
static const tlm_store store = {store_query};

/* --- life cycle -------------------------------------------------------------------------------------------------- */

static void destroy(tlm_instance *sqlite)
{
    free(sqlite);
}

static int create(const tlm_host *host, const void *given, tlm_instance **ret_instance, tlm_error *error)
{
    const config *options = given;
    if (options->path[0] == '\0' || strcmp(options->path, ":memory:") == 0)
        return tlm_error_set(error, -EINVAL, "path: \"%s\" is no file; readers and writer need one to share",
                             options->path);
    tlm_instance *sqlite = calloc(1, sizeof *sqlite);
    if (!sqlite)
        return tlm_error_set(error, -ENOMEM, "out of memory");
    sqlite->host = host;
    sqlite->config = options;
    sqlite->log = host->get_service(host, TLM_SERVICE_LOG);
    sqlite->health = host->get_service(host, TLM_SERVICE_HEALTH);
    sqlite->metrics = host->get_service(host, TLM_SERVICE_METRICS);
    *ret_instance = sqlite;
    return 0;
}

static void open_metrics(tlm_instance *sqlite)
{
    const tlm_metrics_service *metrics = sqlite->metrics;
    if (!metrics)
        return;
    sqlite->rows_metric =
        metrics->open(sqlite->host, TLM_METRIC_COUNTER, "telemetra_sqlite_rows_total", "Rows written.");
    sqlite->commits_metric =
        metrics->open(sqlite->host, TLM_METRIC_COUNTER, "telemetra_sqlite_commits_total", "Transactions committed.");
    sqlite->deleted_metric = metrics->open(sqlite->host, TLM_METRIC_COUNTER, "telemetra_sqlite_deleted_rows_total",
                                           "Rows deleted for their age.");
}

/** The walk over the datasets that this process emits. */
typedef struct {
    tlm_instance *sqlite;
    tlm_error *error;
} dataset_walk;

static int prepare_dataset(void *context, const tlm_dataset *dataset)
{
    dataset_walk *walk = context;
    return tlm_targets_prepare(&walk->sqlite->committer.targets, dataset, walk->error);
}

static int prepare_datasets(tlm_instance *sqlite, tlm_error *error)
{
    const tlm_datasets_service *datasets = sqlite->host->get_service(sqlite->host, TLM_SERVICE_DATASETS);
    dataset_walk walk = {sqlite, error};
    return datasets ? datasets->each(sqlite->host, prepare_dataset, &walk) : 0;
}

static void close_writer(tlm_instance *sqlite)
{
    tlm_targets_finish(&sqlite->committer.targets);
    tlm_lanes_finish(&sqlite->committer.lanes);
    sqlite3_close(sqlite->committer.database);
    sqlite->committer.database = NULL;
}

static int open_writer(tlm_instance *sqlite, const tlm_database_settings *settings, tlm_error *error)
{
    tlm_committer *committer = &sqlite->committer;
    int result = tlm_database_open_writer(settings, &committer->database, error);
    if (result < 0)
        return result;
    committer->targets.database = committer->database;
    result = tlm_lanes_init(&committer->lanes, committer->database, sqlite->host->pipeline, error);
    if (result == 0)
        result = prepare_datasets(sqlite, error);
    if (result < 0)
        close_writer(sqlite);
    return result;
}

static int start(tlm_instance *sqlite, tlm_error *error)
{
    const config *options = sqlite->config;
    const tlm_database_settings settings = {.path = options->path,
                                            .busy_timeout_ms = options->busy_timeout_ms,
                                            .cache_size_bytes = options->cache_size_bytes,
                                            .synchronous_full = options->synchronous == SYNCHRONOUS_FULL};
    const tlm_flush_worker worker = {
        .handle = handle_flushes, .idle = options->retention_days > 0 ? delete_old_rows : NULL, .context = sqlite};
    int result = open_writer(sqlite, &settings, error);
    if (result < 0)
        return result;
    result = tlm_readers_create(&settings, (uint32_t)options->readers, &sqlite->readers, error);
    if (result < 0)
        goto fail_writer;
    result = tlm_queries_create(sqlite->readers, (uint32_t)options->max_query_rows, &sqlite->queries, error);
    if (result < 0)
        goto fail_readers;
    open_metrics(sqlite);
    result = tlm_flush_queue_create(&worker, &sqlite->queue);
    if (result < 0) {
        tlm_error_set(error, result, "the writer thread cannot be started: %s", strerror(-result));
        goto fail_queries;
    }
    set_health(sqlite, 0, NULL);
    return 0;

fail_queries:
    tlm_queries_destroy(sqlite->queries);
fail_readers:
    tlm_readers_destroy(sqlite->readers);
fail_writer:
    close_writer(sqlite);
    return result;
}

static void stop(tlm_instance *sqlite)
{
    tlm_flush_queue_destroy(sqlite->queue);
    tlm_queries_destroy(sqlite->queries);
    tlm_readers_destroy(sqlite->readers);
    close_writer(sqlite);
}

static const void *get_interface(const char *id)
{
    if (strcmp(id, TLM_INTERFACE_SINK) == 0)
        return &sink;
    if (strcmp(id, TLM_INTERFACE_CHECKPOINT) == 0)
        return &checkpoint;
    if (strcmp(id, TLM_INTERFACE_STORE) == 0)
        return &store;
    return NULL;
}

static const char *const synchronous_choices[] = {"normal", "full", NULL};

static const tlm_option options[] = {
    {.name = "path",
     .type = TLM_OPTION_TEXT,
     .offset = offsetof(config, path),
     .default_text = "telemetra.db",
     .doc = "Database file, made when it is missing. Each dataset is a table; times are nanoseconds since 1970: "
            "datetime(window_end / 1000000000, 'unixepoch') reads them."},
    {.name = "synchronous",
     .type = TLM_OPTION_CHOICE,
     .offset = offsetof(config, synchronous),
     .default_text = "normal",
     .choices = synchronous_choices,
     .doc = "What a commit waits for. normal: a killed process loses nothing; a power failure may take back the last "
            "commits, rows and positions together, so that they are read again where the source still has them. full: "
            "each commit is on the disk, at the price of a sync each."},
    {.name = "retention_days",
     .type = TLM_OPTION_INTEGER,
     .offset = offsetof(config, retention_days),
     .default_text = "0",
     .min = 0,
     .max = 36500,
     .doc = "Rows are deleted when the time they go by (of a window its end) is this many days ago; 0 keeps all. "
            "Datasets that hold one row a key are kept."},
    {.name = "busy_timeout",
     .type = TLM_OPTION_DURATION,
     .offset = offsetof(config, busy_timeout_ms),
     .default_text = "5s",
     .min = 0,
     .max = 600000,
     .doc = "How long to wait for another process that writes to the file before a commit is tried anew."},
    {.name = "cache_size",
     .type = TLM_OPTION_SIZE,
     .offset = offsetof(config, cache_size_bytes),
     .default_text = "8MiB",
     .min = 65536,
     .max = INT64_C(1) << 36,
     .doc = "Memory for pages of the file, for the writer and for each reader."},
    {.name = "readers",
     .type = TLM_OPTION_INTEGER,
     .offset = offsetof(config, readers),
     .default_text = "3",
     .min = 1,
     .max = TLM_READERS_MAX,
     .doc = "Connections that answer queries, and so how many are answered at once."},
    {.name = "max_query_rows",
     .type = TLM_OPTION_INTEGER,
     .offset = offsetof(config, max_query_rows),
     .default_text = "10000",
     .min = 1,
     .max = 10000000,
     .doc = "A query that asks for more rows is refused."},
};

static const tlm_component component = {
    .struct_size = sizeof(tlm_component),
    .config_size = sizeof(config),
    .id = "sqlite",
    .summary =
        "Keeps rows, positions and slow state in one SQLite file and answers queries about them; final rows only.",
    .options = options,
    .option_count = TLM_COUNT(options),
    .create = create,
    .start = start,
    .stop = stop,
    .destroy = destroy,
    .get_interface = get_interface,
};

static const tlm_component *const components[] = {&component};

TLM_PLUGIN("sqlite", TELEMETRA_VERSION, components);
