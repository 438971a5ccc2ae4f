#include "test_common.h"

#include "common/time.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define S INT64_C(1000000000)

static int parse(const char *text, int64_t *ret_ns)
{
    /* A copy of exact size, so that the sanitizer sees a read past the end. */
    size_t size = strlen(text);
    char *copy = malloc(size ? size : 1);
    assert_non_null(copy);
    memcpy(copy, text, size);
    int result = tlm_time_parse(copy, size, ret_ns);
    free(copy);
    return result;
}

static void assert_time(const char *text, int64_t expected)
{
    int64_t ns = -1;

    if (parse(text, &ns) != 0 || ns != expected)
        fail_msg("%s: read %lld, expected %lld", text, (long long)ns, (long long)expected);
}

static void assert_refused(const char *text, int error)
{
    int64_t ns = 4711;
    int result = parse(text, &ns);

    if (result != error || ns != 4711)
        fail_msg("%s: result %d, expected %d", text, result, error);
}

static void test_reads_zones_fractions_and_small_letters(void **state)
{
    (void)state;
    assert_time("1970-01-01T00:00:00Z", 0);
    assert_time("1970-01-01t00:00:01z", S);
    assert_time("2024-02-29T12:34:56.7Z", 1709210096 * S + 700000000);
    assert_time("2024-02-29T12:34:56.123456789Z", 1709210096 * S + 123456789);
    assert_time("2024-02-29T12:34:56.000000001Z", 1709210096 * S + 1);
    assert_time("2024-02-29T14:34:56+02:00", 1709210096 * S);
    assert_time("2024-02-29T07:04:56.5-05:30", 1709210096 * S + 500000000);
    assert_time("2024-02-29T12:34:56-00:00", 1709210096 * S);
    assert_time("2024-03-01T12:33:56+23:59", 1709210096 * S);
    assert_time("2000-02-29T00:00:00Z", 951782400 * S);
}

static void test_refuses_what_rfc_3339_does_not_allow(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "Z",
        "2024-02-29",
        "2024-02-29T12:34:56",
        "2024-02-29 12:34:56Z",
        "2024-02-29T12:34Z",
        "2024-2-29T12:34:56Z",
        "24-02-29T12:34:56Z",
        "2024-02-29T12:34:56.Z",
        "2024-02-29T12:34:56.",
        "2024-02-29T12:34:56.1234567890Z",
        "2024-02-29T12:34:56,5Z",
        "2024-02-29T12:34:56ZZ",
        "2024-02-29T12:34:56Z ",
        " 2024-02-29T12:34:56Z",
        "2024-02-29T12:34:56+2:00",
        "2024-02-29T12:34:56+0200",
        "2024-02-29T12:34:56+02",
        "2024-02-29T12:34:56+24:00",
        "2024-02-29T12:34:56+00:60",
        "2024-02-29T12:34:56*02:00",
        "2024-02-29T12:34:56+02:00Z",
        "2024-02-29T24:00:00Z",
        "2024-02-29T23:60:00Z",
        "2024-02-29T23:59:61Z",
        "2024-02-29T12:34:60Z",
        "2024-02-29T23:59:60+01:00",
        "2023-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z",
        "2100-02-29T00:00:00Z",
        "2024-00-10T00:00:00Z",
        "2024-13-10T00:00:00Z",
        "2024-04-31T00:00:00Z",
        "2024-04-00T00:00:00Z",
        "2024/04/10T00:00:00Z",
        "2024-04-10T00-00-00Z",
        "-024-04-10T00:00:00Z",
        "+2024-04-10T00:00:00Z",
        "2024-04-10T00:00:0:Z",
        "2024-04-10T00:00:0/Z",
        "20a4-04-10T00:00:00Z",
        "2024-04-10X00:00:00Z",
        "2024-04-10T00:00:00.5",
        "2024-04-10T00:00:00.+1Z",
        "2024-04-10T00:00:00.5+",
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
        assert_refused(texts[i], -EINVAL);
    int64_t ns;
    assert_int_equal(tlm_time_parse("2024-02-29T12:34:56Z\0", 21, &ns), -EINVAL);
}

static void test_leap_second_is_the_next_second(void **state)
{
    (void)state;
    assert_time("2016-12-31T23:59:60Z", 1483228800 * S);
    assert_time("2016-12-31T23:59:60.5Z", 1483228800 * S + 500000000);
    assert_time("2017-01-01T05:29:60+05:30", 1483228800 * S);
    assert_time("2016-12-31T15:59:60.999999999-08:00", 1483228800 * S + 999999999);
    assert_time("2024-03-10T23:59:60Z", 1710115200 * S);
    assert_refused("2017-01-01T05:30:60+05:30", -EINVAL);
    assert_time("1969-12-31T23:59:60Z", 0);
    assert_refused("2261-12-31T23:59:60Z", -ERANGE);
}

static void test_years_are_judged_in_utc(void **state)
{
    (void)state;
    assert_time("2261-12-31T23:59:59.999999999Z", TLM_TIME_END_NS - 1);
    assert_refused("2262-01-01T00:00:00Z", -ERANGE);
    assert_time("2262-01-01T00:59:59.999999999+01:00", TLM_TIME_END_NS - 1);
    assert_refused("2261-12-31T23:00:00-01:00", -ERANGE);
    assert_refused("1969-12-31T23:59:59.999999999Z", -ERANGE);
    assert_time("1969-12-31T23:00:00-01:00", 0);
    assert_refused("1970-01-01T00:59:59+01:00", -ERANGE);
    assert_refused("0000-01-01T00:00:00Z", -ERANGE);
    assert_refused("0000-02-30T00:00:00Z", -EINVAL);
    assert_refused("9999-12-31T23:59:59Z", -ERANGE);
}

static void test_from_ms_has_the_same_years(void **state)
{
    (void)state;
    int64_t ns = 4711;

    assert_int_equal(tlm_time_from_ms(-1, &ns), -ERANGE);
    assert_int_equal(tlm_time_from_ms(INT64_C(9214646400000), &ns), -ERANGE);
    assert_int_equal(tlm_time_from_ms(INT64_MAX, &ns), -ERANGE);
    assert_int_equal(tlm_time_from_ms(INT64_MIN, &ns), -ERANGE);
    assert_int_equal(ns, 4711);
    assert_int_equal(tlm_time_from_ms(0, &ns), 0);
    assert_int_equal(ns, 0);
    assert_int_equal(tlm_time_from_ms(INT64_C(9214646399999), &ns), 0);
    assert_int_equal(ns, TLM_TIME_END_NS - 1000000);
}

static void assert_formatted(int64_t ns, const char *expected)
{
    char text[TLM_TIME_SIZE];

    assert_int_equal(tlm_time_format(ns, text), strlen(expected));
    assert_string_equal(text, expected);
}

static void test_format_is_the_shortest_exact(void **state)
{
    (void)state;
    assert_formatted(0, "1970-01-01T00:00:00Z");
    assert_formatted(1709210096 * S, "2024-02-29T12:34:56Z");
    assert_formatted(1709210096 * S + 500000000, "2024-02-29T12:34:56.500Z");
    assert_formatted(1709210096 * S + 1000000, "2024-02-29T12:34:56.001Z");
    assert_formatted(1709210096 * S + 1000, "2024-02-29T12:34:56.000001Z");
    assert_formatted(1709210096 * S + 1, "2024-02-29T12:34:56.000000001Z");
    assert_formatted(TLM_TIME_END_NS - 1, "2261-12-31T23:59:59.999999999Z");
    assert_formatted(-1, "1969-12-31T23:59:59.999999999Z");
    assert_formatted(INT64_MAX, "2262-04-11T23:47:16.854775807Z");
    assert_formatted(INT64_MIN, "1677-09-21T00:12:43.145224192Z");
}

/* Against the C library, at the first and last second of every day that is accepted. */
static void test_every_day_agrees_with_libc(void **state)
{
    (void)state;
    char expected[TLM_TIME_SIZE];
    char text[TLM_TIME_SIZE];

    for (int64_t second = 0; second < TLM_TIME_END_NS / S; second += second % 86400 == 0 ? 86399 : 1) {
        time_t libc_second = (time_t)second;
        struct tm tm;
        int64_t ns = -1;
        assert_non_null(gmtime_r(&libc_second, &tm));
        size_t size = strftime(expected, sizeof(expected), "%Y-%m-%dT%H:%M:%SZ", &tm);
        assert_int_equal(tlm_time_format(second * S, text), size);
        assert_string_equal(text, expected);
        assert_int_equal(tlm_time_parse(text, size, &ns), 0);
        assert_int_equal(ns, second * S);
    }
}

static void test_any_instant_survives_writing_and_reading(void **state)
{
    (void)state;
    uint64_t random = 1;
    char text[TLM_TIME_SIZE];

    for (int i = 0; i < 1000000; i++) {
        static const int64_t grains[] = {1, 1000, 1000000, 1000000000};
        int64_t ns = (int64_t)(test_random(&random) % (uint64_t)TLM_TIME_END_NS);
        int64_t read = -1;
        ns -= ns % grains[i % 4];
        size_t size = tlm_time_format(ns, text);
        assert_int_equal(tlm_time_parse(text, size, &read), 0);
        assert_int_equal(read, ns);
    }
}

/* One byte of a good text changed to any other: read or refused, never a crash, and output untouched when refused. */
static void test_every_changed_byte_is_judged(void **state)
{
    (void)state;
    const char good[] = "2016-12-31T23:59:59.123456+05:30";

    for (size_t at = 0; at < sizeof(good) - 1; at++) {
        for (int byte = 0; byte < 256; byte++) {
            char text[sizeof(good)];
            char again[TLM_TIME_SIZE];
            int64_t ns = 4711;
            memcpy(text, good, sizeof(good));
            text[at] = (char)byte;
            int result = tlm_time_parse(text, sizeof(good) - 1, &ns);
            if (result < 0)
                assert_int_equal(ns, 4711);
            else
                assert_true(tlm_time_format(ns, again) >= 20);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_zones_fractions_and_small_letters),
        cmocka_unit_test(test_refuses_what_rfc_3339_does_not_allow),
        cmocka_unit_test(test_leap_second_is_the_next_second),
        cmocka_unit_test(test_years_are_judged_in_utc),
        cmocka_unit_test(test_from_ms_has_the_same_years),
        cmocka_unit_test(test_format_is_the_shortest_exact),
        cmocka_unit_test(test_every_day_agrees_with_libc),
        cmocka_unit_test(test_any_instant_survives_writing_and_reading),
        cmocka_unit_test(test_every_changed_byte_is_judged),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
