/* SPDX-License-Identifier: Apache-2.0 */
#include "lane.h"

#include "status_code.h"

#include <inttypes.h>
#include <stdlib.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

/* Rows whose memory is fetched ahead of their turn. */
#define PREFETCH_ROWS 16

int tlm_stream_list_add(tlm_stream_list *list, tlm_stream *stream, uint32_t *index)
{
    if (*index != TLM_LIST_NONE)
        return 0;
    if (list->count == list->capacity) {
        uint32_t capacity = list->capacity ? list->capacity * 2 : 64;
        tlm_stream **items = realloc(list->items, capacity * sizeof *items);
        if (!items)
            return -ENOMEM;
        list->items = items;
        list->capacity = capacity;
    }
    *index = list->count;
    list->items[list->count++] = stream;
    return 0;
}

static uint64_t hash_of(const tlm_lane_state *state, tlm_text id)
{
    return XXH3_64bits_withSeed(id.data, id.size, state->seed);
}

/* --- streams ------------------------------------------------------------------------------------------------------ */

/* Adds a stream with the status it was saved with, which it takes over; NULL: a new one. */
static int add_stream(tlm_lane_state *state, tlm_text id, uint64_t hash, tlm_saved_status *saved,
                      tlm_stream **ret_stream)
{
    tlm_stream *stream = tlm_stream_create(id, hash);
    if (!stream)
        return -ENOMEM;
    if (tlm_table_add(&state->streams, stream) < 0) {
        tlm_stream_destroy(stream, &state->pool);
        return -ENOMEM;
    }
    if (saved) {
        stream->status = saved->status;
        if (saved->admitted_count == state->lane->input_count) {
            stream->admitted = saved->admitted;
            saved->admitted = NULL;
        }
        saved->status = (tlm_status)TLM_STATUS_INIT;
    }
    state->size_bytes += tlm_stream_size_bytes(stream);
    *ret_stream = stream;
    if (!saved || !saved->live)
        return 0;
    /* Live as it was saved, until the next flush looks: then a row tells if it is so no more. */
    stream->live = true;
    int64_t silent_ns = stream->status.last_ns + TLM_STATUS_QUIET_NS;
    return tlm_calendar_enter(&state->resting, stream, tlm_geometry_floor(&state->geometry, silent_ns));
}

typedef struct {
    tlm_lane_state *state;
    uint64_t hash;
    tlm_stream *stream;
} recall;

static int recall_stream(void *context, tlm_text key, tlm_text value)
{
    recall *what = context;
    tlm_saved_status saved;
    int result = tlm_status_read(value, &saved);
    if (result < 0)
        return result;
    result = add_stream(what->state, key, what->hash, &saved, &what->stream);
    tlm_saved_status_finish(&saved);
    return result;
}

/* Notes, once streams were turned away, from where on this one's events count: a restart reads older ones again. */
static int note_admission(tlm_lane_state *state, const tlm_event_view *view, const tlm_event *event, tlm_stream *stream)
{
    uint32_t inputs = state->lane->input_count;
    if (!state->has_turned_away || view->refill)
        return 0;
    if (!stream->admitted && !(stream->admitted = malloc(inputs * sizeof *stream->admitted)))
        return -ENOMEM;
    for (uint32_t i = 0; i < inputs; i++)
        stream->admitted[i] = state->reached[i] + 1;
    stream->admitted[view->input] = view->batch->records->records[event->record].position.ordinal;
    return 0;
}

/* A stream that the lane does not hold: known of old, or new; *ret_stream NULL: turned away. */
static int admit_stream(tlm_lane_state *state, const tlm_event_view *view, const tlm_event *event, tlm_text id,
                        uint64_t hash, tlm_stream **ret_stream)
{
    recall what = {.state = state, .hash = hash};
    bool is_stored = tlm_chatter_set_has(&state->stored, hash);
    *ret_stream = NULL;
    /* A stream is saved at the flush that follows its first event: without that, it was turned away. */
    if (view->refill ? !is_stored : state->streams.count >= state->lane->streams_max) {
        state->has_turned_away = true;
        return 0;
    }
    if (is_stored) {
        int found = state->lane->state_get(state->lane, id, recall_stream, &what);
        if (found < 0)
            return found;
    }
    if (!what.stream) {
        int result = view->refill ? 0 : add_stream(state, id, hash, NULL, &what.stream);
        if (result < 0 || !what.stream)
            return result;
        what.stream->visible = true;
        if (tlm_stream_list_add(&state->changed, what.stream, &what.stream->changed_index) < 0)
            return -ENOMEM;
    }
    *ret_stream = what.stream;
    return note_admission(state, view, event, what.stream);
}

static int resolve_stream(tlm_lane_state *state, const tlm_event_view *view, const tlm_event *event,
                          tlm_stream **ret_stream)
{
    tlm_stream *known = state->resolved[event->stream];
    if (!known) {
        tlm_text id = tlm_events_text(view->batch, view->batch->streams[event->stream].id);
        uint64_t hash = hash_of(state, id);
        known = tlm_table_find(&state->streams, hash, id);
        if (!known) {
            int result = admit_stream(state, view, event, id, hash, &known);
            if (result < 0)
                return result;
        }
        state->resolved[event->stream] = known;
    }
    *ret_stream = known;
    return 0;
}

/* --- events ------------------------------------------------------------------------------------------------------- */

static int64_t pane_start_of(tlm_lane_state *state, int64_t time_ns)
{
    if ((uint64_t)(time_ns - state->pane_start_ns) >= (uint64_t)state->geometry.slide_ns)
        state->pane_start_ns = tlm_geometry_floor(&state->geometry, time_ns);
    return state->pane_start_ns;
}

static int turn_away(const tlm_lane_state *state, const tlm_event_view *view, uint32_t index)
{
    char reason[160];
    if (view->refill)
        return 0;
    int size = snprintf(reason, sizeof reason,
                        "the lane holds max_streams = %" PRIu64 " streams already; raise max_streams or use more lanes",
                        state->lane->streams_max);
    view->verdicts[index] = TLM_VERDICT_DEAD_LETTER;
    return state->lane->dead_letter(state->lane, index, (tlm_text){.data = reason, .size = (size_t)size});
}

static int add_pane(tlm_lane_state *state, tlm_stream *stream, int64_t pane_start_ns, tlm_pane **ret_pane)
{
    uint32_t capacity = stream->pane_capacity;
    *ret_pane = tlm_stream_need_pane(stream, &state->pool, pane_start_ns);
    if (!*ret_pane)
        return -ENOMEM;
    state->size_bytes += (stream->pane_capacity - capacity) * sizeof *stream->panes + tlm_pane_size_bytes(*ret_pane);
    return stream->panes[0].start_ns == pane_start_ns ? tlm_lane_schedule(state, stream, state->watermark_ns) : 0;
}

static int note_in_roster(tlm_lane_state *state, tlm_stream *stream, int64_t pane_start_ns, uint64_t user)
{
    size_t before = tlm_roster_size_bytes(stream->roster);
    int result = tlm_roster_note(stream->roster, &state->geometry, pane_start_ns, user);
    state->size_bytes += tlm_roster_size_bytes(stream->roster) - before;
    return result;
}

/* 1 when the event was added to its pane, 0 when it was there before. */
static int apply_to_pane(tlm_lane_state *state, const tlm_event_view *view, uint32_t index, tlm_stream *stream,
                         int64_t pane_start_ns)
{
    const tlm_event *event = &view->batch->events[view->rows[index]];
    int16_t score = state->scores ? state->scores[index] : TLM_SIDE_ABSENT;
    tlm_pane *pane = tlm_stream_find_pane(stream, pane_start_ns);
    if (!pane) {
        int result = add_pane(state, stream, pane_start_ns, &pane);
        if (result < 0)
            return result;
    }
    bool has_parts = tlm_pane_may_grow_parts(pane, event, score);
    size_t before = tlm_pane_sets_size_bytes(pane) + (has_parts ? tlm_pane_parts_size_bytes(pane) : 0);
    int added = tlm_pane_add_id(pane, event);
    if (added <= 0)
        return added;
    int result = tlm_pane_add(pane, view->batch, event, score);
    state->size_bytes += tlm_pane_sets_size_bytes(pane) + (has_parts ? tlm_pane_parts_size_bytes(pane) : 0) - before;
    if (result == 0 && stream->roster && event->kind == TLM_EVENT_CHAT && event->user_hash)
        result = note_in_roster(state, stream, pane_start_ns, event->user_hash);
    if (result < 0)
        return result;
    result = tlm_horizon_note(&state->horizon, view->input, pane_start_ns, view->batch, event);
    return result < 0 ? result : 1;
}

/* What follows from a change of a stream's status, by an event that can be read again until `saved_ns`. */
static int settle(tlm_lane_state *state, const tlm_event_view *view, tlm_stream *stream, int changes, int64_t saved_ns)
{
    int judged = tlm_lane_judge(state, stream);
    if (judged < 0)
        return judged;
    bool is_due = saved_ns == INT64_MIN;
    if (((unsigned)changes & TLM_STATUS_CHANGED || is_due) && saved_ns < stream->save_by_ns)
        stream->save_by_ns = saved_ns;
    if (view->refill) /* the rows are out, the status is saved as far as it must be */
        return 0;
    if (judged || (unsigned)changes & TLM_STATUS_VISIBLE)
        stream->visible = true;
    return stream->visible || is_due ? tlm_stream_list_add(&state->changed, stream, &stream->changed_index) : 0;
}

static int apply_to_status(tlm_lane_state *state, const tlm_event_view *view, const tlm_event *event,
                           tlm_stream *stream, int64_t saved_ns)
{
    int changes;
    if (event->kind == TLM_EVENT_CHAT || event->kind == TLM_EVENT_TRANSACTION) {
        changes = tlm_status_touch(&stream->status, event->time_ns);
    } else {
        size_t before = tlm_status_size_bytes(&stream->status);
        changes = tlm_status_apply(&stream->status, view->batch, event);
        state->size_bytes += tlm_status_size_bytes(&stream->status) - before;
        if (changes < 0)
            return changes;
    }
    if (changes == 0 && stream->live && saved_ns != INT64_MIN)
        return 0;
    return settle(state, view, stream, changes, saved_ns);
}

/* Whether an event, read again, was read before its stream was let in. */
static bool was_turned_away(const tlm_event_view *view, const tlm_event *event, const tlm_stream *stream)
{
    return view->refill && stream->admitted &&
           view->batch->records->records[event->record].position.ordinal < stream->admitted[view->input];
}

static int apply(tlm_lane_state *state, const tlm_event_view *view, uint32_t index)
{
    const tlm_event *event = &view->batch->events[view->rows[index]];
    int64_t pane_start_ns = pane_start_of(state, event->time_ns);
    bool is_open = tlm_geometry_is_open(&state->geometry, pane_start_ns, state->watermark_ns);
    if (!is_open && view->refill)
        return 0;
    if (!is_open && event->kind != TLM_EVENT_STREAM_META) {
        view->verdicts[index] = TLM_VERDICT_LATE;
        return 0;
    }
    tlm_stream *stream;
    int result = resolve_stream(state, view, event, &stream);
    if (result < 0)
        return result;
    if (!stream)
        return turn_away(state, view, index);
    if (was_turned_away(view, event, stream))
        return 0;
    int64_t saved_ns = INT64_MIN;
    if (is_open) {
        saved_ns = pane_start_ns + state->geometry.duration_ns;
        int added = apply_to_pane(state, view, index, stream, pane_start_ns);
        if (added < 0)
            return added;
        if (added == 0) {
            if (!view->refill)
                view->verdicts[index] = TLM_VERDICT_DUPLICATE;
            return 0;
        }
    }
    if (event->time_ns > state->highest_ns)
        state->highest_ns = event->time_ns;
    if (!view->refill && stream->early_index == TLM_LIST_NONE &&
        tlm_stream_list_add(&state->early, stream, &stream->early_index) < 0)
        return -ENOMEM;
    return apply_to_status(state, view, event, stream, saved_ns);
}

static void clear_resolved(tlm_lane_state *state, uint32_t count)
{
    memset(state->resolved, 0, count * sizeof *state->resolved);
    state->has_forgotten = false;
}

static int begin_batch(tlm_lane_state *state, const tlm_events *batch)
{
    if (batch->stream_count > state->resolved_capacity) {
        tlm_stream **resolved = realloc(state->resolved, batch->stream_count * sizeof(tlm_stream *));
        if (!resolved)
            return -ENOMEM;
        state->resolved = resolved;
        state->resolved_capacity = batch->stream_count;
    }
    if (batch->stream_count)
        clear_resolved(state, batch->stream_count);
    return 0;
}

static void fetch_stream(const tlm_stream *stream)
{
    __builtin_prefetch(stream, 1);
    __builtin_prefetch(&stream->status, 1);
    __builtin_prefetch(stream->id);
}

/* Misses of the cache are what many streams cost: look up a few rows at once, so that their fetches overlap. */
static void prefetch(tlm_lane_state *state, const tlm_event_view *view, uint32_t first, uint32_t end)
{
    uint64_t hashes[PREFETCH_ROWS];
    tlm_stream *streams[PREFETCH_ROWS];
    const tlm_events *batch = view->batch;
    uint32_t count = end - first;
    bool is_cold = false;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t stream = batch->events[view->rows[first + i]].stream;
        streams[i] = state->resolved[stream];
        if (streams[i])
            continue;
        is_cold = true;
        hashes[i] = hash_of(state, tlm_events_text(batch, batch->streams[stream].id));
        tlm_table_prefetch(&state->streams, hashes[i]);
    }
    if (!is_cold)
        return;
    for (uint32_t i = 0; i < count; i++) {
        if (!streams[i])
            streams[i] = tlm_table_peek(&state->streams, hashes[i]);
        if (streams[i])
            fetch_stream(streams[i]);
    }
    for (uint32_t i = 0; i < count; i++) {
        const tlm_event *event = &batch->events[view->rows[first + i]];
        if (!state->resolved[event->stream])
            state->resolved[event->stream] =
                tlm_table_find(&state->streams, hashes[i], tlm_events_text(batch, batch->streams[event->stream].id));
        streams[i] = state->resolved[event->stream];
        if (streams[i] && streams[i]->recent)
            __builtin_prefetch(streams[i]->recent, 1);
    }
    for (uint32_t i = 0; i < count; i++)
        if (streams[i] && streams[i]->recent)
            tlm_pane_prefetch(streams[i]->recent, &batch->events[view->rows[first + i]]);
}

int tlm_lane_events(tlm_lane_state *state, const tlm_event_view *view)
{
    int result = begin_batch(state, view->batch);
    state->scores = tlm_event_view_side(view, TLM_SIDE_SENTIMENT);
    for (uint32_t i = 0; i < view->count && result == 0; i++) {
        if (i % PREFETCH_ROWS == 0)
            prefetch(state, view, i, i + PREFETCH_ROWS < view->count ? i + PREFETCH_ROWS : view->count);
        if (!view->refill && view->watermarks[i] > state->watermark_ns) {
            result = tlm_lane_advance(state, view->watermarks[i], view->watermarks[i]);
            if (state->has_forgotten)
                clear_resolved(state, view->batch->stream_count);
        }
        if (result == 0)
            result = apply(state, view, i);
    }
    if (result == 0 && view->count) {
        const tlm_event *last = &view->batch->events[view->rows[view->count - 1]];
        state->reached[view->input] = view->batch->records->records[last->record].position.ordinal;
    }
    return result;
}

/* --- life --------------------------------------------------------------------------------------------------------- */

static int load_stream(void *context, tlm_text key, tlm_text value)
{
    tlm_lane_state *state = context;
    uint64_t hash = hash_of(state, key);
    tlm_saved_status saved;
    int result = key.size > UINT8_MAX ? -EINVAL : tlm_status_read(value, &saved);
    if (result < 0)
        return result;
    result = tlm_chatter_set_add(&state->stored, hash, 0);
    if (result >= 0 && saved.live) {
        tlm_stream *stream;
        result = add_stream(state, key, hash, &saved, &stream);
    }
    tlm_saved_status_finish(&saved);
    return result < 0 ? result : 0;
}

int tlm_lane_open(const tlm_lane *lane, const tlm_geometry *geometry, uint64_t seed, tlm_lane_state **ret_state,
                  tlm_error *error)
{
    int result = -ENOMEM;
    tlm_lane_state *state = calloc(1, sizeof *state);
    if (!state)
        return tlm_error_set(error, -ENOMEM, "no memory for lane %" PRIu32, lane->lane);
    state->lane = lane;
    state->geometry = *geometry;
    state->seed = seed;
    state->watermark_ns = lane->watermark_ns;
    state->quiet_ns = lane->quiet_ns;
    state->highest_ns = INT64_MIN;
    state->closing.agenda = TLM_AGENDA_CLOSING;
    state->resting.agenda = TLM_AGENDA_RESTING;
    state->reached = malloc((lane->input_count + 1) * sizeof *state->reached);
    if (!state->reached || tlm_horizon_init(&state->horizon, lane->input_count) < 0 ||
        tlm_row_writer_init(&state->rows, lane, geometry) < 0)
        goto fail;
    for (uint32_t i = 0; i < lane->input_count; i++)
        state->reached[i] = -1;
    result = lane->state_each(lane, load_stream, state);
    if (result < 0)
        goto fail;
    *ret_state = state;
    return 0;
fail:
    tlm_lane_close(state);
    if (result == -EINVAL)
        return tlm_error_set(error, result,
                             "lane %" PRIu32 ": the checkpoint holds a stream status that this version of window did "
                             "not write; use the version that did, or begin with a new checkpoint",
                             lane->lane);
    return tlm_error_set(error, result, "lane %" PRIu32 ": cannot load the streams' status: %s", lane->lane,
                         strerror(-result));
}

void tlm_lane_close(tlm_lane_state *state)
{
    if (!state)
        return;
    for (uint32_t i = 0; i < state->streams.capacity; i++)
        tlm_stream_destroy(state->streams.slots[i].stream, &state->pool);
    tlm_table_finish(&state->streams);
    tlm_calendar_finish(&state->closing);
    tlm_calendar_finish(&state->resting);
    free(state->changed.items);
    free(state->early.items);
    tlm_chatter_set_finish(&state->stored);
    tlm_horizon_finish(&state->horizon);
    free(state->reached);
    free(state->resolved);
    tlm_pane_pool_finish(&state->pool);
    tlm_row_writer_finish(&state->rows);
    tlm_buffer_finish(&state->text);
    free(state);
}

uint64_t tlm_lane_size_bytes(tlm_lane_state *state)
{
    return sizeof *state + state->size_bytes + state->pool.size_bytes +
           state->streams.capacity * sizeof *state->streams.slots + tlm_calendar_size_bytes(&state->closing) +
           tlm_calendar_size_bytes(&state->resting) +
           ((size_t)state->changed.capacity + state->early.capacity + state->resolved_capacity) * sizeof(tlm_stream *) +
           tlm_chatter_set_size_bytes(&state->stored) + tlm_horizon_size_bytes(&state->horizon) +
           tlm_row_writer_size_bytes(&state->rows) + state->text.capacity;
}
