/* The mechanism behind id_set and chatter_set: a set of small entries in one allocation. For those two rooms only.
 *
 * An entry is a 64-bit key and a tail of 4 or 8 bytes, packed. While open, a set is a hash table with linear probing,
 * at most 7/8 full; a key's home slot is key * capacity / 2^64 (D. Lemire, "Fast Random Integer Generation in an
 * Interval", 2019), so the capacity can be any multiple of 8 and grows by half. Keys must be uniform hashes. Frozen, a
 * set is a sorted array of exactly its entries. That needs no flag: only a frozen (or empty) set is full.
 *
 * The order of home slots is the order of keys, so a table is nearly sorted and freezing takes linear time.
 *
 * A free slot is all zero. The all-zero entry is therefore kept as a bit. */
#ifndef TLM_COMMON_FLAT_SET_H
#define TLM_COMMON_FLAT_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct {
    unsigned char *slots; /* owned; NULL while capacity is 0 */
    uint32_t capacity;    /* slots */
    uint32_t stored : 31; /* slots in use */
    uint32_t zero : 1;    /* the all-zero entry is a member */
} tlm_flat_set;

typedef struct {
    uint64_t key;
    uint64_t tail; /* 32 bits of it in TLM_FLAT_KEYED */
} tlm_flat_entry;

/* Sizes of entries in bytes, which are also what tells the two kinds apart. */
enum {
    TLM_FLAT_KEYED = 12, /* the key alone is the identity, the tail is carried along */
    TLM_FLAT_WHOLE = 16, /* key and tail are the identity */
};

#define TLM_FLAT_INLINE static inline __attribute__((always_inline))

__extension__ typedef unsigned __int128 tlm_flat_wide;

/* Makes room for at least one entry more: half more slots, hashed; thaws a frozen set. 0 or -ENOMEM. */
int tlm_flat_grow(tlm_flat_set *set, size_t entry_size);

/* Gives an empty set the slots to take `count` entries at most 3/4 full, so that it need not grow on the way there;
 * does nothing for another set. 0 or -ENOMEM. */
int tlm_flat_reserve(tlm_flat_set *set, size_t count, size_t entry_size);

/* 0, or -ENOMEM with the set as it was. */
int tlm_flat_freeze(tlm_flat_set *set, size_t entry_size);

void tlm_flat_finish(tlm_flat_set *set);

TLM_FLAT_INLINE bool tlm_flat_is_frozen(const tlm_flat_set *set)
{
    return set->stored == set->capacity;
}

TLM_FLAT_INLINE uint32_t tlm_flat_count(const tlm_flat_set *set)
{
    return (uint32_t)set->stored + (uint32_t)set->zero;
}

TLM_FLAT_INLINE uint32_t tlm_flat_home(uint64_t key, uint32_t capacity)
{
    return (uint32_t)((tlm_flat_wide)key * capacity >> 64);
}

TLM_FLAT_INLINE tlm_flat_entry tlm_flat_load(const unsigned char *slots, size_t index, size_t entry_size)
{
    const unsigned char *slot = slots + index * entry_size;
    tlm_flat_entry entry = {0};
    uint32_t half;

    memcpy(&entry.key, slot, sizeof(entry.key));
    if (entry_size == TLM_FLAT_WHOLE) {
        memcpy(&entry.tail, slot + sizeof(entry.key), sizeof(entry.tail));
    } else {
        memcpy(&half, slot + sizeof(entry.key), sizeof(half));
        entry.tail = half;
    }
    return entry;
}

TLM_FLAT_INLINE void tlm_flat_store(unsigned char *slots, size_t index, tlm_flat_entry entry, size_t entry_size)
{
    unsigned char *slot = slots + index * entry_size;
    uint32_t half = (uint32_t)entry.tail;

    memcpy(slot, &entry.key, sizeof(entry.key));
    if (entry_size == TLM_FLAT_WHOLE)
        memcpy(slot + sizeof(entry.key), &entry.tail, sizeof(entry.tail));
    else
        memcpy(slot + sizeof(entry.key), &half, sizeof(half));
}

TLM_FLAT_INLINE bool tlm_flat_is_free(tlm_flat_entry entry)
{
    return (entry.key | entry.tail) == 0;
}

TLM_FLAT_INLINE bool tlm_flat_is_same(tlm_flat_entry a, tlm_flat_entry b, size_t entry_size)
{
    return a.key == b.key && (entry_size == TLM_FLAT_KEYED || a.tail == b.tail);
}

TLM_FLAT_INLINE bool tlm_flat_is_less(tlm_flat_entry a, tlm_flat_entry b, size_t entry_size)
{
    return a.key < b.key || (entry_size == TLM_FLAT_WHOLE && a.key == b.key && a.tail < b.tail);
}

/* In an open set: the slot that holds the entry (true), or the free one where it belongs (false). */
TLM_FLAT_INLINE bool tlm_flat_probe(const tlm_flat_set *set, tlm_flat_entry wanted, size_t entry_size, uint32_t *ret_at)
{
    uint32_t at = tlm_flat_home(wanted.key, set->capacity);
    tlm_flat_entry entry = tlm_flat_load(set->slots, at, entry_size);

    while (!tlm_flat_is_free(entry) && !tlm_flat_is_same(entry, wanted, entry_size)) {
        at = at + 1 == set->capacity ? 0 : at + 1;
        entry = tlm_flat_load(set->slots, at, entry_size);
    }
    *ret_at = at;
    return !tlm_flat_is_free(entry);
}

/* In a frozen or empty set: whether it holds the entry. */
TLM_FLAT_INLINE bool tlm_flat_search(const tlm_flat_set *set, tlm_flat_entry wanted, size_t entry_size)
{
    uint32_t first = 0;
    uint32_t left = set->stored;

    while (left > 0) {
        uint32_t half = left / 2;
        bool later = tlm_flat_is_less(tlm_flat_load(set->slots, first + half, entry_size), wanted, entry_size);
        first = later ? first + half + 1 : first;
        left = later ? left - half - 1 : half;
    }
    return first < set->stored && tlm_flat_is_same(tlm_flat_load(set->slots, first, entry_size), wanted, entry_size);
}

TLM_FLAT_INLINE bool tlm_flat_has(const tlm_flat_set *set, tlm_flat_entry entry, size_t entry_size)
{
    uint32_t at;

    if (tlm_flat_is_free(entry))
        return set->zero;
    if (tlm_flat_is_frozen(set))
        return tlm_flat_search(set, entry, entry_size);
    return tlm_flat_probe(set, entry, entry_size, &at);
}

/* 1 when the entry is new, 0 when it is there already, -ENOMEM with the set as it was. */
TLM_FLAT_INLINE int tlm_flat_add(tlm_flat_set *set, tlm_flat_entry entry, size_t entry_size)
{
    uint32_t at = 0;

    if (tlm_flat_is_free(entry)) {
        int is_new = !set->zero;
        set->zero = 1;
        return is_new;
    }
    bool frozen = tlm_flat_is_frozen(set);
    if (frozen ? tlm_flat_search(set, entry, entry_size) : tlm_flat_probe(set, entry, entry_size, &at))
        return 0;
    if (frozen || set->stored >= set->capacity - set->capacity / 8) {
        int result = tlm_flat_grow(set, entry_size);
        if (result < 0)
            return result;
        tlm_flat_probe(set, entry, entry_size, &at);
    }
    tlm_flat_store(set->slots, at, entry, entry_size);
    set->stored++;
    return 1;
}

/* The next stored entry from slot *cursor on (start with 0), in no promised order; false at the end. The all-zero entry
 * is not among them. */
TLM_FLAT_INLINE bool tlm_flat_next(const tlm_flat_set *set, uint32_t *cursor, size_t entry_size,
                                   tlm_flat_entry *ret_entry)
{
    while (*cursor < set->capacity) {
        tlm_flat_entry entry = tlm_flat_load(set->slots, (*cursor)++, entry_size);
        if (!tlm_flat_is_free(entry)) {
            *ret_entry = entry;
            return true;
        }
    }
    return false;
}

#endif
