/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file row_json.h
 * From rows to JSON, driven by tables: which columns of a dataset a route shows, and under which names. No state.
 */
#ifndef TLM_COMMON_ROW_JSON_H
#define TLM_COMMON_ROW_JSON_H

#include "common/json_writer.h"

#include <telemetra/telemetra.h>

/** How a member gets its value. */
enum {
    TLM_ROW_FIELD_CELL = 1,   /**< the column's value, by the column's type */
    TLM_ROW_FIELD_EMOTES = 2, /**< a JSON list of {name, count}, each with `emote` repeating `name` */
    TLM_ROW_FIELD_FINAL = 3   /**< whether the row is final */
};

/** One member of a row's object. */
typedef struct tlm_row_field {
    const char *name;
    uint32_t kind;   /**< TLM_ROW_FIELD_... */
    uint32_t column; /**< index into the view's columns */
} tlm_row_field;

/** What a route shows of a dataset. Static. */
typedef struct tlm_row_view {
    const char *dataset;
    const char *const *columns;
    uint32_t column_count;
    uint32_t field_count;
    const tlm_row_field *fields;
} tlm_row_view;

/** Writes one row as an object. `columns` and `cells` are those of the view, in its order. */
void tlm_row_write(tlm_json_writer *writer, const tlm_row_view *view, const tlm_column *const *columns,
                   const tlm_cell *cells, bool is_final);

/** Writes the value of a cell by its column's type; null for bytes. */
void tlm_row_cell_write(tlm_json_writer *writer, const tlm_column *column, const tlm_cell *cell);

/** Writes a list of emotes; a text of another shape is written as it is. */
void tlm_emotes_write(tlm_json_writer *writer, tlm_text json);

#endif
