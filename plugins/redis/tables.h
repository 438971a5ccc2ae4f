/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file tables.h
 * The column tables of other processes. Of each dataset the first table that came is the one this process goes by for
 * its life, since frontends hold on to it; rows under another table (an older or newer program) are brought into its
 * form by the names of their columns. Any thread.
 */
#ifndef TLM_REDIS_TABLES_H
#define TLM_REDIS_TABLES_H

#include "common/rows_wire.h"

/** Different tables known at once: a few datasets in a few versions. */
#define TLM_REDIS_TABLES_MAX 64u

typedef struct tlm_redis_tables tlm_redis_tables;

int tlm_redis_tables_create(tlm_redis_tables **ret_tables);
/** No batch of its datasets may be left. Accepts NULL. */
void tlm_redis_tables_destroy(tlm_redis_tables *tables);

/** Makes a table known. 0, also when it was already; -EBADMSG, -ENOBUFS, -ENOMEM. */
int tlm_redis_tables_add(tlm_redis_tables *tables, tlm_text table, tlm_error *error);

/** The dataset that this process goes by, or NULL: no table of it has come yet. */
const tlm_dataset *tlm_redis_tables_find(tlm_redis_tables *tables, const char *id);

/**
 * Reads a message: makes its table known if it has one, and gives its rows in the form this process goes by, with one
 * reference. -ENOENT: its table is not known; -EBADMSG, -ENOBUFS, -ENOMEM.
 */
int tlm_redis_tables_decode(tlm_redis_tables *tables, tlm_text message, tlm_wire_head *ret_head,
                            const tlm_rows **ret_rows, tlm_error *error);

#endif
