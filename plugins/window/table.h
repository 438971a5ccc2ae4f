/* SPDX-License-Identifier: Apache-2.0 */
/* The streams of a lane by id. Owns none of them. One thread at a time. */
#ifndef TLM_WINDOW_TABLE_H
#define TLM_WINDOW_TABLE_H

#include "stream.h"

typedef struct {
    uint64_t hash;
    tlm_stream *stream; /* NULL: free */
} tlm_table_slot;

/* Start from all zero. */
typedef struct {
    tlm_table_slot *slots; /* owned; open addressing, a power of two, at most 3/4 full */
    uint32_t capacity;
    uint32_t count;
} tlm_table;

/* The stream of that id, or NULL. `hash` is the table's user's own for that id. */
tlm_stream *tlm_table_find(const tlm_table *table, uint64_t hash, tlm_text id);
/* Adds a stream that is not there. 0 or -ENOMEM. */
int tlm_table_add(tlm_table *table, tlm_stream *stream);
/* Takes out a stream that is there. */
void tlm_table_remove(tlm_table *table, const tlm_stream *stream);
void tlm_table_finish(tlm_table *table);

static inline void tlm_table_prefetch(const tlm_table *table, uint64_t hash)
{
    if (table->capacity)
        __builtin_prefetch(&table->slots[hash & (table->capacity - 1)]);
}

/* What most likely is the stream of that hash, or NULL: a hint for fetching ahead. */
static inline tlm_stream *tlm_table_peek(const tlm_table *table, uint64_t hash)
{
    const tlm_table_slot *slot = table->capacity ? &table->slots[hash & (table->capacity - 1)] : NULL;
    return slot && slot->hash == hash ? slot->stream : NULL;
}

#endif
