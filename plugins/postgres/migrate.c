/* SPDX-License-Identifier: Apache-2.0 */
#include "migrate.h"

#include "cell.h"
#include "sql_files.h"

/** First key of our advisory locks, "TLMT"; the second is the hash of the schema's name. */
#define LOCK_CLASS "1414286676"

static const char look_sql[] = "SELECT current_setting('server_encoding'), to_regclass('telemetra_schema') IS NOT NULL";
static const char version_sql[] = "SELECT coalesce(max(version), 0)::bigint FROM telemetra_schema";
static const char note_sql[] = "INSERT INTO telemetra_schema (version, file) VALUES ($1, $2)";
static const char lock_sql[] = "SELECT pg_advisory_xact_lock(" LOCK_CLASS ", hashtext(current_setting('search_path')))";

int tlm_migrate_version(void)
{
    int count = 0;
    while (tlm_sql_versions[count].name)
        count++;
    return count;
}

static int read_version(tlm_link *link, tlm_error *error)
{
    PGresult *rows = NULL;
    int result = tlm_link_ask(link, version_sql, NULL, "read telemetra_schema", &rows, error);
    int version = result < 0 ? 0 : (int)tlm_cell_integer(rows, 0, 0);
    PQclear(rows);
    if (result < 0)
        return result;
    if (version > tlm_migrate_version())
        return tlm_link_fail(link, error, -EINVAL,
                             "schema %s has version %d, this program knows %d; run the newer Telemetra that wrote it, "
                             "or set the option schema (POSTGRES_SCHEMA) to another name",
                             link->server->settings.schema, version, tlm_migrate_version());
    return version;
}

int tlm_migrate_look(tlm_link *link, tlm_error *error)
{
    PGresult *rows = NULL;
    int result = tlm_link_ask(link, look_sql, NULL, "look at the schema", &rows, error);
    if (result < 0)
        return result;
    if (strcmp(PQgetvalue(rows, 0, 0), "UTF8") != 0)
        result = tlm_link_fail(link, error, -EINVAL,
                               "the database is encoded as %s; make one with createdb --encoding=UTF8 "
                               "--template=template0",
                               PQgetvalue(rows, 0, 0));
    bool is_there = PQgetvalue(rows, 0, 1)[0] != 0;
    PQclear(rows);
    return result < 0 || !is_there ? result : read_version(link, error);
}

static int apply(tlm_link *link, int version, tlm_error *error)
{
    const tlm_sql_file *file = &tlm_sql_versions[version - 1];
    tlm_params params = {0};
    int result = tlm_link_run(link, file->text, file->name, error);
    if (result < 0)
        return result;
    tlm_params_add_integer(&params, version);
    tlm_params_add_text(&params, tlm_text_of(file->name));
    result = tlm_link_change(link, note_sql, &params, "write telemetra_schema", error);
    return result < 0 ? result : 0;
}

/* The schema is made where there is none; who may not, but finds it, goes on. */
static int make_schema(tlm_link *link, tlm_error *error)
{
    char sql[160];
    PGresult *rows = NULL;
    int result = tlm_link_ask(link, "SELECT current_schema() IS NOT NULL", NULL, "look at the schema", &rows, error);
    bool is_there = result == 0 && PQgetvalue(rows, 0, 0)[0] != 0;
    PQclear(rows);
    if (result < 0 || is_there)
        return result;
    (void)snprintf(sql, sizeof sql, "CREATE SCHEMA \"%s\"", link->server->settings.schema);
    return tlm_link_run(link, sql, "make the schema", error);
}

int tlm_migrate_begin(tlm_link *link, tlm_error *error)
{
    char sql[160];
    PGresult *rows = NULL;
    (void)snprintf(sql, sizeof sql, "BEGIN; SET LOCAL statement_timeout = %d; SET LOCAL lock_timeout = %d",
                   TLM_MIGRATE_TIMEOUT_MS, TLM_MIGRATE_LOCK_MS);
    int result = tlm_link_run(link, sql, "begin", error);
    if (result < 0)
        return result;
    result = tlm_link_ask(link, lock_sql, NULL, "wait for others that make the tables", &rows, error);
    PQclear(rows);
    if (result == 0)
        result = make_schema(link, error);
    if (result == 0)
        result = tlm_migrate_look(link, error);
    for (int version = result + 1; result >= 0 && version <= tlm_migrate_version(); version++)
        result = apply(link, version, error);
    return result < 0 ? result : 0;
}
