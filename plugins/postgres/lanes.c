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
/*
 * A removed key is first given an empty value, which no key has otherwise: so the last of several changes of one key
 * counts, and the deletion needs no join, for which the planner would want statistics that a fresh table has not.
 */
static const char put_sql[] =
    "INSERT INTO telemetra_state (pipeline, lane, component, key, value)"
    " SELECT $1, $2, component, key, value FROM (SELECT DISTINCT ON (component, key) component, key, value"
    "  FROM unnest($3::text[], $4::bytea[], $5::bytea[]) WITH ORDINALITY AS u (component, key, value, place)"
    "  ORDER BY component, key, place DESC) AS given"
    " ON CONFLICT (pipeline, lane, component, key) DO UPDATE SET value = excluded.value";
static const char remove_sql[] = "DELETE FROM telemetra_state WHERE pipeline = $1 AND lane = $2"
                                 " AND component = ANY ($3::text[]) AND key = ANY ($4::bytea[]) AND value = ''";

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
        tlm_error other;
        if (end_frozen_holder(link, pipeline, lane, &other) > 0)
            result = take_once(link, pipeline, lane, settings, &taken, error);
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

enum { COMPONENTS, KEYS, VALUES, ARRAYS };

static const struct {
    uint32_t element, array; /* catalog/pg_type.dat */
} array_types[ARRAYS] = {{TLM_TYPE_TEXT, 1009}, {TLM_TYPE_BYTES, 1001}, {TLM_TYPE_BYTES, 1001}};

static void begin_array(tlm_buffer *array, uint32_t type, uint32_t count)
{
    const uint32_t head[] = {1, 0, type, count, 1};
    char word[4];
    for (uint32_t i = 0; i < TLM_COUNT(head); i++) {
        tlm_cell_write32(word, head[i]);
        tlm_buffer_append(array, word, sizeof word);
    }
}

static void append_element(tlm_buffer *array, const char *bytes, size_t size)
{
    char word[4];
    tlm_cell_write32(word, (uint32_t)size);
    tlm_buffer_append(array, word, sizeof word);
    tlm_buffer_append(array, bytes, size);
}

static void append_change(tlm_buffer arrays[static ARRAYS], const tlm_state_change *change)
{
    append_element(&arrays[COMPONENTS], change->component, strlen(change->component));
    append_element(&arrays[KEYS], change->key.data, change->key.size);
    append_element(&arrays[VALUES], change->value.data, change->value.size);
}

/* Changes as arrays, as many as were begun with. */
static int run_arrays(tlm_link *link, const char *sql, tlm_params *params, const tlm_buffer *arrays, uint32_t count,
                      tlm_error *error)
{
    for (uint32_t i = 0; i < count; i++) {
        if (arrays[i].error < 0)
            return tlm_error_set(error, -ENOMEM, "out of memory");
        tlm_params_add_encoded(params, array_types[i].array, arrays[i].data, arrays[i].size);
    }
    int result = tlm_link_change(link, sql, params, "write telemetra_state", error);
    return result < 0 ? result : 0;
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

/* Runs a statement on some of the changes: all, or only those that remove. */
static int write_some(tlm_link *link, const char *pipeline, const tlm_commit *commit, uint32_t first, uint32_t count,
                      uint32_t removals, tlm_error *error)
{
    tlm_buffer arrays[ARRAYS] = {TLM_BUFFER_INIT, TLM_BUFFER_INIT, TLM_BUFFER_INIT};
    tlm_params params = {0};
    add_lane(&params, pipeline, commit->flush.lane);
    for (uint32_t i = 0; i < ARRAYS; i++)
        begin_array(&arrays[i], array_types[i].element, removals ? removals : count);
    for (uint32_t i = 0; i < count; i++) {
        if (!removals || commit->changes[first + i].value.size == 0)
            append_change(arrays, &commit->changes[first + i]);
    }
    int result =
        run_arrays(link, removals ? remove_sql : put_sql, &params, arrays, removals ? (uint32_t)VALUES : ARRAYS, error);
    for (uint32_t i = 0; i < ARRAYS; i++)
        tlm_buffer_finish(&arrays[i]);
    return result;
}

static int write_changes(tlm_link *link, const char *pipeline, const tlm_commit *commit, uint32_t first, uint32_t count,
                         tlm_error *error)
{
    uint32_t removals = 0;
    for (uint32_t i = 0; i < count; i++)
        removals += commit->changes[first + i].value.size == 0;
    int result = write_some(link, pipeline, commit, first, count, 0, error);
    return result < 0 || !removals ? result : write_some(link, pipeline, commit, first, count, removals, error);
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
