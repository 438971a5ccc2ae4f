/* SPDX-License-Identifier: Apache-2.0 */
#include "rejects.h"

#include "common/row_json.h"

static const char keep_sql[] =
    "INSERT INTO telemetra_rejects (pipeline, lane, epoch, sequence, dataset, sqlstate, reason, content)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

/* RFC 4648 section 4. */
static void write_base64(tlm_json_writer *writer, const unsigned char *bytes, uint32_t size)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    tlm_buffer text = TLM_BUFFER_INIT;
    for (uint32_t i = 0; i < size; i += 3) {
        uint32_t left = size - i;
        uint32_t group = (uint32_t)bytes[i] << 16 | (left > 1 ? (uint32_t)bytes[i + 1] << 8 : 0) |
                         (left > 2 ? (uint32_t)bytes[i + 2] : 0);
        tlm_buffer_append_char(&text, digits[group >> 18]);
        tlm_buffer_append_char(&text, digits[group >> 12 & 63]);
        tlm_buffer_append_char(&text, left > 1 ? digits[group >> 6 & 63] : '=');
        tlm_buffer_append_char(&text, left > 2 ? digits[group & 63] : '=');
    }
    if (text.error < 0)
        writer->buffer->error = text.error;
    tlm_json_string(writer, text.data ? text.data : "", text.size);
    tlm_buffer_finish(&text);
}

/* JSON that is refused is kept as a text, so that the whole stays JSON. */
static void write_cell(tlm_json_writer *writer, const tlm_column *column, const tlm_cell *cell)
{
    if (cell->is_set && column->type == TLM_COLUMN_BYTES)
        write_base64(writer, (const unsigned char *)cell->as.text, cell->size);
    else if (cell->is_set && column->type == TLM_COLUMN_JSON)
        tlm_json_string(writer, cell->size ? cell->as.text : "", cell->size);
    else
        tlm_row_cell_write(writer, column, cell);
}

int tlm_rejects_keep(tlm_link *link, const char *pipeline, const tlm_flush *flush, const tlm_dataset *dataset,
                     const tlm_cell *cells, const char *sqlstate, const char *reason, tlm_error *error)
{
    tlm_buffer json = TLM_BUFFER_INIT;
    tlm_json_writer writer;
    tlm_params params = {0};
    tlm_json_init(&writer, &json);
    tlm_json_begin_object(&writer);
    for (uint32_t i = 0; i < dataset->column_count; i++) {
        tlm_json_key(&writer, dataset->columns[i].name, strlen(dataset->columns[i].name));
        write_cell(&writer, &dataset->columns[i], &cells[i]);
    }
    tlm_json_end_object(&writer);
    if (json.error < 0) {
        tlm_buffer_finish(&json);
        return tlm_error_set(error, -ENOMEM, "out of memory");
    }
    tlm_params_add_text(&params, tlm_text_of(pipeline));
    tlm_params_add_integer(&params, (int32_t)flush->lane);
    tlm_params_add_bigint(&params, (int64_t)flush->epoch);
    tlm_params_add_bigint(&params, (int64_t)flush->sequence);
    tlm_params_add_text(&params, tlm_text_of(dataset->id));
    tlm_params_add_text(&params, tlm_text_of(sqlstate));
    tlm_params_add_text(&params, tlm_text_of(reason));
    tlm_params_add_text(&params, (tlm_text){json.data, json.size});
    int result = tlm_link_change(link, keep_sql, &params, "write telemetra_rejects", error);
    tlm_buffer_finish(&json);
    return result < 0 ? result : 0;
}
