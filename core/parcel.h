/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file parcel.h
 * What a reader hands to a lane, and the bounded queue before the lane.
 */
#ifndef TLM_CORE_PARCEL_H
#define TLM_CORE_PARCEL_H

#include <pthread.h>
#include <telemetra/telemetra.h>

/** State of an input after a parcel. */
enum { TLM_INPUT_ACTIVE = 1, TLM_INPUT_IDLE = 2, TLM_INPUT_ENDED = 3 };

/** Why a record is a dead letter. */
enum {
    TLM_DEAD_REJECTED = 1,      /**< by the codec */
    TLM_DEAD_TOO_FAR_AHEAD = 2, /**< of its append time or the clock */
    TLM_DEAD_MISPLACED = 3      /**< in another partition than its stream's */
};

/** A record of the batch that is a dead letter of this lane. */
typedef struct tlm_dead {
    uint32_t record;
    uint32_t kind;
    uint32_t why;    /**< TLM_DEAD_... */
    uint32_t event;  /**< of what is no reject */
    tlm_span reason; /**< of a reject, in the batch's arena */
} tlm_dead;

/**
 * A lane's share of one batch, or only news of an input. Every lane gets a parcel of every batch, so that positions and
 * watermarks move on in a lane that got nothing. One allocation.
 */
typedef struct tlm_parcel {
    const tlm_events *events; /**< a reference; NULL: only news */
    uint32_t input, state;    /**< TLM_INPUT_... */
    tlm_position next;        /**< of the input after the batch */
    int64_t highest_ns;       /**< highest timestamp of the input after the batch; INT64_MIN: none */
    uint64_t consumed[TLM_EVENT_KINDS];
    uint64_t size_bytes;
    uint32_t row_count, refill_count; /**< the first refill_count rows only refill */
    uint32_t dead_count;
    uint32_t *rows;
    tlm_dead *dead;
} tlm_parcel;

/** A parcel with room for that many rows and dead letters, which takes a reference to `events`. NULL: memory is short.
 */
tlm_parcel *tlm_parcel_create(const tlm_events *events, uint32_t row_room, uint32_t dead_room);
void tlm_parcel_destroy(tlm_parcel *parcel);

/** Bounded queue: one reader or more put, one lane takes. The lane's other wake-ups share its lock and condition. */
typedef struct tlm_inbox {
    pthread_mutex_t mutex;
    pthread_cond_t filled;  /**< the lane waits here; CLOCK_MONOTONIC */
    pthread_cond_t drained; /**< readers wait here */
    tlm_parcel **ring;
    uint32_t capacity, head, count;
    uint64_t size_bytes, size_max;
    uint32_t is_closed;          /**< nothing more is taken or put */
    void (*wake)(void *context); /**< ends what the lane waits in besides; NULL: it waits here alone */
    void *wake_context;
} tlm_inbox;

int tlm_inbox_init(tlm_inbox *inbox, uint32_t capacity, uint64_t size_max);
void tlm_inbox_finish(tlm_inbox *inbox);

/** Waits for room and puts a parcel in, which then belongs to the inbox. -ECANCELED when it was closed: it was
 * destroyed. */
int tlm_inbox_put(tlm_inbox *inbox, tlm_parcel *parcel);

/** Closes it: puts fail from now on and what waits in it is destroyed. */
void tlm_inbox_close(tlm_inbox *inbox);

/** Where else the lane waits from now on, to be woken there too; with the inbox's mutex held in `wake`. Any thread. */
void tlm_inbox_set_waker(tlm_inbox *inbox, void (*wake)(void *context), void *context);

/** With the mutex held: wakes the lane wherever it waits. */
void tlm_inbox_wake_locked(tlm_inbox *inbox);

/** With the mutex held: the oldest parcel, or NULL. */
tlm_parcel *tlm_inbox_take_locked(tlm_inbox *inbox);

#endif
