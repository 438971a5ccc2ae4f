/* SPDX-License-Identifier: Apache-2.0 */
#include "bisect.h"

#include "rejects.h"

static int reject(tlm_bisection *bisection, const tlm_dataset *dataset, const tlm_cell *cells, const char *sqlstate,
                  const tlm_error *reason, tlm_error *error)
{
    char key[512];
    tlm_dataset_describe_key(dataset, cells, key, sizeof key);
    if (bisection->rejects == 0)
        bisection->sentence = *reason;
    if (++bisection->rejects > bisection->rejects_max)
        return tlm_link_fail(bisection->link, error, -EBADMSG,
                             "more than %u rows (max_rejects) of one flush are refused; the last one, of table %s with "
                             "the key (%s): %.400s",
                             bisection->rejects_max, dataset->id, key, reason->text);
    return tlm_rejects_keep(bisection->link, bisection->pipeline, bisection->flush, dataset, cells, sqlstate,
                            reason->text, error);
}

/* Tries a slice behind a savepoint: 1 written, 0 taken back as a row of it is refused, negative for all else. */
static int try_slice(tlm_bisection *bisection, const tlm_target *target, const tlm_slice *slice, bool replace,
                     tlm_error *error)
{
    tlm_link *link = bisection->link;
    char sqlstate[TLM_SQLSTATE_SIZE + 1];
    int result = tlm_link_run(link, "SAVEPOINT slice", "write", error);
    if (result < 0)
        return result;
    result = tlm_write_slice(link, target, slice, replace, error);
    if (result == 0) {
        result = tlm_link_run(link, "RELEASE slice", "write", error);
        return result < 0 ? result : 1;
    }
    memcpy(sqlstate, link->sqlstate, sizeof sqlstate);
    if (tlm_link_is_lost(link) || !tlm_failure_is_of_a_row(sqlstate))
        return result;
    tlm_error other;
    int undone = tlm_link_run(link, "ROLLBACK TO slice; RELEASE slice", "take rows back", &other);
    if (undone < 0) {
        *error = other;
        return undone;
    }
    memcpy(link->sqlstate, sqlstate, sizeof sqlstate);
    return 0;
}

/* Recursion is as deep as a count can be halved. */
int tlm_bisect_write(tlm_bisection *bisection, const tlm_target *target, const tlm_slice *slice, bool replace,
                     tlm_error *error)
{
    if (slice->count == 0)
        return 0;
    int result = try_slice(bisection, target, slice, replace, error);
    if (result != 0)
        return result < 0 ? result : 0;
    if (slice->count == 1) {
        char sqlstate[TLM_SQLSTATE_SIZE + 1];
        tlm_error reason = *error;
        memcpy(sqlstate, bisection->link->sqlstate, sizeof sqlstate);
        return reject(bisection, target->dataset, tlm_rows_at(slice->rows, slice->first), sqlstate, &reason, error);
    }
    tlm_slice low = {slice->rows, slice->first, slice->count / 2};
    tlm_slice high = {slice->rows, slice->first + low.count, slice->count - low.count};
    result = tlm_bisect_write(bisection, target, &low, replace, error);
    return result < 0 ? result : tlm_bisect_write(bisection, target, &high, replace, error);
}
