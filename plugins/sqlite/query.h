/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file query.h
 * Answers store queries from the database. Any thread.
 */
#ifndef TLM_SQLITE_QUERY_H
#define TLM_SQLITE_QUERY_H

#include "readers.h"

#include <telemetra/store.h>

typedef struct tlm_queries tlm_queries;

/** `readers` must outlive it. Queries asking for more than `max_rows` are refused. */
int tlm_queries_create(tlm_readers *readers, uint32_t max_rows, tlm_queries **ret_queries, tlm_error *error);
void tlm_queries_destroy(tlm_queries *queries);

/** tlm_store.query */
int tlm_queries_run(tlm_queries *queries, const tlm_query *query, tlm_result **ret_result, tlm_error *error);

#endif
