/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file rows.h
 * From rows to JSON, driven by tables: which columns of a dataset a route shows, and under which names. No state.
 */
#ifndef TLM_REST_ROWS_H
#define TLM_REST_ROWS_H

#include "common/json_writer.h"

#include <telemetra/telemetra.h>

/** How a member gets its value. */
enum {
    TLM_REST_FIELD_CELL = 1,   /**< the column's value, by the column's type */
    TLM_REST_FIELD_EMOTES = 2, /**< a JSON list of {name, count}, each with `emote` repeating `name` */
    TLM_REST_FIELD_FINAL = 3   /**< whether the row is final */
};

/** One member of a row's object. */
typedef struct tlm_rest_field {
    const char *name;
    uint32_t kind;   /**< TLM_REST_FIELD_... */
    uint32_t column; /**< index into the view's columns */
} tlm_rest_field;

/** What a route shows of a dataset. Static. */
typedef struct tlm_rest_view {
    const char *dataset;
    const char *const *columns;
    uint32_t column_count;
    uint32_t field_count;
    const tlm_rest_field *fields;
} tlm_rest_view;

/** Writes one row as an object. `columns` and `cells` are those of the view, in its order. */
void tlm_rest_row_write(tlm_json_writer *writer, const tlm_rest_view *view, const tlm_column *const *columns,
                        const tlm_cell *cells, bool is_final);

/** Writes a list of emotes; a text of another shape is written as it is. */
void tlm_rest_emotes_write(tlm_json_writer *writer, tlm_text json);

#endif
