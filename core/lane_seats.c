/* SPDX-License-Identifier: Apache-2.0 */
#include "lane_worker.h"

#include "dead_letter.h"

/* Room for the names and settings of all processors. */
#define SETTINGS_SIZE ((size_t)8192)

/* --- what processors call ---------------------------------------------------------------------------------------- */

static struct tlm_seat *seat_of(const tlm_lane *lane)
{
    return (struct tlm_seat *)(uintptr_t)lane;
}

static int reads(const struct tlm_seat *seat, const tlm_dataset *dataset)
{
    for (const char *const *id = seat->reader ? seat->reader->datasets : NULL; id && *id; id++)
        if (!strcmp(*id, dataset->id))
            return 1;
    return 0;
}

/* A row goes to the processors after the one that emits it, then to the outbox. */
static int lane_emit(const tlm_lane *lane, const tlm_dataset *dataset, uint32_t flags, const tlm_cell *cells)
{
    const struct tlm_seat *seat = seat_of(lane);
    const struct tlm_seat *end = seat->worker->seats + seat->worker->seat_count;
    for (const struct tlm_seat *other = seat + 1; other < end; other++) {
        int result = reads(other, dataset) ? other->reader->row(other->state, dataset, flags, cells) : 0;
        if (result < 0)
            return result;
    }
    return tlm_outbox_add(seat->worker->outbox, dataset, flags, cells);
}

static int lane_dead_letter(const tlm_lane *lane, uint32_t index, tlm_text reason)
{
    tlm_lane_worker *worker = seat_of(lane)->worker;
    const tlm_event_view *view = worker->view;
    const tlm_event *event = &view->batch->events[view->rows[index]];
    return tlm_dead_letter_add(worker->outbox, worker->record.inputs[view->input].name, view->batch->records,
                               event->record, event->kind, reason);
}

static int lane_state_put(const tlm_lane *lane, tlm_text key, tlm_text value)
{
    return tlm_outbox_state_put(seat_of(lane)->worker->outbox, seat_of(lane)->living->host.instance, key, value);
}

static int lane_state_get(const tlm_lane *lane, tlm_text key, int (*found)(void *context, tlm_text key, tlm_text value),
                          void *context)
{
    return tlm_outbox_state_get(seat_of(lane)->worker->outbox, seat_of(lane)->living->host.instance, key, found,
                                context);
}

static int lane_state_each(const tlm_lane *lane, int (*found)(void *context, tlm_text key, tlm_text value),
                           void *context)
{
    return tlm_outbox_state_each(seat_of(lane)->worker->outbox, seat_of(lane)->living->host.instance, found, context);
}

/* --- taking the lane --------------------------------------------------------------------------------------------- */

static int add_inputs(tlm_lane_worker *worker, tlm_error *error)
{
    const tlm_plan *plan = worker->options.shared->plan;
    tlm_lane_record old = worker->record;
    worker->record.input_count = 0;
    for (uint32_t i = 0; i < plan->instance_count; i++) {
        if (plan->instances[i].section != TLM_SECTION_SOURCE)
            continue;
        const char *name = plan->instances[i].name;
        tlm_input_record *input = &worker->record.inputs[worker->record.input_count];
        const tlm_input_record *known = tlm_lane_record_input(&old, name);
        *input = known ? *known : (tlm_input_record){.highest_ns = INT64_MIN};
        (void)snprintf(input->name, sizeof input->name, "%s", name);
        worker->refilling[worker->record.input_count] = input->from.ordinal < input->next.ordinal;
        worker->states[worker->record.input_count++] = TLM_INPUT_ACTIVE;
    }
    for (uint32_t i = 0; i < old.input_count; i++)
        if (!tlm_lane_record_input(&worker->record, old.inputs[i].name))
            return tlm_error_set(
                error, -EINVAL,
                "the checkpoint belongs to a pipeline with the source \"%s\", which this file does not "
                "have; start with a new checkpoint",
                old.inputs[i].name);
    return 0;
}

/* What the stored state depends on: another value of it cannot be continued. */
static int settings_text(const tlm_lane_worker *worker, char *text, size_t size)
{
    const tlm_plan *plan = worker->options.shared->plan;
    int used = snprintf(text, size, "lanes=%lld", (long long)plan->pipeline.lanes);
    for (uint32_t i = 0; i < worker->seat_count; i++) {
        const struct tlm_seat *seat = &worker->seats[i];
        if (used < 0 || (size_t)used >= size)
            return -ENOBUFS;
        used += snprintf(text + used, size - (size_t)used, "; %s: %s", seat->living->host.instance,
                         seat->processor->settings(seat->living->instance));
    }
    return used < 0 || (size_t)used >= size ? -ENOBUFS : 0;
}

static void find_seats(tlm_lane_worker *worker)
{
    const tlm_shared *shared = worker->options.shared;
    for (uint32_t i = 0; i < shared->plan->instance_count; i++) {
        if (shared->plan->instances[i].section != TLM_SECTION_PROCESSOR)
            continue;
        struct tlm_seat *seat = &worker->seats[worker->seat_count++];
        seat->worker = worker;
        seat->living = &shared->living[i];
        seat->processor = tlm_living_interface(seat->living, TLM_INTERFACE_PROCESSOR);
        seat->reader = tlm_living_interface(seat->living, TLM_INTERFACE_ROWS_READER);
        const tlm_sides *sides = tlm_living_interface(seat->living, TLM_INTERFACE_SIDES);
        for (const char *const *id = sides ? sides->writes : NULL; id && *id; id++)
            worker->sides[worker->side_count++].id = *id; /* the plan has seen to their number */
    }
}

static int open_seats(tlm_lane_worker *worker, tlm_error *error)
{
    for (uint32_t i = 0; i < worker->seat_count; i++) {
        struct tlm_seat *seat = &worker->seats[i];
        seat->lane = (tlm_lane){.struct_size = (uint32_t)sizeof seat->lane,
                                .lane = worker->options.lane,
                                .lane_count = (uint32_t)worker->pipeline->lanes,
                                .input_count = worker->record.input_count,
                                .watermark_ns = worker->record.watermark_ns,
                                .quiet_ns = worker->record.quiet_ns,
                                .streams_max = (uint64_t)worker->pipeline->max_streams,
                                .emit = lane_emit,
                                .dead_letter = lane_dead_letter,
                                .state_put = lane_state_put,
                                .state_get = lane_state_get,
                                .state_each = lane_state_each};
        tlm_error reason = {{0}};
        int result = seat->processor->lane_open(seat->living->instance, &seat->lane, &seat->state, &reason);
        if (result < 0)
            return tlm_error_set(error, result, "%s: %.900s", seat->living->host.instance, reason.text);
    }
    return 0;
}

int tlm_lane_take(tlm_lane_worker *worker, tlm_error *error)
{
    char settings[SETTINGS_SIZE];
    find_seats(worker);
    if (settings_text(worker, settings, sizeof settings) < 0)
        return tlm_error_set(error, -ENOBUFS, "the settings of the processors are too long");
    worker->record.watermark_ns = worker->record.quiet_ns = INT64_MIN;
    int result = tlm_outbox_take(worker->outbox, settings, &worker->record, error);
    if (result < 0)
        return result;
    result = add_inputs(worker, error);
    if (!result)
        result = tlm_lane_load_refused(worker, error);
    return result < 0 ? result : open_seats(worker, error);
}
