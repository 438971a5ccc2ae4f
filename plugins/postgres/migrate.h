/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file migrate.h
 * Brings our own tables to the version of this program, with the files of infra/sql.
 */
#ifndef TLM_POSTGRES_MIGRATE_H
#define TLM_POSTGRES_MIGRATE_H

#include "link.h"

/** How long a file of infra/sql or a dataset's table may take: indexes of large tables among them. */
#define TLM_MIGRATE_TIMEOUT_MS (30 * 60 * 1000)

/** How long one process waits for another that is at it. */
#define TLM_MIGRATE_LOCK_MS 60000

/** Versions of infra/sql that this program knows. */
int tlm_migrate_version(void);

/**
 * Looks what version the schema has, without a lock and without a write: 0 there is nothing yet, else the version.
 * -EINVAL with a sentence when it is newer than this program, or when the database is not UTF-8.
 */
int tlm_migrate_look(tlm_link *link, tlm_error *error);

/**
 * Begins a transaction that holds the schema's advisory lock and applies what is missing; the caller goes on in it and
 * commits, or rolls back after any failure. Any number of processes at once.
 */
int tlm_migrate_begin(tlm_link *link, tlm_error *error);

#endif
