/* SPDX-License-Identifier: Apache-2.0 */
#include "common/answer.h"

#include <stdlib.h>

static void release(tlm_result *result)
{
    tlm_answer_destroy((tlm_answer *)result);
}

tlm_answer *tlm_answer_create(void)
{
    tlm_answer *answer = calloc(1, sizeof *answer);
    if (answer)
        answer->public.release = release;
    return answer;
}

void tlm_answer_destroy(tlm_answer *answer)
{
    if (!answer)
        return;
    tlm_buffer_finish(&answer->names);
    tlm_buffer_finish(&answer->texts);
    free(answer->cells);
    free(answer);
}

void tlm_answer_clear(tlm_answer *answer)
{
    tlm_buffer_clear(&answer->names);
    answer->public.column_count = 0;
}

/* Until `finish` the names are offsets, as the bytes may move. */
static const char *keep_name(tlm_answer *answer, const char *name)
{
    const char *offset = (const char *)answer->names.size;
    tlm_buffer_append(&answer->names, name, strlen(name) + 1);
    return offset;
}

void tlm_answer_add_column(tlm_answer *answer, const tlm_column *column)
{
    uint32_t index = answer->public.column_count++;
    tlm_column *copy = &answer->columns[index];
    *copy = *column;
    copy->name = keep_name(answer, column->name);
    copy->doc = keep_name(answer, column->doc);
    if (column->unit)
        copy->unit = keep_name(answer, column->unit);
    answer->listed[index] = copy;
}

const char *tlm_answer_column_name(const tlm_answer *answer, uint32_t index)
{
    return answer->names.data + (uintptr_t)answer->columns[index].name;
}

int tlm_answer_add_row(tlm_answer *answer, tlm_cell **ret_cells, tlm_error *error)
{
    tlm_result *result = &answer->public;
    size_t used = (size_t)result->row_count * result->column_count;
    if (answer->texts.size > TLM_ANSWER_BYTES_MAX)
        return tlm_error_set(error, -E2BIG, "the answer is larger than %u bytes; ask for fewer rows",
                             TLM_ANSWER_BYTES_MAX);
    if (used + result->column_count > answer->room) {
        size_t more = answer->room ? answer->room * 2 : 16 * (size_t)result->column_count;
        tlm_cell *grown = realloc(answer->cells, more * sizeof *grown);
        if (!grown)
            return tlm_error_set(error, -ENOMEM, "out of memory");
        answer->cells = grown;
        answer->room = more;
    }
    result->row_count++;
    *ret_cells = answer->cells + used;
    return 0;
}

static void place_names(tlm_answer *answer)
{
    for (uint32_t i = 0; i < answer->public.column_count; i++) {
        tlm_column *column = &answer->columns[i];
        column->name = answer->names.data + (uintptr_t)column->name;
        column->doc = answer->names.data + (uintptr_t)column->doc;
        if (column->unit)
            column->unit = answer->names.data + (uintptr_t)column->unit;
    }
}

static void place_texts(tlm_answer *answer)
{
    const tlm_result *result = &answer->public;
    for (uint32_t i = 0; i < result->column_count; i++) {
        if (!tlm_column_is_text(answer->listed[i]))
            continue;
        for (uint32_t row = 0; row < result->row_count; row++) {
            tlm_cell *cell = &answer->cells[(size_t)row * result->column_count + i];
            if (cell->is_set)
                cell->as.text = cell->size ? answer->texts.data + cell->as.integer : "";
        }
    }
}

tlm_result *tlm_answer_finish(tlm_answer *answer)
{
    place_names(answer);
    place_texts(answer);
    answer->public.columns = answer->listed;
    answer->public.cells = answer->cells;
    return &answer->public;
}

int tlm_answer_check_query(const tlm_query *query, uint32_t rows_max, tlm_error *error)
{
    if (query->limit < 1 || query->limit > rows_max)
        return tlm_error_set(error, -EINVAL, "a query asks for %u rows; 1 to %u (max_query_rows) are answered",
                             query->limit, rows_max);
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
