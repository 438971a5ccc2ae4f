/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file partition_reader.h
 * Reads one lane of a partitioned log, on the lane's own thread and when the lane asks: takes next from the input that
 * is furthest behind in event time, decodes, and hands the batch to the lane.
 */
#ifndef TLM_CORE_PARTITION_READER_H
#define TLM_CORE_PARTITION_READER_H

#include "host.h"
#include "lane.h"
#include "share.h"

typedef struct tlm_partition_reader tlm_partition_reader;

typedef struct tlm_partition_reader_options {
    const tlm_shared *shared;
    tlm_living *source, *codec;
    const char *const *inputs; /**< NULL-terminated; outlives the reader */
    tlm_lane_worker *worker;   /**< created, not started; pulls from the reader; outlives it */
    uint32_t lane, lane_count;
} tlm_partition_reader_options;

/**
 * Opens the lane at the source where the checkpoint left it. -ESTALE: that place is no more; -EAGAIN: it may pass;
 * other negative: no use trying again.
 */
int tlm_partition_reader_create(const tlm_partition_reader_options *options, tlm_partition_reader **ret_reader,
                                tlm_error *error);
/** The lane was joined, or never started. Accepts NULL. */
void tlm_partition_reader_destroy(tlm_partition_reader *reader);

/** Records read so far. Any thread. */
uint64_t tlm_partition_reader_records(const tlm_partition_reader *reader);

#endif
