/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks of file content, and batches of records that point into them. Both are counted, and a small number of freed
 * ones is kept for the next use, so that steady reading allocates nothing. The pool lives until its owner and the last
 * batch have let go of it. References are given back from any thread; everything else belongs to the reading one. */
#ifndef TLM_REPLAY_POOL_H
#define TLM_REPLAY_POOL_H

#include <telemetra/event.h>

#include <stdatomic.h>
#include <stdbool.h>

/* Freed blocks and batches that are kept. */
#define TLM_POOL_BLOCKS_MAX 8
#define TLM_POOL_BATCHES_MAX 64

typedef struct tlm_pool tlm_pool;

/* Bytes read from a file: written by its only owner, never again once a batch points to them. */
typedef struct tlm_block {
    tlm_pool *pool;
    struct tlm_block *next; /* in the list of free ones */
    atomic_uint refs;
    size_t capacity; /* TLM_PADDING bytes lie behind it */
    size_t size;     /* bytes in use */
    char bytes[];
} tlm_block;

/* A batch being made. */
typedef struct tlm_batch {
    tlm_records public; /* first: what the host gets */
    tlm_pool *pool;
    tlm_block *block;       /* a reference */
    struct tlm_batch *next; /* in the list of free ones */
    atomic_uint refs;
    uint32_t capacity;
    tlm_record items[];
} tlm_batch;

/* `origins` are copied: batches name them after the owner has gone. 0 or -ENOMEM. */
int tlm_pool_create(size_t block_capacity, const char *const *origins, uint32_t origin_count, tlm_pool **ret_pool);

/* Gives the owner's reference back; NULL is fine. */
void tlm_pool_unref(tlm_pool *pool);

/* An empty block of the pool's capacity with one reference; NULL when memory is short. */
tlm_block *tlm_pool_block(tlm_pool *pool);

/* A block that holds just a copy of these bytes; NULL when memory is short. */
tlm_block *tlm_pool_copy(tlm_pool *pool, const char *bytes, size_t size);

/* NULL is fine. */
void tlm_block_unref(tlm_block *block);

/* Whether others than the caller hold the block, so that it must not be written. */
bool tlm_block_is_shared(const tlm_block *block);

/* A batch with room for `capacity` records, to be filled in `items`; NULL when memory is short. */
tlm_batch *tlm_pool_batch(tlm_pool *pool, uint32_t capacity);

/* Makes a batch of `count` records public: their `start` counts in `block` and becomes relative to the first of them.
 */
void tlm_batch_finish(tlm_batch *batch, uint32_t count, tlm_block *block, uint32_t origin, tlm_position next);

/* Gives an unfinished batch back. */
void tlm_batch_drop(tlm_batch *batch);

#endif
