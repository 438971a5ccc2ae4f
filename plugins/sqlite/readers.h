/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file readers.h
 * A small pool of reading connections, each used by one thread at a time, with the statements it has prepared before.
 * Readers never wait for the writer, nor it for them (WAL).
 */
#ifndef TLM_SQLITE_READERS_H
#define TLM_SQLITE_READERS_H

#include "database.h"

#define TLM_READERS_MAX 16

/** Statements that a reader keeps prepared; the one unused for longest makes room. */
#define TLM_READER_STATEMENTS_MAX 24

typedef struct tlm_reader tlm_reader;
typedef struct tlm_readers tlm_readers;

/** Opens `count` (1..TLM_READERS_MAX) connections. */
int tlm_readers_create(const tlm_database_settings *settings, uint32_t count, tlm_readers **ret_readers,
                       tlm_error *error);
/** Closes them; none is in use. Accepts NULL. */
void tlm_readers_destroy(tlm_readers *readers);

/** Waits until a reader is free. Any thread; give it back with tlm_readers_release, and ask for one at a time. */
tlm_reader *tlm_readers_acquire(tlm_readers *readers);
void tlm_readers_release(tlm_readers *readers, tlm_reader *reader);

sqlite3 *tlm_reader_database(tlm_reader *reader);
/** A prepared statement of the reader's, reset and unbound; reset it after use, never finalize it. */
int tlm_reader_prepare(tlm_reader *reader, const char *sql, sqlite3_stmt **ret_statement, tlm_error *error);

#endif
