/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file catalogue.h
 * The column tables as the database itself keeps them (telemetra_datasets, telemetra_columns), so that a process
 * without the plugin that emits a dataset can still read it.
 */
#ifndef TLM_SQLITE_CATALOGUE_H
#define TLM_SQLITE_CATALOGUE_H

#include <telemetra/dataset.h>

#include <sqlite3.h>

/** Datasets that one database holds at most. */
#define TLM_CATALOGUE_TABLES_MAX 256

/** A dataset read from the database; all strings are owned. */
typedef struct tlm_table {
    char *id;
    char *doc;
    uint32_t mode;
    uint32_t column_count;
    tlm_column columns[TLM_DATASET_COLUMNS_MAX];
} tlm_table;

typedef struct tlm_catalogue {
    tlm_table **tables;
    uint32_t table_count;
} tlm_catalogue;

/** Reads all of it. -EIO when it contradicts itself. */
int tlm_catalogue_load(sqlite3 *database, tlm_catalogue *ret_catalogue, tlm_error *error);
/** Reads one dataset: 1 and the table, which tlm_table_destroy frees, or 0 when there is none. */
int tlm_table_load(sqlite3 *database, const char *id, tlm_table **ret_table, tlm_error *error);
void tlm_table_destroy(tlm_table *table);
void tlm_catalogue_finish(tlm_catalogue *catalogue);

/** NULL when there is none. */
const tlm_table *tlm_catalogue_find(const tlm_catalogue *catalogue, const char *id);
/** NULL when there is none. */
const tlm_column *tlm_table_column(const tlm_table *table, const char *name);

#endif
