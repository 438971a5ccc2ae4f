/* SPDX-License-Identifier: Apache-2.0 */
#include "common/flush_queue.h"
#include "writer.h"

#include <telemetra/telemetra.h>

#include <stdlib.h>
#include <string.h>

typedef struct {
    const char *path, *checkpoint_path;
    tlm_text_list datasets;
    uint32_t sync;
} config;

struct tlm_instance {
    const tlm_host *host;
    const config *config;
    const tlm_log_service *log;
    const tlm_health_service *health;
    const tlm_metrics_service *metrics;
    tlm_metric *rows_metric;
    char *checkpoint_path; /* owned: the option, or made from `path` */
    tlm_ledger *ledger;
    tlm_writer writer; /* of the writer thread while it runs */
    tlm_flush_queue *queue;
};

static void tell_news(const tlm_instance *file, const tlm_writer_news *news)
{
    if (news->level && file->log)
        file->log->write(file->host, news->level, tlm_text_of(news->sentence.text));
}

static void set_health(const tlm_instance *file, int result, const tlm_error *error)
{
    if (file->health)
        file->health->set(file->host, result < 0 ? TLM_HEALTH_DEGRADED : TLM_HEALTH_OK,
                          tlm_text_of(result < 0 ? error->text : NULL));
}

/* --- writer thread ----------------------------------------------------------------------------------------------- */

static void handle_flushes(void *context, tlm_flush_job *jobs, uint32_t count)
{
    tlm_instance *file = context;
    tlm_writer_news news = {.level = 0};
    tlm_error error = {.text = ""};
    uint64_t rows = 0;
    int result = tlm_writer_write(&file->writer, jobs, count, &rows, &news, &error);
    set_health(file, result, &error);
    tell_news(file, &news);
    if (result == 0 && file->metrics)
        file->metrics->add(file->rows_metric, (int64_t)rows);
}

/** A take on its way to the writer thread and back. */
typedef struct {
    tlm_instance *file;
    uint32_t lane;
    const char *settings;
    tlm_writer_taken taken;
} take_call;

static int take_on_writer(void *context, tlm_error *error)
{
    take_call *call = context;
    tlm_writer_news news = {.level = 0};
    int result = tlm_writer_take(&call->file->writer, call->lane, call->settings, &call->taken, &news, error);
    tell_news(call->file, &news);
    return result;
}

/* --- interfaces -------------------------------------------------------------------------------------------------- */

static void sink_submit(tlm_instance *file, const tlm_flush *flush, tlm_done done, void *token)
{
    tlm_flush_queue_submit(file->queue, flush, done, token);
}

static int checkpoint_take(tlm_instance *file, uint32_t lane, const char *settings,
                           void (*taken)(void *context, const tlm_taken *taken), void *context, tlm_error *error)
{
    take_call call = {.file = file, .lane = lane, .settings = settings};
    int result = tlm_flush_queue_call(file->queue, take_on_writer, &call, error);
    if (result < 0)
        return result;
    tlm_taken found = {.epoch = call.taken.epoch,
                       .sequence = call.taken.sequence,
                       .record = {call.taken.record.data, call.taken.record.size}};
    taken(context, &found);
    tlm_buffer_finish(&call.taken.record);
    return 0;
}

static void checkpoint_commit(tlm_instance *file, const tlm_commit *commit, tlm_done done, void *token)
{
    tlm_flush_queue_commit(file->queue, commit, done, token);
}

static int checkpoint_state_get(tlm_instance *file, uint32_t lane, const char *component, tlm_text key,
                                int (*found)(void *context, tlm_text key, tlm_text value), void *context)
{
    return tlm_ledger_get_state(file->ledger, lane, component, key, found, context);
}

static int checkpoint_state_each(tlm_instance *file, uint32_t lane, const char *component,
                                 int (*found)(void *context, tlm_text key, tlm_text value), void *context)
{
    return tlm_ledger_each_state(file->ledger, lane, component, found, context);
}

/** A question of a lane's epoch on its way to the writer thread and back. */
typedef struct {
    tlm_instance *file;
    uint32_t lane;
    uint64_t epoch;
} epoch_call;

static int epoch_on_writer(void *context, tlm_error *error)
{
    epoch_call *call = context;
    const tlm_ledger_lane *lane = tlm_ledger_find_lane(call->file->ledger, call->lane);
    (void)error;
    call->epoch = lane ? lane->epoch : 0;
    return 0;
}

static int checkpoint_epoch(tlm_instance *file, uint32_t lane, uint64_t *ret_epoch)
{
    epoch_call call = {.file = file, .lane = lane};
    tlm_error error;
    int result = tlm_flush_queue_call(file->queue, epoch_on_writer, &call, &error);
    if (result == 0)
        *ret_epoch = call.epoch;
    return result;
}

static const tlm_sink sink = {sink_submit};
static const tlm_checkpoint checkpoint = {checkpoint_take, checkpoint_commit, checkpoint_state_get,
                                          checkpoint_state_each, checkpoint_epoch};

/* --- life cycle -------------------------------------------------------------------------------------------------- */

static void destroy(tlm_instance *file)
{
    if (!file)
        return;
    tlm_ledger_destroy(file->ledger);
    free(file->checkpoint_path);
    free(file);
}

static char *make_checkpoint_path(const config *options)
{
    static const char ending[] = ".checkpoint";
    const char *given = options->checkpoint_path;
    if (given && *given)
        return strdup(given);
    size_t size = strlen(options->path) + sizeof ending;
    char *path = malloc(size);
    if (path)
        snprintf(path, size, "%s%s", options->path, ending);
    return path;
}

static int create(const tlm_host *host, const void *given, tlm_instance **ret_instance, tlm_error *error)
{
    const config *options = given;
    if (options->path[0] == '\0')
        return tlm_error_set(error, -EINVAL, "path: is empty; name a file, or \"-\" for standard output");
    tlm_instance *file = calloc(1, sizeof *file);
    if (!file)
        return tlm_error_set(error, -ENOMEM, "out of memory");
    file->host = host;
    file->config = options;
    file->log = host->get_service(host, TLM_SERVICE_LOG);
    file->health = host->get_service(host, TLM_SERVICE_HEALTH);
    file->metrics = host->get_service(host, TLM_SERVICE_METRICS);
    file->checkpoint_path = make_checkpoint_path(options);
    file->ledger = tlm_ledger_create(host->hash_seed);
    if (!file->checkpoint_path || !file->ledger) {
        destroy(file);
        return tlm_error_set(error, -ENOMEM, "out of memory");
    }
    if (strcmp(file->checkpoint_path, options->path) == 0) {
        destroy(file);
        return tlm_error_set(error, -EINVAL, "checkpoint_path: the same file as path");
    }
    *ret_instance = file;
    return 0;
}

static int start(tlm_instance *file, tlm_error *error)
{
    const config *options = file->config;
    const tlm_flush_worker worker = {.handle = handle_flushes, .context = file};
    file->writer = (tlm_writer){.ledger = file->ledger,
                                .journal = {.path = file->checkpoint_path, .fd = -1, .sync = options->sync},
                                .pipeline = file->host->pipeline,
                                .datasets = options->datasets,
                                .sync = options->sync};
    int result = tlm_output_open(&file->writer.output, options->path, error);
    if (result < 0)
        return result;
    if (file->metrics)
        file->rows_metric =
            file->metrics->open(file->host, TLM_METRIC_COUNTER, "telemetra_file_rows_total", "Rows written.");
    result = tlm_flush_queue_create(&worker, &file->queue);
    if (result < 0) {
        tlm_writer_finish(&file->writer);
        return tlm_error_set(error, result, "the writer thread cannot be started: %s", strerror(-result));
    }
    set_health(file, 0, NULL);
    return 0;
}

static void stop(tlm_instance *file)
{
    tlm_output_interrupt(&file->writer.output);
    tlm_flush_queue_destroy(file->queue);
    tlm_writer_finish(&file->writer);
}

static const void *get_interface(const char *id)
{
    if (strcmp(id, TLM_INTERFACE_SINK) == 0)
        return &sink;
    if (strcmp(id, TLM_INTERFACE_CHECKPOINT) == 0)
        return &checkpoint;
    return NULL;
}

static const tlm_option options[] = {
    {.name = "path",
     .type = TLM_OPTION_TEXT,
     .offset = offsetof(config, path),
     .default_text = "-",
     .doc = "File that lines of JSON are appended to, one a row; \"-\" is standard output."},
    {.name = "datasets",
     .type = TLM_OPTION_LIST,
     .offset = offsetof(config, datasets),
     .doc = "Datasets to write; without it, all."},
    {.name = "checkpoint_path",
     .type = TLM_OPTION_TEXT,
     .offset = offsetof(config, checkpoint_path),
     .doc = "As checkpoint: file for positions and slow state; without it, path with .checkpoint behind. At the start "
            "the output is cut to the length recorded there. Standard output and pipes keep nothing over a restart."},
    {.name = "sync",
     .type = TLM_OPTION_BOOL,
     .offset = offsetof(config, sync),
     .default_text = "true",
     .doc = "Wait until rows and positions are on the disk. Without it a killed process still loses nothing, but after "
            "a power failure the output may be shorter than recorded, which the next start refuses."},
};

static const tlm_component component = {
    .struct_size = sizeof(tlm_component),
    .config_size = sizeof(config),
    .id = "file",
    .summary = "Writes final rows as lines of JSON to a file or to standard output; as checkpoint each row once.",
    .options = options,
    .option_count = TLM_COUNT(options),
    .create = create,
    .start = start,
    .stop = stop,
    .destroy = destroy,
    .get_interface = get_interface,
};

static const tlm_component *const components[] = {&component};

TLM_PLUGIN("file", TELEMETRA_VERSION, components);
