/* SPDX-License-Identifier: Apache-2.0 */
#include "table.h"

#include <assert.h>
#include <stdlib.h>

tlm_moments_stream *tlm_moments_table_find(const tlm_moments_table *table, uint64_t hash, tlm_text id)
{
    if (!table->capacity)
        return NULL;
    uint32_t mask = table->capacity - 1;
    for (uint32_t at = (uint32_t)hash & mask; table->slots[at]; at = (at + 1) & mask)
        if (table->slots[at]->hash == hash && tlm_text_equal(tlm_moments_stream_id(table->slots[at]), id))
            return table->slots[at];
    return NULL;
}

static void put(tlm_moments_stream **slots, uint32_t mask, tlm_moments_stream *stream)
{
    uint32_t at = (uint32_t)stream->hash & mask;
    while (slots[at])
        at = (at + 1) & mask;
    slots[at] = stream;
}

static int grow(tlm_moments_table *table)
{
    if (table->capacity > UINT32_MAX / 4)
        return -ENOMEM;
    uint32_t capacity = table->capacity ? table->capacity * 2 : 16;
    tlm_moments_stream **slots = calloc(capacity, sizeof(tlm_moments_stream *));
    if (!slots)
        return -ENOMEM;
    for (uint32_t i = 0; i < table->capacity; i++)
        if (table->slots[i])
            put(slots, capacity - 1, table->slots[i]);
    free(table->slots);
    table->slots = slots;
    table->capacity = capacity;
    return 0;
}

static void link_newest(tlm_moments_table *table, tlm_moments_stream *stream)
{
    stream->older = table->newest;
    stream->newer = NULL;
    if (table->newest)
        table->newest->newer = stream;
    else
        table->oldest = stream;
    table->newest = stream;
}

static void unlink_age(tlm_moments_table *table, const tlm_moments_stream *stream)
{
    if (stream->older)
        stream->older->newer = stream->newer;
    else
        table->oldest = stream->newer;
    if (stream->newer)
        stream->newer->older = stream->older;
    else
        table->newest = stream->older;
}

int tlm_moments_table_add(tlm_moments_table *table, tlm_moments_stream *stream)
{
    if (table->count >= table->capacity / 4 * 3 && grow(table) < 0)
        return -ENOMEM;
    put(table->slots, table->capacity - 1, stream);
    table->count++;
    link_newest(table, stream);
    return 0;
}

void tlm_moments_table_touch(tlm_moments_table *table, tlm_moments_stream *stream)
{
    if (table->newest == stream)
        return;
    unlink_age(table, stream);
    link_newest(table, stream);
}

/* Backward-shift deletion (Knuth, TAOCP vol. 3, 6.4, algorithm R): what was pushed past the hole moves into it. */
static void empty_slot(tlm_moments_table *table, const tlm_moments_stream *stream)
{
    uint32_t mask = table->capacity - 1;
    uint32_t hole = (uint32_t)stream->hash & mask;
    while (table->slots[hole] != stream) {
        assert(table->slots[hole]);
        hole = (hole + 1) & mask;
    }
    for (uint32_t at = (hole + 1) & mask; table->slots[at]; at = (at + 1) & mask) {
        uint32_t displaced = (at - (uint32_t)table->slots[at]->hash) & mask;
        if (displaced < ((at - hole) & mask))
            continue;
        table->slots[hole] = table->slots[at];
        hole = at;
    }
    table->slots[hole] = NULL;
}

void tlm_moments_table_remove(tlm_moments_table *table, tlm_moments_stream *stream)
{
    empty_slot(table, stream);
    table->count--;
    unlink_age(table, stream);
    tlm_moments_stream_destroy(stream);
}

void tlm_moments_table_finish(tlm_moments_table *table)
{
    for (tlm_moments_stream *stream = table->oldest, *newer; stream; stream = newer) {
        newer = stream->newer;
        tlm_moments_stream_destroy(stream);
    }
    free(table->slots);
    *table = (tlm_moments_table){0};
}
