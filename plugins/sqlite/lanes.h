/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file lanes.h
 * The checkpoint's own tables: who owns a lane, how far it has come, and its slow state. Of the writer thread alone.
 */
#ifndef TLM_SQLITE_LANES_H
#define TLM_SQLITE_LANES_H

#include "common/buffer.h"

#include <telemetra/sink.h>

#include <sqlite3.h>

typedef struct tlm_lanes {
    sqlite3 *database;
    const char *pipeline;
    sqlite3_stmt *advance, *look, *put, *remove;
} tlm_lanes;

/** What `take` found. */
typedef struct tlm_lane_taken {
    uint64_t epoch, sequence;
    tlm_buffer record; /**< to be finished by the caller */
} tlm_lane_taken;

/** Prepares the statements; `pipeline` must outlive it. After a failure too, finish it. */
int tlm_lanes_init(tlm_lanes *lanes, sqlite3 *database, const char *pipeline, tlm_error *error);
void tlm_lanes_finish(tlm_lanes *lanes);

/** tlm_checkpoint.take, in a transaction of its own. */
int tlm_lanes_take(tlm_lanes *lanes, uint32_t lane, const char *settings, tlm_lane_taken *ret_taken, tlm_error *error);

/**
 * Moves the lane on to the commit's sequence inside the open transaction: 1 moved, 0 the commit was kept before,
 * -ESTALE the lane has another owner or stands elsewhere.
 */
int tlm_lanes_advance(tlm_lanes *lanes, const tlm_commit *commit, tlm_error *error);

/** Writes the commit's state changes inside the open transaction. */
int tlm_lanes_change_state(tlm_lanes *lanes, const tlm_commit *commit, tlm_error *error);

#endif
