/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file layout.h
 * What of a dataset is kept in Redis, told by its column table alone.
 */
#ifndef TLM_REDIS_LAYOUT_H
#define TLM_REDIS_LAYOUT_H

#include <telemetra/dataset.h>

enum {
    TLM_REDIS_KEEPS_NOTHING = 0,
    TLM_REDIS_KEEPS_NEWEST = 1, /**< written once, with a time: the newest row of each stream ("windows") */
    TLM_REDIS_KEEPS_STATUS = 2, /**< one row a stream that replaces the one before ("streams") */
    TLM_REDIS_KEEPS_RECENT = 3  /**< rows that may be revised, with a time: the last few of each stream ("moments") */
};

#define TLM_REDIS_NO_COLUMN UINT32_MAX

typedef struct tlm_redis_layout {
    const tlm_dataset *dataset;
    uint32_t keeps;
    uint32_t stream;   /**< column, or TLM_REDIS_NO_COLUMN: nothing of it concerns Redis */
    uint32_t timeline; /**< column, or TLM_REDIS_NO_COLUMN */
} tlm_redis_layout;

tlm_redis_layout tlm_redis_layout_of(const tlm_dataset *dataset);

/** Index of a column, or TLM_REDIS_NO_COLUMN. */
uint32_t tlm_redis_column_find(const tlm_dataset *dataset, const char *name);

#endif
