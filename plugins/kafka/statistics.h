/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file statistics.h
 * librdkafka's statistics, which it hands out as JSON once a second, as plain structs.
 * Fields: https://github.com/confluentinc/librdkafka/blob/v2.0.2/STATISTICS.md
 */
#ifndef TLM_KAFKA_STATISTICS_H
#define TLM_KAFKA_STATISTICS_H

#include <telemetra/base.h>

/** A broker; -1 where a number is not known. */
typedef struct tlm_kafka_broker {
    const char *name;  /**< host:port/id */
    const char *state; /**< INIT, DOWN, CONNECT, AUTH_..., APIVERSION_QUERY, UP, ... */
    int64_t node_id;   /**< -1: a bootstrap address whose id is not known yet */
    int64_t state_age_us, send_idle_us, receive_idle_us;
    int64_t round_trip_p99_us;
    int64_t requests_waiting; /**< in its output buffer and in flight */
    int64_t receive_errors, send_errors, timeouts;
    uint32_t is_up;      /**< 1: its state is UP */
    uint32_t is_logical; /**< the group's coordinator, seen through a connection of its own */
} tlm_kafka_broker;

/** A topic's partition that this client knows; -1 where a number is not known. */
typedef struct tlm_kafka_partition {
    const char *topic;
    int64_t partition;
    int64_t leader;                        /**< node id of the leader */
    int64_t broker;                        /**< node id of the broker that it is fetched from; -1: none */
    const char *fetch_state;               /**< none, stopping, stopped, offset-query, offset-wait, active */
    int64_t lag;                           /**< messages between the last one given to the owner and the end */
    int64_t low_offset, high_offset;       /**< as the broker said last */
    int64_t application_offset;            /**< of the last message given to the owner, plus one */
    int64_t fetched_count, fetched_bytes;  /**< waiting for the owner */
    int64_t produced_count, waiting_count; /**< messages sent, and in the queue of a producer */
    uint32_t is_desired;                   /**< assigned to this consumer */
    uint32_t is_unknown;                   /**< the brokers do not have it */
} tlm_kafka_partition;

typedef struct tlm_kafka_statistics {
    const tlm_kafka_broker *brokers;
    const tlm_kafka_partition *partitions;
    uint32_t broker_count, partition_count;
    uint32_t up_count, real_count;           /**< brokers that are up, and brokers whose id is known */
    int64_t messages_waiting, bytes_waiting; /**< in all queues of a producer, in flight too */
} tlm_kafka_statistics;

/** Parsed statistics with the memory behind them. */
typedef struct tlm_kafka_statistics_text tlm_kafka_statistics_text;

/** Parses `json`. NULL when memory is short or it is no JSON of this kind. */
tlm_kafka_statistics_text *tlm_kafka_statistics_parse(const char *json, size_t size);
const tlm_kafka_statistics *tlm_kafka_statistics_of(const tlm_kafka_statistics_text *text);
void tlm_kafka_statistics_destroy(tlm_kafka_statistics_text *text);

#endif
