/* SPDX-License-Identifier: Apache-2.0 */
#include "horizon.h"

#include <stdlib.h>

int tlm_horizon_init(tlm_horizon *horizon, uint32_t input_count)
{
    *horizon = (tlm_horizon){.input_count = input_count};
    horizon->recent = malloc((input_count ? input_count : 1) * sizeof *horizon->recent);
    if (!horizon->recent)
        return -ENOMEM;
    for (uint32_t i = 0; i < input_count; i++)
        horizon->recent[i] = INT64_MIN;
    return 0;
}

void tlm_horizon_finish(tlm_horizon *horizon)
{
    free(horizon->starts);
    free(horizon->positions);
    free(horizon->recent);
    *horizon = (tlm_horizon){0};
}

/* The first pane that starts at this time or later. */
static uint32_t index_of(const tlm_horizon *horizon, int64_t start_ns)
{
    uint32_t first = 0;
    uint32_t left = horizon->count;
    while (left > 0) {
        uint32_t half = left / 2;
        bool is_before = horizon->starts[first + half] < start_ns;
        first = is_before ? first + half + 1 : first;
        left = is_before ? left - half - 1 : half;
    }
    return first;
}

static tlm_position *row_of(const tlm_horizon *horizon, uint32_t index)
{
    return horizon->positions + (size_t)index * horizon->input_count;
}

static int grow(tlm_horizon *horizon)
{
    uint32_t capacity = horizon->capacity ? horizon->capacity * 2 : 16;
    int64_t *starts = realloc(horizon->starts, capacity * sizeof *starts);
    if (!starts)
        return -ENOMEM;
    horizon->starts = starts;
    tlm_position *positions = realloc(horizon->positions, (size_t)capacity * horizon->input_count * sizeof *positions);
    if (!positions)
        return -ENOMEM;
    horizon->positions = positions;
    horizon->capacity = capacity;
    return 0;
}

static int insert(tlm_horizon *horizon, uint32_t at, int64_t start_ns)
{
    if (horizon->count == horizon->capacity && grow(horizon) < 0)
        return -ENOMEM;
    size_t behind = horizon->count - at;
    memmove(horizon->starts + at + 1, horizon->starts + at, behind * sizeof *horizon->starts);
    memmove(row_of(horizon, at + 1), row_of(horizon, at), behind * horizon->input_count * sizeof(tlm_position));
    horizon->starts[at] = start_ns;
    for (uint32_t i = 0; i < horizon->input_count; i++)
        row_of(horizon, at)[i] = (tlm_position){.ordinal = -1};
    horizon->count++;
    return 0;
}

int tlm_horizon_note_new(tlm_horizon *horizon, uint32_t input, int64_t pane_start_ns, const tlm_events *batch,
                         const tlm_event *event)
{
    uint32_t at = index_of(horizon, pane_start_ns);
    bool is_known = at < horizon->count && horizon->starts[at] == pane_start_ns;
    if (!is_known && insert(horizon, at, pane_start_ns) < 0)
        return -ENOMEM;
    tlm_position *position = &row_of(horizon, at)[input];
    if (position->ordinal < 0)
        *position = batch->records->records[event->record].position;
    horizon->recent[input] = pane_start_ns;
    return 0;
}

void tlm_horizon_advance(tlm_horizon *horizon, const tlm_geometry *geometry, int64_t watermark_ns)
{
    uint32_t closed = 0;
    while (closed < horizon->count && !tlm_geometry_is_open(geometry, horizon->starts[closed], watermark_ns))
        closed++;
    if (closed == 0)
        return;
    horizon->count -= closed;
    memmove(horizon->starts, horizon->starts + closed, horizon->count * sizeof *horizon->starts);
    memmove(row_of(horizon, 0), row_of(horizon, closed),
            (size_t)horizon->count * horizon->input_count * sizeof(tlm_position));
}

int tlm_horizon_from(const tlm_horizon *horizon, uint32_t input, tlm_position *ret_position)
{
    const tlm_position *smallest = NULL;
    for (uint32_t i = 0; i < horizon->count; i++) {
        const tlm_position *position = &row_of(horizon, i)[input];
        if (position->ordinal >= 0 && (!smallest || position->ordinal < smallest->ordinal))
            smallest = position;
    }
    if (!smallest)
        return 0;
    *ret_position = *smallest;
    return 1;
}

size_t tlm_horizon_size_bytes(const tlm_horizon *horizon)
{
    return horizon->capacity * (sizeof *horizon->starts + horizon->input_count * sizeof *horizon->positions) +
           horizon->input_count * sizeof *horizon->recent;
}
