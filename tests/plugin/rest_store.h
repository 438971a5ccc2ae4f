/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file rest_store.h
 * A store in memory for the tests of `rest`: two or three datasets of text, integers and times, filtered and ordered as
 * store.h says. Any thread.
 */
#ifndef TLM_TEST_REST_STORE_H
#define TLM_TEST_REST_STORE_H

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <telemetra/telemetra.h>
#include <time.h>

typedef struct fake_table {
    const tlm_dataset *dataset;
    const tlm_cell *cells; /* row after row */
    uint32_t row_count;
} fake_table;

typedef struct fake_store {
    const fake_table *tables;
    uint32_t table_count;
    _Atomic int failure; /* a negative errno: every query fails so */
    _Atomic uint32_t query_count;
    atomic_bool is_frozen; /* no query comes back */
} fake_store;

typedef struct fake_result {
    tlm_result result; /* first, so that release finds the rest */
    const tlm_column *columns[TLM_DATASET_COLUMNS_MAX];
    tlm_cell cells[];
} fake_result;

static inline uint32_t fake_column(const tlm_dataset *dataset, const char *name)
{
    uint32_t i = 0;

    while (i < dataset->column_count && strcmp(dataset->columns[i].name, name) != 0)
        i++;
    return i;
}

static inline int fake_compare(const tlm_column *column, const tlm_cell *a, const tlm_cell *b)
{
    if (column->type == TLM_COLUMN_TEXT) {
        size_t size = a->size < b->size ? a->size : b->size;
        int order = memcmp(a->as.text, b->as.text, size);
        return order ? order : (a->size > b->size) - (a->size < b->size);
    }
    return (a->as.integer > b->as.integer) - (a->as.integer < b->as.integer);
}

static inline int fake_matches(const fake_table *table, const tlm_cell *row, const tlm_query *query)
{
    for (uint32_t i = 0; i < query->filter_count; i++) {
        const tlm_filter *filter = &query->filters[i];
        uint32_t at = fake_column(table->dataset, filter->column);
        int order = fake_compare(&table->dataset->columns[at], &row[at], &filter->value);
        if (!row[at].is_set || (filter->op == TLM_FILTER_EQUAL && order != 0) ||
            (filter->op == TLM_FILTER_BELOW && order >= 0) || (filter->op == TLM_FILTER_AT_LEAST && order < 0))
            return 0;
    }
    return 1;
}

static inline int fake_before(const fake_table *table, const tlm_cell *a, const tlm_cell *b, const tlm_query *query)
{
    for (uint32_t i = 0; i < query->order_count; i++) {
        uint32_t at = fake_column(table->dataset, query->orders[i].column);
        if (a[at].is_set != b[at].is_set)
            return a[at].is_set > b[at].is_set;
        int order = a[at].is_set ? fake_compare(&table->dataset->columns[at], &a[at], &b[at]) : 0;
        if (order != 0)
            return query->orders[i].descending ? order > 0 : order < 0;
    }
    return 0;
}

static inline void fake_release(tlm_result *result)
{
    free(result);
}

/* The matching rows in order: by insertion, the tables are small. */
static inline uint32_t fake_select(const fake_table *table, const tlm_query *query, const tlm_cell **rows)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < table->row_count; i++) {
        const tlm_cell *row = table->cells + (size_t)i * table->dataset->column_count;
        if (!fake_matches(table, row, query))
            continue;
        uint32_t at = count++;
        for (; at > 0 && fake_before(table, row, rows[at - 1], query); at--)
            rows[at] = rows[at - 1];
        rows[at] = row;
    }
    return count;
}

static inline int fake_query_table(const fake_table *table, const tlm_query *query, tlm_result **ret_result)
{
    for (uint32_t i = 0; i < query->column_count; i++)
        if (fake_column(table->dataset, query->columns[i]) == table->dataset->column_count)
            return -ENOENT;
    const tlm_cell **rows = calloc(table->row_count + 1, sizeof *rows);
    uint32_t count = fake_select(table, query, rows);
    uint32_t first = query->offset < count ? (uint32_t)query->offset : count;
    uint32_t taken = count - first < query->limit ? count - first : query->limit;
    fake_result *answer = calloc(1, sizeof *answer + (size_t)taken * query->column_count * sizeof(tlm_cell));
    for (uint32_t c = 0; c < query->column_count; c++) {
        uint32_t at = fake_column(table->dataset, query->columns[c]);
        answer->columns[c] = &table->dataset->columns[at];
        for (uint32_t r = 0; r < taken; r++)
            answer->cells[r * query->column_count + c] = rows[first + r][at];
    }
    free(rows);
    answer->result = (tlm_result){answer->columns, answer->cells, taken, query->column_count, fake_release};
    *ret_result = &answer->result;
    return 0;
}

/* A tlm_instance here is a fake_store. */
static inline int fake_query(tlm_instance *instance, const tlm_query *query, tlm_result **ret_result, tlm_error *error)
{
    fake_store *store = (fake_store *)(void *)instance;

    assert(query->struct_size == sizeof *query && query->limit >= 1);
    store->query_count++;
    while (store->is_frozen)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    if (store->failure != 0)
        return tlm_error_set(error, store->failure, "the file is gone");
    for (uint32_t i = 0; i < store->table_count; i++)
        if (strcmp(store->tables[i].dataset->id, query->dataset) == 0)
            return fake_query_table(&store->tables[i], query, ret_result);
    return tlm_error_set(error, -ENOENT, "no dataset %s", query->dataset);
}

#endif
