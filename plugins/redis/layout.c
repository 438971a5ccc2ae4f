/* SPDX-License-Identifier: Apache-2.0 */
#include "layout.h"

#include <stdbool.h>

static uint32_t find_flag(const tlm_dataset *dataset, uint32_t flag, uint32_t type)
{
    for (uint32_t i = 0; i < dataset->column_count; i++) {
        const tlm_column *column = &dataset->columns[i];
        if ((column->flags & flag) && column->type == type && !(column->flags & TLM_COLUMN_NULLABLE))
            return i;
    }
    return TLM_REDIS_NO_COLUMN;
}

static bool is_key_alone(const tlm_dataset *dataset, uint32_t column)
{
    for (uint32_t i = 0; i < dataset->column_count; i++)
        if (((dataset->columns[i].flags & TLM_COLUMN_KEY) != 0) != (i == column))
            return false;
    return true;
}

tlm_redis_layout tlm_redis_layout_of(const tlm_dataset *dataset)
{
    tlm_redis_layout layout = {.dataset = dataset,
                               .stream = find_flag(dataset, TLM_COLUMN_STREAM, TLM_COLUMN_TEXT),
                               .timeline = find_flag(dataset, TLM_COLUMN_TIMELINE, TLM_COLUMN_TIME)};
    bool has_time = layout.timeline != TLM_REDIS_NO_COLUMN;
    if (layout.stream == TLM_REDIS_NO_COLUMN)
        layout.keeps = TLM_REDIS_KEEPS_NOTHING;
    else if (dataset->mode == TLM_DATASET_APPEND)
        layout.keeps = has_time ? TLM_REDIS_KEEPS_NEWEST : TLM_REDIS_KEEPS_NOTHING;
    else if (is_key_alone(dataset, layout.stream))
        layout.keeps = TLM_REDIS_KEEPS_STATUS;
    else
        layout.keeps = has_time ? TLM_REDIS_KEEPS_RECENT : TLM_REDIS_KEEPS_NOTHING;
    return layout;
}

uint32_t tlm_redis_column_find(const tlm_dataset *dataset, const char *name)
{
    for (uint32_t i = 0; i < dataset->column_count; i++)
        if (strcmp(dataset->columns[i].name, name) == 0)
            return i;
    return TLM_REDIS_NO_COLUMN;
}
