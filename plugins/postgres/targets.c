/* SPDX-License-Identifier: Apache-2.0 */
#include "targets.h"

#include "cell.h"
#include "migrate.h"
#include "schema.h"
#include "statement.h"

#include <stdlib.h>

void tlm_targets_init(tlm_targets *targets)
{
    *targets = (tlm_targets){0};
    pthread_mutex_init(&targets->mutex, NULL);
}

void tlm_targets_finish(tlm_targets *targets)
{
    for (uint32_t i = 0; i < targets->count; i++) {
        free(targets->items[i].copy);
        free(targets->items[i].upsert);
    }
    pthread_mutex_destroy(&targets->mutex);
}

/* --- statements -------------------------------------------------------------------------------------------------- */

/* The names of the columns with all of `flags`, or of all columns, separated by commas. */
static void add_columns(tlm_buffer *sql, const tlm_dataset *dataset, uint32_t flags)
{
    const char *before = "";
    for (uint32_t i = 0; i < dataset->column_count; i++) {
        if ((dataset->columns[i].flags & flags) != flags)
            continue;
        tlm_statement_add_name(sql, before, dataset->columns[i].name);
        before = ", ";
    }
}

static int finish_text(tlm_buffer *sql, char **ret_text, tlm_error *error)
{
    size_t size;
    tlm_buffer_append_char(sql, '\0');
    char *text = tlm_buffer_take(sql, &size);
    if (!text)
        return tlm_error_set(error, -ENOMEM, "out of memory");
    *ret_text = text;
    return 0;
}

static int make_copy(const tlm_dataset *dataset, char **ret_text, tlm_error *error)
{
    tlm_buffer sql = TLM_BUFFER_INIT;
    tlm_statement_add_name(&sql, "COPY ", dataset->id);
    tlm_statement_add(&sql, " (");
    add_columns(&sql, dataset, 0);
    tlm_statement_add(&sql, ") FROM STDIN (FORMAT binary)");
    return finish_text(&sql, ret_text, error);
}

/* SET every column that is no key to the new value; NOTHING when the key is all there is. */
static void add_replacement(tlm_buffer *sql, const tlm_dataset *dataset)
{
    const char *before = ") DO UPDATE SET ";
    tlm_statement_add(sql, " ON CONFLICT (");
    add_columns(sql, dataset, TLM_COLUMN_KEY);
    for (uint32_t i = 0; i < dataset->column_count; i++) {
        if (dataset->columns[i].flags & TLM_COLUMN_KEY)
            continue;
        tlm_statement_add_name(sql, before, dataset->columns[i].name);
        tlm_statement_add_name(sql, " = excluded.", dataset->columns[i].name);
        before = ", ";
    }
    if (before[0] == ')')
        tlm_statement_add(sql, ") DO NOTHING");
}

/*
 * One array a column; of several rows of a key the last one counts, and keys come in order, so that transactions that
 * share some do not wait for each other in a circle.
 */
static int make_upsert(const tlm_dataset *dataset, char **ret_text, tlm_error *error)
{
    tlm_buffer sql = TLM_BUFFER_INIT;
    tlm_statement_add_name(&sql, "INSERT INTO ", dataset->id);
    tlm_statement_add(&sql, " (");
    add_columns(&sql, dataset, 0);
    tlm_statement_add(&sql, ") SELECT DISTINCT ON (");
    add_columns(&sql, dataset, TLM_COLUMN_KEY);
    tlm_statement_add(&sql, ") ");
    add_columns(&sql, dataset, 0);
    tlm_statement_add(&sql, " FROM unnest(");
    for (uint32_t i = 0; i < dataset->column_count; i++)
        tlm_statement_addf(&sql, "%s$%u::%s[]", i ? ", " : "", i + 1, tlm_cell_type_name(&dataset->columns[i]));
    tlm_statement_add(&sql, ") WITH ORDINALITY AS given (");
    add_columns(&sql, dataset, 0);
    tlm_statement_add(&sql, ", telemetra_place) ORDER BY ");
    add_columns(&sql, dataset, TLM_COLUMN_KEY);
    tlm_statement_add(&sql, ", telemetra_place DESC");
    add_replacement(&sql, dataset);
    return finish_text(&sql, ret_text, error);
}

/* --- tables ------------------------------------------------------------------------------------------------------ */

/* Mutex held. */
static tlm_target *find(tlm_targets *targets, const tlm_dataset *dataset)
{
    for (uint32_t i = 0; i < targets->count; i++) {
        if (targets->items[i].dataset == dataset)
            return &targets->items[i];
    }
    return NULL;
}

/* Mutex held. */
static int add(tlm_targets *targets, const tlm_dataset *dataset, tlm_error *error)
{
    tlm_target target = {.dataset = dataset};
    int result = tlm_dataset_check(dataset, error);
    if (result < 0)
        return result;
    if (targets->count == TLM_CATALOGUE_TABLES_MAX)
        return tlm_error_set(error, -EINVAL, "dataset %s: more than %d datasets", dataset->id,
                             TLM_CATALOGUE_TABLES_MAX);
    result = make_copy(dataset, &target.copy, error);
    if (result == 0 && tlm_dataset_flagged(dataset, TLM_COLUMN_KEY))
        result = make_upsert(dataset, &target.upsert, error);
    if (result < 0) {
        free(target.copy);
        return result;
    }
    targets->items[targets->count++] = target;
    targets->is_ready = false;
    return 0;
}

int tlm_targets_add(tlm_targets *targets, const tlm_dataset *dataset, tlm_error *error)
{
    pthread_mutex_lock(&targets->mutex);
    int result = find(targets, dataset) ? 0 : add(targets, dataset, error);
    pthread_mutex_unlock(&targets->mutex);
    return result;
}

const tlm_target *tlm_targets_find(tlm_targets *targets, const tlm_dataset *dataset)
{
    pthread_mutex_lock(&targets->mutex);
    const tlm_target *target = find(targets, dataset);
    pthread_mutex_unlock(&targets->mutex);
    return target;
}

/* Whether all is there already, found without a lock and without a write: readers may not be able to. */
static int look(const tlm_targets *targets, tlm_link *link, bool *ret_ready, tlm_error *error)
{
    tlm_catalogue catalogue;
    int result = tlm_migrate_look(link, error);
    if (result < tlm_migrate_version()) {
        *ret_ready = false;
        return result < 0 ? result : 0;
    }
    result = tlm_catalogue_load(link, &catalogue, error);
    if (result < 0)
        return result;
    *ret_ready = true;
    for (uint32_t i = 0; i < targets->count; i++)
        *ret_ready = *ret_ready && tlm_schema_is_current(&catalogue, targets->items[i].dataset);
    tlm_catalogue_finish(&catalogue);
    return 0;
}

static int make_tables(const tlm_targets *targets, tlm_link *link, tlm_error *error)
{
    tlm_catalogue catalogue;
    int result = tlm_migrate_begin(link, error);
    if (result < 0)
        return result;
    result = tlm_catalogue_load(link, &catalogue, error);
    if (result < 0)
        return result;
    for (uint32_t i = 0; i < targets->count && result == 0; i++)
        result = tlm_schema_ensure(link, &catalogue, targets->items[i].dataset, error);
    tlm_catalogue_finish(&catalogue);
    return result < 0 ? result : tlm_link_run(link, "COMMIT", "make the tables", error);
}

static int prepare(tlm_targets *targets, tlm_link *link, tlm_error *error)
{
    bool is_ready = false;
    int result = look(targets, link, &is_ready, error);
    if (result < 0 || is_ready)
        return result;
    link->deadline_ms = TLM_MIGRATE_TIMEOUT_MS + TLM_SERVER_GRACE_MS;
    result = make_tables(targets, link, error);
    link->deadline_ms = 0;
    if (result < 0)
        tlm_link_rollback(link);
    return result;
}

int tlm_targets_prepare(tlm_targets *targets, tlm_link *link, tlm_error *error)
{
    int result = 0;
    pthread_mutex_lock(&targets->mutex);
    if (!targets->is_ready)
        result = prepare(targets, link, error);
    if (result == 0)
        targets->is_ready = true;
    pthread_mutex_unlock(&targets->mutex);
    return result;
}

void tlm_targets_doubt(tlm_targets *targets)
{
    pthread_mutex_lock(&targets->mutex);
    targets->is_ready = false;
    pthread_mutex_unlock(&targets->mutex);
}
