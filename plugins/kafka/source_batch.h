/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file source_batch.h
 * A batch of records with copies of their bytes. librdkafka's own cannot be passed on: each lies in the answer of a
 * whole fetch, which would stay in memory with it. References are given back from any thread.
 */
#ifndef TLM_KAFKA_SOURCE_BATCH_H
#define TLM_KAFKA_SOURCE_BATCH_H

#include <telemetra/event.h>

typedef struct tlm_kafka_batch tlm_kafka_batch;

/** Room for so many records and bytes, to be filled by tlm_kafka_batch_add; NULL when memory is short. */
tlm_kafka_batch *tlm_kafka_batch_create(uint32_t record_count, size_t size, const char *origin);

/** Adds a record, whose `start` and `size` are set from the bytes; there must be room. */
void tlm_kafka_batch_add(tlm_kafka_batch *batch, tlm_record record, const void *bytes, size_t size);

/** Makes it public: the caller's reference is now one to the records. */
const tlm_records *tlm_kafka_batch_finish(tlm_kafka_batch *batch, tlm_position next);

#endif
