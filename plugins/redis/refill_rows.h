/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file refill_rows.h
 * What a fill asks of the store and makes of the answers. One thread.
 */
#ifndef TLM_REDIS_REFILL_ROWS_H
#define TLM_REDIS_REFILL_ROWS_H

#include "rows.h"
#include "store_behind.h"

#define TLM_REDIS_FILL_DATASETS_MAX 64u

/** A fill under way. */
typedef struct tlm_redis_fill {
    tlm_redis_packer *packer;
    tlm_redis_store_behind behind;
    tlm_redis_layout layouts[TLM_REDIS_FILL_DATASETS_MAX]; /**< of this process that Redis keeps something of */
    uint32_t layout_count;
    uint64_t streams; /**< done */
    char after[256];  /**< id of the last stream done */
    uint32_t after_size;
    bool is_begun;
} tlm_redis_fill;

/** Sends the column tables of all datasets, so that readers know what they may ask for. */
int tlm_redis_fill_tables(tlm_redis_fill *fill, tlm_error *error);

/**
 * Fills the next `page` streams. 1: there may be more; 0: that was all; negative with a sentence: the store or the
 * server is gone. Replies of the server are read when it returns.
 */
int tlm_redis_fill_step(tlm_redis_fill *fill, uint32_t page, tlm_error *error);

#endif
