/* SPDX-License-Identifier: Apache-2.0 */
/* The moments plugin on streams whose moments are known: it finds them, and better than two simple detectors do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "moments_trial.h"

static const model_options sizes[] = {
    {.messages = 5, .viewers = 90, .fano = 1.6, .payments = 0.2},
    {.messages = 28, .viewers = 900, .fano = 4, .payments = 0.5},
    {.messages = 200, .viewers = 20000, .fano = 8, .payments = 3},
};

/* The model is what its comment says: otherwise the other tests would prove nothing. */
static void model_has_the_statistics_of_recorded_chat(void **context)
{
    enum { SLIDES = 40000 };
    static double counts[SLIDES];
    static model_stream stream;
    model_options options = sizes[1];
    double mean = 0, variance = 0, windows = 0, lag[2] = {0};
    (void)context;
    options.is_quiet = true;
    model_init(&stream, &options, 3);
    for (int i = 0; i < SLIDES; i++) {
        counts[i] = (double)model_next(&stream).messages;
        mean += counts[i] / SLIDES;
    }
    for (int i = 0; i < SLIDES; i++)
        variance += (counts[i] - mean) * (counts[i] - mean) / SLIDES;
    for (int i = 0; i + 3 < SLIDES; i++) {
        lag[0] += (counts[i] - mean) * (counts[i + 1] - mean) / variance / SLIDES;
        lag[1] += (counts[i] - mean) * (counts[i + 3] - mean) / variance / SLIDES;
    }
    for (int i = 0; i + 5 < SLIDES; i += 6) {
        double sum = 0;
        for (int j = 0; j < 6; j++)
            sum += counts[i + j];
        windows += (sum - 6 * mean) * (sum - 6 * mean) / (SLIDES / 6);
    }
    assert_true(mean > 26 && mean < 30);
    assert_true(variance / mean > 3.3 && variance / mean < 4.8);
    assert_true(windows / (6 * mean) > 8 && windows / (6 * mean) < 16);
    assert_true(lag[0] > 0.46 && lag[0] < 0.70);
    assert_true(lag[1] > 0.19 && lag[1] < 0.43);
}

static void planted_moments_are_found_and_little_else(void **context)
{
    trial_result result = {0};
    mo_lab lab;
    (void)context;
    mo_open(&lab, NULL);
    for (size_t size = 0; size < TLM_COUNT(sizes); size++)
        for (uint64_t seed = 1; seed <= 8; seed++)
            trial_run(&lab, &sizes[size], seed * 100 + size, 6, &result);
    mo_close(&lab);
    for (int i = 0; i < TRIAL_CONTESTANTS; i++) {
        model_marks sum = trial_sum(&result, i);
        printf("%-20s precision %.3f recall %.3f (%lld planted)\n", trial_names[i], model_precision(&sum),
               model_recall(&sum), (long long)(sum.hits + sum.misses));
    }
    model_marks ours = trial_sum(&result, TRIAL_OURS);
    assert_true(ours.hits + ours.misses > 200);
    assert_true(model_precision(&ours) > 0.85 && model_recall(&ours) > 0.9);
    for (int i = TRIAL_MEAN; i < TRIAL_CONTESTANTS; i++) {
        model_marks theirs = trial_sum(&result, i);
        assert_true(model_precision(&ours) > model_precision(&theirs));
        assert_true(model_recall(&ours) > model_recall(&theirs));
    }
}

static void quiet_stream_has_less_than_one_false_alarm_in_two_hours(void **context)
{
    (void)context;
    for (size_t size = 0; size < TLM_COUNT(sizes); size++) {
        model_options options = sizes[size];
        trial_result result = {0};
        mo_lab lab;
        options.is_quiet = true;
        mo_open(&lab, NULL);
        for (uint64_t seed = 1; seed <= 15; seed++)
            trial_run(&lab, &options, seed * 100 + size, 8, &result);
        mo_close(&lab);
        int64_t wrong = trial_sum(&result, TRIAL_OURS).wrong;
        double bound = trial_upper_bound(wrong) / result.hours;
        printf("%.0f messages a slide: %lld false alarms in %.0f hours, below %.3f an hour at 95 %%\n",
               options.messages, (long long)wrong, result.hours, bound);
        assert_true(bound < 0.5);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(model_has_the_statistics_of_recorded_chat),
        cmocka_unit_test(planted_moments_are_found_and_little_else),
        cmocka_unit_test(quiet_stream_has_less_than_one_false_alarm_in_two_hours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
