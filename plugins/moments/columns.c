/* SPDX-License-Identifier: Apache-2.0 */
#include "columns.h"

static const struct {
    const char *name;
    uint32_t type, scale;
} wanted[TLM_ROW_COLUMNS] = {
    [TLM_ROW_STREAM_ID] = {"stream_id", TLM_COLUMN_TEXT, 0},
    [TLM_ROW_START] = {"window_start", TLM_COLUMN_TIME, 0},
    [TLM_ROW_END] = {"window_end", TLM_COLUMN_TIME, 0},
    [TLM_ROW_SLIDE_START] = {"slide_start", TLM_COLUMN_TIME, 0},
    [TLM_ROW_MESSAGES] = {"slide_message_count", TLM_COLUMN_INTEGER, 0},
    [TLM_ROW_WINDOW_MESSAGES] = {"message_count", TLM_COLUMN_INTEGER, 0},
    [TLM_ROW_CHATTERS] = {"unique_chatters", TLM_COLUMN_INTEGER, 0},
    [TLM_ROW_VIEWERS] = {"slide_viewer_last", TLM_COLUMN_INTEGER, 0},
    [TLM_ROW_TRANSACTIONS] = {"transaction_count", TLM_COLUMN_INTEGER, 0},
    [TLM_ROW_PAYMENTS] = {"payment_count", TLM_COLUMN_DECIMAL, 0},
    [TLM_ROW_AMOUNTS] = {"amounts", TLM_COLUMN_JSON, 0},
    [TLM_ROW_BITS] = {"bits", TLM_COLUMN_DECIMAL, 0},
    [TLM_ROW_SENTIMENT] = {"sentiment", TLM_COLUMN_DECIMAL, 4},
    [TLM_ROW_POSITIVE] = {"positive_count", TLM_COLUMN_INTEGER, 0},
    [TLM_ROW_NEGATIVE] = {"negative_count", TLM_COLUMN_INTEGER, 0},
};

int tlm_columns_find(tlm_columns *columns, const tlm_dataset *dataset, tlm_error *error)
{
    tlm_columns found = {.dataset = dataset};
    for (uint32_t i = 0; i < TLM_ROW_COLUMNS; i++) {
        found.at[i] = -1;
        for (uint32_t j = 0; j < dataset->column_count; j++) {
            const tlm_column *column = &dataset->columns[j];
            if (!strcmp(column->name, wanted[i].name) && column->type == wanted[i].type &&
                column->scale == wanted[i].scale)
                found.at[i] = (int32_t)j;
        }
        if (found.at[i] < 0 && i < TLM_ROW_REQUIRED)
            return tlm_error_set(error, -EINVAL,
                                 "the dataset \"%s\" has no column \"%s\" of the type that moments read", dataset->id,
                                 wanted[i].name);
    }
    *columns = found;
    return 0;
}

static const tlm_cell *cell_of(const tlm_columns *columns, const tlm_cell *cells, unsigned what)
{
    const tlm_cell *cell = columns->at[what] < 0 ? NULL : &cells[columns->at[what]];
    return cell && cell->is_set ? cell : NULL;
}

static int64_t integer_of(const tlm_columns *columns, const tlm_cell *cells, unsigned what, int64_t otherwise)
{
    const tlm_cell *cell = cell_of(columns, cells, what);
    return cell ? cell->as.integer : otherwise;
}

static tlm_wide wide_of(const tlm_cell *cell)
{
    return cell ? (tlm_wide)cell->as.wide.high * ((tlm_wide)1 << 64) + (tlm_wide)cell->as.wide.low : 0;
}

static tlm_text text_of(const tlm_cell *cell)
{
    return cell ? (tlm_text){.data = cell->as.text, .size = cell->size} : tlm_text_of("{}");
}

void tlm_columns_read(const tlm_columns *columns, const tlm_cell *cells, tlm_window_row *ret_row)
{
    const tlm_cell *sentiment = cell_of(columns, cells, TLM_ROW_SENTIMENT);
    *ret_row = (tlm_window_row){
        .stream_id = text_of(cell_of(columns, cells, TLM_ROW_STREAM_ID)),
        .start_ns = integer_of(columns, cells, TLM_ROW_START, 0),
        .end_ns = integer_of(columns, cells, TLM_ROW_END, 0),
        .messages = integer_of(columns, cells, TLM_ROW_MESSAGES, 0),
        .window_messages = integer_of(columns, cells, TLM_ROW_WINDOW_MESSAGES, 0),
        .chatters = integer_of(columns, cells, TLM_ROW_CHATTERS, 0),
        .viewers = integer_of(columns, cells, TLM_ROW_VIEWERS, -1),
        .transactions = integer_of(columns, cells, TLM_ROW_TRANSACTIONS, 0),
        .amounts = text_of(cell_of(columns, cells, TLM_ROW_AMOUNTS)),
        .bits = wide_of(cell_of(columns, cells, TLM_ROW_BITS)),
        .has_sentiment = sentiment != NULL,
        .sentiment = (int64_t)wide_of(sentiment),
        .positive = integer_of(columns, cells, TLM_ROW_POSITIVE, 0),
        .negative = integer_of(columns, cells, TLM_ROW_NEGATIVE, 0),
    };
    ret_row->slide_ns = ret_row->end_ns - integer_of(columns, cells, TLM_ROW_SLIDE_START, 0);
    const tlm_cell *payments = cell_of(columns, cells, TLM_ROW_PAYMENTS);
    ret_row->payments = payments ? wide_of(payments) : ret_row->transactions;
}
