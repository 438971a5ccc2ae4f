/* SPDX-License-Identifier: Apache-2.0 */
#include "write.h"

#include "cell.h"

#include <assert.h>

/* "PGCOPY\n\377\r\n\0", flags, length of the header's extension (manual of COPY, binary format). */
static const char copy_head[19] = "PGCOPY\n\377\r\n\0";

static size_t row_size(const tlm_dataset *dataset, const tlm_cell *cells)
{
    size_t size = 2;
    for (uint32_t i = 0; i < dataset->column_count; i++)
        size += tlm_cell_size_max(&dataset->columns[i], &cells[i]);
    return size;
}

static void append_row(tlm_buffer *bytes, const tlm_dataset *dataset, const tlm_cell *cells)
{
    char *at = tlm_buffer_reserve(bytes, row_size(dataset, cells));
    if (!at)
        return;
    const char *first = at;
    at = tlm_cell_write16(at, (uint16_t)dataset->column_count);
    for (uint32_t i = 0; i < dataset->column_count; i++)
        at = tlm_cell_write(at, &dataset->columns[i], &cells[i]);
    bytes->size += (size_t)(at - first);
}

/* As many rows as one statement takes: at least one. */
static uint32_t rows_of_statement(const tlm_slice *slice, uint32_t done)
{
    size_t size = 0;
    uint32_t count = 0;
    while (done + count < slice->count) {
        size += row_size(slice->rows->dataset, tlm_rows_at(slice->rows, slice->first + done + count));
        if (count > 0 && size > TLM_WRITE_BYTES_MAX)
            break;
        count++;
    }
    return count;
}

static int copy_rows(tlm_link *link, const tlm_target *target, const tlm_slice *slice, tlm_error *error)
{
    char end[2];
    tlm_buffer bytes = TLM_BUFFER_INIT;
    tlm_buffer_append(&bytes, copy_head, sizeof copy_head);
    for (uint32_t i = 0; i < slice->count; i++)
        append_row(&bytes, target->dataset, tlm_rows_at(slice->rows, slice->first + i));
    tlm_cell_write16(end, UINT16_MAX);
    tlm_buffer_append(&bytes, end, sizeof end);
    int result = bytes.error < 0
                     ? tlm_error_set(error, -ENOMEM, "out of memory")
                     : tlm_link_copy(link, target->copy, bytes.data, bytes.size, target->dataset->id, error);
    tlm_buffer_finish(&bytes);
    return result;
}

/* --- upsert ------------------------------------------------------------------------------------------------------ */

/* A column as an array (array_send): dimensions, whether there are nulls, type, length, lower bound, elements. */
static void append_array(tlm_buffer *bytes, const tlm_slice *slice, uint32_t index)
{
    const tlm_column *column = &slice->rows->dataset->columns[index];
    uint32_t head[] = {slice->count ? 1 : 0, 1, tlm_cell_type_id(column), slice->count, 1};
    char *at = tlm_buffer_reserve(bytes, sizeof head);
    for (uint32_t i = 0; at && i < TLM_COUNT(head); i++)
        at = tlm_cell_write32(at, head[i]);
    bytes->size += at ? sizeof head : 0;
    for (uint32_t i = 0; i < slice->count; i++) {
        const tlm_cell *cell = &tlm_rows_at(slice->rows, slice->first + i)[index];
        at = tlm_buffer_reserve(bytes, tlm_cell_size_max(column, cell));
        if (!at)
            return;
        bytes->size += (size_t)(tlm_cell_write(at, column, cell) - at);
    }
}

static int upsert_rows(tlm_link *link, const tlm_target *target, const tlm_slice *slice, tlm_error *error)
{
    tlm_buffer bytes = TLM_BUFFER_INIT;
    tlm_params params = {0};
    size_t begins[TLM_DATASET_COLUMNS_MAX + 1] = {0};
    uint32_t count = target->dataset->column_count;
    for (uint32_t i = 0; i < count; i++) {
        append_array(&bytes, slice, i);
        begins[i + 1] = bytes.size;
    }
    int result = bytes.error < 0 ? tlm_error_set(error, -ENOMEM, "out of memory") : 0;
    for (uint32_t i = 0; i < count && result == 0; i++)
        tlm_params_add_encoded(&params, tlm_cell_array_id(&target->dataset->columns[i]), bytes.data + begins[i],
                               begins[i + 1] - begins[i]);
    if (result == 0)
        result = tlm_link_change(link, target->upsert, &params, target->dataset->id, error);
    tlm_buffer_finish(&bytes);
    return result < 0 ? result : 0;
}

int tlm_write_slice(tlm_link *link, const tlm_target *target, const tlm_slice *slice, bool replace, tlm_error *error)
{
    int result = 0;
    for (uint32_t done = 0; done < slice->count && result == 0;) {
        tlm_slice part = {slice->rows, slice->first + done, rows_of_statement(slice, done)};
        /* Without a key nothing can be replaced. */
        if (replace && target->upsert)
            result = upsert_rows(link, target, &part, error);
        else
            result = copy_rows(link, target, &part, error);
        done += part.count;
    }
    return result;
}
