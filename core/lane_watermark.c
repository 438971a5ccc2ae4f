/* SPDX-License-Identifier: Apache-2.0 */
#include "lane_worker.h"

static int64_t input_watermark(const tlm_lane_worker *worker, uint32_t input)
{
    int64_t highest_ns = worker->record.inputs[input].highest_ns;
    return highest_ns == INT64_MIN ? INT64_MIN : highest_ns - worker->pipeline->allowed_lateness * TLM_NS_PER_MS;
}

/*
 * The smallest watermark of the active inputs other than one; INT64_MAX when there are none. One that still refills
 * holds it where it is: what it has yet to read again may lie in any window that was open at the checkpoint.
 */
static int64_t others_watermark(const tlm_lane_worker *worker, uint32_t except)
{
    int64_t least = INT64_MAX;
    for (uint32_t i = 0; i < worker->record.input_count; i++) {
        if (i == except || worker->states[i] != TLM_INPUT_ACTIVE)
            continue;
        if (worker->refilling[i])
            return INT64_MIN;
        int64_t watermark_ns = input_watermark(worker, i);
        if (watermark_ns < least)
            least = watermark_ns;
    }
    return least;
}

static int64_t highest_of_all(const tlm_lane_worker *worker)
{
    int64_t highest_ns = INT64_MIN;
    for (uint32_t i = 0; i < worker->record.input_count; i++)
        if (worker->record.inputs[i].highest_ns > highest_ns)
            highest_ns = worker->record.inputs[i].highest_ns;
    return highest_ns;
}

static int all_are(const tlm_lane_worker *worker, uint32_t least_state)
{
    for (uint32_t i = 0; i < worker->record.input_count; i++)
        if (worker->states[i] < least_state)
            return 0;
    return 1;
}

static int advance(tlm_lane_worker *worker, int64_t watermark_ns, int64_t quiet_ns)
{
    if (watermark_ns > worker->record.watermark_ns) {
        worker->record.watermark_ns = watermark_ns;
        worker->is_moved = 1;
    }
    if (quiet_ns > worker->record.quiet_ns) {
        worker->record.quiet_ns = quiet_ns;
        worker->is_moved = 1;
    }
    for (uint32_t i = 0; i < worker->seat_count; i++) {
        struct tlm_seat *seat = &worker->seats[i];
        int result = seat->processor->advance(seat->state, worker->record.watermark_ns, quiet_ns);
        if (result < 0)
            return result;
    }
    return 0;
}

static int64_t next_due(const tlm_lane_worker *worker)
{
    int64_t due_ns = INT64_MAX;
    for (uint32_t i = 0; i < worker->seat_count; i++) {
        int64_t seat_ns = worker->seats[i].processor->next_due(worker->seats[i].state);
        due_ns = seat_ns < due_ns ? seat_ns : due_ns;
    }
    return due_ns;
}

/*
 * Advances from one due time to the next, with room for the rows of each, so that memory is bounded by the rows of one
 * however far the watermark jumps. Stopped on the way it stands at a due time, from where a restart goes on: 0; else 1.
 */
static int advance_far(tlm_lane_worker *worker, int64_t watermark_ns, int64_t quiet_ns)
{
    for (int64_t due_ns; (due_ns = next_due(worker)) < watermark_ns;) {
        int result = tlm_lane_make_room(worker);
        if (result <= 0)
            return result;
        result = advance(worker, due_ns, due_ns < quiet_ns ? due_ns : quiet_ns);
        if (result < 0)
            return result;
    }
    int result = tlm_lane_make_room(worker);
    if (result > 0)
        result = advance(worker, watermark_ns, quiet_ns);
    return result < 0 ? result : 1;
}

int tlm_lane_advance(tlm_lane_worker *worker)
{
    int64_t watermark_ns = others_watermark(worker, UINT32_MAX);
    if (watermark_ns == INT64_MAX || watermark_ns <= worker->record.watermark_ns)
        return 0;
    int result = advance_far(worker, watermark_ns, watermark_ns);
    return result < 0 ? result : 0;
}

/* All inputs have ended, or are idle where that means the end: everything becomes final. 1, or 0 when stopped. */
static int finish(tlm_lane_worker *worker)
{
    int64_t highest_ns = highest_of_all(worker);
    if (highest_ns == INT64_MIN)
        return 1;
    int64_t watermark_ns = worker->record.watermark_ns;
    for (uint32_t i = 0; i < worker->seat_count; i++) {
        const struct tlm_seat *seat = &worker->seats[i];
        int64_t final_ns = seat->processor->final_after(seat->living->instance, highest_ns);
        if (final_ns > watermark_ns)
            watermark_ns = final_ns;
    }
    return advance_far(worker, watermark_ns, highest_ns);
}

/* Where the clock takes over: the highest timestamp, or where an earlier turn of the clock has come to already. */
static int64_t idle_start(const tlm_lane_worker *worker)
{
    int64_t highest_ns = highest_of_all(worker);
    if (highest_ns == INT64_MIN)
        return INT64_MIN;
    int64_t start_ns = highest_ns - worker->pipeline->allowed_lateness * TLM_NS_PER_MS;
    return start_ns > worker->record.watermark_ns ? start_ns : worker->record.watermark_ns;
}

/* With no active input the clock goes on in their place. */
int tlm_lane_advance_idle(tlm_lane_worker *worker)
{
    if (!all_are(worker, TLM_INPUT_IDLE)) {
        worker->all_idle_since_ns = 0;
        return 0;
    }
    int64_t now_ns = tlm_monotonic_ns();
    int is_new = !worker->all_idle_since_ns;
    if (is_new) {
        worker->all_idle_since_ns = now_ns;
        worker->idle_start_ns = idle_start(worker);
    }
    if (all_are(worker, TLM_INPUT_ENDED)) {
        int result = worker->is_finished ? 1 : finish(worker);
        worker->is_finished = result > 0;
        return result < 0 ? result : 0;
    }
    if (worker->pipeline->at_idle == TLM_AT_IDLE_FINISH) {
        int result = is_new ? finish(worker) : 0;
        return result < 0 ? result : 0;
    }
    if (worker->idle_start_ns == INT64_MIN)
        return 0;
    int64_t watermark_ns = worker->idle_start_ns + (now_ns - worker->all_idle_since_ns);
    if (watermark_ns <= worker->record.watermark_ns)
        return 0;
    int result = advance_far(worker, watermark_ns, watermark_ns);
    return result < 0 ? result : 0;
}

void tlm_lane_fill_watermarks(tlm_lane_worker *worker, const tlm_parcel *parcel, uint32_t first, uint32_t count,
                              uint32_t refill)
{
    int64_t floor_ns = worker->record.watermark_ns;
    int64_t cap_ns = refill ? floor_ns : others_watermark(worker, parcel->input);
    const tlm_event *events = parcel->events->events;
    for (uint32_t i = 0; i < count; i++) {
        int64_t watermark_ns = events[parcel->rows[first + i]].watermark_ns;
        if (watermark_ns > cap_ns)
            watermark_ns = cap_ns;
        worker->watermarks[i] = watermark_ns > floor_ns ? watermark_ns : floor_ns;
    }
}
