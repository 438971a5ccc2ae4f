/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file refill.h
 * Fills an emptied server from the store behind it, on a thread of its own: of each stream its status, its newest rows
 * and its recent ones, by the store interface alone. One process of a pipeline fills at a time. Rows that lanes write
 * meanwhile are newer and stay. At its end the marker says that all is there.
 */
#ifndef TLM_REDIS_REFILL_H
#define TLM_REDIS_REFILL_H

#include "redis.h"

typedef struct tlm_redis_refill tlm_redis_refill;

/** Starts the thread, which waits until it is asked. */
int tlm_redis_refill_create(tlm_redis_shared *shared, tlm_redis_refill **ret_refill, tlm_error *error);
/** Waits for the query it is at. Accepts NULL. */
void tlm_redis_refill_destroy(tlm_redis_refill *refill);

/** The marker is missing. `anew`: what is there belongs to an earlier run of the pipeline and goes first. Any thread.
 */
void tlm_redis_refill_ask(tlm_redis_refill *refill, bool anew);

#endif
