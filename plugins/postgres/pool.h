/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file pool.h
 * A few connections, each used by one thread at a time. They are opened by whoever uses them. Any thread.
 */
#ifndef TLM_POSTGRES_POOL_H
#define TLM_POSTGRES_POOL_H

#include "link.h"

#define TLM_POOL_LINKS_MAX 33

typedef struct tlm_pool tlm_pool;

/** `count` (1..TLM_POOL_LINKS_MAX) closed connections to a server that outlives them. */
int tlm_pool_create(tlm_server *server, uint32_t count, bool readers, tlm_pool **ret_pool, tlm_error *error);
/** None is in use. Accepts NULL. */
void tlm_pool_destroy(tlm_pool *pool);

/** Waits until one is free; give it back with tlm_pool_release, and ask for one at a time. */
tlm_link *tlm_pool_acquire(tlm_pool *pool);
void tlm_pool_release(tlm_pool *pool, tlm_link *link);

#endif
