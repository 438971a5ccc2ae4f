/* SPDX-License-Identifier: Apache-2.0 */
/* The relay through its processor interface: what it makes of the events of a view. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "host.h"

enum { EVENTS = 5, KEPT_MAX = 16 };

/* A batch of four kinds and two streams; the third record is a reject and no event. */
static const char data[] = "{chat 1}{viewer 1}broken{tip 1}{title 1}{chat 2}";
static const char arena[] = "\0alphabeta";

typedef struct {
    char row[KEPT_MAX][128];
    uint32_t count;
    int result; /* what `emit` answers */
} kept;

typedef struct {
    tlm_lane lane; /* first */
    kept kept;
} test_lane;

static void keep(char *room, const tlm_dataset *dataset, const tlm_cell *cells)
{
    size_t size = 0;
    for (uint32_t i = 0; i < dataset->column_count; i++) {
        int added = dataset->columns[i].type == TLM_COLUMN_TEXT || dataset->columns[i].type == TLM_COLUMN_BYTES
                        ? snprintf(room + size, 128 - size, "%.*s ", (int)cells[i].size, cells[i].as.text)
                        : snprintf(room + size, 128 - size, "%lld ", (long long)cells[i].as.integer);
        size += (size_t)added;
    }
}

static int emit(const tlm_lane *lane, const tlm_dataset *dataset, uint32_t flags, const tlm_cell *cells)
{
    kept *rows = &((test_lane *)(uintptr_t)lane)->kept;
    assert_string_equal(dataset->id, "events");
    assert_int_equal(flags, TLM_ROWS_FINAL);
    if (rows->result < 0)
        return rows->result;
    keep(rows->row[rows->count++], dataset, cells);
    return 0;
}

/* What a test looks at. */
typedef struct {
    test_host host;
    const tlm_component *component;
    const tlm_processor *processor;
    tlm_instance *instance;
    test_lane lane;
    tlm_lane_state *state;
    tlm_record records[EVENTS + 1];
    tlm_records batch_records;
    tlm_event events[EVENTS];
    tlm_event_stream streams[2];
    tlm_events batch;
    uint32_t rows[EVENTS];
    uint8_t verdicts[EVENTS];
    tlm_event_view view;
} bench;

static void make_batch(bench *self)
{
    static const uint32_t starts[EVENTS + 2] = {0, 8, 18, 24, 31, 40, 48};
    static const uint32_t kinds[EVENTS] = {TLM_EVENT_CHAT, TLM_EVENT_VIEWER, TLM_EVENT_TRANSACTION,
                                           TLM_EVENT_STREAM_META, TLM_EVENT_CHAT};
    static const uint32_t records[EVENTS] = {0, 1, 3, 4, 5}, streams[EVENTS] = {0, 1, 0, 0, 1};
    for (uint32_t i = 0; i <= EVENTS; i++)
        self->records[i] = (tlm_record){
            .position = {.ordinal = 100 + i, .generation = 7}, .start = starts[i], .size = starts[i + 1] - starts[i]};
    self->streams[0].id = (tlm_span){1, 5};
    self->streams[1].id = (tlm_span){6, 4};
    for (uint32_t i = 0; i < EVENTS; i++) {
        self->events[i] =
            (tlm_event){.time_ns = 1000 + i, .record = records[i], .stream = streams[i], .kind = kinds[i]};
        self->rows[i] = i;
    }
    self->batch_records = (tlm_records){.records = self->records, .record_count = EVENTS + 1, .data = data};
    self->batch = (tlm_events){.events = self->events,
                               .event_count = EVENTS,
                               .streams = self->streams,
                               .stream_count = 2,
                               .arena = arena,
                               .records = &self->batch_records};
    self->view = (tlm_event_view){
        .batch = &self->batch, .rows = self->rows, .verdicts = self->verdicts, .count = EVENTS, .input = 2};
}

static int set_up(void **state)
{
    bench *self = calloc(1, sizeof *self);
    tlm_error error;
    test_host_init(&self->host);
    self->component = test_component("relay", "relay");
    self->processor = self->component->get_interface(TLM_INTERFACE_PROCESSOR);
    assert_int_equal(self->component->create(&self->host.public, NULL, &self->instance, &error), 0);
    assert_int_equal(self->component->start(self->instance, &error), 0);
    self->lane.lane.emit = emit;
    assert_int_equal(self->processor->lane_open(self->instance, &self->lane.lane, &self->state, &error), 0);
    make_batch(self);
    *state = self;
    return 0;
}

static int tear_down(void **state)
{
    bench *self = *state;
    self->processor->lane_close(self->state);
    self->component->stop(self->instance);
    self->component->destroy(self->instance);
    free(self);
    return 0;
}

static void events_of_every_kind_become_rows_with_their_bytes_in_their_order(void **state)
{
    bench *self = *state;
    static const char *const expected[] = {"2 7 100 chat alpha 1000 {chat 1} ", "2 7 101 viewer beta 1001 {viewer 1} ",
                                           "2 7 103 transactions alpha 1002 {tip 1} ",
                                           "2 7 104 stream_meta alpha 1003 {title 1} ",
                                           "2 7 105 chat beta 1004 {chat 2} "};
    assert_int_equal(self->processor->events(self->state, &self->view), 0);
    assert_int_equal(self->lane.kept.count, EVENTS);
    for (uint32_t i = 0; i < EVENTS; i++)
        assert_string_equal(self->lane.kept.row[i], expected[i]);
}

static void the_lanes_share_alone_is_handed_on(void **state)
{
    bench *self = *state;
    self->view.rows = &self->rows[3];
    self->view.count = 1;
    assert_int_equal(self->processor->events(self->state, &self->view), 0);
    assert_int_equal(self->lane.kept.count, 1);
    assert_string_equal(self->lane.kept.row[0], "2 7 104 stream_meta alpha 1003 {title 1} ");
}

static void what_an_earlier_processor_did_not_apply_is_not_handed_on(void **state)
{
    bench *self = *state;
    self->verdicts[1] = TLM_VERDICT_DUPLICATE;
    self->verdicts[4] = TLM_VERDICT_DEAD_LETTER;
    assert_int_equal(self->processor->events(self->state, &self->view), 0);
    assert_int_equal(self->lane.kept.count, EVENTS - 2);
    assert_string_equal(self->lane.kept.row[1], "2 7 103 transactions alpha 1002 {tip 1} ");
}

static void refills_are_not_handed_on_twice(void **state)
{
    bench *self = *state;
    self->view.refill = 1;
    assert_int_equal(self->processor->events(self->state, &self->view), 0);
    assert_int_equal(self->lane.kept.count, 0);
}

static void running_out_of_memory_ends_the_lane(void **state)
{
    bench *self = *state;
    self->lane.kept.result = -ENOMEM;
    assert_int_equal(self->processor->events(self->state, &self->view), -ENOMEM);
}

static void nothing_waits_and_nothing_is_read_again(void **state)
{
    bench *self = *state;
    tlm_position position;
    assert_int_equal(self->processor->events(self->state, &self->view), 0);
    assert_true(self->processor->next_due(self->state) == INT64_MAX);
    assert_true(self->processor->final_after(self->instance, 5000) <= 5000);
    assert_int_equal(self->processor->rebuild_from(self->state, 2, &position), 0);
    assert_int_equal(self->processor->advance(self->state, INT64_MAX, INT64_MAX), 0);
    assert_int_equal(self->lane.kept.count, EVENTS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(events_of_every_kind_become_rows_with_their_bytes_in_their_order, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_lanes_share_alone_is_handed_on, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_an_earlier_processor_did_not_apply_is_not_handed_on, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refills_are_not_handed_on_twice, set_up, tear_down),
        cmocka_unit_test_setup_teardown(running_out_of_memory_ends_the_lane, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nothing_waits_and_nothing_is_read_again, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
