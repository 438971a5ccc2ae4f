/* SPDX-License-Identifier: Apache-2.0 */
#include "lane_worker.h"

/* Room for the names and settings of all processors. */
#define SETTINGS_SIZE ((size_t)8192)

/* Between two tries to read slow state. */
#define STATE_RETRY_NS (500 * TLM_NS_PER_MS)

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

tlm_dead_origin tlm_lane_origin(const tlm_lane_worker *worker, uint32_t input, const tlm_records *records)
{
    tlm_dead_origin origin = {.input = worker->record.inputs[input].name, .records = records};
    if (worker->options.inputs) {
        origin.partition = worker->options.lane;
        origin.partition_count = worker->options.lane_count;
    }
    return origin;
}

static int lane_dead_letter(const tlm_lane *lane, uint32_t index, tlm_text reason)
{
    tlm_lane_worker *worker = seat_of(lane)->worker;
    const tlm_event_view *view = worker->view;
    const tlm_event *event = &view->batch->events[view->rows[index]];
    tlm_dead_origin origin = tlm_lane_origin(worker, view->input, view->batch->records);
    return tlm_dead_letter_add(worker->outbox, &origin, event->record, event->kind, reason);
}

static int lane_state_put(const tlm_lane *lane, tlm_text key, tlm_text value)
{
    return tlm_outbox_state_put(seat_of(lane)->worker->outbox, seat_of(lane)->living->host.instance, key, value);
}

/* A processor's own answer to what was found is told apart from a checkpoint that is gone. */
struct getting {
    int (*found)(void *context, tlm_text key, tlm_text value);
    void *context;
    int is_found;
};

static int note_found(void *context, tlm_text key, tlm_text value)
{
    struct getting *getting = context;
    getting->is_found = 1;
    return getting->found(getting->context, key, value);
}

/* Sleeps for a moment; 0 when a stop was asked for. */
static int pause_unless_stopped(tlm_lane_worker *worker)
{
    int64_t until_ns = tlm_monotonic_ns() + STATE_RETRY_NS;
    struct timespec until = {.tv_sec = until_ns / TLM_NS_PER_SECOND, .tv_nsec = until_ns % TLM_NS_PER_SECOND};
    int result = 0;
    pthread_mutex_lock(&worker->inbox.mutex);
    while (!result && !atomic_load(&worker->is_stopping))
        result = pthread_cond_timedwait(&worker->inbox.filled, &worker->inbox.mutex, &until);
    pthread_mutex_unlock(&worker->inbox.mutex);
    return !atomic_load(&worker->is_stopping);
}

/* What was read is the lane's own only if no other process had taken it by then. */
static int confirm(tlm_lane_worker *worker)
{
    int result;
    do
        result = tlm_outbox_confirm(worker->outbox, &worker->failure);
    while (result < 0 && result != -ESTALE && pause_unless_stopped(worker));
    worker->is_interrupted |= result < 0 && result != -ESTALE;
    return result;
}

/* Waits for a checkpoint that does not answer: what the lane does next depends on it. */
static int lane_state_get(const tlm_lane *lane, tlm_text key, int (*found)(void *context, tlm_text key, tlm_text value),
                          void *context)
{
    const struct tlm_seat *seat = seat_of(lane);
    struct getting getting = {.found = found, .context = context};
    int result;
    do
        result = tlm_outbox_state_get(seat->worker->outbox, seat->living->host.instance, key, note_found, &getting);
    while (result < 0 && !getting.is_found && pause_unless_stopped(seat->worker));
    if (result < 0 && !getting.is_found) {
        seat->worker->is_interrupted = 1;
        return result;
    }
    int confirmed = confirm(seat->worker);
    return confirmed < 0 ? confirmed : result;
}

static int lane_state_each(const tlm_lane *lane, int (*found)(void *context, tlm_text key, tlm_text value),
                           void *context)
{
    return tlm_outbox_state_each(seat_of(lane)->worker->outbox, seat_of(lane)->living->host.instance, found, context);
}

/* --- taking the lane --------------------------------------------------------------------------------------------- */

/* Inputs of the lane: those of its log, or the sources of the file. */
static uint32_t input_names(const tlm_lane_worker *worker, const char *names[TLM_INPUTS_MAX])
{
    const tlm_plan *plan = worker->options.shared->plan;
    uint32_t count = 0;
    for (const char *const *name = worker->options.inputs; name && *name; name++)
        names[count++] = *name;
    for (uint32_t i = 0; !worker->options.inputs && i < plan->instance_count; i++)
        if (plan->instances[i].section == TLM_SECTION_SOURCE)
            names[count++] = plan->instances[i].name;
    return count;
}

static int add_inputs(tlm_lane_worker *worker, tlm_error *error)
{
    const char *names[TLM_INPUTS_MAX];
    tlm_lane_record old = worker->record;
    worker->record.input_count = input_names(worker, names);
    for (uint32_t i = 0; i < worker->record.input_count; i++) {
        tlm_input_record *input = &worker->record.inputs[i];
        const tlm_input_record *known = tlm_lane_record_input(&old, names[i]);
        *input = known ? *known : (tlm_input_record){.highest_ns = INT64_MIN};
        (void)snprintf(input->name, sizeof input->name, "%s", names[i]);
        worker->known[i] = known != NULL;
        worker->refilling[i] = input->from.ordinal < input->next.ordinal;
        worker->states[i] = TLM_INPUT_ACTIVE;
    }
    for (uint32_t i = 0; i < old.input_count; i++)
        if (!tlm_lane_record_input(&worker->record, old.inputs[i].name))
            return tlm_error_set(error, -EINVAL,
                                 "the checkpoint belongs to a pipeline with the input \"%s\", which this file does not "
                                 "have; start with a new checkpoint",
                                 old.inputs[i].name);
    return 0;
}

/* What the stored state depends on: another value of it cannot be continued. */
static int settings_text(const tlm_lane_worker *worker, char *text, size_t size)
{
    int used = snprintf(text, size, "lanes=%u", worker->options.lane_count);
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
                                .lane_count = worker->options.lane_count,
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
    if (result < 0)
        return result;
    result = tlm_lane_load_refused(worker, error);
    if (!result)
        result = open_seats(worker, error);
    tlm_error doubt;
    int confirmed = tlm_outbox_confirm(worker->outbox, &doubt);
    if (confirmed < 0) { /* then what was read tells nothing, nor does a failure from it */
        *error = doubt;
        return confirmed;
    }
    return result == -EINVAL ? -EBADMSG : result;
}
