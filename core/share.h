/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file share.h
 * Shares decoded batches out to lanes: judges what lies too far ahead or in a foreign partition, gives every event its
 * input's watermark, counts. One thread, that of the reader.
 */
#ifndef TLM_CORE_SHARE_H
#define TLM_CORE_SHARE_H

#include "parcel.h"
#include "record.h"
#include "refused.h"

/** Where a lane stands with an input when reading begins. */
typedef struct tlm_reader_lane {
    tlm_inbox *inbox;
    uint32_t has_record;        /**< 0: the lane begins at the beginning */
    tlm_input_record record;    /**< meaningful if has_record */
    const tlm_refused *refused; /**< what it refused of that for lying too far ahead; meaningful if has_record */
} tlm_reader_lane;

/** An input as its reader knows it. */
typedef struct tlm_share_input {
    uint32_t input;
    uint32_t state;               /**< TLM_INPUT_... as the lanes know it */
    int64_t highest_ns;           /**< of events that are no dead letters; INT64_MIN: none */
    int64_t reached_ns;           /**< of events read by this reader, but those too far ahead; INT64_MIN: none */
    const tlm_reader_lane *lanes; /**< one a lane that is shared out to */
} tlm_share_input;

typedef struct tlm_share {
    const tlm_pipeline_options *pipeline;
    uint32_t lane_count; /**< lanes shared out to */
    uint32_t
        partition_count; /**< 0: lane = partition modulo lane_count; else the log's own, of which `partition` is read */
    uint32_t partition;
    uint64_t misplaced, placed; /**< events found in a foreign and in their own partition */
    /* Room for one batch, reused. */
    tlm_parcel **parcels;   /* one a lane */
    uint32_t *stream_lanes; /* lane of each stream of the batch; FOREIGN_LANE */
    uint32_t stream_room;
    uint32_t *counts; /* rows of each lane */
} tlm_share;

/** -ENOMEM. */
int tlm_share_init(tlm_share *share, const tlm_pipeline_options *pipeline, uint32_t lane_count);
void tlm_share_finish(tlm_share *share);

/** Shares a batch out and makes the input active. -ENOMEM; -ECANCELED: no lane takes anything any more. */
int tlm_share_events(tlm_share *share, tlm_share_input *input, const tlm_events *events);

/** Tells the lanes of another state of the input. -ENOMEM. */
int tlm_share_state(tlm_share *share, tlm_share_input *input, uint32_t state);

#endif
