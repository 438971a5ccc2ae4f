/* SPDX-License-Identifier: Apache-2.0 */
#include "slots.h"

#include <stdlib.h>

#define BUCKETS_FIRST 64

int tlm_ws_slots_init(tlm_ws_slots *slots, uint64_t seed)
{
    *slots = (tlm_ws_slots){.seed = seed, .bucket_count = BUCKETS_FIRST};
    slots->buckets = calloc(BUCKETS_FIRST, sizeof(tlm_ws_slot *));
    return slots->buckets ? 0 : -ENOMEM;
}

void tlm_ws_slots_finish(tlm_ws_slots *slots)
{
    free(slots->buckets);
}

/* FNV-1a, http://www.isthe.com/chongo/tech/comp/fnv/, begun with the process' seed and mixed at the end (murmur3's
 * finalizer), since its low bits choose the bucket. */
uint64_t tlm_ws_slots_key(const tlm_ws_slots *slots, tlm_text id)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325) ^ slots->seed;

    for (size_t i = 0; i < id.size; i++)
        hash = (hash ^ (unsigned char)id.data[i]) * UINT64_C(0x100000001b3);
    hash ^= hash >> 33;
    hash *= UINT64_C(0xff51afd7ed558ccd);
    return hash ^ hash >> 33;
}

static tlm_ws_slot **bucket_of(const tlm_ws_slots *slots, uint64_t key)
{
    return &slots->buckets[key & (slots->bucket_count - 1)];
}

tlm_ws_slot *tlm_ws_slots_find(const tlm_ws_slots *slots, tlm_text id, uint64_t key)
{
    for (tlm_ws_slot *slot = *bucket_of(slots, key); slot; slot = slot->next)
        if (slot->key == key && tlm_text_equal((tlm_text){slot->id, slot->id_size}, id))
            return slot;
    return NULL;
}

tlm_ws_slot *tlm_ws_slots_any(const tlm_ws_slots *slots)
{
    for (uint32_t i = 0; i < slots->bucket_count; i++)
        if (slots->buckets[i])
            return slots->buckets[i];
    return NULL;
}

/* Without memory for more buckets the old ones do, only slower. */
static void grow(tlm_ws_slots *slots)
{
    tlm_ws_slots more = {.bucket_count = slots->bucket_count * 2};

    more.buckets = calloc(more.bucket_count, sizeof(tlm_ws_slot *));
    if (!more.buckets)
        return;
    for (uint32_t i = 0; i < slots->bucket_count; i++) {
        for (tlm_ws_slot *slot = slots->buckets[i], *next; slot; slot = next) {
            tlm_ws_slot **bucket = bucket_of(&more, slot->key);
            next = slot->next;
            slot->next = *bucket;
            *bucket = slot;
        }
    }
    free(slots->buckets);
    slots->buckets = more.buckets;
    slots->bucket_count = more.bucket_count;
}

tlm_ws_slot *tlm_ws_slots_add(tlm_ws_slots *slots, tlm_text id, uint64_t key)
{
    tlm_ws_slot *slot = calloc(1, sizeof *slot + id.size);

    if (!slot)
        return NULL;
    slot->key = key;
    slot->id_size = (uint32_t)id.size;
    memcpy(slot->id, id.data, id.size);
    STAILQ_INIT(&slot->moments);
    if (slots->count >= slots->bucket_count)
        grow(slots);
    tlm_ws_slot **bucket = bucket_of(slots, key);
    slot->next = *bucket;
    *bucket = slot;
    slots->count++;
    return slot;
}

void tlm_ws_slots_remove(tlm_ws_slots *slots, tlm_ws_slot *slot)
{
    tlm_ws_slot **link = bucket_of(slots, slot->key);

    while (*link != slot)
        link = &(*link)->next;
    *link = slot->next;
    slots->count--;
    free(slot->window);
    free(slot->status);
    free(slot);
}
