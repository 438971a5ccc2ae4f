/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file source_lane.h
 * A lane being read: the same partition number of all topics, each with a queue of its own and one descriptor that
 * tells of news in any of them.
 *
 * Queues are read with librdkafka's calls for simple consumers. Nothing is paused, sought or assigned anew while there
 * is something fetched, so its faults around those (issue 4208) cannot show.
 */
#ifndef TLM_KAFKA_SOURCE_LANE_H
#define TLM_KAFKA_SOURCE_LANE_H

#include "source_reader.h"

/** Most records of a batch, whatever the host asks for. */
#define TLM_KAFKA_BATCH_RECORDS_MAX 4096

/** An input of a lane; its reading thread's, but for what lies in the place. */
typedef struct tlm_kafka_lane_input {
    tlm_kafka_reader *reader;
    tlm_kafka_place *place;
    rd_kafka_queue_t *queue; /**< NULL: not started */
    const char *topic;
    uint32_t kind;
    uint64_t generation;
    int64_t next;           /**< offset that comes next, gaps apart */
    uint32_t outages_noted; /**< of the place, when the queue was seen empty the last time */
    uint32_t outages_known; /**< of the place, when its end was reached */
    bool is_at_end;         /**< nothing came since the broker said that `next` is the end */
    bool must_ask_end;      /**< the broker was lost since: whether that is still the end must be asked */
    bool has_sought;        /**< records before `next` may come once more */
    bool has_told_gap;
    int64_t taken_bytes, taken_records; /**< since the last nudge */
    rd_kafka_message_t *refusal;        /**< the fault that follows the records of the last batch */
} tlm_kafka_lane_input;

struct tlm_partition {
    tlm_instance *source;
    uint32_t lane;
    int news_fd; /**< eventfd */
    tlm_kafka_lane_input inputs[TLM_KAFKA_INPUTS];
    rd_kafka_message_t *messages[TLM_KAFKA_BATCH_RECORDS_MAX];
};

/* As in tlm_partitions. */
int tlm_kafka_lane_open(tlm_instance *source, uint32_t lane, const tlm_position *const *from, tlm_position *ret_start,
                        tlm_partition **ret_partition, tlm_error *error);
int tlm_kafka_lane_read(tlm_partition *partition, uint32_t input, uint32_t max_records, const tlm_records **ret_records,
                        tlm_error *error);
void tlm_kafka_lane_wait(tlm_partition *partition, int32_t timeout_ms);
void tlm_kafka_lane_wake(tlm_partition *partition);
void tlm_kafka_lane_close(tlm_partition *partition);

#endif
