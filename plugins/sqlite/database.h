/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file database.h
 * Connections to the database file: opened, recognised as ours, and their failures put into results and sentences.
 * A connection belongs to one thread at a time.
 */
#ifndef TLM_SQLITE_DATABASE_H
#define TLM_SQLITE_DATABASE_H

#include <telemetra/base.h>

#include <sqlite3.h>
#include <stdbool.h>

/** In the file's header (PRAGMA application_id): "TLMT". */
#define TLM_DATABASE_APPLICATION_ID 0x544c4d54

/** In the file's header (PRAGMA user_version): the form of the tables whose names begin with telemetra_. */
#define TLM_DATABASE_VERSION 1

/** The log file is cut back to this after a checkpoint. */
#define TLM_DATABASE_LOG_BYTES (64 * 1024 * 1024)

typedef struct tlm_database_settings {
    const char *path;
    int64_t busy_timeout_ms, cache_size_bytes;
    bool synchronous_full;
} tlm_database_settings;

/**
 * Opens the writing connection, in WAL mode; makes the file and our own tables where there are none. Refuses, without
 * a byte written, a file that is another program's, newer than this code, damaged, or not writable.
 */
int tlm_database_open_writer(const tlm_database_settings *settings, sqlite3 **ret_database, tlm_error *error);

/** Opens a connection that cannot write rows; the writer has been opened before. */
int tlm_database_open_reader(const tlm_database_settings *settings, sqlite3 **ret_database, tlm_error *error);

/**
 * The result for a code of SQLite: -ENOSPC, -EBUSY, -EROFS, -ENOMEM and -EIO may pass, -EBADMSG is what a row itself
 * causes, 0 for what is no error.
 */
int tlm_database_result(int code);

/** The result of the connection's last failure, and its sentence: "PATH: WHAT: reason; what to do". */
int tlm_database_fail(sqlite3 *database, const char *what, tlm_error *error);

/** Runs statements without results; `what` they are for stands in the sentence. */
int tlm_database_run(sqlite3 *database, const char *sql, const char *what, tlm_error *error);

/** Prepares a statement that is kept (SQLITE_PREPARE_PERSISTENT). */
int tlm_database_prepare(sqlite3 *database, const char *sql, sqlite3_stmt **ret_statement, tlm_error *error);

/** Steps: 1 for a row, 0 for done, negative with a sentence; resets the statement unless it returns 1. */
int tlm_database_step(sqlite3_stmt *statement, const char *what, tlm_error *error);

/** -EIO with a sentence when the path no longer leads to the open file: what is written there nobody would find. */
int tlm_database_check_place(sqlite3 *database, tlm_error *error);

/** Begins a transaction that writes. */
int tlm_database_begin(sqlite3 *database, tlm_error *error);
/** Commits, unless the path no longer leads to the file; on failure the transaction is rolled back. */
int tlm_database_commit(sqlite3 *database, tlm_error *error);
/** Ends whatever transaction is open; without one, nothing. The connection is usable afterwards. */
void tlm_database_rollback(sqlite3 *database);

#endif
