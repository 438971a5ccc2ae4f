/* SPDX-License-Identifier: Apache-2.0 */
/* The redis plugin as the feed between processes: a writer and readers over a server of the test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "host.h"

#include "flushes.h"
#include "redis_lab.h"

#include "common/rows_wire.h"

#define SECOND INT64_C(1000000000)

static lab_server server;
static lab *writer, *reader;

static int start_server(void **state)
{
    (void)state;
    lab_server_start(&server);
    return 0;
}

static int stop_server(void **state)
{
    (void)state;
    lab_server_finish(&server);
    return 0;
}

/* Subscribers of all channels, as the server counts them. */
static bool has_listeners(long long count)
{
    return lab_integer(&server, "PUBSUB NUMPAT") == count;
}

static int begin(void **state)
{
    (void)state;
    lab_do(&server, "FLUSHALL");
    writer = lab_create_writer(&server, NULL);
    reader = lab_create(&server, NULL);
    return 0;
}

static void start_both(void)
{
    lab_start(writer);
    lab_start(reader);
    LAB_UNTIL(has_listeners(1));
    LAB_UNTIL(lab_integer(&server, "EXISTS telemetra:test:marker") == 1);
}

static int end(void **state)
{
    (void)state;
    lab_destroy(writer);
    lab_destroy(reader);
    writer = reader = NULL;
    LAB_UNTIL(has_listeners(0));
    return 0;
}

/* --- rows -------------------------------------------------------------------------------------------------------- */

static void fill_every_type(tlm_cell *cells, const char *stream, int64_t start_ns)
{
    sample_fill(cells, stream, start_ns);
    cells[4] = cell_wide(-((test_wide)1 << 100));
    cells[5] = cell_text("caf\xc3\xa9");
    cells[6] = cell_text("[{\"name\":\"Kappa\",\"count\":3}]");
    cells[7] = cell_bytes("\0\xff\x80", 3);
    cells[8] = cell_integer(0);
    cells[9] = cell_integer(INT64_MIN);
    cells[10] = cell_wide((test_wide)1234567890123456789 * 1000000007);
    cells[11] = cell_wide(0);
}

static void assert_same_cells(const tlm_dataset *told, const tlm_cell *found, const tlm_cell *wanted)
{
    for (uint32_t i = 0; i < SAMPLE_COLUMNS; i++) {
        uint32_t type = sample_columns[i].type;
        assert_string_equal(told->columns[i].name, sample_columns[i].name);
        assert_int_equal(told->columns[i].type, type);
        assert_int_equal(told->columns[i].scale, sample_columns[i].scale);
        assert_int_equal(found[i].is_set, wanted[i].is_set);
        if (!wanted[i].is_set)
            continue;
        if (tlm_wire_is_bytes(type)) {
            assert_int_equal(found[i].size, wanted[i].size);
            assert_memory_equal(found[i].as.text, wanted[i].as.text, wanted[i].size);
        } else if (type == TLM_COLUMN_DECIMAL) {
            assert_true(wide_value(&found[i]) == wide_value(&wanted[i]));
        } else {
            assert_true(found[i].as.integer == wanted[i].as.integer);
        }
    }
}

static void submit_sample(uint32_t lane, uint64_t epoch, uint64_t sequence, const char *stream, int64_t start_ns)
{
    tlm_cell cells[SAMPLE_COLUMNS];
    sample_fill(cells, stream, start_ns);
    tlm_rows rows = rows_of(&sample_dataset, cells, 1);
    assert_int_equal(lab_submit(writer, lane, epoch, sequence, &rows), 0);
}

/** Early rows that count who holds them, for they are released when they have been sent. */
typedef struct {
    tlm_rows rows; /* first */
    int references;
    tlm_cell cells[SAMPLE_COLUMNS];
    char stream[16];
} early_rows;

static void early_ref(const tlm_rows *rows)
{
    __atomic_add_fetch(&((early_rows *)(uintptr_t)rows)->references, 1, __ATOMIC_RELAXED);
}

static void early_unref(const tlm_rows *rows)
{
    early_rows *early = (early_rows *)(uintptr_t)rows;
    if (__atomic_sub_fetch(&early->references, 1, __ATOMIC_ACQ_REL) == 0)
        free(early);
}

/* A lane makes an early row. */
static void emit_early(const char *stream, int64_t start_ns)
{
    early_rows *early = calloc(1, sizeof *early);
    snprintf(early->stream, sizeof early->stream, "%s", stream);
    sample_fill(early->cells, early->stream, start_ns);
    early->references = 1;
    early->rows = rows_of(&sample_dataset, early->cells, 1);
    early->rows.flags = TLM_ROWS_EARLY;
    early->rows.size_bytes = sizeof *early;
    early->rows.ref = early_ref;
    early->rows.unref = early_unref;
    lab_emit(writer, &early->rows);
    early_unref(&early->rows);
}

/* --- tests ------------------------------------------------------------------------------------------------------- */

static void a_reader_gets_the_same_cells_of_every_type(void **state)
{
    (void)state;
    tlm_cell cells[2][SAMPLE_COLUMNS];
    start_both();
    fill_every_type(cells[0], "a", SECOND);
    sample_fill(cells[1], "b", INT64_MAX - 60 * SECOND); /* nulls where they may be */
    tlm_rows rows = rows_of(&sample_dataset, cells[0], 2);
    assert_int_equal(lab_submit(writer, 0, 1, 1, &rows), 0);
    LAB_UNTIL(lab_heard_rows(reader) == 2);
    rows.flags = TLM_ROWS_EARLY;
    lab_emit(writer, &rows);
    LAB_UNTIL(lab_heard_rows(reader) == 4);
    const tlm_rows *final = reader->heard[0], *early = reader->heard[1];
    assert_int_equal(final->flags, TLM_ROWS_FINAL);
    assert_int_equal(early->flags, TLM_ROWS_EARLY);
    assert_ptr_equal(final->dataset, early->dataset); /* one for the life of the process */
    assert_string_equal(final->dataset->id, "samples");
    for (uint32_t i = 0; i < 2; i++)
        assert_same_cells(final->dataset, tlm_rows_at(final, i), cells[i]);
    for (uint32_t i = 0; i < 2; i++) {
        const tlm_cell *row = tlm_rows_at(early, i);
        assert_same_cells(early->dataset, row, cells[row[0].as.text[0] - 'a']);
    }
}

static void final_rows_of_a_lane_are_not_published_early_as_well(void **state)
{
    (void)state;
    tlm_cell cells[SAMPLE_COLUMNS];
    start_both();
    sample_fill(cells, "a", 0);
    tlm_rows rows = rows_of(&sample_dataset, cells, 1);
    lab_emit(writer, &rows); /* as the host does after each commit */
    assert_int_equal(lab_submit(writer, 0, 1, 1, &rows), 0);
    emit_early("last", 0);
    LAB_UNTIL(lab_heard_rows(reader) >= 2);
    assert_int_equal(lab_heard_rows(reader), 2);
}

static void large_flushes_come_whole(void **state)
{
    (void)state;
    enum { ROWS = 5000 };
    static tlm_cell cells[ROWS][SAMPLE_COLUMNS];
    static char names[ROWS][16];
    start_both();
    for (int i = 0; i < ROWS; i++) {
        snprintf(names[i], sizeof names[i], "s%d", i);
        sample_fill(cells[i], names[i], i);
    }
    tlm_rows rows = rows_of(&sample_dataset, cells[0], ROWS);
    assert_int_equal(lab_submit(writer, 0, 1, 1, &rows), 0);
    LAB_UNTIL(lab_heard_rows(reader) == ROWS);
    uint32_t at = 0;
    for (uint32_t i = 0; i < reader->heard_count; i++)
        for (uint32_t j = 0; j < reader->heard[i]->row_count; j++, at++)
            assert_same_cells(reader->heard[i]->dataset, tlm_rows_at(reader->heard[i], j), cells[at]);
}

static void an_owner_that_was_replaced_is_not_heard(void **state)
{
    (void)state;
    start_both();
    submit_sample(0, 2, 10, "new", SECOND);
    LAB_UNTIL(lab_heard_rows(reader) == 1);
    submit_sample(0, 1, 11, "old owner", SECOND);
    submit_sample(0, 2, 9, "repeated", SECOND);
    submit_sample(1, 1, 1, "other lane", SECOND);
    submit_sample(0, 2, 11, "next", SECOND);
    LAB_UNTIL(lab_heard_rows(reader) == 3);
    assert_memory_equal(reader->heard[1]->cells[0].as.text, "other lane", 10);
    assert_memory_equal(reader->heard[2]->cells[0].as.text, "next", 4);
}

static void any_number_of_readers_hear(void **state)
{
    (void)state;
    enum { READERS = 5 };
    lab *others[READERS];
    start_both();
    for (int i = 0; i < READERS; i++)
        lab_start(others[i] = lab_create(&server, NULL));
    LAB_UNTIL(has_listeners(1 + READERS) || lab_integer(&server, "PUBSUB NUMPAT") == 1); /* patterns, not clients */
    for (int i = 0; i < READERS; i++)
        LAB_UNTIL(lab_is_well(others[i]) && (emit_early("a", 0), lab_heard_rows(others[i]) > 0));
    for (int i = 0; i < READERS; i++)
        lab_destroy(others[i]);
}

static void a_reader_finds_the_server_again(void **state)
{
    (void)state;
    start_both();
    submit_sample(0, 1, 1, "a", SECOND);
    LAB_UNTIL(lab_heard_rows(reader) == 1);
    lab_server_kill(&server);
    LAB_UNTIL(lab_health_says(reader, "refuses connections"));
    lab_server_start(&server);
    LAB_UNTIL(has_listeners(1) && lab_is_well(reader) && lab_is_well(writer));
    submit_sample(0, 1, 2, "b", SECOND);
    LAB_UNTIL(lab_heard_rows(reader) == 2);
    assert_true(lab_metric(reader, "telemetra_redis_reconnects_total") >= 1);
}

static void a_frozen_server_never_holds_a_lane(void **state)
{
    (void)state;
    enum { TICKS = 5000, STREAMS = 20 };
    char stream[16];
    lab_set(writer, "early_queue", "64KiB");
    start_both();
    kill(server.pid, SIGSTOP);
    int64_t longest_ms = 0;
    for (int i = 0; i < TICKS; i++) {
        int64_t began_ms = lab_now_ms();
        snprintf(stream, sizeof stream, "s%d", i % STREAMS);
        emit_early(stream, i * SECOND);
        int64_t took_ms = lab_now_ms() - began_ms;
        longest_ms = took_ms > longest_ms ? took_ms : longest_ms;
    }
    kill(server.pid, SIGCONT);
    assert_true(longest_ms < 500); /* a busy machine, not the two seconds of the connection's timeout */
    LAB_UNTIL(lab_metric(writer, "telemetra_redis_early_dropped_rows_total") > 0);
    LAB_UNTIL(lab_is_well(writer) && lab_is_well(reader));
    LAB_UNTIL((emit_early("after", 0), lab_heard_rows(reader) > 0 && lab_is_well(reader)));
    assert_true(lab_heard_rows(reader) < TICKS);
}

static void of_what_waits_the_newest_row_of_a_stream_is_sent(void **state)
{
    (void)state;
    enum { TICKS = 300 };
    int64_t newest = -1;
    uint32_t rows = 0;
    lab_set(writer, "timeout", "20s");
    start_both();
    emit_early("first", 0);
    LAB_UNTIL(lab_heard_rows(reader) == 1);
    kill(server.pid, SIGSTOP);
    for (int i = 0; i < TICKS; i++)
        emit_early("a", i * SECOND);
    kill(server.pid, SIGCONT);
    LAB_UNTIL(lab_metric(writer, "telemetra_redis_early_dropped_rows_total") + (int64_t)lab_heard_rows(reader) ==
              TICKS + 1);
    for (uint32_t i = 1; i < reader->heard_count; i++, rows++)
        newest = reader->heard[i]->cells[1].as.integer;
    assert_int_equal(newest, (TICKS - 1) * SECOND);
    assert_true(rows < TICKS);
}

/* --- other programs ---------------------------------------------------------------------------------------------- */

static const tlm_column other_columns[] = {
    {"fresh", TLM_COLUMN_INTEGER, 0, TLM_COLUMN_NULLABLE, NULL, "New in this version."},
    {"viewers", TLM_COLUMN_INTEGER, 0, TLM_COLUMN_NULLABLE, NULL, "Viewers."},
    {"stream_id", TLM_COLUMN_TEXT, 0, TLM_COLUMN_KEY | TLM_COLUMN_STREAM, NULL, "Stream."},
};

static const tlm_dataset other_streams = {sizeof(tlm_dataset),          TLM_DATASET_LATEST, "streams",
                                          "As another version has it.", other_columns,      3};

static void rows_of_another_version_come_in_the_form_that_came_first(void **state)
{
    (void)state;
    tlm_cell cells[STREAM_COLUMNS] = {cell_text("a"), cell_text("title"), cell_integer(5)};
    tlm_cell others[3] = {cell_integer(1), cell_integer(7), cell_text("b")};
    start_both();
    tlm_rows rows = rows_of(&stream_dataset, cells, 1);
    assert_int_equal(lab_submit(writer, 0, 1, 1, &rows), 0);
    rows = rows_of(&other_streams, others, 1);
    assert_int_equal(lab_submit(writer, 0, 1, 2, &rows), 0);
    LAB_UNTIL(lab_heard_rows(reader) == 2);
    assert_ptr_equal(reader->heard[0]->dataset, reader->heard[1]->dataset);
    const tlm_cell *row = reader->heard[1]->cells;
    assert_memory_equal(row[0].as.text, "b", 1);
    assert_int_equal(row[1].is_set, 0); /* it has no title there */
    assert_int_equal(row[2].as.integer, 7);
}

static void nonsense_on_the_channel_is_counted_and_passed_by(void **state)
{
    (void)state;
    start_both();
    lab_do(&server, "PUBLISH telemetra:test:feed:samples nonsense");
    LAB_UNTIL(lab_metric(reader, "telemetra_redis_refused_messages_total") == 1);
    assert_true(lab_health_says(reader, "no batch of rows"));
    submit_sample(0, 1, 1, "a", SECOND);
    LAB_UNTIL(lab_heard_rows(reader) == 1);
    LAB_UNTIL(lab_is_well(reader));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(a_reader_gets_the_same_cells_of_every_type),
        TEST(final_rows_of_a_lane_are_not_published_early_as_well),
        TEST(large_flushes_come_whole),
        TEST(an_owner_that_was_replaced_is_not_heard),
        TEST(any_number_of_readers_hear),
        TEST(a_reader_finds_the_server_again),
        TEST(a_frozen_server_never_holds_a_lane),
        TEST(of_what_waits_the_newest_row_of_a_stream_is_sent),
        TEST(rows_of_another_version_come_in_the_form_that_came_first),
        TEST(nonsense_on_the_channel_is_counted_and_passed_by),
    };
    return cmocka_run_group_tests(tests, start_server, stop_server);
}
