/* SPDX-License-Identifier: Apache-2.0 */
/* From where each input must be read again: the first position of every pane that has a window open, over all streams
 * of the lane. One thread at a time. */
#ifndef TLM_WINDOW_HORIZON_H
#define TLM_WINDOW_HORIZON_H

#include "geometry.h"

#include <telemetra/event.h>

typedef struct {
    uint32_t input_count;
    uint32_t count;          /* panes */
    uint32_t capacity;       /* panes */
    int64_t *starts;         /* owned, ascending */
    tlm_position *positions; /* owned; input_count a pane; ordinal -1: none */
    int64_t *recent;         /* owned; an input's pane noted last */
} tlm_horizon;

int tlm_horizon_init(tlm_horizon *horizon, uint32_t input_count);
void tlm_horizon_finish(tlm_horizon *horizon);

int tlm_horizon_note_new(tlm_horizon *horizon, uint32_t input, int64_t pane_start_ns, const tlm_events *batch,
                         const tlm_event *event);

/* Notes an event of a pane. Events of an input come in the order of their ordinals, so only the first one of a pane
 * matters. 0 or -ENOMEM. */
static inline int tlm_horizon_note(tlm_horizon *horizon, uint32_t input, int64_t pane_start_ns, const tlm_events *batch,
                                   const tlm_event *event)
{
    if (horizon->recent[input] == pane_start_ns)
        return 0;
    return tlm_horizon_note_new(horizon, input, pane_start_ns, batch, event);
}

/* Forgets the panes that have no window open any more. */
void tlm_horizon_advance(tlm_horizon *horizon, const tlm_geometry *geometry, int64_t watermark_ns);

/* 1 and the smallest position of the input, or 0. */
int tlm_horizon_from(const tlm_horizon *horizon, uint32_t input, tlm_position *ret_position);
size_t tlm_horizon_size_bytes(const tlm_horizon *horizon);

#endif
