/* SPDX-License-Identifier: Apache-2.0 */
#include "question.h"

#include "common/rows_wire.h"

#include <stdlib.h>

/* --- which queries ----------------------------------------------------------------------------------------------- */

static bool find_columns(tlm_redis_question *question, const tlm_query *query, const tlm_dataset *dataset)
{
    if (query->column_count > TLM_DATASET_COLUMNS_MAX || query->order_count > TLM_REDIS_ORDERS_MAX)
        return false;
    for (uint32_t i = 0; i < query->column_count; i++) {
        question->columns[i] = tlm_redis_column_find(dataset, query->columns[i]);
        if (question->columns[i] == TLM_REDIS_NO_COLUMN)
            return false;
    }
    for (uint32_t i = 0; i < query->order_count; i++) {
        question->orders[i] = tlm_redis_column_find(dataset, query->orders[i].column);
        if (question->orders[i] == TLM_REDIS_NO_COLUMN)
            return false;
    }
    return true;
}

/* The stream by its id, and of recent rows perhaps a time from which on they are wanted. */
static bool read_filters(tlm_redis_question *question, const tlm_query *query, const tlm_dataset *dataset)
{
    bool has_stream = false;
    question->since_ns = INT64_MIN;
    for (uint32_t i = 0; i < query->filter_count; i++) {
        const tlm_filter *filter = &query->filters[i];
        uint32_t column = tlm_redis_column_find(dataset, filter->column);
        if (!filter->value.is_set)
            return false;
        if (column == question->layout.stream && filter->op == TLM_FILTER_EQUAL && !has_stream) {
            has_stream = true;
            question->stream = (tlm_text){filter->value.as.text, filter->value.size};
        } else if (column == question->layout.timeline && filter->op == TLM_FILTER_AT_LEAST &&
                   question->layout.keeps == TLM_REDIS_KEEPS_RECENT) {
            if (filter->value.as.integer > question->since_ns)
                question->since_ns = filter->value.as.integer;
        } else {
            return false;
        }
    }
    return has_stream && question->stream.size > 0;
}

static bool is_newest_first(const tlm_redis_question *question, const tlm_query *query)
{
    return query->order_count > 0 && question->orders[0] == question->layout.timeline && query->orders[0].descending;
}

bool tlm_redis_question_init(tlm_redis_question *question, const tlm_query *query, const tlm_dataset *dataset)
{
    *question = (tlm_redis_question){.query = query, .layout = tlm_redis_layout_of(dataset)};
    if (query->offset != 0 || query->limit == 0 || !find_columns(question, query, dataset) ||
        !read_filters(question, query, dataset))
        return false;
    switch (question->layout.keeps) {
    case TLM_REDIS_KEEPS_NEWEST:
        return query->limit == 1 && is_newest_first(question, query);
    case TLM_REDIS_KEEPS_STATUS:
        return true;
    case TLM_REDIS_KEEPS_RECENT:
        return is_newest_first(question, query);
    default:
        return false;
    }
}

/* --- the answer -------------------------------------------------------------------------------------------------- */

static int compare_numbers(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static int compare_texts(const tlm_cell *a, const tlm_cell *b)
{
    size_t size = a->size < b->size ? a->size : b->size;
    int result = size ? memcmp(a->as.text, b->as.text, size) : 0;
    return result ? result : compare_numbers(a->size, b->size);
}

static int compare_values(const tlm_cell *a, const tlm_cell *b, uint32_t type)
{
    if (tlm_wire_is_bytes(type))
        return compare_texts(a, b);
    if (type != TLM_COLUMN_DECIMAL)
        return compare_numbers(a->as.integer, b->as.integer);
    int result = compare_numbers(a->as.wide.high, b->as.wide.high);
    return result ? result : (a->as.wide.low > b->as.wide.low) - (a->as.wide.low < b->as.wide.low);
}

/* Below 0: `a` comes first. Nulls come last either way. */
static int compare_rows(const tlm_redis_question *question, const tlm_cell *a, const tlm_cell *b)
{
    for (uint32_t i = 0; i < question->query->order_count; i++) {
        uint32_t column = question->orders[i];
        if (!a[column].is_set || !b[column].is_set) {
            if (a[column].is_set != b[column].is_set)
                return a[column].is_set ? -1 : 1;
            continue;
        }
        int result = compare_values(&a[column], &b[column], question->layout.dataset->columns[column].type);
        if (result)
            return question->query->orders[i].descending ? -result : result;
    }
    return 0;
}

/* By insertion: there are a few dozen. */
static void sort(const tlm_redis_question *question, const tlm_rows **rows, uint32_t count)
{
    for (uint32_t i = 1; i < count; i++) {
        const tlm_rows *moved = rows[i];
        uint32_t at = i;
        for (; at > 0 && compare_rows(question, moved->cells, rows[at - 1]->cells) < 0; at--)
            rows[at] = rows[at - 1];
        rows[at] = moved;
    }
}

/** An answer with all it points to, apart from columns. */
typedef struct {
    tlm_result result; /* first */
    const tlm_column *columns[TLM_DATASET_COLUMNS_MAX];
    tlm_cell cells[]; /* then their texts */
} owned_result;

static void release(tlm_result *result)
{
    free(result);
}

static bool is_wanted(const tlm_redis_question *question, const tlm_cell *row)
{
    return question->layout.keeps != TLM_REDIS_KEEPS_RECENT ||
           row[question->layout.timeline].as.integer >= question->since_ns;
}

static bool has_text(const tlm_redis_question *question, uint32_t column, const tlm_cell *cell)
{
    return cell->is_set && tlm_wire_is_bytes(question->layout.dataset->columns[column].type);
}

static size_t texts_size(const tlm_redis_question *question, const tlm_rows *const *rows, uint32_t count)
{
    size_t size = 0;
    for (uint32_t i = 0; i < count; i++)
        for (uint32_t j = 0; j < question->query->column_count; j++) {
            const tlm_cell *cell = &rows[i]->cells[question->columns[j]];
            if (has_text(question, question->columns[j], cell))
                size += cell->size;
        }
    return size;
}

static void copy_row(const tlm_redis_question *question, const tlm_cell *row, tlm_cell *cells, char **room)
{
    for (uint32_t j = 0; j < question->query->column_count; j++) {
        uint32_t column = question->columns[j];
        cells[j] = row[column];
        if (!has_text(question, column, &cells[j]))
            continue;
        if (cells[j].size > 0)
            memcpy(*room, row[column].as.text, cells[j].size);
        cells[j].as.text = *room;
        *room += cells[j].size;
    }
}

int tlm_redis_question_answer(const tlm_redis_question *question, const tlm_rows **rows, uint32_t row_count,
                              tlm_result **ret_result, tlm_error *error)
{
    uint32_t column_count = question->query->column_count, count = 0;
    sort(question, rows, row_count);
    while (count < row_count && count < question->query->limit && is_wanted(question, rows[count]->cells))
        count++;
    size_t cells_size = (size_t)count * column_count * sizeof(tlm_cell);
    owned_result *owned = malloc(sizeof *owned + cells_size + texts_size(question, rows, count));
    if (!owned)
        return tlm_error_set(error, -ENOMEM, "out of memory");
    char *room = (char *)owned->cells + cells_size;
    owned->result = (tlm_result){.columns = owned->columns,
                                 .cells = owned->cells,
                                 .row_count = count,
                                 .column_count = column_count,
                                 .release = release};
    for (uint32_t j = 0; j < column_count; j++)
        owned->columns[j] = &question->layout.dataset->columns[question->columns[j]];
    for (uint32_t i = 0; i < count; i++)
        copy_row(question, rows[i]->cells, owned->cells + (size_t)i * column_count, &room);
    *ret_result = &owned->result;
    return 0;
}
