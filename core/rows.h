/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file rows.h
 * Builds refcounted batches of rows (tlm_rows) from cells that are copied in. One thread builds; any may hold the
 * result.
 */
#ifndef TLM_CORE_ROWS_H
#define TLM_CORE_ROWS_H

#include <telemetra/telemetra.h>

/** A batch in the making. */
typedef struct tlm_rows_builder tlm_rows_builder;

/** A builder for one dataset and one value of flags (TLM_ROWS_...). -ENOMEM. */
int tlm_rows_builder_create(const tlm_dataset *dataset, uint32_t flags, tlm_rows_builder **ret_builder);
void tlm_rows_builder_destroy(tlm_rows_builder *builder);

/** Copies one row of dataset->column_count cells and their texts. -ENOMEM: the batch is as it was. */
int tlm_rows_builder_add(tlm_rows_builder *builder, const tlm_cell *cells);

const tlm_dataset *tlm_rows_builder_dataset(const tlm_rows_builder *builder);
uint32_t tlm_rows_builder_count(const tlm_rows_builder *builder);
uint64_t tlm_rows_builder_size_bytes(const tlm_rows_builder *builder);

/** Turns what was added into a batch with one reference, which the caller owns, and frees the builder. */
const tlm_rows *tlm_rows_builder_finish(tlm_rows_builder *builder);

#endif
