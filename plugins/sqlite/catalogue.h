/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file catalogue.h
 * The column tables as the database itself keeps them (telemetra_datasets, telemetra_columns), so that a process
 * without the plugin that emits a dataset can still read it.
 */
#ifndef TLM_SQLITE_CATALOGUE_H
#define TLM_SQLITE_CATALOGUE_H

#include "common/table.h"

#include <sqlite3.h>

/** Reads all of it. -EIO when it contradicts itself. */
int tlm_catalogue_load(sqlite3 *database, tlm_catalogue *ret_catalogue, tlm_error *error);
/** Reads one dataset: 1 and the table, which tlm_table_destroy frees, or 0 when there is none. */
int tlm_table_load(sqlite3 *database, const char *id, tlm_table **ret_table, tlm_error *error);

#endif
