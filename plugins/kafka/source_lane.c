/* SPDX-License-Identifier: Apache-2.0 */
#include "source_lane.h"
#include "source_group.h"

#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* --- where reading begins ----------------------------------------------------------------------------------------- */

/* Never 0, which stands for no log at all. */
static uint64_t generation_of(const tlm_instance *source, uint32_t input, uint32_t lane)
{
    uint64_t generation = (source->generations[input] ^ lane) * UINT64_C(0x100000001b3); /* FNV-1a's step */

    return generation != 0 ? generation : 1;
}

static int check_place(const tlm_kafka_lane_input *input, uint32_t lane, const tlm_position *from, int64_t low,
                       int64_t high, tlm_error *error)
{
    if (from->generation != input->generation)
        return tlm_error_set(
            error, -ESTALE,
            "topic %.200s, partition %" PRIu32 ": the checkpoint's offset %" PRId64
            " counts in another topic or another Kafka cluster; put topic and bootstrap_servers back to "
            "what they were, or begin with an empty checkpoint",
            input->topic, lane, from->ordinal);
    if (from->ordinal < low)
        return tlm_error_set(error, -ESTALE,
                             "topic %.200s, partition %" PRIu32 ": offset %" PRId64
                             " is wanted, but the broker has deleted what lies before %" PRId64
                             " (it has up to %" PRId64 "): %" PRId64
                             " events are lost to retention; keep more in the topic (retention.ms), and to "
                             "go on without them begin with an empty checkpoint",
                             input->topic, lane, from->ordinal, low, high, low - from->ordinal);
    if (from->ordinal > high)
        return tlm_error_set(error, -ESTALE,
                             "topic %.200s, partition %" PRIu32 ": offset %" PRId64
                             " is wanted, but the broker has only %" PRId64 " to %" PRId64
                             ": the topic was made anew or its broker lost data; restore it, or begin with an empty "
                             "checkpoint",
                             input->topic, lane, from->ordinal, low, high);
    return 0;
}

static int find_start(tlm_partition *partition, uint32_t i, const tlm_kafka_ranges *ranges, const tlm_position *from,
                      tlm_position *ret_start, tlm_error *error)
{
    tlm_kafka_lane_input *input = &partition->inputs[i];
    int64_t low = ranges->low[i], high = ranges->high[i];
    int result = from ? check_place(input, partition->lane, from, low, high, error) : 0;

    if (result < 0)
        return result;
    tlm_kafka_reader_note_answer(input->reader, partition->lane, high);
    input->next = partition->source->config->start == TLM_KAFKA_START_LATEST ? high : low;
    if (from)
        input->next = from->ordinal;
    input->is_at_end = input->next == high; /* the broker has just said so: no need to wait for a fetch that finds it */
    *ret_start =
        (tlm_position){.ordinal = input->next, .offset = input->next, .line = 0, .generation = input->generation};
    return 0;
}

/* --- life --------------------------------------------------------------------------------------------------------- */

static int start_input(tlm_partition *partition, tlm_kafka_lane_input *input, tlm_error *error)
{
    static const uint64_t one = 1;
    int32_t number = (int32_t)partition->lane;
    int64_t nobody = -1;

    if (!atomic_compare_exchange_strong(&input->place->next, &nobody, input->next))
        return tlm_error_set(error, -EBUSY, "topic %.200s, partition %" PRId32 " is being read already", input->topic,
                             number);
    atomic_store(&input->place->fault, 0);
    input->outages_noted = input->outages_known = atomic_load(&input->place->outages);
    input->queue = rd_kafka_queue_get_partition(input->reader->kafka, input->topic, number);
    if (input->queue) {
        rd_kafka_queue_io_event_enable(input->queue, partition->news_fd, &one, sizeof one);
        if (rd_kafka_consume_start(input->reader->topic, number, input->next) == 0)
            return 0;
        rd_kafka_queue_io_event_enable(input->queue, -1, NULL, 0);
        rd_kafka_queue_destroy(input->queue);
        input->queue = NULL;
    }
    atomic_store(&input->place->next, -1);
    return tlm_error_set(error, -EAGAIN, "topic %.200s, partition %" PRId32 " cannot be read now: %s", input->topic,
                         number, rd_kafka_err2str(rd_kafka_last_error()));
}

/* What was fetched and is read no more: librdkafka counts it as outdated from the stop on, and drops it when asked. */
static void drain(tlm_partition *partition, const tlm_kafka_lane_input *input)
{
    ssize_t count;

    do {
        count = rd_kafka_consume_batch_queue(input->queue, 0, partition->messages, TLM_KAFKA_BATCH_RECORDS_MAX);
        for (ssize_t i = 0; i < count; i++)
            rd_kafka_message_destroy(partition->messages[i]);
    } while (count > 0);
}

static void stop_input(tlm_partition *partition, tlm_kafka_lane_input *input)
{
    if (!input->queue)
        return;
    if (rd_kafka_consume_stop(input->reader->topic, (int32_t)partition->lane) < 0)
        tlm_kafka_client_log(partition->source->client, TLM_LOG_WARNING,
                             "topic %s, partition %" PRIu32 ": stopping: %s", input->topic, partition->lane,
                             rd_kafka_err2str(rd_kafka_last_error()));
    rd_kafka_queue_io_event_enable(input->queue, -1, NULL, 0);
    drain(partition, input);
    rd_kafka_queue_destroy(input->queue);
    input->queue = NULL;
    if (input->refusal)
        rd_kafka_message_destroy(input->refusal);
    input->refusal = NULL;
    atomic_store(&input->place->next, -1);
}

void tlm_kafka_lane_close(tlm_partition *partition)
{
    if (!partition)
        return;
    for (int i = 0; i < TLM_KAFKA_INPUTS; i++)
        stop_input(partition, &partition->inputs[i]);
    if (partition->news_fd >= 0)
        (void)close(partition->news_fd);
    free(partition);
}

static void init_input(tlm_partition *partition, uint32_t i)
{
    static const uint32_t kinds[TLM_KAFKA_INPUTS] = {TLM_EVENT_CHAT, TLM_EVENT_VIEWER, TLM_EVENT_TRANSACTION,
                                                     TLM_EVENT_STREAM_META};
    tlm_instance *source = partition->source;

    partition->inputs[i] = (tlm_kafka_lane_input){
        .reader = source->readers[i],
        .place = &source->readers[i]->places[partition->lane],
        .topic = source->topics[i],
        .kind = kinds[i],
        .generation = generation_of(source, i, partition->lane),
    };
}

int tlm_kafka_lane_open(tlm_instance *source, uint32_t lane, const tlm_position *const *from, tlm_position *ret_start,
                        tlm_partition **ret_partition, tlm_error *error)
{
    tlm_position start[TLM_KAFKA_INPUTS];
    tlm_kafka_ranges ranges;
    tlm_partition *partition = calloc(1, sizeof *partition);
    int result = 0;

    if (!partition)
        return tlm_error_set(error, -ENOMEM, "no memory");
    partition->source = source;
    partition->lane = lane;
    partition->news_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (partition->news_fd < 0)
        result = tlm_error_set(error, -errno, "no eventfd for lane %" PRIu32 ": %s", lane, strerror(errno));
    if (result == 0)
        result = tlm_kafka_group_ranges(source->group, lane, &ranges, error);
    for (uint32_t i = 0; result == 0 && i < TLM_KAFKA_INPUTS; i++) {
        init_input(partition, i);
        result = find_start(partition, i, &ranges, from ? from[i] : NULL, &start[i], error);
    }
    for (uint32_t i = 0; result == 0 && i < TLM_KAFKA_INPUTS; i++)
        result = start_input(partition, &partition->inputs[i], error);
    if (result < 0) {
        tlm_kafka_lane_close(partition);
        return result;
    }
    memcpy(ret_start, start, sizeof start);
    *ret_partition = partition;
    return 0;
}

/* --- waiting ------------------------------------------------------------------------------------------------------ */

void tlm_kafka_lane_wait(tlm_partition *partition, int32_t timeout_ms)
{
    struct pollfd news = {.fd = partition->news_fd, .events = POLLIN};
    uint64_t count;

    if (poll(&news, 1, timeout_ms) <= 0)
        return; /* time is over, or a signal: the caller looks again */
    if (read(partition->news_fd, &count, sizeof count) < 0)
        return; /* nothing is lost: the caller looks at every queue now */
}

void tlm_kafka_lane_wake(tlm_partition *partition)
{
    const uint64_t one = 1;

    /* Fails only when the counter is full, and then the reader is being woken already. */
    if (write(partition->news_fd, &one, sizeof one) < 0)
        return;
}
