/* SPDX-License-Identifier: Apache-2.0 */
#include "retention.h"

#include "catalogue.h"
#include "statement.h"

/** First key of the lock that one process at a time holds, "TLMR"; the second is the hash of the schema's name. */
static const char lock_sql[] = "SELECT pg_try_advisory_xact_lock(1414286674, hashtext(current_setting('search_path')))";

static const tlm_column *timeline_of(const tlm_table *table)
{
    for (uint32_t i = 0; i < table->column_count && table->mode == TLM_DATASET_APPEND; i++) {
        if (table->columns[i].flags & TLM_COLUMN_TIMELINE)
            return &table->columns[i];
    }
    return NULL;
}

/* The oldest by the index on the timeline; by their place in the table, so that each is looked up once. */
static int delete_some(tlm_link *link, const tlm_table *table, const tlm_column *timeline, int64_t before_ns,
                       tlm_error *error)
{
    tlm_buffer sql = TLM_BUFFER_INIT;
    tlm_params params = {0};
    tlm_statement_add_name(&sql, "DELETE FROM ", table->id);
    tlm_statement_add_name(&sql, " WHERE ctid = ANY (ARRAY(SELECT ctid FROM ", table->id);
    tlm_statement_add_name(&sql, " WHERE ", timeline->name);
    tlm_statement_add_name(&sql, " < $1 ORDER BY ", timeline->name);
    tlm_statement_addf(&sql, " LIMIT %d))", TLM_RETENTION_ROWS);
    tlm_buffer_append_char(&sql, '\0');
    tlm_params_add_bigint(&params, before_ns);
    int result = sql.error < 0 ? tlm_error_set(error, -ENOMEM, "out of memory")
                               : tlm_link_change(link, sql.data, &params, "delete old rows", error);
    tlm_buffer_finish(&sql);
    return result;
}

static int delete_of_first(tlm_link *link, int64_t before_ns, tlm_error *error)
{
    tlm_catalogue catalogue;
    int result = tlm_catalogue_load(link, &catalogue, error);
    if (result < 0)
        return result;
    for (uint32_t i = 0; i < catalogue.table_count && result == 0; i++) {
        const tlm_column *timeline = timeline_of(catalogue.tables[i]);
        if (timeline)
            result = delete_some(link, catalogue.tables[i], timeline, before_ns, error);
    }
    tlm_catalogue_finish(&catalogue);
    return result;
}

int tlm_retention_step(tlm_link *link, int64_t before_ns, tlm_error *error)
{
    PGresult *rows = NULL;
    int deleted = 0;
    int result = tlm_link_run(link, "BEGIN", "delete old rows", error);
    if (result == 0)
        result = tlm_link_ask(link, lock_sql, NULL, "delete old rows", &rows, error);
    bool is_ours = result == 0 && PQgetvalue(rows, 0, 0)[0] != 0;
    PQclear(rows);
    if (is_ours)
        result = deleted = delete_of_first(link, before_ns, error);
    if (result >= 0)
        result = tlm_link_run(link, "COMMIT", "delete old rows", error);
    if (result < 0)
        tlm_link_rollback(link);
    return result < 0 ? result : deleted;
}
