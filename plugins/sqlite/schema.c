/* SPDX-License-Identifier: Apache-2.0 */
#include "schema.h"

#include "catalogue.h"
#include "database.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/** Room for one statement: 64 columns of 63 bytes each several times over. */
enum { SQL_SIZE = 16384 };

typedef struct {
    char text[SQL_SIZE];
    size_t size;
} sql;

TLM_PRINTF(2, 3) static void add(sql *statement, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(statement->text + statement->size, SQL_SIZE - statement->size, format, arguments);
    va_end(arguments);
    /* Names are checked before and bounded, so it always fits; a cut statement would be refused as bad SQL. */
    if (size > 0)
        statement->size += (size_t)size < SQL_SIZE - statement->size ? (size_t)size : 0;
}

static const char *sql_type(const tlm_column *column)
{
    switch (column->type) {
    case TLM_COLUMN_TEXT:
    case TLM_COLUMN_JSON:
        return " TEXT";
    case TLM_COLUMN_BYTES:
        return " BLOB";
    case TLM_COLUMN_DECIMAL:
        return ""; /* no affinity: each value keeps the form that is exact */
    default:
        return " INTEGER";
    }
}

static int check_dataset(const tlm_dataset *dataset, tlm_error *error)
{
    if (strncmp(dataset->id, "sqlite_", 7) == 0)
        return tlm_error_set(error, -EINVAL, "dataset \"%s\": a table cannot have this name", dataset->id);
    return tlm_dataset_check(dataset, error);
}

/*
 * The key columns in the order of the primary key. Where rows only grow, times come first: new rows then go to the end
 * of that index instead of one page a stream (twice the rows a second with 20,000 streams).
 */
static uint32_t order_key(const tlm_dataset *dataset, const tlm_column *key[static TLM_DATASET_COLUMNS_MAX])
{
    uint32_t count = 0;
    for (int times = 1; times >= 0; times--) {
        for (uint32_t i = 0; i < dataset->column_count; i++) {
            const tlm_column *column = &dataset->columns[i];
            int is_first = dataset->mode == TLM_DATASET_APPEND && column->type == TLM_COLUMN_TIME;
            if ((column->flags & TLM_COLUMN_KEY) && is_first == times)
                key[count++] = column;
        }
    }
    return count;
}

static int create_table(sqlite3 *database, const tlm_dataset *dataset, tlm_error *error)
{
    sql statement = {.size = 0};
    const tlm_column *key[TLM_DATASET_COLUMNS_MAX];
    uint32_t key_count = order_key(dataset, key);
    add(&statement, "CREATE TABLE \"%s\" (", dataset->id);
    for (uint32_t i = 0; i < dataset->column_count; i++) {
        const tlm_column *column = &dataset->columns[i];
        add(&statement, "%s\"%s\"%s%s", i ? ", " : "", column->name, sql_type(column),
            column->flags & TLM_COLUMN_NULLABLE ? "" : " NOT NULL");
    }
    for (uint32_t i = 0; i < key_count; i++)
        add(&statement, "%s\"%s\"", i ? ", " : ", PRIMARY KEY (", key[i]->name);
    add(&statement, "%s)", key_count ? ")" : "");
    if (sqlite3_table_column_metadata(database, "main", dataset->id, NULL, NULL, NULL, NULL, NULL, NULL) == SQLITE_OK)
        return tlm_error_set(error, -EINVAL,
                             "table %s: it is in the database already, but not made by Telemetra; rename it or name "
                             "another path",
                             dataset->id);
    return tlm_database_run(database, statement.text, "make a table", error);
}

/* Whether the primary key begins with these columns, `second` being optional. */
static bool key_begins(const tlm_dataset *dataset, const tlm_column *first, const tlm_column *second)
{
    const tlm_column *key[TLM_DATASET_COLUMNS_MAX];
    uint32_t count = order_key(dataset, key);
    return count > 0 && key[0] == first && (!second || (count > 1 && key[1] == second));
}

static int create_index(sqlite3 *database, const tlm_dataset *dataset, const tlm_column *first,
                        const tlm_column *second, tlm_error *error)
{
    sql statement = {.size = 0};
    if (key_begins(dataset, first, second))
        return 0;
    if (second)
        add(&statement, "CREATE INDEX IF NOT EXISTS \"%s_by_%s_%s\" ON \"%s\" (\"%s\", \"%s\" DESC)", dataset->id,
            first->name, second->name, dataset->id, first->name, second->name);
    else
        add(&statement, "CREATE INDEX IF NOT EXISTS \"%s_by_%s\" ON \"%s\" (\"%s\")", dataset->id, first->name,
            dataset->id, first->name);
    return tlm_database_run(database, statement.text, "make an index", error);
}

/* What is asked for by stream, newest first; and, for retention and overviews, by time alone. */
static int create_indexes(sqlite3 *database, const tlm_dataset *dataset, tlm_error *error)
{
    const tlm_column *stream = tlm_dataset_flagged(dataset, TLM_COLUMN_STREAM);
    const tlm_column *timeline = tlm_dataset_flagged(dataset, TLM_COLUMN_TIMELINE);
    const tlm_column *key[TLM_DATASET_COLUMNS_MAX];
    bool one_a_stream = stream && order_key(dataset, key) == 1 && key[0] == stream;
    int result = 0;
    if (stream && !one_a_stream)
        result = create_index(database, dataset, stream, timeline, error);
    if (result == 0 && timeline && dataset->mode == TLM_DATASET_APPEND)
        result = create_index(database, dataset, timeline, NULL, error);
    return result;
}

static int add_column(sqlite3 *database, const tlm_dataset *dataset, const tlm_column *column, tlm_error *error)
{
    sql statement = {.size = 0};
    if ((column->flags & (TLM_COLUMN_KEY | TLM_COLUMN_NULLABLE)) != TLM_COLUMN_NULLABLE)
        return tlm_error_set(error, -EINVAL,
                             "table %s: expected column %s, found none; only nullable columns can be added to a table, "
                             "name another path",
                             dataset->id, column->name);
    add(&statement, "ALTER TABLE \"%s\" ADD COLUMN \"%s\"%s", dataset->id, column->name, sql_type(column));
    return tlm_database_run(database, statement.text, "add a column", error);
}

static int adapt_table(sqlite3 *database, const tlm_dataset *dataset, const tlm_table *table, tlm_error *error)
{
    int result = 0;
    if (table->mode != dataset->mode)
        return tlm_error_set(error, -EINVAL, "table %s: expected mode %u, found %u; name another path", dataset->id,
                             dataset->mode, table->mode);
    if (table->column_count > dataset->column_count)
        return tlm_error_set(error, -EINVAL, "table %s: expected %u columns, found column %s too; name another path",
                             dataset->id, dataset->column_count, table->columns[dataset->column_count].name);
    for (uint32_t i = 0; i < dataset->column_count && result == 0; i++) {
        if (i < table->column_count)
            result =
                tlm_dataset_check_column(dataset, &dataset->columns[i], &table->columns[i], "name another path", error);
        else
            result = add_column(database, dataset, &dataset->columns[i], error);
    }
    return result;
}

static void bind_column(sqlite3_stmt *statement, const tlm_dataset *dataset, uint32_t index)
{
    const tlm_column *column = &dataset->columns[index];
    sqlite3_bind_text(statement, 1, dataset->id, -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 2, index);
    sqlite3_bind_text(statement, 3, column->name, -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 4, column->type);
    sqlite3_bind_int64(statement, 5, column->scale);
    sqlite3_bind_int64(statement, 6, column->flags);
    sqlite3_bind_text(statement, 7, column->unit, -1, SQLITE_STATIC);
    sqlite3_bind_text(statement, 8, column->doc ? column->doc : "", -1, SQLITE_STATIC);
}

static int record_columns(sqlite3 *database, const tlm_dataset *dataset, tlm_error *error)
{
    sqlite3_stmt *statement;
    int result = tlm_database_prepare(database, "REPLACE INTO telemetra_columns VALUES (?1,?2,?3,?4,?5,?6,?7,?8)",
                                      &statement, error);
    if (result < 0)
        return result;
    for (uint32_t i = 0; i < dataset->column_count && result == 0; i++) {
        bind_column(statement, dataset, i);
        result = tlm_database_step(statement, "write telemetra_columns", error);
    }
    sqlite3_finalize(statement);
    return result;
}

static int record_dataset(sqlite3 *database, const tlm_dataset *dataset, tlm_error *error)
{
    sqlite3_stmt *statement;
    int result = tlm_database_prepare(database, "REPLACE INTO telemetra_datasets VALUES (?1,?2,?3)", &statement, error);
    if (result < 0)
        return result;
    sqlite3_bind_text(statement, 1, dataset->id, -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 2, dataset->mode);
    sqlite3_bind_text(statement, 3, dataset->doc ? dataset->doc : "", -1, SQLITE_STATIC);
    result = tlm_database_step(statement, "write telemetra_datasets", error);
    sqlite3_finalize(statement);
    return result < 0 ? result : record_columns(database, dataset, error);
}

static int ensure(sqlite3 *database, const tlm_dataset *dataset, tlm_error *error)
{
    tlm_table *table = NULL;
    int result = tlm_table_load(database, dataset->id, &table, error);
    if (result > 0)
        result = adapt_table(database, dataset, table, error);
    else if (result == 0)
        result = create_table(database, dataset, error);
    tlm_table_destroy(table);
    if (result == 0)
        result = create_indexes(database, dataset, error);
    if (result == 0)
        result = record_dataset(database, dataset, error);
    return result;
}

int tlm_schema_ensure(sqlite3 *database, const tlm_dataset *dataset, tlm_error *error)
{
    int result = check_dataset(dataset, error);
    if (result == 0)
        result = tlm_database_begin(database, error);
    if (result < 0)
        return result;
    result = ensure(database, dataset, error);
    if (result < 0) {
        tlm_database_rollback(database);
        return result;
    }
    return tlm_database_commit(database, error);
}
