/* SPDX-License-Identifier: Apache-2.0 */
/* How good the moments plugin is on streams whose moments are known, and what a row costs.
 *
 *     bench_moments truth [HOURS]     precision and recall beside two simple detectors at the same threshold
 *     bench_moments quiet [HOURS]     false alarms on streams in which nothing happens
 *     bench_moments cost [STREAMS]    nanoseconds of CPU a row, and bytes of memory and of saved state a stream
 *
 * The streams are those of tests/plugin/moments_model.h; hours are stream-hours. */
#include <stdio.h>
#include <stdlib.h>

#define fail_msg(...) (fprintf(stderr, __VA_ARGS__), abort())
#define assert_int_equal(a, b) ((a) == (b) ? (void)0 : abort())
#define assert_non_null(a) ((a) ? (void)0 : abort())
#define assert_true(a) ((a) ? (void)0 : abort())

#include "moments_trial.h"

#include <time.h>

static const struct {
    const char *name;
    model_options options;
} sizes[] = {
    {"2 messages a minute", {.messages = 0.33, .viewers = 8, .fano = 1.05, .payments = 0.02}},
    {"30 a minute", {.messages = 5, .viewers = 90, .fano = 1.6, .payments = 0.2}},
    {"170 a minute", {.messages = 28, .viewers = 900, .fano = 4, .payments = 0.5}},
    {"1,200 a minute", {.messages = 200, .viewers = 20000, .fano = 8, .payments = 3}},
};

static void print_marks(const char *name, const trial_result *result)
{
    for (int i = 0; i < TRIAL_CONTESTANTS; i++) {
        printf("%-14s %-20s", name, trial_names[i]);
        for (int kind = 0; kind < MODEL_KINDS; kind++)
            printf("  %.3f %.3f", model_precision(&result->marks[i][kind]), model_recall(&result->marks[i][kind]));
        model_marks sum = trial_sum(result, i);
        printf("  | %.3f %.3f\n", model_precision(&sum), model_recall(&sum));
    }
}

static void truth(double hours)
{
    trial_result all = {0};
    printf("precision and recall by kind, then of all kinds; threshold 3.0\n%-35s", "");
    for (int kind = 0; kind < MODEL_KINDS; kind++)
        printf("  %-11.11s", model_names[kind]);
    printf("  | all\n");
    for (size_t size = 1; size < TLM_COUNT(sizes); size++) {
        trial_result result = {0};
        mo_lab lab;
        mo_open(&lab, NULL);
        for (uint64_t seed = 1; result.hours < hours / 3; seed++)
            trial_run(&lab, &sizes[size].options, seed * 10 + size, 6, &result);
        mo_close(&lab);
        print_marks(sizes[size].name, &result);
        for (int i = 0; i < TRIAL_CONTESTANTS; i++)
            for (int kind = 0; kind < MODEL_KINDS; kind++) {
                all.marks[i][kind].hits += result.marks[i][kind].hits;
                all.marks[i][kind].misses += result.marks[i][kind].misses;
                all.marks[i][kind].wrong += result.marks[i][kind].wrong;
            }
        for (int kind = 0; kind < MODEL_KINDS; kind++)
            all.delay_max[kind] =
                result.delay_max[kind] > all.delay_max[kind] ? result.delay_max[kind] : all.delay_max[kind];
    }
    print_marks("all", &all);
    printf("longest delay from a start to our first row, in event time:");
    for (int kind = 0; kind < MODEL_KINDS; kind++)
        printf(" %s %llds", model_names[kind], (long long)(all.delay_max[kind] + 1) * MO_SLIDE_S);
    printf("\n");
}

static void quiet(double hours)
{
    for (size_t size = 0; size < TLM_COUNT(sizes); size++) {
        trial_result result = {0};
        model_options options = sizes[size].options;
        mo_lab lab;
        options.is_quiet = true;
        mo_open(&lab, NULL);
        for (uint64_t seed = 1; result.hours < hours / (double)TLM_COUNT(sizes); seed++)
            trial_run(&lab, &options, seed * 10 + size, 8, &result);
        mo_close(&lab);
        for (int i = 0; i < TRIAL_CONTESTANTS; i++) {
            int64_t wrong = trial_sum(&result, i).wrong;
            printf("%-20s %-20s %lld false alarms in %.0f hours: %.3f an hour, below %.3f at 95 %%  (",
                   sizes[size].name, trial_names[i], (long long)wrong, result.hours, (double)wrong / result.hours,
                   wrong < 2000 ? trial_upper_bound(wrong) / result.hours : (double)wrong / result.hours * 1.1);
            for (int kind = 0; kind < MODEL_KINDS; kind++)
                printf("%s%lld", kind ? " " : "", (long long)result.marks[i][kind].wrong);
            printf(")\n");
        }
    }
}

static int64_t cpu_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return now.tv_sec * LAB_SECOND + now.tv_nsec;
}

static void cost(unsigned streams)
{
    enum { ROUNDS = 24 };
    mo_lab lab;
    int64_t rows_ns = 0, saves_ns = 0;
    char(*names)[24] = calloc(streams, sizeof *names);
    mo_row *rows = calloc(streams, sizeof *rows);
    model_chance chance = {.state = 7};
    assert_true(names && rows);
    for (unsigned i = 0; i < streams; i++)
        snprintf(names[i], sizeof names[i], "stream-%010u", i);
    mo_open(&lab, NULL);
    lab.lane.is_mute = true;
    for (int round = 0; round < ROUNDS; round++) {
        for (unsigned i = 0; i < streams; i++)
            rows[i] = (mo_row){.messages = model_poisson(&chance, 20),
                               .viewers = 100 + model_poisson(&chance, 30),
                               .transactions = i % 7 == 0,
                               .amounts = i % 7 == 0 ? "{\"USD\":\"4.99\"}" : "{}",
                               .sentiment = 1000,
                               .positive = 12,
                               .negative = 8};
        int64_t start_ns = cpu_ns();
        for (unsigned i = 0; i < streams; i++)
            mo_put(&lab, names[i], round, rows[i]);
        int64_t put_ns = cpu_ns();
        mo_flush(&lab);
        if (round >= 4) {
            rows_ns += put_ns - start_ns;
            saves_ns += cpu_ns() - put_ns;
        }
    }
    double count = (double)streams * (ROUNDS - 4);
    printf("%u streams: %.0f ns a row, %.0f ns to save a stream, %.0f bytes of memory a stream\n", streams,
           (double)rows_ns / count, (double)saves_ns / count, (double)lab.processor->size_bytes(lab.state) / streams);
    mo_close(&lab);
    free(names);
    free(rows);
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    double number = argc > 2 ? strtod(argv[2], NULL) : 0;
    if (!strcmp(what, "truth"))
        truth(number > 0 ? number : 900);
    else if (!strcmp(what, "quiet"))
        quiet(number > 0 ? number : 4000);
    else if (!strcmp(what, "cost"))
        cost(number > 0 ? (unsigned)number : 100000);
    else {
        fprintf(stderr, "bench_moments truth [HOURS] | quiet [HOURS] | cost [STREAMS]\n");
        return 2;
    }
    return 0;
}
