/* SPDX-License-Identifier: Apache-2.0 */
#include "schema.h"

#include "cell.h"
#include "sql_files.h"
#include "statement.h"

#define REMEDY "set the option schema to another name"

static int run(tlm_link *link, tlm_buffer *sql, const char *what, tlm_error *error)
{
    tlm_buffer_append_char(sql, '\0');
    int result =
        sql->error < 0 ? tlm_error_set(error, -ENOMEM, "out of memory") : tlm_link_run(link, sql->data, what, error);
    tlm_buffer_finish(sql);
    return result;
}

static int check_dataset(const tlm_dataset *dataset, tlm_error *error)
{
    int result = tlm_dataset_check(dataset, error);
    if (result < 0)
        return result;
    if (strlen(dataset->id) > TLM_SCHEMA_DATASET_MAX || strncmp(dataset->id, "pg_", 3) == 0)
        return tlm_error_set(error, -EINVAL, "dataset \"%s\": a table cannot have this name", dataset->id);
    return 0;
}

/* --- a new table ------------------------------------------------------------------------------------------------- */

/* The key columns in the order of the primary key: the stream first, as most questions are about one. */
static uint32_t order_key(const tlm_dataset *dataset, const tlm_column *key[static TLM_DATASET_COLUMNS_MAX])
{
    uint32_t count = 0;
    for (int streams = 1; streams >= 0; streams--) {
        for (uint32_t i = 0; i < dataset->column_count; i++) {
            const tlm_column *column = &dataset->columns[i];
            bool is_stream = (column->flags & TLM_COLUMN_STREAM) != 0;
            if ((column->flags & TLM_COLUMN_KEY) && is_stream == (streams == 1))
                key[count++] = column;
        }
    }
    return count;
}

static int refuse_foreign(tlm_link *link, const tlm_dataset *dataset, tlm_error *error)
{
    tlm_params params = {0};
    PGresult *rows = NULL;
    tlm_params_add_text(&params, tlm_text_of(dataset->id));
    int result = tlm_link_ask(link, "SELECT to_regclass(quote_ident($1)) IS NOT NULL", &params, "look for a table",
                              &rows, error);
    bool is_there = result == 0 && PQgetvalue(rows, 0, 0)[0] != 0;
    PQclear(rows);
    if (is_there)
        return tlm_link_fail(
            link, error, -EINVAL,
            "table %s: it is in the schema %s already, but not made by Telemetra; rename it or " REMEDY, dataset->id,
            link->server->settings.schema);
    return result;
}

static void add_column_definition(tlm_buffer *sql, const char *before, const tlm_column *column)
{
    char type[32];
    tlm_cell_sql_type(column, type, sizeof type);
    tlm_statement_add_name(sql, before, column->name);
    tlm_statement_addf(sql, " %s%s", type, column->flags & TLM_COLUMN_NULLABLE ? "" : " NOT NULL");
}

static int create_table(tlm_link *link, const tlm_dataset *dataset, tlm_error *error)
{
    tlm_buffer sql = TLM_BUFFER_INIT;
    const tlm_column *key[TLM_DATASET_COLUMNS_MAX];
    uint32_t key_count = order_key(dataset, key);
    int result = refuse_foreign(link, dataset, error);
    if (result < 0)
        return result;
    tlm_statement_add_name(&sql, "CREATE TABLE ", dataset->id);
    for (uint32_t i = 0; i < dataset->column_count; i++)
        add_column_definition(&sql, i ? ", " : " (", &dataset->columns[i]);
    for (uint32_t i = 0; i < key_count; i++)
        tlm_statement_add_name(&sql, i ? ", " : ", PRIMARY KEY (", key[i]->name);
    tlm_statement_add(&sql, key_count ? "))" : ")");
    /* Rows that are replaced find room in their page. */
    tlm_statement_add(&sql, dataset->mode == TLM_DATASET_LATEST ? " WITH (fillfactor = 80)" : "");
    return run(link, &sql, "make a table", error);
}

static int create_index(tlm_link *link, const tlm_dataset *dataset, const char *suffix, const tlm_column *first,
                        const tlm_column *second, tlm_error *error)
{
    tlm_buffer sql = TLM_BUFFER_INIT;
    char name[TLM_TABLE_NAME_MAX + 1];
    (void)snprintf(name, sizeof name, "%s_%s", dataset->id, suffix);
    tlm_statement_add_name(&sql, "CREATE INDEX IF NOT EXISTS ", name);
    tlm_statement_add_name(&sql, " ON ", dataset->id);
    tlm_statement_add_name(&sql, " (", first->name);
    if (second)
        tlm_statement_add_name(&sql, ", ", second->name);
    tlm_statement_add(&sql, ")");
    return run(link, &sql, "make an index", error);
}

/*
 * What is asked for by stream, newest first (a B-tree is read from either end); and by time alone, for retention and
 * overviews: there many rows share a value, which PostgreSQL stores once (deduplication), so that it stays small.
 */
static int create_indexes(tlm_link *link, const tlm_dataset *dataset, tlm_error *error)
{
    const tlm_column *stream = tlm_dataset_flagged(dataset, TLM_COLUMN_STREAM);
    const tlm_column *timeline = tlm_dataset_flagged(dataset, TLM_COLUMN_TIMELINE);
    const tlm_column *key[TLM_DATASET_COLUMNS_MAX];
    uint32_t key_count = order_key(dataset, key);
    bool is_first = key_count > 0 && key[0] == stream;
    bool is_key = is_first && (!timeline || (key_count > 1 && key[1] == timeline));
    int result = 0;
    if (stream && !is_key)
        result = create_index(link, dataset, "by_stream", stream, timeline, error);
    if (result == 0 && timeline && !(key_count > 0 && key[0] == timeline))
        result = create_index(link, dataset, "by_time", timeline, NULL, error);
    return result;
}

/* For people and their tools: the dataset with timestamps, to the microsecond. */
static int create_view(tlm_link *link, const tlm_dataset *dataset, tlm_error *error)
{
    tlm_buffer sql = TLM_BUFFER_INIT;
    tlm_statement_add(&sql, "CREATE OR REPLACE VIEW \"");
    tlm_statement_add(&sql, dataset->id);
    tlm_statement_add(&sql, "_readable\" AS");
    for (uint32_t i = 0; i < dataset->column_count; i++) {
        const tlm_column *column = &dataset->columns[i];
        bool is_time = column->type == TLM_COLUMN_TIME;
        tlm_statement_add(&sql, i ? ", " : " SELECT ");
        tlm_statement_add_name(&sql, is_time ? "timestamptz 'epoch' + (" : "", column->name);
        if (is_time)
            tlm_statement_add_name(&sql, " / 1000) * interval '1 microsecond' AS ", column->name);
    }
    tlm_statement_add_name(&sql, " FROM ", dataset->id);
    return run(link, &sql, "make a view", error);
}

/* --- a table that is there --------------------------------------------------------------------------------------- */

/* Whether everything behind the columns of `dataset` may be left out. */
static const tlm_column *find_needed(const tlm_table *table, const tlm_dataset *dataset)
{
    for (uint32_t i = dataset->column_count; i < table->column_count; i++) {
        if (!(table->columns[i].flags & TLM_COLUMN_NULLABLE))
            return &table->columns[i];
    }
    return NULL;
}

static int add_column(tlm_link *link, const tlm_dataset *dataset, const tlm_column *column, tlm_error *error)
{
    tlm_buffer sql = TLM_BUFFER_INIT;
    if ((column->flags & (TLM_COLUMN_KEY | TLM_COLUMN_NULLABLE)) != TLM_COLUMN_NULLABLE)
        return tlm_link_fail(link, error, -EINVAL,
                             "table %s: expected column %s, found none; only nullable columns can be added to a "
                             "table, " REMEDY,
                             dataset->id, column->name);
    tlm_statement_add_name(&sql, "ALTER TABLE ", dataset->id);
    add_column_definition(&sql, " ADD COLUMN ", column);
    return run(link, &sql, "add a column", error);
}

static int adapt_table(tlm_link *link, const tlm_dataset *dataset, const tlm_table *table, tlm_error *error)
{
    int result = 0;
    if (table->mode != dataset->mode)
        return tlm_link_fail(link, error, -EINVAL, "table %s: expected mode %u, found %u; " REMEDY, dataset->id,
                             dataset->mode, table->mode);
    const tlm_column *needed = find_needed(table, dataset);
    if (needed)
        return tlm_link_fail(link, error, -EINVAL, "table %s: expected %u columns, found column %s too; " REMEDY,
                             dataset->id, dataset->column_count, needed->name);
    for (uint32_t i = 0; i < dataset->column_count && result == 0; i++) {
        if (i < table->column_count)
            result = tlm_dataset_check_column(dataset, &dataset->columns[i], &table->columns[i], REMEDY, error);
        else
            result = add_column(link, dataset, &dataset->columns[i], error);
    }
    return result;
}

/* --- the catalogue ----------------------------------------------------------------------------------------------- */

static int record_column(tlm_link *link, const tlm_dataset *dataset, uint32_t index, tlm_error *error)
{
    static const char sql[] = "INSERT INTO telemetra_columns VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
                              " ON CONFLICT (dataset, position) DO UPDATE SET flags = excluded.flags,"
                              " unit = excluded.unit, doc = excluded.doc";
    const tlm_column *column = &dataset->columns[index];
    tlm_params params = {0};
    tlm_params_add_text(&params, tlm_text_of(dataset->id));
    tlm_params_add_integer(&params, (int32_t)index);
    tlm_params_add_text(&params, tlm_text_of(column->name));
    tlm_params_add_integer(&params, (int32_t)column->type);
    tlm_params_add_integer(&params, (int32_t)column->scale);
    tlm_params_add_integer(&params, (int32_t)column->flags);
    tlm_params_add_encoded(&params, TLM_TYPE_TEXT, column->unit, column->unit ? strlen(column->unit) : 0);
    tlm_params_add_text(&params, tlm_text_of(column->doc ? column->doc : ""));
    int result = tlm_link_change(link, sql, &params, "write telemetra_columns", error);
    return result < 0 ? result : 0;
}

static int record_dataset(tlm_link *link, const tlm_dataset *dataset, tlm_error *error)
{
    static const char sql[] = "INSERT INTO telemetra_datasets VALUES ($1, $2, $3)"
                              " ON CONFLICT (id) DO UPDATE SET doc = excluded.doc";
    tlm_params params = {0};
    tlm_params_add_text(&params, tlm_text_of(dataset->id));
    tlm_params_add_integer(&params, (int32_t)dataset->mode);
    tlm_params_add_text(&params, tlm_text_of(dataset->doc ? dataset->doc : ""));
    int result = tlm_link_change(link, sql, &params, "write telemetra_datasets", error);
    for (uint32_t i = 0; i < dataset->column_count && result >= 0; i++)
        result = record_column(link, dataset, i, error);
    return result < 0 ? result : 0;
}

static int run_file(tlm_link *link, const tlm_dataset *dataset, tlm_error *error)
{
    size_t size = strlen(dataset->id);
    for (const tlm_sql_file *file = tlm_sql_datasets; file->name; file++) {
        if (strncmp(file->name, dataset->id, size) == 0 && strcmp(file->name + size, ".sql") == 0)
            return tlm_link_run(link, file->text, file->name, error);
    }
    return 0;
}

bool tlm_schema_is_current(const tlm_catalogue *catalogue, const tlm_dataset *dataset)
{
    const tlm_table *table = tlm_catalogue_find(catalogue, dataset->id);
    if (!table || table->mode != dataset->mode || table->column_count < dataset->column_count ||
        find_needed(table, dataset))
        return false;
    for (uint32_t i = 0; i < dataset->column_count; i++) {
        if (tlm_dataset_check_column(dataset, &dataset->columns[i], &table->columns[i], "", NULL) < 0)
            return false;
    }
    return true;
}

int tlm_schema_ensure(tlm_link *link, const tlm_catalogue *catalogue, const tlm_dataset *dataset, tlm_error *error)
{
    int result = check_dataset(dataset, error);
    if (result < 0)
        return result;
    const tlm_table *table = tlm_catalogue_find(catalogue, dataset->id);
    result = table ? adapt_table(link, dataset, table, error) : create_table(link, dataset, error);
    if (result == 0)
        result = create_indexes(link, dataset, error);
    if (result == 0 && (!table || table->column_count <= dataset->column_count))
        result = create_view(link, dataset, error);
    if (result == 0)
        result = record_dataset(link, dataset, error);
    if (result == 0)
        result = run_file(link, dataset, error);
    return result;
}
