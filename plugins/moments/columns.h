/* SPDX-License-Identifier: Apache-2.0 */
/* Reads rows of the dataset `windows`, whoever emits it, by the names of its columns. */
#ifndef TLM_MOMENTS_COLUMNS_H
#define TLM_MOMENTS_COLUMNS_H

#include "common/decimal.h"

#include <telemetra/telemetra.h>

#include <stdbool.h>

#define TLM_WINDOWS_DATASET "windows"

enum {
    TLM_ROW_STREAM_ID,
    TLM_ROW_START,
    TLM_ROW_END,
    TLM_ROW_SLIDE_START,
    TLM_ROW_MESSAGES, /* of the last slide */
    TLM_ROW_WINDOW_MESSAGES,
    TLM_ROW_REQUIRED, /* the ones above have to be there */
    TLM_ROW_CHATTERS = TLM_ROW_REQUIRED,
    TLM_ROW_VIEWERS, /* the last count of the last slide */
    TLM_ROW_TRANSACTIONS,
    TLM_ROW_PAYMENTS, /* transactions, each gift_sub as often as it gives */
    TLM_ROW_AMOUNTS,
    TLM_ROW_BITS,
    TLM_ROW_SENTIMENT, /* of the window, in 0.0001 */
    TLM_ROW_POSITIVE,
    TLM_ROW_NEGATIVE,
    TLM_ROW_COLUMNS
};

/* Where they stand. Start from all zero. */
typedef struct {
    const tlm_dataset *dataset;  /* that they belong to; NULL: not looked up yet */
    int32_t at[TLM_ROW_COLUMNS]; /* -1: the dataset does not have it */
} tlm_columns;

/* One row; texts are borrowed from its cells. What is null or absent is so. */
typedef struct {
    tlm_text stream_id;
    int64_t start_ns, end_ns;
    int64_t slide_ns;                  /* length of the last slide */
    int64_t messages, window_messages; /* of the last slide, of the window */
    int64_t chatters;                  /* 0 if unknown */
    int64_t viewers;                   /* -1: none in the last slide */
    int64_t transactions;
    tlm_wide payments; /* transactions where the dataset does not have it */
    tlm_text amounts;  /* JSON; "{}" if unknown */
    tlm_wide bits;
    bool has_sentiment;
    int64_t sentiment; /* 0.0001 */
    int64_t positive, negative;
} tlm_window_row;

/* Finds the columns of a dataset. -EINVAL and a sentence when a required one is missing or of another type. */
int tlm_columns_find(tlm_columns *columns, const tlm_dataset *dataset, tlm_error *error);
void tlm_columns_read(const tlm_columns *columns, const tlm_cell *cells, tlm_window_row *ret_row);

#endif
