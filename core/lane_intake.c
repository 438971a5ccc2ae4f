/* SPDX-License-Identifier: Apache-2.0 */
#include "lane_worker.h"

#include <stdlib.h>

static int reserve(tlm_lane_worker *worker, uint32_t count)
{
    if (count <= worker->room)
        return 0;
    int64_t *watermarks = realloc(worker->watermarks, count * sizeof *watermarks);
    if (watermarks)
        worker->watermarks = watermarks;
    uint8_t *verdicts = realloc(worker->verdicts, count);
    if (verdicts)
        worker->verdicts = verdicts;
    if (!watermarks || !verdicts)
        return -ENOMEM;
    for (uint32_t i = 0; i < worker->side_count; i++) {
        int16_t *values = realloc(worker->sides[i].values, count * sizeof *values);
        if (!values)
            return -ENOMEM;
        worker->sides[i].values = values;
    }
    worker->room = count;
    return 0;
}

static void clear_findings(tlm_lane_worker *worker, uint32_t count)
{
    memset(worker->verdicts, TLM_VERDICT_APPLIED, count);
    for (uint32_t i = 0; i < worker->side_count; i++)
        for (uint32_t j = 0; j < count; j++)
            worker->sides[i].values[j] = TLM_SIDE_ABSENT;
}

static void count_verdicts(tlm_lane_worker *worker, const tlm_event_view *view)
{
    uint32_t counts[TLM_EVENT_KINDS][4] = {{0}};
    for (uint32_t i = 0; i < view->count; i++)
        counts[view->batch->events[view->rows[i]].kind][view->verdicts[i] & 3]++;
    tlm_accounting *accounting = &worker->record.accounting;
    for (uint32_t kind = 0; kind < TLM_EVENT_KINDS; kind++) {
        accounting->applied[kind] += counts[kind][TLM_VERDICT_APPLIED];
        accounting->duplicate[kind] += counts[kind][TLM_VERDICT_DUPLICATE];
        accounting->late[kind] += counts[kind][TLM_VERDICT_LATE];
        accounting->dead_lettered[kind] += counts[kind][TLM_VERDICT_DEAD_LETTER];
    }
}

/*
 * Within a batch the processors came as far as its last watermark, and their rows with them: a flush for want of room,
 * before the lane advances, must not keep less.
 */
static void note_watermark(tlm_lane_worker *worker, int64_t watermark_ns)
{
    if (watermark_ns > worker->record.watermark_ns)
        worker->record.watermark_ns = watermark_ns;
    if (watermark_ns > worker->record.quiet_ns)
        worker->record.quiet_ns = watermark_ns;
}

static int process(tlm_lane_worker *worker, const tlm_parcel *parcel, uint32_t first, uint32_t count, uint32_t refill)
{
    if (!count)
        return 0;
    int result = reserve(worker, count);
    if (result < 0)
        return result;
    tlm_lane_fill_watermarks(worker, parcel, first, count, refill);
    clear_findings(worker, count);
    tlm_event_view view = {.batch = parcel->events,
                           .rows = parcel->rows + first,
                           .watermarks = worker->watermarks,
                           .verdicts = worker->verdicts,
                           .count = count,
                           .input = parcel->input,
                           .refill = refill,
                           .side_count = worker->side_count,
                           .sides = worker->sides};
    worker->view = &view;
    for (uint32_t i = 0; i < worker->seat_count && result >= 0; i++)
        result = worker->seats[i].processor->events(worker->seats[i].state, &view);
    worker->view = NULL;
    if (result < 0)
        return result;
    if (!refill) {
        count_verdicts(worker, &view);
        note_watermark(worker, worker->watermarks[count - 1]);
    }
    return 0;
}

static int bury(tlm_lane_worker *worker, const tlm_parcel *parcel)
{
    if (!parcel->dead_count)
        return 0;
    tlm_dead_origin origin = tlm_lane_origin(worker, parcel->input, parcel->events->records);
    for (uint32_t i = 0; i < parcel->dead_count; i++) {
        const tlm_dead *dead = &parcel->dead[i];
        int result = tlm_dead_letter_add_parcel(worker->outbox, &origin, parcel, dead, worker->pipeline->max_future);
        if (result < 0)
            return result;
        if (dead->why == TLM_DEAD_TOO_FAR_AHEAD)
            result = tlm_refused_add(&worker->refused[parcel->input],
                                     parcel->events->records->records[dead->record].position.ordinal);
        if (result < 0)
            return result;
        worker->record.accounting.dead_lettered[dead->kind]++;
    }
    return 0;
}

static void note_input(tlm_lane_worker *worker, const tlm_parcel *parcel)
{
    tlm_input_record *input = &worker->record.inputs[parcel->input];
    worker->states[parcel->input] = parcel->state;
    if (parcel->next.ordinal >= input->next.ordinal || parcel->state != TLM_INPUT_ACTIVE)
        worker->refilling[parcel->input] = 0;
    /* While it refills, a lane's record stays ahead of what is read. */
    if (parcel->next.ordinal > input->next.ordinal) {
        input->next = parcel->next;
        worker->is_moved = 1;
    }
    if (parcel->highest_ns > input->highest_ns)
        input->highest_ns = parcel->highest_ns;
}

void tlm_lane_show_figures(tlm_lane_worker *worker)
{
    uint64_t state_bytes = 0;
    for (uint32_t i = 0; i < worker->seat_count; i++)
        state_bytes += worker->seats[i].processor->size_bytes(worker->seats[i].state);
    pthread_mutex_lock(&worker->figures_mutex);
    worker->figures.accounting = worker->record.accounting;
    worker->figures.watermark_ns = worker->record.watermark_ns;
    worker->figures.state_bytes = state_bytes;
    pthread_mutex_unlock(&worker->figures_mutex);
}

int tlm_lane_take_parcel(tlm_lane_worker *worker, const tlm_parcel *parcel)
{
    int result = process(worker, parcel, 0, parcel->refill_count, 1);
    if (!result)
        result = process(worker, parcel, parcel->refill_count, parcel->row_count - parcel->refill_count, 0);
    if (!result)
        result = bury(worker, parcel);
    if (result < 0)
        return result;
    for (uint32_t kind = 0; kind < TLM_EVENT_KINDS; kind++)
        worker->record.accounting.consumed[kind] += parcel->consumed[kind];
    note_input(worker, parcel);
    result = tlm_lane_advance(worker);
    tlm_lane_show_figures(worker);
    atomic_store_explicit(&worker->moved_ns, tlm_monotonic_ns(), memory_order_relaxed);
    return result;
}
