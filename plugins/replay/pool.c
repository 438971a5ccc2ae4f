/* SPDX-License-Identifier: Apache-2.0 */
#include "pool.h"

#include <pthread.h>
#include <stdlib.h>

struct tlm_pool {
    atomic_uint refs; /* the owner, each block and each batch outside of the free lists */
    pthread_mutex_t lock;
    tlm_block *blocks; /* free ones, under the lock as the rest */
    tlm_batch *batches;
    uint32_t block_count, batch_count;
    size_t block_capacity;
    uint32_t origin_count;
    char *origins[];
};

static void pool_free(tlm_pool *pool)
{
    for (uint32_t i = 0; i < pool->origin_count; i++)
        free(pool->origins[i]);
    for (tlm_block *block = pool->blocks, *next; block; block = next) {
        next = block->next;
        free(block);
    }
    for (tlm_batch *batch = pool->batches, *next; batch; batch = next) {
        next = batch->next;
        free(batch);
    }
    (void)pthread_mutex_destroy(&pool->lock);
    free(pool);
}

int tlm_pool_create(size_t block_capacity, const char *const *origins, uint32_t origin_count, tlm_pool **ret_pool)
{
    tlm_pool *pool = calloc(1, sizeof *pool + origin_count * sizeof *pool->origins);

    if (!pool)
        return -ENOMEM;
    atomic_init(&pool->refs, 1);
    pool->block_capacity = block_capacity;
    if (pthread_mutex_init(&pool->lock, NULL) != 0) {
        free(pool);
        return -ENOMEM;
    }
    for (; pool->origin_count < origin_count; pool->origin_count++) {
        pool->origins[pool->origin_count] = strdup(origins[pool->origin_count]);
        if (!pool->origins[pool->origin_count]) {
            pool_free(pool);
            return -ENOMEM;
        }
    }
    *ret_pool = pool;
    return 0;
}

static void pool_ref(tlm_pool *pool)
{
    (void)atomic_fetch_add_explicit(&pool->refs, 1, memory_order_relaxed);
}

void tlm_pool_unref(tlm_pool *pool)
{
    if (pool && atomic_fetch_sub_explicit(&pool->refs, 1, memory_order_acq_rel) == 1)
        pool_free(pool);
}

static tlm_block *block_new(size_t capacity)
{
    tlm_block *block = malloc(sizeof *block + capacity + TLM_PADDING);

    if (block)
        block->capacity = capacity;
    return block;
}

static tlm_block *block_begin(tlm_pool *pool, tlm_block *block)
{
    if (!block)
        return NULL;
    block->pool = pool;
    block->next = NULL;
    block->size = 0;
    atomic_init(&block->refs, 1);
    pool_ref(pool);
    return block;
}

tlm_block *tlm_pool_block(tlm_pool *pool)
{
    (void)pthread_mutex_lock(&pool->lock);
    tlm_block *block = pool->blocks;
    if (block) {
        pool->blocks = block->next;
        pool->block_count--;
    }
    (void)pthread_mutex_unlock(&pool->lock);
    return block_begin(pool, block ? block : block_new(pool->block_capacity));
}

tlm_block *tlm_pool_copy(tlm_pool *pool, const char *bytes, size_t size)
{
    tlm_block *block = block_begin(pool, block_new(size));

    if (!block)
        return NULL;
    memcpy(block->bytes, bytes, size);
    memset(block->bytes + size, 0, TLM_PADDING);
    block->size = size;
    return block;
}

void tlm_block_unref(tlm_block *block)
{
    if (!block || atomic_fetch_sub_explicit(&block->refs, 1, memory_order_acq_rel) != 1)
        return;
    tlm_pool *pool = block->pool;
    (void)pthread_mutex_lock(&pool->lock);
    bool keep = block->capacity == pool->block_capacity && pool->block_count < TLM_POOL_BLOCKS_MAX;
    if (keep) {
        block->next = pool->blocks;
        pool->blocks = block;
        pool->block_count++;
    }
    (void)pthread_mutex_unlock(&pool->lock);
    if (!keep)
        free(block);
    tlm_pool_unref(pool);
}

bool tlm_block_is_shared(const tlm_block *block)
{
    return atomic_load_explicit(&block->refs, memory_order_acquire) > 1;
}

static void batch_ref(const tlm_records *records)
{
    tlm_batch *batch = (tlm_batch *)(uintptr_t)records;

    (void)atomic_fetch_add_explicit(&batch->refs, 1, memory_order_relaxed);
}

static void batch_unref(const tlm_records *records)
{
    tlm_batch *batch = (tlm_batch *)(uintptr_t)records;

    if (batch && atomic_fetch_sub_explicit(&batch->refs, 1, memory_order_acq_rel) == 1)
        tlm_batch_drop(batch);
}

/* Takes a free batch, whatever its capacity; NULL when there is none. */
static tlm_batch *batch_recall(tlm_pool *pool)
{
    (void)pthread_mutex_lock(&pool->lock);
    tlm_batch *batch = pool->batches;
    if (batch) {
        pool->batches = batch->next;
        pool->batch_count--;
    }
    (void)pthread_mutex_unlock(&pool->lock);
    return batch;
}

tlm_batch *tlm_pool_batch(tlm_pool *pool, uint32_t capacity)
{
    tlm_batch *batch = batch_recall(pool);

    if (batch && batch->capacity < capacity) {
        free(batch);
        batch = NULL;
    }
    if (!batch) {
        batch = malloc(sizeof *batch + (size_t)capacity * sizeof *batch->items);
        if (!batch)
            return NULL;
        batch->capacity = capacity;
    }
    batch->pool = pool;
    batch->block = NULL;
    batch->next = NULL;
    atomic_init(&batch->refs, 1);
    pool_ref(pool);
    return batch;
}

void tlm_batch_finish(tlm_batch *batch, uint32_t count, tlm_block *block, uint32_t origin, tlm_position next)
{
    uint32_t first = batch->items[0].start;
    const tlm_record *last = &batch->items[count - 1];
    uint64_t size = last->start + last->size - first;

    for (uint32_t i = 0; i < count; i++)
        batch->items[i].start -= first;
    (void)atomic_fetch_add_explicit(&block->refs, 1, memory_order_relaxed);
    batch->block = block;
    batch->public = (tlm_records){.struct_size = sizeof(tlm_records),
                                  .record_count = count,
                                  .records = batch->items,
                                  .data = block->bytes + first,
                                  .data_size = size,
                                  .origin = batch->pool->origins[origin],
                                  .next = next,
                                  .ref = batch_ref,
                                  .unref = batch_unref};
}

void tlm_batch_drop(tlm_batch *batch)
{
    tlm_pool *pool = batch->pool;

    tlm_block_unref(batch->block);
    (void)pthread_mutex_lock(&pool->lock);
    bool keep = pool->batch_count < TLM_POOL_BATCHES_MAX;
    if (keep) {
        batch->next = pool->batches;
        pool->batches = batch;
        pool->batch_count++;
    }
    (void)pthread_mutex_unlock(&pool->lock);
    if (!keep)
        free(batch);
    tlm_pool_unref(pool);
}
