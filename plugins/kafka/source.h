/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file source.h
 * What the rooms of the source share.
 *
 * The source has a librdkafka handle that only holds the membership in the consumer group and never fetches
 * (source_group.h), and one a topic that knows no group and only fetches (source_reader.h): a rebalance therefore never
 * touches what is being read. A lane (source_lane.h) is the same partition number of all topics. One thread polls all
 * handles and judges health (source_keeper.h).
 */
#ifndef TLM_KAFKA_SOURCE_H
#define TLM_KAFKA_SOURCE_H

#include "client.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

enum {
    TLM_KAFKA_INPUTS = 4,
    TLM_KAFKA_NAME_MAX = 64,    /**< bytes of an input's name in a checkpoint */
    TLM_KAFKA_LANES_MAX = 4096, /**< partitions of a topic */
};

/** Values of `start`. */
enum { TLM_KAFKA_START_EARLIEST = 1, TLM_KAFKA_START_LATEST = 2 };

typedef struct tlm_kafka_source_config {
    tlm_kafka_client_options client;
    const char *topic_chat, *topic_viewer, *topic_transactions, *topic_stream_meta;
    const char *group_id, *group_instance_id;
    uint32_t start;
    int64_t partitions;         /**< that the topics must have; 0: any number */
    int64_t session_timeout_ms; /**< until a member that is not heard of loses its lanes */
    int64_t queue_bytes;        /**< fetched and not read yet, all lanes together */
} tlm_kafka_source_config;

/** Series of the metrics service; each may be NULL. */
typedef struct tlm_kafka_source_metrics {
    const tlm_metrics_service *service;
    tlm_metric *messages, *bytes, *rebalances, *gaps, *outages, *lanes;
    tlm_metric *lag[TLM_KAFKA_INPUTS], *lag_highest[TLM_KAFKA_INPUTS];
} tlm_kafka_source_metrics;

typedef struct tlm_kafka_group tlm_kafka_group;
typedef struct tlm_kafka_reader tlm_kafka_reader;
typedef struct tlm_kafka_keeper tlm_kafka_keeper;
typedef struct tlm_kafka_clock tlm_kafka_clock;

/** Properties that the source sets itself or keeps others from setting. */
enum { TLM_KAFKA_SOURCE_PROPERTIES_MAX = 40 };

struct tlm_instance {
    const tlm_host *host;
    const tlm_kafka_source_config *config;
    tlm_kafka_client *client;
    tlm_kafka_property properties[TLM_KAFKA_SOURCE_PROPERTIES_MAX];
    size_t property_count;
    char session_timeout_text[24];
    tlm_kafka_source_metrics metrics;
    const char *topics[TLM_KAFKA_INPUTS];
    char names[TLM_KAFKA_INPUTS][TLM_KAFKA_NAME_MAX + 1];
    const char *inputs[TLM_KAFKA_INPUTS + 1]; /**< NULL-terminated, as the host gets it */
    bool is_overdue;                          /**< librdkafka did not end in time: nothing that it uses may be freed */
    /* From open to close: */
    tlm_partitions_listener listener;
    uint32_t lane_count;
    uint64_t generations[TLM_KAFKA_INPUTS]; /**< what an offset counts in, but for the partition's number */
    tlm_kafka_group *group;
    tlm_kafka_reader *readers[TLM_KAFKA_INPUTS];
    atomic_bool has_readers; /**< all of them are set: for the keeper's thread */
    tlm_kafka_keeper *keeper;
    tlm_kafka_clock *clock;
};

/** tlm_metrics_service.add and .set where there is such a service. */
void tlm_kafka_source_add(const tlm_instance *source, tlm_metric *metric, int64_t amount);
void tlm_kafka_source_set(const tlm_instance *source, tlm_metric *metric, int64_t value);

/** Tells the host that it must stop. Any thread, until `close` returns. */
TLM_PRINTF(2, 3)
void tlm_kafka_source_fail(const tlm_instance *source, const char *format, ...);

#endif
