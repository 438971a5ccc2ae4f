/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file state_map.h
 * Slow state in memory: values by lane, component and key. One thread at a time.
 */
#ifndef TLM_FILE_STATE_MAP_H
#define TLM_FILE_STATE_MAP_H

#include "common/hash_map.h"

#include <telemetra/base.h>

#include <stdbool.h>

/** One value. `bytes` holds component, key and value, one behind the other. */
typedef struct tlm_state_entry {
    char *bytes; /* owned; NULL: the place is free */
    uint64_t hash;
    uint32_t lane;
    uint32_t component_size, key_size, value_size;
    uint32_t next; /* the next place of the same hash, or the next free one; counted from 1, 0: none */
} tlm_state_entry;

typedef struct tlm_state_map {
    tlm_hash_map first; /* from a hash to the first place that has it */
    tlm_state_entry *entries;
    uint32_t entry_count, entry_room;
    uint32_t free;       /* first free place, counted from 1 */
    uint64_t hash_seed;  /* secret, as keys come from outside */
    uint64_t size_bytes; /* of all names, keys and values */
    uint32_t used;       /* values held */
} tlm_state_map;

/** All zero but the seed is an empty map. */
void tlm_state_map_finish(tlm_state_map *map);

/** Sets a value; an empty one removes the key. -ENOMEM with the map as it was. */
int tlm_state_map_put(tlm_state_map *map, uint32_t lane, tlm_text component, tlm_text key, tlm_text value);

/** Whether the key has a value; if so, *ret_value points to it until the next put. */
bool tlm_state_map_get(const tlm_state_map *map, uint32_t lane, tlm_text component, tlm_text key, tlm_text *ret_value);

static inline tlm_text tlm_state_entry_component(const tlm_state_entry *entry)
{
    return (tlm_text){entry->bytes, entry->component_size};
}

static inline tlm_text tlm_state_entry_key(const tlm_state_entry *entry)
{
    return (tlm_text){entry->bytes + entry->component_size, entry->key_size};
}

static inline tlm_text tlm_state_entry_value(const tlm_state_entry *entry)
{
    return (tlm_text){entry->bytes + entry->component_size + entry->key_size, entry->value_size};
}

#endif
