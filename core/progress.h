/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file progress.h
 * The progress line of a long replay, on standard error when that is a terminal. Main thread.
 */
#ifndef TLM_CORE_PROGRESS_H
#define TLM_CORE_PROGRESS_H

#include "pipeline.h"

typedef struct tlm_progress {
    uint32_t is_terminal;
    uint32_t is_shown;
    int64_t started_ns, shown_ns; /**< monotonic */
} tlm_progress;

void tlm_progress_init(tlm_progress *progress);

/** Renews the line when it is due; returns the milliseconds until it is due again, or -1 for never. */
int tlm_progress_show(tlm_progress *progress, tlm_pipeline *pipeline);

/** Takes the line away. */
void tlm_progress_clear(tlm_progress *progress);

#endif
