/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file store_behind.h
 * The store that knows what Redis does not: asked for what is not here, and read to fill an emptied server.
 */
#ifndef TLM_REDIS_STORE_BEHIND_H
#define TLM_REDIS_STORE_BEHIND_H

#include "redis.h"

#include <telemetra/store.h>

typedef struct tlm_redis_store_behind {
    const tlm_store *store;
    tlm_instance *instance;
} tlm_redis_store_behind;

/**
 * Finds it: the one named by `store`, else the first other store of the file. Instances start one after the other, so
 * it is looked for when it is needed. -ENOENT: there is none; -EAGAIN: it is not started yet. Any thread.
 */
int tlm_redis_store_behind_find(const tlm_redis_shared *shared, tlm_redis_store_behind *ret_behind);

#endif
