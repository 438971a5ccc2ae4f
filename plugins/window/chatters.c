/* SPDX-License-Identifier: Apache-2.0 */
#include "chatters.h"

#include <stdlib.h>

enum {
    RANK_BITS = 6,   /* of a mark (common/sketch.h) */
    DIGIT_BITS = 10, /* a mark has two digits */
    DIGITS = 1 << DIGIT_BITS,
    INSERTION_MAX = 48 /* marks up to which insertion sort is faster than two passes over the digits */
};

/* A sketch over memory of our own, which must not grow and is never finished. */
static int open_dense(tlm_chatter_work *work, tlm_sketch *ret_sketch)
{
    if (!work->registers && !(work->registers = malloc(TLM_SKETCH_REGISTERS)))
        return -ENOMEM;
    memset(work->registers, 0, TLM_SKETCH_REGISTERS);
    *ret_sketch = (tlm_sketch){.in.registers = work->registers, .dense = true};
    return 0;
}

static int add_marks(tlm_sketch *dense, const tlm_pane *pane)
{
    if (pane->sketch)
        return tlm_sketch_merge(dense, pane->sketch);
    tlm_chatter chatter;
    for (uint32_t cursor = 0; tlm_chatter_set_next(&pane->chatters, &cursor, &chatter);)
        if (tlm_sketch_add(dense, chatter.mark) < 0)
            return -ENOMEM;
    return 0;
}

static int estimate(tlm_chatter_work *work, const tlm_pane *const *panes, uint32_t pane_count, uint64_t *ret_count)
{
    tlm_sketch dense;
    if (open_dense(work, &dense) < 0)
        return -ENOMEM;
    for (uint32_t i = 0; i < pane_count; i++)
        if (add_marks(&dense, panes[i]) < 0)
            return -ENOMEM;
    *ret_count = tlm_sketch_estimate(&dense);
    return 0;
}

/* Empty slots for `total` users, of whom no more than TLM_CHATTERS_EXACT_MAX + 1 will be put in. */
static int clear(tlm_chatter_work *work, size_t total, uint32_t *ret_slots)
{
    uint32_t wanted = 64;
    while (wanted < total * 2 && wanted < 4 * TLM_CHATTERS_EXACT_MAX)
        wanted *= 2;
    if (wanted > work->capacity) {
        free(work->slots);
        work->capacity = 0;
        work->slots = malloc(wanted * sizeof *work->slots);
        if (!work->slots)
            return -ENOMEM;
        work->capacity = wanted;
    }
    memset(work->slots, 0, wanted * sizeof *work->slots);
    *ret_slots = wanted;
    return 0;
}

/*
 * Users not yet in the slots; ends early above the number that is told exactly. Sets come in the order of their hashes
 * or nearly so (flat_set.h), and homes here have that order too, so memory is walked and not jumped about in.
 */
static uint32_t put_users(uint64_t *slots, uint32_t slot_count, const tlm_chatter_set *set, uint32_t count)
{
    tlm_chatter chatter;
    for (uint32_t cursor = 0; tlm_chatter_set_next(set, &cursor, &chatter);) {
        uint32_t at = tlm_flat_home(chatter.user, slot_count);
        while (slots[at] && slots[at] != chatter.user)
            at = (at + 1) & (slot_count - 1);
        if (slots[at])
            continue;
        slots[at] = chatter.user;
        if (++count > TLM_CHATTERS_EXACT_MAX)
            return count;
    }
    return count;
}

int tlm_chatter_work_count(tlm_chatter_work *work, const tlm_pane *const *panes, uint32_t pane_count,
                           uint64_t *ret_count)
{
    size_t total = 0;
    size_t largest = 0;
    for (uint32_t i = 0; i < pane_count; i++) {
        if (panes[i]->sketch)
            return estimate(work, panes, pane_count, ret_count);
        size_t count = tlm_chatter_set_count(&panes[i]->chatters);
        total += count;
        largest = count > largest ? count : largest;
    }
    if (total == largest) { /* at most one pane has any */
        *ret_count = total;
        return 0;
    }
    uint32_t slot_count;
    if (clear(work, total, &slot_count) < 0)
        return -ENOMEM;
    uint32_t count = 0;
    for (uint32_t i = 0; i < pane_count && count <= TLM_CHATTERS_EXACT_MAX; i++)
        count = put_users(work->slots, slot_count, &panes[i]->chatters, count);
    if (count > TLM_CHATTERS_EXACT_MAX)
        return estimate(work, panes, pane_count, ret_count);
    *ret_count = count;
    return 0;
}

static void sort_by_insertion(uint32_t *marks, uint32_t count)
{
    for (uint32_t i = 1; i < count; i++) {
        uint32_t mark = marks[i];
        uint32_t at = i;
        for (; at > 0 && marks[at - 1] > mark; at--)
            marks[at] = marks[at - 1];
        marks[at] = mark;
    }
}

/* One stable pass of a radix sort (Knuth, TAOCP vol. 3, 5.2.5). */
static void sort_by_digit(const uint32_t *from, uint32_t *to, uint32_t count, unsigned shift)
{
    uint32_t ends[DIGITS] = {0};
    for (uint32_t i = 0; i < count; i++)
        ends[from[i] >> shift & (DIGITS - 1)]++;
    for (uint32_t digit = 1; digit < DIGITS; digit++)
        ends[digit] += ends[digit - 1];
    for (uint32_t i = count; i-- > 0;)
        to[--ends[from[i] >> shift & (DIGITS - 1)]] = from[i];
}

/* Of marks sorted, one a register: the highest. */
static uint32_t thin_out(uint32_t *marks, uint32_t count)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (i + 1 < count && marks[i] >> RANK_BITS == marks[i + 1] >> RANK_BITS)
            continue;
        marks[kept++] = marks[i];
    }
    return kept;
}

/* A sketch of few marks, made at once rather than by adding one after another. */
static int open_sparse(tlm_chatter_work *work, const tlm_chatter_set *set, tlm_sketch *ret_sketch)
{
    if (!work->marks && !(work->marks = malloc(2 * TLM_CHATTER_MARKS * sizeof *work->marks)))
        return -ENOMEM;
    uint32_t count = 0;
    tlm_chatter chatter;
    for (uint32_t cursor = 0; tlm_chatter_set_next(set, &cursor, &chatter);)
        work->marks[count++] = chatter.mark;
    if (count <= INSERTION_MAX) {
        sort_by_insertion(work->marks, count);
    } else {
        sort_by_digit(work->marks, work->marks + TLM_CHATTER_MARKS, count, 0);
        sort_by_digit(work->marks + TLM_CHATTER_MARKS, work->marks, count, DIGIT_BITS);
    }
    uint16_t kept = (uint16_t)thin_out(work->marks, count);
    *ret_sketch = (tlm_sketch){.in.marks = work->marks, .count = kept, .capacity = kept};
    return 0;
}

int tlm_chatter_work_sketch(tlm_chatter_work *work, const tlm_pane *pane, uint8_t out[static TLM_SKETCH_SIZE],
                            size_t *ret_size)
{
    tlm_sketch sketch = TLM_SKETCH_INIT;
    int result = 0;
    if (pane && pane->sketch)
        sketch = *pane->sketch;
    else if (pane && tlm_chatter_set_count(&pane->chatters) <= TLM_CHATTER_MARKS)
        result = open_sparse(work, &pane->chatters, &sketch);
    else if (pane && (result = open_dense(work, &sketch)) == 0)
        result = add_marks(&sketch, pane);
    if (result < 0)
        return result;
    *ret_size = tlm_sketch_write(&sketch, out);
    return 0;
}

void tlm_chatter_work_finish(tlm_chatter_work *work)
{
    if (!work)
        return;
    free(work->slots);
    free(work->registers);
    free(work->marks);
    *work = (tlm_chatter_work){0};
}

size_t tlm_chatter_work_size_bytes(const tlm_chatter_work *work)
{
    return work->capacity * sizeof *work->slots + (work->registers ? TLM_SKETCH_REGISTERS : 0) +
           (work->marks ? 2 * TLM_CHATTER_MARKS * sizeof *work->marks : 0);
}
