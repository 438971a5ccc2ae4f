/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file cell.h
 * One value of a row, between the SDK's cells and PostgreSQL's binary form (the send and receive functions of
 * src/backend/utils/adt), which COPY, parameters and results share. No state, any thread.
 *
 * In the database: texts are text ordered by bytes (COLLATE "C"), JSON is json (which keeps its bytes, as jsonb does
 * not), integers bigint, booleans boolean, bytes bytea, decimals numeric(39, scale), times bigint nanoseconds since
 * 1970 (timestamptz would cut them to microseconds; each dataset has a view with timestamps).
 */
#ifndef TLM_POSTGRES_CELL_H
#define TLM_POSTGRES_CELL_H

#include "common/buffer.h"

#include <telemetra/dataset.h>

#include <libpq-fe.h>

/** Digits of any 128-bit integer. */
#define TLM_CELL_DIGITS 39

/** "text COLLATE \"C\"" and so on; `room` of at least 32 bytes. */
void tlm_cell_sql_type(const tlm_column *column, char *text, size_t room);
/** The type as the column of an array parameter: "text", "json"; its object id and that of the array. */
const char *tlm_cell_type_name(const tlm_column *column);
uint32_t tlm_cell_type_id(const tlm_column *column);
uint32_t tlm_cell_array_id(const tlm_column *column);

/** Bytes that tlm_cell_append writes at most, its length word among them. */
size_t tlm_cell_size_max(const tlm_column *column, const tlm_cell *cell);
/** Writes length word and value at `at`, which has room for tlm_cell_size_max; returns the end. */
char *tlm_cell_write(char *at, const tlm_column *column, const tlm_cell *cell);

/** Writes integers in network order; return the end. */
char *tlm_cell_write16(char *at, uint16_t value);
char *tlm_cell_write32(char *at, uint32_t value);

/**
 * Reads a value of a binary result. Text is appended to `texts` and the cell's `as.integer` is its offset there, as the
 * bytes may move while more is read. -EIO: the database holds a value of another type; -ENOMEM.
 */
int tlm_cell_read(const PGresult *row, int index, const tlm_column *column, tlm_buffer *texts, tlm_cell *ret_cell);

/** A bigint or integer of a binary result. */
int64_t tlm_cell_integer(const PGresult *rows, int row, int index);

#endif
