/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file dead_letter.h
 * Dead letters are rows of a dataset of their own, so every sink keeps them like any other: raw bytes, origin, reason.
 */
#ifndef TLM_CORE_DEAD_LETTER_H
#define TLM_CORE_DEAD_LETTER_H

#include "outbox.h"

/** Where a dead letter comes from. */
typedef struct tlm_dead_origin {
    const char *input;          /**< name of the input */
    const tlm_records *records; /**< the batch it is in */
    uint32_t partition;         /**< of its log; meaningful if partition_count */
    uint32_t partition_count;   /**< 0: its input has none */
} tlm_dead_origin;

/** Adds one record of a batch as a dead letter. -ENOMEM. */
int tlm_dead_letter_add(tlm_outbox *outbox, const tlm_dead_origin *origin, uint32_t record, uint32_t kind,
                        tlm_text reason);

/** Adds one dead letter of a parcel, with the reason why it is one. */
int tlm_dead_letter_add_parcel(tlm_outbox *outbox, const tlm_dead_origin *origin, const tlm_parcel *parcel,
                               const tlm_dead *dead, int64_t max_future_ms);

#endif
