/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline.h"

#include "clock.h"

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

struct tlm_pipeline {
    const tlm_shared *shared;
    int wake_fd;
    tlm_lane_worker **lanes;
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

static void lane_ended(void *context, const char *sentence)
{
    tlm_pipeline *pipeline = context;
    pthread_mutex_lock(&pipeline->mutex);
    pipeline->ended_lanes++;
    if (sentence)
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

static void print_lanes(tlm_metrics_text *text, const tlm_lane_figures *figures, uint32_t count)
{
    print_gauge_head(text, "telemetra_lane_queue_batches", "Batches that wait before the lane.");
    for (uint32_t i = 0; i < count; i++)
        tlm_metrics_print(text, "telemetra_lane_queue_batches{lane=\"%u\"} %" PRIu64 "\n", i, figures[i].queue_batches);
    print_gauge_head(text, "telemetra_lane_queue_bytes", "Bytes that wait before the lane.");
    for (uint32_t i = 0; i < count; i++)
        tlm_metrics_print(text, "telemetra_lane_queue_bytes{lane=\"%u\"} %" PRIu64 "\n", i, figures[i].queue_bytes);
    print_gauge_head(text, "telemetra_lane_state_bytes", "Memory that the lane's processors hold.");
    for (uint32_t i = 0; i < count; i++)
        tlm_metrics_print(text, "telemetra_lane_state_bytes{lane=\"%u\"} %" PRIu64 "\n", i, figures[i].state_bytes);
    print_gauge_head(text, "telemetra_lane_watermark_seconds", "The lane's watermark, in seconds since 1970.");
    for (uint32_t i = 0; i < count; i++)
        if (figures[i].watermark_ns != INT64_MIN)
            tlm_metrics_print(text, "telemetra_lane_watermark_seconds{lane=\"%u\"} %.3f\n", i,
                              (double)figures[i].watermark_ns / (double)TLM_NS_PER_SECOND);
}

static void collect(void *context, tlm_metrics_text *text)
{
    tlm_pipeline *pipeline = context;
    tlm_lane_figures *figures = calloc(pipeline->lane_count, sizeof *figures);
    if (!figures) {
        text->error = -ENOMEM;
        return;
    }
    tlm_accounting sum = {.consumed = {0}};
    for (uint32_t i = 0; i < pipeline->lane_count; i++) {
        tlm_lane_look(pipeline->lanes[i], &figures[i]);
        tlm_accounting_add(&sum, &figures[i].accounting);
    }
    const char *name = pipeline->shared->plan->pipeline.name;
    print_topics(text, name, "consumed", "Records read.", sum.consumed);
    print_topics(text, name, "applied", "Events applied.", sum.applied);
    print_topics(text, name, "duplicate", "Events that had been applied before.", sum.duplicate);
    print_topics(text, name, "late", "Events that came after all their windows were final.", sum.late);
    print_topics(text, name, "dead_lettered", "Records that could not be applied.", sum.dead_lettered);
    print_lanes(text, figures, pipeline->lane_count);
    free(figures);
}

/* --- life -------------------------------------------------------------------------------------------------------- */

static int create_lanes(tlm_pipeline *pipeline, tlm_error *error)
{
    uint32_t count = (uint32_t)pipeline->shared->plan->pipeline.lanes;
    pipeline->lanes = calloc(count, sizeof(tlm_lane_worker *));
    if (!pipeline->lanes)
        return tlm_error_set(error, -ENOMEM, "out of memory");
    for (; pipeline->lane_count < count; pipeline->lane_count++) {
        tlm_lane_options options = {
            .shared = pipeline->shared, .lane = pipeline->lane_count, .ended = lane_ended, .context = pipeline};
        int result = tlm_lane_create(&options, &pipeline->lanes[pipeline->lane_count], error);
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
        const tlm_input_record *record = tlm_lane_input(pipeline->lanes[i], source->host.instance);
        lanes[i].inbox = tlm_lane_inbox(pipeline->lanes[i]);
        lanes[i].has_record = record && record->next.ordinal > 0;
        lanes[i].refused = tlm_lane_refused(pipeline->lanes[i], source->host.instance);
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

static int create_readers(tlm_pipeline *pipeline, tlm_error *error)
{
    const tlm_plan *plan = pipeline->shared->plan;
    tlm_living *codec = NULL;
    for (uint32_t i = 0; i < plan->instance_count; i++)
        if (plan->instances[i].section == TLM_SECTION_CODEC)
            codec = &pipeline->shared->living[i];
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

int tlm_pipeline_create(const tlm_shared *shared, int wake_fd, tlm_pipeline **ret_pipeline, tlm_error *error)
{
    tlm_pipeline *pipeline = calloc(1, sizeof *pipeline);
    if (!pipeline)
        return tlm_error_set(error, -ENOMEM, "out of memory");
    pipeline->shared = shared;
    pipeline->wake_fd = wake_fd;
    pthread_mutex_init(&pipeline->mutex, NULL);
    tlm_read_order_init(&pipeline->order, count_sources(shared->plan));
    int result = create_lanes(pipeline, error);
    if (!result)
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
    for (; pipeline->running_lanes < pipeline->lane_count; pipeline->running_lanes++) {
        int result = tlm_lane_start(pipeline->lanes[pipeline->running_lanes], error);
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
    for (uint32_t i = 0; i < pipeline->running_lanes; i++)
        tlm_lane_ask_stop(pipeline->lanes[i], deadline_ns);
    for (uint32_t i = 0; i < pipeline->running_lanes; i++)
        is_kept &= tlm_lane_join(pipeline->lanes[i]);
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
    for (uint32_t i = 0; i < pipeline->lane_count; i++)
        tlm_lane_destroy(pipeline->lanes[i]);
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
    *ret_records = record_sum;
}

void tlm_pipeline_accounting(tlm_pipeline *pipeline, tlm_accounting *ret_accounting)
{
    *ret_accounting = (tlm_accounting){.consumed = {0}};
    for (uint32_t i = 0; i < pipeline->lane_count; i++) {
        tlm_lane_figures figures;
        tlm_lane_look(pipeline->lanes[i], &figures);
        tlm_accounting_add(ret_accounting, &figures.kept);
    }
}
