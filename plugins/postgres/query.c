/* SPDX-License-Identifier: Apache-2.0 */
#include "query.h"

#include "catalogue.h"
#include "cell.h"
#include "common/answer.h"
#include "common/utf8.h"
#include "statement.h"

#include <stdlib.h>

struct tlm_queries {
    tlm_pool *readers;
    uint32_t max_rows;
    pthread_rwlock_t lock; /* guards the catalogue, which is read anew when a name is not in it */
    tlm_catalogue catalogue;
};

/** A query on its way to SQL. */
typedef struct {
    const tlm_query *query;
    const tlm_table *table; /* only under the lock */
    tlm_buffer sql;
    tlm_buffer values; /* of the filters, as tlm_cell_write writes them */
    tlm_params params;
} plan;

int tlm_queries_create(tlm_pool *readers, uint32_t max_rows, tlm_queries **ret_queries, tlm_error *error)
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

/* A column as something to compare, JSON by its bytes; names come from the catalogue, never from the query. */
static void add_operand(tlm_buffer *sql, const tlm_column *column)
{
    tlm_statement_add_name(sql, "", column->name);
    if (column->type == TLM_COLUMN_JSON)
        tlm_statement_add(sql, "::text COLLATE \"C\"");
}

static int add_columns(plan *made, tlm_answer *answer, tlm_error *error)
{
    const tlm_query *query = made->query;
    const tlm_column *column = NULL;
    for (uint32_t i = 0; i < query->column_count; i++) {
        int result = find_column(made->table, query->columns[i], &column, error);
        if (result < 0)
            return result;
        tlm_statement_add_name(&made->sql, i ? ", " : "SELECT ", column->name);
        tlm_answer_add_column(answer, column);
    }
    tlm_statement_add_name(&made->sql, " FROM ", made->table->id);
    return 0;
}

static bool is_utf8(const char *text, size_t size)
{
    bool is_valid = true;
    for (size_t at = 0; at < size && is_valid;)
        at += tlm_utf8_next(text + at, size - at, &is_valid);
    return is_valid;
}

/*
 * No text in the database holds U+0000 or anything that is not UTF-8, nor can a parameter. So nothing equals such a
 * text, and what sorts below or above "a\0b" is what is at most "a", or beyond it.
 */
static int add_filter(plan *made, const tlm_filter *filter, const tlm_column *column, tlm_error *error)
{
    static const char *const operators[] = {"", " = ", " < ", " >= "};
    const char *operator= operators[filter->op];
    tlm_cell value = filter->value;
    bool is_text = column->type == TLM_COLUMN_TEXT || column->type == TLM_COLUMN_JSON;
    const char *nul = is_text && value.is_set && value.size ? memchr(value.as.text, 0, value.size) : NULL;
    if (nul)
        value.size = (uint32_t)(nul - value.as.text);
    bool is_storable = !is_text || !value.is_set || is_utf8(value.as.text, value.size);
    if (!is_storable && filter->op != TLM_FILTER_EQUAL)
        return tlm_error_set(error, -EINVAL, "a query's filter on %s has a text that is not UTF-8", column->name);
    if (!value.is_set || !is_storable || (nul && filter->op == TLM_FILTER_EQUAL)) {
        tlm_statement_add(&made->sql, "false");
        return 0;
    }
    if (nul)
        operator= filter->op == TLM_FILTER_BELOW ? " <= " : " > ";
    tlm_column type = *column;
    type.type = column->type == TLM_COLUMN_JSON ? TLM_COLUMN_TEXT : column->type;
    size_t begin = made->values.size;
    char *at = tlm_buffer_reserve(&made->values, tlm_cell_size_max(&type, &value));
    if (!at)
        return tlm_error_set(error, -ENOMEM, "out of memory");
    made->values.size += (size_t)(tlm_cell_write(at, &type, &value) - at);
    add_operand(&made->sql, column);
    tlm_statement_addf(&made->sql, "%s$%d", operator, made->params.count + 1);
    /* An offset until the bytes move no more. */
    tlm_params_add_encoded(&made->params, tlm_cell_type_id(&type), (const char *)begin, made->values.size - begin);
    return 0;
}

static int add_filters(plan *made, tlm_error *error)
{
    const tlm_query *query = made->query;
    const tlm_column *column = NULL;
    for (uint32_t i = 0; i < query->filter_count; i++) {
        int result = find_column(made->table, query->filters[i].column, &column, error);
        if (result < 0)
            return result;
        tlm_statement_add(&made->sql, i ? " AND " : " WHERE ");
        result = add_filter(made, &query->filters[i], column, error);
        if (result < 0)
            return result;
    }
    /* The value stands behind its length word. */
    for (int i = 0; i < made->params.count; i++) {
        made->params.values[i] = made->values.data + (uintptr_t)made->params.values[i] + 4;
        made->params.sizes[i] -= 4;
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
        tlm_statement_add(&made->sql, i ? ", " : " ORDER BY ");
        add_operand(&made->sql, column);
        /* Ascending, nulls are last by themselves; without the words a plain index serves. */
        if (query->orders[i].descending)
            tlm_statement_add(&made->sql, column->flags & TLM_COLUMN_NULLABLE ? " DESC NULLS LAST" : " DESC");
    }
    return 0;
}

static int make_sql(plan *made, tlm_answer *answer, tlm_error *error)
{
    const tlm_query *query = made->query;
    int result = add_columns(made, answer, error);
    if (result == 0)
        result = add_filters(made, error);
    if (result == 0)
        result = add_orders(made, error);
    if (result < 0)
        return result;
    tlm_statement_addf(&made->sql, " LIMIT $%d OFFSET $%d", made->params.count + 1, made->params.count + 2);
    tlm_params_add_bigint(&made->params, query->limit);
    tlm_params_add_bigint(&made->params, query->offset > INT64_MAX ? INT64_MAX : (int64_t)query->offset);
    tlm_buffer_append_char(&made->sql, '\0');
    if (made->sql.error < 0 || answer->names.error < 0)
        return tlm_error_set(error, -ENOMEM, "out of memory");
    return 0;
}

/* The plan by the catalogue as it is known; -ENOENT when a name is not in it. */
static int try_plan(tlm_queries *queries, plan *made, tlm_answer *answer, tlm_error *error)
{
    tlm_buffer_clear(&made->sql);
    tlm_buffer_clear(&made->values);
    made->params.count = 0;
    tlm_answer_clear(answer);
    pthread_rwlock_rdlock(&queries->lock);
    made->table = tlm_catalogue_find(&queries->catalogue, made->query->dataset);
    int result = made->table ? make_sql(made, answer, error)
                             : tlm_error_set(error, -ENOENT, "there is no dataset %s", made->query->dataset);
    pthread_rwlock_unlock(&queries->lock);
    return result;
}

static int read_catalogue(tlm_queries *queries, tlm_link *link, tlm_error *error)
{
    tlm_catalogue fresh, old;
    int result = tlm_catalogue_load(link, &fresh, error);
    if (result < 0 && strcmp(link->sqlstate, "42P01") == 0)
        return tlm_link_fail(link, error, -ENOENT, "the schema %s holds nothing of Telemetra's yet",
                             link->server->settings.schema);
    if (result < 0)
        return result;
    pthread_rwlock_wrlock(&queries->lock);
    old = queries->catalogue;
    queries->catalogue = fresh;
    pthread_rwlock_unlock(&queries->lock);
    tlm_catalogue_finish(&old);
    return 0;
}

/** The rows of an answer as they come. */
typedef struct {
    tlm_answer *answer;
    tlm_error *error;
} reading;

static int read_row(void *context, const PGresult *row)
{
    const reading *into = context;
    tlm_answer *answer = into->answer;
    tlm_cell *cells;
    int result = tlm_answer_add_row(answer, &cells, into->error);
    for (uint32_t i = 0; i < answer->public.column_count && result == 0; i++) {
        result = tlm_cell_read(row, (int)i, answer->listed[i], &answer->texts, &cells[i]);
        if (result == -ENOMEM)
            tlm_error_set(into->error, result, "out of memory");
        else if (result < 0)
            tlm_error_set(into->error, result, "column %s holds a value of another type",
                          tlm_answer_column_name(answer, i));
    }
    return result;
}

static int run_plan(tlm_queries *queries, tlm_link *link, plan *made, tlm_answer *answer, bool again, tlm_error *error)
{
    reading into = {answer, error};
    int result = again ? read_catalogue(queries, link, error) : 0;
    if (result == 0)
        result = try_plan(queries, made, answer, error);
    if (result == 0)
        result = tlm_link_each(link, made->sql.data, &made->params, "query", read_row, &into, error);
    return result;
}

/* Whether the catalogue that the plan was made by is an old one: undefined_table, undefined_column. */
static bool is_outdated(int result, const tlm_link *link)
{
    return result == -ENOENT ||
           (result < 0 && (strcmp(link->sqlstate, "42P01") == 0 || strcmp(link->sqlstate, "42703") == 0));
}

static int answer_with(tlm_queries *queries, tlm_link *link, plan *made, tlm_answer *answer, tlm_error *error)
{
    int result = tlm_link_open(link, error);
    if (result < 0)
        return result;
    result = run_plan(queries, link, made, answer, false, error);
    if (is_outdated(result, link))
        result = run_plan(queries, link, made, answer, true, error);
    return result;
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
    tlm_link *link = tlm_pool_acquire(queries->readers);
    result = answer_with(queries, link, &made, answer, error);
    tlm_pool_release(queries->readers, link);
    tlm_buffer_finish(&made.sql);
    tlm_buffer_finish(&made.values);
    if (result < 0) {
        tlm_answer_destroy(answer);
        return result;
    }
    *ret_result = tlm_answer_finish(answer);
    return 0;
}
