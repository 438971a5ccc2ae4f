/* SPDX-License-Identifier: Apache-2.0 */
#include "tables.h"

#include "layout.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

/** A table, and where each column of the one to go by stands in it. */
typedef struct {
    uint64_t hash;
    tlm_dataset *dataset;
    const tlm_dataset *form;                   /* `dataset` itself, or the first of its id */
    uint32_t sources[TLM_DATASET_COLUMNS_MAX]; /* TLM_REDIS_NO_COLUMN: null */
} entry;

struct tlm_redis_tables {
    pthread_mutex_t mutex; /* guards `count`; entries below it never change */
    entry entries[TLM_REDIS_TABLES_MAX];
    uint32_t count;
};

int tlm_redis_tables_create(tlm_redis_tables **ret_tables)
{
    tlm_redis_tables *tables = calloc(1, sizeof *tables);
    if (!tables)
        return -ENOMEM;
    pthread_mutex_init(&tables->mutex, NULL); /* with default attributes nothing can fail */
    *ret_tables = tables;
    return 0;
}

void tlm_redis_tables_destroy(tlm_redis_tables *tables)
{
    if (!tables)
        return;
    for (uint32_t i = 0; i < tables->count; i++)
        tlm_wire_table_destroy(tables->entries[i].dataset);
    pthread_mutex_destroy(&tables->mutex);
    free(tables);
}

/* --- with the mutex held ----------------------------------------------------------------------------------------- */

static const entry *find_hash(const tlm_redis_tables *tables, uint64_t hash)
{
    for (uint32_t i = 0; i < tables->count; i++)
        if (tables->entries[i].hash == hash)
            return &tables->entries[i];
    return NULL;
}

static const tlm_dataset *find_form(const tlm_redis_tables *tables, const char *id)
{
    for (uint32_t i = 0; i < tables->count; i++)
        if (strcmp(tables->entries[i].dataset->id, id) == 0)
            return tables->entries[i].form;
    return NULL;
}

/* Where the columns of `form` stand in the entry's dataset; -EBADMSG when one that is never null has no place. */
static int map_columns(entry *made, tlm_error *error)
{
    for (uint32_t i = 0; i < made->form->column_count; i++) {
        const tlm_column *wanted = &made->form->columns[i];
        uint32_t at = tlm_redis_column_find(made->dataset, wanted->name);
        const tlm_column *found = at == TLM_REDIS_NO_COLUMN ? NULL : &made->dataset->columns[at];
        bool fits = found && found->type == wanted->type && found->scale == wanted->scale;
        bool may_be_null = (wanted->flags & TLM_COLUMN_NULLABLE) != 0;
        if (!may_be_null && (!fits || (found->flags & TLM_COLUMN_NULLABLE)))
            return tlm_error_set(error, -EBADMSG,
                                 "rows of '%s' come from another version of the program: their column '%s' does not "
                                 "fit; start this process again",
                                 made->form->id, wanted->name);
        made->sources[i] = fits ? at : TLM_REDIS_NO_COLUMN;
    }
    return 0;
}

static int add_locked(tlm_redis_tables *tables, tlm_text table, tlm_error *error)
{
    entry *made = &tables->entries[tables->count];
    uint64_t hash = tlm_wire_hash(table.data, table.size);
    if (find_hash(tables, hash))
        return 0;
    if (tables->count == TLM_REDIS_TABLES_MAX)
        return tlm_error_set(error, -ENOBUFS, "more than %u column tables have come; start this process again",
                             TLM_REDIS_TABLES_MAX);
    *made = (entry){.hash = hash};
    int result = tlm_wire_table_decode(table, &made->dataset, error);
    if (result < 0)
        return result;
    made->form = find_form(tables, made->dataset->id);
    if (!made->form)
        made->form = made->dataset;
    result = map_columns(made, error);
    if (result < 0)
        tlm_wire_table_destroy(made->dataset);
    else
        tables->count++;
    return result;
}

/* --- any thread -------------------------------------------------------------------------------------------------- */

int tlm_redis_tables_add(tlm_redis_tables *tables, tlm_text table, tlm_error *error)
{
    pthread_mutex_lock(&tables->mutex);
    int result = add_locked(tables, table, error);
    pthread_mutex_unlock(&tables->mutex);
    return result;
}

const tlm_dataset *tlm_redis_tables_find(tlm_redis_tables *tables, const char *id)
{
    pthread_mutex_lock(&tables->mutex);
    const tlm_dataset *form = find_form(tables, id);
    pthread_mutex_unlock(&tables->mutex);
    return form;
}

/** Rows in another form; their bytes are those of the batch they were made from. */
typedef struct {
    tlm_rows rows; /* first */
    atomic_uint references;
    const tlm_rows *from;
    tlm_cell cells[];
} formed_rows;

static void formed_ref(const tlm_rows *rows)
{
    formed_rows *formed = (formed_rows *)(uintptr_t)rows;
    atomic_fetch_add_explicit(&formed->references, 1, memory_order_relaxed);
}

static void formed_unref(const tlm_rows *rows)
{
    formed_rows *formed = (formed_rows *)(uintptr_t)rows;
    if (atomic_fetch_sub_explicit(&formed->references, 1, memory_order_acq_rel) > 1)
        return;
    formed->from->unref(formed->from);
    free(formed);
}

/* Takes over the reference to `rows`. */
static int bring_into_form(const entry *known, const tlm_rows *rows, const tlm_rows **ret_rows, tlm_error *error)
{
    const tlm_dataset *form = known->form;
    size_t cells_size = (size_t)rows->row_count * form->column_count * sizeof(tlm_cell);
    formed_rows *formed = calloc(1, sizeof *formed + cells_size);
    if (!formed) {
        rows->unref(rows);
        return tlm_error_set(error, -ENOMEM, "out of memory");
    }
    atomic_init(&formed->references, 1);
    formed->from = rows;
    formed->rows = *rows;
    formed->rows.dataset = form;
    formed->rows.cells = formed->cells;
    formed->rows.size_bytes += sizeof *formed + cells_size;
    formed->rows.ref = formed_ref;
    formed->rows.unref = formed_unref;
    for (uint32_t i = 0; i < rows->row_count; i++) {
        const tlm_cell *from = tlm_rows_at(rows, i);
        tlm_cell *to = formed->cells + (size_t)i * form->column_count;
        for (uint32_t j = 0; j < form->column_count; j++)
            if (known->sources[j] != TLM_REDIS_NO_COLUMN)
                to[j] = from[known->sources[j]];
    }
    *ret_rows = &formed->rows;
    return 0;
}

int tlm_redis_tables_decode(tlm_redis_tables *tables, tlm_text message, tlm_wire_head *ret_head,
                            const tlm_rows **ret_rows, tlm_error *error)
{
    tlm_wire_head head;
    const tlm_rows *rows = NULL;
    int result = tlm_wire_head_decode(message, &head, error);
    if (result < 0)
        return result;
    pthread_mutex_lock(&tables->mutex);
    if (head.table.size > 0)
        result = add_locked(tables, head.table, error);
    const entry *known = result == 0 ? find_hash(tables, head.table_hash) : NULL;
    pthread_mutex_unlock(&tables->mutex);
    if (!known)
        return result < 0 ? result : tlm_error_set(error, -ENOENT, "rows under an unknown column table");
    result = tlm_wire_rows_decode(&head, known->dataset, &rows, error);
    if (result == 0 && known->form != known->dataset)
        result = bring_into_form(known, rows, &rows, error);
    if (result < 0)
        return result;
    *ret_head = head;
    *ret_rows = rows;
    return 0;
}
