/* SPDX-License-Identifier: Apache-2.0 */
#include "lane_worker.h"
#include "thread_name.h"

#include <stdlib.h>

/* How long a lane sleeps at most: the grain of the clock that stands in for idle inputs. */
#define WAKE_NS (200 * TLM_NS_PER_MS)

/* --- the thread -------------------------------------------------------------------------------------------------- */

static int may_take(const tlm_lane_worker *worker)
{
    return !(tlm_outbox_is_full(worker->outbox) && tlm_outbox_is_flying(worker->outbox));
}

/* Sleeps until there is a parcel that may be taken, an answer, or `wake_ns`. NULL: something else than a parcel. */
static tlm_parcel *next_parcel(tlm_lane_worker *worker, int64_t wake_ns)
{
    tlm_inbox *inbox = &worker->inbox;
    int is_open = may_take(worker);
    struct timespec until = {.tv_sec = wake_ns / TLM_NS_PER_SECOND, .tv_nsec = wake_ns % TLM_NS_PER_SECOND};
    tlm_parcel *parcel = NULL;
    int result = 0;
    pthread_mutex_lock(&inbox->mutex);
    while (!result && !atomic_load(&worker->is_stopping) && !tlm_outbox_has_answer_locked(worker->outbox) &&
           !(is_open && inbox->count))
        result = pthread_cond_timedwait(&inbox->filled, &inbox->mutex, &until);
    if (!inbox->count)
        atomic_store(&worker->moved_ns, tlm_monotonic_ns()); /* what comes next has waited from now on only */
    if (is_open && !atomic_load(&worker->is_stopping))
        parcel = tlm_inbox_take_locked(inbox);
    pthread_mutex_unlock(&inbox->mutex);
    return parcel;
}

static int is_idle(tlm_lane_worker *worker)
{
    pthread_mutex_lock(&worker->inbox.mutex);
    int result =
        !worker->inbox.count && !atomic_load(&worker->is_stopping) && !tlm_outbox_has_answer_locked(worker->outbox);
    pthread_mutex_unlock(&worker->inbox.mutex);
    return result;
}

/* Fills the inbox where the lane does that itself, or sleeps until there is something to do, at most to `wake_ns`. */
static void pull(tlm_lane_worker *worker, int64_t wake_ns)
{
    const tlm_lane_puller *puller = &worker->puller;
    int result = puller->pull(puller->context, &worker->failure);
    if (result < 0) {
        worker->is_cut_off = 1;
    } else if (!result) {
        atomic_store(&worker->moved_ns, tlm_monotonic_ns());
        puller->wait(puller->context, wake_ns);
    }
}

static int is_all_done(tlm_lane_worker *worker)
{
    return worker->is_finished && !worker->is_moved && !tlm_outbox_is_filled(worker->outbox) &&
           !tlm_outbox_is_flying(worker->outbox);
}

/* The sentence of a failure: that of a flush, if it was one. */
static void fail(const tlm_lane_worker *worker, int result, tlm_error *error)
{
    const char *reason = result == -ENOMEM ? "out of memory" : strerror(-result);
    tlm_error_set(error, result, "%.1000s", *worker->failure.text ? worker->failure.text : reason);
}

static int turn(tlm_lane_worker *worker, tlm_error *error)
{
    int64_t wake_ns = tlm_monotonic_ns() + WAKE_NS;
    int result = tlm_lane_step_flush(worker, &wake_ns, error);
    if (result < 0)
        return result;
    result = tlm_lane_do_what_is_due(worker, &wake_ns);
    if (result < 0 || is_all_done(worker))
        return result;
    if (worker->puller.pull && may_take(worker)) {
        if (is_idle(worker))
            pull(worker, wake_ns);
        wake_ns = 0; /* it has slept there, if it had to */
    }
    tlm_parcel *parcel = next_parcel(worker, wake_ns);
    if (!parcel)
        return 0;
    atomic_store_explicit(&worker->is_busy, 1, memory_order_relaxed);
    result = tlm_lane_take_parcel(worker, parcel);
    atomic_store_explicit(&worker->is_busy, 0, memory_order_relaxed);
    tlm_parcel_destroy(parcel);
    return result < 0 ? result : 0;
}

/* What it has is kept where it can be; its end is that of the puller all the same. */
static int end_cut_off(tlm_lane_worker *worker, tlm_error *error)
{
    if (!atomic_load(&worker->is_stopping))
        atomic_store(&worker->stop_deadline_ns, tlm_monotonic_ns() + worker->pipeline->stop_timeout * TLM_NS_PER_MS);
    int result = tlm_lane_flush_last(worker, error);
    return result < 0 ? result : tlm_error_set(error, -EIO, "%s", worker->failure.text);
}

static void end(tlm_lane_worker *worker, int result, const tlm_error *error)
{
    tlm_inbox_close(&worker->inbox);
    tlm_lane_show_figures(worker);
    worker->is_kept = result >= 0;
    worker->options.ended(worker->options.context, result < 0 ? result : 0, error->text);
}

static void *run(void *context)
{
    tlm_lane_worker *worker = context;
    tlm_error error = {{0}};
    int result = 0;
    tlm_thread_name("lane", worker->options.lane);
    while (result >= 0 && !atomic_load(&worker->is_stopping) && !worker->is_cut_off && !is_all_done(worker))
        result = turn(worker, &error);
    if (result >= 0 && worker->is_cut_off) {
        result = end_cut_off(worker, &error);
    } else if (result >= 0 && !is_all_done(worker)) {
        result = tlm_lane_flush_last(worker, &error);
        if (result == 0)
            result = tlm_error_set(&error, -ETIMEDOUT,
                                   "not everything was kept before the stop timeout; the rest will be read again");
    } else if (result < 0 && worker->is_interrupted) {
        result = tlm_error_set(&error, -ETIMEDOUT,
                               "stopped while the checkpoint did not answer; what was not kept will be read again");
    }
    if (result < 0 && !error.text[0])
        fail(worker, result, &error);
    end(worker, result, &error);
    return NULL;
}

/* --- life -------------------------------------------------------------------------------------------------------- */

/* A lane with work that finishes nothing for `stall_timeout` is not healthy, nor is one whose flush takes so long. */
static uint32_t probe(void *context, tlm_error *message)
{
    tlm_lane_worker *worker = context;
    int64_t now_ns = tlm_monotonic_ns();
    int64_t sent_ns = atomic_load(&worker->sent_ns);
    int64_t still_ns = now_ns - atomic_load(&worker->moved_ns);
    int64_t flight_ns = sent_ns ? now_ns - sent_ns : 0;
    int64_t stall_ns = worker->pipeline->stall_timeout * TLM_NS_PER_MS;
    pthread_mutex_lock(&worker->inbox.mutex);
    uint32_t waiting = worker->inbox.count + atomic_load(&worker->is_busy);
    pthread_mutex_unlock(&worker->inbox.mutex);
    if (flight_ns < stall_ns && (!waiting || still_ns < stall_ns))
        return TLM_HEALTH_OK;
    int is_flush = flight_ns >= stall_ns;
    tlm_error_set(message, 0, "stalled: %s, nothing finished for %lld s",
                  is_flush ? "a flush waits for its sinks" : "batches wait",
                  (long long)((is_flush ? flight_ns : still_ns) / TLM_NS_PER_SECOND));
    return TLM_HEALTH_DEGRADED;
}

/* A lane that pulls has room for all that one pull may put in: nobody would take it out meanwhile. */
static int init_inbox(tlm_lane_worker *worker)
{
    if (worker->options.inputs)
        return tlm_inbox_init(&worker->inbox, TLM_PULL_PARCELS_MAX, UINT64_MAX);
    return tlm_inbox_init(&worker->inbox, (uint32_t)worker->pipeline->queue_batches,
                          (uint64_t)worker->pipeline->queue_bytes);
}

int tlm_lane_create(const tlm_lane_options *options, tlm_lane_worker **ret_worker, tlm_error *error)
{
    tlm_lane_worker *worker = calloc(1, sizeof *worker);
    if (!worker)
        return tlm_error_set(error, -ENOMEM, "out of memory");
    worker->options = *options;
    worker->pipeline = &options->shared->plan->pipeline;
    worker->health = options->health;
    pthread_mutex_init(&worker->figures_mutex, NULL);
    atomic_store(&worker->moved_ns, tlm_monotonic_ns());
    int result = init_inbox(worker);
    if (result < 0) {
        result = tlm_error_set(error, -ENOMEM, "out of memory");
        goto fail;
    }
    tlm_outbox_options outbox = {
        .shared = options->shared, .inbox = &worker->inbox, .health = worker->health, .lane = options->lane};
    result = tlm_outbox_create(&outbox, &worker->outbox, error);
    if (result < 0 || (result = tlm_lane_take(worker, error)) < 0)
        goto fail;
    tlm_health_probe(worker->health, probe, worker);
    worker->figures.kept = worker->record.accounting;
    tlm_lane_show_figures(worker);
    *ret_worker = worker;
    return 0;
fail:
    tlm_lane_destroy(worker);
    return result;
}

void tlm_lane_pull_from(tlm_lane_worker *worker, const tlm_lane_puller *puller)
{
    worker->puller = *puller;
    tlm_inbox_set_waker(&worker->inbox, puller->wake, puller->context);
}

int tlm_lane_start(tlm_lane_worker *worker, tlm_error *error)
{
    int64_t now_ns = tlm_monotonic_ns();
    worker->flush_ns = now_ns + worker->pipeline->flush_interval * TLM_NS_PER_MS;
    worker->early_ns = now_ns + worker->pipeline->early_interval * TLM_NS_PER_MS;
    int result = pthread_create(&worker->thread, NULL, run, worker);
    if (result)
        return tlm_error_set(error, -result, "cannot start a thread: %s", strerror(result));
    worker->is_running = 1;
    return 0;
}

void tlm_lane_ask_stop(tlm_lane_worker *worker, int64_t deadline_ns)
{
    pthread_mutex_lock(&worker->inbox.mutex);
    atomic_store(&worker->stop_deadline_ns, deadline_ns);
    atomic_store(&worker->is_stopping, 1);
    tlm_inbox_wake_locked(&worker->inbox);
    pthread_mutex_unlock(&worker->inbox.mutex);
}

int tlm_lane_join(tlm_lane_worker *worker)
{
    if (worker->is_running)
        pthread_join(worker->thread, NULL);
    worker->is_running = 0;
    tlm_inbox_set_waker(&worker->inbox, NULL, NULL); /* answers may come when the puller is gone */
    tlm_health_probe(worker->health, NULL, NULL);
    return (int)worker->is_kept;
}

void tlm_lane_destroy(tlm_lane_worker *worker)
{
    if (!worker)
        return;
    for (uint32_t i = 0; i < worker->seat_count; i++)
        if (worker->seats[i].state)
            worker->seats[i].processor->lane_close(worker->seats[i].state);
    tlm_outbox_destroy(worker->outbox);
    tlm_inbox_finish(&worker->inbox);
    pthread_mutex_destroy(&worker->figures_mutex);
    for (uint32_t i = 0; i < TLM_INPUTS_MAX; i++) {
        tlm_refused_finish(&worker->refused[i]);
        tlm_refused_finish(&worker->refused_before[i]);
    }
    for (uint32_t i = 0; i < worker->side_count; i++)
        free(worker->sides[i].values);
    free(worker->watermarks);
    free(worker->verdicts);
    free(worker);
}

int tlm_lane_is_quiet(tlm_lane_worker *worker)
{
    return tlm_outbox_is_quiet(worker->outbox);
}

tlm_inbox *tlm_lane_inbox(tlm_lane_worker *worker)
{
    return &worker->inbox;
}

const tlm_input_record *tlm_lane_input(const tlm_lane_worker *worker, const char *name)
{
    for (uint32_t i = 0; i < worker->record.input_count; i++)
        if (worker->known[i] && !strcmp(worker->record.inputs[i].name, name))
            return &worker->record.inputs[i];
    return NULL;
}

void tlm_lane_begin_input(tlm_lane_worker *worker, uint32_t input, const tlm_position *start)
{
    worker->record.inputs[input].next = worker->record.inputs[input].from = *start;
    worker->is_moved = 1;
}

const tlm_refused *tlm_lane_refused(const tlm_lane_worker *worker, const char *name)
{
    const tlm_input_record *input = tlm_lane_input(worker, name);
    return input ? &worker->refused_before[input - worker->record.inputs] : NULL;
}

void tlm_lane_look(tlm_lane_worker *worker, tlm_lane_figures *ret_figures)
{
    pthread_mutex_lock(&worker->figures_mutex);
    *ret_figures = worker->figures;
    pthread_mutex_unlock(&worker->figures_mutex);
    pthread_mutex_lock(&worker->inbox.mutex);
    ret_figures->queue_batches = worker->inbox.count;
    ret_figures->queue_bytes = worker->inbox.size_bytes;
    pthread_mutex_unlock(&worker->inbox.mutex);
}
