/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file schema.h
 * Makes the table and indexes of a dataset from its column table, or checks that they are the ones expected.
 */
#ifndef TLM_SQLITE_SCHEMA_H
#define TLM_SQLITE_SCHEMA_H

#include <telemetra/dataset.h>

#include <sqlite3.h>

/**
 * Brings table, indexes and catalogue into line with `dataset`, in a transaction of its own. Nullable columns new at
 * the tail are added; any other difference is -EINVAL and a sentence that names table, column, expected and found.
 */
int tlm_schema_ensure(sqlite3 *database, const tlm_dataset *dataset, tlm_error *error);

#endif
