/* SPDX-License-Identifier: Apache-2.0 */
#include "core_test.h"
#include "record.h"

#include <stdlib.h>

static tlm_lane_record sample(void)
{
    tlm_lane_record record = {
        .watermark_ns = INT64_C(1767225600000000000), .quiet_ns = INT64_C(1767225540000000000), .input_count = 2};
    record.inputs[0] = (tlm_input_record){.name = "replay",
                                          .next = {1000, 123456, 1003, UINT64_MAX},
                                          .from = {900, 111111, 901, 7},
                                          .highest_ns = INT64_MAX};
    record.inputs[1] = (tlm_input_record){.name = "mock", .highest_ns = INT64_MIN};
    record.accounting.consumed[TLM_EVENT_CHAT] = 10;
    record.accounting.applied[TLM_EVENT_CHAT] = 4;
    record.accounting.duplicate[TLM_EVENT_CHAT] = 3;
    record.accounting.late[TLM_EVENT_CHAT] = 2;
    record.accounting.dead_lettered[TLM_EVENT_CHAT] = 1;
    record.accounting.consumed[TLM_EVENT_UNKNOWN] = UINT64_MAX;
    return record;
}

static void what_is_written_is_read_back_the_same(void **state)
{
    (void)state;
    tlm_lane_record record = sample(), back;
    tlm_error error;
    size_t size;
    char *text = tlm_lane_record_format(&record, &size);
    assert_non_null(text);
    assert_int_equal(tlm_lane_record_parse((tlm_text){text, size}, &back, &error), 0);
    assert_int_equal(back.watermark_ns, record.watermark_ns);
    assert_int_equal(back.quiet_ns, record.quiet_ns);
    assert_int_equal(back.input_count, 2);
    for (uint32_t i = 0; i < 2; i++) {
        assert_string_equal(back.inputs[i].name, record.inputs[i].name);
        assert_memory_equal(&back.inputs[i].next, &record.inputs[i].next, sizeof(tlm_position));
        assert_memory_equal(&back.inputs[i].from, &record.inputs[i].from, sizeof(tlm_position));
        assert_int_equal(back.inputs[i].highest_ns, record.inputs[i].highest_ns);
    }
    assert_memory_equal(&back.accounting, &record.accounting, sizeof back.accounting);
    free(text);
}

static void text_that_was_not_written_so_is_refused_and_the_output_untouched(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "telemetra-lane 2\nwatermark 1 quiet 1\n",
        "telemetra-lane 1\nwatermark x\n",
        "telemetra-lane 1\nnonsense\n",
        "telemetra-lane 1\ninput a next 1 2 3\n",
        "telemetra-lane 1\ninput a next 1 2 3 4 from 2 2 3 4 highest 5\n", /* from is past next */
        "telemetra-lane 1\ncount chat consumed 1\n",
        "telemetra-lane 1\ncount nobody consumed 1 applied 1 duplicate 0 late 0 dead_lettered 0\n",
    };
    for (size_t i = 0; i < TLM_COUNT(bad); i++) {
        tlm_lane_record record = {.watermark_ns = 42};
        tlm_error error = {{0}};
        assert_int_equal(tlm_lane_record_parse(tlm_text_of(bad[i]), &record, &error), -EINVAL);
        assert_int_equal(record.watermark_ns, 42);
        assert_string_not_equal(error.text, "");
    }
}

static void an_input_is_found_by_its_name(void **state)
{
    (void)state;
    tlm_lane_record record = sample();
    assert_ptr_equal(tlm_lane_record_input(&record, "mock"), &record.inputs[1]);
    assert_null(tlm_lane_record_input(&record, "moc"));
}

static void a_name_as_long_as_the_file_allows_is_read_back(void **state)
{
    (void)state;
    tlm_lane_record record = sample(), back;
    tlm_error error;
    size_t size;
    memset(record.inputs[0].name, 'n', TLM_NAME_SIZE_MAX);
    char *text = tlm_lane_record_format(&record, &size);
    assert_non_null(text);
    assert_int_equal(tlm_lane_record_parse((tlm_text){text, size}, &back, &error), 0);
    assert_string_equal(back.inputs[0].name, record.inputs[0].name);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read_back_the_same),
        cmocka_unit_test(a_name_as_long_as_the_file_allows_is_read_back),
        cmocka_unit_test(text_that_was_not_written_so_is_refused_and_the_output_untouched),
        cmocka_unit_test(an_input_is_found_by_its_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
