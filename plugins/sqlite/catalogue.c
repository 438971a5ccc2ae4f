/* SPDX-License-Identifier: Apache-2.0 */
#include "catalogue.h"

#include "database.h"

#include <stdlib.h>
#include <string.h>

static char *copy_text(sqlite3_stmt *statement, int index)
{
    const char *text = (const char *)sqlite3_column_text(statement, index);
    return text ? strdup(text) : NULL;
}

static int read_column(sqlite3_stmt *statement, tlm_table *table, tlm_error *error)
{
    if (table->column_count == TLM_DATASET_COLUMNS_MAX)
        return tlm_error_set(error, -EIO, "telemetra_columns: dataset %s has more than %d columns", table->id,
                             TLM_DATASET_COLUMNS_MAX);
    tlm_column *column = &table->columns[table->column_count++];
    column->name = copy_text(statement, 0);
    column->type = (uint32_t)sqlite3_column_int64(statement, 1);
    column->scale = (uint32_t)sqlite3_column_int64(statement, 2);
    column->flags = (uint32_t)sqlite3_column_int64(statement, 3);
    column->unit = copy_text(statement, 4);
    column->doc = copy_text(statement, 5);
    if (!column->name || !column->doc)
        return tlm_error_set(error, -ENOMEM, "out of memory");
    if (!tlm_table_is_sane(column))
        return tlm_error_set(error, -EIO, "telemetra_columns: column %s of dataset %s has an unknown type or scale",
                             column->name, table->id);
    return 0;
}

static int read_columns(sqlite3 *database, tlm_table *table, tlm_error *error)
{
    sqlite3_stmt *statement;
    int result = tlm_database_prepare(database,
                                      "SELECT name, type, scale, flags, unit, doc FROM telemetra_columns"
                                      " WHERE dataset = ?1 ORDER BY position",
                                      &statement, error);
    if (result < 0)
        return result;
    sqlite3_bind_text(statement, 1, table->id, -1, SQLITE_STATIC);
    while ((result = tlm_database_step(statement, "read telemetra_columns", error)) > 0) {
        result = read_column(statement, table, error);
        if (result < 0)
            break;
    }
    sqlite3_finalize(statement);
    return result;
}

int tlm_table_load(sqlite3 *database, const char *id, tlm_table **ret_table, tlm_error *error)
{
    sqlite3_stmt *statement;
    tlm_table *table = NULL;
    int result =
        tlm_database_prepare(database, "SELECT mode, doc FROM telemetra_datasets WHERE id = ?1", &statement, error);
    if (result < 0)
        return result;
    sqlite3_bind_text(statement, 1, id, -1, SQLITE_STATIC);
    result = tlm_database_step(statement, "read telemetra_datasets", error);
    if (result <= 0)
        goto end;
    table = calloc(1, sizeof *table);
    if (table) {
        table->id = strdup(id);
        table->mode = (uint32_t)sqlite3_column_int64(statement, 0);
        table->doc = copy_text(statement, 1);
    }
    if (!table || !table->id || !table->doc)
        result = tlm_error_set(error, -ENOMEM, "out of memory");
    else
        result = read_columns(database, table, error);
    if (result < 0) {
        tlm_table_destroy(table);
        goto end;
    }
    *ret_table = table;
    result = 1;
end:
    sqlite3_finalize(statement);
    return result;
}

/* Loads the table that `statement` names into the catalogue. */
static int add_table(sqlite3 *database, sqlite3_stmt *statement, tlm_catalogue *catalogue, tlm_error *error)
{
    const char *id = (const char *)sqlite3_column_text(statement, 0);
    if (!id)
        return tlm_error_set(error, -ENOMEM, "out of memory");
    if (catalogue->table_count == TLM_CATALOGUE_TABLES_MAX)
        return tlm_error_set(error, -EIO, "telemetra_datasets: more than %d datasets", TLM_CATALOGUE_TABLES_MAX);
    int result = tlm_table_load(database, id, &catalogue->tables[catalogue->table_count], error);
    if (result > 0)
        catalogue->table_count++;
    return result;
}

int tlm_catalogue_load(sqlite3 *database, tlm_catalogue *ret_catalogue, tlm_error *error)
{
    sqlite3_stmt *statement;
    tlm_catalogue catalogue = {.tables = calloc(TLM_CATALOGUE_TABLES_MAX, sizeof *catalogue.tables)};
    if (!catalogue.tables)
        return tlm_error_set(error, -ENOMEM, "out of memory");
    int result = tlm_database_prepare(database, "SELECT id FROM telemetra_datasets ORDER BY id", &statement, error);
    if (result < 0)
        goto fail;
    while ((result = tlm_database_step(statement, "read telemetra_datasets", error)) > 0) {
        result = add_table(database, statement, &catalogue, error);
        if (result < 0)
            break;
    }
    sqlite3_finalize(statement);
    if (result < 0)
        goto fail;
    *ret_catalogue = catalogue;
    return 0;
fail:
    tlm_catalogue_finish(&catalogue);
    return result;
}
