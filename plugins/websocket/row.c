/* SPDX-License-Identifier: Apache-2.0 */
#include "row.h"

#include <stdlib.h>

static const char *const window_columns[TLM_WS_WINDOW_COLUMNS] = {
    [TLM_WS_WINDOW_STREAM] = "stream_id",         [TLM_WS_WINDOW_END] = "window_end",
    [TLM_WS_WINDOW_VIEWERS] = "viewer_last",      [TLM_WS_WINDOW_RATE] = "chat_rate",
    [TLM_WS_WINDOW_CHATTERS] = "unique_chatters", [TLM_WS_WINDOW_EMOTES] = "top_emotes",
    [TLM_WS_WINDOW_SENTIMENT] = "sentiment",
};

static const char *const stream_columns[TLM_WS_STREAM_COLUMNS] = {
    [TLM_WS_STREAM_STREAM] = "stream_id",
    [TLM_WS_STREAM_VIEWERS] = "viewer_count",
    [TLM_WS_STREAM_LIVE] = "is_live",
};

static const char *const moment_columns[TLM_WS_MOMENT_COLUMNS] = {
    [TLM_WS_MOMENT_ID] = "moment_id",
    [TLM_WS_MOMENT_STREAM] = "stream_id",
    [TLM_WS_MOMENT_PEAK] = "peak_at",
    [TLM_WS_MOMENT_TYPE] = "moment_type",
    [TLM_WS_MOMENT_DESCRIPTION] = "description",
    [TLM_WS_MOMENT_METRIC] = "metric_name",
    [TLM_WS_MOMENT_VALUE] = "metric_value",
    [TLM_WS_MOMENT_THRESHOLD] = "threshold",
    [TLM_WS_MOMENT_SCORE] = "z_score",
    [TLM_WS_MOMENT_METADATA] = "metadata",
    [TLM_WS_MOMENT_SEVERITY] = "severity",
};

const tlm_ws_view tlm_ws_windows_view = {
    "windows", window_columns, TLM_WS_WINDOW_COLUMNS, 2, {TLM_COLUMN_TEXT, TLM_COLUMN_TIME}};
const tlm_ws_view tlm_ws_streams_view = {"streams", stream_columns, TLM_WS_STREAM_COLUMNS, 1, {TLM_COLUMN_TEXT}};
const tlm_ws_view tlm_ws_moments_view = {
    "moments", moment_columns, TLM_WS_MOMENT_COLUMNS, 3, {TLM_COLUMN_TEXT, TLM_COLUMN_TEXT, TLM_COLUMN_TIME}};

static bool has_needed(const tlm_ws_map *map)
{
    for (uint32_t i = 0; i < map->view->needed_count; i++)
        if (!map->columns[i] || map->columns[i]->type != map->view->needed_types[i])
            return false;
    return true;
}

bool tlm_ws_map_init(tlm_ws_map *map, const tlm_ws_view *view, const tlm_dataset *dataset)
{
    *map = (tlm_ws_map){.view = view};
    for (uint32_t i = 0; i < view->column_count; i++) {
        for (uint32_t j = 0; j < dataset->column_count; j++) {
            if (strcmp(dataset->columns[j].name, view->columns[i]) != 0)
                continue;
            map->columns[i] = &dataset->columns[j];
            map->sources[i] = j;
        }
    }
    return has_needed(map);
}

bool tlm_ws_map_init_result(tlm_ws_map *map, const tlm_ws_view *view, const tlm_result *result)
{
    *map = (tlm_ws_map){.view = view};
    for (uint32_t i = 0; i < view->column_count && i < result->column_count; i++) {
        map->columns[i] = result->columns[i];
        map->sources[i] = i;
    }
    return has_needed(map);
}

tlm_cell tlm_ws_map_cell(const tlm_ws_map *map, const tlm_cell *cells, uint32_t index)
{
    return map->columns[index] ? cells[map->sources[index]] : (tlm_cell){0};
}

bool tlm_ws_map_is_usable(const tlm_ws_map *map, const tlm_cell *cells)
{
    for (uint32_t i = 0; i < map->view->needed_count; i++)
        if (!tlm_ws_map_cell(map, cells, i).is_set)
            return false;
    return true;
}

static bool has_bytes(uint32_t type)
{
    return type == TLM_COLUMN_TEXT || type == TLM_COLUMN_JSON || type == TLM_COLUMN_BYTES;
}

static size_t bytes_size(const tlm_ws_map *map, const tlm_cell *cells)
{
    size_t size = 0;

    for (uint32_t i = 0; i < map->view->column_count; i++) {
        tlm_cell cell = tlm_ws_map_cell(map, cells, i);
        if (cell.is_set && has_bytes(map->columns[i]->type))
            size += cell.size;
    }
    return size;
}

tlm_ws_row *tlm_ws_row_create(const tlm_ws_map *map, const tlm_cell *cells, bool is_final)
{
    uint32_t count = map->view->column_count;
    tlm_ws_row *row = malloc(sizeof *row + count * sizeof(tlm_ws_value) + bytes_size(map, cells));

    if (!row)
        return NULL;
    row->is_final = is_final;
    char *bytes = (char *)(row->values + count);
    for (uint32_t i = 0; i < count; i++) {
        tlm_ws_value value = {.cell = tlm_ws_map_cell(map, cells, i)};
        if (map->columns[i]) {
            value.type = map->columns[i]->type;
            value.scale = map->columns[i]->scale;
        }
        if (value.cell.is_set && has_bytes(value.type)) {
            if (value.cell.size > 0)
                memcpy(bytes, value.cell.as.text, value.cell.size);
            value.cell.as.text = bytes;
            bytes += value.cell.size;
        }
        row->values[i] = value;
    }
    return row;
}

tlm_text tlm_ws_row_text(const tlm_ws_row *row, uint32_t index)
{
    const tlm_ws_value *value = &row->values[index];

    return value->cell.is_set && has_bytes(value->type) ? (tlm_text){value->cell.as.text, value->cell.size}
                                                        : (tlm_text){NULL, 0};
}
