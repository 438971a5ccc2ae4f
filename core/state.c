/* SPDX-License-Identifier: Apache-2.0 */
#include "state.h"

#include <stdlib.h>

typedef struct tlm_state_entry {
    struct tlm_state_entry *in_bucket;
    struct tlm_state_entry *in_list;
    const char *component;
    char *value;
    size_t key_size, value_size;
    uint64_t hash;
    char key[];
} entry;

/* FNV-1a, 64 bit (Fowler, Noll, Vo; constants of draft-eastlake-fnv). A few thousand short keys a second. */
static uint64_t hash_of(const char *component, tlm_text key)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    for (const char *at = component; *at; at++)
        hash = (hash ^ (unsigned char)*at) * UINT64_C(1099511628211);
    for (size_t i = 0; i < key.size; i++)
        hash = (hash ^ (unsigned char)key.data[i]) * UINT64_C(1099511628211);
    return hash;
}

static entry *find(const tlm_state_set *set, const char *component, tlm_text key, uint64_t hash)
{
    if (!set->bucket_count)
        return NULL;
    entry *each = set->buckets[hash & (set->bucket_count - 1)];
    while (each && (each->hash != hash || each->key_size != key.size || memcmp(each->key, key.data, key.size) ||
                    strcmp(each->component, component)))
        each = each->in_bucket;
    return each;
}

static int grow(tlm_state_set *set)
{
    uint32_t count = set->bucket_count ? set->bucket_count * 2 : 64;
    entry **buckets = calloc(count, sizeof(entry *));
    if (!buckets)
        return -ENOMEM;
    for (entry *each = set->entries; each; each = each->in_list) {
        each->in_bucket = buckets[each->hash & (count - 1)];
        buckets[each->hash & (count - 1)] = each;
    }
    free(set->buckets);
    set->buckets = buckets;
    set->bucket_count = count;
    return 0;
}

static entry *add(tlm_state_set *set, const char *component, tlm_text key, uint64_t hash)
{
    if (set->entry_count >= set->bucket_count && grow(set) < 0)
        return NULL;
    entry *added = malloc(sizeof *added + key.size);
    if (!added)
        return NULL;
    entry **bucket = &set->buckets[hash & (set->bucket_count - 1)];
    *added = (entry){
        .in_bucket = *bucket, .in_list = set->entries, .component = component, .key_size = key.size, .hash = hash};
    if (key.size)
        memcpy(added->key, key.data, key.size);
    *bucket = set->entries = added;
    set->entry_count++;
    set->size_bytes += sizeof *added + key.size;
    return added;
}

int tlm_state_set_put(tlm_state_set *set, const char *component, tlm_text key, tlm_text value)
{
    uint64_t hash = hash_of(component, key);
    char *copy = NULL;
    if (value.size) {
        copy = malloc(value.size);
        if (!copy)
            return -ENOMEM;
        memcpy(copy, value.data, value.size);
    }
    entry *each = find(set, component, key, hash);
    if (!each)
        each = add(set, component, key, hash);
    if (!each) {
        free(copy);
        return -ENOMEM;
    }
    set->size_bytes += value.size - each->value_size;
    free(each->value);
    each->value = copy;
    each->value_size = value.size;
    return 0;
}

int tlm_state_set_get(const tlm_state_set *set, const char *component, tlm_text key, tlm_text *ret_value)
{
    const entry *each = find(set, component, key, hash_of(component, key));
    if (!each)
        return 0;
    *ret_value = (tlm_text){.data = each->value, .size = each->value_size};
    return 1;
}

tlm_state_change *tlm_state_set_list(const tlm_state_set *set)
{
    tlm_state_change *changes = calloc(set->entry_count ? set->entry_count : 1, sizeof *changes);
    if (!changes)
        return NULL;
    uint32_t i = 0;
    for (const entry *each = set->entries; each; each = each->in_list)
        changes[i++] = (tlm_state_change){.component = each->component,
                                          .key = {.data = each->key, .size = each->key_size},
                                          .value = {.data = each->value, .size = each->value_size}};
    return changes;
}

void tlm_state_set_finish(tlm_state_set *set)
{
    for (entry *each = set->entries, *next; each; each = next) {
        next = each->in_list;
        free(each->value);
        free(each);
    }
    free(set->buckets);
    *set = (tlm_state_set){0};
}
