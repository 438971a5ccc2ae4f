/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file routes.h
 * Which rows become messages, of which topic, and how: `events` as their bytes came, `dead_letters` as raw bytes with
 * what is known of them in headers, other datasets as JSON.
 */
#ifndef TLM_KAFKA_ROUTES_H
#define TLM_KAFKA_ROUTES_H

#include "topics.h"

#include "common/buffer.h"

/** Datasets that one sink writes. */
#define TLM_KAFKA_ROUTES_MAX 32

enum { TLM_KAFKA_EVENTS = 1, TLM_KAFKA_DEAD_LETTERS = 2, TLM_KAFKA_JSON = 3 };

/** A dataset on its way to a topic. */
typedef struct tlm_kafka_route {
    const tlm_dataset *dataset;
    uint32_t kind;  /**< TLM_KAFKA_EVENTS ... */
    uint32_t topic; /**< index into the topics; of events that of chat, then the other three by their kind */
    uint32_t key;   /**< column whose bytes are the message's key; UINT32_MAX: none */
    uint32_t value; /**< column whose bytes are the message; UINT32_MAX: the row as JSON */
    uint32_t what;  /**< events: column that names the kind */
} tlm_kafka_route;

typedef struct tlm_kafka_routes {
    tlm_kafka_route list[TLM_KAFKA_ROUTES_MAX];
    uint32_t count;
} tlm_kafka_routes;

/** What the options say of datasets and topics. */
typedef struct tlm_kafka_route_options {
    const char *topic_chat, *topic_viewer, *topic_transactions, *topic_stream_meta, *dead_letter_topic;
    tlm_text_list datasets; /**< "windows=topic" */
    int64_t partitions;
} tlm_kafka_route_options;

/** Checks what needs no knowledge of datasets: -EINVAL with a sentence. */
int tlm_kafka_route_options_check(const tlm_kafka_route_options *options, tlm_error *error);

/** Routes of what this process emits, and the topics that they need (`topics` empty at first). -EINVAL, -ENOBUFS. */
int tlm_kafka_routes_make(const tlm_host *host, const tlm_kafka_route_options *options, tlm_kafka_routes *routes,
                          tlm_kafka_topics *topics, tlm_error *error);

/** NULL: rows of that dataset are not written. */
const tlm_kafka_route *tlm_kafka_routes_find(const tlm_kafka_routes *routes, const tlm_dataset *dataset);

/** Topic of an event row: an index into the topics; UINT32_MAX when its kind is none of the four. */
uint32_t tlm_kafka_route_topic(const tlm_kafka_route *route, const tlm_cell *row);

/** The row as one JSON object, appended. Running out of memory shows in the buffer. */
void tlm_kafka_row_write(tlm_buffer *out, const tlm_dataset *dataset, const tlm_cell *row);

/**
 * Headers of a dead letter: every column that has a value, but for its bytes, `byte_offset` as "offset"; and "lane",
 * which for what came from Kafka is the partition. NULL when memory is short.
 */
rd_kafka_headers_t *tlm_kafka_row_headers(const tlm_dataset *dataset, const tlm_cell *row, uint32_t lane);

#endif
