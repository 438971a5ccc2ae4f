/* SPDX-License-Identifier: Apache-2.0 */
#include "lane_worker.h"

/* From where each input has to be read again: the smallest position that any processor still needs. */
static int note_rebuild_positions(tlm_lane_worker *worker)
{
    for (uint32_t i = 0; i < worker->record.input_count; i++) {
        tlm_input_record *input = &worker->record.inputs[i];
        if (worker->refilling[i])
            continue; /* the processors do not know yet all that they will need */
        input->from = input->next;
        for (uint32_t j = 0; j < worker->seat_count; j++) {
            tlm_position from;
            int result = worker->seats[j].processor->rebuild_from(worker->seats[j].state, i, &from);
            if (result < 0)
                return result;
            if (result && from.ordinal < input->from.ordinal)
                input->from = from;
        }
    }
    return 0;
}

static int send(tlm_lane_worker *worker)
{
    for (uint32_t i = 0; i < worker->seat_count; i++) {
        int result = worker->seats[i].processor->prepare(worker->seats[i].state);
        if (result < 0)
            return result;
    }
    int result = note_rebuild_positions(worker);
    if (!result)
        result = tlm_lane_store_refused(worker);
    if (result < 0 || (!worker->is_moved && !tlm_outbox_is_filled(worker->outbox)))
        return result;
    result = tlm_outbox_send(worker->outbox, &worker->record);
    if (result < 0)
        return result;
    worker->is_moved = 0;
    worker->sent = worker->record.accounting;
    atomic_store(&worker->sent_ns, tlm_monotonic_ns());
    return 0;
}

int tlm_lane_step_flush(tlm_lane_worker *worker, int64_t *wake_ns, tlm_error *error)
{
    switch (tlm_outbox_step(worker->outbox, wake_ns, error)) {
    case TLM_FLUSH_LANDED:
        atomic_store(&worker->sent_ns, 0);
        atomic_store(&worker->moved_ns, tlm_monotonic_ns());
        pthread_mutex_lock(&worker->figures_mutex);
        worker->figures.flushes++;
        worker->figures.kept = worker->sent;
        pthread_mutex_unlock(&worker->figures_mutex);
        return 0;
    case TLM_FLUSH_LOST:
        return -ESTALE;
    case TLM_FLUSH_REFUSED:
        return -EBADMSG;
    default:
        return 0;
    }
}

int tlm_lane_make_room(tlm_lane_worker *worker)
{
    while (tlm_outbox_is_full(worker->outbox)) {
        int64_t wake_ns = tlm_monotonic_ns() + TLM_NS_PER_SECOND;
        int result = tlm_lane_step_flush(worker, &wake_ns, &worker->failure);
        if (!result && !tlm_outbox_is_flying(worker->outbox))
            result = send(worker);
        if (result < 0)
            return result;
        if (atomic_load(&worker->is_stopping))
            return 0;
        if (tlm_outbox_is_flying(worker->outbox))
            tlm_outbox_wait(worker->outbox, wake_ns);
    }
    return 1;
}

static int is_refilling(const tlm_lane_worker *worker)
{
    for (uint32_t i = 0; i < worker->record.input_count; i++)
        if (worker->refilling[i])
            return 1;
    return 0;
}

static int make_early(tlm_lane_worker *worker, int64_t now_ns)
{
    worker->early_ns = now_ns + worker->pipeline->early_interval * TLM_NS_PER_MS;
    if (!tlm_feed_is_heard(worker->options.shared->feed) || is_refilling(worker))
        return 0;
    for (uint32_t i = 0; i < worker->seat_count; i++) {
        int result = worker->seats[i].processor->early(worker->seats[i].state);
        if (result < 0)
            return result;
    }
    tlm_outbox_publish_early(worker->outbox);
    return 0;
}

/* What is due by the clock: early rows, the stand-in for idle inputs, a flush. */
int tlm_lane_do_what_is_due(tlm_lane_worker *worker, int64_t *wake_ns)
{
    int64_t now_ns = tlm_monotonic_ns();
    int result = tlm_lane_advance_idle(worker);
    if (!result && now_ns >= worker->early_ns)
        result = make_early(worker, now_ns);
    if (result < 0)
        return result;
    int is_due = now_ns >= worker->flush_ns || worker->is_finished || tlm_outbox_is_full(worker->outbox);
    if (is_due && !tlm_outbox_is_flying(worker->outbox)) {
        worker->flush_ns = now_ns + worker->pipeline->flush_interval * TLM_NS_PER_MS;
        result = send(worker);
    }
    if (worker->early_ns < *wake_ns)
        *wake_ns = worker->early_ns;
    if (worker->flush_ns < *wake_ns && !tlm_outbox_is_flying(worker->outbox))
        *wake_ns = worker->flush_ns;
    return result;
}

int tlm_lane_flush_last(tlm_lane_worker *worker, tlm_error *error)
{
    int64_t deadline_ns = atomic_load(&worker->stop_deadline_ns);
    int64_t half_ns = deadline_ns - (deadline_ns - tlm_monotonic_ns()) / 2;
    for (int is_sent = 0;;) {
        int64_t wake_ns = deadline_ns;
        if (!is_sent && tlm_outbox_is_committed(worker->outbox))
            tlm_outbox_hurry(worker->outbox, half_ns); /* the rest must not miss the checkpoint for their sake */
        int result = tlm_lane_step_flush(worker, &wake_ns, error);
        if (!result && !is_sent && !tlm_outbox_is_flying(worker->outbox)) {
            result = send(worker);
            is_sent = 1;
        }
        if (result < 0)
            return result;
        if (is_sent && !tlm_outbox_is_flying(worker->outbox))
            return 1;
        if (tlm_monotonic_ns() >= deadline_ns)
            return is_sent && tlm_outbox_is_committed(worker->outbox);
        tlm_outbox_wait(worker->outbox, wake_ns);
    }
}
