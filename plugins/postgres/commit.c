/* SPDX-License-Identifier: Apache-2.0 */
#include "commit.h"

#include "bisect.h"
#include "common/fault_point.h"

/** A flush on its way. */
typedef struct {
    const tlm_committer *committer;
    tlm_link *link;
    const tlm_flush *flush;
    const tlm_commit *commit; /* NULL for a sink's */
    bool is_careful;          /* behind savepoints, as a row is refused */
    bool is_committing;       /* COMMIT was sent */
    tlm_outcome outcome;
} work;

/* Early rows would be taken for final ones by whoever asks later: they are the feeds' business. */
static bool is_kept(const tlm_rows *rows)
{
    return !(rows->flags & TLM_ROWS_EARLY) && rows->row_count > 0;
}

/* A second row of a key where each is written once is a fault of whoever wrote it; no trying again helps. */
static int judge(const work *doing, const tlm_dataset *dataset, int result, tlm_error *error)
{
    tlm_error said = *error;
    if (result < 0 && strcmp(doing->link->sqlstate, "23505") == 0)
        return tlm_link_fail(doing->link, error, -EBADMSG,
                             "table %s has a row of a flush already (lane %u, epoch %llu, flush %llu): %.500s",
                             dataset->id, doing->flush->lane, (unsigned long long)doing->flush->epoch,
                             (unsigned long long)doing->flush->sequence, said.text);
    return result;
}

static int write_rows(work *doing, tlm_error *error)
{
    tlm_bisection bisection = {.link = doing->link,
                               .pipeline = doing->committer->pipeline,
                               .flush = doing->flush,
                               .rejects_max = doing->committer->rejects_max};
    for (uint32_t i = 0; i < doing->flush->rows_count; i++) {
        const tlm_rows *rows = doing->flush->rows[i];
        if (!is_kept(rows))
            continue;
        const tlm_target *target = tlm_targets_find(doing->committer->targets, rows->dataset);
        const tlm_slice slice = {rows, 0, rows->row_count};
        bool replace = !doing->commit || rows->dataset->mode == TLM_DATASET_LATEST;
        int result = doing->is_careful ? tlm_bisect_write(&bisection, target, &slice, replace, error)
                                       : tlm_write_slice(doing->link, target, &slice, replace, error);
        if (result < 0)
            return judge(doing, rows->dataset, result, error);
        doing->outcome.rows += rows->row_count;
    }
    doing->outcome.rows -= bisection.rejects;
    doing->outcome.rejects = bisection.rejects;
    doing->outcome.sentence = bisection.sentence;
    return 0;
}

/* 1: everything is written, 0: it was before. */
static int write_all(work *doing, tlm_error *error)
{
    int result = 1;
    if (doing->commit)
        result = tlm_lanes_advance(doing->link, doing->committer->pipeline, doing->commit, error);
    if (result <= 0)
        return result;
    TLM_FAULT_POINT("postgres.lane_moved");
    result = write_rows(doing, error);
    TLM_FAULT_POINT("postgres.rows_written");
    if (result == 0 && doing->commit)
        result = tlm_lanes_change_state(doing->link, doing->committer->pipeline, doing->commit, error);
    TLM_FAULT_POINT("postgres.state_kept");
    return result < 0 ? result : 1;
}

static int run_transaction(work *doing, tlm_error *error)
{
    doing->outcome = (tlm_outcome){0};
    int result = tlm_link_run(doing->link, "BEGIN", "begin", error);
    if (result < 0)
        return result;
    TLM_FAULT_POINT("postgres.begun");
    result = write_all(doing, error);
    if (result > 0) {
        doing->is_committing = true;
        TLM_FAULT_POINT("postgres.committing");
        result = tlm_link_run(doing->link, "COMMIT", "commit", error);
        TLM_FAULT_POINT("postgres.committed");
        doing->is_committing = result < 0 && tlm_link_is_lost(doing->link);
    }
    if (!tlm_link_is_lost(doing->link))
        tlm_link_rollback(doing->link);
    return result;
}

/* The connection went between COMMIT and its answer: the lane's row tells, on another connection, what came of it. */
static int settle(work *doing, int result, tlm_error *error)
{
    tlm_error other;
    if (!doing->commit)
        return result; /* is written again, over itself */
    int settled = tlm_link_open(doing->link, &other);
    if (settled == 0)
        settled = tlm_lanes_settle(doing->link, doing->committer->pipeline, doing->flush, &other);
    if (settled > 0)
        return 0;
    if (settled == -ESTALE)
        *error = other;
    return settled == -ESTALE ? settled : result;
}

static int prepare(const work *doing, tlm_error *error)
{
    for (uint32_t i = 0; i < doing->flush->rows_count; i++) {
        int result = tlm_targets_add(doing->committer->targets, doing->flush->rows[i]->dataset, error);
        if (result < 0)
            return result == -EINVAL ? -EBADMSG : result;
    }
    int result = tlm_link_open(doing->link, error);
    if (result == 0)
        result = tlm_targets_prepare(doing->committer->targets, doing->link, error);
    return result == -EINVAL ? -EBADMSG : result;
}

int tlm_committer_write(const tlm_committer *committer, tlm_link *link, const tlm_flush *flush,
                        const tlm_commit *commit, tlm_outcome *ret_outcome, tlm_error *error)
{
    work doing = {.committer = committer, .link = link, .flush = flush, .commit = commit};
    int result = prepare(&doing, error);
    if (result < 0)
        return result;
    result = run_transaction(&doing, error);
    if (result < 0 && tlm_failure_is_of_a_row(link->sqlstate)) {
        doing.is_careful = true;
        result = run_transaction(&doing, error);
    }
    if (result < 0 && doing.is_committing)
        result = settle(&doing, result, error);
    if (result < 0 && strcmp(link->sqlstate, "42P01") == 0)
        tlm_targets_doubt(committer->targets);
    if (result < 0)
        return result;
    *ret_outcome = doing.outcome;
    return 0;
}
