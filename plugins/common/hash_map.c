#include "common/hash_map.h"

#include <errno.h>
#include <stdlib.h>

struct tlm_hash_map_slot {
    uint64_t key;
    uint32_t value;
    uint32_t used;
};

static const uint32_t capacity_limit = UINT32_C(1) << 30;

/* Fibonacci hashing (Knuth, TAOCP vol. 3, 6.4: 2^64 divided by the golden ratio), its upper half scaled to the
 * capacity. */
static uint32_t home_of(uint64_t key, uint32_t capacity)
{
    return (uint32_t)((key * UINT64_C(0x9E3779B97F4A7C15) >> 32) * capacity >> 32);
}

static uint32_t next_of(const tlm_hash_map *map, uint32_t at)
{
    return (at + 1) & (map->capacity - 1);
}

/* The slot that holds the key, or the free one where it belongs; the map has slots. */
static uint32_t probe(const tlm_hash_map *map, uint64_t key)
{
    uint32_t at = home_of(key, map->capacity);

    while (map->slots[at].used && map->slots[at].key != key)
        at = next_of(map, at);
    return at;
}

void tlm_hash_map_finish(tlm_hash_map *map)
{
    if (!map)
        return;
    free(map->slots);
    *map = (tlm_hash_map)TLM_HASH_MAP_INIT;
}

bool tlm_hash_map_get(const tlm_hash_map *map, uint64_t key, uint32_t *ret_value)
{
    if (!map->count)
        return false;

    const tlm_hash_map_slot *slot = &map->slots[probe(map, key)];
    if (!slot->used)
        return false;
    *ret_value = slot->value;
    return true;
}

static int grow(tlm_hash_map *map)
{
    if (map->capacity >= capacity_limit)
        return -ENOMEM;

    tlm_hash_map grown = *map;
    grown.capacity = map->capacity ? map->capacity * 2 : 8;
    grown.slots = calloc(grown.capacity, sizeof(*grown.slots));
    if (!grown.slots)
        return -ENOMEM;
    for (uint32_t i = 0; i < map->capacity; i++) {
        if (map->slots[i].used)
            grown.slots[probe(&grown, map->slots[i].key)] = map->slots[i];
    }
    free(map->slots);
    *map = grown;
    return 0;
}

int tlm_hash_map_put(tlm_hash_map *map, uint64_t key, uint32_t value)
{
    uint32_t at = map->capacity ? probe(map, key) : 0;

    if (map->capacity && map->slots[at].used) {
        map->slots[at].value = value;
        return 0;
    }
    if (map->count >= map->capacity - map->capacity / 4) {
        int result = grow(map);
        if (result < 0)
            return result;
        at = probe(map, key);
    }
    map->slots[at] = (tlm_hash_map_slot){.key = key, .value = value, .used = 1};
    map->count++;
    return 1;
}

/* Backward-shift deletion (Knuth, TAOCP vol. 3, 6.4, algorithm R): what was pushed past the hole moves into it. */
static void close_hole(tlm_hash_map *map, uint32_t hole)
{
    for (uint32_t at = next_of(map, hole); map->slots[at].used; at = next_of(map, at)) {
        uint32_t home = home_of(map->slots[at].key, map->capacity);
        uint32_t displaced = (at - home) & (map->capacity - 1);
        uint32_t beyond = (at - hole) & (map->capacity - 1);
        if (displaced >= beyond) {
            map->slots[hole] = map->slots[at];
            hole = at;
        }
    }
    map->slots[hole].used = 0;
}

bool tlm_hash_map_remove(tlm_hash_map *map, uint64_t key)
{
    if (!map->count)
        return false;

    uint32_t at = probe(map, key);
    if (!map->slots[at].used)
        return false;
    close_hole(map, at);
    map->count--;
    return true;
}

size_t tlm_hash_map_size_bytes(const tlm_hash_map *map)
{
    return map->capacity * sizeof(*map->slots);
}
