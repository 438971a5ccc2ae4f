/* SPDX-License-Identifier: Apache-2.0 */
#include "lane.h"
#include "status_code.h"

/* --- status ------------------------------------------------------------------------------------------------------- */

int tlm_lane_judge(tlm_lane_state *state, tlm_stream *stream)
{
    bool live = tlm_status_is_live(&stream->status, state->quiet_ns);
    if (live == stream->live)
        return 0;
    stream->live = live;
    if (!live) {
        tlm_calendar_leave(&state->resting, stream);
        return 1;
    }
    int64_t silent_ns = stream->status.last_ns + TLM_STATUS_QUIET_NS;
    int result = tlm_calendar_enter(&state->resting, stream, tlm_geometry_floor(&state->geometry, silent_ns));
    return result < 0 ? result : 1;
}

/* Puts the status into the slow state. */
static int save(tlm_lane_state *state, tlm_stream *stream)
{
    tlm_saved_status saved = {
        .status = stream->status,
        .live = stream->live,
        .admitted = stream->admitted,
        .admitted_count = stream->admitted ? state->lane->input_count : 0,
    };
    tlm_buffer_clear(&state->text);
    tlm_status_write(&saved, &state->text);
    if (state->text.error)
        return state->text.error;
    int result = state->lane->state_put(state->lane, tlm_stream_id(stream),
                                        (tlm_text){.data = state->text.data, .size = state->text.size});
    if (result < 0)
        return result;
    stream->save_by_ns = INT64_MAX;
    result = tlm_chatter_set_add(&state->stored, stream->hash, 0);
    return result < 0 ? result : 0;
}

/* Emits the stream's row and saves its status. */
static int publish(tlm_lane_state *state, tlm_stream *stream)
{
    int result = tlm_row_write_stream(&state->rows, stream, TLM_ROWS_FINAL);
    if (result < 0)
        return result;
    stream->visible = false;
    return save(state, stream);
}

static void take_out(tlm_stream_list *list, uint32_t index)
{
    if (index != TLM_LIST_NONE)
        list->items[index] = NULL;
}

static void forget(tlm_lane_state *state, tlm_stream *stream)
{
    take_out(&state->changed, stream->changed_index);
    take_out(&state->early, stream->early_index);
    tlm_calendar_leave(&state->resting, stream);
    tlm_table_remove(&state->streams, stream);
    state->size_bytes -= tlm_stream_size_bytes(stream);
    state->has_forgotten = true;
    tlm_stream_destroy(stream, &state->pool);
}

/* --- windows ------------------------------------------------------------------------------------------------------ */

int tlm_lane_schedule(tlm_lane_state *state, tlm_stream *stream, int64_t watermark_ns)
{
    int64_t end_ns = tlm_geometry_next_end(&state->geometry, stream->panes[0].start_ns, watermark_ns);
    return tlm_calendar_enter(&state->closing, stream, end_ns);
}

/* Packs panes that time has passed by; what then still comes for them is rare. */
static int freeze_panes(tlm_lane_state *state, tlm_stream *stream)
{
    for (uint32_t i = 0; i < stream->pane_count; i++) {
        tlm_pane *pane = stream->panes[i].pane;
        if (stream->panes[i].start_ns + state->geometry.slide_ns > state->highest_ns)
            break;
        if (tlm_flat_is_frozen(&pane->ids.flat) && tlm_flat_is_frozen(&pane->chatters.flat))
            continue;
        size_t before = tlm_pane_size_bytes(pane);
        if (tlm_pane_freeze(pane) < 0)
            return -ENOMEM;
        state->size_bytes -= before - tlm_pane_size_bytes(pane);
    }
    return 0;
}

static void drop_panes(tlm_lane_state *state, tlm_stream *stream, int64_t end_ns)
{
    int64_t first_ns = end_ns - state->geometry.duration_ns + state->geometry.slide_ns;
    uint32_t count = tlm_stream_panes_before(stream, first_ns);
    for (uint32_t i = 0; i < count; i++)
        state->size_bytes -= tlm_pane_size_bytes(stream->panes[i].pane);
    tlm_stream_drop_panes(stream, &state->pool, count);
}

/* The stream has no window open: no event of it will be read again, so all of its status must be saved now. */
static int rest(tlm_lane_state *state, tlm_stream *stream)
{
    int result = tlm_lane_judge(state, stream);
    if (result >= 0)
        result = publish(state, stream);
    if (result == 0 && !stream->live)
        forget(state, stream);
    return result;
}

static int close_window(tlm_lane_state *state, tlm_stream *stream, int64_t end_ns)
{
    size_t before = tlm_roster_size_bytes(stream->roster);
    int result = tlm_row_write_window(&state->rows, stream, end_ns, TLM_ROWS_FINAL);
    state->size_bytes += tlm_roster_size_bytes(stream->roster) - before;
    if (result < 0)
        return result;
    drop_panes(state, stream, end_ns);
    if (stream->pane_count == 0)
        return rest(state, stream);
    result = freeze_panes(state, stream);
    if (result == 0 && stream->save_by_ns <= end_ns)
        result = save(state, stream);
    return result < 0 ? result : tlm_lane_schedule(state, stream, end_ns);
}

int64_t tlm_lane_next_due(tlm_lane_state *state)
{
    return tlm_calendar_first(&state->closing);
}

int tlm_lane_advance(tlm_lane_state *state, int64_t watermark_ns, int64_t quiet_ns)
{
    state->watermark_ns = watermark_ns > state->watermark_ns ? watermark_ns : state->watermark_ns;
    state->quiet_ns = quiet_ns > state->quiet_ns ? quiet_ns : state->quiet_ns;
    int64_t end_ns;
    while ((end_ns = tlm_calendar_first(&state->closing)) <= state->watermark_ns) {
        tlm_stream *stream = tlm_calendar_next(&state->closing);
        int result = stream ? close_window(state, stream, end_ns) : 0;
        if (result < 0)
            return result;
    }
    return 0;
}

/* --- flushes ------------------------------------------------------------------------------------------------------ */

/* Looks at the live streams of the first day of rest; whether all of them have left it. */
static int look_at_day(tlm_lane_state *state, int64_t day_ns, bool *ret_is_over)
{
    tlm_stream *next = state->resting.days[state->resting.first].streams;
    *ret_is_over = true;
    while (next) {
        tlm_stream *stream = next;
        next = stream->agenda[TLM_AGENDA_RESTING].next;
        int64_t silent_ns = stream->status.last_ns + TLM_STATUS_QUIET_NS;
        int64_t silent_day_ns = tlm_geometry_floor(&state->geometry, silent_ns);
        int result = 0;
        if (silent_ns <= state->quiet_ns) {
            result = tlm_lane_judge(state, stream);
            stream->visible = true;
            if (result >= 0)
                result = tlm_stream_list_add(&state->changed, stream, &stream->changed_index);
        } else if (silent_day_ns != day_ns) {
            result = tlm_calendar_enter(&state->resting, stream, silent_day_ns);
        } else {
            *ret_is_over = false;
        }
        if (result < 0)
            return result;
    }
    return 0;
}

/* Finds the live streams that have been silent for too long. */
static int look_for_silence(tlm_lane_state *state)
{
    int64_t day_ns;
    bool is_over = true;
    while (is_over && (day_ns = tlm_calendar_first(&state->resting)) <= state->quiet_ns) {
        int result = look_at_day(state, day_ns, &is_over);
        if (result < 0)
            return result;
        if (is_over)
            (void)tlm_calendar_next(&state->resting); /* nobody is left: the day is over */
    }
    return 0;
}

int tlm_lane_prepare(tlm_lane_state *state)
{
    int result = look_for_silence(state);
    for (uint32_t i = 0; i < state->changed.count && result == 0; i++) {
        tlm_stream *stream = state->changed.items[i];
        if (!stream)
            continue;
        stream->changed_index = TLM_LIST_NONE;
        if (stream->visible)
            result = publish(state, stream);
        else if (stream->save_by_ns <= state->watermark_ns)
            result = save(state, stream);
        if (result == 0 && !stream->live && stream->pane_count == 0)
            forget(state, stream);
    }
    if (result == 0)
        state->changed.count = 0;
    return result;
}

static int write_early(tlm_lane_state *state, tlm_stream *stream)
{
    if (stream->pane_count > 0) {
        int64_t end_ns = stream->panes[stream->pane_count - 1].start_ns + state->geometry.slide_ns;
        int result =
            end_ns > state->watermark_ns ? tlm_row_write_window(&state->rows, stream, end_ns, TLM_ROWS_EARLY) : 0;
        if (result < 0)
            return result;
    }
    return tlm_row_write_stream(&state->rows, stream, TLM_ROWS_EARLY);
}

int tlm_lane_early(tlm_lane_state *state)
{
    int result = 0;
    for (uint32_t i = 0; i < state->early.count && result == 0; i++) {
        tlm_stream *stream = state->early.items[i];
        if (!stream)
            continue;
        stream->early_index = TLM_LIST_NONE;
        result = write_early(state, stream);
    }
    if (result == 0)
        state->early.count = 0;
    return result;
}
