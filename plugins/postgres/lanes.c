/* SPDX-License-Identifier: Apache-2.0 */
#include "lanes.h"

#include "cell.h"

/** State changes and bytes of them in one statement. */
enum { CHANGES_MAX = 16384, CHANGES_BYTES_MAX = 8 * 1024 * 1024 };

static const char settings_sql[] = "INSERT INTO telemetra_pipelines AS p VALUES ($1, $2) ON CONFLICT (pipeline)"
                                   " DO UPDATE SET settings = p.settings RETURNING settings";
static const char take_sql[] =
    "INSERT INTO telemetra_lanes AS l (pipeline, lane, epoch, sequence, record) VALUES ($1, $2, 1, 0, '')"
    " ON CONFLICT (pipeline, lane) DO UPDATE SET epoch = l.epoch + 1, changed_at = now()"
    " RETURNING epoch, sequence, record";
static const char advance_sql[] = "UPDATE telemetra_lanes SET sequence = $4, record = $5, changed_at = now()"
                                  " WHERE pipeline = $1 AND lane = $2 AND epoch = $3 AND sequence = $4 - 1";
static const char look_sql[] =
    "SELECT epoch, sequence FROM telemetra_lanes WHERE pipeline = $1 AND lane = $2 FOR UPDATE";
/* The row's xmax is the transaction that holds it, and who that is stands in pg_locks. */
static const char end_holder_sql[] =
    "SELECT pg_terminate_backend(a.pid) FROM telemetra_lanes l"
    " JOIN pg_locks k ON k.locktype = 'transactionid' AND k.transactionid = l.xmax AND k.mode = 'ExclusiveLock'"
    " JOIN pg_stat_activity a ON a.pid = k.pid"
    " WHERE l.pipeline = $1 AND l.lane = $2 AND k.granted AND a.wait_event = 'ClientRead'"
    " AND a.xact_start < clock_timestamp() - $3 * interval '1 millisecond'";
static const char change_sql[] =
    "WITH given AS (SELECT DISTINCT ON (component, key) component, key, value"
    "  FROM unnest($3::text[], $4::bytea[], $5::bytea[]) WITH ORDINALITY AS u (component, key, value, place)"
    "  ORDER BY component, key, place DESC),"
    " gone AS (DELETE FROM telemetra_state s USING given g WHERE s.pipeline = $1 AND s.lane = $2"
    "  AND s.component = g.component AND s.key = g.key AND g.value IS NULL)"
    " INSERT INTO telemetra_state (pipeline, lane, component, key, value)"
    " SELECT $1, $2, component, key, value FROM given WHERE value IS NOT NULL"
    " ON CONFLICT (pipeline, lane, component, key) DO UPDATE SET value = excluded.value";

static void add_lane(tlm_params *params, const char *pipeline, uint32_t lane)
{
    tlm_params_add_text(params, tlm_text_of(pipeline));
    tlm_params_add_integer(params, (int32_t)lane);
}

/* --- taking ------------------------------------------------------------------------------------------------------ */

/* Keeps the settings with the first take, compares them with every other. */
static int check_settings(tlm_link *link, const char *pipeline, const char *settings, tlm_error *error)
{
    PGresult *rows = NULL;
    tlm_params params = {0};
    tlm_params_add_text(&params, tlm_text_of(pipeline));
    tlm_params_add_text(&params, tlm_text_of(settings));
    int result = tlm_link_ask(link, settings_sql, &params, "write telemetra_pipelines", &rows, error);
    if (result == 0 && strcmp(PQgetvalue(rows, 0, 0), settings) != 0)
        result = tlm_link_fail(link, error, -EINVAL,
                               "pipeline %s was begun with \"%s\" and is now configured with \"%s\"; restore the "
                               "settings or name another schema",
                               pipeline, PQgetvalue(rows, 0, 0), settings);
    PQclear(rows);
    return result;
}

static int take_row(tlm_link *link, const char *pipeline, uint32_t lane, tlm_lane_taken *taken, tlm_error *error)
{
    PGresult *rows = NULL;
    tlm_params params = {0};
    add_lane(&params, pipeline, lane);
    int result = tlm_link_ask(link, take_sql, &params, "take a lane", &rows, error);
    if (result == 0) {
        taken->epoch = (uint64_t)tlm_cell_integer(rows, 0, 0);
        taken->sequence = (uint64_t)tlm_cell_integer(rows, 0, 1);
        result = tlm_buffer_append(&taken->record, PQgetvalue(rows, 0, 2), (size_t)PQgetlength(rows, 0, 2));
        if (result < 0)
            tlm_error_set(error, result, "out of memory");
    }
    PQclear(rows);
    return result;
}

static int take_once(tlm_link *link, const char *pipeline, uint32_t lane, const char *settings, tlm_lane_taken *taken,
                     tlm_error *error)
{
    tlm_buffer_clear(&taken->record);
    int result = tlm_link_run(link, "BEGIN", "take a lane", error);
    if (result == 0)
        result = check_settings(link, pipeline, settings, error);
    if (result == 0)
        result = take_row(link, pipeline, lane, taken, error);
    if (result == 0)
        result = tlm_link_run(link, "COMMIT", "take a lane", error);
    if (result < 0)
        tlm_link_rollback(link);
    return result;
}

/* Ends the session that holds the lane's row while it waits for a client that does not speak. Returns how many. */
static int end_frozen_holder(tlm_link *link, const char *pipeline, uint32_t lane, tlm_error *error)
{
    PGresult *rows = NULL;
    tlm_params params = {0};
    add_lane(&params, pipeline, lane);
    tlm_params_add_bigint(&params, link->server->settings.lock_timeout_ms / 2);
    int result = tlm_link_ask(link, end_holder_sql, &params, "end a frozen session", &rows, error);
    if (result == 0)
        result = PQntuples(rows);
    PQclear(rows);
    return result;
}

int tlm_lanes_take(tlm_link *link, const char *pipeline, uint32_t lane, const char *settings, tlm_lane_taken *ret_taken,
                   tlm_error *error)
{
    tlm_lane_taken taken = {.record = TLM_BUFFER_INIT};
    int result = take_once(link, pipeline, lane, settings, &taken, error);
    if (result < 0 && strcmp(link->sqlstate, "55P03") == 0) {
        int ended = end_frozen_holder(link, pipeline, lane, error);
        if (ended > 0)
            result = take_once(link, pipeline, lane, settings, &taken, error);
        else if (ended < 0)
            result = ended;
    }
    if (result < 0) {
        tlm_buffer_finish(&taken.record);
        return result;
    }
    *ret_taken = taken;
    return 0;
}

/* --- committing -------------------------------------------------------------------------------------------------- */

/* Where the lane stands: 1 at this flush, 0 at the one before it, -ESTALE anywhere else. */
static int look(tlm_link *link, const char *pipeline, const tlm_flush *flush, tlm_error *error)
{
    PGresult *rows = NULL;
    tlm_params params = {0};
    add_lane(&params, pipeline, flush->lane);
    int result = tlm_link_ask(link, look_sql, &params, "read telemetra_lanes", &rows, error);
    if (result < 0)
        return result;
    bool is_there = PQntuples(rows) == 1;
    uint64_t epoch = is_there ? (uint64_t)tlm_cell_integer(rows, 0, 0) : 0;
    uint64_t sequence = is_there ? (uint64_t)tlm_cell_integer(rows, 0, 1) : 0;
    PQclear(rows);
    if (!is_there)
        return tlm_link_fail(link, error, -ESTALE, "lane %u of pipeline %s was never taken in this database",
                             flush->lane, pipeline);
    if (epoch == flush->epoch && (sequence == flush->sequence || sequence + 1 == flush->sequence))
        return sequence == flush->sequence;
    return tlm_link_fail(link, error, -ESTALE,
                         "lane %u of pipeline %s is at epoch %llu, flush %llu; refused was epoch %llu, flush %llu: "
                         "another process has taken the lane",
                         flush->lane, pipeline, (unsigned long long)epoch, (unsigned long long)sequence,
                         (unsigned long long)flush->epoch, (unsigned long long)flush->sequence);
}

int tlm_lanes_advance(tlm_link *link, const char *pipeline, const tlm_commit *commit, tlm_error *error)
{
    const tlm_flush *flush = &commit->flush;
    tlm_params params = {0};
    add_lane(&params, pipeline, flush->lane);
    tlm_params_add_bigint(&params, (int64_t)flush->epoch);
    tlm_params_add_bigint(&params, (int64_t)flush->sequence);
    tlm_params_add_text(&params, commit->record);
    int moved = tlm_link_change(link, advance_sql, &params, "write telemetra_lanes", error);
    if (moved != 0)
        return moved;
    int result = look(link, pipeline, flush, error);
    if (result == 0)
        return tlm_link_fail(link, error, -EAGAIN, "lane %u of pipeline %s was not moved on", flush->lane, pipeline);
    return result < 0 ? result : 0;
}

int tlm_lanes_settle(tlm_link *link, const char *pipeline, const tlm_flush *flush, tlm_error *error)
{
    int result = tlm_link_run(link, "BEGIN", "settle a commit", error);
    if (result == 0)
        result = look(link, pipeline, flush, error);
    tlm_link_rollback(link);
    return result;
}

/* --- slow state -------------------------------------------------------------------------------------------------- */

enum { ARRAYS = 3 };

static void begin_array(tlm_buffer *array, uint32_t type, uint32_t count)
{
    const uint32_t head[] = {1, 1, type, count, 1};
    char word[4];
    for (uint32_t i = 0; i < TLM_COUNT(head); i++) {
        tlm_cell_write32(word, head[i]);
        tlm_buffer_append(array, word, sizeof word);
    }
}

static void append_element(tlm_buffer *array, const char *bytes, size_t size, bool is_null)
{
    char word[4];
    tlm_cell_write32(word, is_null ? UINT32_MAX : (uint32_t)size);
    tlm_buffer_append(array, word, sizeof word);
    if (!is_null)
        tlm_buffer_append(array, bytes, size);
}

static void append_change(tlm_buffer arrays[static ARRAYS], const tlm_state_change *change)
{
    append_element(&arrays[0], change->component, strlen(change->component), false);
    append_element(&arrays[1], change->key.data, change->key.size, false);
    append_element(&arrays[2], change->value.data, change->value.size, change->value.size == 0);
}

/* How many changes go into the next statement. */
static uint32_t changes_of_statement(const tlm_commit *commit, uint32_t done)
{
    size_t size = 0;
    uint32_t count = 0;
    while (done + count < commit->change_count && count < CHANGES_MAX) {
        const tlm_state_change *change = &commit->changes[done + count];
        size += change->key.size + change->value.size + strlen(change->component) + 12;
        if (count > 0 && size > CHANGES_BYTES_MAX)
            break;
        count++;
    }
    return count;
}

static int write_changes(tlm_link *link, const char *pipeline, const tlm_commit *commit, uint32_t first, uint32_t count,
                         tlm_error *error)
{
    static const uint32_t types[ARRAYS] = {TLM_TYPE_TEXT, TLM_TYPE_BYTES, TLM_TYPE_BYTES};
    static const uint32_t array_types[ARRAYS] = {1009, 1001, 1001};
    tlm_buffer arrays[ARRAYS] = {TLM_BUFFER_INIT, TLM_BUFFER_INIT, TLM_BUFFER_INIT};
    tlm_params params = {0};
    int result = 0;
    add_lane(&params, pipeline, commit->flush.lane);
    for (uint32_t i = 0; i < ARRAYS; i++)
        begin_array(&arrays[i], types[i], count);
    for (uint32_t i = 0; i < count; i++)
        append_change(arrays, &commit->changes[first + i]);
    for (uint32_t i = 0; i < ARRAYS; i++) {
        tlm_params_add_encoded(&params, array_types[i], arrays[i].data, arrays[i].size);
        if (arrays[i].error < 0)
            result = tlm_error_set(error, -ENOMEM, "out of memory");
    }
    if (result == 0)
        result = tlm_link_change(link, change_sql, &params, "write telemetra_state", error);
    for (uint32_t i = 0; i < ARRAYS; i++)
        tlm_buffer_finish(&arrays[i]);
    return result < 0 ? result : 0;
}

int tlm_lanes_change_state(tlm_link *link, const char *pipeline, const tlm_commit *commit, tlm_error *error)
{
    int result = 0;
    for (uint32_t done = 0, count; done < commit->change_count && result == 0; done += count) {
        count = changes_of_statement(commit, done);
        result = write_changes(link, pipeline, commit, done, count, error);
    }
    return result;
}
