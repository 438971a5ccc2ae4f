#include "test_common.h"

#include "common/decimal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int parse(const char *text, size_t size, tlm_wide *ret_units)
{
    char *copy = malloc(size ? size : 1);
    assert_non_null(copy);
    memcpy(copy, text, size);
    int result = tlm_decimal_parse(copy, size, ret_units);
    free(copy);
    return result;
}

/* Reads `text` and compares the value, written back without trailing zeros. */
static void assert_read(const char *text, const char *expected)
{
    char back[TLM_DECIMAL_SIZE];
    tlm_wide units = 0;
    int result = parse(text, strlen(text), &units);

    if (result != 0)
        fail_msg("%s: result %d", text, result);
    assert_int_equal(tlm_decimal_format(units, TLM_DECIMAL_SCALE, true, back), strlen(expected));
    assert_string_equal(back, expected);
}

static void assert_refused(const char *text, int error)
{
    tlm_wide units = 4711;
    int result = parse(text, strlen(text), &units);

    if (result != error || units != 4711)
        fail_msg("%s: result %d, expected %d", text, result, error);
}

static void test_reads_plain_numbers(void **state)
{
    (void)state;
    assert_read("0", "0");
    assert_read("-0", "0");
    assert_read("-0.000", "0");
    assert_read("4.99", "4.99");
    assert_read("-4.990", "-4.99");
    assert_read("0.000000001", "0.000000001");
    assert_read("-0.000000001", "-0.000000001");
    assert_read("999999999999999999.999999999", "999999999999999999.999999999");
    assert_read("-999999999999999999.999999999", "-999999999999999999.999999999");
    assert_read("1.5000000000000", "1.5");
    assert_read("100000000000000000", "100000000000000000");
}

static void test_reads_exponents_exactly(void **state)
{
    (void)state;
    assert_read("1e17", "100000000000000000");
    assert_read("1E+17", "100000000000000000");
    assert_read("1e-9", "0.000000001");
    assert_read("1.5e3", "1500");
    assert_read("12345e-4", "1.2345");
    assert_read("0.0000000001e1", "0.000000001");
    assert_read("1000000000000000000000e-4", "100000000000000000");
    assert_read("10e-10", "0.000000001");
    assert_read("1e00000000000000000000000000001", "10");
    assert_read("0e999999999", "0");
    assert_read("0.0e-99999999999999999999999999999999", "0");
    assert_read("-0e99999999999999999999999999999999", "0");
}

static void test_refuses_more_digits_than_money_has(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "1e18",
        "1000000000000000000",
        "999999999999999999.9999999991",
        "0.0000000001",
        "1e-10",
        "1.0000000001",
        "1e999999999999999999999999",
        "1e-999999999999999999999999",
        "-1e18",
        "1e9223372036854775807",
        "1e-9223372036854775808",
        "1e2305843009213693952",
        "123456789012345678901234567890",
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
        assert_refused(texts[i], -ERANGE);
}

static void test_refuses_what_json_does_not_call_a_number(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",      "-",     "+1",    "00",  "000", "01",    "-01",   ".5",    "5.",    "1.e1",
        "1e",    "1e+",   "1e-",   "e1",  "1 ",  " 1",    "1,5",   "0x10",  "NaN",   "Infinity",
        "1.2.3", "1e1.5", "1e1e1", "--1", "1-",  "\"1\"", "1_000", "1e--1", "1e+-1", "-.5",
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
        assert_refused(texts[i], -EINVAL);
    tlm_wide units;
    assert_int_equal(parse("1\0", 2, &units), -EINVAL);
    assert_int_equal(tlm_decimal_parse(NULL, 0, &units), -EINVAL);
}

static void test_long_texts_of_zeros_cost_no_precision(void **state)
{
    (void)state;
    enum { ZEROS = 100000 };
    char *text = malloc(ZEROS + 32);
    assert_non_null(text);
    tlm_wide units = 0;

    memset(text, '0', ZEROS + 32);
    memcpy(text, "0.", 2);
    memcpy(text + 2 + ZEROS, "7e100001", 8);
    assert_int_equal(parse(text, 2 + ZEROS + 8, &units), 0);
    assert_true(units == (tlm_wide)7 * 1000000000);
    memset(text, '0', ZEROS + 32);
    text[0] = '7';
    memcpy(text + 1 + ZEROS, "e-100000", 8);
    assert_int_equal(parse(text, 1 + ZEROS + 8, &units), 0);
    assert_true(units == (tlm_wide)7 * 1000000000);
    free(text);
}

/* An accepted value is the same however its point is moved by an exponent. */
static void test_moving_the_point_keeps_the_value(void **state)
{
    (void)state;
    uint64_t random = 2;

    for (int i = 0; i < 200000; i++) {
        int64_t digits = (int64_t)(test_random(&random) >> (1 + test_random(&random) % 62));
        int places = (int)(test_random(&random) % 10);
        tlm_wide expected = digits;
        tlm_wide units = -1;
        char text[64];
        for (int zeros = places; zeros < TLM_DECIMAL_SCALE; zeros++)
            expected *= 10;
        int size = snprintf(text, sizeof(text), "-%llde-%d", (long long)digits, places);
        int result = parse(text, (size_t)size, &units);
        if (expected < (tlm_wide)1000000000 * 1000000000 * 1000000000) {
            assert_int_equal(result, 0);
            assert_true(units == -expected);
        } else {
            assert_int_equal(result, -ERANGE);
        }
    }
}

static void assert_formatted(tlm_wide units, unsigned scale, bool trim, const char *expected)
{
    char text[TLM_DECIMAL_SIZE];

    assert_int_equal(tlm_decimal_format(units, scale, trim, text), strlen(expected));
    assert_string_equal(text, expected);
}

static void test_formats_any_scale(void **state)
{
    (void)state;
    tlm_wide smallest = (tlm_wide)((__extension__(unsigned __int128) 1) << 127);

    assert_formatted(0, 0, false, "0");
    assert_formatted(0, 2, false, "0.00");
    assert_formatted(0, 2, true, "0");
    assert_formatted(5, 2, false, "0.05");
    assert_formatted(-5, 2, false, "-0.05");
    assert_formatted(1250, 2, false, "12.50");
    assert_formatted(1250, 2, true, "12.5");
    assert_formatted(1200, 2, true, "12");
    assert_formatted(1200, 0, true, "1200");
    assert_formatted(-1200, 4, true, "-0.12");
    assert_formatted(10000, 4, true, "1");
    assert_formatted(smallest, 0, false, "-170141183460469231731687303715884105728");
    assert_formatted(smallest, 38, false, "-1.70141183460469231731687303715884105728");
    assert_formatted(-1, 38, true, "-0.00000000000000000000000000000000000001");
}

static void test_divides_half_to_even(void **state)
{
    (void)state;
    for (int numerator = -200; numerator <= 200; numerator++) {
        for (int denominator = 1; denominator <= 21; denominator++) {
            /* Naive: the candidate nearest to the quotient, the even one of two. */
            int best = -1000;
            for (int candidate = -201; candidate <= 201; candidate++) {
                int distance = abs(candidate * denominator - numerator);
                int best_distance = abs(best * denominator - numerator);
                if (distance < best_distance || (distance == best_distance && candidate % 2 == 0))
                    best = candidate;
            }
            assert_int_equal((int)tlm_decimal_divide_half_even(numerator, denominator), best);
        }
    }
}

static void test_divides_the_widest_numbers(void **state)
{
    (void)state;
    tlm_wide largest = (tlm_wide)(~(__extension__(unsigned __int128) 0) >> 1);

    assert_true(tlm_decimal_divide_half_even(largest, largest) == 1);
    assert_true(tlm_decimal_divide_half_even(-largest, largest) == -1);
    assert_true(tlm_decimal_divide_half_even(largest / 2, largest) == 0);
    assert_true(tlm_decimal_divide_half_even(largest / 2 + 1, largest) == 1);
    assert_true(tlm_decimal_divide_half_even(-largest - 1, 1) == -largest - 1);
    assert_true(tlm_decimal_divide_half_even(-largest - 1, 2) == (-largest - 1) / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_plain_numbers),
        cmocka_unit_test(test_reads_exponents_exactly),
        cmocka_unit_test(test_refuses_more_digits_than_money_has),
        cmocka_unit_test(test_refuses_what_json_does_not_call_a_number),
        cmocka_unit_test(test_long_texts_of_zeros_cost_no_precision),
        cmocka_unit_test(test_moving_the_point_keeps_the_value),
        cmocka_unit_test(test_formats_any_scale),
        cmocka_unit_test(test_divides_half_to_even),
        cmocka_unit_test(test_divides_the_widest_numbers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
