/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file ledger.h
 * All that the checkpoint knows, in memory: lanes, settings, slow state, and how long the output is. It changes by
 * entries, the same bytes that the journal keeps. Any thread; changes come from the writer thread alone.
 */
#ifndef TLM_FILE_LEDGER_H
#define TLM_FILE_LEDGER_H

#include "common/buffer.h"

#include <telemetra/sink.h>

#include <stdbool.h>

/** Lanes that one file can hold. */
#define TLM_LEDGER_LANES_MAX 65536

typedef struct tlm_ledger tlm_ledger;

/** A lane as it was committed last. */
typedef struct tlm_ledger_lane {
    bool is_taken;
    uint64_t epoch, sequence;
    char *record; /**< owned by the ledger */
    size_t record_size;
} tlm_ledger_lane;

/** `hash_seed` is the host's. NULL when memory is short. */
tlm_ledger *tlm_ledger_create(uint64_t hash_seed);
void tlm_ledger_destroy(tlm_ledger *ledger);

/** Writer thread: NULL for a lane that was never taken. */
const tlm_ledger_lane *tlm_ledger_find_lane(const tlm_ledger *ledger, uint32_t lane);
/** Writer thread: the pipeline and settings it was begun with; NULL before. */
const char *tlm_ledger_pipeline(const tlm_ledger *ledger);
const char *tlm_ledger_settings(const tlm_ledger *ledger);
uint64_t tlm_ledger_output_size(const tlm_ledger *ledger);
/** Bytes that all of it takes as entries, about. */
uint64_t tlm_ledger_size_bytes(const tlm_ledger *ledger);

/* Entries, appended to a buffer; out of memory shows in entries->error. */
void tlm_ledger_write_head(tlm_buffer *entries, const char *pipeline, const char *settings);
void tlm_ledger_write_lane(tlm_buffer *entries, uint32_t lane, uint64_t epoch, uint64_t sequence, tlm_text record);
void tlm_ledger_write_state(tlm_buffer *entries, uint32_t lane, tlm_text component, tlm_text key, tlm_text value);
void tlm_ledger_write_output_size(tlm_buffer *entries, uint64_t size);

/** Puts entries into effect. -EBADMSG: they are no entries; -ENOMEM: some are in effect, apply all again. */
int tlm_ledger_apply(tlm_ledger *ledger, const char *entries, size_t size);

/**
 * Hands out all of it as entries, in pieces of about TLM_LEDGER_PIECE bytes; a non-zero result ends that and is
 * returned.
 */
int tlm_ledger_dump(const tlm_ledger *ledger, int (*take)(void *context, const tlm_buffer *entries, tlm_error *error),
                    void *context, tlm_error *error);
#define TLM_LEDGER_PIECE (1024u * 1024u)

/** tlm_checkpoint.state_get and state_each. Any thread; `found` is called without a lock held. */
int tlm_ledger_get_state(tlm_ledger *ledger, uint32_t lane, const char *component, tlm_text key,
                         int (*found)(void *context, tlm_text key, tlm_text value), void *context);
int tlm_ledger_each_state(tlm_ledger *ledger, uint32_t lane, const char *component,
                          int (*found)(void *context, tlm_text key, tlm_text value), void *context);

#endif
