/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file pipeline.h
 * Readers and lanes of a plan, put together.
 */
#ifndef TLM_CORE_PIPELINE_H
#define TLM_CORE_PIPELINE_H

#include "host.h"
#include "lane.h"
#include "reader.h"

typedef struct tlm_pipeline tlm_pipeline;

/** What has happened to a pipeline so far. */
typedef struct tlm_pipeline_news {
    uint32_t is_over;   /**< all lanes have ended, or it has failed: nothing more will come of it */
    uint32_t is_failed; /**< a reader or a lane had to stop */
    tlm_error sentence; /**< why the first of them had to */
} tlm_pipeline_news;

/**
 * Takes every lane and makes its readers; all instances but frontends must be started. A checkpoint that is not there
 * yet is waited for until `is_cancelled` says 1: -ECANCELED. Lanes of a partitioned log are taken later, as the log
 * gives them. `wake_fd` is an eventfd that is written when there is news. Main thread, like all of these.
 */
int tlm_pipeline_create(const tlm_shared *shared, int wake_fd, int (*is_cancelled)(void *context), void *context,
                        tlm_pipeline **ret_pipeline, tlm_error *error);
/** Starts lanes and readers. */
int tlm_pipeline_start(tlm_pipeline *pipeline, tlm_error *error);
/** Flushes and stops within `stop_timeout`: 1 when everything that was processed is kept, else 0. */
int tlm_pipeline_stop(tlm_pipeline *pipeline);
/** Sinks must be stopped. Accepts NULL. */
void tlm_pipeline_destroy(tlm_pipeline *pipeline);

void tlm_pipeline_look(tlm_pipeline *pipeline, tlm_pipeline_news *ret_news);

/** Sums of all readers: the sources' own measure of how far they are (total 0: not known), and records. */
void tlm_pipeline_progress(tlm_pipeline *pipeline, uint64_t *ret_done, uint64_t *ret_total, uint64_t *ret_records);

/** The accounting of all lanes as the checkpoint has it. */
void tlm_pipeline_accounting(tlm_pipeline *pipeline, tlm_accounting *ret_accounting);

#endif
