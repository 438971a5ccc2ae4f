/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file rows.h
 * From rows to JSON by the tables of shape.h: which columns of a dataset a route shows, and under which names. No
 * state.
 */
#ifndef TLM_REST_ROWS_H
#define TLM_REST_ROWS_H

#include "shape.h"

/** What a route shows of a dataset. Static. */
typedef struct tlm_rest_view {
    const char *dataset;
    const char *const *columns;
    uint32_t column_count;
    const tlm_rest_shape *shape; /**< of a row's object: each field says its source */
} tlm_rest_view;

/** Writes one row as an object. `columns` and `cells` are those of the view, in its order. */
void tlm_rest_row_write(tlm_json_writer *writer, const tlm_rest_view *view, const tlm_column *const *columns,
                        const tlm_cell *cells, bool is_final);

#endif
