/* SPDX-License-Identifier: Apache-2.0 */
#include "state.h"

#include "common/buffer.h"

#include <stdbool.h>
#include <stdlib.h>

static void bind_owner(sqlite3_stmt *statement, const tlm_state_owner *owner)
{
    sqlite3_bind_text(statement, 1, owner->pipeline, -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 2, owner->lane);
    sqlite3_bind_text(statement, 3, owner->component, -1, SQLITE_STATIC);
}

static void bind_key(sqlite3_stmt *statement, int index, tlm_text key)
{
    sqlite3_bind_blob64(statement, index, key.size ? key.data : "", key.size, SQLITE_STATIC);
}

static int append_column(tlm_buffer *bytes, sqlite3_stmt *statement, int index, uint32_t *ret_size)
{
    const void *data = sqlite3_column_blob(statement, index);
    *ret_size = (uint32_t)sqlite3_column_bytes(statement, index);
    if (!data && *ret_size > 0)
        return -ENOMEM;
    return tlm_buffer_append(bytes, data, *ret_size);
}

static int fetch_value(tlm_reader *reader, const tlm_state_owner *owner, tlm_text key, tlm_buffer *value)
{
    sqlite3_stmt *statement;
    uint32_t size;
    int result = tlm_reader_prepare(
        reader, "SELECT value FROM telemetra_state WHERE pipeline = ?1 AND lane = ?2 AND component = ?3 AND key = ?4",
        &statement, NULL);
    if (result < 0)
        return result;
    bind_owner(statement, owner);
    bind_key(statement, 4, key);
    result = tlm_database_step(statement, "read telemetra_state", NULL);
    if (result > 0) {
        int appended = append_column(value, statement, 0, &size);
        result = appended < 0 ? appended : 1;
    }
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return result;
}

int tlm_state_get(tlm_readers *readers, const tlm_state_owner *owner, tlm_text key, tlm_state_found found,
                  void *context)
{
    tlm_buffer value = TLM_BUFFER_INIT;
    tlm_reader *reader = tlm_readers_acquire(readers);
    int result = fetch_value(reader, owner, key, &value);
    tlm_readers_release(readers, reader);
    if (result > 0) {
        int told = found(context, key, (tlm_text){value.data, value.size});
        result = told < 0 ? told : 1;
    }
    tlm_buffer_finish(&value);
    return result;
}

/** Keys and values fetched at once. */
typedef struct {
    tlm_buffer bytes;
    struct {
        uint32_t key_size, value_size;
    } pairs[TLM_STATE_CHUNK_KEYS];
    uint32_t count;
} chunk;

static int fetch_pairs(sqlite3_stmt *statement, chunk *fetched)
{
    int result;
    while ((result = tlm_database_step(statement, "read telemetra_state", NULL)) > 0) {
        uint32_t index = fetched->count++;
        result = append_column(&fetched->bytes, statement, 0, &fetched->pairs[index].key_size);
        if (result == 0)
            result = append_column(&fetched->bytes, statement, 1, &fetched->pairs[index].value_size);
        if (result < 0)
            break;
    }
    sqlite3_reset(statement);
    return result;
}

/* Fetches what follows `after`; NULL: from the first. */
static int fetch_chunk(tlm_reader *reader, const tlm_state_owner *owner, const tlm_text *after, chunk *fetched)
{
    sqlite3_stmt *statement;
    const char *sql =
        after ? "SELECT key, value FROM telemetra_state WHERE pipeline = ?1 AND lane = ?2 AND component = ?3"
                " AND key > ?5 ORDER BY key LIMIT ?4"
              : "SELECT key, value FROM telemetra_state WHERE pipeline = ?1 AND lane = ?2 AND component = ?3"
                " ORDER BY key LIMIT ?4";
    int result = tlm_reader_prepare(reader, sql, &statement, NULL);
    if (result < 0)
        return result;
    bind_owner(statement, owner);
    sqlite3_bind_int64(statement, 4, TLM_STATE_CHUNK_KEYS);
    if (after)
        bind_key(statement, 5, *after);
    result = fetch_pairs(statement, fetched);
    sqlite3_clear_bindings(statement);
    return result;
}

/* Tells the pairs of a chunk and leaves in `last` the key of the last one. */
static int tell_chunk(const chunk *fetched, tlm_state_found found, void *context, tlm_text *last)
{
    const char *at = fetched->bytes.data ? fetched->bytes.data : "";
    int result = 0;
    for (uint32_t i = 0; i < fetched->count && result == 0; i++) {
        tlm_text key = {at, fetched->pairs[i].key_size};
        tlm_text value = {at + key.size, fetched->pairs[i].value_size};
        at = value.data + value.size;
        *last = key;
        result = found(context, key, value);
    }
    return result;
}

int tlm_state_each(tlm_readers *readers, const tlm_state_owner *owner, tlm_state_found found, void *context)
{
    tlm_buffer after = TLM_BUFFER_INIT;
    chunk *fetched = calloc(1, sizeof *fetched);
    int result = fetched ? 0 : -ENOMEM;
    bool first = true;
    while (result == 0) {
        tlm_text last = {after.data, after.size};
        fetched->count = 0;
        tlm_buffer_clear(&fetched->bytes);
        tlm_reader *reader = tlm_readers_acquire(readers);
        result = fetch_chunk(reader, owner, first ? NULL : &last, fetched);
        tlm_readers_release(readers, reader);
        if (result == 0)
            result = tell_chunk(fetched, found, context, &last);
        if (result != 0 || fetched->count < TLM_STATE_CHUNK_KEYS)
            break;
        first = false;
        tlm_buffer_clear(&after);
        result = tlm_buffer_append(&after, last.data, last.size);
    }
    if (fetched)
        tlm_buffer_finish(&fetched->bytes);
    free(fetched);
    tlm_buffer_finish(&after);
    return result;
}

static int fetch_epoch(tlm_reader *reader, const char *pipeline, uint32_t lane, uint64_t *ret_epoch)
{
    sqlite3_stmt *statement;
    int result = tlm_reader_prepare(reader, "SELECT epoch FROM telemetra_lanes WHERE pipeline = ?1 AND lane = ?2",
                                    &statement, NULL);
    if (result < 0)
        return result;
    sqlite3_bind_text(statement, 1, pipeline, -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 2, lane);
    result = tlm_database_step(statement, "read telemetra_lanes", NULL);
    *ret_epoch = result > 0 ? (uint64_t)sqlite3_column_int64(statement, 0) : 0;
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return result < 0 ? result : 0;
}

int tlm_state_epoch(tlm_readers *readers, const char *pipeline, uint32_t lane, uint64_t *ret_epoch)
{
    tlm_reader *reader = tlm_readers_acquire(readers);
    int result = fetch_epoch(reader, pipeline, lane, ret_epoch);
    tlm_readers_release(readers, reader);
    return result;
}
