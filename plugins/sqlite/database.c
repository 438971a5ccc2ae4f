/* SPDX-License-Identifier: Apache-2.0 */
#include "database.h"

#include "cell.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/** How often a switch to WAL is tried while others hold the file: SQLite does not wait by itself there. */
enum { WAL_ATTEMPTS = 50, WAL_PAUSE_MS = 20 };

static const char own_tables[] =
    "CREATE TABLE telemetra_datasets (id TEXT PRIMARY KEY NOT NULL, mode INTEGER NOT NULL, doc TEXT NOT NULL);"
    "CREATE TABLE telemetra_columns (dataset TEXT NOT NULL, position INTEGER NOT NULL, name TEXT NOT NULL,"
    " type INTEGER NOT NULL, scale INTEGER NOT NULL, flags INTEGER NOT NULL, unit TEXT, doc TEXT NOT NULL,"
    " PRIMARY KEY (dataset, position));"
    "CREATE TABLE telemetra_pipelines (pipeline TEXT PRIMARY KEY NOT NULL, settings TEXT NOT NULL);"
    "CREATE TABLE telemetra_lanes (pipeline TEXT NOT NULL, lane INTEGER NOT NULL, epoch INTEGER NOT NULL,"
    " sequence INTEGER NOT NULL, record TEXT NOT NULL, PRIMARY KEY (pipeline, lane));"
    "CREATE TABLE telemetra_state (pipeline TEXT NOT NULL, lane INTEGER NOT NULL, component TEXT NOT NULL,"
    " key BLOB NOT NULL, value BLOB NOT NULL, PRIMARY KEY (pipeline, lane, component, key)) WITHOUT ROWID;";

int tlm_database_result(int code)
{
    switch (code & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return 0;
    case SQLITE_FULL:
        return -ENOSPC;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return -EBUSY;
    case SQLITE_READONLY:
        return -EROFS;
    case SQLITE_NOMEM:
        return -ENOMEM;
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
    case SQLITE_TOOBIG:
        return -EBADMSG;
    default:
        return -EIO;
    }
}

/* What a user can do about a code; empty where SQLite's own words have to do. */
static const char *advice_for(int code)
{
    switch (code & 0xff) {
    case SQLITE_FULL:
        return "; make room on its disk";
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return "; another program holds it for longer than busy_timeout";
    case SQLITE_READONLY:
        return "; the file and its folder must be writable";
    case SQLITE_CORRUPT:
        return "; the file is damaged: stop all that use it, keep a copy, then rescue its rows with \"sqlite3 FILE "
               ".recover\" or name another path";
    case SQLITE_NOTADB:
        return "; the file is damaged or holds something else: move it away or name another path";
    default:
        return "";
    }
}

static int fail_at(const char *path, sqlite3 *database, const char *what, tlm_error *error)
{
    int code = sqlite3_extended_errcode(database);
    int result = tlm_database_result(code);
    int cause = (code & 0xff) == SQLITE_IOERR || (code & 0xff) == SQLITE_CANTOPEN ? sqlite3_system_errno(database) : 0;
    /* A failure whose code SQLite has lost is a failure all the same. */
    return tlm_error_set(error, result < 0 ? result : -EIO, "%s: %s: %s%s%s%s", path, what, sqlite3_errmsg(database),
                         cause ? ": " : "", cause ? strerror(cause) : "", advice_for(code));
}

int tlm_database_fail(sqlite3 *database, const char *what, tlm_error *error)
{
    return fail_at(sqlite3_db_filename(database, "main"), database, what, error);
}

int tlm_database_run(sqlite3 *database, const char *sql, const char *what, tlm_error *error)
{
    if (sqlite3_exec(database, sql, NULL, NULL, NULL) == SQLITE_OK)
        return 0;
    return tlm_database_fail(database, what, error);
}

int tlm_database_prepare(sqlite3 *database, const char *sql, sqlite3_stmt **ret_statement, tlm_error *error)
{
    if (sqlite3_prepare_v3(database, sql, -1, SQLITE_PREPARE_PERSISTENT, ret_statement, NULL) == SQLITE_OK)
        return 0;
    return tlm_database_fail(database, "prepare", error);
}

int tlm_database_step(sqlite3_stmt *statement, const char *what, tlm_error *error)
{
    int code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        return 1;
    int result = code == SQLITE_DONE ? 0 : tlm_database_fail(sqlite3_db_handle(statement), what, error);
    sqlite3_reset(statement);
    return result;
}

int tlm_database_begin(sqlite3 *database, tlm_error *error)
{
    return tlm_database_run(database, "BEGIN IMMEDIATE", "begin to write", error);
}

int tlm_database_check_place(sqlite3 *database, tlm_error *error)
{
    int has_moved = 0;
    int code = sqlite3_file_control(database, "main", SQLITE_FCNTL_HAS_MOVED, &has_moved);
    const char *path = sqlite3_db_filename(database, "main");
    if (code != SQLITE_OK)
        return tlm_error_set(error, -EIO, "%s: the file cannot be examined: %s", path, sqlite3_errstr(code));
    if (has_moved)
        return tlm_error_set(error, -EIO,
                             "%s: the file was deleted or replaced while it was open; put it back, or start again with "
                             "what is there now",
                             path);
    return 0;
}

int tlm_database_commit(sqlite3 *database, tlm_error *error)
{
    int result = tlm_database_check_place(database, error);
    if (result == 0)
        result = tlm_database_run(database, "COMMIT", "commit", error);
    if (result < 0)
        tlm_database_rollback(database);
    return result;
}

void tlm_database_rollback(sqlite3 *database)
{
    /* Some failures have rolled back already. A failing ROLLBACK has still ended the transaction (SQLite's
     * documentation of ROLLBACK), and the first failure is the one to report. */
    if (!sqlite3_get_autocommit(database))
        (void)sqlite3_exec(database, "ROLLBACK", NULL, NULL, NULL);
}

/* The number that a one-row statement answers. */
static int ask_number(sqlite3 *database, const char *sql, int64_t *ret_number, tlm_error *error)
{
    sqlite3_stmt *statement;
    int result = tlm_database_prepare(database, sql, &statement, error);
    if (result < 0)
        return result;
    result = tlm_database_step(statement, "read", error);
    if (result > 0)
        *ret_number = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return result < 0 ? result : 0;
}

/* Whose file it is: 1 ours, 0 nobody's yet, negative neither. */
static int identify(sqlite3 *database, tlm_error *error)
{
    int64_t application = 0, version = 0, tables = 0;
    const char *path = sqlite3_db_filename(database, "main");
    int result = ask_number(database, "PRAGMA application_id", &application, error);
    if (result == 0)
        result = ask_number(database, "PRAGMA user_version", &version, error);
    if (result == 0)
        result = ask_number(database, "SELECT count(*) FROM sqlite_schema", &tables, error);
    if (result < 0)
        return result;
    if (application == 0 && version == 0 && tables == 0)
        return 0;
    if (application != TLM_DATABASE_APPLICATION_ID)
        return tlm_error_set(error, -EINVAL,
                             "%s: this is the database of another program (application_id %lld, expected %d, %lld "
                             "tables and indexes); name another path",
                             path, (long long)application, TLM_DATABASE_APPLICATION_ID, (long long)tables);
    if (version != TLM_DATABASE_VERSION)
        return tlm_error_set(
            error, -EINVAL, "%s: its tables have version %lld, this program knows %d; %s or name another path", path,
            (long long)version, TLM_DATABASE_VERSION,
            version > TLM_DATABASE_VERSION ? "run the newer Telemetra that wrote it" : "restore it from a copy");
    return 1;
}

static int switch_to_wal_once(sqlite3 *database, tlm_error *error)
{
    sqlite3_stmt *statement;
    int result = tlm_database_prepare(database, "PRAGMA journal_mode=WAL", &statement, error);
    if (result < 0)
        return result;
    result = tlm_database_step(statement, "switch to WAL", error);
    if (result > 0) {
        const char *mode = (const char *)sqlite3_column_text(statement, 0);
        result = 0;
        if (!mode || strcmp(mode, "wal") != 0)
            result = tlm_error_set(error, -EINVAL,
                                   "%s: its file system cannot share SQLite's write-ahead log; put it on a local disk",
                                   sqlite3_db_filename(database, "main"));
    }
    sqlite3_finalize(statement);
    return result;
}

static int switch_to_wal(sqlite3 *database, tlm_error *error)
{
    int result = switch_to_wal_once(database, error);
    for (int i = 1; result == -EBUSY && i < WAL_ATTEMPTS; i++) {
        const struct timespec pause = {.tv_nsec = WAL_PAUSE_MS * 1000000};
        nanosleep(&pause, NULL);
        result = switch_to_wal_once(database, error);
    }
    return result;
}

/* Makes our tables unless another process was first. */
static int create_tables(sqlite3 *database, tlm_error *error)
{
    char sql[96];
    int result = tlm_database_begin(database, error);
    if (result < 0)
        return result;
    result = identify(database, error);
    if (result == 0) {
        snprintf(sql, sizeof sql, "PRAGMA application_id=%d; PRAGMA user_version=%d", TLM_DATABASE_APPLICATION_ID,
                 TLM_DATABASE_VERSION);
        result = tlm_database_run(database, sql, "make its tables", error);
        if (result == 0)
            result = tlm_database_run(database, own_tables, "make its tables", error);
    }
    if (result < 0) {
        tlm_database_rollback(database);
        return result;
    }
    return tlm_database_commit(database, error);
}

static int configure(sqlite3 *database, const tlm_database_settings *settings, bool reader, tlm_error *error)
{
    char sql[256];
    sqlite3_extended_result_codes(database, 1);
    sqlite3_busy_timeout(database, (int)settings->busy_timeout_ms);
    snprintf(sql, sizeof sql,
             "PRAGMA synchronous=%s; PRAGMA cache_size=-%lld; PRAGMA temp_store=MEMORY; PRAGMA journal_size_limit=%d;"
             " PRAGMA query_only=%d",
             settings->synchronous_full ? "FULL" : "NORMAL", (long long)(settings->cache_size_bytes / 1024),
             TLM_DATABASE_LOG_BYTES, reader);
    int result = tlm_database_run(database, sql, "open", error);
    if (result < 0)
        return result;
    return tlm_cell_register(database, error);
}

/* Looks for the usual reason why a file cannot be opened or written, its folder: negative with a sentence, or 0. */
static int look_at_folder(const char *path, tlm_error *error)
{
    struct stat about;
    char folder[4096];
    const char *slash = strrchr(path, '/');
    int size = !slash || slash == path ? 1 : (int)(slash - path);
    snprintf(folder, sizeof folder, "%.*s", size, slash ? path : ".");
    if (stat(folder, &about) < 0)
        return tlm_error_set(error, -errno, "%s: the folder %s cannot be used: %s", path, folder, strerror(errno));
    if (!S_ISDIR(about.st_mode))
        return tlm_error_set(error, -ENOTDIR, "%s: %s is no folder", path, folder);
    if (stat(path, &about) == 0 && S_ISDIR(about.st_mode))
        return tlm_error_set(error, -EISDIR, "%s: this is a folder; name a file in it", path);
    if (access(folder, W_OK | X_OK) < 0)
        return tlm_error_set(error, -errno, "%s: files cannot be made in the folder %s: %s", path, folder,
                             strerror(errno));
    return 0;
}

/* Puts the folder's fault in the place of SQLite's vaguer words, where it is one. */
static int explain(const char *path, int result, tlm_error *error)
{
    int fault = result == -EIO || result == -EROFS ? look_at_folder(path, error) : 0;
    return fault < 0 ? fault : result;
}

static int open_file(const tlm_database_settings *settings, int flags, bool reader, sqlite3 **ret_database,
                     tlm_error *error)
{
    sqlite3 *database = NULL;
    int result;
    int code = sqlite3_open_v2(settings->path, &database, flags | SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (!database)
        return tlm_error_set(error, -ENOMEM, "%s: out of memory", settings->path);
    if (code != SQLITE_OK)
        result = fail_at(settings->path, database, "open", error); /* which it does not know before it is open */
    else
        result = configure(database, settings, reader, error);
    if (result < 0) {
        sqlite3_close(database);
        return explain(settings->path, result, error);
    }
    *ret_database = database;
    return 0;
}

/* Recognises the file before anything is written to it. */
static int adopt_file(sqlite3 *database, const char *path, tlm_error *error)
{
    /* At one moment: another process may just be making the tables. */
    int result = tlm_database_run(database, "BEGIN", "open", error);
    if (result == 0)
        result = identify(database, error);
    tlm_database_rollback(database);
    if (result < 0)
        return explain(path, result, error);
    if (sqlite3_db_readonly(database, "main") == 1)
        return tlm_error_set(error, -EROFS, "%s: the file can be read but not written", path);
    bool is_new = result == 0;
    result = switch_to_wal(database, error);
    if (result < 0)
        return explain(path, result, error);
    return is_new ? create_tables(database, error) : 0;
}

int tlm_database_open_writer(const tlm_database_settings *settings, sqlite3 **ret_database, tlm_error *error)
{
    sqlite3 *database = NULL;
    struct stat about;
    if (stat(settings->path, &about) == 0 && !S_ISREG(about.st_mode) && !S_ISDIR(about.st_mode))
        return tlm_error_set(error, -EINVAL, "%s: this is no regular file; name another path", settings->path);
    int result = open_file(settings, SQLITE_OPEN_CREATE, false, &database, error);
    if (result < 0)
        return result;
    result = adopt_file(database, settings->path, error);
    if (result < 0) {
        sqlite3_close(database);
        return result;
    }
    *ret_database = database;
    return 0;
}

int tlm_database_open_reader(const tlm_database_settings *settings, sqlite3 **ret_database, tlm_error *error)
{
    return open_file(settings, 0, true, ret_database, error);
}
