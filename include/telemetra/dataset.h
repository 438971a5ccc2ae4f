/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file dataset.h
 * Rows are data too: whoever emits rows declares their dataset as a const column table. That table drives the tables
 * of stores, JSON, queries and the generated reference, so a third party's dataset reaches every sink and store
 * without a line there. Since 0.1.
 */
#ifndef TELEMETRA_DATASET_H
#define TELEMETRA_DATASET_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Type of a column, and in brackets the member of tlm_cell that holds its value. */
enum {
    TLM_COLUMN_TEXT = 1,    /**< UTF-8 text [text, size] */
    TLM_COLUMN_INTEGER = 2, /**< [integer] */
    TLM_COLUMN_DECIMAL = 3, /**< exact decimal: a 128-bit count of 10^-scale [wide]; scale 0 is a wide integer */
    TLM_COLUMN_TIME = 4,    /**< nanoseconds since 1970 [integer] */
    TLM_COLUMN_BOOL = 5,    /**< 0 or 1 [integer] */
    TLM_COLUMN_JSON = 6,    /**< one valid JSON text [text, size] */
    TLM_COLUMN_BYTES = 7    /**< [text, size]; base64 where JSON is written */
};

/** Flags of a column. */
enum {
    TLM_COLUMN_KEY = 1u << 0,      /**< part of the key; keys are never null */
    TLM_COLUMN_NULLABLE = 1u << 1, /**< may be null */
    TLM_COLUMN_STREAM = 1u << 2,   /**< holds the stream id: stores index it */
    TLM_COLUMN_TIMELINE = 1u << 3  /**< the time that ranges and retention go by: stores index it */
};

/** One column. All strings are static. */
typedef struct tlm_column {
    const char *name; /**< lower case and underscores, not an SQL keyword */
    uint32_t type;    /**< TLM_COLUMN_TEXT ... */
    uint32_t scale;   /**< digits after the point of a DECIMAL, 0..18 */
    uint32_t flags;   /**< TLM_COLUMN_KEY ... */
    const char *unit; /**< "messages/min", "viewers"; NULL: none */
    const char *doc;  /**< one sentence */
} tlm_column;

/** How rows of one key go together. */
enum {
    TLM_DATASET_APPEND = 1, /**< a key is written once; a second row of it is a fault */
    TLM_DATASET_LATEST = 2  /**< a row replaces the earlier one of its key */
};

/** A declared dataset; static storage in the plugin that emits it, alive as long as the plugin is loaded. */
typedef struct tlm_dataset {
    uint32_t struct_size;
    uint32_t mode;  /**< TLM_DATASET_APPEND or TLM_DATASET_LATEST */
    const char *id; /**< "windows": table name in stores; lower case and underscores */
    const char *doc;
    const tlm_column *columns;
    uint32_t column_count; /**< 1..TLM_DATASET_COLUMNS_MAX */
} tlm_dataset;

#define TLM_DATASET_COLUMNS_MAX 64

/** One value of a row. `is_set` 0 is null and the rest is not looked at. */
typedef struct tlm_cell {
    uint32_t is_set;
    uint32_t size; /**< bytes at `text` */
    union {
        int64_t integer;
        tlm_int128 wide;
        const char *text;
    } as;
} tlm_cell;

/** Flags of a batch of rows. */
enum {
    TLM_ROWS_FINAL = 1u << 0, /**< will not change; stored exactly once */
    TLM_ROWS_EARLY = 1u << 1  /**< a look ahead at a row still open; goes to feeds, never to a checkpoint */
};

/**
 * A refcounted, immutable batch of rows of one dataset. Who is handed one borrows it for the call; to keep it longer,
 * call `ref`, and `unref` when done, from any thread.
 */
typedef struct tlm_rows {
    uint32_t struct_size;
    uint32_t flags; /**< TLM_ROWS_FINAL or TLM_ROWS_EARLY */
    const tlm_dataset *dataset;
    const tlm_cell *cells; /**< row after row, each of dataset->column_count cells */
    uint32_t row_count;
    uint32_t reserved;
    uint64_t size_bytes; /**< what the batch holds in memory, for bounds */
    void (*ref)(const struct tlm_rows *rows);
    void (*unref)(const struct tlm_rows *rows);
} tlm_rows;

/** The cells of row `index`, which must be below row_count. */
static inline const tlm_cell *tlm_rows_at(const tlm_rows *rows, uint32_t index)
{
    return rows->cells + (size_t)index * rows->dataset->column_count;
}

#ifdef __cplusplus
}
#endif
#endif
