/* SPDX-License-Identifier: Apache-2.0 */
#include "catalogue.h"

#include "cell.h"

#include <stdlib.h>

enum { ID, MODE, DATASET_DOC, NAME, TYPE, SCALE, FLAGS, UNIT, DOC };

static const char load_sql[] =
    "SELECT d.id, d.mode, d.doc, c.name, c.type, c.scale, c.flags, c.unit, c.doc"
    " FROM telemetra_datasets d JOIN telemetra_columns c ON c.dataset = d.id ORDER BY d.id, c.position";

static char *copy_text(const PGresult *rows, int row, int index)
{
    return PQgetisnull(rows, row, index) ? NULL : strdup(PQgetvalue(rows, row, index));
}

/* The table that a row belongs to: the last one or, with another id, a new one. */
static int find_table(tlm_catalogue *catalogue, const PGresult *rows, int row, tlm_table **ret_table, tlm_error *error)
{
    tlm_table *table = catalogue->table_count ? catalogue->tables[catalogue->table_count - 1] : NULL;
    if (!table || strcmp(table->id, PQgetvalue(rows, row, ID)) != 0) {
        if (catalogue->table_count == TLM_CATALOGUE_TABLES_MAX)
            return tlm_error_set(error, -EIO, "telemetra_datasets: more than %d datasets", TLM_CATALOGUE_TABLES_MAX);
        table = calloc(1, sizeof *table);
        if (!table)
            return tlm_error_set(error, -ENOMEM, "out of memory");
        catalogue->tables[catalogue->table_count++] = table;
        table->id = copy_text(rows, row, ID);
        table->doc = copy_text(rows, row, DATASET_DOC);
        table->mode = (uint32_t)tlm_cell_integer(rows, row, MODE);
        if (!table->id || !table->doc)
            return tlm_error_set(error, -ENOMEM, "out of memory");
    }
    *ret_table = table;
    return 0;
}

static int read_row(tlm_catalogue *catalogue, const PGresult *rows, int row, tlm_error *error)
{
    tlm_table *table = NULL;
    int result = find_table(catalogue, rows, row, &table, error);
    if (result < 0)
        return result;
    if (table->column_count == TLM_DATASET_COLUMNS_MAX)
        return tlm_error_set(error, -EIO, "telemetra_columns: dataset %s has more than %d columns", table->id,
                             TLM_DATASET_COLUMNS_MAX);
    tlm_column *column = &table->columns[table->column_count++];
    column->name = copy_text(rows, row, NAME);
    column->type = (uint32_t)tlm_cell_integer(rows, row, TYPE);
    column->scale = (uint32_t)tlm_cell_integer(rows, row, SCALE);
    column->flags = (uint32_t)tlm_cell_integer(rows, row, FLAGS);
    column->unit = copy_text(rows, row, UNIT);
    column->doc = copy_text(rows, row, DOC);
    if (!column->name || !column->doc)
        return tlm_error_set(error, -ENOMEM, "out of memory");
    if (!tlm_table_is_sane(column))
        return tlm_error_set(error, -EIO, "telemetra_columns: column %s of dataset %s has an unknown type or scale",
                             column->name, table->id);
    return 0;
}

int tlm_catalogue_load(tlm_link *link, tlm_catalogue *ret_catalogue, tlm_error *error)
{
    PGresult *rows = NULL;
    tlm_catalogue catalogue = {.tables = calloc(TLM_CATALOGUE_TABLES_MAX, sizeof *catalogue.tables)};
    if (!catalogue.tables)
        return tlm_error_set(error, -ENOMEM, "out of memory");
    int result = tlm_link_ask(link, load_sql, NULL, "read telemetra_columns", &rows, error);
    for (int i = 0; result == 0 && i < PQntuples(rows); i++)
        result = read_row(&catalogue, rows, i, error);
    PQclear(rows);
    if (result < 0) {
        tlm_catalogue_finish(&catalogue);
        return result;
    }
    *ret_catalogue = catalogue;
    return 0;
}
