/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file lane_worker.h
 * A lane from the inside; for lane*.c only. All functions here run on the lane's thread, or before it starts.
 */
#ifndef TLM_CORE_LANE_WORKER_H
#define TLM_CORE_LANE_WORKER_H

#include "clock.h"
#include "dead_letter.h"
#include "lane.h"
#include "outbox.h"
#include "refused.h"

#include <pthread.h>
#include <stdatomic.h>

/* One processor in this lane, with the lane as it sees it. */
struct tlm_seat {
    tlm_lane lane; /* first: the callbacks find the rest through it */
    tlm_lane_worker *worker;
    const tlm_living *living;
    const tlm_processor *processor;
    const tlm_rows_reader *reader; /* NULL: it reads no rows */
    tlm_lane_state *state;
};

struct tlm_lane_worker {
    tlm_lane_options options;
    const tlm_pipeline_options *pipeline;
    tlm_inbox inbox;
    tlm_outbox *outbox;
    tlm_health_entry *health;
    tlm_lane_puller puller; /* pull NULL: readers of other threads put parcels in */
    pthread_t thread;
    uint32_t is_running, is_kept;

    /* The lane's thread only. */
    struct tlm_seat seats[TLM_PROCESSORS_MAX];
    uint32_t seat_count;
    tlm_lane_record record;
    uint32_t states[TLM_INPUTS_MAX];            /* TLM_INPUT_... */
    uint32_t known[TLM_INPUTS_MAX];             /* the checkpoint had a record of it */
    uint32_t refilling[TLM_INPUTS_MAX];         /* what lies before the record's `next` is still being read again */
    tlm_refused refused[TLM_INPUTS_MAX];        /* of each input, too far ahead of the clock */
    tlm_refused refused_before[TLM_INPUTS_MAX]; /* as the lane was taken; readers look at it, nobody changes it */
    int64_t all_idle_since_ns;                  /* monotonic; 0: some input is active */
    int64_t idle_start_ns;      /* the watermark that the clock went on from; INT64_MIN: nothing was read yet */
    int64_t flush_ns, early_ns; /* when the next one is due */
    uint32_t is_moved;          /* the record has changed since the last flush */
    tlm_error failure;          /* why a step of a flush within something else failed */
    uint32_t is_cut_off;        /* the puller failed; `failure` says why */
    uint32_t is_finished;       /* all inputs have ended and everything is final */
    uint32_t is_interrupted;    /* a stop ended the wait for slow state: what was in hand is half done */
    const tlm_event_view *view; /* under way, for dead letters */
    int64_t *watermarks;        /* room for one batch */
    uint8_t *verdicts;
    uint32_t room;
    tlm_side sides[TLM_SIDES_MAX]; /* values: room for one batch */
    uint32_t side_count;

    /* Any thread. */
    atomic_uint is_stopping;
    _Atomic int64_t stop_deadline_ns;
    atomic_uint is_busy;      /* a parcel is in hand */
    _Atomic int64_t moved_ns; /* monotonic, when something was last finished */
    _Atomic int64_t sent_ns;  /* monotonic, when the flush under way was sent; 0: none is */
    pthread_mutex_t figures_mutex;
    tlm_lane_figures figures;
    tlm_accounting sent; /* accounting of the flush under way; the lane's thread only */
};

/* --- lane_seats.c ------------------------------------------------------------------------------------------------ */

/** Seats the plan's processors, takes the lane in the checkpoint and opens them on it; fails as tlm_lane_create. */
int tlm_lane_take(tlm_lane_worker *worker, tlm_error *error);

/** Where records of a batch of an input come from, for dead letters. */
tlm_dead_origin tlm_lane_origin(const tlm_lane_worker *worker, uint32_t input, const tlm_records *records);

/* --- lane_watermark.c -------------------------------------------------------------------------------------------- */

/**
 * The lane's watermark before each of `count` rows of a parcel: its input's, held back by others, never going back.
 * Rows that refill move nothing.
 */
void tlm_lane_fill_watermarks(tlm_lane_worker *worker, const tlm_parcel *parcel, uint32_t first, uint32_t count,
                              uint32_t refill);
/** Moves the watermark to where the active inputs allow. */
int tlm_lane_advance(tlm_lane_worker *worker);
/** With no active input: the clock goes on in their place, or everything becomes final. */
int tlm_lane_advance_idle(tlm_lane_worker *worker);

/* --- lane_intake.c ----------------------------------------------------------------------------------------------- */

/** Processes one parcel and accounts for it. */
int tlm_lane_take_parcel(tlm_lane_worker *worker, const tlm_parcel *parcel);
/** Renews the figures that other threads see. */
void tlm_lane_show_figures(tlm_lane_worker *worker);

/* --- lane_refused.c ---------------------------------------------------------------------------------------------- */

/** Loads what was refused and may be read again. Before the lane starts. */
int tlm_lane_load_refused(tlm_lane_worker *worker, tlm_error *error);
/** Puts what has changed of it into the slow state of the flush that is about to be sent. -ENOMEM. */
int tlm_lane_store_refused(tlm_lane_worker *worker);

/* --- lane_flush.c ------------------------------------------------------------------------------------------------ */

/** Sends early rows and a flush where they are due; lowers `wake_ns` to when the next one is. */
int tlm_lane_do_what_is_due(tlm_lane_worker *worker, int64_t *wake_ns);
/** Moves a flush under way on. Negative: the lane cannot go on, for the reason in `error`. */
int tlm_lane_step_flush(tlm_lane_worker *worker, int64_t *wake_ns, tlm_error *error);
/**
 * Keeps what waits until there is room for more, however long that takes: 1. 0: a stop was asked for meanwhile.
 * Negative: the lane cannot go on, for the reason in worker->failure where that is not empty.
 */
int tlm_lane_make_room(tlm_lane_worker *worker);
/** Lets the flush under way land, then sends the rest, until the stop's deadline. 1: everything was kept; 0: not. */
int tlm_lane_flush_last(tlm_lane_worker *worker, tlm_error *error);

#endif
