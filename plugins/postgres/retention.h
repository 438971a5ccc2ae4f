/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file retention.h
 * Deletes rows that are older than they may become, a few at a time.
 */
#ifndef TLM_POSTGRES_RETENTION_H
#define TLM_POSTGRES_RETENTION_H

#include "link.h"

/** Rows deleted in one transaction, which so holds their locks for some milliseconds. */
#define TLM_RETENTION_ROWS 2000

/** How often it looks for old rows once there are none left. */
#define TLM_RETENTION_INTERVAL_MS 60000

/**
 * Deletes up to TLM_RETENTION_ROWS rows whose timeline lies before `before_ns`, from one dataset that only grows.
 * Returns the number deleted: 0 when no dataset has such a row, or another process is at it.
 */
int tlm_retention_step(tlm_link *link, int64_t before_ns, tlm_error *error);

#endif
