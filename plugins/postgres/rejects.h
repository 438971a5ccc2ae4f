/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file rejects.h
 * Rows that the database refuses for what they hold are kept as JSON in telemetra_rejects, in the same transaction.
 */
#ifndef TLM_POSTGRES_REJECTS_H
#define TLM_POSTGRES_REJECTS_H

#include "link.h"

#include <telemetra/sink.h>

/**
 * Keeps a row with the code and the sentence of its refusal. Text that is not UTF-8 appears with U+FFFD, as JSON has no
 * other way; U+0000 as its escape.
 */
int tlm_rejects_keep(tlm_link *link, const char *pipeline, const tlm_flush *flush, const tlm_dataset *dataset,
                     const tlm_cell *cells, const char *sqlstate, const char *reason, tlm_error *error);

#endif
