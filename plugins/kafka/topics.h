/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file topics.h
 * The topics that a sink writes to: made where they are absent, judged where they exist. Blocks for a few seconds at
 * most; one thread, which meanwhile serves the callbacks of the producer.
 */
#ifndef TLM_KAFKA_TOPICS_H
#define TLM_KAFKA_TOPICS_H

#include "client.h"

/** Topics of one sink. */
#define TLM_KAFKA_TOPICS_MAX 64

/** A record of 1 MiB with its key and headers fits in, and a batch that holds nothing else. */
#define TLM_KAFKA_MESSAGE_BYTES_MAX (2u * 1024u * 1024u)

typedef struct tlm_kafka_topic {
    const char *name;
    uint32_t is_event;  /**< of the four that must have one number of partitions */
    int32_t partitions; /**< as asked for when it has to be made */
} tlm_kafka_topic;

typedef struct tlm_kafka_topics {
    tlm_kafka_topic list[TLM_KAFKA_TOPICS_MAX];
    uint32_t count;
    int32_t replication_factor; /**< -1: the broker's default */
    int64_t retention_ms;
    uint32_t is_judged; /**< their settings were looked at: warnings are said once */
} tlm_kafka_topics;

/**
 * Sees to it that all are there. 0; -EAGAIN with a sentence: may be well later; other negative: waiting does not help,
 * with a sentence that says what to do.
 */
int tlm_kafka_topics_ensure(tlm_kafka_topics *topics, rd_kafka_t *kafka, tlm_kafka_client *client, tlm_error *error);

#endif
