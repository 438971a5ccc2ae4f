/* SPDX-License-Identifier: Apache-2.0 */
#include "commit.h"
#include "common/flush_queue.h"
#include "keeper.h"
#include "pool.h"
#include "query.h"
#include "settings.h"
#include "state.h"
#include "status.h"

#include <telemetra/telemetra.h>

#include <stdlib.h>
#include <time.h>

#define NS_PER_DAY INT64_C(86400000000000)

/** A pipeline in which nothing was committed for so long is remarked upon: living lanes commit every flush_interval. */
#define SILENCE_MS 60000

struct tlm_instance {
    const tlm_host *host;
    const tlm_postgres_config *config;
    const tlm_log_service *log;
    const tlm_metrics_service *metrics;
    tlm_metric *rows_metric, *commits_metric, *retries_metric, *rejected_metric, *deleted_metric, *reconnects_metric;
    tlm_metric *committed_metric; /* opened when there is something to tell */
    _Atomic uint64_t reconnects;  /* as the metric has them */
    tlm_server server;
    tlm_status status;
    tlm_targets targets;
    tlm_committer committer;
    tlm_pool *writers, *readers;
    tlm_flush_queue *queue;
    tlm_queries *queries;
    tlm_keeper *keeper;
};

static void count(tlm_instance *postgres, tlm_metric *metric, uint64_t amount)
{
    if (postgres->metrics && amount > 0)
        postgres->metrics->add(metric, (int64_t)amount);
}

static void warn(tlm_instance *postgres, const char *text)
{
    if (postgres->log)
        postgres->log->write(postgres->host, TLM_LOG_WARNING, tlm_text_of(text));
}

/* Adds the connections that were lost since it last did. */
static void count_reconnects(tlm_instance *postgres)
{
    uint64_t lost = atomic_load(&postgres->server.lost);
    uint64_t known = atomic_exchange(&postgres->reconnects, lost);
    if (lost > known)
        count(postgres, postgres->reconnects_metric, lost - known);
}

/* --- writer threads ---------------------------------------------------------------------------------------------- */

/* What one lane's content or loss of ownership causes: the server has answered. */
static bool is_own(int result)
{
    return result == -EBADMSG || result == -ESTALE;
}

static void note_outcome(tlm_instance *postgres, const tlm_outcome *outcome)
{
    tlm_error text;
    count(postgres, postgres->commits_metric, 1);
    count(postgres, postgres->rows_metric, outcome->rows);
    count(postgres, postgres->rejected_metric, outcome->rejects);
    if (outcome->rejects > 0) {
        tlm_error_set(&text, 0, "%u rows of a flush were refused and are kept in telemetra_rejects; the first: %.800s",
                      outcome->rejects, outcome->sentence.text);
        warn(postgres, text.text);
    }
}

static void handle_flush(void *context, tlm_flush_job *job, uint32_t job_count)
{
    tlm_instance *postgres = context;
    tlm_outcome outcome = {0};
    (void)job_count; /* one at a time */
    tlm_link *link = tlm_pool_acquire(postgres->writers);
    job->result = tlm_committer_write(&postgres->committer, link, job->flush, job->commit, &outcome, &job->error);
    tlm_pool_release(postgres->writers, link);
    if (job->result == 0)
        note_outcome(postgres, &outcome);
    else if (!is_own(job->result))
        count(postgres, postgres->retries_metric, 1);
    tlm_status_note(&postgres->status, TLM_SEEN_BY_WRITERS, is_own(job->result) ? 0 : job->result, &job->error);
    count_reconnects(postgres);
}

/* --- keeper thread ----------------------------------------------------------------------------------------------- */

static void note_deleted(void *context, uint64_t rows)
{
    tlm_instance *postgres = context;
    count(postgres, postgres->deleted_metric, rows);
}

static void note_not_deleted(void *context, const tlm_error *error)
{
    warn(context, error->text);
}

/* A pipeline without commits is no failure of this process, and perhaps of none: it is told, and degrades nothing. */
static void note_committed(void *context, int64_t age_ms)
{
    static const char name[] = "telemetra_postgres_last_commit_timestamp_seconds";
    tlm_instance *postgres = context;
    tlm_error remark;
    if (age_ms >= 0 && postgres->metrics && !postgres->committed_metric)
        postgres->committed_metric =
            postgres->metrics->open(postgres->host, TLM_METRIC_GAUGE, name,
                                    "When any process last committed a lane of the pipeline, in seconds since 1970.");
    if (age_ms >= 0 && postgres->metrics)
        postgres->metrics->set(postgres->committed_metric, (int64_t)time(NULL) - age_ms / 1000);
    if (age_ms >= 0 && age_ms < SILENCE_MS) {
        tlm_status_remark(&postgres->status, NULL);
        return;
    }
    if (age_ms < 0)
        tlm_error_set(&remark, 0, "no lane of pipeline %s was ever committed here", postgres->host->pipeline);
    else
        tlm_error_set(&remark, 0,
                      "no lane of pipeline %s has been committed for %lld s: no aggregator is at work, or none has had "
                      "anything to do",
                      postgres->host->pipeline, (long long)(age_ms / 1000));
    tlm_status_remark(&postgres->status, &remark);
}

/* --- interfaces -------------------------------------------------------------------------------------------------- */

static void sink_submit(tlm_instance *postgres, const tlm_flush *flush, tlm_done done, void *token)
{
    tlm_flush_queue_submit(postgres->queue, flush, done, token);
}

static int take(tlm_instance *postgres, uint32_t lane, const char *settings, tlm_lane_taken *taken, tlm_error *error)
{
    tlm_link *link = tlm_pool_acquire(postgres->writers);
    int result = tlm_link_open(link, error);
    if (result == 0)
        result = tlm_targets_prepare(&postgres->targets, link, error);
    if (result == 0)
        result = tlm_lanes_take(link, postgres->host->pipeline, lane, settings, taken, error);
    if (result < 0 && strcmp(link->sqlstate, "42P01") == 0)
        tlm_targets_doubt(&postgres->targets);
    tlm_pool_release(postgres->writers, link);
    return result;
}

/*
 * -EINVAL: the settings are other ones, or the schema is not for this program. All else may pass: -EAGAIN while the
 * server is not there, -EBUSY while another transaction holds the lane, -EIO and others as failure.c has them.
 */
static int checkpoint_take(tlm_instance *postgres, uint32_t lane, const char *settings,
                           void (*taken)(void *context, const tlm_taken *taken), void *context, tlm_error *error)
{
    tlm_lane_taken kept;
    int result = take(postgres, lane, settings, &kept, error);
    tlm_status_note(&postgres->status, TLM_SEEN_BY_WRITERS, result, error);
    count_reconnects(postgres);
    if (result < 0)
        return result;
    tlm_taken found = {.epoch = kept.epoch, .sequence = kept.sequence, .record = {kept.record.data, kept.record.size}};
    taken(context, &found);
    tlm_buffer_finish(&kept.record);
    return 0;
}

static void checkpoint_commit(tlm_instance *postgres, const tlm_commit *commit, tlm_done done, void *token)
{
    tlm_flush_queue_commit(postgres->queue, commit, done, token);
}

static int checkpoint_state_get(tlm_instance *postgres, uint32_t lane, const char *component, tlm_text key,
                                int (*found)(void *context, tlm_text key, tlm_text value), void *context)
{
    tlm_error error;
    tlm_state_owner owner = {postgres->host->pipeline, lane, component};
    return tlm_state_get(postgres->readers, &owner, key, found, context, &error);
}

static int checkpoint_state_each(tlm_instance *postgres, uint32_t lane, const char *component,
                                 int (*found)(void *context, tlm_text key, tlm_text value), void *context)
{
    tlm_error error;
    tlm_state_owner owner = {postgres->host->pipeline, lane, component};
    return tlm_state_each(postgres->readers, &owner, found, context, &error);
}

static int checkpoint_epoch(tlm_instance *postgres, uint32_t lane, uint64_t *ret_epoch)
{
    tlm_error error;
    return tlm_state_epoch(postgres->readers, postgres->host->pipeline, lane, ret_epoch, &error);
}

/* Whether a query fails for what it asks, which is no failure of the server. */
static bool is_question(int result)
{
    return result == -ENOENT || result == -EINVAL || result == -E2BIG || result == -EBADMSG;
}

static int store_query(tlm_instance *postgres, const tlm_query *query, tlm_result **ret_result, tlm_error *error)
{
    tlm_error own;
    tlm_error *sentence = error ? error : &own;
    int result = tlm_status_refuses(&postgres->status, sentence);
    if (result < 0)
        return result;
    result = tlm_queries_run(postgres->queries, query, ret_result, sentence);
    if (!is_question(result))
        tlm_status_note(&postgres->status, TLM_SEEN_BY_READERS, result, sentence);
    return result;
}

static const tlm_sink sink = {sink_submit};
static const tlm_checkpoint checkpoint = {checkpoint_take, checkpoint_commit, checkpoint_state_get,
                                          checkpoint_state_each, checkpoint_epoch};
static const tlm_store store = {store_query};

/* --- life cycle -------------------------------------------------------------------------------------------------- */

static void destroy(tlm_instance *postgres)
{
    free(postgres);
}

static int create(const tlm_host *host, const void *given, tlm_instance **ret_instance, tlm_error *error)
{
    const tlm_postgres_config *options = given;
    int result = tlm_postgres_config_check(options, error);
    if (result < 0)
        return result;
    tlm_instance *postgres = calloc(1, sizeof *postgres);
    if (!postgres)
        return tlm_error_set(error, -ENOMEM, "out of memory");
    postgres->host = host;
    postgres->config = options;
    postgres->log = host->get_service(host, TLM_SERVICE_LOG);
    postgres->metrics = host->get_service(host, TLM_SERVICE_METRICS);
    *ret_instance = postgres;
    return 0;
}

static void open_metrics(tlm_instance *postgres)
{
    const struct {
        tlm_metric **metric;
        const char *name, *help;
    } series[] = {
        {&postgres->rows_metric, "telemetra_postgres_rows_total", "Rows written."},
        {&postgres->commits_metric, "telemetra_postgres_commits_total", "Transactions committed."},
        {&postgres->retries_metric, "telemetra_postgres_retries_total",
         "Transactions that failed and are tried again."},
        {&postgres->rejected_metric, "telemetra_postgres_rejected_rows_total",
         "Rows that the database refused, kept in telemetra_rejects."},
        {&postgres->deleted_metric, "telemetra_postgres_deleted_rows_total", "Rows deleted for their age."},
        {&postgres->reconnects_metric, "telemetra_postgres_reconnects_total", "Connections that were lost."},
    };
    for (size_t i = 0; postgres->metrics && i < TLM_COUNT(series); i++)
        *series[i].metric = postgres->metrics->open(postgres->host, TLM_METRIC_COUNTER, series[i].name, series[i].help);
}

/** The walk over the datasets that this process emits. */
typedef struct {
    tlm_instance *postgres;
    tlm_error *error;
} dataset_walk;

static int add_dataset(void *context, const tlm_dataset *dataset)
{
    dataset_walk *walk = context;
    return tlm_targets_add(&walk->postgres->targets, dataset, walk->error);
}

static int add_datasets(tlm_instance *postgres, tlm_error *error)
{
    const tlm_datasets_service *datasets = postgres->host->get_service(postgres->host, TLM_SERVICE_DATASETS);
    dataset_walk walk = {postgres, error};
    return datasets ? datasets->each(postgres->host, add_dataset, &walk) : 0;
}

/* What waiting does not mend is refused at once; for a server that is not there it is not. */
static bool is_refusal(int result, const char *sqlstate)
{
    return result == -EINVAL || (result < 0 && tlm_failure_is_lasting(sqlstate));
}

/* Tries to find the server and its tables in order. */
static int greet(tlm_instance *postgres, tlm_error *error)
{
    tlm_link *link = tlm_pool_acquire(postgres->writers);
    int result = tlm_link_open(link, error);
    if (result == 0)
        result = tlm_targets_prepare(&postgres->targets, link, error);
    tlm_pool_release(postgres->writers, link);
    if (is_refusal(result, link->sqlstate))
        return result;
    tlm_status_note(&postgres->status, TLM_SEEN_BY_KEEPER, result, error);
    if (result < 0)
        warn(postgres, error->text);
    return 0;
}

static int open_pools(tlm_instance *postgres, tlm_error *error)
{
    const tlm_postgres_config *options = postgres->config;
    /* One more than threads: for whoever takes a lane. */
    int result = tlm_pool_create(&postgres->server, (uint32_t)options->writers + 1, false, &postgres->writers, error);
    if (result == 0)
        result = tlm_pool_create(&postgres->server, (uint32_t)options->readers, true, &postgres->readers, error);
    if (result == 0)
        result = tlm_queries_create(postgres->readers, (uint32_t)options->max_query_rows, &postgres->queries, error);
    return result;
}

static int start_threads(tlm_instance *postgres, tlm_error *error)
{
    const tlm_flush_worker worker = {
        .handle = handle_flush, .context = postgres, .threads = (uint32_t)postgres->config->writers, .group_max = 1};
    const tlm_keeper_options keeper = {.server = &postgres->server,
                                       .targets = &postgres->targets,
                                       .status = &postgres->status,
                                       .pipeline = postgres->host->pipeline,
                                       .committed = note_committed,
                                       .retention_ns = postgres->config->retention_days * NS_PER_DAY,
                                       .deleted = note_deleted,
                                       .failed = note_not_deleted,
                                       .context = postgres};
    int result = tlm_flush_queue_create(&worker, &postgres->queue);
    if (result < 0)
        return tlm_error_set(error, result, "the writer threads cannot be started: %s", strerror(-result));
    return tlm_keeper_create(&keeper, &postgres->keeper, error);
}

static void stop(tlm_instance *postgres)
{
    tlm_server_stop(&postgres->server);
    tlm_keeper_destroy(postgres->keeper);
    tlm_flush_queue_destroy(postgres->queue);
    tlm_queries_destroy(postgres->queries);
    tlm_pool_destroy(postgres->readers);
    tlm_pool_destroy(postgres->writers);
    tlm_targets_finish(&postgres->targets);
    tlm_status_finish(&postgres->status);
    tlm_server_finish(&postgres->server);
}

static int start(tlm_instance *postgres, tlm_error *error)
{
    const tlm_postgres_config *options = postgres->config;
    const tlm_server_settings settings = tlm_postgres_config_server(options);
    int result = tlm_server_init(&postgres->server, &settings, error);
    if (result < 0)
        return result;
    tlm_status_init(&postgres->status, postgres->host);
    tlm_targets_init(&postgres->targets);
    postgres->committer = (tlm_committer){.pipeline = postgres->host->pipeline,
                                          .targets = &postgres->targets,
                                          .rejects_max = (uint32_t)options->max_rejects};
    open_metrics(postgres);
    result = open_pools(postgres, error);
    if (result == 0)
        result = add_datasets(postgres, error);
    if (result == 0)
        result = greet(postgres, error);
    if (result == 0)
        result = start_threads(postgres, error);
    if (result < 0)
        stop(postgres);
    return result;
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

static const tlm_component component = {
    .struct_size = sizeof(tlm_component),
    .config_size = sizeof(tlm_postgres_config),
    .id = "postgres",
    .summary = "Keeps rows, positions and slow state in PostgreSQL and answers queries about them; final rows only.",
    .options = tlm_postgres_options,
    .option_count = TLM_POSTGRES_OPTION_COUNT,
    .create = create,
    .start = start,
    .stop = stop,
    .destroy = destroy,
    .get_interface = get_interface,
};

static const tlm_component *const components[] = {&component};

TLM_PLUGIN("postgres", TELEMETRA_VERSION, components);
