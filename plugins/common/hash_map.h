/* A map from a 64-bit key to a 32-bit value, for interning: from the hash of a name to its index in a table.
 *
 * Start from TLM_HASH_MAP_INIT (all zero): an empty map owns no memory. Any key will do (they are mixed), but two names
 * can have the same hash: whoever interns compares the name that the index leads to. One thread at a time. How many
 * keys it may hold is its user's bound (at most 2^30); it never shrinks. */
#ifndef TLM_COMMON_HASH_MAP_H
#define TLM_COMMON_HASH_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct tlm_hash_map_slot tlm_hash_map_slot;

typedef struct {
    tlm_hash_map_slot *slots; /* owned; NULL while capacity is 0 */
    uint32_t capacity;        /* slots, at most 3/4 of them in use */
    uint32_t count;
} tlm_hash_map;

#define TLM_HASH_MAP_INIT                                                                                              \
    {                                                                                                                  \
        0                                                                                                              \
    }

/* Frees the memory and leaves an empty map. NULL is fine. */
void tlm_hash_map_finish(tlm_hash_map *map);

/* Whether the key is there; if so, *ret_value is its value. */
bool tlm_hash_map_get(const tlm_hash_map *map, uint64_t key, uint32_t *ret_value);

/* Sets the key's value. 1 when the key is new, 0 when its value was replaced, -ENOMEM with the map as it was. */
int tlm_hash_map_put(tlm_hash_map *map, uint64_t key, uint32_t value);

/* Forgets the key; whether it was there. Leaves no tombstone, so a map with much coming and going stays fast. */
bool tlm_hash_map_remove(tlm_hash_map *map, uint64_t key);

/* Bytes allocated, the struct itself apart. */
size_t tlm_hash_map_size_bytes(const tlm_hash_map *map);

#endif
