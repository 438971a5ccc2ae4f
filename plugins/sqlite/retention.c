/* SPDX-License-Identifier: Apache-2.0 */
#include "retention.h"

#include "catalogue.h"
#include "database.h"

static const tlm_column *timeline_of(const tlm_table *table)
{
    for (uint32_t i = 0; i < table->column_count && table->mode == TLM_DATASET_APPEND; i++) {
        if (table->columns[i].flags & TLM_COLUMN_TIMELINE)
            return &table->columns[i];
    }
    return NULL;
}

/* Statement by statement, each a transaction of its own. Returns the rows deleted. */
static int delete_some(sqlite3 *database, const char *id, const char *column, int64_t before_ns, tlm_error *error)
{
    char sql[6 * TLM_TABLE_NAME_MAX + 128];
    sqlite3_stmt *statement;
    snprintf(sql, sizeof sql,
             "DELETE FROM \"%s\" WHERE rowid IN (SELECT rowid FROM \"%s\" WHERE \"%s\" < ?1 ORDER BY \"%s\" LIMIT %d)",
             id, id, column, column, TLM_RETENTION_ROWS);
    int result = tlm_database_prepare(database, sql, &statement, error);
    if (result < 0)
        return result;
    sqlite3_bind_int64(statement, 1, before_ns);
    result = tlm_database_step(statement, "delete old rows", error);
    sqlite3_finalize(statement);
    return result < 0 ? result : sqlite3_changes(database);
}

int tlm_retention_step(sqlite3 *database, int64_t before_ns, tlm_error *error)
{
    tlm_catalogue catalogue;
    int result = tlm_catalogue_load(database, &catalogue, error);
    if (result < 0)
        return result;
    for (uint32_t i = 0; i < catalogue.table_count && result == 0; i++) {
        const tlm_column *timeline = timeline_of(catalogue.tables[i]);
        if (timeline)
            result = delete_some(database, catalogue.tables[i]->id, timeline->name, before_ns, error);
    }
    tlm_catalogue_finish(&catalogue);
    return result;
}
