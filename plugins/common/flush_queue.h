/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file flush_queue.h
 * The writer threads of a sink: flushes of several lanes wait in a bounded queue; a thread takes what waits, hands it
 * to the sink as one group, then gives each its one answer. Usually there is one thread, which takes all at once; a
 * sink that writes lanes side by side has several.
 */
#ifndef TLM_COMMON_FLUSH_QUEUE_H
#define TLM_COMMON_FLUSH_QUEUE_H

#include <telemetra/sink.h>

/** Flushes and calls that may wait; a host has one under way for a lane, so this bounds the lanes of one sink. */
#define TLM_FLUSH_QUEUE_MAX 1024

/** Flushes handed over at once. */
#define TLM_FLUSH_GROUP_MAX 64

typedef struct tlm_flush_queue tlm_flush_queue;

/** A waiting flush, as the sink sees it. */
typedef struct tlm_flush_job {
    const tlm_flush *flush;
    const tlm_commit *commit; /**< NULL for a submit */
    int result;               /**< 1 when handed over; the sink sets 0 or negative */
    tlm_error error;          /**< the sink's sentence when `result` is negative */
    tlm_done done;            /**< of the queue: not the sink's business */
    void *token;
} tlm_flush_job;

/** Writer threads at most. */
#define TLM_FLUSH_THREADS_MAX 32

/** What the sink does; all of it on the writer threads, on several at once if it asks for that. */
typedef struct tlm_flush_worker {
    /** Keeps `count` flushes of different lanes, or fails each with a result and a sentence. */
    void (*handle)(void *context, tlm_flush_job *jobs, uint32_t count);
    /**
     * One small step of other work; returns the milliseconds until the next is due. Called while nothing waits, or
     * when it is overdue by TLM_FLUSH_IDLE_PATIENCE_MS. May be NULL, and is with several threads.
     */
    int64_t (*idle)(void *context);
    void *context;
    uint32_t threads;   /**< 0: one */
    uint32_t group_max; /**< flushes handed over at once; 0: TLM_FLUSH_GROUP_MAX */
} tlm_flush_worker;

#define TLM_FLUSH_IDLE_PATIENCE_MS 5000

/** Makes the queue and starts its threads, which take no signals. -ENOMEM, -EAGAIN. */
int tlm_flush_queue_create(const tlm_flush_worker *worker, tlm_flush_queue **ret_queue);

/** Handles what still waits, ends the threads and frees the queue. Accepts NULL. */
void tlm_flush_queue_destroy(tlm_flush_queue *queue);

/** Any thread. Exactly one `done`; -EAGAIN at once when TLM_FLUSH_QUEUE_MAX wait. */
void tlm_flush_queue_submit(tlm_flush_queue *queue, const tlm_flush *flush, tlm_done done, void *token);
void tlm_flush_queue_commit(tlm_flush_queue *queue, const tlm_commit *commit, tlm_done done, void *token);

/** Runs `run` on a writer thread between two groups and returns its result. Blocks; not from a writer thread. */
int tlm_flush_queue_call(tlm_flush_queue *queue, int (*run)(void *context, tlm_error *error), void *context,
                         tlm_error *error);

#endif
