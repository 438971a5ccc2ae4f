/* SPDX-License-Identifier: Apache-2.0 */
/* Lets the plugin and its rivals watch streams of moments_model.h, and counts what they find. */
#ifndef TLM_TEST_MOMENTS_TRIAL_H
#define TLM_TEST_MOMENTS_TRIAL_H

#include "moments_lab.h"
#include "moments_model.h"

enum { TRIAL_OURS, TRIAL_MEAN, TRIAL_MEDIAN, TRIAL_CONTESTANTS, TRIAL_ALARMS_MAX = 4096 };
static const char *const trial_names[TRIAL_CONTESTANTS] = {"ours", "mean and deviation", "median and MAD"};

/* What one contestant said of one stream. */
typedef struct {
    int kinds[TRIAL_ALARMS_MAX];
    int64_t slides[TRIAL_ALARMS_MAX];
    size_t count;
} trial_alarms;

typedef struct {
    model_marks marks[TRIAL_CONTESTANTS][MODEL_KINDS];
    double hours;
    int64_t delay_max[MODEL_KINDS]; /* slides from a planted start to our first row of it */
} trial_result;

static inline void trial_note(trial_alarms *alarms, int kind, int64_t slide)
{
    if (alarms->count == TRIAL_ALARMS_MAX)
        return;
    alarms->kinds[alarms->count] = kind;
    alarms->slides[alarms->count++] = slide;
}

static inline mo_row trial_row(const model_slide *slide, char amounts[static 64])
{
    snprintf(amounts, 64, "{\"USD\":\"%.2f\"}", slide->window_money);
    return (mo_row){.messages = slide->messages,
                    .window_messages = slide->window_messages,
                    .viewers = slide->viewers,
                    .transactions = slide->window_transactions,
                    .payments = slide->window_payments,
                    .amounts = slide->window_transactions ? amounts : NULL,
                    .sentiment = (int64_t)floor(slide->sentiment * 10000 + 0.5),
                    .positive = slide->positive,
                    .negative = slide->negative};
}

/* The moments that the lane has emitted since the last call, each once. */
static inline void trial_take_ours(mo_lab *lab, int64_t slide, char last_keys[MODEL_KINDS][64], trial_alarms *alarms)
{
    for (size_t i = 0; i < lab->lane.row_count; i++)
        for (int kind = 0; kind < MODEL_KINDS; kind++)
            if (mo_is(&lab->lane.rows[i], "moment_type", model_names[kind]) &&
                strcmp(last_keys[kind], mo_value(&lab->lane.rows[i], "moment_id"))) {
                snprintf(last_keys[kind], 64, "%s", mo_value(&lab->lane.rows[i], "moment_id"));
                trial_note(alarms, kind, slide);
            }
    lab_lane_clear_rows(&lab->lane);
}

static inline void trial_note_delays(const model_stream *stream, const trial_alarms *ours, trial_result *result)
{
    for (int j = 0; j < stream->planted_count; j++)
        for (size_t i = 0; i < ours->count; i++) {
            int64_t delay = ours->slides[i] - stream->planted[j].start;
            if (ours->kinds[i] != stream->planted[j].kind || delay < -1 || ours->slides[i] > stream->planted[j].end + 9)
                continue;
            if (delay > result->delay_max[ours->kinds[i]])
                result->delay_max[ours->kinds[i]] = delay;
            break;
        }
}

/* One stream of so many hours. */
static inline void trial_run(mo_lab *lab, const model_options *options, uint64_t seed, double hours,
                             trial_result *result)
{
    static trial_alarms alarms[TRIAL_CONTESTANTS];
    static model_stream stream;
    char name[32], amounts[64], last_keys[MODEL_KINDS][64] = {{0}};
    rival rivals[RIVALS];
    snprintf(name, sizeof name, "stream_%llu", (unsigned long long)seed);
    memset(alarms, 0, sizeof alarms);
    model_init(&stream, options, seed);
    for (int i = 0; i < RIVALS; i++)
        rival_init(&rivals[i]);
    for (int64_t at = 0; at < (int64_t)(hours * 360); at++) {
        model_slide slide = model_next(&stream);
        mo_put(lab, name, at, trial_row(&slide, amounts));
        trial_take_ours(lab, at, last_keys, &alarms[TRIAL_OURS]);
        for (int i = 0; i < RIVALS; i++) {
            bool found[MODEL_KINDS];
            rival_take(&rivals[i], i, &slide, at, 3.0, found);
            for (int kind = 0; kind < MODEL_KINDS; kind++)
                if (found[kind])
                    trial_note(&alarms[TRIAL_MEAN + i], kind, at);
        }
    }
    for (int i = 0; i < TRIAL_CONTESTANTS; i++)
        model_mark(&stream, alarms[i].kinds, alarms[i].slides, alarms[i].count, result->marks[i]);
    trial_note_delays(&stream, &alarms[TRIAL_OURS], result);
    result->hours += hours;
}

static inline model_marks trial_sum(const trial_result *result, int contestant)
{
    model_marks sum = {0};
    for (int kind = 0; kind < MODEL_KINDS; kind++) {
        sum.hits += result->marks[contestant][kind].hits;
        sum.misses += result->marks[contestant][kind].misses;
        sum.wrong += result->marks[contestant][kind].wrong;
    }
    return sum;
}

/* Upper bound of a Poisson mean at 95 % when `count` were seen: the mean at which at most so many have a chance of 5 %.
 */
static inline double trial_upper_bound(int64_t count)
{
    double low = (double)count, high = (double)count * 2 + 10;
    for (int i = 0; i < 60; i++) {
        double mean = (low + high) / 2, term = exp(-mean / 2), sum = 0; /* e^-m in two factors: it is small */
        term *= exp(-mean / 2);
        for (int64_t k = 0; k <= count; k++) {
            sum += term;
            term *= mean / (double)(k + 1);
        }
        if (sum > 0.05)
            low = mean;
        else
            high = mean;
    }
    return high;
}

#endif
