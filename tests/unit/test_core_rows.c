/* SPDX-License-Identifier: Apache-2.0 */
#include "core_test.h"
#include "feed.h"
#include "rows.h"

#include <stdio.h>
#include <string.h>

static const tlm_column columns[] = {
    {"name", TLM_COLUMN_TEXT, 0, TLM_COLUMN_KEY, NULL, "key"},
    {"count", TLM_COLUMN_INTEGER, 0, 0, NULL, "number"},
    {"note", TLM_COLUMN_BYTES, 0, TLM_COLUMN_NULLABLE, NULL, "bytes"},
};
static const tlm_dataset dataset = {sizeof dataset, TLM_DATASET_APPEND, "things", "test", columns, 3};
static const tlm_dataset other = {sizeof other, TLM_DATASET_APPEND, "others", "test", columns, 3};

static tlm_cell text_cell(const char *text, size_t size)
{
    return (tlm_cell){.is_set = 1, .size = (uint32_t)size, .as.text = text};
}

static tlm_rows_builder *builder_of(const tlm_dataset *of)
{
    tlm_rows_builder *builder;
    assert_int_equal(tlm_rows_builder_create(of, TLM_ROWS_FINAL, &builder), 0);
    return builder;
}

static void rows_are_copies_that_do_not_move(void **state)
{
    (void)state;
    enum { COUNT = 5000 };
    tlm_rows_builder *builder = builder_of(&dataset);
    char name[32];
    for (int i = 0; i < COUNT; i++) {
        int size = snprintf(name, sizeof name, "name %d", i);
        tlm_cell cells[3] = {text_cell(name, (size_t)size), {.is_set = 1, .as.integer = i}, {0}};
        if (i % 2)
            cells[2] = text_cell("\0x", 2);
        assert_int_equal(tlm_rows_builder_add(builder, cells), 0);
    }
    const tlm_rows *rows = tlm_rows_builder_finish(builder);
    assert_int_equal(rows->row_count, COUNT);
    for (int i = 0; i < COUNT; i++) {
        const tlm_cell *cells = tlm_rows_at(rows, (uint32_t)i);
        int size = snprintf(name, sizeof name, "name %d", i);
        assert_int_equal(cells[0].size, size);
        assert_memory_equal(cells[0].as.text, name, (size_t)size);
        assert_int_equal(cells[1].as.integer, i);
        assert_int_equal(cells[2].is_set, i % 2);
    }
    rows->unref(rows);
}

static void a_text_larger_than_a_chunk_fits(void **state)
{
    (void)state;
    static char large[1 << 20];
    memset(large, 'x', sizeof large);
    tlm_rows_builder *builder = builder_of(&dataset);
    tlm_cell cells[3] = {text_cell(large, sizeof large), {.is_set = 1}, text_cell("", 0)};
    assert_int_equal(tlm_rows_builder_add(builder, cells), 0);
    assert_true(tlm_rows_builder_size_bytes(builder) >= sizeof large);
    const tlm_rows *rows = tlm_rows_builder_finish(builder);
    assert_memory_equal(tlm_rows_at(rows, 0)[0].as.text, large, sizeof large);
    rows->unref(rows);
}

static const tlm_rows *kept;
static int received;

static void keep(void *context, const tlm_rows *rows)
{
    (void)context;
    rows->ref(rows);
    kept = rows;
    received++;
}

static void a_subscriber_gets_its_dataset_only_and_may_keep_rows(void **state)
{
    (void)state;
    tlm_feed *feed;
    assert_int_equal(tlm_feed_create(&feed), 0);
    assert_int_equal(tlm_feed_is_heard(feed), 0);
    tlm_subscription *subscription = tlm_feed_subscribe(feed, "things", keep, NULL);
    assert_int_equal(tlm_feed_is_heard(feed), 1);

    tlm_cell cells[3] = {text_cell("a", 1), {.is_set = 1, .as.integer = 7}, {0}};
    tlm_rows_builder *builder = builder_of(&other);
    assert_int_equal(tlm_rows_builder_add(builder, cells), 0);
    const tlm_rows *rows = tlm_rows_builder_finish(builder);
    tlm_feed_publish(feed, rows);
    rows->unref(rows);
    assert_int_equal(received, 0);

    builder = builder_of(&dataset);
    assert_int_equal(tlm_rows_builder_add(builder, cells), 0);
    rows = tlm_rows_builder_finish(builder);
    tlm_feed_publish(feed, rows);
    rows->unref(rows);
    assert_int_equal(received, 1);
    assert_int_equal(tlm_rows_at(kept, 0)[1].as.integer, 7);
    kept->unref(kept);

    tlm_feed_unsubscribe(subscription);
    assert_int_equal(tlm_feed_is_heard(feed), 0);
    tlm_feed_destroy(feed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_copies_that_do_not_move),
        cmocka_unit_test(a_text_larger_than_a_chunk_fits),
        cmocka_unit_test(a_subscriber_gets_its_dataset_only_and_may_keep_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
