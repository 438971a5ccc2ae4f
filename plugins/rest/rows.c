/* SPDX-License-Identifier: Apache-2.0 */
#include "rows.h"

#include "common/row_json.h"

void tlm_rest_row_write(tlm_json_writer *writer, const tlm_rest_view *view, const tlm_column *const *columns,
                        const tlm_cell *cells, bool is_final)
{
    tlm_json_begin_object(writer);
    for (uint32_t i = 0; i < view->shape->field_count; i++) {
        const tlm_rest_field *field = &view->shape->fields[i];
        const tlm_cell *cell = &cells[field->column];

        tlm_json_key(writer, field->name, strlen(field->name));
        if (field->source == TLM_REST_FROM_FINALITY)
            tlm_json_bool(writer, is_final);
        else if (field->source == TLM_REST_FROM_EMOTES && cell->is_set)
            tlm_emotes_write(writer, (tlm_text){cell->as.text, cell->size});
        else
            tlm_row_cell_write(writer, columns[field->column], cell);
    }
    tlm_json_end_object(writer);
}
