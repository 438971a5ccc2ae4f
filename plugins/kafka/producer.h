/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file producer.h
 * The writing thread of the sink: flushes become messages, and the delivery report of the last message of a flush
 * answers it. Messages point into the rows of their flush, which stay until then: nothing is copied.
 *
 * librdkafka tries a message again without end and in order, so a broker that is gone for a while costs neither
 * duplicates nor a failed flush. Duplicates come from what is sent anew as a whole: a flush that failed, for instance
 * because librdkafka gave up on its producer id, and one that Kafka had and the checkpoint did not when the process
 * died.
 */
#ifndef TLM_KAFKA_PRODUCER_H
#define TLM_KAFKA_PRODUCER_H

#include "client.h"
#include "routes.h"

#include <telemetra/sink.h>

/** Flushes under way, one for each lane. */
#define TLM_KAFKA_JOBS_MAX 1024

/** Messages handed to librdkafka and not yet reported, and their bytes; a flush beyond that waits in part. */
#define TLM_KAFKA_FLIGHT_MESSAGES_MAX 100000
#define TLM_KAFKA_FLIGHT_BYTES_MAX (64u * 1024u * 1024u)

typedef struct tlm_kafka_producer tlm_kafka_producer;

/** Of the sink; all stay until tlm_kafka_producer_destroy. */
typedef struct tlm_kafka_producer_options {
    const tlm_host *host;
    tlm_kafka_client *client;
    const tlm_kafka_routes *routes;
    tlm_kafka_topics *topics;
} tlm_kafka_producer_options;

/**
 * Connects, sees to the topics as far as that can be done within a few seconds, and starts the thread. Negative with a
 * sentence for what waiting does not mend. The listener of the client is to call tlm_kafka_producer_fail.
 */
int tlm_kafka_producer_create(const tlm_kafka_producer_options *options, tlm_kafka_producer **ret_producer,
                              tlm_error *error);

/** Ends the thread; flushes that are not written by then fail with -ECANCELED. Accepts NULL. */
void tlm_kafka_producer_destroy(tlm_kafka_producer *producer);

/** Any thread. Exactly one `done`. */
void tlm_kafka_producer_submit(tlm_kafka_producer *producer, const tlm_flush *flush, tlm_done done, void *token);

/** From the client's callbacks: librdkafka gave up, all under way fails, and a new producer is made. */
void tlm_kafka_producer_fail(tlm_kafka_producer *producer, tlm_text reason);

#endif
