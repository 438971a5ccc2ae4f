/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file run.h
 * What the command line does with a plan.
 */
#ifndef TLM_CORE_RUN_H
#define TLM_CORE_RUN_H

#include "log.h"
#include "plan.h"

/**
 * Runs a plan until its sources have come to their end (unless it has a frontend), a part of it had to stop, or SIGTERM
 * or SIGINT asks it to. 0: all that was read was kept. -EINVAL: the configuration is wrong in a way that only
 * the start shows; other negative: it failed. `error` then holds the sentence, which is not logged yet. Main thread,
 * before any other thread was started.
 */
int tlm_run(const tlm_plan *plan, const tlm_log *log, tlm_error *error);

#endif
