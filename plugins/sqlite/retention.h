/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file retention.h
 * Deletes rows that are older than they may become, a few at a time. Of the writer thread alone.
 */
#ifndef TLM_SQLITE_RETENTION_H
#define TLM_SQLITE_RETENTION_H

#include <telemetra/base.h>

#include <sqlite3.h>

/** Rows deleted in one step; a waiting flush waits for one step at most. */
#define TLM_RETENTION_ROWS 500

/** How often it looks for old rows once there are none left. */
#define TLM_RETENTION_INTERVAL_MS 60000

/**
 * Deletes up to TLM_RETENTION_ROWS rows whose timeline lies before `before_ns`, from one dataset that only grows.
 * Returns the number deleted: 0 when no dataset has such a row.
 */
int tlm_retention_step(sqlite3 *database, int64_t before_ns, tlm_error *error);

#endif
