/* SPDX-License-Identifier: Apache-2.0 */
/* Distinct chatters of several panes. One thread at a time. */
#ifndef TLM_WINDOW_CHATTERS_H
#define TLM_WINDOW_CHATTERS_H

#include "pane.h"

/* Marks up to which a sketch is sorted rather than spread over all registers, and the most a sparse one holds. */
#define TLM_CHATTER_MARKS 2048

/* Memory for adding up; start from all zero. */
typedef struct {
    uint64_t *slots;    /* owned; open addressing over users, who are never 0 */
    uint32_t capacity;  /* a power of two, at most 4 * TLM_CHATTERS_EXACT_MAX */
    uint8_t *registers; /* owned; TLM_SKETCH_REGISTERS once needed */
    uint32_t *marks;    /* owned; 2 * TLM_CHATTER_MARKS once needed */
} tlm_chatter_work;

/* The number of distinct chatters of panes: exact up to TLM_CHATTERS_EXACT_MAX, above that the estimate of the merged
 * sketch. 0 or -ENOMEM. */
int tlm_chatter_work_count(tlm_chatter_work *work, const tlm_pane *const *panes, uint32_t pane_count,
                           uint64_t *ret_count);

/* The bytes of the sketch of one pane's chatters, NULL for none; the same for the same chatters. 0 or -ENOMEM. */
int tlm_chatter_work_sketch(tlm_chatter_work *work, const tlm_pane *pane, uint8_t out[static TLM_SKETCH_SIZE],
                            size_t *ret_size);

void tlm_chatter_work_finish(tlm_chatter_work *work);
size_t tlm_chatter_work_size_bytes(const tlm_chatter_work *work);

#endif
