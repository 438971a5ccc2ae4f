/* SPDX-License-Identifier: Apache-2.0 */
#include "batch.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

struct tlm_mock_pool {
    atomic_uint refs; /* the owner and each batch that is out */
    pthread_mutex_t lock;
    tlm_mock_batch *batches; /* free ones, under the lock */
    uint32_t batch_count;
};

static void batch_free(tlm_mock_batch *batch)
{
    free(batch->items);
    free(batch->bytes);
    free(batch);
}

int tlm_mock_pool_create(tlm_mock_pool **ret_pool)
{
    tlm_mock_pool *pool = calloc(1, sizeof *pool);

    if (!pool)
        return -ENOMEM;
    atomic_init(&pool->refs, 1);
    if (pthread_mutex_init(&pool->lock, NULL) != 0) {
        free(pool);
        return -ENOMEM;
    }
    *ret_pool = pool;
    return 0;
}

void tlm_mock_pool_unref(tlm_mock_pool *pool)
{
    if (!pool || atomic_fetch_sub_explicit(&pool->refs, 1, memory_order_acq_rel) != 1)
        return;
    for (tlm_mock_batch *batch = pool->batches, *next; batch; batch = next) {
        next = batch->next;
        batch_free(batch);
    }
    (void)pthread_mutex_destroy(&pool->lock);
    free(pool);
}

static tlm_mock_batch *recall(tlm_mock_pool *pool)
{
    (void)pthread_mutex_lock(&pool->lock);
    tlm_mock_batch *batch = pool->batches;
    if (batch) {
        pool->batches = batch->next;
        pool->batch_count--;
    }
    (void)pthread_mutex_unlock(&pool->lock);
    return batch;
}

static tlm_mock_batch *batch_new(uint32_t max_records, size_t capacity)
{
    tlm_mock_batch *batch = calloc(1, sizeof *batch);

    if (!batch)
        return NULL;
    batch->items = malloc(max_records * sizeof *batch->items);
    batch->bytes = malloc(capacity + TLM_PADDING);
    if (!batch->items || !batch->bytes) {
        batch_free(batch);
        return NULL;
    }
    batch->max_records = max_records;
    batch->capacity = capacity;
    return batch;
}

tlm_mock_batch *tlm_mock_pool_take(tlm_mock_pool *pool, uint32_t max_records, size_t capacity)
{
    tlm_mock_batch *batch = recall(pool);

    if (batch && (batch->max_records < max_records || batch->capacity < capacity)) {
        batch_free(batch);
        batch = NULL;
    }
    batch = batch ? batch : batch_new(max_records, capacity);
    if (!batch)
        return NULL;
    batch->pool = pool;
    batch->next = NULL;
    atomic_init(&batch->refs, 1);
    (void)atomic_fetch_add_explicit(&pool->refs, 1, memory_order_relaxed);
    return batch;
}

static void batch_ref(const tlm_records *records)
{
    tlm_mock_batch *batch = (tlm_mock_batch *)(uintptr_t)records;

    (void)atomic_fetch_add_explicit(&batch->refs, 1, memory_order_relaxed);
}

static void batch_unref(const tlm_records *records)
{
    tlm_mock_batch *batch = (tlm_mock_batch *)(uintptr_t)records;

    if (!batch || atomic_fetch_sub_explicit(&batch->refs, 1, memory_order_acq_rel) != 1)
        return;
    tlm_mock_pool *pool = batch->pool;
    (void)pthread_mutex_lock(&pool->lock);
    bool keep = pool->batch_count < TLM_MOCK_BATCHES_MAX;
    if (keep) {
        batch->next = pool->batches;
        pool->batches = batch;
        pool->batch_count++;
    }
    (void)pthread_mutex_unlock(&pool->lock);
    if (!keep)
        batch_free(batch);
    tlm_mock_pool_unref(pool);
}

const tlm_records *tlm_mock_batch_finish(tlm_mock_batch *batch, uint32_t count, size_t size, tlm_position next)
{
    memset(batch->bytes + size, 0, TLM_PADDING);
    batch->public = (tlm_records){.struct_size = sizeof(tlm_records),
                                  .record_count = count,
                                  .records = batch->items,
                                  .data = batch->bytes,
                                  .data_size = size,
                                  .origin = "mock",
                                  .next = next,
                                  .ref = batch_ref,
                                  .unref = batch_unref};
    return &batch->public;
}
