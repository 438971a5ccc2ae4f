/* SPDX-License-Identifier: Apache-2.0 */
#include "state.h"

#include "cell.h"
#include "common/buffer.h"

static const char get_sql[] =
    "SELECT value FROM telemetra_state WHERE pipeline = $1 AND lane = $2 AND component = $3 AND key = $4";
static const char first_sql[] = "SELECT key, value FROM telemetra_state WHERE pipeline = $1 AND lane = $2"
                                " AND component = $3 ORDER BY key LIMIT $4";
static const char next_sql[] = "SELECT key, value FROM telemetra_state WHERE pipeline = $1 AND lane = $2"
                               " AND component = $3 AND key > $5 ORDER BY key LIMIT $4";

static const char epoch_sql[] = "SELECT epoch FROM telemetra_lanes WHERE pipeline = $1 AND lane = $2";

static void add_owner(tlm_params *params, const tlm_state_owner *owner)
{
    tlm_params_add_text(params, tlm_text_of(owner->pipeline));
    tlm_params_add_integer(params, (int32_t)owner->lane);
    tlm_params_add_text(params, tlm_text_of(owner->component));
}

/* Asks on a connection of the pool; what comes back is the caller's. */
static int ask(tlm_pool *readers, const char *sql, const tlm_params *params, PGresult **ret_rows, tlm_error *error)
{
    tlm_link *link = tlm_pool_acquire(readers);
    int result = tlm_link_open(link, error);
    if (result == 0)
        result = tlm_link_ask(link, sql, params, "read telemetra_state", ret_rows, error);
    tlm_pool_release(readers, link);
    return result;
}

static tlm_text text_at(const PGresult *rows, int row, int index)
{
    return (tlm_text){PQgetvalue(rows, row, index), (size_t)PQgetlength(rows, row, index)};
}

int tlm_state_get(tlm_pool *readers, const tlm_state_owner *owner, tlm_text key, tlm_state_found found, void *context,
                  tlm_error *error)
{
    PGresult *rows = NULL;
    tlm_params params = {0};
    add_owner(&params, owner);
    tlm_params_add_bytes(&params, key);
    int result = ask(readers, get_sql, &params, &rows, error);
    if (result == 0 && PQntuples(rows) == 1) {
        int told = found(context, key, text_at(rows, 0, 0));
        result = told < 0 ? told : 1;
    }
    PQclear(rows);
    return result;
}

/* Fetches what follows `after` (NULL: from the first) and tells it. 1: there may be more. */
static int tell_chunk(tlm_pool *readers, const tlm_state_owner *owner, tlm_buffer *after, bool is_first,
                      tlm_state_found found, void *context, int *ret_told, tlm_error *error)
{
    PGresult *rows = NULL;
    tlm_params params = {0};
    int told = 0;
    add_owner(&params, owner);
    tlm_params_add_bigint(&params, TLM_STATE_CHUNK_KEYS);
    if (!is_first)
        tlm_params_add_bytes(&params, (tlm_text){after->data, after->size});
    int result = ask(readers, is_first ? first_sql : next_sql, &params, &rows, error);
    int count = result == 0 ? PQntuples(rows) : 0;
    for (int i = 0; i < count && told == 0; i++)
        told = found(context, text_at(rows, i, 0), text_at(rows, i, 1));
    if (result == 0 && told == 0 && count == TLM_STATE_CHUNK_KEYS) {
        tlm_text last = text_at(rows, count - 1, 0);
        tlm_buffer_clear(after);
        result = tlm_buffer_append(after, last.data, last.size);
        if (result == 0)
            result = 1;
    }
    PQclear(rows);
    *ret_told = told;
    return result;
}

int tlm_state_each(tlm_pool *readers, const tlm_state_owner *owner, tlm_state_found found, void *context,
                   tlm_error *error)
{
    tlm_buffer after = TLM_BUFFER_INIT;
    int told = 0;
    int result = tell_chunk(readers, owner, &after, true, found, context, &told, error);
    while (result == 1 && told == 0)
        result = tell_chunk(readers, owner, &after, false, found, context, &told, error);
    tlm_buffer_finish(&after);
    return result < 0 ? result : told;
}

int tlm_state_epoch(tlm_pool *readers, const char *pipeline, uint32_t lane, uint64_t *ret_epoch, tlm_error *error)
{
    PGresult *rows = NULL;
    tlm_params params = {0};
    tlm_params_add_text(&params, tlm_text_of(pipeline));
    tlm_params_add_integer(&params, (int32_t)lane);
    int result = ask(readers, epoch_sql, &params, &rows, error);
    if (result == 0)
        *ret_epoch = PQntuples(rows) == 1 ? (uint64_t)tlm_cell_integer(rows, 0, 0) : 0;
    PQclear(rows);
    return result;
}
