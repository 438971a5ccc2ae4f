/* SPDX-License-Identifier: Apache-2.0 */
#include "emotes.h"

#include <stdlib.h>

/* Hashes are uniform and seeded: their low bits serve as they are. */
static tlm_emote_slot *slot_of(const tlm_emote_slot *slots, uint32_t capacity, uint64_t hash)
{
    uint32_t at = (uint32_t)hash & (capacity - 1);
    while (slots[at].count && slots[at].hash != hash)
        at = (at + 1) & (capacity - 1);
    return (tlm_emote_slot *)&slots[at];
}

static int is_frozen(const tlm_emote_counts *counts)
{
    return counts->count && counts->count == counts->capacity;
}

/* More slots, a power of two; thaws what is frozen. */
static int grow(tlm_emote_counts *counts)
{
    if (counts->capacity > UINT32_MAX / 4)
        return -ENOMEM;
    uint32_t capacity = 8;
    while (capacity / 4 * 3 <= counts->count)
        capacity *= 2;
    tlm_emote_slot *slots = calloc(capacity, sizeof *slots);
    if (!slots)
        return -ENOMEM;
    for (uint32_t i = 0; i < counts->capacity; i++)
        if (counts->slots[i].count)
            *slot_of(slots, capacity, counts->slots[i].hash) = counts->slots[i];
    free(counts->slots);
    counts->slots = slots;
    counts->capacity = capacity;
    return 0;
}

int tlm_emote_counts_add(tlm_emote_counts *counts, uint64_t hash, tlm_text name)
{
    if (is_frozen(counts) && grow(counts) < 0)
        return -ENOMEM;
    if (counts->capacity) {
        tlm_emote_slot *known = slot_of(counts->slots, counts->capacity, hash);
        if (known->count) {
            known->count++;
            return 0;
        }
    }
    if (counts->count >= counts->capacity / 4 * 3 && grow(counts) < 0)
        return -ENOMEM;
    if (counts->names.size + name.size > UINT32_MAX)
        return -ENOMEM;
    uint32_t offset = (uint32_t)counts->names.size;
    if (tlm_buffer_append(&counts->names, name.data, name.size) < 0)
        return -ENOMEM;
    *slot_of(counts->slots, counts->capacity, hash) =
        (tlm_emote_slot){.hash = hash, .count = 1, .name = offset, .name_size = (uint32_t)name.size};
    counts->count++;
    return 0;
}

int tlm_emote_counts_freeze(tlm_emote_counts *counts)
{
    if (!counts->count || is_frozen(counts))
        return 0;
    tlm_emote_slot *slots = malloc(counts->count * sizeof *slots);
    char *names = malloc(counts->names.size);
    if (!slots || !names) {
        free(slots);
        free(names);
        return -ENOMEM;
    }
    uint32_t count = 0;
    for (uint32_t i = 0; i < counts->capacity; i++)
        if (counts->slots[i].count)
            slots[count++] = counts->slots[i];
    memcpy(names, counts->names.data, counts->names.size);
    free(counts->slots);
    free(counts->names.data);
    counts->slots = slots;
    counts->capacity = count;
    counts->names.data = names;
    counts->names.capacity = counts->names.size;
    return 0;
}

void tlm_emote_counts_finish(tlm_emote_counts *counts)
{
    if (!counts)
        return;
    free(counts->slots);
    tlm_buffer_finish(&counts->names);
    *counts = (tlm_emote_counts){0};
}

/* Whether `a` stands before `b`: more of it, or as many and the name comes first in byte order. */
static int is_higher(const tlm_emote_total *a, const tlm_emote_total *b)
{
    if (a->count != b->count)
        return a->count > b->count;
    size_t common = a->name_size < b->name_size ? a->name_size : b->name_size;
    int order = memcmp(a->name, b->name, common);
    return order ? order < 0 : a->name_size < b->name_size;
}

static void offer(tlm_emote_total *top, uint32_t *count, const tlm_emote_total *emote)
{
    if (*count == TLM_EMOTES_TOP && !is_higher(emote, &top[TLM_EMOTES_TOP - 1]))
        return;
    uint32_t at = *count < TLM_EMOTES_TOP ? (*count)++ : TLM_EMOTES_TOP - 1;
    for (; at > 0 && is_higher(emote, &top[at - 1]); at--)
        top[at] = top[at - 1];
    top[at] = *emote;
}

/* Empty slots for `total` emotes. */
static int clear(tlm_emote_work *work, size_t total)
{
    size_t wanted = 16;
    while (wanted < total * 2)
        wanted *= 2;
    if (wanted > UINT32_MAX / 2)
        return -ENOMEM;
    if (wanted > work->capacity) {
        free(work->slots);
        work->capacity = 0;
        work->slots = malloc(wanted * sizeof *work->slots);
        if (!work->slots)
            return -ENOMEM;
        work->capacity = (uint32_t)wanted;
    }
    return (int)wanted;
}

static void add_up(tlm_emote_total *slots, uint32_t mask, const tlm_emote_counts *counts)
{
    for (uint32_t i = 0; i < counts->capacity; i++) {
        const tlm_emote_slot *slot = &counts->slots[i];
        if (!slot->count)
            continue;
        uint32_t at = (uint32_t)slot->hash & mask;
        while (slots[at].count && slots[at].hash != slot->hash)
            at = (at + 1) & mask;
        if (slots[at].count)
            slots[at].count += slot->count;
        else
            slots[at] = (tlm_emote_total){.name = counts->names.data + slot->name,
                                          .name_size = slot->name_size,
                                          .count = slot->count,
                                          .hash = slot->hash};
    }
}

int tlm_emote_work_top(tlm_emote_work *work, const tlm_emote_counts *const *counts, uint32_t counts_count,
                       tlm_emote_total top[static TLM_EMOTES_TOP], uint32_t *ret_count)
{
    size_t total = 0;
    for (uint32_t i = 0; i < counts_count; i++)
        total += counts[i]->count;
    *ret_count = 0;
    if (total == 0)
        return 0;
    int used = clear(work, total);
    if (used < 0)
        return used;
    memset(work->slots, 0, (size_t)used * sizeof *work->slots);
    for (uint32_t i = 0; i < counts_count; i++)
        add_up(work->slots, (uint32_t)used - 1, counts[i]);
    for (int i = 0; i < used; i++)
        if (work->slots[i].count)
            offer(top, ret_count, &work->slots[i]);
    return 0;
}

void tlm_emote_work_finish(tlm_emote_work *work)
{
    if (!work)
        return;
    free(work->slots);
    *work = (tlm_emote_work){0};
}

size_t tlm_emote_work_size_bytes(const tlm_emote_work *work)
{
    return work->capacity * sizeof *work->slots;
}
