/* SPDX-License-Identifier: Apache-2.0 */
#include "query.h"

#include "catalogue.h"
#include "cell.h"
#include "common/buffer.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct tlm_queries {
    tlm_readers *readers;
    uint32_t max_rows;
    pthread_rwlock_t lock; /* guards the catalogue, which is read anew when a name is not in it */
    tlm_catalogue catalogue;
};

/** A result with what its cells and columns point to. */
typedef struct {
    tlm_result public; /* first: released by its address */
    tlm_column columns[TLM_DATASET_COLUMNS_MAX];
    const tlm_column *listed[TLM_DATASET_COLUMNS_MAX];
    tlm_buffer names; /* of the columns */
    tlm_buffer texts; /* of the cells */
    tlm_cell *cells;
} answer;

/** A query on its way to SQL. */
typedef struct {
    const tlm_query *query;
    const tlm_table *table;                       /* only under the lock */
    tlm_column filter_types[TLM_QUERY_TERMS_MAX]; /* type and scale alone: used when the lock is given back */
    tlm_buffer sql;
} plan;

int tlm_queries_create(tlm_readers *readers, uint32_t max_rows, tlm_queries **ret_queries, tlm_error *error)
{
    tlm_queries *queries = calloc(1, sizeof *queries);
    if (!queries)
        return tlm_error_set(error, -ENOMEM, "out of memory");
    queries->readers = readers;
    queries->max_rows = max_rows;
    pthread_rwlock_init(&queries->lock, NULL);
    *ret_queries = queries;
    return 0;
}

void tlm_queries_destroy(tlm_queries *queries)
{
    if (!queries)
        return;
    tlm_catalogue_finish(&queries->catalogue);
    pthread_rwlock_destroy(&queries->lock);
    free(queries);
}

static void release_answer(tlm_result *result)
{
    answer *given = (answer *)result;
    tlm_buffer_finish(&given->names);
    tlm_buffer_finish(&given->texts);
    free(given->cells);
    free(given);
}

static int check_query(const tlm_queries *queries, const tlm_query *query, tlm_error *error)
{
    if (query->limit < 1 || query->limit > queries->max_rows)
        return tlm_error_set(error, -EINVAL, "a query asks for %u rows; 1 to %u (max_query_rows) are answered",
                             query->limit, queries->max_rows);
    if (query->column_count < 1 || query->column_count > TLM_DATASET_COLUMNS_MAX)
        return tlm_error_set(error, -EINVAL, "a query asks for %u columns; 1 to %d are answered", query->column_count,
                             TLM_DATASET_COLUMNS_MAX);
    if (query->filter_count > TLM_QUERY_TERMS_MAX || query->order_count > TLM_QUERY_TERMS_MAX)
        return tlm_error_set(error, -EINVAL, "a query has %u filters and %u order terms; at most %d each are answered",
                             query->filter_count, query->order_count, TLM_QUERY_TERMS_MAX);
    for (uint32_t i = 0; i < query->filter_count; i++) {
        if (query->filters[i].op < TLM_FILTER_EQUAL || query->filters[i].op > TLM_FILTER_AT_LEAST)
            return tlm_error_set(error, -EINVAL, "a query's filter has the unknown operator %u", query->filters[i].op);
    }
    return 0;
}

static int find_column(const tlm_table *table, const char *name, const tlm_column **ret_column, tlm_error *error)
{
    const tlm_column *column = tlm_table_column(table, name);
    if (!column)
        return tlm_error_set(error, -ENOENT, "dataset %s has no column %s", table->id, name);
    *ret_column = column;
    return 0;
}

static void add(tlm_buffer *sql, const char *text)
{
    tlm_buffer_append(sql, text, strlen(text));
}

/* A column as something to compare; names come from the catalogue, never from the query. */
static void add_operand(tlm_buffer *sql, const tlm_column *column)
{
    char scale[16];
    bool decimal = column->type == TLM_COLUMN_DECIMAL;
    add(sql, decimal ? TLM_CELL_DECIMAL_KEY "(\"" : "\"");
    add(sql, column->name);
    snprintf(scale, sizeof scale, "\",%u)", column->scale);
    add(sql, decimal ? scale : "\"");
}

/* Copies a column and its strings, as the catalogue may be read anew while the answer lives. */
static void copy_column(answer *given, uint32_t index, const tlm_column *column)
{
    tlm_column *copy = &given->columns[index];
    *copy = *column;
    copy->name = (const char *)given->names.size;
    tlm_buffer_append(&given->names, column->name, strlen(column->name) + 1);
    copy->doc = (const char *)given->names.size;
    tlm_buffer_append(&given->names, column->doc, strlen(column->doc) + 1);
    if (column->unit) {
        copy->unit = (const char *)given->names.size;
        tlm_buffer_append(&given->names, column->unit, strlen(column->unit) + 1);
    }
    given->listed[index] = copy;
}

/* From offsets to pointers, once the bytes move no more. */
static void place_names(answer *given)
{
    for (uint32_t i = 0; i < given->public.column_count; i++) {
        tlm_column *column = &given->columns[i];
        column->name = given->names.data + (uintptr_t)column->name;
        column->doc = given->names.data + (uintptr_t)column->doc;
        if (column->unit)
            column->unit = given->names.data + (uintptr_t)column->unit;
    }
}

static int add_columns(plan *made, answer *given, tlm_error *error)
{
    const tlm_query *query = made->query;
    const tlm_column *column = NULL;
    for (uint32_t i = 0; i < query->column_count; i++) {
        int result = find_column(made->table, query->columns[i], &column, error);
        if (result < 0)
            return result;
        add(&made->sql, i ? ", \"" : "SELECT \"");
        add(&made->sql, column->name);
        add(&made->sql, "\"");
        copy_column(given, i, column);
    }
    given->public.column_count = query->column_count;
    add(&made->sql, " FROM \"");
    add(&made->sql, made->table->id);
    add(&made->sql, "\"");
    return 0;
}

static int add_filters(plan *made, tlm_error *error)
{
    static const char *const operators[] = {"", " = ?", " < ?", " >= ?"};
    const tlm_query *query = made->query;
    const tlm_column *column = NULL;
    for (uint32_t i = 0; i < query->filter_count; i++) {
        int result = find_column(made->table, query->filters[i].column, &column, error);
        if (result < 0)
            return result;
        add(&made->sql, i ? " AND " : " WHERE ");
        add_operand(&made->sql, column);
        add(&made->sql, operators[query->filters[i].op]);
        made->filter_types[i] = (tlm_column){.type = column->type, .scale = column->scale};
    }
    return 0;
}

static int add_orders(plan *made, tlm_error *error)
{
    const tlm_query *query = made->query;
    const tlm_column *column = NULL;
    for (uint32_t i = 0; i < query->order_count; i++) {
        int result = find_column(made->table, query->orders[i].column, &column, error);
        if (result < 0)
            return result;
        add(&made->sql, i ? ", " : " ORDER BY ");
        add_operand(&made->sql, column);
        /* SQLite puts nulls first; descending they are last by themselves, and without the words indexes serve. */
        if (query->orders[i].descending)
            add(&made->sql, " DESC");
        else if (column->flags & TLM_COLUMN_NULLABLE)
            add(&made->sql, " NULLS LAST");
    }
    return 0;
}

static int make_sql(plan *made, answer *given, tlm_error *error)
{
    int result = add_columns(made, given, error);
    if (result == 0)
        result = add_filters(made, error);
    if (result == 0)
        result = add_orders(made, error);
    if (result < 0)
        return result;
    add(&made->sql, " LIMIT ? OFFSET ?");
    tlm_buffer_append_char(&made->sql, '\0');
    if (made->sql.error < 0 || given->names.error < 0)
        return tlm_error_set(error, -ENOMEM, "out of memory");
    return 0;
}

/* The plan by the catalogue as it is known; -ENOENT when a name is not in it. */
static int try_plan(tlm_queries *queries, plan *made, answer *given, tlm_error *error)
{
    tlm_buffer_clear(&made->sql);
    tlm_buffer_clear(&given->names);
    pthread_rwlock_rdlock(&queries->lock);
    made->table = tlm_catalogue_find(&queries->catalogue, made->query->dataset);
    int result = made->table ? make_sql(made, given, error)
                             : tlm_error_set(error, -ENOENT, "there is no dataset %s", made->query->dataset);
    pthread_rwlock_unlock(&queries->lock);
    return result;
}

static int read_catalogue(tlm_queries *queries, tlm_reader *reader, tlm_error *error)
{
    tlm_catalogue fresh, old;
    int result = tlm_catalogue_load(tlm_reader_database(reader), &fresh, error);
    if (result < 0)
        return result;
    pthread_rwlock_wrlock(&queries->lock);
    old = queries->catalogue;
    queries->catalogue = fresh;
    pthread_rwlock_unlock(&queries->lock);
    tlm_catalogue_finish(&old);
    return 0;
}

static void bind_query(const plan *made, sqlite3_stmt *statement)
{
    const tlm_query *query = made->query;
    int index = 1;
    for (uint32_t i = 0; i < query->filter_count; i++)
        tlm_cell_bind_filter(statement, index++, &made->filter_types[i], &query->filters[i].value);
    sqlite3_bind_int64(statement, index++, query->limit);
    sqlite3_bind_int64(statement, index, query->offset > INT64_MAX ? INT64_MAX : (sqlite3_int64)query->offset);
}

static int read_row(answer *given, sqlite3_stmt *statement, size_t *room, tlm_error *error)
{
    tlm_result *result = &given->public;
    size_t used = (size_t)result->row_count * result->column_count;
    if (used + result->column_count > *room) {
        size_t more = *room ? *room * 2 : 16 * (size_t)result->column_count;
        tlm_cell *grown = realloc(given->cells, more * sizeof *grown);
        if (!grown)
            return tlm_error_set(error, -ENOMEM, "out of memory");
        given->cells = grown;
        *room = more;
    }
    for (uint32_t i = 0; i < result->column_count; i++) {
        int code = tlm_cell_read(statement, (int)i, given->listed[i], &given->texts, &given->cells[used + i]);
        if (code == -ENOMEM)
            return tlm_error_set(error, code, "out of memory");
        if (code < 0)
            return tlm_error_set(error, code, "column %s holds a value of another type",
                                 given->names.data + (uintptr_t)given->columns[i].name);
    }
    if (given->texts.size > TLM_QUERY_BYTES_MAX)
        return tlm_error_set(error, -E2BIG, "the answer is larger than %u bytes; ask for fewer rows",
                             TLM_QUERY_BYTES_MAX);
    result->row_count++;
    return 0;
}

static int read_rows(answer *given, sqlite3_stmt *statement, tlm_error *error)
{
    size_t room = 0;
    int result;
    while ((result = tlm_database_step(statement, "query", error)) > 0) {
        result = read_row(given, statement, &room, error);
        if (result < 0)
            break;
    }
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return result;
}

static void place_texts(answer *given)
{
    tlm_result *result = &given->public;
    for (uint32_t i = 0; i < result->column_count; i++) {
        if (!tlm_cell_is_text(given->listed[i]))
            continue;
        for (uint32_t row = 0; row < result->row_count; row++) {
            tlm_cell *cell = &given->cells[(size_t)row * result->column_count + i];
            if (cell->is_set)
                cell->as.text = cell->size ? given->texts.data + cell->as.integer : "";
        }
    }
    result->columns = given->listed;
    result->cells = given->cells;
}

static int answer_with(tlm_queries *queries, tlm_reader *reader, plan *made, answer *given, tlm_error *error)
{
    sqlite3_stmt *statement;
    int result = try_plan(queries, made, given, error);
    if (result == -ENOENT) {
        /* Another process, or a first flush, may have made it since. */
        result = read_catalogue(queries, reader, error);
        if (result == 0)
            result = try_plan(queries, made, given, error);
    }
    if (result == 0)
        result = tlm_reader_prepare(reader, made->sql.data, &statement, error);
    if (result < 0)
        return result;
    bind_query(made, statement);
    return read_rows(given, statement, error);
}

int tlm_queries_run(tlm_queries *queries, const tlm_query *query, tlm_result **ret_result, tlm_error *error)
{
    plan made = {.query = query};
    int result = check_query(queries, query, error);
    if (result < 0)
        return result;
    answer *given = calloc(1, sizeof *given);
    if (!given)
        return tlm_error_set(error, -ENOMEM, "out of memory");
    given->public.release = release_answer;
    tlm_reader *reader = tlm_readers_acquire(queries->readers);
    result = answer_with(queries, reader, &made, given, error);
    tlm_readers_release(queries->readers, reader);
    tlm_buffer_finish(&made.sql);
    if (result < 0) {
        release_answer(&given->public);
        return result;
    }
    place_names(given);
    place_texts(given);
    *ret_result = &given->public;
    return 0;
}
