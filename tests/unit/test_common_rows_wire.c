/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "common/rows_wire.h"

#include <stdlib.h>

enum { COLUMNS = 9 };

static const tlm_column columns[COLUMNS] = {
    {"stream_id", TLM_COLUMN_TEXT, 0, TLM_COLUMN_KEY | TLM_COLUMN_STREAM, NULL, "Stream."},
    {"at", TLM_COLUMN_TIME, 0, TLM_COLUMN_KEY | TLM_COLUMN_TIMELINE, NULL, "Time."},
    {"count", TLM_COLUMN_INTEGER, 0, TLM_COLUMN_NULLABLE, "messages/min", "Count."},
    {"rate", TLM_COLUMN_DECIMAL, 2, 0, NULL, "Rate."},
    {"live", TLM_COLUMN_BOOL, 0, TLM_COLUMN_NULLABLE, NULL, "Live."},
    {"emotes", TLM_COLUMN_JSON, 0, 0, NULL, "Emotes."},
    {"sketch", TLM_COLUMN_BYTES, 0, TLM_COLUMN_NULLABLE, NULL, "Sketch."},
    {"note", TLM_COLUMN_TEXT, 0, TLM_COLUMN_NULLABLE, "\xc2\xb5s", "Note."},
    {"sum", TLM_COLUMN_DECIMAL, 0, TLM_COLUMN_NULLABLE, NULL, "Sum."},
};

static const tlm_dataset dataset = {sizeof(tlm_dataset), TLM_DATASET_APPEND, "samples", "Rows.", columns, COLUMNS};

static tlm_cell text(const char *bytes, size_t size)
{
    return (tlm_cell){.is_set = 1, .size = (uint32_t)size, .as.text = bytes};
}

static tlm_cell integer(int64_t value)
{
    return (tlm_cell){.is_set = 1, .as.integer = value};
}

static void fill(tlm_cell *cells, uint32_t row)
{
    memset(cells, 0, COLUMNS * sizeof *cells);
    cells[0] = text("caf\xc3\xa9", 5);
    cells[1] = integer(row % 2 ? INT64_MIN : INT64_MAX);
    cells[3] = (tlm_cell){.is_set = 1, .as.wide = {UINT64_MAX - row, INT64_MIN}};
    cells[5] = text("[]", 2);
    if (row % 3 == 0)
        return;
    cells[2] = integer(-1);
    cells[4] = integer(row % 2);
    cells[6] = text("\0\xff\x80", 3);
    cells[7] = text("", 0);
    cells[8] = (tlm_cell){.is_set = 1, .as.wide = {1, 0}};
}

/* A message of `row_count` rows with its table. */
static void make(tlm_buffer *message, uint32_t row_count)
{
    tlm_cell cells[COLUMNS];
    tlm_buffer table = TLM_BUFFER_INIT;
    tlm_wire_table_encode(&dataset, &table);
    tlm_wire_head head = {.flags = TLM_ROWS_EARLY,
                          .lane = 7,
                          .epoch = UINT64_C(0x1122334455667788),
                          .sequence = 9,
                          .table_hash = tlm_wire_hash(table.data, table.size),
                          .table = {table.data, table.size}};
    tlm_wire_begin(message, &head);
    for (uint32_t i = 0; i < row_count; i++) {
        fill(cells, i);
        tlm_wire_add(message, &dataset, cells);
    }
    tlm_wire_end(message, row_count);
    assert_int_equal(message->error, 0);
    tlm_buffer_finish(&table);
}

static int read_whole(const char *bytes, size_t size, tlm_dataset **ret_dataset, const tlm_rows **ret_rows)
{
    tlm_wire_head head;
    tlm_error error = {.text = ""};
    int result = tlm_wire_head_decode((tlm_text){bytes, size}, &head, &error);
    if (result == 0)
        result = tlm_wire_table_decode(head.table, ret_dataset, &error);
    if (result < 0)
        return result;
    result = tlm_wire_rows_decode(&head, *ret_dataset, ret_rows, &error);
    if (result < 0)
        tlm_wire_table_destroy(*ret_dataset);
    assert_true(result == 0 || error.text[0]);
    return result;
}

static void assert_cells(const tlm_cell *found, const tlm_cell *wanted)
{
    for (uint32_t i = 0; i < COLUMNS; i++) {
        assert_int_equal(found[i].is_set, wanted[i].is_set);
        if (!wanted[i].is_set)
            continue;
        if (tlm_wire_is_bytes(columns[i].type)) {
            assert_int_equal(found[i].size, wanted[i].size);
            assert_memory_equal(found[i].as.text, wanted[i].as.text, wanted[i].size);
        } else if (columns[i].type == TLM_COLUMN_DECIMAL) {
            assert_true(found[i].as.wide.low == wanted[i].as.wide.low);
            assert_true(found[i].as.wide.high == wanted[i].as.wide.high);
        } else {
            assert_true(found[i].as.integer == wanted[i].as.integer);
        }
    }
}

static void every_type_comes_back_as_it_was(void **state)
{
    (void)state;
    tlm_buffer message = TLM_BUFFER_INIT;
    tlm_dataset *told = NULL;
    const tlm_rows *rows = NULL;
    tlm_cell cells[COLUMNS];
    make(&message, 50);
    assert_int_equal(read_whole(message.data, message.size, &told, &rows), 0);
    tlm_buffer_finish(&message); /* rows stand by themselves */
    assert_string_equal(told->id, "samples");
    assert_int_equal(told->mode, TLM_DATASET_APPEND);
    assert_int_equal(told->column_count, COLUMNS);
    for (uint32_t i = 0; i < COLUMNS; i++) {
        assert_string_equal(told->columns[i].name, columns[i].name);
        assert_int_equal(told->columns[i].type, columns[i].type);
        assert_int_equal(told->columns[i].scale, columns[i].scale);
        assert_int_equal(told->columns[i].flags, columns[i].flags);
        assert_true(columns[i].unit ? strcmp(told->columns[i].unit, columns[i].unit) == 0 : !told->columns[i].unit);
    }
    assert_int_equal(rows->flags, TLM_ROWS_EARLY);
    assert_int_equal(rows->row_count, 50);
    rows->ref(rows);
    rows->unref(rows);
    for (uint32_t i = 0; i < 50; i++) {
        fill(cells, i);
        assert_cells(tlm_rows_at(rows, i), cells);
    }
    rows->unref(rows);
    tlm_wire_table_destroy(told);
}

static void a_head_says_where_rows_come_from(void **state)
{
    (void)state;
    tlm_buffer message = TLM_BUFFER_INIT;
    tlm_wire_head head;
    make(&message, 0);
    assert_int_equal(tlm_wire_head_decode((tlm_text){message.data, message.size}, &head, NULL), 0);
    assert_int_equal(head.lane, 7);
    assert_true(head.epoch == UINT64_C(0x1122334455667788) && head.sequence == 9);
    assert_int_equal(head.row_count, 0);
    tlm_buffer_finish(&message);
}

/* A copy of exactly the size, so that a sanitizer sees what is read past it. */
static int read_copy(const char *bytes, size_t size)
{
    tlm_dataset *told = NULL;
    const tlm_rows *rows = NULL;
    char *copy = malloc(size ? size : 1);
    memcpy(copy, bytes, size);
    int result = read_whole(copy, size, &told, &rows);
    free(copy);
    if (result == 0) {
        rows->unref(rows);
        tlm_wire_table_destroy(told);
    }
    return result;
}

static void a_message_cut_anywhere_is_refused(void **state)
{
    (void)state;
    tlm_buffer message = TLM_BUFFER_INIT;
    make(&message, 4);
    for (size_t size = 0; size < message.size; size++)
        assert_int_equal(read_copy(message.data, size), -EBADMSG);
    tlm_buffer_finish(&message);
}

static void a_message_with_one_bit_turned_is_refused(void **state)
{
    (void)state;
    tlm_buffer message = TLM_BUFFER_INIT;
    make(&message, 4);
    for (size_t bit = 0; bit < message.size * 8; bit++) {
        message.data[bit / 8] = (char)(message.data[bit / 8] ^ (1 << (bit % 8)));
        assert_int_equal(read_copy(message.data, message.size), -EBADMSG);
        message.data[bit / 8] = (char)(message.data[bit / 8] ^ (1 << (bit % 8)));
    }
    assert_int_equal(read_copy(message.data, message.size), 0);
    tlm_buffer_finish(&message);
}

static void sign(tlm_buffer *message, size_t size)
{
    uint64_t check = tlm_wire_hash(message->data, size - 8);
    for (size_t i = 0; i < 8; i++)
        message->data[size - 8 + i] = (char)(unsigned char)(check >> (8 * i));
}

/* What a forger would send: the check fits, the content does not. */
static void a_signed_message_of_nonsense_is_refused_or_whole(void **state)
{
    (void)state;
    tlm_buffer message = TLM_BUFFER_INIT;
    uint32_t random = 1, refused = 0;
    make(&message, 4);
    for (uint32_t i = 0; i < 20000; i++) {
        random = random * 1664525 + 1013904223;
        size_t at = (random >> 8) % (message.size - 8);
        char before = message.data[at];
        message.data[at] = (char)(random >> 3);
        sign(&message, message.size);
        refused += read_copy(message.data, message.size) == -EBADMSG;
        message.data[at] = before;
    }
    assert_true(refused > 5000);
    for (size_t size = 8; size < message.size; size++) {
        char kept[8];
        memcpy(kept, message.data + size - 8, 8);
        sign(&message, size);
        assert_int_equal(read_copy(message.data, size), -EBADMSG);
        memcpy(message.data + size - 8, kept, 8);
    }
    tlm_buffer_finish(&message);
}

static void more_rows_than_bytes_allocate_nothing(void **state)
{
    (void)state;
    tlm_buffer message = TLM_BUFFER_INIT;
    make(&message, 1);
    message.data[12] = (char)0xff; /* row_count */
    message.data[13] = 0x0f;
    sign(&message, message.size);
    assert_int_equal(read_copy(message.data, message.size), -EBADMSG);
    tlm_buffer_finish(&message);
}

static void a_null_where_none_may_be_is_refused(void **state)
{
    (void)state;
    tlm_buffer message = TLM_BUFFER_INIT, table = TLM_BUFFER_INIT;
    tlm_cell cells[COLUMNS];
    tlm_wire_table_encode(&dataset, &table);
    const tlm_wire_head head = {.flags = TLM_ROWS_FINAL,
                                .table_hash = tlm_wire_hash(table.data, table.size),
                                .table = {table.data, table.size}};
    fill(cells, 1);
    cells[3].is_set = 0;
    tlm_wire_begin(&message, &head);
    tlm_wire_add(&message, &dataset, cells);
    tlm_wire_end(&message, 1);
    assert_int_equal(read_copy(message.data, message.size), -EBADMSG);
    tlm_buffer_finish(&message);
    tlm_buffer_finish(&table);
}

static void bad_utf8_in_a_text_is_refused(void **state)
{
    (void)state;
    tlm_buffer message = TLM_BUFFER_INIT, table = TLM_BUFFER_INIT;
    tlm_cell cells[COLUMNS];
    tlm_wire_table_encode(&dataset, &table);
    const tlm_wire_head head = {.flags = TLM_ROWS_FINAL,
                                .table_hash = tlm_wire_hash(table.data, table.size),
                                .table = {table.data, table.size}};
    fill(cells, 1);
    cells[0] = text("\xff", 1);
    tlm_wire_begin(&message, &head);
    tlm_wire_add(&message, &dataset, cells);
    tlm_wire_end(&message, 1);
    assert_int_equal(read_copy(message.data, message.size), -EBADMSG);
    tlm_buffer_finish(&message);
    tlm_buffer_finish(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_comes_back_as_it_was),
        cmocka_unit_test(a_head_says_where_rows_come_from),
        cmocka_unit_test(a_message_cut_anywhere_is_refused),
        cmocka_unit_test(a_message_with_one_bit_turned_is_refused),
        cmocka_unit_test(a_signed_message_of_nonsense_is_refused_or_whole),
        cmocka_unit_test(more_rows_than_bytes_allocate_nothing),
        cmocka_unit_test(a_null_where_none_may_be_is_refused),
        cmocka_unit_test(bad_utf8_in_a_text_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
