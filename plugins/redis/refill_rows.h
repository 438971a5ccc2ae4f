/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file refill_rows.h
 * What a fill asks of the store and makes of the answers. One thread.
 */
#ifndef TLM_REDIS_REFILL_ROWS_H
#define TLM_REDIS_REFILL_ROWS_H

#include "common/hash_map.h"
#include "rows.h"
#include "store_behind.h"

#define TLM_REDIS_FILL_DATASETS_MAX 64u

/** Recent rows are read back to the age that is asked for, and beyond it as long as there are no more than these. */
#define TLM_REDIS_FILL_RECENT_ROWS 20000u

/** Times of rows that are looked through for streams; those that are still missing are asked for one by one. */
#define TLM_REDIS_FILL_TIMES 64u

/**
 * A fill under way: first each dataset with a time from its newest rows on, many streams a query, until hardly a stream
 * is new; then the streams by their ids, and those whose newest row was not among them one by one.
 */
typedef struct tlm_redis_fill {
    tlm_redis_packer *packer;
    tlm_redis_store_behind behind;
    tlm_redis_layout layouts[TLM_REDIS_FILL_DATASETS_MAX]; /**< of this process that Redis keeps something of */
    tlm_hash_map seen[TLM_REDIS_FILL_DATASETS_MAX];        /**< of each: hashes of the streams that are done */
    uint32_t layout_count;
    uint32_t at; /**< the layout that is read from its newest rows on; layout_count: the streams' turn */
    /* of that layout */
    uint64_t offset; /**< rows done: of `time_ns`, or in all */
    uint64_t fresh;  /**< of these, rows of streams not seen before */
    int64_t time_ns; /**< rows of this time are read */
    uint32_t times;  /**< begun */
    bool is_in_time; /**< there may be more rows of it */
    /* of streams, and of rows of one time */
    uint64_t streams; /**< done */
    char after[256];  /**< id of the last stream done */
    uint32_t after_size;
    bool is_begun;
} tlm_redis_fill;

/** Frees what it remembers. */
void tlm_redis_fill_finish(tlm_redis_fill *fill);

/** Sends the column tables of all datasets, so that readers know what they may ask for. */
int tlm_redis_fill_tables(tlm_redis_fill *fill, tlm_error *error);

/**
 * Fills the next `page` rows or streams. 1: there may be more; 0: that was all; negative with a sentence: the store or
 * the server is gone. Replies of the server are read when it returns.
 */
int tlm_redis_fill_step(tlm_redis_fill *fill, uint32_t page, tlm_error *error);

#endif
