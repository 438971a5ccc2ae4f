/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file outbox.h
 * What a lane has to hand on: rows, state changes and its record, gathered until a flush takes them. A flush goes to
 * the required sinks first, then to the checkpoint, then to best-effort sinks and the feed; what may pass is tried
 * again without end. A best-effort sink that does not answer within `stall_timeout` is passed by until it does. One
 * flush is under way at a time; the lane goes on meanwhile until the outbox is full.
 *
 * One thread, the lane's; answers of sinks arrive on any.
 */
#ifndef TLM_CORE_OUTBOX_H
#define TLM_CORE_OUTBOX_H

#include "host.h"
#include "parcel.h"
#include "record.h"

typedef struct tlm_outbox tlm_outbox;

typedef struct tlm_outbox_options {
    const tlm_shared *shared;
    tlm_inbox *inbox; /**< its lock guards the answers, its condition wakes the lane */
    tlm_health_entry *health;
    uint32_t lane;
} tlm_outbox_options;

int tlm_outbox_create(const tlm_outbox_options *options, tlm_outbox **ret_outbox, tlm_error *error);
/** No flush may be under way. Accepts NULL. */
void tlm_outbox_destroy(tlm_outbox *outbox);

/** Takes the lane in the checkpoint. 1 and the last record, or 0 when there is none yet. -EBADMSG: it is unreadable. */
int tlm_outbox_take(tlm_outbox *outbox, const char *settings, tlm_lane_record *ret_record, tlm_error *error);

/** Whether the lane is still this process': 0. -ESTALE: another took it; other negative: the checkpoint is gone. */
int tlm_outbox_confirm(const tlm_outbox *outbox, tlm_error *error);

/** Adds a row; early ones wait for tlm_outbox_publish_early. -ENOMEM. */
int tlm_outbox_add(tlm_outbox *outbox, const tlm_dataset *dataset, uint32_t flags, const tlm_cell *cells);
/** Hands early rows to the feed. */
void tlm_outbox_publish_early(tlm_outbox *outbox);

/** As in tlm_lane; `component` is the processor's instance name. */
int tlm_outbox_state_put(tlm_outbox *outbox, const char *component, tlm_text key, tlm_text value);
int tlm_outbox_state_get(tlm_outbox *outbox, const char *component, tlm_text key,
                         int (*found)(void *context, tlm_text key, tlm_text value), void *context);
int tlm_outbox_state_each(tlm_outbox *outbox, const char *component,
                          int (*found)(void *context, tlm_text key, tlm_text value), void *context);

/** Whether so much waits or is under way that a flush is due before its time, or that the lane has to wait for one. */
int tlm_outbox_is_full(const tlm_outbox *outbox);
/** Whether any row or state change waits. */
int tlm_outbox_is_filled(const tlm_outbox *outbox);
/** Whether a flush is under way. */
int tlm_outbox_is_flying(const tlm_outbox *outbox);
/** Whether the checkpoint has all that was sent: only best-effort sinks may still be at it. */
int tlm_outbox_is_committed(const tlm_outbox *outbox);
/** Whether no sink owes an answer, so that the outbox may be destroyed while sinks live on. */
int tlm_outbox_is_quiet(const tlm_outbox *outbox);
/** Best-effort sinks of the flush under way have until then at most (monotonic). */
void tlm_outbox_hurry(tlm_outbox *outbox, int64_t until_ns);

/** Sends all that waits, with the lane's record as of now. Only when none is under way. -ENOMEM: nothing was taken. */
int tlm_outbox_send(tlm_outbox *outbox, const tlm_lane_record *record);

/** What became of the flush under way. */
enum { TLM_FLUSH_NONE = 0, TLM_FLUSH_FLYING = 1, TLM_FLUSH_LANDED = 2, TLM_FLUSH_LOST = 3, TLM_FLUSH_REFUSED = 4 };

/**
 * Moves the flush under way on as far as answers allow: TLM_FLUSH_.... LANDED, LOST (another owner has the lane) and
 * REFUSED (no use trying again) end it; `error` has the sentence of the latter two. `ret_wake_ns` is lowered to the
 * monotonic time at which it wants to be called again.
 */
int tlm_outbox_step(tlm_outbox *outbox, int64_t *ret_wake_ns, tlm_error *error);

/** Whether an answer has arrived that tlm_outbox_step has not seen; with the inbox's mutex held. */
int tlm_outbox_has_answer_locked(const tlm_outbox *outbox);

/** Sleeps until the flush under way has an answer, or until a monotonic time. */
void tlm_outbox_wait(tlm_outbox *outbox, int64_t until_ns);

#endif
