/* SPDX-License-Identifier: Apache-2.0 */
#include "rows.h"

#include "common/decimal.h"
#include "common/json_writer.h"
#include "common/time.h"

#include <string.h>

__extension__ typedef unsigned __int128 wide_unsigned;

/* RFC 4648 section 4, with padding. */
static void append_base64(tlm_buffer *lines, const unsigned char *bytes, size_t size)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t length = (size + 2) / 3 * 4 + 2;
    char *at = tlm_buffer_reserve(lines, length);
    if (!at)
        return;
    *at++ = '"';
    for (size_t i = 0; i < size; i += 3) {
        size_t left = size - i;
        uint32_t word = (uint32_t)bytes[i] << 16;
        word |= left > 1 ? (uint32_t)bytes[i + 1] << 8 : 0;
        word |= left > 2 ? bytes[i + 2] : 0;
        *at++ = digits[word >> 18];
        *at++ = digits[word >> 12 & 63];
        *at++ = left > 1 ? digits[word >> 6 & 63] : '=';
        *at++ = left > 2 ? digits[word & 63] : '=';
    }
    *at = '"';
    lines->size += length;
}

/* JSON as it is, but on one line: its line ends stand between tokens and are as good as spaces. */
static void append_json(tlm_json_writer *json, tlm_buffer *lines, const char *text, size_t size)
{
    size_t start = lines->size;
    tlm_json_raw(json, text, size);
    for (size_t i = start; i < lines->size; i++) {
        if (lines->data[i] == '\n' || lines->data[i] == '\r')
            lines->data[i] = ' ';
    }
}

static void append_time(tlm_json_writer *json, int64_t ns)
{
    char text[TLM_TIME_SIZE];
    size_t size = tlm_time_format(ns, text);
    tlm_json_string(json, text, size);
}

static void append_decimal(tlm_json_writer *json, tlm_int128 value, uint32_t scale)
{
    char text[TLM_DECIMAL_SIZE];
    tlm_wide units = (tlm_wide)(((wide_unsigned)(uint64_t)value.high << 64) | value.low);
    size_t size = tlm_decimal_format(units, scale, false, text);
    tlm_json_raw(json, text, size);
}

static void append_cell(tlm_json_writer *json, tlm_buffer *lines, const tlm_column *column, const tlm_cell *cell)
{
    if (!cell->is_set) {
        tlm_json_null(json);
        return;
    }
    switch (column->type) {
    case TLM_COLUMN_TEXT:
        tlm_json_string(json, cell->as.text, cell->size);
        break;
    case TLM_COLUMN_DECIMAL:
        append_decimal(json, cell->as.wide, column->scale);
        break;
    case TLM_COLUMN_TIME:
        append_time(json, cell->as.integer);
        break;
    case TLM_COLUMN_BOOL:
        tlm_json_bool(json, cell->as.integer != 0);
        break;
    case TLM_COLUMN_JSON:
        append_json(json, lines, cell->as.text, cell->size);
        break;
    case TLM_COLUMN_BYTES:
        tlm_json_raw(json, "", 0);
        append_base64(lines, (const unsigned char *)cell->as.text, cell->size);
        break;
    default:
        tlm_json_int(json, cell->as.integer);
        break;
    }
}

void tlm_rows_append(tlm_buffer *lines, const tlm_dataset *dataset, const tlm_cell *cells)
{
    tlm_json_writer json;
    tlm_json_init(&json, lines);
    tlm_json_begin_object(&json);
    TLM_JSON_KEY(&json, "dataset");
    tlm_json_string(&json, dataset->id, strlen(dataset->id));
    for (uint32_t i = 0; i < dataset->column_count; i++) {
        const tlm_column *column = &dataset->columns[i];
        tlm_json_key(&json, column->name, strlen(column->name));
        append_cell(&json, lines, column, &cells[i]);
    }
    tlm_json_end_object(&json);
    tlm_buffer_append_char(lines, '\n');
}
