#include "common/flat_set.h"

#include <errno.h>
#include <stdlib.h>

/* `stored` has 31 bits, and a step beyond must not overflow. */
static const uint32_t capacity_limit = UINT32_C(1) << 30;

int tlm_flat_grow(tlm_flat_set *set, size_t entry_size)
{
    if (set->capacity >= capacity_limit)
        return -ENOMEM;

    tlm_flat_set grown = *set;
    grown.capacity = (set->capacity + set->capacity / 2 + 8) & ~UINT32_C(7);
    grown.slots = calloc(grown.capacity, entry_size);
    if (!grown.slots)
        return -ENOMEM;

    tlm_flat_entry entry;
    uint32_t at;
    for (uint32_t cursor = 0; tlm_flat_next(set, &cursor, entry_size, &entry);) {
        tlm_flat_probe(&grown, entry, entry_size, &at);
        tlm_flat_store(grown.slots, at, entry, entry_size);
    }
    free(set->slots);
    *set = grown;
    return 0;
}

int tlm_flat_reserve(tlm_flat_set *set, size_t count, size_t entry_size)
{
    if (set->capacity > 0 || count == 0)
        return 0;
    if (count > capacity_limit / 2)
        return -ENOMEM;

    uint32_t capacity = ((uint32_t)count + (uint32_t)count / 3 + 8) & ~UINT32_C(7);
    set->slots = calloc(capacity, entry_size);
    if (!set->slots)
        return -ENOMEM;
    set->capacity = capacity;
    return 0;
}

/* Appends to `sorted`, which holds `count` entries, those that were (or were not) pushed past the table's end to its
 * beginning; returns the new count. */
static uint32_t gather(const tlm_flat_set *set, bool wrapped, size_t entry_size, unsigned char *sorted, uint32_t count)
{
    tlm_flat_entry entry;

    for (uint32_t cursor = 0; tlm_flat_next(set, &cursor, entry_size, &entry);) {
        if ((tlm_flat_home(entry.key, set->capacity) >= cursor) == wrapped)
            tlm_flat_store(sorted, count++, entry, entry_size);
    }
    return count;
}

/* Insertion sort: an entry moves no further than probing has displaced it. */
static void sort(unsigned char *entries, uint32_t count, size_t entry_size)
{
    for (uint32_t i = 1; i < count; i++) {
        tlm_flat_entry entry = tlm_flat_load(entries, i, entry_size);
        uint32_t at = i;
        while (at > 0 && tlm_flat_is_less(entry, tlm_flat_load(entries, at - 1, entry_size), entry_size))
            at--;
        if (at == i)
            continue;
        memmove(entries + (at + 1) * entry_size, entries + at * entry_size, (i - at) * entry_size);
        tlm_flat_store(entries, at, entry, entry_size);
    }
}

int tlm_flat_freeze(tlm_flat_set *set, size_t entry_size)
{
    if (tlm_flat_is_frozen(set))
        return 0;

    unsigned char *sorted = malloc(set->stored * entry_size);
    if (!sorted)
        return -ENOMEM;
    uint32_t count = gather(set, false, entry_size, sorted, 0);
    gather(set, true, entry_size, sorted, count);
    sort(sorted, set->stored, entry_size);
    free(set->slots);
    set->slots = sorted;
    set->capacity = set->stored;
    return 0;
}

void tlm_flat_finish(tlm_flat_set *set)
{
    free(set->slots);
    *set = (tlm_flat_set){0};
}
