/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file live.h
 * The newest early row of each stream, as the feed brings them: a bounded table of copies. Any thread.
 *
 * An early row goes when a final one of its window or a later one arrives. When the table is full, streams that are not
 * in it show their final rows only.
 */
#ifndef TLM_REST_LIVE_H
#define TLM_REST_LIVE_H

#include "common/row_json.h"

typedef struct tlm_rest_live tlm_rest_live;

/** A copy of one early row, with what tlm_row_write takes. Freed with free(). */
typedef struct tlm_rest_live_row {
    const tlm_column *const *columns; /**< static, as long as the plugin that emits them is loaded */
    tlm_cell cells[];
} tlm_rest_live_row;

/**
 * A table of rows of a view's columns. `stream_column` and `time_column` are their indexes in the view; `seed` is that
 * of the host's hashes.
 */
int tlm_rest_live_create(const tlm_row_view *view, uint32_t stream_column, uint32_t time_column, uint32_t max_streams,
                         uint64_t seed, tlm_rest_live **ret_live);
void tlm_rest_live_destroy(tlm_rest_live *live);

/** Takes a batch in; a dataset without the view's columns is passed over. */
void tlm_rest_live_receive(tlm_rest_live *live, const tlm_rows *rows);

/** The stream's early row. -ENOENT: none; -ENOMEM. */
int tlm_rest_live_get(tlm_rest_live *live, tlm_text stream_id, tlm_rest_live_row **ret_row);

#endif
