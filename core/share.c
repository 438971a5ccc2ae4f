/* SPDX-License-Identifier: Apache-2.0 */
#include "share.h"

#include "clock.h"

#include <stdlib.h>

/* Stands for the lane of a stream that another partition should have. */
#define FOREIGN UINT32_MAX

int tlm_share_init(tlm_share *share, const tlm_pipeline_options *pipeline, uint32_t lane_count)
{
    *share = (tlm_share){.pipeline = pipeline, .lane_count = lane_count};
    share->parcels = calloc(lane_count, sizeof(tlm_parcel *));
    share->counts = calloc(lane_count, sizeof *share->counts);
    return share->parcels && share->counts ? 0 : -ENOMEM;
}

void tlm_share_finish(tlm_share *share)
{
    free(share->parcels);
    free(share->counts);
    free(share->stream_lanes);
}

/* --- which lane -------------------------------------------------------------------------------------------------- */

static uint32_t lane_of(const tlm_share *share, uint32_t partition)
{
    if (!share->partition_count)
        return partition % share->lane_count;
    return partition % share->partition_count == share->partition ? 0 : FOREIGN;
}

static int find_stream_lanes(tlm_share *share, const tlm_events *events)
{
    if (events->stream_count > share->stream_room) {
        uint32_t *lanes = realloc(share->stream_lanes, events->stream_count * sizeof *lanes);
        if (!lanes)
            return -ENOMEM;
        share->stream_lanes = lanes;
        share->stream_room = events->stream_count;
    }
    for (uint32_t i = 0; i < events->stream_count; i++)
        share->stream_lanes[i] = lane_of(share, events->streams[i].partition);
    return 0;
}

/* Every lane gets room for its own rows and for as many dead letters; what has no lane is a dead letter of lane 0. */
static int create_parcels(tlm_share *share, const tlm_events *events)
{
    memset(share->counts, 0, share->lane_count * sizeof *share->counts);
    uint32_t foreign_count = 0;
    for (uint32_t i = 0; i < events->event_count; i++) {
        uint32_t lane = share->stream_lanes[events->events[i].stream];
        if (lane == FOREIGN)
            foreign_count++;
        else
            share->counts[lane]++;
    }
    for (uint32_t lane = 0; lane < share->lane_count; lane++) {
        uint32_t dead_room = share->counts[lane] + (lane ? 0 : events->reject_count + foreign_count);
        share->parcels[lane] = tlm_parcel_create(events, share->counts[lane], dead_room);
        if (!share->parcels[lane]) {
            while (lane-- > 0)
                tlm_parcel_destroy(share->parcels[lane]);
            return -ENOMEM;
        }
    }
    share->misplaced += foreign_count;
    share->placed += events->event_count - foreign_count;
    return 0;
}

/* --- one record -------------------------------------------------------------------------------------------------- */

static void bury(tlm_parcel *parcel, tlm_dead dead)
{
    parcel->consumed[dead.kind]++;
    parcel->dead[parcel->dead_count++] = dead;
}

/*
 * Whether an event lies too far ahead. What a lane had decided before a restart is not judged again, as the clock has
 * gone on: it was refused if the lane says so, and what was accepted is not above the highest timestamp it had noted.
 */
static int is_too_far_ahead(const tlm_share *share, const tlm_reader_lane *lane, const tlm_record *record,
                            int64_t time_ns, int is_decided, int64_t now_ns)
{
    if (is_decided)
        return time_ns > lane->record.highest_ns || tlm_refused_has(lane->refused, record->position.ordinal);
    int64_t taken_ns = record->append_time_ns ? record->append_time_ns : now_ns;
    return time_ns > taken_ns + share->pipeline->max_future * TLM_NS_PER_MS;
}

static int is_decided_by(const tlm_reader_lane *lane, int64_t ordinal)
{
    return lane->has_record && ordinal < lane->record.next.ordinal;
}

static void share_foreign(tlm_share *share, const tlm_share_input *input, const tlm_events *events, uint32_t index)
{
    const tlm_event *event = &events->events[index];
    if (!is_decided_by(&input->lanes[0], events->records->records[event->record].position.ordinal))
        bury(share->parcels[0],
             (tlm_dead){.record = event->record, .kind = event->kind, .event = index, .why = TLM_DEAD_MISPLACED});
}

/* One event, to its lane. A lane that had decided it before a restart gets it to refill, unless it was refused then. */
static void share_event(tlm_share *share, tlm_share_input *input, const tlm_events *events, uint32_t index,
                        int64_t now_ns)
{
    tlm_event *event = &events->events[index];
    uint32_t lane_index = share->stream_lanes[event->stream];
    const tlm_reader_lane *lane = &input->lanes[lane_index == FOREIGN ? 0 : lane_index];
    const tlm_record *record = &events->records->records[event->record];
    int64_t ordinal = record->position.ordinal;
    int is_decided = is_decided_by(lane, ordinal);
    int is_dead = is_too_far_ahead(share, lane, record, event->time_ns, is_decided, now_ns);
    if (!is_dead && event->time_ns > input->reached_ns)
        input->reached_ns = event->time_ns;
    if (lane_index == FOREIGN) {
        share_foreign(share, input, events, index);
        return;
    }
    tlm_parcel *parcel = share->parcels[lane_index];

    event->watermark_ns = input->highest_ns == INT64_MIN
                              ? INT64_MIN
                              : input->highest_ns - share->pipeline->allowed_lateness * TLM_NS_PER_MS;
    if (!is_dead && event->time_ns > input->highest_ns)
        input->highest_ns = event->time_ns;
    if (is_decided) {
        if (is_dead || ordinal < lane->record.from.ordinal)
            return;
        parcel->refill_count++;
    } else if (is_dead) {
        bury(parcel,
             (tlm_dead){.record = event->record, .kind = event->kind, .event = index, .why = TLM_DEAD_TOO_FAR_AHEAD});
        return;
    } else {
        parcel->consumed[event->kind]++;
    }
    parcel->rows[parcel->row_count++] = index;
}

/* A reject names no stream, so lane 0 answers for it. */
static void share_reject(tlm_share *share, const tlm_share_input *input, const tlm_events *events,
                         const tlm_reject *reject)
{
    if (!is_decided_by(&input->lanes[0], events->records->records[reject->record].position.ordinal))
        bury(share->parcels[0],
             (tlm_dead){
                 .record = reject->record, .kind = reject->kind, .why = TLM_DEAD_REJECTED, .reason = reject->reason});
}

/* --- batches ----------------------------------------------------------------------------------------------------- */

static void put(const tlm_share_input *input, tlm_parcel *parcel)
{
    parcel->input = input->input;
    parcel->state = input->state;
    parcel->highest_ns = input->highest_ns;
}

static int put_parcels(tlm_share *share, const tlm_share_input *input, const tlm_position *next)
{
    int result = -ECANCELED; /* stays so when no lane takes anything any more */
    for (uint32_t lane = 0; lane < share->lane_count; lane++) {
        tlm_parcel *parcel = share->parcels[lane];
        put(input, parcel);
        parcel->next = *next;
        if (tlm_inbox_put(input->lanes[lane].inbox, parcel) == 0)
            result = 0;
    }
    return result;
}

int tlm_share_events(tlm_share *share, tlm_share_input *input, const tlm_events *events)
{
    int result = find_stream_lanes(share, events);
    if (!result)
        result = create_parcels(share, events);
    if (result < 0)
        return result;
    int64_t now_ns = tlm_realtime_ns();
    for (uint32_t i = 0; i < events->event_count; i++)
        share_event(share, input, events, i, now_ns);
    for (uint32_t i = 0; i < events->reject_count; i++)
        share_reject(share, input, events, &events->rejects[i]);
    input->state = TLM_INPUT_ACTIVE;
    return put_parcels(share, input, &events->records->next);
}

int tlm_share_state(tlm_share *share, tlm_share_input *input, uint32_t state)
{
    input->state = state;
    for (uint32_t lane = 0; lane < share->lane_count; lane++) {
        tlm_parcel *parcel = tlm_parcel_create(NULL, 0, 0);
        if (!parcel)
            return -ENOMEM;
        put(input, parcel);
        parcel->next.ordinal = -1;                             /* no news of the position */
        (void)tlm_inbox_put(input->lanes[lane].inbox, parcel); /* a lane that is gone needs none */
    }
    return 0;
}
