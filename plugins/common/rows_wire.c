/* SPDX-License-Identifier: Apache-2.0 */
#include "common/rows_wire.h"

#include "common/utf8.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

/*
 * message: "TLMR" u8 version, u8 flags, u16 zero, u32 lane, u32 row_count, u64 epoch, u64 sequence, u64 table_hash,
 *          u32 table_size, table, rows, u64 FNV-1a of all before it
 * table:   u8 version, u8 mode, u16 column_count, name of the dataset, then a column: u8 type, u8 scale, u16 flags,
 *          name, unit; a name is u16 size and bytes
 * row:     a bit for each column, 1 where it is not null, then the values: 8 bytes, 16 (DECIMAL), 1 (BOOL), or u32 size
 *          and bytes
 */
#define VERSION 1
#define HEAD_SIZE 44
#define ROW_COUNT_AT 12
#define CHECK_SIZE 8
#define NAME_SIZE_MAX 255
#define COLUMN_FLAGS (TLM_COLUMN_KEY | TLM_COLUMN_NULLABLE | TLM_COLUMN_STREAM | TLM_COLUMN_TIMELINE)

uint64_t tlm_wire_hash(const void *bytes, size_t size)
{
    const unsigned char *at = bytes;
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ at[i]) * UINT64_C(0x100000001b3);
    return hash;
}

/* --- writing ----------------------------------------------------------------------------------------------------- */

static void put(tlm_buffer *buffer, uint64_t value, size_t size)
{
    unsigned char bytes[8];
    for (size_t i = 0; i < size; i++)
        bytes[i] = (unsigned char)(value >> (8 * i));
    tlm_buffer_append(buffer, bytes, size);
}

static void put_name(tlm_buffer *buffer, const char *name)
{
    size_t size = name ? strlen(name) : 0;
    put(buffer, size, 2);
    tlm_buffer_append(buffer, name, size);
}

void tlm_wire_table_encode(const tlm_dataset *dataset, tlm_buffer *buffer)
{
    put(buffer, VERSION, 1);
    put(buffer, dataset->mode, 1);
    put(buffer, dataset->column_count, 2);
    put_name(buffer, dataset->id);
    for (uint32_t i = 0; i < dataset->column_count; i++) {
        const tlm_column *column = &dataset->columns[i];
        put(buffer, column->type, 1);
        put(buffer, column->scale, 1);
        put(buffer, column->flags, 2);
        put_name(buffer, column->name);
        put_name(buffer, column->unit);
    }
}

void tlm_wire_begin(tlm_buffer *buffer, const tlm_wire_head *head)
{
    tlm_buffer_append(buffer, "TLMR", 4);
    put(buffer, VERSION, 1);
    put(buffer, head->flags, 1);
    put(buffer, 0, 2);
    put(buffer, head->lane, 4);
    put(buffer, 0, 4);
    put(buffer, head->epoch, 8);
    put(buffer, head->sequence, 8);
    put(buffer, head->table_hash, 8);
    put(buffer, head->table.size, 4);
    tlm_buffer_append(buffer, head->table.data, head->table.size);
}

static void put_value(tlm_buffer *buffer, uint32_t type, const tlm_cell *cell)
{
    if (tlm_wire_is_bytes(type)) {
        put(buffer, cell->size, 4);
        tlm_buffer_append(buffer, cell->as.text, cell->size);
    } else if (type == TLM_COLUMN_DECIMAL) {
        put(buffer, cell->as.wide.low, 8);
        put(buffer, (uint64_t)cell->as.wide.high, 8);
    } else if (type == TLM_COLUMN_BOOL) {
        put(buffer, cell->as.integer != 0, 1);
    } else {
        put(buffer, (uint64_t)cell->as.integer, 8);
    }
}

void tlm_wire_add(tlm_buffer *buffer, const tlm_dataset *dataset, const tlm_cell *cells)
{
    unsigned char is_set[TLM_DATASET_COLUMNS_MAX / 8] = {0};
    for (uint32_t i = 0; i < dataset->column_count; i++)
        if (cells[i].is_set)
            is_set[i / 8] |= (unsigned char)(1u << (i % 8));
    tlm_buffer_append(buffer, is_set, (dataset->column_count + 7) / 8);
    for (uint32_t i = 0; i < dataset->column_count; i++)
        if (cells[i].is_set)
            put_value(buffer, dataset->columns[i].type, &cells[i]);
}

void tlm_wire_end(tlm_buffer *buffer, uint32_t row_count)
{
    if (buffer->error)
        return;
    for (size_t i = 0; i < 4; i++)
        buffer->data[ROW_COUNT_AT + i] = (char)(unsigned char)(row_count >> (8 * i));
    put(buffer, tlm_wire_hash(buffer->data, buffer->size), 8);
}

/* --- reading ----------------------------------------------------------------------------------------------------- */

/** Bytes not read yet. The first read past their end is remembered, and gives zeros. */
typedef struct {
    const unsigned char *at, *end;
    bool is_short;
} reader;

static reader reader_of(tlm_text bytes)
{
    const unsigned char *at = (const unsigned char *)bytes.data;
    return (reader){at, bytes.size ? at + bytes.size : at, false};
}

static const unsigned char *skip(reader *from, size_t size)
{
    if (from->is_short || (size_t)(from->end - from->at) < size) {
        from->is_short = true;
        return NULL;
    }
    const unsigned char *at = from->at;
    from->at += size;
    return at;
}

static uint64_t get(reader *from, size_t size)
{
    const unsigned char *bytes = skip(from, size);
    uint64_t value = 0;
    for (size_t i = 0; bytes && i < size; i++)
        value |= (uint64_t)bytes[i] << (8 * i);
    return value;
}

static tlm_text get_text(reader *from, size_t size)
{
    const unsigned char *bytes = skip(from, size);
    return (tlm_text){(const char *)bytes, bytes ? size : 0};
}

static bool is_name(tlm_text text)
{
    if (text.size == 0 || text.size > NAME_SIZE_MAX)
        return false;
    for (size_t i = 0; i < text.size; i++) {
        char byte = text.data[i];
        if (!(byte >= 'a' && byte <= 'z') && !(byte >= '0' && byte <= '9') && byte != '_')
            return false;
    }
    return true;
}

static bool is_utf8(tlm_text text)
{
    bool is_valid = true;
    for (size_t at = 0; at < text.size && is_valid;)
        at += tlm_utf8_next(text.data + at, text.size - at, &is_valid);
    return is_valid;
}

/* A unit is shown, nothing more: any text without control characters. */
static bool is_unit(tlm_text text)
{
    for (size_t i = 0; i < text.size; i++)
        if ((unsigned char)text.data[i] < ' ')
            return false;
    return text.size <= NAME_SIZE_MAX && is_utf8(text);
}

static bool is_column(const tlm_column *column)
{
    if (column->type < TLM_COLUMN_TEXT || column->type > TLM_COLUMN_BYTES || (column->flags & ~(uint32_t)COLUMN_FLAGS))
        return false;
    if (column->scale > 18 || (column->scale && column->type != TLM_COLUMN_DECIMAL))
        return false;
    if ((column->flags & TLM_COLUMN_KEY) && (column->flags & TLM_COLUMN_NULLABLE))
        return false;
    if ((column->flags & TLM_COLUMN_STREAM) && column->type != TLM_COLUMN_TEXT)
        return false;
    return !(column->flags & TLM_COLUMN_TIMELINE) || column->type == TLM_COLUMN_TIME;
}

/** A dataset with all it points to in one piece of memory. */
typedef struct {
    tlm_dataset dataset; /* first */
    tlm_column columns[TLM_DATASET_COLUMNS_MAX];
    char texts[]; /* names and units, each with its NUL: never more than the table's bytes */
} owned_table;

static const char *keep_text(char **room, tlm_text text)
{
    char *at = *room;
    memcpy(at, text.data, text.size);
    at[text.size] = '\0';
    *room += text.size + 1;
    return at;
}

static bool read_column(reader *from, tlm_column *column, char **room)
{
    column->type = (uint32_t)get(from, 1);
    column->scale = (uint32_t)get(from, 1);
    column->flags = (uint32_t)get(from, 2);
    tlm_text name = get_text(from, get(from, 2));
    tlm_text unit = get_text(from, get(from, 2));
    if (from->is_short || !is_column(column) || !is_name(name) || !is_unit(unit))
        return false;
    column->name = keep_text(room, name);
    column->unit = unit.size ? keep_text(room, unit) : NULL;
    column->doc = "";
    return true;
}

static bool read_table(reader *from, owned_table *table)
{
    char *room = table->texts;
    uint64_t version = get(from, 1);
    tlm_dataset *dataset = &table->dataset;
    *dataset = (tlm_dataset){.struct_size = (uint32_t)sizeof *dataset, .columns = table->columns, .doc = ""};
    dataset->mode = (uint32_t)get(from, 1);
    dataset->column_count = (uint32_t)get(from, 2);
    tlm_text id = get_text(from, get(from, 2));
    if (from->is_short || version != VERSION || !is_name(id) || dataset->column_count == 0 ||
        dataset->column_count > TLM_DATASET_COLUMNS_MAX ||
        (dataset->mode != TLM_DATASET_APPEND && dataset->mode != TLM_DATASET_LATEST))
        return false;
    dataset->id = keep_text(&room, id);
    for (uint32_t i = 0; i < dataset->column_count; i++)
        if (!read_column(from, &table->columns[i], &room))
            return false;
    return from->at == from->end;
}

int tlm_wire_table_decode(tlm_text bytes, tlm_dataset **ret_dataset, tlm_error *error)
{
    reader from = reader_of(bytes);
    if (bytes.size > TLM_WIRE_SIZE_MAX)
        return tlm_error_set(error, -EBADMSG, "a column table of %zu bytes is too large", bytes.size);
    owned_table *table = calloc(1, sizeof *table + bytes.size);
    if (!table)
        return tlm_error_set(error, -ENOMEM, "out of memory");
    if (!read_table(&from, table)) {
        free(table);
        return tlm_error_set(error, -EBADMSG, "a column table is damaged or of an unknown version");
    }
    *ret_dataset = &table->dataset;
    return 0;
}

void tlm_wire_table_destroy(tlm_dataset *dataset)
{
    free(dataset); /* the first member of its owned_table */
}

int tlm_wire_head_decode(tlm_text message, tlm_wire_head *ret_head, tlm_error *error)
{
    if (message.size < HEAD_SIZE + CHECK_SIZE || message.size > TLM_WIRE_SIZE_MAX)
        return tlm_error_set(error, -EBADMSG, "a message of %zu bytes is no batch of rows", message.size);
    size_t checked = message.size - CHECK_SIZE;
    reader check = reader_of((tlm_text){message.data + checked, CHECK_SIZE});
    if (get(&check, CHECK_SIZE) != tlm_wire_hash(message.data, checked))
        return tlm_error_set(error, -EBADMSG, "a batch of rows is damaged: its check does not fit");
    reader from = reader_of((tlm_text){message.data, checked});
    tlm_text magic = get_text(&from, 4);
    uint64_t version = get(&from, 1);
    tlm_wire_head head = {.flags = (uint32_t)get(&from, 1)};
    uint64_t reserved = get(&from, 2);
    head.lane = (uint32_t)get(&from, 4);
    head.row_count = (uint32_t)get(&from, 4);
    head.epoch = get(&from, 8);
    head.sequence = get(&from, 8);
    head.table_hash = get(&from, 8);
    head.table = get_text(&from, get(&from, 4));
    if (memcmp(magic.data, "TLMR", 4) != 0 || version != VERSION || reserved != 0)
        return tlm_error_set(error, -EBADMSG, "a message is no batch of rows of this version");
    if (from.is_short || (head.flags != TLM_ROWS_FINAL && head.flags != TLM_ROWS_EARLY) ||
        head.row_count > TLM_WIRE_ROWS_MAX)
        return tlm_error_set(error, -EBADMSG, "a batch of rows contradicts itself");
    if (head.table.size && tlm_wire_hash(head.table.data, head.table.size) != head.table_hash)
        return tlm_error_set(error, -EBADMSG, "a batch of rows has another column table than it says");
    head.rows = (tlm_text){(const char *)from.at, (size_t)(from.end - from.at)};
    *ret_head = head;
    return 0;
}

/** A batch with all it points to. */
typedef struct {
    tlm_rows rows; /* first */
    atomic_uint references;
    char *bytes;
    tlm_cell cells[];
} owned_rows;

static void rows_ref(const tlm_rows *rows)
{
    owned_rows *owned = (owned_rows *)(uintptr_t)rows;
    atomic_fetch_add_explicit(&owned->references, 1, memory_order_relaxed);
}

static void rows_unref(const tlm_rows *rows)
{
    owned_rows *owned = (owned_rows *)(uintptr_t)rows;
    if (atomic_fetch_sub_explicit(&owned->references, 1, memory_order_acq_rel) > 1)
        return;
    free(owned->bytes);
    free(owned);
}

static bool read_value(reader *from, uint32_t type, tlm_cell *cell)
{
    cell->is_set = 1;
    if (tlm_wire_is_bytes(type)) {
        tlm_text text = get_text(from, get(from, 4));
        cell->size = (uint32_t)text.size;
        cell->as.text = text.data;
        return !from->is_short && (type == TLM_COLUMN_BYTES || is_utf8(text));
    }
    if (type == TLM_COLUMN_DECIMAL) {
        cell->as.wide.low = get(from, 8);
        cell->as.wide.high = (int64_t)get(from, 8);
        return !from->is_short;
    }
    cell->as.integer = (int64_t)get(from, type == TLM_COLUMN_BOOL ? 1 : 8);
    return !from->is_short && (type != TLM_COLUMN_BOOL || (uint64_t)cell->as.integer <= 1);
}

static bool read_row(reader *from, const tlm_dataset *dataset, tlm_cell *cells)
{
    uint32_t count = dataset->column_count;
    const unsigned char *is_set = skip(from, (count + 7) / 8);
    if (!is_set || (count % 8 && is_set[count / 8] >> (count % 8)))
        return false;
    for (uint32_t i = 0; i < count; i++) {
        if (is_set[i / 8] & (1u << (i % 8))) {
            if (!read_value(from, dataset->columns[i].type, &cells[i]))
                return false;
        } else if (!(dataset->columns[i].flags & TLM_COLUMN_NULLABLE)) {
            return false;
        }
    }
    return true;
}

static bool read_rows(reader *from, const tlm_dataset *dataset, uint32_t row_count, tlm_cell *cells)
{
    for (uint32_t i = 0; i < row_count; i++)
        if (!read_row(from, dataset, cells + (size_t)i * dataset->column_count))
            return false;
    return from->at == from->end;
}

int tlm_wire_rows_decode(const tlm_wire_head *head, const tlm_dataset *dataset, const tlm_rows **ret_rows,
                         tlm_error *error)
{
    /* Each row takes its bits at least: a small message makes no large batch. */
    if (head->row_count > TLM_WIRE_ROWS_MAX || head->row_count > head->rows.size / ((dataset->column_count + 7) / 8))
        return tlm_error_set(error, -EBADMSG, "a batch of rows is shorter than it says");
    size_t cells_size = (size_t)head->row_count * dataset->column_count * sizeof(tlm_cell);
    owned_rows *owned = calloc(1, sizeof *owned + cells_size);
    char *bytes = malloc(head->rows.size ? head->rows.size : 1);
    if (!owned || !bytes) {
        free(owned);
        free(bytes);
        return tlm_error_set(error, -ENOMEM, "out of memory");
    }
    owned->bytes = bytes;
    memcpy(bytes, head->rows.data, head->rows.size);
    atomic_init(&owned->references, 1);
    owned->rows = (tlm_rows){.struct_size = (uint32_t)sizeof owned->rows,
                             .flags = head->flags,
                             .dataset = dataset,
                             .cells = owned->cells,
                             .row_count = head->row_count,
                             .size_bytes = sizeof *owned + cells_size + head->rows.size,
                             .ref = rows_ref,
                             .unref = rows_unref};
    reader from = reader_of((tlm_text){bytes, head->rows.size});
    if (!read_rows(&from, dataset, head->row_count, owned->cells)) {
        rows_unref(&owned->rows);
        return tlm_error_set(error, -EBADMSG, "a batch of rows does not fit its column table");
    }
    *ret_rows = &owned->rows;
    return 0;
}
