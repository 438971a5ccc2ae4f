/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file row_json.h
 * From the cells of rows to JSON. No state, any thread.
 */
#ifndef TLM_COMMON_ROW_JSON_H
#define TLM_COMMON_ROW_JSON_H

#include "common/json_writer.h"

#include <telemetra/telemetra.h>

/** Writes the value of a cell by its column's type; null for bytes. */
void tlm_row_cell_write(tlm_json_writer *writer, const tlm_column *column, const tlm_cell *cell);

/** Writes a list of emotes; a text of another shape is written as it is. */
void tlm_emotes_write(tlm_json_writer *writer, tlm_text json);

#endif
