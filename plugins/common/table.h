/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file table.h
 * Datasets as a store's own catalogue remembers them, so that a process without the plugin that emits one can read it.
 * A catalogue belongs to one thread at a time.
 */
#ifndef TLM_COMMON_TABLE_H
#define TLM_COMMON_TABLE_H

#include <telemetra/dataset.h>

/** Datasets that one store holds at most. */
#define TLM_CATALOGUE_TABLES_MAX 256

/** Longest name of a dataset or column. */
#define TLM_TABLE_NAME_MAX 63

/** A dataset as it is remembered; all strings are owned. */
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

void tlm_table_destroy(tlm_table *table);
void tlm_catalogue_finish(tlm_catalogue *catalogue);

/** NULL when there is none. */
const tlm_table *tlm_catalogue_find(const tlm_catalogue *catalogue, const char *id);
/** NULL when there is none. */
const tlm_column *tlm_table_column(const tlm_table *table, const char *name);

/** Whether a remembered column can be one at all. */
int tlm_table_is_sane(const tlm_column *column);

/** Whether a text can name a table or column: lower case, digits and underscores behind a letter or underscore. */
int tlm_table_is_name(const char *name);
/** "text", "integer" and so on. */
const char *tlm_table_type_name(uint32_t type);
/** The first column with a flag, or NULL. */
const tlm_column *tlm_dataset_flagged(const tlm_dataset *dataset, uint32_t flag);

/** Whether a declared dataset can be a table: names, modes, types, keys. -EINVAL with a sentence. */
int tlm_dataset_check(const tlm_dataset *dataset, tlm_error *error);
/** Whether a declared column is the remembered one. -EINVAL with table, column, expected, found and `remedy`. */
int tlm_dataset_check_column(const tlm_dataset *dataset, const tlm_column *expected, const tlm_column *found,
                             const char *remedy, tlm_error *error);

/** Writes "stream_id=abc, window_start=2024-01-01T00:00:00Z" and a NUL: the key of a row, for a sentence. */
void tlm_dataset_describe_key(const tlm_dataset *dataset, const tlm_cell *cells, char *text, size_t room);

#endif
