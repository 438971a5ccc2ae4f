/* SPDX-License-Identifier: Apache-2.0 */
#include "outbox_inside.h"

#include "clock.h"

#include <common/fault_point.h>

#include <assert.h>
#include <stdlib.h>

#define RETRY_FIRST_NS (100 * TLM_NS_PER_MS)
#define RETRY_LAST_NS (5 * TLM_NS_PER_SECOND)

/* --- a flush ----------------------------------------------------------------------------------------------------- */

int tlm_outbox_is_flying(const tlm_outbox *outbox)
{
    return outbox->flight.stage != STAGE_NONE;
}

static void answer(void *token, int result, tlm_text reason)
{
    struct tlm_delivery *delivery = token;
    tlm_inbox *inbox = delivery->outbox->options.inbox;
    pthread_mutex_lock(&inbox->mutex);
    assert(delivery->is_asked && !delivery->is_answered);
    delivery->is_answered = 1;
    delivery->result = result;
    tlm_error_set(&delivery->reason, 0, "%.*s", (int)reason.size, reason.size ? reason.data : "");
    tlm_inbox_wake_locked(inbox);
    pthread_mutex_unlock(&inbox->mutex);
}

static void ask(tlm_outbox *outbox, struct tlm_delivery *delivery)
{
    pthread_mutex_lock(&outbox->options.inbox->mutex);
    delivery->is_asked = 1;
    delivery->is_answered = 0;
    pthread_mutex_unlock(&outbox->options.inbox->mutex);
    if (delivery->kind == TLM_DELIVERY_CHECKPOINT) {
        tlm_outbox_checkpoint(outbox)->commit(delivery->living->instance, &outbox->flight.commit, answer, delivery);
    } else {
        const tlm_sink *sink = tlm_living_interface(delivery->living, TLM_INTERFACE_SINK);
        const tlm_flush *flush =
            delivery->kind == TLM_DELIVERY_BEST_EFFORT ? &delivery->flush : &outbox->flight.commit.flush;
        sink->submit(delivery->living->instance, flush, answer, delivery);
    }
}

/* --- best effort: sinks that fail alone -------------------------------------------------------------------------- */

void tlm_delivery_release(struct tlm_delivery *delivery)
{
    for (uint32_t i = 0; i < delivery->flush.rows_count; i++)
        delivery->rows[i]->unref(delivery->rows[i]);
    delivery->flush.rows_count = 0;
}

static void delivery_hold(struct tlm_delivery *delivery, const tlm_flush *flush)
{
    tlm_delivery_release(delivery);
    delivery->flush = *flush;
    delivery->flush.rows = delivery->rows;
    for (uint32_t i = 0; i < flush->rows_count; i++) {
        delivery->rows[i] = flush->rows[i];
        delivery->rows[i]->ref(delivery->rows[i]);
    }
}

/* Those left behind that have answered meanwhile take part again. */
static void take_back(tlm_outbox *outbox)
{
    pthread_mutex_lock(&outbox->options.inbox->mutex);
    for (uint32_t i = 0; i < outbox->delivery_count; i++)
        if (outbox->deliveries[i].is_answered)
            outbox->deliveries[i].is_left = 0;
    pthread_mutex_unlock(&outbox->options.inbox->mutex);
}

static void leave_behind(tlm_outbox *outbox)
{
    pthread_mutex_lock(&outbox->options.inbox->mutex);
    for (uint32_t i = 0; i < outbox->delivery_count; i++)
        if (outbox->deliveries[i].is_asked && !outbox->deliveries[i].is_answered)
            outbox->deliveries[i].is_left = 1;
    pthread_mutex_unlock(&outbox->options.inbox->mutex);
}

/* --- stages ------------------------------------------------------------------------------------------------------ */

static void enter_stage(tlm_outbox *outbox, uint32_t stage)
{
    outbox->flight.stage = stage;
    outbox->flight.pause_ns = RETRY_FIRST_NS;
    outbox->flight.retry_ns = 0;
    outbox->flight.give_up_ns = tlm_monotonic_ns() + outbox->pipeline->stall_timeout * TLM_NS_PER_MS;
    take_back(outbox);
    for (uint32_t i = 0; i < outbox->delivery_count; i++) {
        struct tlm_delivery *delivery = &outbox->deliveries[i];
        if (delivery->is_left)
            continue;
        delivery->is_asked = 0;
        if (delivery->kind != stage)
            continue;
        if (stage == STAGE_BEST_EFFORT)
            delivery_hold(delivery, &outbox->flight.commit.flush);
        ask(outbox, delivery);
    }
}

void tlm_flight_clear(struct tlm_flight *flight)
{
    for (uint32_t i = 0; i < flight->commit.flush.rows_count; i++)
        flight->rows[i]->unref(flight->rows[i]);
    tlm_state_set_finish(&flight->state);
    free(flight->changes);
    free(flight->record);
    *flight = (struct tlm_flight){0};
}

int tlm_outbox_send(tlm_outbox *outbox, const tlm_lane_record *record)
{
    struct tlm_flight *flight = &outbox->flight;
    assert(flight->stage == STAGE_NONE);
    size_t record_size = 0;
    char *text = tlm_lane_record_format(record, &record_size);
    tlm_state_change *changes = tlm_state_set_list(&outbox->state);
    if (!text || !changes) {
        free(text);
        free(changes);
        return -ENOMEM;
    }
    flight->record = text;
    flight->changes = changes;
    flight->state = outbox->state;
    outbox->state = (tlm_state_set){0};
    flight->size_bytes = flight->state.size_bytes;
    for (uint32_t i = 0; i < outbox->waiting.count; i++) {
        flight->rows[i] = tlm_rows_builder_finish(outbox->waiting.builders[i]);
        flight->row_count += flight->rows[i]->row_count;
        flight->size_bytes += flight->rows[i]->size_bytes;
    }
    flight->commit = (tlm_commit){.struct_size = (uint32_t)sizeof flight->commit,
                                  .change_count = flight->state.entry_count,
                                  .changes = changes,
                                  .record = {.data = text, .size = record_size},
                                  .flush = {.struct_size = (uint32_t)sizeof(tlm_flush),
                                            .lane = outbox->options.lane,
                                            .epoch = outbox->epoch,
                                            .sequence = outbox->sequence + 1,
                                            .rows = flight->rows,
                                            .rows_count = outbox->waiting.count}};
    outbox->waiting.count = 0;
    TLM_FAULT_POINT("flush.taken");
    enter_stage(outbox, STAGE_REQUIRED);
    return 0;
}

void tlm_outbox_hurry(tlm_outbox *outbox, int64_t until_ns)
{
    if (until_ns < outbox->flight.give_up_ns)
        outbox->flight.give_up_ns = until_ns;
}

int tlm_outbox_is_committed(const tlm_outbox *outbox)
{
    return outbox->flight.stage == STAGE_NONE || outbox->flight.stage == STAGE_BEST_EFFORT;
}

int tlm_outbox_is_quiet(const tlm_outbox *outbox)
{
    int is_quiet = 1;
    pthread_mutex_lock(&outbox->options.inbox->mutex);
    for (uint32_t i = 0; i < outbox->delivery_count; i++)
        is_quiet &= !outbox->deliveries[i].is_asked || outbox->deliveries[i].is_answered;
    pthread_mutex_unlock(&outbox->options.inbox->mutex);
    return is_quiet;
}

int tlm_outbox_has_answer_locked(const tlm_outbox *outbox)
{
    if (outbox->flight.stage == STAGE_NONE || outbox->flight.retry_ns)
        return 0;
    for (uint32_t i = 0; i < outbox->delivery_count; i++)
        if (outbox->deliveries[i].is_asked && !outbox->deliveries[i].is_answered && !outbox->deliveries[i].is_left)
            return 0;
    return 1;
}

static int is_landed(const tlm_outbox *outbox)
{
    pthread_mutex_lock(&outbox->options.inbox->mutex);
    int is_answered = tlm_outbox_has_answer_locked(outbox);
    pthread_mutex_unlock(&outbox->options.inbox->mutex);
    return is_answered;
}

void tlm_outbox_wait(tlm_outbox *outbox, int64_t until_ns)
{
    tlm_inbox *inbox = outbox->options.inbox;
    struct timespec until = {.tv_sec = until_ns / TLM_NS_PER_SECOND, .tv_nsec = until_ns % TLM_NS_PER_SECOND};
    int result = 0;
    pthread_mutex_lock(&inbox->mutex);
    while (!result && !tlm_outbox_has_answer_locked(outbox))
        result = pthread_cond_timedwait(&inbox->filled, &inbox->mutex, &until);
    pthread_mutex_unlock(&inbox->mutex);
}

/* The worst answer of the stage: a refusal before a fault that may pass. NULL: all is well. */
static struct tlm_delivery *worst_answer(tlm_outbox *outbox)
{
    struct tlm_delivery *worst = NULL;
    for (uint32_t i = 0; i < outbox->delivery_count; i++) {
        struct tlm_delivery *each = &outbox->deliveries[i];
        if (!each->is_asked || each->is_left || !each->result)
            continue;
        if (!worst || each->result == -ESTALE || each->result == -EBADMSG)
            worst = each;
    }
    return worst;
}

static void retry_later(tlm_outbox *outbox, const struct tlm_delivery *failed)
{
    struct tlm_flight *flight = &outbox->flight;
    tlm_error message;
    int size = snprintf(message.text, sizeof message.text, "%s: %.900s; trying again, nothing is lost",
                        failed->living->host.instance, failed->reason.text);
    tlm_health_follow(outbox->options.health, failed->living->health, TLM_HEALTH_DEGRADED,
                      (tlm_text){.data = message.text, .size = (size_t)size});
    flight->retry_ns = tlm_monotonic_ns() + flight->pause_ns;
    flight->pause_ns = flight->pause_ns * 2 < RETRY_LAST_NS ? flight->pause_ns * 2 : RETRY_LAST_NS;
}

static void retry_now(tlm_outbox *outbox)
{
    outbox->flight.retry_ns = 0;
    for (uint32_t i = 0; i < outbox->delivery_count; i++)
        if (outbox->deliveries[i].is_asked && !outbox->deliveries[i].is_left && outbox->deliveries[i].result)
            ask(outbox, &outbox->deliveries[i]);
}

/* The checkpoint has it: from here on the flush has happened, whatever best-effort sinks say. */
static void commit_done(tlm_outbox *outbox)
{
    TLM_FAULT_POINT("flush.committed");
    outbox->sequence++;
    for (uint32_t i = 0; i < outbox->flight.commit.flush.rows_count; i++)
        tlm_feed_publish(outbox->options.shared->feed, outbox->flight.rows[i]);
    TLM_FAULT_POINT("flush.published");
    enter_stage(outbox, STAGE_BEST_EFFORT);
}

static const struct tlm_delivery *first_left(const tlm_outbox *outbox)
{
    for (uint32_t i = 0; i < outbox->delivery_count; i++)
        if (outbox->deliveries[i].is_left)
            return &outbox->deliveries[i];
    return NULL;
}

/* A sink that tells of itself what is wrong with it is not the lane's trouble as well: it knows when that is over. */
static void report_best_effort(tlm_outbox *outbox)
{
    const struct tlm_delivery *left = first_left(outbox);
    const struct tlm_delivery *failed = worst_answer(outbox);
    tlm_error message = {{0}};
    if (failed && !tlm_health_is_ok(failed->living->health))
        failed = NULL;
    if (left)
        tlm_error_set(&message, 0, "%s has not answered for too long; until it does, rows pass it by",
                      left->living->host.instance);
    else if (failed)
        tlm_error_set(&message, 0, "%s did not take rows of a flush: %.900s", failed->living->host.instance,
                      failed->reason.text);
    tlm_health_set(outbox->options.health, left || failed ? TLM_HEALTH_DEGRADED : TLM_HEALTH_OK,
                   tlm_text_of(message.text));
}

/* Sinks that have answered need their rows no more. */
static void release_answered(tlm_outbox *outbox)
{
    for (uint32_t i = 0; i < outbox->delivery_count; i++)
        if (!outbox->deliveries[i].is_left)
            tlm_delivery_release(&outbox->deliveries[i]);
}

static int end_flight(tlm_outbox *outbox, int outcome)
{
    tlm_flight_clear(&outbox->flight);
    return outcome;
}

int tlm_outbox_step(tlm_outbox *outbox, int64_t *ret_wake_ns, tlm_error *error)
{
    struct tlm_flight *flight = &outbox->flight;
    if (flight->retry_ns && flight->retry_ns <= tlm_monotonic_ns())
        retry_now(outbox);
    while (flight->stage != STAGE_NONE) {
        if (flight->retry_ns && flight->retry_ns < *ret_wake_ns)
            *ret_wake_ns = flight->retry_ns;
        int64_t patience_ns = flight->stage == STAGE_BEST_EFFORT ? flight->give_up_ns : INT64_MAX;
        if (patience_ns <= tlm_monotonic_ns())
            leave_behind(outbox);
        else if (patience_ns < *ret_wake_ns)
            *ret_wake_ns = patience_ns;
        if (flight->retry_ns || !is_landed(outbox))
            return TLM_FLUSH_FLYING;
        if (flight->stage == STAGE_BEST_EFFORT) {
            TLM_FAULT_POINT("flush.landed");
            report_best_effort(outbox);
            release_answered(outbox);
            return end_flight(outbox, TLM_FLUSH_LANDED);
        }
        const struct tlm_delivery *failed = worst_answer(outbox);
        if (failed && (failed->result == -ESTALE || failed->result == -EBADMSG)) {
            tlm_error_set(error, failed->result, "%s: %.900s", failed->living->host.instance, failed->reason.text);
            return end_flight(outbox, failed->result == -ESTALE ? TLM_FLUSH_LOST : TLM_FLUSH_REFUSED);
        }
        if (failed)
            retry_later(outbox, failed);
        else if (flight->stage == STAGE_CHECKPOINT)
            commit_done(outbox);
        else {
            TLM_FAULT_POINT("flush.required_kept");
            enter_stage(outbox, STAGE_CHECKPOINT);
        }
    }
    return TLM_FLUSH_NONE;
}
