/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file answer.h
 * An answer to a store's query while it is made: columns copied, as the catalogue may change while the answer lives,
 * and rows one after the other. One thread.
 */
#ifndef TLM_COMMON_ANSWER_H
#define TLM_COMMON_ANSWER_H

#include "common/buffer.h"

#include <telemetra/store.h>

/** Text that an answer may hold; more is -E2BIG. */
#define TLM_ANSWER_BYTES_MAX (256u * 1024u * 1024u)

typedef struct tlm_answer {
    tlm_result public; /* first: released by its address */
    tlm_column columns[TLM_DATASET_COLUMNS_MAX];
    const tlm_column *listed[TLM_DATASET_COLUMNS_MAX];
    tlm_buffer names; /* of the columns */
    tlm_buffer texts; /* of the cells: whoever reads a text cell appends it and leaves its offset in `as.integer` */
    tlm_cell *cells;
    size_t room;
} tlm_answer;

/** NULL when memory is short. */
tlm_answer *tlm_answer_create(void);
/** Frees one that was not finished. Accepts NULL. */
void tlm_answer_destroy(tlm_answer *answer);

/** Forgets the columns, to begin anew. */
void tlm_answer_clear(tlm_answer *answer);
/** Adds a column, at most TLM_DATASET_COLUMNS_MAX; a failure is kept in names.error. */
void tlm_answer_add_column(tlm_answer *answer, const tlm_column *column);
/** Name of a column, until `finish`. */
const char *tlm_answer_column_name(const tlm_answer *answer, uint32_t index);
/** Adds a row and returns its cells, to be filled at once. -ENOMEM, -E2BIG with a sentence. */
int tlm_answer_add_row(tlm_answer *answer, tlm_cell **ret_cells, tlm_error *error);
/** From offsets to pointers; the caller releases the result. */
tlm_result *tlm_answer_finish(tlm_answer *answer);

/** Whether a query is within the bounds of every store: 1 to `rows_max` rows, columns, terms, operators. */
int tlm_answer_check_query(const tlm_query *query, uint32_t rows_max, tlm_error *error);

/** Filters and order terms that a query may have, each. */
#define TLM_QUERY_TERMS_MAX 16

/** Whether the column's cells hold text. */
static inline int tlm_column_is_text(const tlm_column *column)
{
    return column->type == TLM_COLUMN_TEXT || column->type == TLM_COLUMN_JSON || column->type == TLM_COLUMN_BYTES;
}

#endif
