/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file state.h
 * Changes of slow state that wait for a commit: the newest value of each (component, key). One thread.
 */
#ifndef TLM_CORE_STATE_H
#define TLM_CORE_STATE_H

#include <telemetra/telemetra.h>

/** Zero-initialised; free with tlm_state_set_finish. */
typedef struct tlm_state_set {
    struct tlm_state_entry **buckets;
    struct tlm_state_entry *entries;
    uint32_t bucket_count, entry_count;
    uint64_t size_bytes;
} tlm_state_set;

/** Copies a value in; an empty one notes a removal. `component` must outlive the set. -ENOMEM. */
int tlm_state_set_put(tlm_state_set *set, const char *component, tlm_text key, tlm_text value);

/** 1 and the value (empty: removed) if the key has changed, else 0. */
int tlm_state_set_get(const tlm_state_set *set, const char *component, tlm_text key, tlm_text *ret_value);

/** All changes as an array of entry_count, which points into the set; free(3) it. NULL when memory is short. */
tlm_state_change *tlm_state_set_list(const tlm_state_set *set);

void tlm_state_set_finish(tlm_state_set *set);

#endif
