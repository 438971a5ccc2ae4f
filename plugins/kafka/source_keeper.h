/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file source_keeper.h
 * The source's own thread: polls all handles, so that their callbacks run, and once a second brings what is known of
 * the places to health and metrics.
 */
#ifndef TLM_KAFKA_SOURCE_KEEPER_H
#define TLM_KAFKA_SOURCE_KEEPER_H

#include "source.h"

/** Starts the thread, which polls the source's group and, once it `has_readers`, these. */
int tlm_kafka_keeper_create(tlm_instance *source, tlm_kafka_keeper **ret_keeper, tlm_error *error);
/** Ends the thread; accepts NULL. */
void tlm_kafka_keeper_destroy(tlm_kafka_keeper *keeper);

/** The client's listener: statistics, and faults for good of a reader; those of the group it tells itself. The keeper's
 * thread. */
void tlm_kafka_keeper_statistics(void *context, rd_kafka_t *kafka, const tlm_kafka_statistics *statistics);
void tlm_kafka_keeper_fatal(void *context, rd_kafka_t *kafka, rd_kafka_resp_err_t code, tlm_text reason);

#endif
