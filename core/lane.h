/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file lane.h
 * A lane: a share of the streams with its own processors, state, positions, watermark and checkpoint row, on a thread
 * of its own.
 */
#ifndef TLM_CORE_LANE_H
#define TLM_CORE_LANE_H

#include "host.h"
#include "parcel.h"
#include "record.h"
#include "refused.h"

typedef struct tlm_lane_worker tlm_lane_worker;

/**
 * A reader of the lane's own, which puts parcels into its inbox when it is asked to, on the lane's thread: what it has
 * decoded is still in the processor's cache when the lane takes it.
 */
typedef struct tlm_lane_puller {
    /** 1: it put something in, at most TLM_PULL_PARCELS_MAX parcels; 0: there is nothing now; negative: never again. */
    int (*pull)(void *context, tlm_error *error);
    /** Waits until there may be something to pull, `wake`, or a monotonic time. */
    void (*wait)(void *context, int64_t until_ns);
    void (*wake)(void *context); /**< any thread */
    void *context;
} tlm_lane_puller;

#define TLM_PULL_PARCELS_MAX (TLM_PARTITION_INPUTS_MAX + 1)

typedef struct tlm_lane_options {
    const tlm_shared *shared;
    uint32_t lane, lane_count;
    const char *const *inputs; /**< of a partitioned log, NULL-terminated; NULL: the sources of the file */
    tlm_health_entry *health;  /**< of the lane; outlives it */
    /**
     * Told once, on the lane's thread, when it has ended: `result` 0: all inputs have ended or it was asked to stop,
     * and everything is kept. -ETIMEDOUT: it was asked to stop, and what was not kept in time will be read again.
     * -ESTALE: another process has the lane. -EIO: what it pulls from gives nothing more; what was kept is kept. Other
     * negative: it had to stop. `sentence` says why.
     */
    void (*ended)(void *context, int result, const char *sentence);
    void *context;
} tlm_lane_options;

/**
 * Takes the lane in the checkpoint and opens its processors. Sources and sinks must be started. One thread for all
 * lanes, as for start, join and destroy. -EINVAL: the checkpoint refuses the settings of this process, for every lane;
 * -EBADMSG: what it holds of this lane cannot be used; -ENOMEM. -ESTALE: another process took the lane meanwhile; other
 * negative: it may pass.
 */
int tlm_lane_create(const tlm_lane_options *options, tlm_lane_worker **ret_worker, tlm_error *error);
/** Lets the lane pull its parcels, from its start until it is joined. Before tlm_lane_start. */
void tlm_lane_pull_from(tlm_lane_worker *worker, const tlm_lane_puller *puller);
int tlm_lane_start(tlm_lane_worker *worker, tlm_error *error);
/** Asks it to flush and end; it has until `deadline_ns` (monotonic). Does not wait. */
void tlm_lane_ask_stop(tlm_lane_worker *worker, int64_t deadline_ns);
/** Joins the thread if there is one: 1 when everything it had was kept, 0 when the deadline passed or it had failed. */
int tlm_lane_join(tlm_lane_worker *worker);
/** Whether no sink owes it an answer any more: 1 or 0. After tlm_lane_join. */
int tlm_lane_is_quiet(tlm_lane_worker *worker);
/** Closes processors. It was joined and it is quiet, or sinks are stopped, so that no answer can come any more. Accepts
 * NULL. */
void tlm_lane_destroy(tlm_lane_worker *worker);

/** Where parcels go. */
tlm_inbox *tlm_lane_inbox(tlm_lane_worker *worker);
/** The record of an input as the lane was taken, NULL when it had none. Before tlm_lane_start. */
const tlm_input_record *tlm_lane_input(const tlm_lane_worker *worker, const char *name);
/** Where an input that had no record begins, to be kept with the first flush. Before tlm_lane_start. */
void tlm_lane_begin_input(tlm_lane_worker *worker, uint32_t input, const tlm_position *start);

/** What it had refused of an input as it was taken, or NULL; valid as long as the lane and not changed any more. */
const tlm_refused *tlm_lane_refused(const tlm_lane_worker *worker, const char *name);

/** Figures of a lane, as one snapshot. */
typedef struct tlm_lane_figures {
    tlm_accounting kept; /**< as the checkpoint has it */
    tlm_accounting accounting;
    int64_t watermark_ns;
    uint64_t queue_batches, queue_bytes, state_bytes, flushes;
} tlm_lane_figures;

/** Any thread. */
void tlm_lane_look(tlm_lane_worker *worker, tlm_lane_figures *ret_figures);

#endif
