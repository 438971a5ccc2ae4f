/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file cell.h
 * One value of a row, between the SDK's cells and SQLite.
 *
 * On disk: texts and JSON are TEXT, integers and booleans INTEGER, times INTEGER nanoseconds since 1970, bytes BLOB.
 * A decimal of scale 0 is INTEGER, others are REAL, so that any SQL client can calculate with them; what those forms
 * cannot hold exactly is decimal TEXT. Reading gives back the exact units.
 */
#ifndef TLM_SQLITE_CELL_H
#define TLM_SQLITE_CELL_H

#include "common/buffer.h"

#include <telemetra/dataset.h>

#include <sqlite3.h>

/**
 * SQL function of our connections, telemetra_decimal(VALUE, SCALE): 16 bytes that order and compare as the decimal
 * does, whichever form it has on disk.
 */
#define TLM_CELL_DECIMAL_KEY "telemetra_decimal"

/** Makes TLM_CELL_DECIMAL_KEY known to a connection. */
int tlm_cell_register(sqlite3 *database, tlm_error *error);

/** Binds a value for storing; its text must live until the statement was reset. Returns SQLite's code. */
int tlm_cell_bind(sqlite3_stmt *statement, int index, const tlm_column *column, const tlm_cell *cell);

/** Binds a value for comparing: as above, but a decimal as what TLM_CELL_DECIMAL_KEY gives. */
int tlm_cell_bind_filter(sqlite3_stmt *statement, int index, const tlm_column *column, const tlm_cell *cell);

/**
 * Reads a value. Text is appended to `texts` and the cell's `as.integer` is its offset there, as the bytes may move
 * while more is read. -EIO: the database holds a value of another type; -ENOMEM.
 */
int tlm_cell_read(sqlite3_stmt *statement, int index, const tlm_column *column, tlm_buffer *texts, tlm_cell *ret_cell);

#endif
