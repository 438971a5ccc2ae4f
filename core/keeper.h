/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file keeper.h
 * Keeps the lanes of a partitioned log: takes those that the log gives to this process, drops those that it gives to
 * others, and takes again what was lost to a process that should not have it. One thread does all of it, so that a
 * database or a log that is gone blocks nothing else.
 */
#ifndef TLM_CORE_KEEPER_H
#define TLM_CORE_KEEPER_H

#include "host.h"
#include "lane.h"

typedef struct tlm_keeper tlm_keeper;

typedef struct tlm_keeper_options {
    const tlm_shared *shared;
    tlm_living *source, *codec;
    /** Told, on any thread, when something had to stop for good: `who` and why. */
    void (*failed)(void *context, const char *who, const char *sentence);
    void *context;
} tlm_keeper_options;

int tlm_keeper_create(const tlm_keeper_options *options, tlm_keeper **ret_keeper, tlm_error *error);
/** Starts the thread, which joins the log's other readers. */
int tlm_keeper_start(tlm_keeper *keeper, tlm_error *error);
/** Flushes and ends all lanes and leaves the log: 1 when everything that was processed is kept, else 0. */
int tlm_keeper_stop(tlm_keeper *keeper, int64_t deadline_ns);
/** Sinks must be stopped. Accepts NULL. */
void tlm_keeper_destroy(tlm_keeper *keeper);

/** Calls `visit` for each lane that this process has. Any thread; `visit` must not call back. */
void tlm_keeper_each(tlm_keeper *keeper, void (*visit)(void *context, uint32_t lane, tlm_lane_worker *worker),
                     void *context);
/** Records read by all lanes since the start. Any thread. */
uint64_t tlm_keeper_records(tlm_keeper *keeper);

#endif
