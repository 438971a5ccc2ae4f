/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file kept.h
 * Bodies serialised once and kept as bytes until the data changes. Any thread.
 *
 * A body is good for the target that it answers while no row has come by the feed since it was made, and for `max_age`
 * at most: rows that another process writes into the store come by no feed. Bounds: TLM_REST_KEPT_COUNT bodies of at
 * most TLM_REST_KEPT_SIZE_MAX bytes; of two targets that want one place the newer has it.
 */
#ifndef TLM_REST_KEPT_H
#define TLM_REST_KEPT_H

#include "common/buffer.h"

#include <stdbool.h>
#include <telemetra/telemetra.h>

#define TLM_REST_KEPT_COUNT 256
#define TLM_REST_KEPT_SIZE_MAX (256 * 1024)

typedef struct tlm_rest_kept tlm_rest_kept;

/** `max_age_ms` 0: nothing is kept. */
int tlm_rest_kept_create(int64_t max_age_ms, uint64_t seed, tlm_rest_kept **ret_kept);
void tlm_rest_kept_destroy(tlm_rest_kept *kept);

/** The data has changed: nothing made before is good any more. */
void tlm_rest_kept_expire(tlm_rest_kept *kept);

/**
 * Appends the body kept for a target to `body`; false when there is none. Then `*ret_version` is what the body made now
 * has to be put under: should the data change meanwhile, it is not good.
 */
bool tlm_rest_kept_get(tlm_rest_kept *kept, tlm_text target, tlm_buffer *body, uint64_t *ret_version);

/** Keeps a body. Where memory is short it is not kept. */
void tlm_rest_kept_put(tlm_rest_kept *kept, tlm_text target, const tlm_buffer *body, uint64_t version);

#endif
