/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file keeper.h
 * A thread that looks after the server on a connection of its own: whether it is there, whether the tables are, when
 * the pipeline was committed last, and whether rows have grown too old.
 */
#ifndef TLM_POSTGRES_KEEPER_H
#define TLM_POSTGRES_KEEPER_H

#include "status.h"
#include "targets.h"

/** How often it looks whether the server is there. */
#define TLM_KEEPER_INTERVAL_MS 1000
/** How long the server may take to answer the look, after which it counts as gone. */
#define TLM_KEEPER_ANSWER_MS 2000

typedef struct tlm_keeper tlm_keeper;

typedef struct tlm_keeper_options {
    tlm_server *server;
    tlm_targets *targets;
    tlm_status *status;
    const char *pipeline;
    /** Milliseconds, on the server's clock, since any process committed a lane of the pipeline; -1: none ever did. */
    void (*committed)(void *context, int64_t age_ms);
    int64_t retention_ns;                                  /* 0: rows are kept */
    void (*deleted)(void *context, uint64_t rows);         /* rows were deleted for their age */
    void (*failed)(void *context, const tlm_error *error); /* that did not work; told once until it works again */
    void *context;
} tlm_keeper_options;

/** Starts the thread, which takes no signals. All options' objects outlive it. */
int tlm_keeper_create(const tlm_keeper_options *options, tlm_keeper **ret_keeper, tlm_error *error);
/** Ends it; the server is stopping already, so that nothing is waited for. Accepts NULL. */
void tlm_keeper_destroy(tlm_keeper *keeper);

#endif
