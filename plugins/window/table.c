/* SPDX-License-Identifier: Apache-2.0 */
#include "table.h"

#include <assert.h>
#include <stdlib.h>

tlm_stream *tlm_table_find(const tlm_table *table, uint64_t hash, tlm_text id)
{
    if (!table->capacity)
        return NULL;
    uint32_t mask = table->capacity - 1;
    for (uint32_t at = (uint32_t)hash & mask; table->slots[at].stream; at = (at + 1) & mask)
        if (table->slots[at].hash == hash && tlm_text_equal(tlm_stream_id(table->slots[at].stream), id))
            return table->slots[at].stream;
    return NULL;
}

static void put(tlm_table_slot *slots, uint32_t mask, tlm_table_slot slot)
{
    uint32_t at = (uint32_t)slot.hash & mask;
    while (slots[at].stream)
        at = (at + 1) & mask;
    slots[at] = slot;
}

int tlm_table_add(tlm_table *table, tlm_stream *stream)
{
    if (table->count >= table->capacity / 4 * 3) {
        if (table->capacity > UINT32_MAX / 4)
            return -ENOMEM;
        uint32_t capacity = table->capacity ? table->capacity * 2 : 16;
        tlm_table_slot *slots = calloc(capacity, sizeof *slots);
        if (!slots)
            return -ENOMEM;
        for (uint32_t i = 0; i < table->capacity; i++)
            if (table->slots[i].stream)
                put(slots, capacity - 1, table->slots[i]);
        free(table->slots);
        table->slots = slots;
        table->capacity = capacity;
    }
    put(table->slots, table->capacity - 1, (tlm_table_slot){.hash = stream->hash, .stream = stream});
    table->count++;
    return 0;
}

/* Backward-shift deletion (Knuth, TAOCP vol. 3, 6.4, algorithm R): what was pushed past the hole moves into it. */
void tlm_table_remove(tlm_table *table, const tlm_stream *stream)
{
    uint32_t mask = table->capacity - 1;
    uint32_t hole = (uint32_t)stream->hash & mask;
    while (table->slots[hole].stream != stream) {
        assert(table->slots[hole].stream);
        hole = (hole + 1) & mask;
    }
    for (uint32_t at = (hole + 1) & mask; table->slots[at].stream; at = (at + 1) & mask) {
        uint32_t displaced = (at - (uint32_t)table->slots[at].hash) & mask;
        if (displaced < ((at - hole) & mask))
            continue;
        table->slots[hole] = table->slots[at];
        hole = at;
    }
    table->slots[hole] = (tlm_table_slot){0};
    table->count--;
}

void tlm_table_finish(tlm_table *table)
{
    free(table->slots);
    *table = (tlm_table){0};
}
