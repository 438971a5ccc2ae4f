/* SPDX-License-Identifier: Apache-2.0 */
#include "targets.h"

#include "cell.h"
#include "common/buffer.h"
#include "database.h"
#include "schema.h"

#include <stdlib.h>
#include <string.h>

static tlm_target *find(tlm_targets *targets, const tlm_dataset *dataset)
{
    for (uint32_t i = 0; i < targets->count; i++) {
        if (targets->items[i].dataset == dataset)
            return &targets->items[i];
    }
    return NULL;
}

static void add(tlm_buffer *sql, const char *text)
{
    tlm_buffer_append(sql, text, strlen(text));
}

static void add_name(tlm_buffer *sql, const char *before, const char *name)
{
    add(sql, before);
    add(sql, "\"");
    add(sql, name);
    add(sql, "\"");
}

/* ON CONFLICT (key) DO UPDATE SET every other column; DO NOTHING when the key is all there is. */
static void add_upsert(tlm_buffer *sql, const tlm_dataset *dataset)
{
    const char *before = " ON CONFLICT (";
    for (uint32_t i = 0; i < dataset->column_count; i++) {
        if (dataset->columns[i].flags & TLM_COLUMN_KEY) {
            add_name(sql, before, dataset->columns[i].name);
            before = ", ";
        }
    }
    before = ") DO UPDATE SET ";
    for (uint32_t i = 0; i < dataset->column_count; i++) {
        if (!(dataset->columns[i].flags & TLM_COLUMN_KEY)) {
            add_name(sql, before, dataset->columns[i].name);
            add_name(sql, " = excluded.", dataset->columns[i].name);
            before = ", ";
        }
    }
    if (before[0] == ')')
        add(sql, ") DO NOTHING");
}

static int prepare_insert(sqlite3 *database, const tlm_dataset *dataset, bool upsert, sqlite3_stmt **ret_statement,
                          tlm_error *error)
{
    tlm_buffer sql = TLM_BUFFER_INIT;
    add_name(&sql, "INSERT INTO ", dataset->id);
    for (uint32_t i = 0; i < dataset->column_count; i++)
        add_name(&sql, i ? ", " : " (", dataset->columns[i].name);
    for (uint32_t i = 0; i < dataset->column_count; i++)
        add(&sql, i ? ",?" : ") VALUES (?");
    add(&sql, ")");
    if (upsert && tlm_dataset_flagged(dataset, TLM_COLUMN_KEY))
        add_upsert(&sql, dataset);
    tlm_buffer_append_char(&sql, '\0');
    int result = sql.error < 0 ? tlm_error_set(error, sql.error, "out of memory")
                               : tlm_database_prepare(database, sql.data, ret_statement, error);
    tlm_buffer_finish(&sql);
    return result;
}

int tlm_targets_prepare(tlm_targets *targets, const tlm_dataset *dataset, tlm_error *error)
{
    tlm_target target = {.dataset = dataset};
    if (find(targets, dataset))
        return 0;
    if (targets->count == TLM_CATALOGUE_TABLES_MAX)
        return tlm_error_set(error, -EBADMSG, "dataset %s: more than %d datasets", dataset->id,
                             TLM_CATALOGUE_TABLES_MAX);
    int result = tlm_schema_ensure(targets->database, dataset, error);
    if (result == 0)
        result = prepare_insert(targets->database, dataset, dataset->mode == TLM_DATASET_LATEST, &target.insert, error);
    if (result == 0)
        result = prepare_insert(targets->database, dataset, true, &target.replace, error);
    if (result < 0) {
        sqlite3_finalize(target.insert);
        return result;
    }
    targets->items[targets->count++] = target;
    return 0;
}

void tlm_targets_finish(tlm_targets *targets)
{
    for (uint32_t i = 0; i < targets->count; i++) {
        sqlite3_finalize(targets->items[i].insert);
        sqlite3_finalize(targets->items[i].replace);
    }
    targets->count = 0;
}

static int refuse_row(sqlite3 *database, const tlm_dataset *dataset, const tlm_cell *cells, tlm_error *error)
{
    char key[512];
    int code = sqlite3_extended_errcode(database);
    if (tlm_database_result(code) != -EBADMSG)
        return tlm_database_fail(database, "insert", error);
    tlm_dataset_describe_key(dataset, cells, key, sizeof key);
    if (code == SQLITE_CONSTRAINT_PRIMARYKEY || code == SQLITE_CONSTRAINT_UNIQUE)
        return tlm_error_set(error, -EBADMSG, "table %s has a row with the key (%s) already", dataset->id, key);
    return tlm_error_set(error, -EBADMSG, "table %s refuses the row with the key (%s): %s", dataset->id, key,
                         sqlite3_errmsg(database));
}

static int write_row(sqlite3_stmt *statement, const tlm_dataset *dataset, const tlm_cell *cells, tlm_error *error)
{
    int code = SQLITE_OK;
    for (uint32_t i = 0; i < dataset->column_count && code == SQLITE_OK; i++)
        code = tlm_cell_bind(statement, (int)i + 1, &dataset->columns[i], &cells[i]);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    int result = code == SQLITE_DONE ? 0 : refuse_row(sqlite3_db_handle(statement), dataset, cells, error);
    sqlite3_reset(statement);
    return result;
}

int tlm_targets_write(tlm_targets *targets, const tlm_rows *rows, bool again, tlm_error *error)
{
    const tlm_target *target = find(targets, rows->dataset);
    sqlite3_stmt *statement = again ? target->replace : target->insert;
    int result = 0;
    for (uint32_t i = 0; i < rows->row_count && result == 0; i++)
        result = write_row(statement, rows->dataset, tlm_rows_at(rows, i), error);
    sqlite3_clear_bindings(statement); /* they point into rows that are only borrowed */
    return result;
}
