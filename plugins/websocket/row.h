/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file row.h
 * Rows out of batches and answers of stores, kept by themselves: only the columns that are shown, found by name, with
 * their type and bytes in one piece of memory. No state; one thread at a time for a row.
 */
#ifndef TLM_WEBSOCKET_ROW_H
#define TLM_WEBSOCKET_ROW_H

#include <stdbool.h>
#include <telemetra/telemetra.h>

/** Most columns of a view. */
#define TLM_WS_VIEW_MAX 16

/** The columns that are wanted of a dataset. The first ones are the key: without them it is not used at all. Static. */
typedef struct tlm_ws_view {
    const char *dataset;
    const char *const *columns;
    uint32_t column_count;
    uint32_t needed_count; /**< the first so many must be there */
    uint32_t needed_types[4];
} tlm_ws_view;

/** What is shown of `windows`, `streams` and `moments`. */
enum {
    TLM_WS_WINDOW_STREAM,
    TLM_WS_WINDOW_END,
    TLM_WS_WINDOW_VIEWERS,
    TLM_WS_WINDOW_RATE,
    TLM_WS_WINDOW_CHATTERS,
    TLM_WS_WINDOW_EMOTES,
    TLM_WS_WINDOW_SENTIMENT,
    TLM_WS_WINDOW_COLUMNS
};
enum { TLM_WS_STREAM_STREAM, TLM_WS_STREAM_VIEWERS, TLM_WS_STREAM_LIVE, TLM_WS_STREAM_COLUMNS };
enum {
    TLM_WS_MOMENT_ID,
    TLM_WS_MOMENT_STREAM,
    TLM_WS_MOMENT_PEAK,
    TLM_WS_MOMENT_TYPE,
    TLM_WS_MOMENT_DESCRIPTION,
    TLM_WS_MOMENT_METRIC,
    TLM_WS_MOMENT_VALUE,
    TLM_WS_MOMENT_THRESHOLD,
    TLM_WS_MOMENT_SCORE,
    TLM_WS_MOMENT_METADATA,
    TLM_WS_MOMENT_SEVERITY,
    TLM_WS_MOMENT_COLUMNS
};
extern const tlm_ws_view tlm_ws_windows_view, tlm_ws_streams_view, tlm_ws_moments_view;

/** Where the columns of a view stand in rows of one dataset. */
typedef struct tlm_ws_map {
    const tlm_ws_view *view;
    const tlm_column *columns[TLM_WS_VIEW_MAX]; /**< NULL: it has no such column */
    uint32_t sources[TLM_WS_VIEW_MAX];
} tlm_ws_map;

/** A value and what it is. */
typedef struct tlm_ws_value {
    tlm_cell cell; /**< null where the dataset has no such column */
    uint32_t type, scale;
} tlm_ws_value;

/** One row; free(3) it. */
typedef struct tlm_ws_row {
    bool is_final;
    tlm_ws_value values[]; /**< in the order of the view, then the bytes they point to */
} tlm_ws_row;

/** Finds the columns of a view in a dataset. False: one that is needed is missing or of another type. */
bool tlm_ws_map_init(tlm_ws_map *map, const tlm_ws_view *view, const tlm_dataset *dataset);
/** The same for the answer of a store that was asked for the view's first `column_count` columns. */
bool tlm_ws_map_init_result(tlm_ws_map *map, const tlm_ws_view *view, const tlm_result *result);

/** Whether all needed values of a row are set. */
bool tlm_ws_map_is_usable(const tlm_ws_map *map, const tlm_cell *cells);
/** The value of column `index` of the view in a row; null when there is no such column. */
tlm_cell tlm_ws_map_cell(const tlm_ws_map *map, const tlm_cell *cells, uint32_t index);

/** A copy of a row. NULL: no memory. */
tlm_ws_row *tlm_ws_row_create(const tlm_ws_map *map, const tlm_cell *cells, bool is_final);

/** The text of a value; empty when it is null. */
tlm_text tlm_ws_row_text(const tlm_ws_row *row, uint32_t index);

#endif
