/* A set of chatters, 12 bytes each: a 64-bit hash of the user, and the mark (common/sketch.h) that stands for the user
 * in a sketch, so that a sketch can be made later without the user's name.
 *
 * Start from TLM_CHATTER_SET_INIT (all zero): an empty set owns no memory. `user` must be a uniform hash of a seed that
 * producers do not know, or they could slow it down. One thread at a time. Grows to 2^30 chatters; its user has a
 * bound of its own. */
#ifndef TLM_COMMON_CHATTER_SET_H
#define TLM_COMMON_CHATTER_SET_H

#include "common/flat_set.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    uint64_t user;
    uint32_t mark;
} tlm_chatter;

typedef struct {
    tlm_flat_set flat;
} tlm_chatter_set;

#define TLM_CHATTER_SET_INIT                                                                                           \
    {                                                                                                                  \
        {                                                                                                              \
            0                                                                                                          \
        }                                                                                                              \
    }

/* Set in every stored mark, so that no entry is all zero. For this room only. */
#define TLM_CHATTER_USED (UINT32_C(1) << 31)

/* Frees the memory and leaves an empty set. NULL is fine. */
void tlm_chatter_set_finish(tlm_chatter_set *set);

/* 1 when the user is new, 0 when known already (its first mark stays), -ENOMEM with the set as it was. `mark` is below
 * 2^31. A new user thaws a frozen set. */
int tlm_chatter_set_add(tlm_chatter_set *set, uint64_t user, uint32_t mark);

/* Ask first where a mark is dear to compute: it is needed for new users only. */
bool tlm_chatter_set_has(const tlm_chatter_set *set, uint64_t user);

/* Makes room in an empty set for about `count` chatters at once; does nothing for another one. 0 or -ENOMEM. */
int tlm_chatter_set_reserve(tlm_chatter_set *set, size_t count);

static inline size_t tlm_chatter_set_count(const tlm_chatter_set *set)
{
    return tlm_flat_count(&set->flat);
}

/* Walks over all chatters in no promised order: start with *cursor = 0; false at the end. The set must not change
 * meanwhile. */
static inline bool tlm_chatter_set_next(const tlm_chatter_set *set, uint32_t *cursor, tlm_chatter *ret_chatter)
{
    tlm_flat_entry entry;
    if (!tlm_flat_next(&set->flat, cursor, TLM_FLAT_KEYED, &entry))
        return false;
    *ret_chatter = (tlm_chatter){.user = entry.key, .mark = (uint32_t)entry.tail & ~TLM_CHATTER_USED};
    return true;
}

/* Packs the set into an allocation of exactly its chatters, in linear time: for panes that only rarely get another
 * one. Lookups become binary searches. 0, or -ENOMEM with the set as it was. */
int tlm_chatter_set_freeze(tlm_chatter_set *set);

/* Bytes allocated, the struct itself apart. */
static inline size_t tlm_chatter_set_size_bytes(const tlm_chatter_set *set)
{
    return (size_t)set->flat.capacity * TLM_FLAT_KEYED;
}

#endif
