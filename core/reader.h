/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file reader.h
 * Reads one source on a thread of its own, decodes, and shares the batches out to the lanes.
 */
#ifndef TLM_CORE_READER_H
#define TLM_CORE_READER_H

#include "host.h"
#include "read_order.h"
#include "share.h"

typedef struct tlm_reader tlm_reader;

typedef struct tlm_reader_options {
    const tlm_shared *shared;
    tlm_living *source, *codec;
    uint32_t input;
    const tlm_reader_lane *lanes; /**< copied */
    uint32_t lane_count;
    tlm_read_order *order; /**< of all inputs; must outlive the reader */
    /** Told once, on the reader's thread, when it fails; reading has ended then. */
    void (*failed)(void *context, const char *sentence);
    void *context;
} tlm_reader_options;

/** Makes a reader; the source must be started. */
int tlm_reader_create(const tlm_reader_options *options, tlm_reader **ret_reader, tlm_error *error);
/** Opens the source at the smallest position that a lane needs and starts the thread. */
int tlm_reader_start(tlm_reader *reader, tlm_error *error);
/** Asks it to end and joins it; the lanes' inboxes must be closed or drained meanwhile, the order ended. */
void tlm_reader_stop(tlm_reader *reader);
void tlm_reader_destroy(tlm_reader *reader);

/** How far it has come, for the progress line: the source's own measure, and records read. */
void tlm_reader_progress(const tlm_reader *reader, uint64_t *ret_done, uint64_t *ret_total, uint64_t *ret_records);

#endif
