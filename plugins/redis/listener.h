/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file listener.h
 * The feed: a thread that hears what writers publish and hands it to the subscribers of this process.
 *
 * A lane's owner that was taken for dead and wakes again is told apart by its epoch: of each lane the highest is
 * remembered, and rows of a lower one are dropped, until the lane has been silent for TLM_REDIS_LANE_SILENCE_MS (then
 * the pipeline may have been begun anew). A flush that is published again is dropped where it is known as older.
 */
#ifndef TLM_REDIS_LISTENER_H
#define TLM_REDIS_LISTENER_H

#include "redis.h"
#include "tables.h"

#define TLM_REDIS_LANES_MAX 4096u
#define TLM_REDIS_LANE_SILENCE_MS 30000

typedef struct tlm_redis_listener tlm_redis_listener;

int tlm_redis_listener_create(tlm_redis_shared *shared, tlm_redis_tables *tables, tlm_redis_listener **ret_listener,
                              tlm_error *error);
/** Accepts NULL. */
void tlm_redis_listener_destroy(tlm_redis_listener *listener);

#endif
