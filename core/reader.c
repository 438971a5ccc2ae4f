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
    int64_t highest_ns; /* of events that are no dead letters */
    uint32_t state;     /* TLM_INPUT_... as the lanes know it */
    /* Room for one batch, reused. */
    tlm_parcel **parcels;   /* one a lane */
    uint32_t *stream_lanes; /* lane of each stream of the batch */
    uint32_t stream_room;
    uint32_t *counts; /* rows, then dead letters, of each lane */
};

static void fail(tlm_reader *reader, const char *sentence)
{
    reader->options.failed(reader->options.context, sentence);
}

/* --- sharing out ------------------------------------------------------------------------------------------------- */

static uint32_t lane_of_event(const tlm_reader *reader, const tlm_event *event)
{
    return reader->stream_lanes[event->stream];
}

static int find_stream_lanes(tlm_reader *reader, const tlm_events *events)
{
    if (events->stream_count > reader->stream_room) {
        uint32_t *lanes = realloc(reader->stream_lanes, events->stream_count * sizeof *lanes);
        if (!lanes)
            return -ENOMEM;
        reader->stream_lanes = lanes;
        reader->stream_room = events->stream_count;
    }
    for (uint32_t i = 0; i < events->stream_count; i++)
        reader->stream_lanes[i] = events->streams[i].partition % reader->options.lane_count;
    return 0;
}

/* Every lane gets room for its own rows; each may hold every reject, of which lane 0 takes all. */
static int create_parcels(tlm_reader *reader, const tlm_events *events)
{
    uint32_t lane_count = reader->options.lane_count;
    uint32_t *counts = reader->counts;
    memset(counts, 0, lane_count * sizeof *counts);
    for (uint32_t i = 0; i < events->event_count; i++)
        counts[lane_of_event(reader, &events->events[i])]++;
    for (uint32_t lane = 0; lane < lane_count; lane++) {
        uint32_t dead_room = counts[lane] + (lane ? 0 : events->reject_count);
        reader->parcels[lane] = tlm_parcel_create(events, counts[lane], dead_room);
        if (!reader->parcels[lane]) {
            while (lane-- > 0)
                tlm_parcel_destroy(reader->parcels[lane]);
            return -ENOMEM;
        }
    }
    return 0;
}

static void share_dead(tlm_parcel *parcel, uint32_t record, uint32_t kind, uint32_t event, tlm_span reason)
{
    parcel->consumed[kind]++;
    parcel->dead[parcel->dead_count++] = (tlm_dead){.record = record, .kind = kind, .event = event, .reason = reason};
}

/*
 * Whether an event lies too far ahead. What a lane had decided before a restart is not judged again, as the clock has
 * gone on: it was refused if the lane says so, and what was accepted is not above the highest timestamp it had noted.
 */
static int is_too_far_ahead(const tlm_reader *reader, const tlm_reader_lane *lane, const tlm_record *record,
                            int64_t time_ns, int is_decided, int64_t now_ns)
{
    if (is_decided)
        return time_ns > lane->record.highest_ns || tlm_refused_has(lane->refused, record->position.ordinal);
    int64_t taken_ns = record->append_time_ns ? record->append_time_ns : now_ns;
    return time_ns > taken_ns + reader->pipeline->max_future * TLM_NS_PER_MS;
}

/* One event, to its lane. A lane that had decided it before a restart gets it to refill, unless it was refused then. */
static void share_event(tlm_reader *reader, const tlm_events *events, uint32_t index, int64_t now_ns)
{
    tlm_event *event = &events->events[index];
    uint32_t lane_index = lane_of_event(reader, event);
    const tlm_reader_lane *lane = &reader->lanes[lane_index];
    tlm_parcel *parcel = reader->parcels[lane_index];
    const tlm_record *record = &events->records->records[event->record];
    int64_t ordinal = record->position.ordinal;
    int is_decided = lane->has_record && ordinal < lane->record.next.ordinal;
    int is_dead = is_too_far_ahead(reader, lane, record, event->time_ns, is_decided, now_ns);

    event->watermark_ns = reader->highest_ns == INT64_MIN
                              ? INT64_MIN
                              : reader->highest_ns - reader->pipeline->allowed_lateness * TLM_NS_PER_MS;
    if (!is_dead && event->time_ns > reader->highest_ns)
        reader->highest_ns = event->time_ns;
    if (is_decided) {
        if (is_dead || ordinal < lane->record.from.ordinal)
            return;
        parcel->refill_count++;
    } else if (is_dead) {
        share_dead(parcel, event->record, event->kind, index, (tlm_span){0});
        return;
    } else {
        parcel->consumed[event->kind]++;
    }
    parcel->rows[parcel->row_count++] = index;
}

/* A reject names no stream, so lane 0 answers for it. */
static void share_reject(tlm_reader *reader, const tlm_events *events, const tlm_reject *reject)
{
    const tlm_reader_lane *lane = &reader->lanes[0];
    int64_t ordinal = events->records->records[reject->record].position.ordinal;
    if (lane->has_record && ordinal < lane->record.next.ordinal)
        return;
    share_dead(reader->parcels[0], reject->record, reject->kind, UINT32_MAX, reject->reason);
}

static int put_parcels(tlm_reader *reader, const tlm_position *next)
{
    int result = -ECANCELED; /* stays so when no lane takes anything any more */
    for (uint32_t lane = 0; lane < reader->options.lane_count; lane++) {
        tlm_parcel *parcel = reader->parcels[lane];
        parcel->input = reader->options.input;
        parcel->state = reader->state;
        parcel->highest_ns = reader->highest_ns;
        parcel->next = *next;
        if (tlm_inbox_put(reader->lanes[lane].inbox, parcel) == 0)
            result = 0;
    }
    return result;
}

static int share(tlm_reader *reader, const tlm_events *events)
{
    int result = find_stream_lanes(reader, events);
    if (!result)
        result = create_parcels(reader, events);
    if (result < 0)
        return result;
    int64_t now_ns = tlm_realtime_ns();
    for (uint32_t i = 0; i < events->event_count; i++)
        share_event(reader, events, i, now_ns);
    for (uint32_t i = 0; i < events->reject_count; i++)
        share_reject(reader, events, &events->rejects[i]);
    reader->state = TLM_INPUT_ACTIVE;
    return put_parcels(reader, &events->records->next);
}

/* Tells the other readers how far this one has come. */
static void note_order(const tlm_reader *reader, uint32_t is_active)
{
    tlm_read_order_note(reader->options.order, reader->options.input, reader->highest_ns, is_active);
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
    result = share(reader, events);
    events->unref(events);
    note_order(reader, 1);
    if (result == -ENOMEM)
        fail(reader, "out of memory while sharing events out to lanes");
    return result;
}

/* Tells the lanes that the input is idle, has ended or, with no batch at hand, is active again. */
static int tell(tlm_reader *reader, uint32_t state)
{
    if (reader->state == state)
        return 0;
    reader->state = state;
    note_order(reader, state == TLM_INPUT_ACTIVE);
    for (uint32_t lane = 0; lane < reader->options.lane_count; lane++) {
        tlm_parcel *parcel = tlm_parcel_create(NULL, 0, 0);
        if (!parcel) {
            fail(reader, "out of memory");
            return -ENOMEM;
        }
        parcel->input = reader->options.input;
        parcel->state = state;
        parcel->highest_ns = reader->highest_ns;
        parcel->next.ordinal = -1;                              /* no news of the position */
        (void)tlm_inbox_put(reader->lanes[lane].inbox, parcel); /* a lane that is gone needs none */
    }
    return 0;
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
        return reader->state == TLM_INPUT_IDLE ? tell(reader, TLM_INPUT_ACTIVE) : 0;
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
    reader->state = TLM_INPUT_ACTIVE;
    reader->highest_ns = INT64_MIN;
    reader->lanes = calloc(options->lane_count, sizeof *reader->lanes);
    reader->parcels = calloc(options->lane_count, sizeof(tlm_parcel *));
    reader->counts = calloc(options->lane_count, sizeof *reader->counts);
    if (!reader->lanes || !reader->parcels || !reader->counts)
        goto fail;
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
    reader->highest_ns = least ? least->highest_ns : INT64_MIN;
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
    free(reader->stream_lanes);
    free(reader->parcels);
    free(reader->counts);
    free(reader->lanes);
    free(reader);
}

void tlm_reader_progress(const tlm_reader *reader, uint64_t *ret_done, uint64_t *ret_total, uint64_t *ret_records)
{
    reader->source->progress(reader->options.source->instance, ret_done, ret_total);
    *ret_records = atomic_load_explicit(&reader->records, memory_order_relaxed);
}
