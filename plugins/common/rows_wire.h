/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file rows_wire.h
 * Rows of any dataset as bytes, for going to another process or being kept outside of one.
 *
 * A message is a head, optionally the dataset's column table, rows, and a check of all of it; integers are
 * little-endian. The table can travel elsewhere: a message names it by its hash. Decoding takes bytes from anywhere:
 * every length is checked, what is not understood is refused (-EBADMSG), and what a message can make a reader allocate
 * is bounded by TLM_WIRE_SIZE_MAX and TLM_WIRE_ROWS_MAX. No state; any thread.
 */
#ifndef TLM_COMMON_ROWS_WIRE_H
#define TLM_COMMON_ROWS_WIRE_H

#include "common/buffer.h"

#include <telemetra/dataset.h>

/** Bounds of a message that is read; who writes keeps below them. */
#define TLM_WIRE_SIZE_MAX ((size_t)8 * 1024 * 1024)
#define TLM_WIRE_ROWS_MAX 4096u

/** No lane: the rows of a message are not those of a flush. */
#define TLM_WIRE_NO_LANE UINT32_MAX

/** What a message says of its rows. */
typedef struct tlm_wire_head {
    uint32_t flags; /**< TLM_ROWS_FINAL or TLM_ROWS_EARLY */
    uint32_t lane;  /**< TLM_WIRE_NO_LANE: none, and epoch and sequence mean nothing */
    uint64_t epoch, sequence;
    uint64_t table_hash; /**< tlm_wire_hash of the column table */
    tlm_text table;      /**< the table itself; empty: it travels elsewhere */
    uint32_t row_count;
    tlm_text rows; /**< decoding only: their bytes, inside the message */
} tlm_wire_head;

/** FNV-1a, 64 bits (Fowler, Noll, Vo; draft-eastlake-fnv): no defence against forgers, who could write good rows
 * anyway. */
uint64_t tlm_wire_hash(const void *bytes, size_t size);

/** Appends the column table of a dataset. Out of memory shows in `buffer->error`. */
void tlm_wire_table_encode(const tlm_dataset *dataset, tlm_buffer *buffer);

/**
 * Makes a dataset from its table; free it with tlm_wire_table_destroy. Docs are not carried over and come out empty.
 * -EBADMSG, -ENOMEM.
 */
int tlm_wire_table_decode(tlm_text table, tlm_dataset **ret_dataset, tlm_error *error);
void tlm_wire_table_destroy(tlm_dataset *dataset);

/**
 * Begins a message in `buffer`, which must be empty; `head->row_count` is filled in by tlm_wire_end. Then add rows and
 * end it. Out of memory shows in `buffer->error`.
 */
void tlm_wire_begin(tlm_buffer *buffer, const tlm_wire_head *head);
/** Adds one row of `dataset->column_count` cells. */
void tlm_wire_add(tlm_buffer *buffer, const tlm_dataset *dataset, const tlm_cell *cells);
void tlm_wire_end(tlm_buffer *buffer, uint32_t row_count);

/** Reads a message up to its rows. The texts point into it. -EBADMSG with a sentence. */
int tlm_wire_head_decode(tlm_text message, tlm_wire_head *ret_head, tlm_error *error);

/**
 * Reads the rows of a message into a batch of its own with one reference, the caller's. `dataset` is that of the
 * head's table hash and must outlive the batch. -EBADMSG, -ENOMEM.
 */
int tlm_wire_rows_decode(const tlm_wire_head *head, const tlm_dataset *dataset, const tlm_rows **ret_rows,
                         tlm_error *error);

/** Whether the values of a column type are bytes (`tlm_cell.as.text`): 1 or 0. */
static inline int tlm_wire_is_bytes(uint32_t type)
{
    return type == TLM_COLUMN_TEXT || type == TLM_COLUMN_JSON || type == TLM_COLUMN_BYTES;
}

#endif
