/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file early.h
 * Early rows on their way from lanes to other processes. Lanes leave a reference and go on; a thread publishes. When
 * the server is slower than the lanes, of each stream the newest row alone is sent, and when more waits than
 * `early_queue` the oldest batches go: another early row, or the final one, is on its way.
 */
#ifndef TLM_REDIS_EARLY_H
#define TLM_REDIS_EARLY_H

#include "rows.h"

typedef struct tlm_redis_early tlm_redis_early;

/** Starts it and subscribes to every dataset of this process that has streams. */
int tlm_redis_early_create(tlm_redis_shared *shared, tlm_redis_early **ret_early, tlm_error *error);
/** Accepts NULL. */
void tlm_redis_early_destroy(tlm_redis_early *early);

#endif
