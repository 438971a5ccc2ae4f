/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file run.h
 * The entry points of the engine. Main thread.
 */
#ifndef TLM_CORE_RUN_H
#define TLM_CORE_RUN_H

#include "log.h"
#include "plan.h"

/**
 * Runs a plan until its sources have come to their end and no frontend is left to serve, or SIGTERM or SIGINT asked it
 * to stop. 0 when it ended well, -EINVAL when the configuration is wrong in a way that only the start shows, else
 * another negative errno; `error` then holds the sentence, which is not logged yet.
 */
int tlm_run(const tlm_plan *plan, tlm_log *log, tlm_error *error);

/** Creates all instances of a plan and destroys them. -EINVAL with the sentence of the first that refuses. */
int tlm_check(const tlm_plan *plan, tlm_error *error);

#endif
