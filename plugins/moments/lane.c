/* SPDX-License-Identifier: Apache-2.0 */
#include "lane.h"

#include "raid.h"
#include "state_code.h"

#include <stdlib.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

static uint64_t hash_of(const tlm_lane_state *state, tlm_text id)
{
    return XXH3_64bits_withSeed(id.data, id.size, state->host->hash_seed);
}

static int add_stream(tlm_lane_state *state, tlm_text id, uint64_t hash, tlm_moments_stream **ret_stream)
{
    tlm_moments_stream *stream = tlm_moments_stream_create(id, hash);
    if (!stream || tlm_moments_table_add(&state->streams, stream) < 0) {
        tlm_moments_stream_destroy(stream);
        return -ENOMEM;
    }
    *ret_stream = stream;
    return 0;
}

/* --- opening ------------------------------------------------------------------------------------------------------ */

static int recall(void *context, tlm_text key, tlm_text value)
{
    tlm_lane_state *state = context;
    tlm_moments_stream *stream;
    int result = add_stream(state, key, hash_of(state, key), &stream);
    if (result < 0)
        return result;
    stream->is_stored = true;
    return tlm_moments_state_read(value, stream);
}

static int by_age(const void *a, const void *b)
{
    const tlm_moments_stream *one = *(tlm_moments_stream *const *)a, *other = *(tlm_moments_stream *const *)b;
    return (one->last_end_ns > other->last_end_ns) - (one->last_end_ns < other->last_end_ns);
}

/* Streams are recalled in any order: puts them into that of their last rows. */
static int sort_by_age(tlm_moments_table *table)
{
    tlm_moments_stream **all = malloc((table->count + 1) * sizeof(tlm_moments_stream *));
    uint32_t count = 0;
    if (!all)
        return -ENOMEM;
    for (tlm_moments_stream *stream = table->oldest; stream; stream = stream->newer)
        all[count++] = stream;
    qsort(all, count, sizeof(tlm_moments_stream *), by_age);
    for (uint32_t i = 0; i < count; i++)
        tlm_moments_table_touch(table, all[i]);
    free(all);
    return 0;
}

int tlm_moments_lane_open(const tlm_host *host, const tlm_lane *lane, const tlm_moments_settings *settings,
                          tlm_lane_state **ret_state, tlm_error *error)
{
    tlm_lane_state *state = calloc(1, sizeof *state);
    if (!state)
        return tlm_error_set(error, -ENOMEM, "no memory");
    state->lane = lane;
    state->host = host;
    state->settings = *settings;
    state->judge = (tlm_judge){.lane = lane, .settings = &state->settings};
    state->watermark_ns = lane->watermark_ns;
    int result = lane->state_each(lane, recall, state);
    if (result >= 0)
        result = sort_by_age(&state->streams);
    if (result < 0) {
        tlm_moments_lane_close(state);
        if (result == -EINVAL)
            return tlm_error_set(error, result,
                                 "the stored baselines are of another version; start with a new checkpoint");
        return tlm_error_set(error, result, "cannot read the stored baselines: %s", strerror(-result));
    }
    *ret_state = state;
    return 0;
}

void tlm_moments_lane_close(tlm_lane_state *state)
{
    if (!state)
        return;
    tlm_moments_table_finish(&state->streams);
    tlm_buffer_finish(&state->judge.metadata);
    tlm_buffer_finish(&state->text);
    free(state->changed);
    free(state);
}

/* --- events and rows ---------------------------------------------------------------------------------------------- */

int tlm_moments_lane_events(tlm_lane_state *state, const tlm_event_view *view)
{
    int result = 0;
    if (view->refill || !(state->settings.kinds & 1u << TLM_MOMENT_RAID))
        return 0;
    for (uint32_t i = 0; i < view->count && result == 0; i++) {
        const tlm_event *event = &view->batch->events[view->rows[i]];
        if (view->verdicts[i] == TLM_VERDICT_APPLIED && tlm_raid_is(view->batch, event))
            result = tlm_raid_emit(state->lane, state->settings.threshold, view->batch, event, &state->judge.metadata);
    }
    return result;
}

static int complain(const tlm_lane_state *state, const char *sentence)
{
    const tlm_log_service *log = state->host->get_service(state->host, TLM_SERVICE_LOG);
    if (log)
        log->write(state->host, TLM_LOG_ERROR, tlm_text_of(sentence));
    return -EINVAL;
}

/* Takes over the slide of the windows. False: they have none that divides them. */
static bool use_slide(tlm_lane_state *state, const tlm_window_row *row)
{
    tlm_moments_settings *settings = &state->settings;
    if (row->slide_ns <= 0 || row->end_ns <= row->start_ns || (row->end_ns - row->start_ns) % row->slide_ns != 0)
        return false;
    if (settings->slide_ns != row->slide_ns) {
        settings->slide_ns = row->slide_ns;
        settings->merge_slides = (uint32_t)((settings->merge_ns + row->slide_ns - 1) / row->slide_ns);
    }
    return true;
}

static int note_change(tlm_lane_state *state, tlm_moments_stream *stream)
{
    if (stream->changed_index != TLM_NOT_CHANGED)
        return 0;
    if (state->changed_count == state->changed_capacity) {
        uint32_t capacity = state->changed_capacity ? state->changed_capacity * 2 : 64;
        tlm_moments_stream **changed = realloc(state->changed, capacity * sizeof(tlm_moments_stream *));
        if (!changed)
            return -ENOMEM;
        state->changed = changed;
        state->changed_capacity = capacity;
    }
    stream->changed_index = state->changed_count;
    state->changed[state->changed_count++] = stream;
    return 0;
}

/* The stream's slides since its last row; a stream that was gone for long begins anew. 0: the row is not after it. */
static uint32_t slides_since(const tlm_lane_state *state, tlm_moments_stream *stream, const tlm_window_row *row)
{
    if (stream->last_end_ns != INT64_MIN && row->end_ns - stream->last_end_ns > TLM_STREAM_QUIET_NS)
        tlm_moments_stream_reset(stream);
    if (stream->last_end_ns != INT64_MIN)
        return row->end_ns <= stream->last_end_ns
                   ? 0
                   : (uint32_t)((row->end_ns - stream->last_end_ns) / state->settings.slide_ns);
    stream->first_ns = row->end_ns - state->settings.slide_ns;
    return 1;
}

static int take_row(tlm_lane_state *state, const tlm_window_row *row)
{
    uint64_t hash = hash_of(state, row->stream_id);
    tlm_moments_stream *stream = tlm_moments_table_find(&state->streams, hash, row->stream_id);
    int result = stream ? 0 : add_stream(state, row->stream_id, hash, &stream);
    if (result < 0)
        return result;
    uint32_t slides = slides_since(state, stream, row);
    if (slides == 0)
        return complain(state, "a window of a stream came after a later one of it");
    result = tlm_judge_row(&state->judge, stream, row, slides);
    stream->last_end_ns = row->end_ns;
    tlm_moments_table_touch(&state->streams, stream);
    return result < 0 ? result : note_change(state, stream);
}

int tlm_moments_lane_row(tlm_lane_state *state, const tlm_dataset *dataset, uint32_t flags, const tlm_cell *cells)
{
    tlm_window_row row;
    tlm_error error;
    if (!(flags & TLM_ROWS_FINAL))
        return 0;
    if (state->columns.dataset != dataset && tlm_columns_find(&state->columns, dataset, &error) < 0)
        return complain(state, error.text);
    tlm_columns_read(&state->columns, cells, &row);
    if (!use_slide(state, &row))
        return complain(state, "the windows that moments read are no multiple of their slide");
    return take_row(state, &row);
}

/* --- time and flushes --------------------------------------------------------------------------------------------- */

int tlm_moments_lane_advance(tlm_lane_state *state, int64_t watermark_ns, int64_t quiet_ns)
{
    (void)quiet_ns;
    if (watermark_ns > state->watermark_ns)
        state->watermark_ns = watermark_ns;
    return 0;
}

/* Rows to come end after the watermark: by then, these streams would begin anew anyway. */
static int forget_gone(tlm_lane_state *state)
{
    tlm_moments_stream *stream;
    while ((stream = state->streams.oldest) && state->watermark_ns >= INT64_MIN + TLM_STREAM_QUIET_NS &&
           stream->last_end_ns <= state->watermark_ns - TLM_STREAM_QUIET_NS) {
        if (stream->is_stored) {
            int result = state->lane->state_put(state->lane, tlm_moments_stream_id(stream), (tlm_text){0});
            if (result < 0)
                return result;
        }
        if (stream->changed_index != TLM_NOT_CHANGED)
            state->changed[stream->changed_index] = NULL;
        tlm_moments_table_remove(&state->streams, stream);
    }
    return 0;
}

static int save(tlm_lane_state *state, tlm_moments_stream *stream)
{
    tlm_buffer_clear(&state->text);
    tlm_moments_state_write(stream, &state->text);
    if (state->text.error)
        return state->text.error;
    int result = state->lane->state_put(state->lane, tlm_moments_stream_id(stream),
                                        (tlm_text){.data = state->text.data, .size = state->text.size});
    if (result < 0)
        return result;
    stream->is_stored = true;
    stream->changed_index = TLM_NOT_CHANGED;
    return 0;
}

int tlm_moments_lane_prepare(tlm_lane_state *state)
{
    int result = forget_gone(state);
    for (uint32_t i = 0; i < state->changed_count && result == 0; i++)
        if (state->changed[i])
            result = save(state, state->changed[i]);
    if (result == 0)
        state->changed_count = 0;
    return result;
}

uint64_t tlm_moments_lane_size_bytes(tlm_lane_state *state)
{
    /* Ids are short beside the rest and are taken at their mean. */
    return sizeof *state + (uint64_t)state->streams.count * (sizeof(tlm_moments_stream) + 32) +
           (uint64_t)state->streams.capacity * sizeof(tlm_moments_stream *) +
           (uint64_t)state->changed_capacity * sizeof(tlm_moments_stream *) + state->text.capacity +
           state->judge.metadata.capacity;
}
