/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file commit.h
 * One flush in one transaction: the lane's row first, as it tells whether the rest may be written at all, then rows,
 * then slow state. Any thread, each with a connection of its own.
 */
#ifndef TLM_POSTGRES_COMMIT_H
#define TLM_POSTGRES_COMMIT_H

#include "lanes.h"
#include "targets.h"

typedef struct tlm_committer {
    const char *pipeline;
    tlm_targets *targets;
    uint32_t rejects_max;
} tlm_committer;

/** What became of a flush. */
typedef struct tlm_outcome {
    uint64_t rows;      /**< written */
    uint32_t rejects;   /**< kept in telemetra_rejects instead */
    tlm_error sentence; /**< of the first of them */
} tlm_outcome;

/**
 * Keeps a flush; `commit` is NULL for a sink's, whose rows may have been written before and replace those of their key.
 * The results are those of tlm_done, with a sentence. `ret_outcome` is set on success.
 */
int tlm_committer_write(const tlm_committer *committer, tlm_link *link, const tlm_flush *flush,
                        const tlm_commit *commit, tlm_outcome *ret_outcome, tlm_error *error);

#endif
