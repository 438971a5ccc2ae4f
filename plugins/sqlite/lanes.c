/* SPDX-License-Identifier: Apache-2.0 */
#include "lanes.h"

#include "database.h"

#include <string.h>

static const char advance_sql[] = "UPDATE telemetra_lanes SET sequence = ?4, record = ?5"
                                  " WHERE pipeline = ?1 AND lane = ?2 AND epoch = ?3 AND sequence = ?4 - 1";
static const char look_sql[] = "SELECT epoch, sequence FROM telemetra_lanes WHERE pipeline = ?1 AND lane = ?2";
static const char put_sql[] = "INSERT INTO telemetra_state VALUES (?1,?2,?3,?4,?5)"
                              " ON CONFLICT (pipeline, lane, component, key) DO UPDATE SET value = excluded.value";
static const char remove_sql[] =
    "DELETE FROM telemetra_state WHERE pipeline = ?1 AND lane = ?2 AND component = ?3 AND key = ?4";

int tlm_lanes_init(tlm_lanes *lanes, sqlite3 *database, const char *pipeline, tlm_error *error)
{
    *lanes = (tlm_lanes){.database = database, .pipeline = pipeline};
    int result = tlm_database_prepare(database, advance_sql, &lanes->advance, error);
    if (result == 0)
        result = tlm_database_prepare(database, look_sql, &lanes->look, error);
    if (result == 0)
        result = tlm_database_prepare(database, put_sql, &lanes->put, error);
    if (result == 0)
        result = tlm_database_prepare(database, remove_sql, &lanes->remove, error);
    return result;
}

void tlm_lanes_finish(tlm_lanes *lanes)
{
    sqlite3_finalize(lanes->advance);
    sqlite3_finalize(lanes->look);
    sqlite3_finalize(lanes->put);
    sqlite3_finalize(lanes->remove);
    *lanes = (tlm_lanes){0};
}

static void bind_lane(const tlm_lanes *lanes, sqlite3_stmt *statement, uint32_t lane)
{
    sqlite3_bind_text(statement, 1, lanes->pipeline, -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 2, lane);
}

/* Keeps the settings with the first take, compares them with every other. */
static int check_settings(tlm_lanes *lanes, const char *settings, tlm_error *error)
{
    sqlite3_stmt *statement;
    int result = tlm_database_prepare(lanes->database,
                                      "INSERT INTO telemetra_pipelines VALUES (?1, ?2)"
                                      " ON CONFLICT (pipeline) DO UPDATE SET settings = settings RETURNING settings",
                                      &statement, error);
    if (result < 0)
        return result;
    sqlite3_bind_text(statement, 1, lanes->pipeline, -1, SQLITE_STATIC);
    sqlite3_bind_text(statement, 2, settings, -1, SQLITE_STATIC);
    result = tlm_database_step(statement, "write telemetra_pipelines", error);
    if (result > 0) {
        const char *found = (const char *)sqlite3_column_text(statement, 0);
        result = 0;
        if (!found || strcmp(found, settings) != 0)
            result = tlm_error_set(error, -EINVAL,
                                   "%s: pipeline %s was begun with \"%s\" and is now configured with \"%s\"; restore "
                                   "the settings or name another path",
                                   sqlite3_db_filename(lanes->database, "main"), lanes->pipeline, found ? found : "",
                                   settings);
    }
    sqlite3_finalize(statement);
    return result;
}

static int take_row(tlm_lanes *lanes, uint32_t lane, tlm_lane_taken *taken, tlm_error *error)
{
    sqlite3_stmt *statement;
    int result =
        tlm_database_prepare(lanes->database,
                             "INSERT INTO telemetra_lanes VALUES (?1, ?2, 1, 0, '') ON CONFLICT (pipeline, lane)"
                             " DO UPDATE SET epoch = epoch + 1 RETURNING epoch, sequence, record",
                             &statement, error);
    if (result < 0)
        return result;
    bind_lane(lanes, statement, lane);
    result = tlm_database_step(statement, "write telemetra_lanes", error);
    if (result > 0) {
        taken->epoch = (uint64_t)sqlite3_column_int64(statement, 0);
        taken->sequence = (uint64_t)sqlite3_column_int64(statement, 1);
        const void *record = sqlite3_column_text(statement, 2);
        result = tlm_buffer_append(&taken->record, record, (size_t)sqlite3_column_bytes(statement, 2));
        if (result < 0)
            tlm_error_set(error, result, "out of memory");
    }
    sqlite3_finalize(statement);
    return result;
}

int tlm_lanes_take(tlm_lanes *lanes, uint32_t lane, const char *settings, tlm_lane_taken *ret_taken, tlm_error *error)
{
    tlm_lane_taken taken = {.record = TLM_BUFFER_INIT};
    int result = tlm_database_begin(lanes->database, error);
    if (result < 0)
        return result;
    result = check_settings(lanes, settings, error);
    if (result == 0)
        result = take_row(lanes, lane, &taken, error);
    if (result == 0)
        result = tlm_database_commit(lanes->database, error);
    if (result < 0) {
        tlm_database_rollback(lanes->database);
        tlm_buffer_finish(&taken.record);
        return result;
    }
    *ret_taken = taken;
    return 0;
}

/* No row was moved: because it was before, or because the lane is another's? */
static int judge_standstill(tlm_lanes *lanes, const tlm_flush *flush, tlm_error *error)
{
    bind_lane(lanes, lanes->look, flush->lane);
    int result = tlm_database_step(lanes->look, "read telemetra_lanes", error);
    if (result < 0)
        return result;
    if (result == 0)
        return tlm_error_set(error, -ESTALE, "lane %u of pipeline %s was never taken in this database", flush->lane,
                             lanes->pipeline);
    uint64_t epoch = (uint64_t)sqlite3_column_int64(lanes->look, 0);
    uint64_t sequence = (uint64_t)sqlite3_column_int64(lanes->look, 1);
    sqlite3_reset(lanes->look);
    if (epoch == flush->epoch && sequence == flush->sequence)
        return 0;
    return tlm_error_set(error, -ESTALE,
                         "lane %u of pipeline %s is at epoch %llu, flush %llu; refused was epoch %llu, flush %llu: "
                         "another process has taken the lane",
                         flush->lane, lanes->pipeline, (unsigned long long)epoch, (unsigned long long)sequence,
                         (unsigned long long)flush->epoch, (unsigned long long)flush->sequence);
}

int tlm_lanes_advance(tlm_lanes *lanes, const tlm_commit *commit, tlm_error *error)
{
    const tlm_flush *flush = &commit->flush;
    bind_lane(lanes, lanes->advance, flush->lane);
    sqlite3_bind_int64(lanes->advance, 3, (sqlite3_int64)flush->epoch);
    sqlite3_bind_int64(lanes->advance, 4, (sqlite3_int64)flush->sequence);
    sqlite3_bind_text64(lanes->advance, 5, commit->record.size ? commit->record.data : "", commit->record.size,
                        SQLITE_STATIC, SQLITE_UTF8);
    int result = tlm_database_step(lanes->advance, "write telemetra_lanes", error);
    int moved = sqlite3_changes(lanes->database);
    sqlite3_clear_bindings(lanes->advance);
    if (result < 0)
        return result;
    return moved == 1 ? 1 : judge_standstill(lanes, flush, error);
}

static int change(tlm_lanes *lanes, uint32_t lane, const tlm_state_change *changed, tlm_error *error)
{
    sqlite3_stmt *statement = changed->value.size ? lanes->put : lanes->remove;
    bind_lane(lanes, statement, lane);
    sqlite3_bind_text(statement, 3, changed->component, -1, SQLITE_STATIC);
    sqlite3_bind_blob64(statement, 4, changed->key.size ? changed->key.data : "", changed->key.size, SQLITE_STATIC);
    if (changed->value.size)
        sqlite3_bind_blob64(statement, 5, changed->value.data, changed->value.size, SQLITE_STATIC);
    return tlm_database_step(statement, "write telemetra_state", error);
}

int tlm_lanes_change_state(tlm_lanes *lanes, const tlm_commit *commit, tlm_error *error)
{
    int result = 0;
    for (uint32_t i = 0; i < commit->change_count && result == 0; i++)
        result = change(lanes, commit->flush.lane, &commit->changes[i], error);
    sqlite3_clear_bindings(lanes->put);
    sqlite3_clear_bindings(lanes->remove);
    return result;
}
