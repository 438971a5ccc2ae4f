/* SPDX-License-Identifier: Apache-2.0 */
#include "kept.h"

#include "common/clock.h"

#include <pthread.h>
#include <stdlib.h>

/* One kept body, after the target that it answers. */
typedef struct slot {
    char *bytes;
    size_t target_size, body_size;
    uint64_t version;
    int64_t made_ms;
} slot;

struct tlm_rest_kept {
    int64_t max_age_ms;
    uint64_t seed;
    pthread_mutex_t mutex; /* guards all below */
    uint64_t version;      /* of the data; grows with each change */
    slot slots[TLM_REST_KEPT_COUNT];
};

int tlm_rest_kept_create(int64_t max_age_ms, uint64_t seed, tlm_rest_kept **ret_kept)
{
    tlm_rest_kept *kept = calloc(1, sizeof *kept);

    if (!kept)
        return -ENOMEM;
    kept->max_age_ms = max_age_ms;
    kept->seed = seed;
    pthread_mutex_init(&kept->mutex, NULL);
    *ret_kept = kept;
    return 0;
}

void tlm_rest_kept_destroy(tlm_rest_kept *kept)
{
    if (!kept)
        return;
    for (size_t i = 0; i < TLM_REST_KEPT_COUNT; i++)
        free(kept->slots[i].bytes);
    pthread_mutex_destroy(&kept->mutex);
    free(kept);
}

/* FNV-1a as in live.c; the slots compare the whole target. */
static slot *slot_of(tlm_rest_kept *kept, tlm_text target)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325) ^ kept->seed;

    for (size_t i = 0; i < target.size; i++)
        hash = (hash ^ (unsigned char)target.data[i]) * UINT64_C(0x100000001b3);
    return &kept->slots[(hash ^ hash >> 32) % TLM_REST_KEPT_COUNT];
}

void tlm_rest_kept_expire(tlm_rest_kept *kept)
{
    pthread_mutex_lock(&kept->mutex);
    kept->version++;
    pthread_mutex_unlock(&kept->mutex);
}

bool tlm_rest_kept_get(tlm_rest_kept *kept, tlm_text target, tlm_buffer *body, uint64_t *ret_version)
{
    const slot *found = slot_of(kept, target);
    int64_t now = tlm_clock_ms();

    pthread_mutex_lock(&kept->mutex);
    bool is_good = found->bytes && found->version == kept->version && now - found->made_ms < kept->max_age_ms &&
                   found->target_size == target.size && memcmp(found->bytes, target.data, target.size) == 0;
    if (is_good)
        tlm_buffer_append(body, found->bytes + found->target_size, found->body_size);
    *ret_version = kept->version;
    pthread_mutex_unlock(&kept->mutex);
    return is_good;
}

void tlm_rest_kept_put(tlm_rest_kept *kept, tlm_text target, const tlm_buffer *body, uint64_t version)
{
    slot *place = slot_of(kept, target);

    if (kept->max_age_ms <= 0 || body->error || target.size + body->size > TLM_REST_KEPT_SIZE_MAX)
        return;
    char *bytes = malloc(target.size + body->size + 1);
    if (!bytes)
        return;
    memcpy(bytes, target.data, target.size);
    memcpy(bytes + target.size, body->data, body->size);
    pthread_mutex_lock(&kept->mutex);
    char *old = place->bytes;
    *place = (slot){bytes, target.size, body->size, version, tlm_clock_ms()};
    pthread_mutex_unlock(&kept->mutex);
    free(old);
}
