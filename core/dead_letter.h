/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file dead_letter.h
 * Dead letters are rows of a dataset of their own, so every sink keeps them like any other: raw bytes, origin, reason.
 */
#ifndef TLM_CORE_DEAD_LETTER_H
#define TLM_CORE_DEAD_LETTER_H

#include "outbox.h"

/** Adds one record of a batch as a dead letter. -ENOMEM. */
int tlm_dead_letter_add(tlm_outbox *outbox, const char *input, const tlm_records *records, uint32_t record,
                        uint32_t kind, tlm_text reason);

/** Adds one dead letter of a parcel: a reject with its reason, or an event that lies more than `max_future_ms` ahead.
 */
int tlm_dead_letter_add_parcel(tlm_outbox *outbox, const char *input, const tlm_parcel *parcel, const tlm_dead *dead,
                               int64_t max_future_ms);

#endif
