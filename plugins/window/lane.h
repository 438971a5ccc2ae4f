/* SPDX-License-Identifier: Apache-2.0 */
/* All that a lane remembers: streams with their panes, the agendas of what is due, from where inputs must be read
 * again. lane.c takes events; closing.c lets time pass and emits. One thread at a time. */
#ifndef TLM_WINDOW_LANE_H
#define TLM_WINDOW_LANE_H

#include "calendar.h"
#include "horizon.h"
#include "row.h"
#include "table.h"

#include <telemetra/processor.h>

/* Streams that something must be done for. Start from all zero. */
typedef struct {
    tlm_stream **items; /* owned; NULL where a stream was taken out */
    uint32_t count;
    uint32_t capacity;
} tlm_stream_list;

struct tlm_lane_state {
    const tlm_lane *lane; /* borrowed */
    tlm_geometry geometry;
    uint64_t seed;
    int64_t watermark_ns;
    int64_t quiet_ns;      /* by which silence is judged */
    int64_t highest_ns;    /* time of any event applied */
    int64_t pane_start_ns; /* the pane of the event before: most fall in the same */

    tlm_table streams;
    tlm_calendar closing;    /* streams with panes, by the end of their next window */
    tlm_calendar resting;    /* live streams, by the slide in which they fall silent unless an event came */
    tlm_stream_list changed; /* for the next flush */
    tlm_stream_list early;   /* for the next early rows */
    tlm_chatter_set stored;  /* hashes of the ids whose status is kept as slow state */
    tlm_horizon horizon;
    int64_t *reached;     /* owned; ordinal of each input's event taken last; -1: none */
    bool has_turned_away; /* there were streams beyond streams_max */

    const int16_t *scores; /* of the view at hand, row by row; NULL: nobody scores */
    tlm_stream **resolved; /* owned; streams of the batch at hand, by their index in it; NULL: not looked up yet */
    uint32_t resolved_capacity;
    bool has_forgotten; /* a stream was freed: `resolved` may not be trusted */

    tlm_pane_pool pool;
    tlm_row_writer rows;
    tlm_buffer text;   /* for a status being saved */
    size_t size_bytes; /* of streams and what they hold, panes apart */
};

int tlm_lane_open(const tlm_lane *lane, const tlm_geometry *geometry, uint64_t seed, tlm_lane_state **ret_state,
                  tlm_error *error);
void tlm_lane_close(tlm_lane_state *state);
int tlm_lane_events(tlm_lane_state *state, const tlm_event_view *view);
uint64_t tlm_lane_size_bytes(tlm_lane_state *state);

/* closing.c: lets time pass. Emits every window that ends by then, window after window, and forgets what is over. */
int tlm_lane_advance(tlm_lane_state *state, int64_t watermark_ns, int64_t quiet_ns);
int64_t tlm_lane_next_due(tlm_lane_state *state);
int tlm_lane_early(tlm_lane_state *state);
int tlm_lane_prepare(tlm_lane_state *state);

/* closing.c: enters the stream's next window. */
int tlm_lane_schedule(tlm_lane_state *state, tlm_stream *stream, int64_t watermark_ns);
/* closing.c: notes whether a stream is live; 1 when that is a change, 0, or -ENOMEM. */
int tlm_lane_judge(tlm_lane_state *state, tlm_stream *stream);

/* Puts a stream into a list, whose index of it is `index`, if it is not there. 0 or -ENOMEM. */
int tlm_stream_list_add(tlm_stream_list *list, tlm_stream *stream, uint32_t *index);

#endif
