/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file store.h
 * A store answers questions about rows it keeps, so that frontends speak no query language. Since 0.1.
 */
#ifndef TELEMETRA_STORE_H
#define TELEMETRA_STORE_H

#include "dataset.h"
#include "plugin.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Comparison of a filter. Null never matches. Texts compare by their bytes. */
enum { TLM_FILTER_EQUAL = 1, TLM_FILTER_BELOW = 2, TLM_FILTER_AT_LEAST = 3 };

typedef struct tlm_filter {
    const char *column;
    uint32_t op; /**< TLM_FILTER_... */
    uint32_t reserved;
    tlm_cell value; /**< of the column's type */
} tlm_filter;

/** One term of an order. Nulls come last either way. Texts are ordered by their bytes. */
typedef struct tlm_order {
    const char *column;
    uint32_t descending;
    uint32_t reserved;
} tlm_order;

typedef struct tlm_query {
    uint32_t struct_size;
    uint32_t limit; /**< at least 1 */
    uint64_t offset;
    const char *dataset;
    const char *const *columns; /**< wanted ones, in the order of the result */
    const tlm_filter *filters;  /**< all must hold */
    const tlm_order *orders;
    uint32_t column_count, filter_count, order_count;
    uint32_t reserved;
} tlm_query;

/** An owned answer: row after row, each of column_count cells. Free with `release`. */
typedef struct tlm_result {
    const tlm_column *const *columns;
    const tlm_cell *cells;
    uint32_t row_count;
    uint32_t column_count;
    void (*release)(struct tlm_result *result);
} tlm_result;

#define TLM_INTERFACE_STORE "telemetra.store/1"

typedef struct tlm_store {
    /**
     * Answers a query. -ENOENT: the store has no such dataset or column; -EIO and others with a sentence: it is gone or
     * broken. Blocks for as long as the query takes; any thread, at once.
     */
    int (*query)(tlm_instance *instance, const tlm_query *query, tlm_result **ret_result, tlm_error *error);
} tlm_store;

#ifdef __cplusplus
}
#endif
#endif
