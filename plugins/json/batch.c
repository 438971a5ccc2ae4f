/* SPDX-License-Identifier: Apache-2.0 */
#include "batch.h"

#include <pthread.h>
#include <stdlib.h>

/* What an arena has room for at first, beside a copy of the records: detail structs and reasons of a few events. */
enum { ARENA_EXTRA_BYTES = 64 * 1024 };

struct tlm_batch_pool {
    pthread_mutex_t lock;
    tlm_batch *kept;
    uint32_t kept_count;
    uint32_t owners; /* the decoder while it is open, and each batch in use */
    int is_closed;
};

tlm_batch_pool *tlm_batch_pool_create(void)
{
    tlm_batch_pool *pool = calloc(1, sizeof *pool);

    if (!pool)
        return NULL;
    if (pthread_mutex_init(&pool->lock, NULL) != 0) {
        free(pool);
        return NULL;
    }
    pool->owners = 1;
    return pool;
}

static void batch_destroy(tlm_batch *batch)
{
    if (!batch)
        return;
    free(batch->rows);
    free(batch->streams);
    free(batch->rejects);
    free(batch->arena);
    free(batch);
}

/* Ends one share of the pool, with the lock held; lets go of the lock. */
static void pool_leave(tlm_batch_pool *pool)
{
    int is_last = --pool->owners == 0;

    pthread_mutex_unlock(&pool->lock);
    if (!is_last)
        return;
    pthread_mutex_destroy(&pool->lock);
    free(pool);
}

void tlm_batch_pool_close(tlm_batch_pool *pool)
{
    if (!pool)
        return;
    pthread_mutex_lock(&pool->lock);
    while (pool->kept) {
        tlm_batch *batch = pool->kept;
        pool->kept = batch->next;
        batch_destroy(batch);
    }
    pool->is_closed = 1;
    pool_leave(pool);
}

static void pool_give_back(tlm_batch_pool *pool, tlm_batch *batch)
{
    pthread_mutex_lock(&pool->lock);
    if (!pool->is_closed && pool->kept_count < TLM_BATCH_POOL_MAX &&
        batch->arena_capacity <= TLM_BATCH_ARENA_KEPT_MAX) {
        batch->next = pool->kept;
        pool->kept = batch;
        pool->kept_count++;
        batch = NULL;
    }
    pool_leave(pool);
    batch_destroy(batch);
}

/* The batch that came back last, whose memory is warm, or a new one. */
static tlm_batch *pool_take(tlm_batch_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    tlm_batch *batch = pool->kept;
    if (batch) {
        pool->kept = batch->next;
        pool->kept_count--;
    }
    pool->owners++;
    pthread_mutex_unlock(&pool->lock);
    if (batch)
        return batch;

    batch = calloc(1, sizeof *batch);
    if (!batch) {
        pthread_mutex_lock(&pool->lock);
        pool_leave(pool);
        return NULL;
    }
    batch->pool = pool;
    return batch;
}

/* Room in the three arrays; what they held is gone. */
static int batch_resize(tlm_batch *batch, uint32_t record_count)
{
    if (record_count <= batch->record_capacity)
        return 0;
    free(batch->rows);
    free(batch->streams);
    free(batch->rejects);
    batch->record_capacity = 0;
    batch->rows = malloc(record_count * sizeof *batch->rows);
    batch->streams = malloc(record_count * sizeof *batch->streams);
    batch->rejects = malloc(record_count * sizeof *batch->rejects);
    if (!batch->rows || !batch->streams || !batch->rejects)
        return -ENOMEM;
    batch->record_capacity = record_count;
    return 0;
}

int tlm_batch_take(tlm_batch_pool *pool, const tlm_records *records, tlm_batch **ret_batch)
{
    tlm_batch *batch = pool_take(pool);

    if (!batch)
        return -ENOMEM;
    batch->row_count = batch->stream_count = batch->reject_count = 0;
    batch->arena_size = TLM_BATCH_ARENA_BEGIN;
    batch->events.records = NULL;
    if (batch_resize(batch, records->record_count ? records->record_count : 1) < 0 ||
        tlm_batch_reserve(batch, ARENA_EXTRA_BYTES) < 0) {
        tlm_batch_drop(batch);
        return -ENOMEM;
    }
    batch->events.records = records;
    records->ref(records);
    *ret_batch = batch;
    return 0;
}

int tlm_batch_reserve(tlm_batch *batch, uint64_t size_bytes)
{
    uint64_t wanted = batch->arena_size + size_bytes + TLM_PADDING;
    uint64_t capacity = batch->arena_capacity * 2;

    if (wanted <= batch->arena_capacity)
        return 0;
    if (wanted > UINT32_MAX)
        return -ENOMEM;
    if (capacity < wanted)
        capacity = wanted;
    char *arena = realloc(batch->arena, capacity);
    if (!arena)
        return -ENOMEM;
    batch->arena = arena;
    batch->arena_capacity = capacity;
    return 0;
}

void tlm_batch_drop(tlm_batch *batch)
{
    if (!batch)
        return;
    const tlm_records *records = batch->events.records;
    pool_give_back(batch->pool, batch);
    if (records)
        records->unref(records);
}

static tlm_batch *batch_of(const tlm_events *events)
{
    return (tlm_batch *)events; /* its first member, never a const object */
}

static void events_ref(const tlm_events *events)
{
    atomic_fetch_add_explicit(&batch_of(events)->references, 1, memory_order_relaxed);
}

static void events_unref(const tlm_events *events)
{
    if (!events)
        return;
    if (atomic_fetch_sub_explicit(&batch_of(events)->references, 1, memory_order_acq_rel) == 1)
        tlm_batch_drop(batch_of(events));
}

tlm_events *tlm_batch_publish(tlm_batch *batch)
{
    memset(batch->arena + batch->arena_size, 0, TLM_PADDING);
    batch->events = (tlm_events){
        .struct_size = sizeof(tlm_events),
        .event_count = batch->row_count,
        .stream_count = batch->stream_count,
        .reject_count = batch->reject_count,
        .events = batch->rows,
        .streams = batch->streams,
        .rejects = batch->rejects,
        .arena = batch->arena,
        .arena_size = batch->arena_size,
        .records = batch->events.records,
        .ref = events_ref,
        .unref = events_unref,
    };
    atomic_store_explicit(&batch->references, 1, memory_order_release);
    return &batch->events;
}
