/* SPDX-License-Identifier: Apache-2.0 */
#include "descriptor.h"
#include "option_table.h"

#define SCALE_MAX 18
#define DATASET_SIZE_MIN (offsetof(tlm_dataset, column_count) + sizeof(uint32_t))

static int check_column_name(const tlm_dataset *dataset, uint32_t index, tlm_error *error)
{
    const char *name = dataset->columns[index].name;
    if (!name || !tlm_name_is_legal(name))
        return tlm_error_set(error, -EINVAL,
                             "column %u: name: expected lower case, digits and underscores after a letter, "
                             "found %.70s",
                             index + 1, name ? name : "NULL");
    for (uint32_t i = 0; i < index; i++) {
        if (strcmp(dataset->columns[i].name, name) == 0)
            return tlm_error_set(error, -EINVAL, "column '%s': name: expected one column of that name, found two",
                                 name);
    }
    return 0;
}

static int check_column(const tlm_column *column, tlm_error *error)
{
    const uint32_t known = TLM_COLUMN_KEY | TLM_COLUMN_NULLABLE | TLM_COLUMN_STREAM | TLM_COLUMN_TIMELINE;
    if (column->type < TLM_COLUMN_TEXT || column->type > TLM_COLUMN_BYTES)
        return tlm_error_set(error, -EINVAL, "column '%s': type: expected one of %d to %d, found %u", column->name,
                             TLM_COLUMN_TEXT, TLM_COLUMN_BYTES, column->type);
    if (column->scale > (column->type == TLM_COLUMN_DECIMAL ? SCALE_MAX : 0))
        return tlm_error_set(error, -EINVAL,
                             "column '%s': scale: expected at most %d, and 0 if not a decimal, found %u", column->name,
                             SCALE_MAX, column->scale);
    if (column->flags & ~known)
        return tlm_error_set(error, -EINVAL, "column '%s': flags: expected known ones, found 0x%x", column->name,
                             column->flags & ~known);
    if ((column->flags & TLM_COLUMN_KEY) && (column->flags & TLM_COLUMN_NULLABLE))
        return tlm_error_set(error, -EINVAL, "column '%s': flags: expected a key that is not nullable, found both",
                             column->name);
    if ((column->flags & TLM_COLUMN_STREAM) && column->type != TLM_COLUMN_TEXT)
        return tlm_error_set(error, -EINVAL, "column '%s': type: expected text (%d) for the stream, found %u",
                             column->name, TLM_COLUMN_TEXT, column->type);
    if ((column->flags & TLM_COLUMN_TIMELINE) && column->type != TLM_COLUMN_TIME)
        return tlm_error_set(error, -EINVAL, "column '%s': type: expected time (%d) for the timeline, found %u",
                             column->name, TLM_COLUMN_TIME, column->type);
    if (!column->doc)
        return tlm_error_set(error, -EINVAL, "column '%s': doc: expected a sentence, found NULL", column->name);
    return 0;
}

static uint32_t count_flag(const tlm_dataset *dataset, uint32_t flag)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < dataset->column_count; i++)
        count += (dataset->columns[i].flags & flag) != 0;
    return count;
}

static int check_columns(const tlm_dataset *dataset, tlm_error *error)
{
    if (dataset->column_count == 0 || dataset->column_count > TLM_DATASET_COLUMNS_MAX || !dataset->columns)
        return tlm_error_set(error, -EINVAL, "column_count: expected 1 to %d, found %u%s", TLM_DATASET_COLUMNS_MAX,
                             dataset->column_count, dataset->columns ? "" : " and no columns");
    for (uint32_t i = 0; i < dataset->column_count; i++) {
        int result = check_column_name(dataset, i, error);
        if (result == 0)
            result = check_column(&dataset->columns[i], error);
        if (result < 0)
            return result;
    }
    if (count_flag(dataset, TLM_COLUMN_KEY) == 0)
        return tlm_error_set(error, -EINVAL, "columns: expected at least one key, found none");
    if (count_flag(dataset, TLM_COLUMN_STREAM) > 1 || count_flag(dataset, TLM_COLUMN_TIMELINE) > 1)
        return tlm_error_set(error, -EINVAL, "columns: expected at most one stream and one timeline, found more");
    return 0;
}

int tlm_dataset_check(const tlm_dataset *dataset, tlm_error *error)
{
    tlm_error cause;
    if (!dataset)
        return tlm_error_set(error, -EINVAL, "datasets: expected a table, found NULL");
    if (dataset->struct_size < DATASET_SIZE_MIN)
        return tlm_error_set(error, -EINVAL, "dataset: struct_size: expected at least %zu, found %u", DATASET_SIZE_MIN,
                             dataset->struct_size);
    if (!dataset->id || !tlm_name_is_legal(dataset->id))
        return tlm_error_set(error, -EINVAL,
                             "dataset: id: expected lower case, digits and underscores after a letter, found "
                             "%.70s",
                             dataset->id ? dataset->id : "NULL");
    if (dataset->mode != TLM_DATASET_APPEND && dataset->mode != TLM_DATASET_LATEST)
        return tlm_error_set(error, -EINVAL, "dataset '%s': mode: expected %d or %d, found %u", dataset->id,
                             TLM_DATASET_APPEND, TLM_DATASET_LATEST, dataset->mode);
    if (!dataset->doc)
        return tlm_error_set(error, -EINVAL, "dataset '%s': doc: expected a sentence, found NULL", dataset->id);
    if (check_columns(dataset, &cause) < 0)
        return tlm_error_set(error, -EINVAL, "dataset '%s': %.800s", dataset->id, cause.text);
    return 0;
}
