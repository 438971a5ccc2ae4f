/* SPDX-License-Identifier: Apache-2.0 */
#include "state_map.h"

#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

enum { SMALLEST_ROOM = 64 };

void tlm_state_map_finish(tlm_state_map *map)
{
    for (uint32_t i = 0; i < map->entry_count; i++)
        free(map->entries[i].bytes);
    free(map->entries);
    tlm_hash_map_finish(&map->first);
    *map = (tlm_state_map){.hash_seed = map->hash_seed};
}

static uint64_t hash_of(const tlm_state_map *map, uint32_t lane, tlm_text component, tlm_text key)
{
    uint64_t seed = XXH3_64bits_withSeed(component.data, component.size, map->hash_seed + lane);
    return XXH3_64bits_withSeed(key.data, key.size, seed);
}

static bool is_it(const tlm_state_entry *entry, uint32_t lane, tlm_text component, tlm_text key)
{
    return entry->lane == lane && tlm_text_equal(tlm_state_entry_component(entry), component) &&
           tlm_text_equal(tlm_state_entry_key(entry), key);
}

/* The place of a key, counted from 1, and the place before it in the chain; 0: none. */
static uint32_t find(const tlm_state_map *map, uint64_t hash, uint32_t lane, tlm_text component, tlm_text key,
                     uint32_t *ret_before)
{
    uint32_t place = 0;
    *ret_before = 0;
    if (!tlm_hash_map_get(&map->first, hash, &place))
        return 0;
    while (place && !is_it(&map->entries[place - 1], lane, component, key)) {
        *ret_before = place;
        place = map->entries[place - 1].next;
    }
    return place;
}

static void release(tlm_state_map *map, uint32_t place)
{
    tlm_state_entry *entry = &map->entries[place - 1];
    map->size_bytes -= (uint64_t)entry->component_size + entry->key_size + entry->value_size;
    map->used--;
    free(entry->bytes);
    *entry = (tlm_state_entry){.next = map->free};
    map->free = place;
}

static int remove_key(tlm_state_map *map, uint64_t hash, uint32_t place, uint32_t before)
{
    uint32_t next = map->entries[place - 1].next;
    if (before)
        map->entries[before - 1].next = next;
    else if (next)
        (void)tlm_hash_map_put(&map->first, hash, next); /* the key is there: replacing needs no memory */
    else
        tlm_hash_map_remove(&map->first, hash);
    release(map, place);
    return 0;
}

static char *join(tlm_text component, tlm_text key, tlm_text value)
{
    char *bytes = malloc(component.size + key.size + value.size + 1);
    if (!bytes)
        return NULL;
    if (component.size)
        memcpy(bytes, component.data, component.size);
    if (key.size)
        memcpy(bytes + component.size, key.data, key.size);
    memcpy(bytes + component.size + key.size, value.data, value.size);
    return bytes;
}

static int ensure_free(tlm_state_map *map)
{
    if (map->free || map->entry_count < map->entry_room)
        return 0;
    if (map->entry_room > UINT32_MAX / 2)
        return -ENOMEM;
    uint32_t room = map->entry_room ? map->entry_room * 2 : SMALLEST_ROOM;
    tlm_state_entry *grown = realloc(map->entries, room * sizeof *grown);
    if (!grown)
        return -ENOMEM;
    map->entries = grown;
    map->entry_room = room;
    return 0;
}

static uint32_t take_free(tlm_state_map *map)
{
    uint32_t place = map->free;
    if (place)
        map->free = map->entries[place - 1].next;
    else
        place = ++map->entry_count;
    return place;
}

static int add_key(tlm_state_map *map, tlm_state_entry entry)
{
    uint32_t chain = 0;
    int result = ensure_free(map);
    if (result < 0)
        return result;
    (void)tlm_hash_map_get(&map->first, entry.hash, &chain);
    uint32_t place = map->free ? map->free : map->entry_count + 1;
    result = tlm_hash_map_put(&map->first, entry.hash, place);
    if (result < 0)
        return result;
    place = take_free(map);
    entry.next = chain;
    map->entries[place - 1] = entry;
    map->size_bytes += (uint64_t)entry.component_size + entry.key_size + entry.value_size;
    map->used++;
    return 0;
}

int tlm_state_map_put(tlm_state_map *map, uint32_t lane, tlm_text component, tlm_text key, tlm_text value)
{
    uint32_t before;
    uint64_t hash = hash_of(map, lane, component, key);
    uint32_t place = find(map, hash, lane, component, key, &before);
    if (!value.size)
        return place ? remove_key(map, hash, place, before) : 0;
    char *bytes = join(component, key, value);
    if (!bytes)
        return -ENOMEM;
    if (place) {
        tlm_state_entry *entry = &map->entries[place - 1];
        free(entry->bytes);
        map->size_bytes += value.size;
        map->size_bytes -= entry->value_size;
        entry->bytes = bytes;
        entry->value_size = (uint32_t)value.size;
        return 0;
    }
    int result = add_key(map, (tlm_state_entry){.bytes = bytes,
                                                .hash = hash,
                                                .lane = lane,
                                                .component_size = (uint32_t)component.size,
                                                .key_size = (uint32_t)key.size,
                                                .value_size = (uint32_t)value.size});
    if (result < 0)
        free(bytes);
    return result;
}

bool tlm_state_map_get(const tlm_state_map *map, uint32_t lane, tlm_text component, tlm_text key, tlm_text *ret_value)
{
    uint32_t before;
    uint32_t place = find(map, hash_of(map, lane, component, key), lane, component, key, &before);
    if (place)
        *ret_value = tlm_state_entry_value(&map->entries[place - 1]);
    return place != 0;
}
