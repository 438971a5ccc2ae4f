/* SPDX-License-Identifier: Apache-2.0 */
#include "partition_reader.h"

#include "clock.h"
#include "read_order.h"

#include <stdatomic.h>
#include <stdlib.h>

/*
 * An input that is idle holds no watermark back. When events come again after a silence, they come to several inputs at
 * once, a little apart: the first to wake waits so long for the others, which would else be late.
 */
#define WAKE_PAUSE_NS (500 * TLM_NS_PER_MS)

/* Events in foreign partitions before it can be the rule rather than a stray. */
#define MISPLACED_MIN 100

/* One input of the lane. */
struct input {
    tlm_share_input share;
    tlm_reader_lane lane;    /* where the lane stands with it */
    int64_t quiet_ns;        /* monotonic, since when it is at its end; INT64_MAX: it is not */
    uint32_t is_touched;     /* something was read of it */
    const tlm_records *held; /* its first batch after a silence, not handed on yet; or NULL */
    int64_t held_until_ns;   /* monotonic */
};

struct tlm_partition_reader {
    tlm_partition_reader_options options;
    const tlm_pipeline_options *pipeline;
    const tlm_partitions *source;
    const tlm_codec *codec;
    tlm_partition *partition;
    tlm_decoder *decoder;
    tlm_share share;
    struct input inputs[TLM_PARTITION_INPUTS_MAX];
    uint32_t input_count;
    uint32_t is_misplacing; /* told in health that most events are in foreign partitions */
    tlm_error *error;       /* of the pull under way */
    _Atomic uint64_t records;
};

static int fail(tlm_partition_reader *reader, int result, const char *sentence)
{
    return tlm_error_set(reader->error, result, "%s", sentence);
}

/* --- reading one input ------------------------------------------------------------------------------------------- */

/* A producer with another partitioner is told of where an operator looks first: again with every batch, as the source
 * and other lanes tell there too. */
static void judge_places(tlm_partition_reader *reader)
{
    const tlm_share *share = &reader->share;
    uint32_t is_rule = share->misplaced >= MISPLACED_MIN && share->misplaced > share->placed;
    tlm_error message = {{0}};
    if (!is_rule && !reader->is_misplacing)
        return;
    reader->is_misplacing = is_rule;
    if (is_rule)
        tlm_error_set(&message, 0,
                      "most events lie in other partitions than their stream_id asks for and are dead letters: set "
                      "partitioner=murmur2_random in the producer, with the stream_id as key");
    tlm_health_set(reader->options.source->health, is_rule ? TLM_HEALTH_DEGRADED : TLM_HEALTH_OK,
                   tlm_text_of(message.text));
}

static int take_records(tlm_partition_reader *reader, struct input *input, const tlm_records *records)
{
    tlm_events *events = NULL;
    atomic_fetch_add_explicit(&reader->records, records->record_count, memory_order_relaxed);
    input->is_touched = 1;
    input->quiet_ns = INT64_MAX;
    int result = reader->codec->decode(reader->decoder, records, &events);
    records->unref(records);
    if (result < 0)
        return fail(reader, result, "out of memory while decoding");
    result = tlm_share_events(&reader->share, &input->share, events);
    events->unref(events);
    judge_places(reader);
    return result == -ENOMEM ? fail(reader, result, "out of memory while handing events to the lane") : result;
}

static int tell(tlm_partition_reader *reader, struct input *input, uint32_t state)
{
    if (input->share.state == state)
        return 0;
    int result = tlm_share_state(&reader->share, &input->share, state);
    return result < 0 ? fail(reader, result, "out of memory") : 0;
}

/* At its end: idle after `idle_timeout`, or at once when it was found empty. */
static int take_quiet(tlm_partition_reader *reader, struct input *input)
{
    int64_t now_ns = tlm_monotonic_ns();
    if (input->quiet_ns == INT64_MAX)
        input->quiet_ns = now_ns;
    if (input->is_touched && now_ns - input->quiet_ns < reader->pipeline->idle_timeout * TLM_NS_PER_MS)
        return 0;
    return tell(reader, input, TLM_INPUT_IDLE);
}

static int is_another_idle(const tlm_partition_reader *reader, const struct input *input)
{
    for (uint32_t i = 0; i < reader->input_count; i++)
        if (&reader->inputs[i] != input && reader->inputs[i].share.state == TLM_INPUT_IDLE)
            return 1;
    return 0;
}

/* From now on it holds the watermark back; its batch follows once the others had time to wake as well. */
static int hold(tlm_partition_reader *reader, struct input *input, const tlm_records *records)
{
    input->held = records;
    input->held_until_ns = tlm_monotonic_ns() + WAKE_PAUSE_NS;
    input->quiet_ns = INT64_MAX;
    return tell(reader, input, TLM_INPUT_ACTIVE);
}

/* 1: it was time; 0: not yet. */
static int let_go(tlm_partition_reader *reader, struct input *input)
{
    const tlm_records *records = input->held;
    if (tlm_monotonic_ns() < input->held_until_ns)
        return 0;
    input->held = NULL;
    int result = take_records(reader, input, records);
    return result < 0 ? result : 1;
}

/* 1: something was handed on. */
static int read_input(tlm_partition_reader *reader, struct input *input)
{
    const tlm_records *records = NULL;
    tlm_error error = {"no reason was given"};
    if (input->held)
        return let_go(reader, input);
    int result = reader->source->read(reader->partition, input->share.input, (uint32_t)reader->pipeline->batch_records,
                                      &records, &error);
    switch (result) {
    case TLM_READ_RECORDS:
        if (input->share.state == TLM_INPUT_IDLE && is_another_idle(reader, input))
            return hold(reader, input, records);
        result = take_records(reader, input, records);
        return result < 0 ? result : 1;
    case TLM_READ_WAITING:
        input->quiet_ns = INT64_MAX;
        return input->share.state == TLM_INPUT_IDLE ? tell(reader, input, TLM_INPUT_ACTIVE) : 0;
    case TLM_READ_QUIET:
        return take_quiet(reader, input);
    default:
        return fail(reader, result < 0 ? result : -EPROTO, error.text);
    }
}

/* --- which input comes next -------------------------------------------------------------------------------------- */

/* Event time that the inputs which are not idle have all reached. */
static int64_t least_reached(const tlm_partition_reader *reader)
{
    int64_t least_ns = INT64_MAX;
    for (uint32_t i = 0; i < reader->input_count; i++) {
        const struct input *input = &reader->inputs[i];
        if (input->share.state == TLM_INPUT_ACTIVE && input->share.reached_ns < least_ns)
            least_ns = input->share.reached_ns;
    }
    return least_ns;
}

/*
 * What is far ahead of the others is not read: its windows would be open all at once. The events of a producer whose
 * clock is ahead put an input no further than the clock, or what the others have would make its next ones late. One
 * that is idle is always looked at, for nobody waits for what it may have.
 */
static int is_too_far_ahead(const struct input *input, int64_t least_ns)
{
    const int64_t ahead_ns = TLM_READ_AHEAD_SECONDS * TLM_NS_PER_SECOND;
    int64_t reached_ns = input->share.reached_ns, now_ns = tlm_realtime_ns();
    if (reached_ns == INT64_MIN || least_ns == INT64_MAX || input->share.state == TLM_INPUT_IDLE)
        return 0;
    return least_ns == INT64_MIN || (reached_ns < now_ns ? reached_ns : now_ns) - least_ns > ahead_ns;
}

/* The input furthest behind that is not in `tried`, a bit each; input_count: none. */
static uint32_t next_input(const tlm_partition_reader *reader, uint32_t tried)
{
    uint32_t next = reader->input_count;
    for (uint32_t i = 0; i < reader->input_count; i++)
        if (!(tried & (1u << i)) &&
            (next == reader->input_count || reader->inputs[i].share.reached_ns < reader->inputs[next].share.reached_ns))
            next = i;
    return next;
}

/* One batch of the input that is furthest behind and has one: 1; 0: there is none now. */
static int read_once(tlm_partition_reader *reader)
{
    int64_t least_ns = least_reached(reader);
    uint32_t tried = 0, i;
    while ((i = next_input(reader, tried)) < reader->input_count) {
        tried |= 1u << i;
        if (is_too_far_ahead(&reader->inputs[i], least_ns))
            continue;
        int result = read_input(reader, &reader->inputs[i]);
        if (result)
            return result;
    }
    return 0;
}

/* --- as the lane asks -------------------------------------------------------------------------------------------- */

static int pull(void *context, tlm_error *error)
{
    tlm_partition_reader *reader = context;
    reader->error = error;
    return read_once(reader);
}

/* No longer than until a batch that is held is due. */
static void wait(void *context, int64_t until_ns)
{
    tlm_partition_reader *reader = context;
    for (uint32_t i = 0; i < reader->input_count; i++)
        if (reader->inputs[i].held && reader->inputs[i].held_until_ns < until_ns)
            until_ns = reader->inputs[i].held_until_ns;
    int64_t wait_ns = until_ns - tlm_monotonic_ns();
    if (wait_ns > 0)
        reader->source->wait(reader->partition, (int32_t)(wait_ns / TLM_NS_PER_MS) + 1);
}

static void wake(void *context)
{
    tlm_partition_reader *reader = context;
    reader->source->wake(reader->partition);
}

/* --- life -------------------------------------------------------------------------------------------------------- */

/* Where reading begins; an input that the checkpoint does not know yet is noted where it begins. */
static int open_partition(tlm_partition_reader *reader, tlm_error *error)
{
    const tlm_partition_reader_options *options = &reader->options;
    const tlm_position *from[TLM_PARTITION_INPUTS_MAX] = {NULL};
    tlm_position start[TLM_PARTITION_INPUTS_MAX] = {{0}};
    tlm_error reason = {"no reason was given"};
    for (uint32_t i = 0; i < reader->input_count; i++)
        if (reader->inputs[i].lane.has_record)
            from[i] = &reader->inputs[i].lane.record.from;
    int result =
        reader->source->lane_open(options->source->instance, options->lane, from, start, &reader->partition, &reason);
    if (result < 0)
        return tlm_error_set(error, result, "%s: %.900s", options->source->host.instance, reason.text);
    for (uint32_t i = 0; i < reader->input_count; i++)
        if (!from[i])
            tlm_lane_begin_input(options->worker, i, &start[i]);
    return 0;
}

static void init_input(tlm_partition_reader *reader, uint32_t index, const char *name)
{
    struct input *input = &reader->inputs[index];
    const tlm_input_record *record = tlm_lane_input(reader->options.worker, name);
    *input = (struct input){.quiet_ns = INT64_MAX};
    input->lane = (tlm_reader_lane){.inbox = tlm_lane_inbox(reader->options.worker),
                                    .has_record = record != NULL,
                                    .refused = tlm_lane_refused(reader->options.worker, name)};
    input->share = (tlm_share_input){.input = index,
                                     .state = TLM_INPUT_ACTIVE,
                                     .highest_ns = record ? record->highest_ns : INT64_MIN,
                                     .reached_ns = INT64_MIN,
                                     .lanes = &input->lane};
    if (record)
        input->lane.record = *record;
}

int tlm_partition_reader_create(const tlm_partition_reader_options *options, tlm_partition_reader **ret_reader,
                                tlm_error *error)
{
    tlm_partition_reader *reader = calloc(1, sizeof *reader);
    if (!reader)
        return tlm_error_set(error, -ENOMEM, "out of memory");
    reader->options = *options;
    reader->pipeline = &options->shared->plan->pipeline;
    reader->source = tlm_living_interface(options->source, TLM_INTERFACE_PARTITIONS);
    reader->codec = tlm_living_interface(options->codec, TLM_INTERFACE_CODEC);
    for (; reader->input_count < TLM_PARTITION_INPUTS_MAX && options->inputs[reader->input_count];
         reader->input_count++)
        init_input(reader, reader->input_count, options->inputs[reader->input_count]);
    int result = tlm_share_init(&reader->share, reader->pipeline, 1);
    reader->share.partition_count = options->lane_count;
    reader->share.partition = options->lane;
    if (result < 0)
        tlm_error_set(error, result, "out of memory");
    if (!result)
        result = reader->codec->open(options->codec->instance, &reader->decoder, error);
    if (!result)
        result = open_partition(reader, error);
    if (result < 0) {
        tlm_partition_reader_destroy(reader);
        return result;
    }
    tlm_lane_pull_from(options->worker,
                       &(tlm_lane_puller){.pull = pull, .wait = wait, .wake = wake, .context = reader});
    *ret_reader = reader;
    return 0;
}

void tlm_partition_reader_destroy(tlm_partition_reader *reader)
{
    if (!reader)
        return;
    for (uint32_t i = 0; i < reader->input_count; i++)
        if (reader->inputs[i].held)
            reader->inputs[i].held->unref(reader->inputs[i].held); /* it will be read again */
    if (reader->partition)
        reader->source->lane_close(reader->partition);
    if (reader->decoder)
        reader->codec->close(reader->decoder);
    tlm_share_finish(&reader->share);
    free(reader);
}

uint64_t tlm_partition_reader_records(const tlm_partition_reader *reader)
{
    return atomic_load_explicit(&reader->records, memory_order_relaxed);
}
