/* SPDX-License-Identifier: Apache-2.0 */
/* Moments of one lane. */
#ifndef TLM_MOMENTS_LANE_H
#define TLM_MOMENTS_LANE_H

#include "judge.h"
#include "table.h"

#include <telemetra/telemetra.h>

struct tlm_lane_state {
    const tlm_lane *lane;
    const tlm_host *host;
    tlm_moments_settings settings; /* with what the rows tell */
    tlm_columns columns;
    tlm_judge judge;
    tlm_moments_table streams;
    tlm_moments_stream *
        *changed; /* owned; streams to be saved, as many as there are streams at most; NULL: forgotten */
    uint32_t changed_count, changed_capacity;
    int64_t watermark_ns;
    tlm_buffer text; /* for a state being saved */
};

int tlm_moments_lane_open(const tlm_host *host, const tlm_lane *lane, const tlm_moments_settings *settings,
                          tlm_lane_state **ret_state, tlm_error *error);
void tlm_moments_lane_close(tlm_lane_state *state);
/* Raids. */
int tlm_moments_lane_events(tlm_lane_state *state, const tlm_event_view *view);
/* Everything else. */
int tlm_moments_lane_row(tlm_lane_state *state, const tlm_dataset *dataset, uint32_t flags, const tlm_cell *cells);
int tlm_moments_lane_advance(tlm_lane_state *state, int64_t watermark_ns, int64_t quiet_ns);
/* Forgets streams that are gone and saves those that changed. */
int tlm_moments_lane_prepare(tlm_lane_state *state);
uint64_t tlm_moments_lane_size_bytes(tlm_lane_state *state);

#endif
