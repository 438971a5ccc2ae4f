/* SPDX-License-Identifier: Apache-2.0 */
#include "query.h"

#include "catalogue.h"
#include "cell.h"
#include "common/answer.h"

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

static int add_columns(plan *made, tlm_answer *answer, tlm_error *error)
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
        tlm_answer_add_column(answer, column);
    }
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

static int make_sql(plan *made, tlm_answer *answer, tlm_error *error)
{
    int result = add_columns(made, answer, error);
    if (result == 0)
        result = add_filters(made, error);
    if (result == 0)
        result = add_orders(made, error);
    if (result < 0)
        return result;
    add(&made->sql, " LIMIT ? OFFSET ?");
    tlm_buffer_append_char(&made->sql, '\0');
    if (made->sql.error < 0 || answer->names.error < 0)
        return tlm_error_set(error, -ENOMEM, "out of memory");
    return 0;
}

/* The plan by the catalogue as it is known; -ENOENT when a name is not in it. */
static int try_plan(tlm_queries *queries, plan *made, tlm_answer *answer, tlm_error *error)
{
    tlm_buffer_clear(&made->sql);
    tlm_answer_clear(answer);
    pthread_rwlock_rdlock(&queries->lock);
    made->table = tlm_catalogue_find(&queries->catalogue, made->query->dataset);
    int result = made->table ? make_sql(made, answer, error)
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

static int read_row(tlm_answer *answer, sqlite3_stmt *statement, tlm_error *error)
{
    tlm_cell *cells;
    int result = tlm_answer_add_row(answer, &cells, error);
    for (uint32_t i = 0; i < answer->public.column_count && result == 0; i++) {
        result = tlm_cell_read(statement, (int)i, answer->listed[i], &answer->texts, &cells[i]);
        if (result == -ENOMEM)
            tlm_error_set(error, result, "out of memory");
        else if (result < 0)
            tlm_error_set(error, result, "column %s holds a value of another type", tlm_answer_column_name(answer, i));
    }
    return result;
}

static int read_rows(tlm_answer *answer, sqlite3_stmt *statement, tlm_error *error)
{
    int result;
    while ((result = tlm_database_step(statement, "query", error)) > 0) {
        result = read_row(answer, statement, error);
        if (result < 0)
            break;
    }
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return result;
}

static int answer_with(tlm_queries *queries, tlm_reader *reader, plan *made, tlm_answer *answer, tlm_error *error)
{
    sqlite3_stmt *statement;
    int result = try_plan(queries, made, answer, error);
    if (result == -ENOENT) {
        /* Another process, or a first flush, may have made it since. */
        result = read_catalogue(queries, reader, error);
        if (result == 0)
            result = try_plan(queries, made, answer, error);
    }
    if (result == 0)
        result = tlm_reader_prepare(reader, made->sql.data, &statement, error);
    if (result < 0)
        return result;
    bind_query(made, statement);
    return read_rows(answer, statement, error);
}

int tlm_queries_run(tlm_queries *queries, const tlm_query *query, tlm_result **ret_result, tlm_error *error)
{
    plan made = {.query = query};
    int result = tlm_answer_check_query(query, queries->max_rows, error);
    if (result < 0)
        return result;
    tlm_answer *answer = tlm_answer_create();
    if (!answer)
        return tlm_error_set(error, -ENOMEM, "out of memory");
    tlm_reader *reader = tlm_readers_acquire(queries->readers);
    result = answer_with(queries, reader, &made, answer, error);
    tlm_readers_release(queries->readers, reader);
    tlm_buffer_finish(&made.sql);
    if (result < 0) {
        tlm_answer_destroy(answer);
        return result;
    }
    *ret_result = tlm_answer_finish(answer);
    return 0;
}
