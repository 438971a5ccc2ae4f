/* SPDX-License-Identifier: Apache-2.0 */
#include "reader.h"

#include "clock.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

/* How long one read waits at most: the delay of a stop, and the grain of idleness. */
#define READ_TIMEOUT_MS 200

struct tlm_reader {
    tlm_reader_options options;
    tlm_reader_lane *lanes;
    const tlm_source *source;
    const tlm_codec *codec;
    tlm_decoder *decoder;
    const tlm_pipeline_options *pipeline;
    pthread_t thread;
    uint32_t is_open, is_running;
    atomic_uint is_stopping;
    _Atomic uint64_t records;
    tlm_share_input input;
    tlm_share share;
};

static void fail(tlm_reader *reader, const char *sentence)
{
    reader->options.failed(reader->options.context, sentence);
}

/* Tells the other readers how far this one has come. */
static void note_order(const tlm_reader *reader, uint32_t is_active)
{
    tlm_read_order_note(reader->options.order, reader->options.input, reader->input.highest_ns, is_active);
}

/* --- the thread -------------------------------------------------------------------------------------------------- */

static int take_records(tlm_reader *reader, const tlm_records *records)
{
    tlm_events *events = NULL;
    atomic_fetch_add_explicit(&reader->records, records->record_count, memory_order_relaxed);
    int result = reader->codec->decode(reader->decoder, records, &events);
    records->unref(records);
    if (result < 0) {
        fail(reader, "out of memory while decoding");
        return result;
    }
    result = tlm_share_events(&reader->share, &reader->input, events);
    events->unref(events);
    note_order(reader, 1);
    if (result == -ENOMEM)
        fail(reader, "out of memory while sharing events out to lanes");
    return result;
}

/* Tells the lanes that the input is idle, has ended or, with no batch at hand, is active again. */
static int tell(tlm_reader *reader, uint32_t state)
{
    if (reader->input.state == state)
        return 0;
    note_order(reader, state == TLM_INPUT_ACTIVE);
    int result = tlm_share_state(&reader->share, &reader->input, state);
    if (result < 0)
        fail(reader, "out of memory");
    return result;
}

static int read_once(tlm_reader *reader, int64_t *quiet_since_ns)
{
    const tlm_records *records = NULL;
    tlm_error error = {"no reason was given"};
    int result = reader->source->read(reader->options.source->instance, (uint32_t)reader->pipeline->batch_records,
                                      READ_TIMEOUT_MS, &records, &error);
    int64_t now_ns = tlm_monotonic_ns();
    switch (result) {
    case TLM_READ_RECORDS:
        *quiet_since_ns = INT64_MAX;
        return take_records(reader, records);
    case TLM_READ_WAITING:
        *quiet_since_ns = INT64_MAX;
        return reader->input.state == TLM_INPUT_IDLE ? tell(reader, TLM_INPUT_ACTIVE) : 0;
    case TLM_READ_QUIET:
        if (*quiet_since_ns == INT64_MAX)
            *quiet_since_ns = now_ns;
        /* An input that was found empty at the start is idle at once. */
        if (now_ns - *quiet_since_ns >= reader->pipeline->idle_timeout * TLM_NS_PER_MS ||
            !atomic_load_explicit(&reader->records, memory_order_relaxed))
            return tell(reader, TLM_INPUT_IDLE);
        return 0;
    case TLM_READ_END:
        (void)tell(reader, TLM_INPUT_ENDED);
        return -ECANCELED;
    default:
        fail(reader, error.text);
        return result < 0 ? result : -EPROTO;
    }
}

static void *run(void *context)
{
    tlm_reader *reader = context;
    int64_t quiet_since_ns = INT64_MAX;
    note_order(reader, 1);
    do
        tlm_read_order_wait(reader->options.order, reader->options.input);
    while (!atomic_load(&reader->is_stopping) && read_once(reader, &quiet_since_ns) >= 0);
    note_order(reader, 0);
    return NULL;
}

/* --- life -------------------------------------------------------------------------------------------------------- */

int tlm_reader_create(const tlm_reader_options *options, tlm_reader **ret_reader, tlm_error *error)
{
    tlm_reader *reader = calloc(1, sizeof *reader);
    if (!reader)
        goto fail;
    reader->options = *options;
    reader->source = tlm_living_interface(options->source, TLM_INTERFACE_SOURCE);
    reader->codec = tlm_living_interface(options->codec, TLM_INTERFACE_CODEC);
    reader->pipeline = &options->shared->plan->pipeline;
    reader->lanes = calloc(options->lane_count, sizeof *reader->lanes);
    if (!reader->lanes || tlm_share_init(&reader->share, reader->pipeline, options->lane_count) < 0)
        goto fail;
    reader->input = (tlm_share_input){.input = options->input,
                                      .state = TLM_INPUT_ACTIVE,
                                      .highest_ns = INT64_MIN,
                                      .reached_ns = INT64_MIN,
                                      .lanes = reader->lanes};
    memcpy(reader->lanes, options->lanes, options->lane_count * sizeof *reader->lanes);
    int result = reader->codec->open(options->codec->instance, &reader->decoder, error);
    if (result < 0) {
        tlm_reader_destroy(reader);
        return result;
    }
    *ret_reader = reader;
    return 0;
fail:
    tlm_reader_destroy(reader);
    return tlm_error_set(error, -ENOMEM, "out of memory");
}

/*
 * Where to begin: the smallest position that any lane needs, or the beginning when a lane has none. The highest
 * timestamp begins as the one of the lane that is least far: what lies before its `next` is not above it.
 */
static const tlm_position *start_position(tlm_reader *reader)
{
    const tlm_position *from = NULL;
    const tlm_input_record *least = NULL;
    for (uint32_t lane = 0; lane < reader->options.lane_count; lane++) {
        if (!reader->lanes[lane].has_record)
            return NULL;
        const tlm_input_record *record = &reader->lanes[lane].record;
        if (!from || record->from.ordinal < from->ordinal)
            from = &record->from;
        if (!least || record->next.ordinal < least->next.ordinal)
            least = record;
    }
    reader->input.highest_ns = least ? least->highest_ns : INT64_MIN;
    return from;
}

int tlm_reader_start(tlm_reader *reader, tlm_error *error)
{
    const tlm_living *source = reader->options.source;
    tlm_error reason = {"no reason was given"};
    const tlm_position *from = start_position(reader);
    int result = reader->source->open(source->instance, from, &reason);
    if (result < 0)
        return tlm_error_set(error, result, "%s: %.900s", source->planned->name, reason.text);
    if (from)
        tlm_log_write(reader->options.shared->log, TLM_LOG_INFO, source->planned->name,
                      "goes on where the checkpoint left it, reading again from record %lld", (long long)from->ordinal);
    reader->is_open = 1;
    result = pthread_create(&reader->thread, NULL, run, reader);
    if (result)
        return tlm_error_set(error, -result, "cannot start a thread: %s", strerror(result));
    reader->is_running = 1;
    return 0;
}

void tlm_reader_stop(tlm_reader *reader)
{
    if (!reader)
        return;
    atomic_store(&reader->is_stopping, 1);
    if (reader->is_running) {
        reader->source->wake(reader->options.source->instance);
        pthread_join(reader->thread, NULL);
        reader->is_running = 0;
    }
    if (reader->is_open)
        reader->source->close(reader->options.source->instance);
    reader->is_open = 0;
}

void tlm_reader_destroy(tlm_reader *reader)
{
    if (!reader)
        return;
    tlm_reader_stop(reader);
    if (reader->decoder)
        reader->codec->close(reader->decoder);
    tlm_share_finish(&reader->share);
    free(reader->lanes);
    free(reader);
}

void tlm_reader_progress(const tlm_reader *reader, uint64_t *ret_done, uint64_t *ret_total, uint64_t *ret_records)
{
    reader->source->progress(reader->options.source->instance, ret_done, ret_total);
    *ret_records = atomic_load_explicit(&reader->records, memory_order_relaxed);
}
