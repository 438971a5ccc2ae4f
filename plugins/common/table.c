/* SPDX-License-Identifier: Apache-2.0 */
#include "common/table.h"

#include "common/time.h"

#include <stdlib.h>

/** Flags that decide how rows lie in a store. */
static const uint32_t layout_flags = TLM_COLUMN_KEY | TLM_COLUMN_NULLABLE;

void tlm_table_destroy(tlm_table *table)
{
    if (!table)
        return;
    for (uint32_t i = 0; i < table->column_count; i++) {
        free((char *)(uintptr_t)table->columns[i].name);
        free((char *)(uintptr_t)table->columns[i].unit);
        free((char *)(uintptr_t)table->columns[i].doc);
    }
    free(table->id);
    free(table->doc);
    free(table);
}

void tlm_catalogue_finish(tlm_catalogue *catalogue)
{
    if (!catalogue)
        return;
    for (uint32_t i = 0; i < catalogue->table_count; i++)
        tlm_table_destroy(catalogue->tables[i]);
    free(catalogue->tables);
    *catalogue = (tlm_catalogue){0};
}

const tlm_table *tlm_catalogue_find(const tlm_catalogue *catalogue, const char *id)
{
    for (uint32_t i = 0; i < catalogue->table_count; i++) {
        if (strcmp(catalogue->tables[i]->id, id) == 0)
            return catalogue->tables[i];
    }
    return NULL;
}

const tlm_column *tlm_table_column(const tlm_table *table, const char *name)
{
    for (uint32_t i = 0; i < table->column_count; i++) {
        if (strcmp(table->columns[i].name, name) == 0)
            return &table->columns[i];
    }
    return NULL;
}

int tlm_table_is_sane(const tlm_column *column)
{
    return column->type >= TLM_COLUMN_TEXT && column->type <= TLM_COLUMN_BYTES && column->scale <= 18;
}

int tlm_table_is_name(const char *name)
{
    size_t size = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_");
    return size > 0 && size <= TLM_TABLE_NAME_MAX && name[size] == '\0' && (name[0] < '0' || name[0] > '9');
}

const char *tlm_table_type_name(uint32_t type)
{
    static const char *const names[] = {"nothing", "text", "integer", "decimal", "time", "bool", "json", "bytes"};
    return type < TLM_COUNT(names) ? names[type] : "an unknown type";
}

const tlm_column *tlm_dataset_flagged(const tlm_dataset *dataset, uint32_t flag)
{
    for (uint32_t i = 0; i < dataset->column_count; i++) {
        if (dataset->columns[i].flags & flag)
            return &dataset->columns[i];
    }
    return NULL;
}

static int check_columns(const tlm_dataset *dataset, tlm_error *error)
{
    for (uint32_t i = 0; i < dataset->column_count; i++) {
        const tlm_column *column = &dataset->columns[i];
        if (!tlm_table_is_name(column->name))
            return tlm_error_set(error, -EINVAL, "dataset %s: a column cannot be named \"%s\"", dataset->id,
                                 column->name);
        if (!tlm_table_is_sane(column))
            return tlm_error_set(error, -EINVAL, "dataset %s: column %s has the unknown type %u or scale %u",
                                 dataset->id, column->name, column->type, column->scale);
    }
    return 0;
}

int tlm_dataset_check(const tlm_dataset *dataset, tlm_error *error)
{
    if (!tlm_table_is_name(dataset->id) || strncmp(dataset->id, "telemetra_", 10) == 0)
        return tlm_error_set(error, -EINVAL, "dataset \"%s\": a table cannot have this name", dataset->id);
    if (dataset->column_count < 1 || dataset->column_count > TLM_DATASET_COLUMNS_MAX)
        return tlm_error_set(error, -EINVAL, "dataset %s: %u columns, expected 1 to %d", dataset->id,
                             dataset->column_count, TLM_DATASET_COLUMNS_MAX);
    if (dataset->mode != TLM_DATASET_APPEND && dataset->mode != TLM_DATASET_LATEST)
        return tlm_error_set(error, -EINVAL, "dataset %s: unknown mode %u", dataset->id, dataset->mode);
    if (dataset->mode == TLM_DATASET_LATEST && !tlm_dataset_flagged(dataset, TLM_COLUMN_KEY))
        return tlm_error_set(error, -EINVAL, "dataset %s: rows replace each other by key, but no column is one",
                             dataset->id);
    return check_columns(dataset, error);
}

int tlm_dataset_check_column(const tlm_dataset *dataset, const tlm_column *expected, const tlm_column *found,
                             const char *remedy, tlm_error *error)
{
    if (strcmp(expected->name, found->name) != 0)
        return tlm_error_set(error, -EINVAL,
                             "table %s: expected column %s, found %s; %s or restore the plugin that wrote it",
                             dataset->id, expected->name, found->name, remedy);
    if (expected->type != found->type || expected->scale != found->scale)
        return tlm_error_set(error, -EINVAL,
                             "table %s, column %s: expected %s with scale %u, found %s with scale %u; %s or restore "
                             "the plugin that wrote it",
                             dataset->id, expected->name, tlm_table_type_name(expected->type), expected->scale,
                             tlm_table_type_name(found->type), found->scale, remedy);
    if ((expected->flags ^ found->flags) & layout_flags)
        return tlm_error_set(error, -EINVAL, "table %s, column %s: expected %s%s, found %s%s; %s", dataset->id,
                             expected->name, expected->flags & TLM_COLUMN_NULLABLE ? "nullable" : "not null",
                             expected->flags & TLM_COLUMN_KEY ? " key" : "",
                             found->flags & TLM_COLUMN_NULLABLE ? "nullable" : "not null",
                             found->flags & TLM_COLUMN_KEY ? " key" : "", remedy);
    return 0;
}

static void describe_cell(const tlm_column *column, const tlm_cell *cell, char *text, size_t room)
{
    char value[TLM_TIME_SIZE];
    if (column->type == TLM_COLUMN_TIME) {
        tlm_time_format(cell->as.integer, value);
        (void)snprintf(text, room, "%s", value);
    } else if (column->type == TLM_COLUMN_TEXT) {
        (void)snprintf(text, room, "%.*s", (int)(cell->size < 80 ? cell->size : 80), cell->size ? cell->as.text : "");
    } else if (column->type == TLM_COLUMN_INTEGER || column->type == TLM_COLUMN_BOOL) {
        (void)snprintf(text, room, "%lld", (long long)cell->as.integer);
    } else {
        (void)snprintf(text, room, "(%u bytes)", cell->size);
    }
}

void tlm_dataset_describe_key(const tlm_dataset *dataset, const tlm_cell *cells, char *text, size_t room)
{
    char value[96];
    size_t size = 0;
    text[0] = '\0';
    for (uint32_t i = 0; i < dataset->column_count && size < room; i++) {
        const tlm_column *column = &dataset->columns[i];
        if (!(column->flags & TLM_COLUMN_KEY))
            continue;
        describe_cell(column, &cells[i], value, sizeof value);
        int added = snprintf(text + size, room - size, "%s%s=%s", size ? ", " : "", column->name, value);
        size += added > 0 ? (size_t)added : 0;
    }
}
