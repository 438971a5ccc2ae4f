#include "test_common.h"

#include "common/sketch.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static tlm_sketch sketch_of(uint64_t seed, size_t count)
{
    tlm_sketch sketch = TLM_SKETCH_INIT;

    for (size_t i = 0; i < count; i++)
        assert_int_equal(tlm_sketch_add(&sketch, tlm_sketch_mark(test_random(&seed))), 0);
    return sketch;
}

static void assert_same_bytes(const tlm_sketch *a, const tlm_sketch *b)
{
    static uint8_t bytes_a[TLM_SKETCH_SIZE];
    static uint8_t bytes_b[TLM_SKETCH_SIZE];
    size_t size = tlm_sketch_write(a, bytes_a);

    assert_int_equal(tlm_sketch_write(b, bytes_b), size);
    assert_memory_equal(bytes_a, bytes_b, size);
    assert_int_equal(tlm_sketch_estimate(a), tlm_sketch_estimate(b));
}

/* XXH3_64bits with seed 0, version 0.8 and later; sketches of all days depend on these never changing. */
static void test_hash_is_xxh3_for_ever(void **state)
{
    (void)state;
    assert_int_equal(tlm_sketch_hash("", 0), UINT64_C(0x2D06800538D394C2));
    assert_int_equal(tlm_sketch_hash("abc", 3), UINT64_C(0x78AF5F94892F3950));
}

static void test_mark_is_register_and_rank(void **state)
{
    (void)state;
    assert_int_equal(tlm_sketch_mark(0), 51);
    assert_int_equal(tlm_sketch_mark(1), 50);
    assert_int_equal(tlm_sketch_mark(UINT64_MAX), 16383 << 6 | 1);
    assert_int_equal(tlm_sketch_mark(UINT64_C(1) << 50), 1 << 6 | 51);
    for (unsigned bit = 0; bit < 50; bit++)
        assert_int_equal(tlm_sketch_mark(UINT64_C(1) << bit), 50 - bit);
}

static void test_empty_sketch_owns_nothing_and_counts_none(void **state)
{
    (void)state;
    tlm_sketch sketch = TLM_SKETCH_INIT;
    tlm_sketch read;
    uint8_t bytes[TLM_SKETCH_SIZE];

    assert_int_equal(tlm_sketch_estimate(&sketch), 0);
    assert_int_equal(tlm_sketch_size_bytes(&sketch), 0);
    assert_int_equal(tlm_sketch_write(&sketch, bytes), 1);
    assert_int_equal(tlm_sketch_read(bytes, 1, &read), 0);
    assert_int_equal(tlm_sketch_estimate(&read), 0);
    tlm_sketch_finish(&read);
    tlm_sketch_finish(&sketch);
    tlm_sketch_finish(NULL);
}

static void test_few_users_are_counted_nearly_exactly(void **state)
{
    (void)state;
    for (size_t count = 1; count <= 50; count++) {
        tlm_sketch sketch = sketch_of(count, count);
        uint64_t estimate = tlm_sketch_estimate(&sketch);
        assert_true(estimate >= count - 1 && estimate <= count + 1);
        tlm_sketch_finish(&sketch);
    }
}

static void test_extremes_have_a_finite_estimate(void **state)
{
    (void)state;
    tlm_sketch sketch = TLM_SKETCH_INIT;

    for (uint32_t i = 0; i < TLM_SKETCH_REGISTERS; i++)
        assert_int_equal(tlm_sketch_add(&sketch, i << 6 | 1), 0);
    uint64_t low = tlm_sketch_estimate(&sketch);
    assert_true(low > 16384 && low < 65536);
    for (uint32_t i = 0; i < TLM_SKETCH_REGISTERS; i++)
        assert_int_equal(tlm_sketch_add(&sketch, i << 6 | 51), 0);
    assert_int_equal(tlm_sketch_estimate(&sketch), UINT64_MAX);
    tlm_sketch_finish(&sketch);
}

/* Many runs at cardinalities around each junction: sparse to dense (2048 marks), the old estimators' switch (2.5 m).
 * Among 100 users the estimate of a run without collision is 100.3, with one 99.3: rounding to whole users costs up to
 * half a user there, which is more than the estimator's own bias. */
static void test_error_is_under_one_percent_and_without_bias(void **state)
{
    (void)state;
    static const struct {
        size_t count;
        int runs;
    } cases[] = {{100, 1000},  {1000, 1000}, {2100, 1000},  {5000, 1000},  {10000, 600}, {20000, 600},
                 {41000, 400}, {60000, 400}, {100000, 300}, {300000, 150}, {1000000, 60}};

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        double count = (double)cases[i].count;
        double sum = 0;
        double squares = 0;
        for (int run = 0; run < cases[i].runs; run++) {
            tlm_sketch sketch = sketch_of((uint64_t)run << 32 | i << 56, cases[i].count);
            double error = ((double)tlm_sketch_estimate(&sketch) - count) / count;
            sum += error;
            squares += error * error;
            tlm_sketch_finish(&sketch);
        }
        double bias = sum / cases[i].runs;
        double rms = sqrt(squares / cases[i].runs);
        print_message("%8zu users: bias %+.3f %%, RMS error %.3f %%\n", cases[i].count, bias * 100, rms * 100);
        assert_true(rms < 0.01);
        assert_true(fabs(bias) < 0.003 + (count < 1000 ? 0.5 / count : 0));
    }
}

static void test_names_hash_as_well_as_random_numbers(void **state)
{
    (void)state;
    enum { RUNS = 60, USERS = 20000 };
    double squares = 0;

    for (int run = 0; run < RUNS; run++) {
        tlm_sketch sketch = TLM_SKETCH_INIT;
        for (int user = 0; user < USERS; user++) {
            char name[32];
            int size = snprintf(name, sizeof(name), "user_%d", run * USERS + user);
            assert_int_equal(tlm_sketch_add(&sketch, tlm_sketch_mark(tlm_sketch_hash(name, (size_t)size))), 0);
        }
        double error = ((double)tlm_sketch_estimate(&sketch) - USERS) / USERS;
        squares += error * error;
        tlm_sketch_finish(&sketch);
    }
    assert_true(sqrt(squares / RUNS) < 0.01);
}

/* Marks in ascending, descending and repeated order give the same bytes, at sizes around every change of form. */
static void test_order_does_not_matter(void **state)
{
    (void)state;
    static const size_t counts[] = {1, 2, 5, 300, 2000, 2047, 2048, 2049, 2400, 6000, 8000, 10000, 20000, 50000};

    for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
        size_t count = counts[i];
        uint32_t *marks = malloc(count * sizeof(*marks));
        assert_non_null(marks);
        uint64_t random = i;
        for (size_t j = 0; j < count; j++)
            marks[j] = tlm_sketch_mark(test_random(&random));
        tlm_sketch forward = TLM_SKETCH_INIT;
        tlm_sketch backward = TLM_SKETCH_INIT;
        for (size_t j = 0; j < count; j++) {
            assert_int_equal(tlm_sketch_add(&forward, marks[j]), 0);
            assert_int_equal(tlm_sketch_add(&backward, marks[count - 1 - j]), 0);
            assert_int_equal(tlm_sketch_add(&backward, marks[count - 1 - j / 2]), 0);
        }
        assert_same_bytes(&forward, &backward);
        tlm_sketch_finish(&forward);
        tlm_sketch_finish(&backward);
        free(marks);
    }
}

/* All pairs of forms: the union's bytes are those of a sketch that saw everything, whichever way round. */
static void test_merge_is_the_union(void **state)
{
    (void)state;
    static const size_t counts[] = {0, 1, 700, 1500, 2040, 3000, 30000};
    const size_t sizes = sizeof(counts) / sizeof(*counts);

    for (size_t i = 0; i < sizes; i++) {
        for (size_t j = 0; j < sizes; j++) {
            tlm_sketch a = sketch_of(7, counts[i]);
            tlm_sketch b = sketch_of(j % 2 ? 7 : 8, counts[j]); /* the same users, or other ones */
            tlm_sketch both = sketch_of(7, counts[i]);
            tlm_sketch before = sketch_of(j % 2 ? 7 : 8, counts[j]);
            uint64_t random = j % 2 ? 7 : 8;
            for (size_t k = 0; k < counts[j]; k++)
                assert_int_equal(tlm_sketch_add(&both, tlm_sketch_mark(test_random(&random))), 0);
            assert_int_equal(tlm_sketch_merge(&a, &b), 0);
            assert_same_bytes(&a, &both);
            assert_same_bytes(&b, &before);
            assert_int_equal(tlm_sketch_merge(&b, &a), 0);
            assert_same_bytes(&b, &both);
            assert_int_equal(tlm_sketch_merge(&b, &b), 0);
            assert_same_bytes(&b, &both);
            tlm_sketch_finish(&a);
            tlm_sketch_finish(&b);
            tlm_sketch_finish(&both);
            tlm_sketch_finish(&before);
        }
    }
}

static void test_merged_sparse_sketch_goes_on_growing(void **state)
{
    (void)state;
    tlm_sketch merged = sketch_of(9, 700);
    tlm_sketch other = sketch_of(10, 801);
    tlm_sketch all = sketch_of(9, 700);
    uint64_t random = 10;

    assert_int_equal(tlm_sketch_merge(&merged, &other), 0);
    assert_false(merged.dense);
    for (int i = 0; i < 801; i++)
        assert_int_equal(tlm_sketch_add(&all, tlm_sketch_mark(test_random(&random))), 0);
    for (int i = 0; i < 2000; i++) {
        uint32_t mark = tlm_sketch_mark(test_random(&random));
        assert_int_equal(tlm_sketch_add(&merged, mark), 0);
        assert_int_equal(tlm_sketch_add(&all, mark), 0);
    }
    assert_true(merged.dense);
    assert_same_bytes(&merged, &all);
    tlm_sketch_finish(&merged);
    tlm_sketch_finish(&other);
    tlm_sketch_finish(&all);
}

static void test_bytes_read_back_to_the_same_sketch(void **state)
{
    (void)state;
    static const size_t counts[] = {1, 10, 100, 2047, 2048, 2500, 5000, 7000, 8000, 9000, 12000, 20000, 100000};
    static uint8_t bytes[TLM_SKETCH_SIZE];

    for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
        tlm_sketch sketch = sketch_of(i, counts[i]);
        tlm_sketch read;
        size_t size = tlm_sketch_write(&sketch, bytes);
        uint8_t *copy = malloc(size);
        assert_non_null(copy);
        memcpy(copy, bytes, size);
        assert_int_equal(tlm_sketch_read(copy, size, &read), 0);
        free(copy);
        assert_same_bytes(&sketch, &read);
        tlm_sketch_finish(&sketch);
        tlm_sketch_finish(&read);
    }
}

static void assert_unreadable(const uint8_t *bytes, size_t size)
{
    tlm_sketch untouched = {{NULL}, 47, 11, false};
    uint8_t *copy = malloc(size ? size : 1);
    assert_non_null(copy);
    memcpy(copy, bytes, size);
    assert_int_equal(tlm_sketch_read(copy, size, &untouched), -EINVAL);
    assert_true(untouched.count == 47 && untouched.capacity == 11);
    free(copy);
}

#define ASSERT_UNREADABLE(...) assert_unreadable((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

static void test_foreign_bytes_are_refused(void **state)
{
    (void)state;
    assert_unreadable((const uint8_t *)"", 0);
    ASSERT_UNREADABLE(0x00);
    ASSERT_UNREADABLE(0x10);
    ASSERT_UNREADABLE(0x12);
    ASSERT_UNREADABLE(0x21);
    ASSERT_UNREADABLE(0x11, 0x00);                   /* rank 0 */
    ASSERT_UNREADABLE(0x11, 0x34);                   /* rank 52 */
    ASSERT_UNREADABLE(0x11, 0x40);                   /* register 1, rank 0 */
    ASSERT_UNREADABLE(0x11, 0x81);                   /* cut short */
    ASSERT_UNREADABLE(0x11, 0x81, 0x00);             /* longer than needed */
    ASSERT_UNREADABLE(0x11, 0x81, 0x80, 0x00);       /* the same in three bytes */
    ASSERT_UNREADABLE(0x11, 0x81, 0x80, 0x80, 0x01); /* four bytes */
    ASSERT_UNREADABLE(0x11, 0x81, 0x80, 0x40);       /* register 16384 */
    ASSERT_UNREADABLE(0x11, 0xFF, 0xFF, 0x7F);       /* far beyond */
    ASSERT_UNREADABLE(0x11, 0x01, 0x00);             /* the same mark again */
    ASSERT_UNREADABLE(0x11, 0x01, 0x01);             /* a second mark of a register */
}

static void test_dense_bytes_are_refused_when_wrong_or_not_the_shorter_form(void **state)
{
    (void)state;
    static uint8_t bytes[TLM_SKETCH_SIZE + 1];
    tlm_sketch full = sketch_of(11, 100000);
    tlm_sketch read;

    assert_int_equal(tlm_sketch_write(&full, bytes), TLM_SKETCH_SIZE);
    assert_unreadable(bytes, TLM_SKETCH_SIZE - 1);
    assert_unreadable(bytes, TLM_SKETCH_SIZE + 1);
    assert_int_equal(tlm_sketch_read(bytes, TLM_SKETCH_SIZE, &read), 0);
    tlm_sketch_finish(&read);
    bytes[1] |= 0x3F; /* rank 63 */
    assert_unreadable(bytes, TLM_SKETCH_SIZE);
    memset(bytes + 1, 0, TLM_SKETCH_SIZE - 1);
    assert_unreadable(bytes, TLM_SKETCH_SIZE);
    tlm_sketch_finish(&full);
}

/* Whatever is read writes the same bytes again: short random bytes, and good bytes with one changed. */
static void test_what_is_read_is_written_the_same(void **state)
{
    (void)state;
    static uint8_t bytes[TLM_SKETCH_SIZE];
    static uint8_t again[TLM_SKETCH_SIZE];
    uint64_t random = 12;
    int good = 0;

    for (int i = 0; i < 100000; i++) {
        size_t size = 1 + (size_t)(test_random(&random) % 8);
        tlm_sketch sketch = sketch_of(random, size);
        size = tlm_sketch_write(&sketch, bytes);
        tlm_sketch_finish(&sketch);
        bytes[1 + test_random(&random) % (size - 1)] = (uint8_t)test_random(&random);
        int result = tlm_sketch_read(bytes, size, &sketch);
        if (result < 0) {
            assert_int_equal(result, -EINVAL);
            continue;
        }
        good++;
        assert_int_equal(tlm_sketch_write(&sketch, again), size);
        assert_memory_equal(again, bytes, size);
        tlm_sketch_finish(&sketch);
    }
    assert_true(good > 10000 && good < 100000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hash_is_xxh3_for_ever),
        cmocka_unit_test(test_mark_is_register_and_rank),
        cmocka_unit_test(test_empty_sketch_owns_nothing_and_counts_none),
        cmocka_unit_test(test_few_users_are_counted_nearly_exactly),
        cmocka_unit_test(test_extremes_have_a_finite_estimate),
        cmocka_unit_test(test_error_is_under_one_percent_and_without_bias),
        cmocka_unit_test(test_names_hash_as_well_as_random_numbers),
        cmocka_unit_test(test_order_does_not_matter),
        cmocka_unit_test(test_merge_is_the_union),
        cmocka_unit_test(test_merged_sparse_sketch_goes_on_growing),
        cmocka_unit_test(test_bytes_read_back_to_the_same_sketch),
        cmocka_unit_test(test_foreign_bytes_are_refused),
        cmocka_unit_test(test_dense_bytes_are_refused_when_wrong_or_not_the_shorter_form),
        cmocka_unit_test(test_what_is_read_is_written_the_same),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
