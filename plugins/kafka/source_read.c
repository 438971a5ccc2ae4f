/* SPDX-License-Identifier: Apache-2.0 */
#include "source_batch.h"

#include "common/clock.h"
#include "source_group.h"
#include "source_lane.h"

#include <inttypes.h>

/* --- what comes besides records ----------------------------------------------------------------------------------- */

static int refuse_range(const tlm_partition *partition, const tlm_kafka_lane_input *input, tlm_error *error)
{
    size_t i = (size_t)(input - partition->inputs);
    char has[64] = "no longer has it";
    tlm_kafka_ranges ranges;

    if (tlm_kafka_group_ranges(partition->source->group, partition->lane, &ranges, NULL) == 0)
        (void)snprintf(has, sizeof has, "has only %" PRId64 " to %" PRId64, ranges.low[i], ranges.high[i]);
    return tlm_error_set(
        error, -ESTALE,
        "topic %.200s, partition %" PRIu32 ": offset %" PRId64
        " was to be read next, but the broker %s: what lay before was deleted while it was waited for, or "
        "the topic was made anew; keep more in the topic (retention.ms), and to go on without what is "
        "lost begin with an empty checkpoint",
        input->topic, partition->lane, input->next, has);
}

/* A fault that waiting does not mend. */
static int refuse(const tlm_partition *partition, const tlm_kafka_lane_input *input, const rd_kafka_message_t *message,
                  tlm_error *error)
{
    if (message->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET || message->err == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE)
        return refuse_range(partition, input, error);
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR)
        return tlm_error_set(error, -EIO,
                             "topic %.200s, partition %" PRIu32 ": offset %" PRId64 " came where %" PRId64
                             " or a higher one was to come",
                             input->topic, partition->lane, message->offset, input->next);
    return tlm_error_set(
        error, -EIO,
        "topic %.200s, partition %" PRIu32 ": what follows offset %" PRId64
        " cannot be read: %.300s; the broker's log is damaged or compressed in a way that this librdkafka "
        "does not know",
        input->topic, partition->lane, input->next,
        message->payload ? (const char *)message->payload : rd_kafka_err2str(message->err));
}

/* Whether waiting does not mend what the message says. */
static bool is_refusal(const tlm_kafka_lane_input *input, const rd_kafka_message_t *message)
{
    switch (message->err) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
        return message->offset < input->next && !input->has_sought;
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
    case RD_KAFKA_RESP_ERR__BAD_MSG:
    case RD_KAFKA_RESP_ERR__BAD_COMPRESSION:
    case RD_KAFKA_RESP_ERR__NOT_IMPLEMENTED:
    case RD_KAFKA_RESP_ERR_INVALID_MSG:
        return true;
    default:
        return false;
    }
}

static void note_end(tlm_kafka_lane_input *input, const rd_kafka_message_t *message)
{
    if (message->offset < input->next)
        return;
    /* It was said at some time after the queue was seen empty: an outage since then may be younger than it. */
    input->is_at_end = true;
    input->must_ask_end = false;
    input->outages_known = input->outages_noted;
    atomic_store(&input->place->fault, 0);
}

static void note_fault(const tlm_partition *partition, tlm_kafka_lane_input *input, const rd_kafka_message_t *message)
{
    input->is_at_end = false;
    input->must_ask_end = true;
    if (atomic_exchange(&input->place->fault, message->err) != (int32_t)message->err)
        tlm_kafka_client_log(partition->source->client, TLM_LOG_WARNING, "topic %s, partition %" PRIu32 ": %s",
                             input->topic, partition->lane, rd_kafka_err2str(message->err));
}

/* --- records ------------------------------------------------------------------------------------------------------ */

static void note_gap(const tlm_partition *partition, tlm_kafka_lane_input *input, int64_t offset)
{
    tlm_kafka_source_add(partition->source, partition->source->metrics.gaps, offset - input->next);
    if (input->has_told_gap)
        return;
    input->has_told_gap = true;
    tlm_kafka_client_log(partition->source->client, TLM_LOG_INFO,
                         "topic %s, partition %" PRIu32 ": no records between offset %" PRId64 " and %" PRId64
                         ", as after compaction or transactions; further gaps are counted only",
                         input->topic, partition->lane, input->next, offset);
}

static void add_record(tlm_kafka_batch *batch, const tlm_kafka_lane_input *input, const rd_kafka_message_t *message)
{
    rd_kafka_timestamp_type_t type;
    int64_t time_ms = rd_kafka_message_timestamp(message, &type);
    size_t size = message->len < TLM_RECORD_SIZE_MAX ? message->len : TLM_RECORD_SIZE_MAX;

    tlm_kafka_batch_add(
        batch,
        (tlm_record){
            .position = {.ordinal = message->offset, .offset = message->offset, .generation = input->generation},
            .full_size = message->len,
            /* A producer's own time says nothing of when the log took it. */
            .append_time_ns = type == RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME ? time_ms * 1000000 : 0,
            .kind = input->kind},
        message->payload, size);
}

static size_t count_bytes(rd_kafka_message_t *const *messages, uint32_t count)
{
    size_t size = 0;

    for (uint32_t i = 0; i < count; i++) {
        if (messages[i]->err == RD_KAFKA_RESP_ERR_NO_ERROR)
            size += messages[i]->len < TLM_RECORD_SIZE_MAX ? messages[i]->len : TLM_RECORD_SIZE_MAX;
    }
    return size;
}

/* Takes what one message says; true when nothing behind it may be taken any more. */
static bool take(tlm_partition *partition, tlm_kafka_lane_input *input, rd_kafka_message_t *message,
                 tlm_kafka_batch *batch)
{
    if (is_refusal(input, message)) {
        input->refusal = message;
        return true;
    }
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        note_end(input, message);
    } else if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        note_fault(partition, input, message);
    } else if (message->offset >= input->next) {
        if (message->offset > input->next)
            note_gap(partition, input, message->offset);
        add_record(batch, input, message);
        input->next = message->offset + 1;
        input->is_at_end = false;
    }
    rd_kafka_message_destroy(message);
    return false;
}

/* Lets the fetching thread fill up again what was taken. */
static void note_taken(tlm_kafka_lane_input *input, uint32_t count, size_t size)
{
    input->taken_records += count;
    input->taken_bytes += (int64_t)size;
    if (input->taken_records < input->reader->queue_records / 2 && input->taken_bytes < input->reader->queue_bytes / 2)
        return;
    input->taken_records = input->taken_bytes = 0;
    tlm_kafka_reader_nudge(input->reader);
}

static int take_all(tlm_partition *partition, tlm_kafka_lane_input *input, uint32_t count,
                    const tlm_records **ret_records, tlm_error *error)
{
    rd_kafka_message_t **messages = partition->messages;
    size_t size = count_bytes(messages, count);
    tlm_kafka_batch *batch = tlm_kafka_batch_create(count, size, input->topic);
    uint32_t i = 0;

    while (batch && i < count && !take(partition, input, messages[i], batch))
        i++;
    /* What lies behind a fault is not read: the lane ends with it. */
    for (i += batch != NULL; i < count; i++)
        rd_kafka_message_destroy(messages[i]);
    if (!batch)
        return tlm_error_set(error, -ENOMEM, "no memory for a batch of %" PRIu32 " records", count);
    const tlm_records *records = tlm_kafka_batch_finish(
        batch, (tlm_position){.ordinal = input->next, .offset = input->next, .generation = input->generation});
    if (records->record_count == 0) {
        records->unref(records);
        return 0;
    }
    input->has_sought = false;
    atomic_store_explicit(&input->place->next, input->next, memory_order_relaxed);
    if (atomic_load_explicit(&input->place->fault, memory_order_relaxed) != 0)
        atomic_store(&input->place->fault, 0);
    tlm_kafka_source_add(partition->source, partition->source->metrics.messages, records->record_count);
    tlm_kafka_source_add(partition->source, partition->source->metrics.bytes, (int64_t)records->data_size);
    note_taken(input, records->record_count, records->data_size);
    *ret_records = records;
    return TLM_READ_RECORDS;
}

/* --- the end ------------------------------------------------------------------------------------------------------ */

/* The queue is empty. Whether that is the input's end is known only while its broker is heard of, and while it was not
 * lost since the end was reached; else it is asked anew, which throws nothing away: nothing is there. */
static int judge_empty(const tlm_partition *partition, tlm_kafka_lane_input *input)
{
    bool is_heard = tlm_kafka_place_is_heard(input->place, tlm_clock_ns());

    input->outages_noted = atomic_load(&input->place->outages);
    if (input->is_at_end && input->outages_known != input->outages_noted) {
        input->is_at_end = false;
        input->must_ask_end = true;
    }
    if (input->must_ask_end && is_heard) {
        rd_kafka_resp_err_t code =
            rd_kafka_seek(input->reader->topic, (int32_t)partition->lane, input->next, 0 /* do not wait for it */);
        input->must_ask_end = code != RD_KAFKA_RESP_ERR_NO_ERROR;
        input->has_sought = true;
    }
    return input->is_at_end && is_heard ? TLM_READ_QUIET : TLM_READ_WAITING;
}

int tlm_kafka_lane_read(tlm_partition *partition, uint32_t index, uint32_t max_records, const tlm_records **ret_records,
                        tlm_error *error)
{
    tlm_kafka_lane_input *input = &partition->inputs[index];

    if (input->refusal)
        return refuse(partition, input, input->refusal, error);
    if (max_records > TLM_KAFKA_BATCH_RECORDS_MAX)
        max_records = TLM_KAFKA_BATCH_RECORDS_MAX;
    ssize_t count = rd_kafka_consume_batch_queue(input->queue, 0, partition->messages, max_records);
    if (count < 0)
        return tlm_error_set(error, -EIO, "topic %.200s, partition %" PRIu32 ": %s", input->topic, partition->lane,
                             rd_kafka_err2str(rd_kafka_last_error()));
    if (count == 0)
        return judge_empty(partition, input);
    int result = take_all(partition, input, (uint32_t)count, ret_records, error);
    if (result == 0 && input->refusal)
        return refuse(partition, input, input->refusal, error);
    return result == 0 ? judge_empty(partition, input) : result;
}
