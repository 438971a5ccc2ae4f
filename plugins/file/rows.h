/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file rows.h
 * Rows as lines of JSON: {"dataset":"windows","stream_id":"a",...}, the columns in their order. Times are RFC 3339 in
 * UTC, decimals numbers with all their digits, bytes base64, JSON as it is. No state, any thread.
 */
#ifndef TLM_FILE_ROWS_H
#define TLM_FILE_ROWS_H

#include "common/buffer.h"

#include <telemetra/dataset.h>

/** What each line begins with. */
#define TLM_ROWS_PREFIX "{\"dataset\":\""

/** Appends one row and its line end; out of memory shows in lines->error. */
void tlm_rows_append(tlm_buffer *lines, const tlm_dataset *dataset, const tlm_cell *cells);

#endif
