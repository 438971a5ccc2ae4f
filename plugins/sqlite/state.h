/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file state.h
 * Reads committed slow state. Any thread.
 */
#ifndef TLM_SQLITE_STATE_H
#define TLM_SQLITE_STATE_H

#include "readers.h"

#include <telemetra/base.h>

/** Keys that a walk over the state fetches at once; no reader is held while they are handed out. */
#define TLM_STATE_CHUNK_KEYS 512

/** Where state belongs to. */
typedef struct tlm_state_owner {
    const char *pipeline;
    uint32_t lane;
    const char *component;
} tlm_state_owner;

typedef int (*tlm_state_found)(void *context, tlm_text key, tlm_text value);

/** tlm_checkpoint.state_get and state_each; state_each goes by the bytes of the keys. */
int tlm_state_get(tlm_readers *readers, const tlm_state_owner *owner, tlm_text key, tlm_state_found found,
                  void *context);
int tlm_state_each(tlm_readers *readers, const tlm_state_owner *owner, tlm_state_found found, void *context);

/** tlm_checkpoint.epoch. */
int tlm_state_epoch(tlm_readers *readers, const char *pipeline, uint32_t lane, uint64_t *ret_epoch);

#endif
