/* SPDX-License-Identifier: Apache-2.0 */
/* Durations and sizes as people write them, and the words that are near a misspelled one. */
#include "option_units.h"
#include "suggest.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

typedef struct row {
    const char *text;
    int result;
    int64_t value;
} row;

static void check_rows(const row *rows, size_t count, int (*parse)(const char *text, int64_t *ret_value))
{
    for (size_t i = 0; i < count; i++) {
        int64_t value = -77;
        int result = parse(rows[i].text, &value);
        if (result != rows[i].result || value != (result == 0 ? rows[i].value : -77))
            fail_msg("'%s': expected %d and %lld, found %d and %lld", rows[i].text, rows[i].result,
                     (long long)rows[i].value, result, (long long)value);
    }
}

static void durations_are_read_exactly_or_refused(void **state)
{
    (void)state;
    static const row rows[] = {
        {"500ms", 0, 500},
        {"10s", 0, 10000},
        {"10", 0, 10000},
        {"1.5", 0, 1500},
        {"0.001s", 0, 1},
        {"2h", 0, 7200000},
        {"7d", 0, 604800000},
        {"0.5m", 0, 30000},
        {"-1s", 0, -1000},
        {"0", 0, 0},
        {"9223372036854775807ms", 0, INT64_MAX},
        {"9223372036854775808ms", -ERANGE, 0},
        {"9223372036854775807s", -ERANGE, 0},
        {"0.0000000000000000001s", -ERANGE, 0},
        {"0.5ms", -EINVAL, 0},
        {"1 s", -EINVAL, 0},
        {"1S", -EINVAL, 0},
        {"1.s", -EINVAL, 0},
        {".5s", -EINVAL, 0},
        {"1e3", -EINVAL, 0},
        {"s", -EINVAL, 0},
        {"", -EINVAL, 0},
        {"10sec", -EINVAL, 0},
    };
    check_rows(rows, TLM_COUNT(rows), tlm_duration_parse);
}

static void sizes_are_read_exactly_or_refused(void **state)
{
    (void)state;
    static const row rows[] = {
        {"64KiB", 0, 65536},    {"1.5MiB", 0, 1572864}, {"2GiB", 0, INT64_C(2147483648)},
        {"10B", 0, 10},         {"10", 0, 10},          {"8589934592GiB", -ERANGE, 0},
        {"0.3KiB", -EINVAL, 0}, {"1KB", -EINVAL, 0},    {"1kib", -EINVAL, 0},
    };
    check_rows(rows, TLM_COUNT(rows), tlm_size_parse);
}

static void values_are_written_in_their_largest_whole_unit(void **state)
{
    (void)state;
    char text[TLM_UNIT_TEXT_SIZE];
    assert_string_equal(tlm_duration_format(0, text), "0ms");
    assert_string_equal(tlm_duration_format(1500, text), "1500ms");
    assert_string_equal(tlm_duration_format(90000, text), "90s");
    assert_string_equal(tlm_duration_format(7200000, text), "2h");
    assert_string_equal(tlm_duration_format(-86400000, text), "-1d");
    assert_string_equal(tlm_size_format(1000, text), "1000B");
    assert_string_equal(tlm_size_format(65536, text), "64KiB");
    assert_string_equal(tlm_size_format(INT64_MAX, text), "9223372036854775807B");
}

static void the_distance_of_words_counts_edits_and_swaps(void **state)
{
    (void)state;
    assert_int_equal(tlm_suggest_distance("", ""), 0);
    assert_int_equal(tlm_suggest_distance("port", "port"), 0);
    assert_int_equal(tlm_suggest_distance("port", "PORT"), 0);
    assert_int_equal(tlm_suggest_distance("prot", "port"), 1);
    assert_int_equal(tlm_suggest_distance("pot", "port"), 1);
    assert_int_equal(tlm_suggest_distance("ports", "port"), 1);
    assert_int_equal(tlm_suggest_distance("", "port"), 4);
    assert_int_equal(tlm_suggest_distance("kitten", "sitting"), 3);
    assert_int_equal(tlm_suggest_distance("ca", "abc"), 3); /* 2 in the unrestricted form */
}

static void only_near_words_are_suggested(void **state)
{
    (void)state;
    char text[TLM_SUGGEST_TEXT_SIZE];
    static const char *const words[] = {"address", "port", "head_timeout", "post"};
    tlm_suggest near = tlm_suggest_begin("pprt"), none = tlm_suggest_begin("colour");
    for (size_t i = 0; i < TLM_COUNT(words); i++) {
        tlm_suggest_offer(&near, words[i]);
        tlm_suggest_offer(&none, words[i]);
    }
    assert_string_equal(tlm_suggest_format(&near, text), "; did you mean 'port'?");
    assert_string_equal(tlm_suggest_format(&none, text), "");
    char large[TLM_SUGGEST_SIZE_MAX + 2];
    memset(large, 'x', sizeof large - 1);
    large[sizeof large - 1] = '\0';
    assert_true(tlm_suggest_distance(large, "port") == SIZE_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(durations_are_read_exactly_or_refused),
        cmocka_unit_test(sizes_are_read_exactly_or_refused),
        cmocka_unit_test(values_are_written_in_their_largest_whole_unit),
        cmocka_unit_test(the_distance_of_words_counts_edits_and_swaps),
        cmocka_unit_test(only_near_words_are_suggested),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
