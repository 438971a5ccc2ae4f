/* SPDX-License-Identifier: Apache-2.0 */
#include "refused.h"

#include <stdlib.h>

/* Index of the first block of that number or a higher one. */
static uint32_t index_of(const tlm_refused *refused, int64_t number)
{
    uint32_t first = 0, left = refused->count;
    while (left > 0) {
        uint32_t half = left / 2;
        int is_before = refused->blocks[first + half].number < number;
        first = is_before ? first + half + 1 : first;
        left = is_before ? left - half - 1 : half;
    }
    return first;
}

static int is_at(const tlm_refused *refused, uint32_t index, int64_t number)
{
    return index < refused->count && refused->blocks[index].number == number;
}

static int grow(tlm_refused *refused)
{
    uint32_t capacity = refused->capacity ? refused->capacity * 2 : 4;
    tlm_refused_block *blocks = realloc(refused->blocks, capacity * sizeof *blocks);
    if (!blocks)
        return -ENOMEM;
    refused->blocks = blocks;
    refused->capacity = capacity;
    return 0;
}

/* The block of that number, made if need be; NULL: memory is short. */
static tlm_refused_block *need(tlm_refused *refused, int64_t number)
{
    uint32_t at = index_of(refused, number);
    if (is_at(refused, at, number))
        return &refused->blocks[at];
    if (refused->count == refused->capacity && grow(refused) < 0)
        return NULL;
    memmove(refused->blocks + at + 1, refused->blocks + at, (refused->count - at) * sizeof *refused->blocks);
    refused->count++;
    refused->blocks[at] = (tlm_refused_block){.number = number};
    return &refused->blocks[at];
}

int tlm_refused_add(tlm_refused *refused, int64_t ordinal)
{
    tlm_refused_block *block = need(refused, ordinal / TLM_REFUSED_RECORDS);
    if (!block)
        return -ENOMEM;
    uint32_t bit = (uint32_t)(ordinal % TLM_REFUSED_RECORDS);
    block->bits[bit / 8] |= (uint8_t)(1u << bit % 8);
    block->is_changed = 1;
    return 0;
}

int tlm_refused_load(tlm_refused *refused, int64_t number, const uint8_t *bits)
{
    tlm_refused_block *block = need(refused, number);
    if (!block)
        return -ENOMEM;
    memcpy(block->bits, bits, sizeof block->bits);
    return 0;
}

int tlm_refused_has(const tlm_refused *refused, int64_t ordinal)
{
    int64_t number = ordinal / TLM_REFUSED_RECORDS;
    uint32_t at = index_of(refused, number);
    uint32_t bit = (uint32_t)(ordinal % TLM_REFUSED_RECORDS);
    return is_at(refused, at, number) && (refused->blocks[at].bits[bit / 8] >> bit % 8 & 1);
}

uint32_t tlm_refused_blocks_before(const tlm_refused *refused, int64_t ordinal)
{
    return index_of(refused, ordinal / TLM_REFUSED_RECORDS);
}

void tlm_refused_drop(tlm_refused *refused, uint32_t count)
{
    if (!count)
        return;
    refused->count -= count;
    memmove(refused->blocks, refused->blocks + count, refused->count * sizeof *refused->blocks);
}

void tlm_refused_finish(tlm_refused *refused)
{
    free(refused->blocks);
    *refused = (tlm_refused){0};
}
