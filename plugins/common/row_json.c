/* SPDX-License-Identifier: Apache-2.0 */
#include "common/row_json.h"

#include "common/decimal.h"
#include "common/time.h"

static void write_decimal(tlm_json_writer *writer, tlm_int128 wide, uint32_t scale)
{
    char text[TLM_DECIMAL_SIZE];
    tlm_wide units = (tlm_wide)wide.high * ((tlm_wide)1 << 64) + (tlm_wide)wide.low;

    tlm_json_raw(writer, text, tlm_decimal_format(units, scale, false, text));
}

static void write_time(tlm_json_writer *writer, int64_t time_ns)
{
    char text[TLM_TIME_SIZE];

    tlm_json_string(writer, text, tlm_time_format(time_ns, text));
}

void tlm_row_cell_write(tlm_json_writer *writer, const tlm_column *column, const tlm_cell *cell)
{
    if (!cell->is_set) {
        tlm_json_null(writer);
        return;
    }
    switch (column->type) {
    case TLM_COLUMN_TEXT:
        tlm_json_string(writer, cell->as.text, cell->size);
        break;
    case TLM_COLUMN_INTEGER:
        tlm_json_int(writer, cell->as.integer);
        break;
    case TLM_COLUMN_DECIMAL:
        write_decimal(writer, cell->as.wide, column->scale);
        break;
    case TLM_COLUMN_TIME:
        write_time(writer, cell->as.integer);
        break;
    case TLM_COLUMN_BOOL:
        tlm_json_bool(writer, cell->as.integer != 0);
        break;
    case TLM_COLUMN_JSON:
        tlm_json_raw(writer, cell->as.text, cell->size);
        break;
    case TLM_COLUMN_BYTES: /* nobody shows one */
    default:
        tlm_json_null(writer);
        break;
    }
}
