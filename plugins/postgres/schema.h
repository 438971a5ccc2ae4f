/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file schema.h
 * Makes the table, indexes and view of a dataset from its column table, or checks that they are the ones expected.
 */
#ifndef TLM_POSTGRES_SCHEMA_H
#define TLM_POSTGRES_SCHEMA_H

#include "catalogue.h"
#include "link.h"

/** Longest name of a dataset, so that those of its indexes are not cut (63 bytes). */
#define TLM_SCHEMA_DATASET_MAX 44

/**
 * Brings table, indexes, view and catalogue into line with `dataset`, inside the transaction of tlm_migrate_begin.
 * Nullable columns new at the tail are added; a table with more nullable columns, which a newer program made, will do;
 * any other difference is -EINVAL and a sentence that names table, column, expected and found.
 */
int tlm_schema_ensure(tlm_link *link, const tlm_catalogue *catalogue, const tlm_dataset *dataset, tlm_error *error);

/** Whether the catalogue knows the dataset exactly or with more nullable columns: nothing is to be done. */
bool tlm_schema_is_current(const tlm_catalogue *catalogue, const tlm_dataset *dataset);

#endif
