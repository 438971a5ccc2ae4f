/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file batch.h
 * Batches of events while they are filled, and the pool that takes them back when their last user lets them go.
 *
 * The decoder that owns a pool fills batches on its thread; they come back from any thread, also after the decoder is
 * closed: the pool lives as long as its last batch.
 */
#ifndef TLM_JSON_BATCH_H
#define TLM_JSON_BATCH_H

#include <telemetra/event.h>

#include <stdatomic.h>
#include <string.h>

/** Where texts begin, so that no given one has offset 0 (event.h). */
#define TLM_BATCH_ARENA_BEGIN 8

/** Batches that a pool keeps for the next use, and the largest arena that it keeps with them. */
#define TLM_BATCH_POOL_MAX 16
#define TLM_BATCH_ARENA_KEPT_MAX (8u * 1024u * 1024u)

/** Bytes from where a text is copied that may be read and written whatever its size. */
#define TLM_BATCH_COPY_BLOCK 32

typedef struct tlm_batch_pool tlm_batch_pool;

typedef struct tlm_batch {
    tlm_events events; /**< what others see; filled by tlm_batch_publish */
    atomic_uint references;
    tlm_batch_pool *pool;
    struct tlm_batch *next; /**< in the pool */
    tlm_event *rows;
    tlm_event_stream *streams;
    tlm_reject *rejects;
    uint32_t record_capacity; /**< of the three arrays above */
    uint32_t row_count, stream_count, reject_count;
    char *arena;
    uint64_t arena_capacity, arena_size;
} tlm_batch;

/** NULL: memory is short. */
tlm_batch_pool *tlm_batch_pool_create(void);
/** Lets go of the owner's share: batches still in use stay whole. Accepts NULL. */
void tlm_batch_pool_close(tlm_batch_pool *pool);

/** An empty batch with room for what these records can become, holding a reference to them. 0 or -ENOMEM. */
int tlm_batch_take(tlm_batch_pool *pool, const tlm_records *records, tlm_batch **ret_batch);

/** Gives the batch its public face, with one reference. Nothing in it changes afterwards. */
tlm_events *tlm_batch_publish(tlm_batch *batch);

/** Gives back a batch that was not published. Accepts NULL. */
void tlm_batch_drop(tlm_batch *batch);

/** Makes room for `size_bytes` more and the blocks of the last copy. 0, or -ENOMEM, also past 4 GiB, where spans end.
 */
int tlm_batch_reserve(tlm_batch *batch, uint64_t size_bytes);

/* The rest needs room that tlm_batch_reserve has made. */

/** Copies a text of which TLM_BATCH_COPY_BLOCK bytes can be read; the span of none (no data) is {0, 0}. */
static inline tlm_span tlm_batch_copy(tlm_batch *batch, tlm_text text)
{
    char *place = batch->arena + batch->arena_size;
    tlm_span span = {(uint32_t)batch->arena_size, (uint32_t)text.size};

    if (text.size == 0)
        return (tlm_span){text.data ? (uint32_t)batch->arena_size : 0, 0};
    memcpy(place, text.data, TLM_BATCH_COPY_BLOCK);
    if (text.size > TLM_BATCH_COPY_BLOCK)
        memcpy(place + TLM_BATCH_COPY_BLOCK, text.data + TLM_BATCH_COPY_BLOCK, text.size - TLM_BATCH_COPY_BLOCK);
    batch->arena_size += text.size;
    return span;
}

/** Place for a struct or an array of structs, 8-byte aligned; *ret_offset is where it lies in the arena. */
static inline void *tlm_batch_place(tlm_batch *batch, uint64_t size_bytes, uint32_t *ret_offset)
{
    uint64_t offset = (batch->arena_size + 7) & ~UINT64_C(7);

    batch->arena_size = offset + size_bytes;
    *ret_offset = (uint32_t)offset;
    return batch->arena + offset;
}

#endif
