/* A set of 128-bit ids (hashes of event ids), 16 bytes each: what has been applied in a pane.
 *
 * Start from TLM_ID_SET_INIT (all zero): an empty set owns no memory. Both words must be uniform hashes of a seed that
 * producers do not know, or they could slow it down. One thread at a time. Grows to 2^30 ids; its user has a bound
 * of its own. */
#ifndef TLM_COMMON_ID_SET_H
#define TLM_COMMON_ID_SET_H

#include "common/flat_set.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    uint64_t low;
    uint64_t high;
} tlm_id;

typedef struct {
    tlm_flat_set flat;
} tlm_id_set;

#define TLM_ID_SET_INIT                                                                                                \
    {                                                                                                                  \
        {                                                                                                              \
            0                                                                                                          \
        }                                                                                                              \
    }

/* Frees the memory and leaves an empty set. NULL is fine. */
void tlm_id_set_finish(tlm_id_set *set);

/* 1 when the id is new, 0 when it is there already, -ENOMEM with the set as it was. A new id thaws a frozen set. */
int tlm_id_set_add(tlm_id_set *set, tlm_id id);

bool tlm_id_set_has(const tlm_id_set *set, tlm_id id);

/* Makes room in an empty set for about `count` ids at once; does nothing for another one. 0 or -ENOMEM. */
int tlm_id_set_reserve(tlm_id_set *set, size_t count);

static inline size_t tlm_id_set_count(const tlm_id_set *set)
{
    return tlm_flat_count(&set->flat);
}

/* Packs the set into an allocation of exactly its ids, in linear time: for panes that only rarely get another one.
 * Lookups become binary searches. 0, or -ENOMEM with the set as it was. */
int tlm_id_set_freeze(tlm_id_set *set);

/* Bytes allocated, the struct itself apart. */
static inline size_t tlm_id_set_size_bytes(const tlm_id_set *set)
{
    return (size_t)set->flat.capacity * TLM_FLAT_WHOLE;
}

#endif
