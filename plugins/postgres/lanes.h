/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file lanes.h
 * The checkpoint's own tables: who owns a lane, how far it has come, and its slow state. One thread a connection.
 */
#ifndef TLM_POSTGRES_LANES_H
#define TLM_POSTGRES_LANES_H

#include "common/buffer.h"
#include "link.h"

#include <telemetra/sink.h>

/** What `take` found. */
typedef struct tlm_lane_taken {
    uint64_t epoch, sequence;
    tlm_buffer record; /**< to be finished by the caller */
} tlm_lane_taken;

/**
 * tlm_checkpoint.take, in a transaction of its own on an open connection. A client that froze in the middle of a COPY
 * holds the lane's row and is reached by none of the timeouts (the server does not look at them while it reads from a
 * client): after lock_timeout its session is ended, and the lane is taken.
 */
int tlm_lanes_take(tlm_link *link, const char *pipeline, uint32_t lane, const char *settings, tlm_lane_taken *ret_taken,
                   tlm_error *error);

/**
 * Moves the lane on to the commit's sequence inside the open transaction: 1 moved, 0 the commit was kept before,
 * -ESTALE the lane has another owner or stands elsewhere.
 */
int tlm_lanes_advance(tlm_link *link, const char *pipeline, const tlm_commit *commit, tlm_error *error);

/**
 * After a connection was lost in COMMIT, on another one: waits until that transaction is over. 1 it was kept, 0 it was
 * not, -ESTALE as above.
 */
int tlm_lanes_settle(tlm_link *link, const char *pipeline, const tlm_flush *flush, tlm_error *error);

/** Writes the commit's state changes inside the open transaction; of several of one key the last one counts. */
int tlm_lanes_change_state(tlm_link *link, const char *pipeline, const tlm_commit *commit, tlm_error *error);

#endif
