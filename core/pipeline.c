/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline.h"

#include "clock.h"
#include "keeper.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

/* A reader and what its thread is told to call back with. */
struct input {
    tlm_pipeline *pipeline;
    tlm_living *source;
    tlm_reader *reader;
};

/* A lane that there is from the start to the end. */
struct fixed_lane {
    tlm_pipeline *pipeline;
    tlm_health_entry *health;
    tlm_lane_worker *worker;
};

struct tlm_pipeline {
    const tlm_shared *shared;
    int wake_fd;
    tlm_keeper *keeper; /* of the lanes of a partitioned log; NULL: there are fixed ones */
    struct fixed_lane *lanes;
    uint32_t lane_count, running_lanes;
    struct input inputs[TLM_INPUTS_MAX];
    uint32_t input_count;
    tlm_read_order order;
    pthread_mutex_t mutex; /* guards the news */
    uint32_t ended_lanes;
    tlm_pipeline_news news;
};

/* --- news from threads ------------------------------------------------------------------------------------------- */

static void wake_main(const tlm_pipeline *pipeline)
{
    uint64_t one = 1;
    ssize_t written = write(pipeline->wake_fd, &one, sizeof one);
    (void)written; /* an eventfd that is full wakes as well */
}

static void note_failure(tlm_pipeline *pipeline, const char *who, const char *sentence)
{
    if (!pipeline->news.is_failed)
        (void)snprintf(pipeline->news.sentence.text, sizeof pipeline->news.sentence.text, "%s: %.900s", who, sentence);
    pipeline->news.is_failed = 1;
}

static void lane_ended(void *context, int result, const char *sentence)
{
    const struct fixed_lane *lane = context;
    tlm_pipeline *pipeline = lane->pipeline;
    if (result < 0)
        tlm_health_set(lane->health, TLM_HEALTH_DEGRADED, tlm_text_of(sentence));
    pthread_mutex_lock(&pipeline->mutex);
    pipeline->ended_lanes++;
    if (result < 0)
        note_failure(pipeline, "a lane stopped", sentence);
    if (pipeline->ended_lanes == pipeline->lane_count)
        pipeline->news.is_over = 1;
    pthread_mutex_unlock(&pipeline->mutex);
    wake_main(pipeline);
}

static void reader_failed(void *context, const char *sentence)
{
    const struct input *input = context;
    tlm_health_set(input->source->health, TLM_HEALTH_DEGRADED, tlm_text_of(sentence));
    pthread_mutex_lock(&input->pipeline->mutex);
    note_failure(input->pipeline, input->source->host.instance, sentence);
    pthread_mutex_unlock(&input->pipeline->mutex);
    wake_main(input->pipeline);
}

static void keeper_failed(void *context, const char *who, const char *sentence)
{
    tlm_pipeline *pipeline = context;
    pthread_mutex_lock(&pipeline->mutex);
    note_failure(pipeline, who, sentence);
    pthread_mutex_unlock(&pipeline->mutex);
    wake_main(pipeline);
}

/* --- all lanes --------------------------------------------------------------------------------------------------- */

/* Calls `visit` for each lane that this process has. */
static void each_lane(tlm_pipeline *pipeline, void (*visit)(void *context, uint32_t lane, tlm_lane_worker *worker),
                      void *context)
{
    if (pipeline->keeper)
        tlm_keeper_each(pipeline->keeper, visit, context);
    for (uint32_t i = 0; i < pipeline->lane_count; i++)
        visit(context, i, pipeline->lanes[i].worker);
}

/* --- metrics ----------------------------------------------------------------------------------------------------- */

static void print_topics(tlm_metrics_text *text, const char *pipeline, const char *what, const char *help,
                         const uint64_t *counts)
{
    tlm_metrics_print(text, "# HELP telemetra_events_%s_total %s\n# TYPE telemetra_events_%s_total counter\n", what,
                      help, what);
    for (uint32_t kind = 0; kind < TLM_EVENT_KINDS; kind++)
        tlm_metrics_print(text, "telemetra_events_%s_total{pipeline=\"%s\",topic=\"%s\"} %" PRIu64 "\n", what, pipeline,
                          tlm_kind_name(kind), counts[kind]);
}

static void print_gauge_head(tlm_metrics_text *text, const char *name, const char *help)
{
    tlm_metrics_print(text, "# HELP %s %s\n# TYPE %s gauge\n", name, help, name);
}

/* The lanes as they are at one moment. */
struct snapshot {
    uint32_t count, capacity;
    uint32_t *lanes;
    tlm_lane_figures *figures;
    int error;
};

static void add_lane(void *context, uint32_t lane, tlm_lane_worker *worker)
{
    struct snapshot *snapshot = context;
    if (snapshot->count == snapshot->capacity) {
        uint32_t capacity = snapshot->capacity ? snapshot->capacity * 2 : 16;
        uint32_t *lanes = realloc(snapshot->lanes, capacity * sizeof *lanes);
        if (lanes)
            snapshot->lanes = lanes;
        tlm_lane_figures *figures = realloc(snapshot->figures, capacity * sizeof *figures);
        if (figures)
            snapshot->figures = figures;
        if (!lanes || !figures) {
            snapshot->error = -ENOMEM;
            return;
        }
        snapshot->capacity = capacity;
    }
    snapshot->lanes[snapshot->count] = lane;
    tlm_lane_look(worker, &snapshot->figures[snapshot->count++]);
}

static void snapshot_finish(struct snapshot *snapshot)
{
    free(snapshot->lanes);
    free(snapshot->figures);
}

static void print_lanes(tlm_metrics_text *text, const struct snapshot *lanes)
{
    print_gauge_head(text, "telemetra_lane_queue_batches", "Batches that wait before the lane.");
    for (uint32_t i = 0; i < lanes->count; i++)
        tlm_metrics_print(text, "telemetra_lane_queue_batches{lane=\"%u\"} %" PRIu64 "\n", lanes->lanes[i],
                          lanes->figures[i].queue_batches);
    print_gauge_head(text, "telemetra_lane_queue_bytes", "Bytes that wait before the lane.");
    for (uint32_t i = 0; i < lanes->count; i++)
        tlm_metrics_print(text, "telemetra_lane_queue_bytes{lane=\"%u\"} %" PRIu64 "\n", lanes->lanes[i],
                          lanes->figures[i].queue_bytes);
    print_gauge_head(text, "telemetra_lane_state_bytes", "Memory that the lane's processors hold.");
    for (uint32_t i = 0; i < lanes->count; i++)
        tlm_metrics_print(text, "telemetra_lane_state_bytes{lane=\"%u\"} %" PRIu64 "\n", lanes->lanes[i],
                          lanes->figures[i].state_bytes);
    print_gauge_head(text, "telemetra_lane_watermark_seconds", "The lane's watermark, in seconds since 1970.");
    for (uint32_t i = 0; i < lanes->count; i++)
        if (lanes->figures[i].watermark_ns != INT64_MIN)
            tlm_metrics_print(text, "telemetra_lane_watermark_seconds{lane=\"%u\"} %.3f\n", lanes->lanes[i],
                              (double)lanes->figures[i].watermark_ns / (double)TLM_NS_PER_SECOND);
}

static void collect(void *context, tlm_metrics_text *text)
{
    tlm_pipeline *pipeline = context;
    struct snapshot lanes = {0};
    each_lane(pipeline, add_lane, &lanes);
    if (lanes.error) {
        text->error = lanes.error;
        snapshot_finish(&lanes);
        return;
    }
    tlm_accounting sum = {.consumed = {0}};
    for (uint32_t i = 0; i < lanes.count; i++)
        tlm_accounting_add(&sum, &lanes.figures[i].accounting);
    const char *name = pipeline->shared->plan->pipeline.name;
    print_topics(text, name, "consumed", "Records read.", sum.consumed);
    print_topics(text, name, "applied", "Events applied.", sum.applied);
    print_topics(text, name, "duplicate", "Events that had been applied before.", sum.duplicate);
    print_topics(text, name, "late", "Events that came after all their windows were final.", sum.late);
    print_topics(text, name, "dead_lettered", "Records that could not be applied.", sum.dead_lettered);
    print_lanes(text, &lanes);
    snapshot_finish(&lanes);
}

/* --- life -------------------------------------------------------------------------------------------------------- */

/* How long to wait between two tries to take a lane from a checkpoint that is not there yet. */
#define TAKE_PAUSE_MS 500

/* Takes a lane, waiting for a checkpoint that is not there yet. */
static int take_lane(const tlm_lane_options *options, int (*is_cancelled)(void *context), void *context,
                     tlm_lane_worker **ret_worker, tlm_error *error)
{
    for (;;) {
        int result = tlm_lane_create(options, ret_worker, error);
        if (!result)
            tlm_health_set(options->health, TLM_HEALTH_OK, tlm_text_of(""));
        if (!result || result == -EINVAL || result == -EBADMSG || result == -ENOMEM)
            return result;
        tlm_health_set(options->health, TLM_HEALTH_DEGRADED, tlm_text_of(error->text));
        if (is_cancelled(context))
            return -ECANCELED;
        const struct timespec pause = {.tv_nsec = TAKE_PAUSE_MS * TLM_NS_PER_MS};
        (void)nanosleep(&pause, NULL);
    }
}

static int create_lanes(tlm_pipeline *pipeline, int (*is_cancelled)(void *context), void *context, tlm_error *error)
{
    uint32_t count = (uint32_t)pipeline->shared->plan->pipeline.lanes;
    pipeline->lanes = calloc(count, sizeof *pipeline->lanes);
    if (!pipeline->lanes)
        return tlm_error_set(error, -ENOMEM, "out of memory");
    for (; pipeline->lane_count < count; pipeline->lane_count++) {
        struct fixed_lane *lane = &pipeline->lanes[pipeline->lane_count];
        char name[32];
        (void)snprintf(name, sizeof name, "lane %u", pipeline->lane_count);
        *lane = (struct fixed_lane){.pipeline = pipeline,
                                    .health = tlm_health_add(pipeline->shared->health, name, "core", 0)};
        if (!lane->health)
            return tlm_error_set(error, -ENOMEM, "out of memory");
        tlm_lane_options options = {.shared = pipeline->shared,
                                    .lane = pipeline->lane_count,
                                    .lane_count = count,
                                    .health = lane->health,
                                    .ended = lane_ended,
                                    .context = lane};
        int result = take_lane(&options, is_cancelled, context, &lane->worker, error);
        if (result < 0)
            return result;
    }
    return 0;
}

static int create_reader(tlm_pipeline *pipeline, tlm_living *source, tlm_living *codec, tlm_error *error)
{
    tlm_reader_lane *lanes = calloc(pipeline->lane_count, sizeof *lanes);
    if (!lanes)
        return tlm_error_set(error, -ENOMEM, "out of memory");
    for (uint32_t i = 0; i < pipeline->lane_count; i++) {
        const tlm_input_record *record = tlm_lane_input(pipeline->lanes[i].worker, source->host.instance);
        lanes[i].inbox = tlm_lane_inbox(pipeline->lanes[i].worker);
        lanes[i].has_record = record && record->next.ordinal > 0;
        lanes[i].refused = tlm_lane_refused(pipeline->lanes[i].worker, source->host.instance);
        if (record)
            lanes[i].record = *record;
    }
    struct input *input = &pipeline->inputs[pipeline->input_count];
    *input = (struct input){.pipeline = pipeline, .source = source};
    tlm_reader_options options = {.shared = pipeline->shared,
                                  .source = source,
                                  .codec = codec,
                                  .input = pipeline->input_count,
                                  .lanes = lanes,
                                  .lane_count = pipeline->lane_count,
                                  .order = &pipeline->order,
                                  .failed = reader_failed,
                                  .context = input};
    int result = tlm_reader_create(&options, &input->reader, error);
    free(lanes);
    if (!result)
        pipeline->input_count++;
    return result;
}

static tlm_living *find_codec(const tlm_shared *shared)
{
    for (uint32_t i = 0; i < shared->plan->instance_count; i++)
        if (shared->plan->instances[i].section == TLM_SECTION_CODEC)
            return &shared->living[i];
    return NULL;
}

static int create_readers(tlm_pipeline *pipeline, tlm_error *error)
{
    const tlm_plan *plan = pipeline->shared->plan;
    tlm_living *codec = find_codec(pipeline->shared);
    for (uint32_t i = 0; i < plan->instance_count; i++) {
        if (plan->instances[i].section != TLM_SECTION_SOURCE)
            continue;
        int result = create_reader(pipeline, &pipeline->shared->living[i], codec, error);
        if (result < 0)
            return result;
    }
    return 0;
}

static uint32_t count_sources(const tlm_plan *plan)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < plan->instance_count; i++)
        count += plan->instances[i].section == TLM_SECTION_SOURCE;
    return count;
}

/* The source whose log is partitioned, if there is one: the plan has seen to it that it is the only source then. */
static tlm_living *partitioned_source(const tlm_shared *shared)
{
    for (uint32_t i = 0; i < shared->plan->instance_count; i++)
        if (shared->plan->instances[i].section == TLM_SECTION_SOURCE &&
            tlm_living_interface(&shared->living[i], TLM_INTERFACE_PARTITIONS))
            return &shared->living[i];
    return NULL;
}

static int create_keeper(tlm_pipeline *pipeline, tlm_living *source, tlm_error *error)
{
    tlm_keeper_options options = {.shared = pipeline->shared,
                                  .source = source,
                                  .codec = find_codec(pipeline->shared),
                                  .failed = keeper_failed,
                                  .context = pipeline};
    return tlm_keeper_create(&options, &pipeline->keeper, error);
}

int tlm_pipeline_create(const tlm_shared *shared, int wake_fd, int (*is_cancelled)(void *context), void *context,
                        tlm_pipeline **ret_pipeline, tlm_error *error)
{
    tlm_pipeline *pipeline = calloc(1, sizeof *pipeline);
    if (!pipeline)
        return tlm_error_set(error, -ENOMEM, "out of memory");
    pipeline->shared = shared;
    pipeline->wake_fd = wake_fd;
    pthread_mutex_init(&pipeline->mutex, NULL);
    tlm_read_order_init(&pipeline->order, count_sources(shared->plan));
    tlm_living *partitioned = partitioned_source(shared);
    int result = partitioned ? create_keeper(pipeline, partitioned, error)
                             : create_lanes(pipeline, is_cancelled, context, error);
    if (!result && !partitioned)
        result = create_readers(pipeline, error);
    if (result < 0) {
        tlm_pipeline_destroy(pipeline);
        return result;
    }
    tlm_metrics_collect(shared->metrics, collect, pipeline);
    *ret_pipeline = pipeline;
    return 0;
}

int tlm_pipeline_start(tlm_pipeline *pipeline, tlm_error *error)
{
    if (pipeline->keeper)
        return tlm_keeper_start(pipeline->keeper, error);
    for (; pipeline->running_lanes < pipeline->lane_count; pipeline->running_lanes++) {
        int result = tlm_lane_start(pipeline->lanes[pipeline->running_lanes].worker, error);
        if (result < 0)
            return result;
    }
    for (uint32_t i = 0; i < pipeline->input_count; i++) {
        int result = tlm_reader_start(pipeline->inputs[i].reader, error);
        if (result < 0)
            return result;
    }
    return 0;
}

int tlm_pipeline_stop(tlm_pipeline *pipeline)
{
    int is_kept = 1;
    int64_t deadline_ns = tlm_monotonic_ns() + pipeline->shared->plan->pipeline.stop_timeout * TLM_NS_PER_MS;
    if (pipeline->keeper)
        return tlm_keeper_stop(pipeline->keeper, deadline_ns);
    for (uint32_t i = 0; i < pipeline->running_lanes; i++)
        tlm_lane_ask_stop(pipeline->lanes[i].worker, deadline_ns);
    for (uint32_t i = 0; i < pipeline->running_lanes; i++)
        is_kept &= tlm_lane_join(pipeline->lanes[i].worker);
    tlm_read_order_end(&pipeline->order);
    /* A lane that has ended takes nothing more, so no reader can be waiting for it now. */
    for (uint32_t i = 0; i < pipeline->input_count; i++)
        tlm_reader_stop(pipeline->inputs[i].reader);
    return is_kept;
}

void tlm_pipeline_destroy(tlm_pipeline *pipeline)
{
    if (!pipeline)
        return;
    tlm_metrics_collect(pipeline->shared->metrics, NULL, NULL);
    for (uint32_t i = 0; i < pipeline->input_count; i++)
        tlm_reader_destroy(pipeline->inputs[i].reader);
    tlm_keeper_destroy(pipeline->keeper);
    for (uint32_t i = 0; i < pipeline->lane_count; i++) {
        (void)tlm_lane_join(pipeline->lanes[i].worker);
        tlm_lane_destroy(pipeline->lanes[i].worker);
    }
    tlm_read_order_finish(&pipeline->order);
    pthread_mutex_destroy(&pipeline->mutex);
    free(pipeline->lanes);
    free(pipeline);
}

void tlm_pipeline_look(tlm_pipeline *pipeline, tlm_pipeline_news *ret_news)
{
    pthread_mutex_lock(&pipeline->mutex);
    *ret_news = pipeline->news;
    pthread_mutex_unlock(&pipeline->mutex);
}

void tlm_pipeline_progress(tlm_pipeline *pipeline, uint64_t *ret_done, uint64_t *ret_total, uint64_t *ret_records)
{
    uint64_t done_sum = 0, total_sum = 0, record_sum = 0;
    for (uint32_t i = 0; i < pipeline->input_count; i++) {
        uint64_t done = 0, total = 0, records = 0;
        tlm_reader_progress(pipeline->inputs[i].reader, &done, &total, &records);
        done_sum += done;
        total_sum += total;
        record_sum += records;
    }
    *ret_done = done_sum;
    *ret_total = total_sum;
    *ret_records = pipeline->keeper ? tlm_keeper_records(pipeline->keeper) : record_sum;
}

static void add_kept(void *context, uint32_t lane, tlm_lane_worker *worker)
{
    tlm_lane_figures figures;
    (void)lane;
    tlm_lane_look(worker, &figures);
    tlm_accounting_add(context, &figures.kept);
}

void tlm_pipeline_accounting(tlm_pipeline *pipeline, tlm_accounting *ret_accounting)
{
    *ret_accounting = (tlm_accounting){.consumed = {0}};
    each_lane(pipeline, add_kept, ret_accounting);
}
