/* SPDX-License-Identifier: Apache-2.0 */
#include "commit.h"

#include "database.h"

#include <string.h>

/** A job's result until it is decided, as the queue sets it. */
enum { UNDECIDED = 1 };

/* Whether a failure is one lane's own, so that the others go on. */
static bool is_own(int result)
{
    return result == -EBADMSG || result == -ESTALE;
}

/* Early rows would be taken for final ones by whoever asks later: they are the feeds' business. */
static bool is_kept(const tlm_rows *rows)
{
    return !(rows->flags & TLM_ROWS_EARLY);
}

/* Tables are made before the transaction, so that the rollback of a lane's part never takes one away. */
static void prepare_tables(tlm_committer *committer, tlm_flush_job *job)
{
    for (uint32_t i = 0; i < job->flush->rows_count; i++) {
        const tlm_rows *rows = job->flush->rows[i];
        int result = is_kept(rows) ? tlm_targets_prepare(&committer->targets, rows->dataset, &job->error) : 0;
        if (result < 0) {
            job->result = result == -EINVAL ? -EBADMSG : result;
            return;
        }
    }
}

static int write_rows(tlm_committer *committer, const tlm_flush *flush, bool again, uint64_t *rows, tlm_error *error)
{
    for (uint32_t i = 0; i < flush->rows_count; i++) {
        if (!is_kept(flush->rows[i]))
            continue;
        int result = tlm_targets_write(&committer->targets, flush->rows[i], again, error);
        if (result < 0)
            return result;
        *rows += flush->rows[i]->row_count;
    }
    return 0;
}

/* One lane's part: its row first, as it tells whether the rest may be written at all. */
static int write_part(tlm_committer *committer, const tlm_flush_job *job, uint64_t *rows, tlm_error *error)
{
    if (!job->commit)
        return write_rows(committer, job->flush, true, rows, error);
    int result = tlm_lanes_advance(&committer->lanes, job->commit, error);
    if (result <= 0)
        return result;
    result = write_rows(committer, job->flush, false, rows, error);
    if (result < 0)
        return result;
    return tlm_lanes_change_state(&committer->lanes, job->commit, error);
}

/* A part behind its savepoint. Negative: the whole transaction has failed. */
static int write_guarded(tlm_committer *committer, tlm_flush_job *job, uint64_t *rows, tlm_error *error)
{
    uint64_t written = 0;
    int result = tlm_database_run(committer->database, "SAVEPOINT part", "write", error);
    if (result < 0)
        return result;
    result = write_part(committer, job, &written, error);
    if (result < 0 && (!is_own(result) || sqlite3_get_autocommit(committer->database)))
        return result;
    job->result = result;
    if (result < 0) {
        job->error = *error;
        result = tlm_database_run(committer->database, "ROLLBACK TO part", "take a lane's part back", error);
        if (result < 0)
            return result;
    } else {
        *rows += written;
    }
    return tlm_database_run(committer->database, "RELEASE part", "write", error);
}

static int write_parts(tlm_committer *committer, tlm_flush_job *jobs, uint32_t count, uint64_t *rows, tlm_error *error)
{
    int result = tlm_database_begin(committer->database, error);
    for (uint32_t i = 0; i < count && result == 0; i++) {
        if (jobs[i].result == UNDECIDED)
            result = write_guarded(committer, &jobs[i], rows, error);
    }
    if (result == 0)
        result = tlm_database_commit(committer->database, error);
    if (result < 0)
        tlm_database_rollback(committer->database);
    return result;
}

/* Nothing of the group was kept: whoever had no failure of its own has this one. */
static void fail_jobs(tlm_flush_job *jobs, uint32_t count, int result, const tlm_error *error)
{
    for (uint32_t i = 0; i < count; i++) {
        if (jobs[i].result >= 0) {
            jobs[i].result = result;
            jobs[i].error = *error;
        }
    }
}

int tlm_committer_write(tlm_committer *committer, tlm_flush_job *jobs, uint32_t count, uint64_t *ret_rows,
                        tlm_error *error)
{
    uint64_t rows = 0;
    int failure = 0;
    for (uint32_t i = 0; i < count; i++) {
        prepare_tables(committer, &jobs[i]);
        if (jobs[i].result < 0 && !is_own(jobs[i].result)) {
            failure = jobs[i].result;
            *error = jobs[i].error;
        }
    }
    int result = write_parts(committer, jobs, count, &rows, error);
    if (result < 0) {
        fail_jobs(jobs, count, result, error);
        return result;
    }
    *ret_rows = rows;
    return failure;
}
