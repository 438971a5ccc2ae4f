/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file targets.h
 * Where rows go: for each dataset its table and kept INSERT statements. Of the writer thread alone (of the main thread
 * before it runs).
 */
#ifndef TLM_SQLITE_TARGETS_H
#define TLM_SQLITE_TARGETS_H

#include "catalogue.h"

#include <telemetra/dataset.h>

#include <sqlite3.h>
#include <stdbool.h>

/** One dataset. */
typedef struct tlm_target {
    const tlm_dataset *dataset;
    sqlite3_stmt *insert;  /**< a second row of a key is a conflict (APPEND) or replaces the first (LATEST) */
    sqlite3_stmt *replace; /**< a second row of a key replaces the first */
} tlm_target;

typedef struct tlm_targets {
    sqlite3 *database;
    tlm_target items[TLM_CATALOGUE_TABLES_MAX];
    uint32_t count;
} tlm_targets;

/** Makes or checks the dataset's table, unless that was done before. Outside of a transaction. */
int tlm_targets_prepare(tlm_targets *targets, const tlm_dataset *dataset, tlm_error *error);
/** Frees the statements. */
void tlm_targets_finish(tlm_targets *targets);

/**
 * Writes rows of a prepared dataset inside the open transaction. -EBADMSG with a sentence naming table and key when a
 * row is refused; `again`: the rows may have been written before, so that they replace what has their key.
 */
int tlm_targets_write(tlm_targets *targets, const tlm_rows *rows, bool again, tlm_error *error);

#endif
