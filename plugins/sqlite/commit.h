/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file commit.h
 * Group commit: the waiting flushes of several lanes in one transaction, each behind a savepoint of its own, so that
 * what one lane's content or loss of ownership undoes is that lane's alone. Of the writer thread alone.
 */
#ifndef TLM_SQLITE_COMMIT_H
#define TLM_SQLITE_COMMIT_H

#include "common/flush_queue.h"
#include "lanes.h"
#include "targets.h"

typedef struct tlm_committer {
    sqlite3 *database;
    tlm_targets targets;
    tlm_lanes lanes;
} tlm_committer;

/**
 * Commits the jobs and sets every result. 0 when the database works (single jobs may have been refused), else the
 * failure that all other jobs got too. `ret_rows`: rows kept.
 */
int tlm_committer_write(tlm_committer *committer, tlm_flush_job *jobs, uint32_t count, uint64_t *ret_rows,
                        tlm_error *error);

#endif
