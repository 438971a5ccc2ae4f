/* SPDX-License-Identifier: Apache-2.0 */
/* Streams with planted moments, and two simple detectors to be compared with.
 *
 * Chat is a Cox process: a log-normal intensity made of three first-order processes, then Poisson. With 28 messages in
 * 10 s it has the Fano factor 4 in 10 s and 11 in 60 s, and autocorrelations of 10 s counts of .51/.29/.18/.07 at 10,
 * 30, 60 and 300 s: those of recorded chat. Viewers grow from a fifth in ten minutes, wander by 4 % over five minutes
 * and follow a daily curve. Of what is paid, one in a hundred is a gift of two to four, as recorded. The same seed gives the same streams
 * on any machine with IEEE doubles and a like libm. */
#ifndef TLM_TEST_MOMENTS_MODEL_H
#define TLM_TEST_MOMENTS_MODEL_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* --- chance ------------------------------------------------------------------------------------------------------- */

typedef struct {
    uint64_t state;
} model_chance;

/* SplitMix64 (Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators", 2014). */
static inline uint64_t model_bits(model_chance *chance)
{
    uint64_t z = chance->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static inline double model_uniform(model_chance *chance)
{
    return (double)(model_bits(chance) >> 11) * 0x1p-53;
}

static inline double model_between(model_chance *chance, double low, double high)
{
    return low + (high - low) * model_uniform(chance);
}

/* Box and Muller. */
static inline double model_normal(model_chance *chance)
{
    return sqrt(-2 * log(1 - model_uniform(chance))) * cos(2 * acos(-1) * model_uniform(chance));
}

static inline int64_t model_poisson(model_chance *chance, double mean)
{
    if (mean > 60) {
        double value = floor(mean + sqrt(mean) * model_normal(chance) + 0.5);
        return value > 0 ? (int64_t)value : 0;
    }
    int64_t count = -1;
    for (double left = exp(-mean), product = 1; count < 0 || product > left; count++)
        product *= model_uniform(chance);
    return count;
}

/* --- a stream ----------------------------------------------------------------------------------------------------- */

enum { MODEL_CHAT, MODEL_SURGE, MODEL_DROP, MODEL_DONATION, MODEL_MOOD, MODEL_KINDS };
static const char *const model_names[MODEL_KINDS] = {"chat_spike", "viewer_surge", "viewer_drop", "donation_burst",
                                                     "sentiment_shift"};
enum { MODEL_PLANTED_MAX = 256, MODEL_WINDOW = 6 };

typedef struct {
    int kind;
    int64_t start, end; /* slides, end exclusive */
    double size;
} model_planted;

/* What a slide and the window it ends hold. */
typedef struct {
    int64_t messages, viewers;
    int64_t window_messages, window_transactions, window_payments;
    double window_money;
    double sentiment; /* of the window */
    int64_t positive, negative;
} model_slide;

typedef struct {
    double messages, viewers; /* a slide; typical count */
    double fano;              /* of 10 s counts */
    double payments;          /* transactions a minute */
    bool is_quiet;            /* nothing is planted */
} model_options;

typedef struct {
    model_options options;
    model_chance chance;
    double waves[3], crowd, mood;
    double extra, gone; /* viewers by a surge; share of them kept away by a drop */
    int64_t slide;
    model_planted planted[MODEL_PLANTED_MAX];
    int planted_count;
    int64_t next_start;
    struct {
        int64_t messages, transactions, payments, scored, positive, negative;
        double money, mood;
    } panes[MODEL_WINDOW];
} model_stream;

static inline void model_init(model_stream *stream, const model_options *options, uint64_t seed)
{
    *stream = (model_stream){.options = *options, .chance = {.state = seed * UINT64_C(0x9e3779b97f4a7c15)}};
    for (int i = 0; i < 3; i++)
        stream->waves[i] = model_normal(&stream->chance);
    stream->next_start = 90 + (int64_t)(model_bits(&stream->chance) % 60);
}

/* Log of the chat intensity over its mean. */
static inline double model_wave(model_stream *stream)
{
    static const double shares[3] = {0.15, 0.3, 0.55}, seconds[3] = {2000, 60, 17};
    double cv2 = (stream->options.fano - 1) / stream->options.messages;
    double variance = log(1 + cv2), sum = 0;
    for (int i = 0; i < 3; i++) {
        double kept = exp(-10 / seconds[i]);
        stream->waves[i] = kept * stream->waves[i] + sqrt(1 - kept * kept) * model_normal(&stream->chance);
        sum += sqrt(shares[i]) * stream->waves[i];
    }
    return sqrt(variance) * sum - variance / 2;
}

static inline void model_plant(model_stream *stream)
{
    model_chance *chance = &stream->chance;
    if (stream->options.is_quiet || stream->slide < stream->next_start || stream->planted_count == MODEL_PLANTED_MAX)
        return;
    model_planted *planted = &stream->planted[stream->planted_count];
    planted->kind = stream->planted_count++ % MODEL_KINDS;
    planted->start = stream->slide;
    static const double sizes[MODEL_KINDS][2] = {{3, 8}, {0.4, 1.5}, {0.35, 0.7}, {8, 25}, {0.35, 0.6}};
    static const int spans[MODEL_KINDS][2] = {{2, 9}, {3, 3}, {18, 36}, {3, 6}, {12, 24}};
    planted->size = model_between(chance, sizes[planted->kind][0], sizes[planted->kind][1]);
    int span = spans[planted->kind][1] - spans[planted->kind][0] + 1;
    planted->end = planted->start + spans[planted->kind][0] + (int64_t)(model_bits(chance) % (uint64_t)span);
    stream->next_start = planted->end + 100 + (int64_t)(model_bits(chance) % 60);
}

static inline const model_planted *model_now(const model_stream *stream)
{
    const model_planted *last = stream->planted_count ? &stream->planted[stream->planted_count - 1] : NULL;
    return last && stream->slide < last->end ? last : NULL;
}

static inline int64_t model_viewers(model_stream *stream, const model_planted *now)
{
    double time = (double)stream->slide * 10, kept = exp(-10.0 / 300);
    stream->crowd = kept * stream->crowd + sqrt(1 - kept * kept) * 0.04 * model_normal(&stream->chance);
    double level =
        stream->options.viewers * (1 - 0.8 * exp(-time / 600)) * (1 + 0.3 * sin(time / 86400 * 2 * acos(-1)));
    if (now && now->kind == MODEL_SURGE)
        stream->extra += now->size * level / 3;
    stream->extra *= exp(-10.0 / 900);
    if (now && now->kind == MODEL_DROP)
        stream->gone += (now->size - stream->gone) / 2;
    else
        stream->gone *= 0.95;
    double count =
        (level + stream->extra) * (1 - stream->gone) * exp(stream->crowd) * (1 + 0.01 * model_normal(&stream->chance));
    return count > 1 ? (int64_t)(count + 0.5) : 1;
}

static inline void model_pay(model_stream *stream, const model_planted *now, int at)
{
    model_chance *chance = &stream->chance;
    int64_t count = model_poisson(chance, stream->options.payments / 6);
    double money = 0;
    int64_t gifts = 0; /* beyond the one that a transaction counts for anyway */
    for (int64_t i = 0; i < count; i++) {
        int64_t more = model_uniform(chance) < 0.01 ? 1 + (int64_t)(model_bits(chance) % 3) : 0;
        gifts += more;
        money += model_uniform(chance) < 0.7 ? 4.99 * (double)(1 + more) : model_between(chance, 1, 20);
    }
    if (now && now->kind == MODEL_DONATION && (int64_t)now->size % 2) { /* one gift of 5 to 50, small ones as likely */
        int64_t given = now->start == stream->slide ? (int64_t)(5 * pow(10, (now->size - 8) / 17) + 0.5) : 0;
        count += given > 0;
        gifts += given ? given - 1 : 0;
        money += 4.99 * (double)given;
    } else if (now && now->kind == MODEL_DONATION) { /* many that pay */
        int64_t more = model_poisson(chance, now->size / (double)(now->end - now->start));
        count += more;
        money += 4.99 * (double)more;
    }
    stream->panes[at].transactions = count;
    stream->panes[at].payments = count + gifts;
    stream->panes[at].money = money;
}

/* Two messages of five have a mood; those are drawn from a distribution that leans with the mood of the chat. */
static inline void model_feel(model_stream *stream, const model_planted *now, int at)
{
    model_chance *chance = &stream->chance;
    double kept = exp(-10.0 / 400);
    stream->mood = kept * stream->mood + sqrt(1 - kept * kept) * 0.05 * model_normal(chance);
    double mood = 0.15 + stream->mood;
    if (now && now->kind == MODEL_MOOD)
        mood += now->start % 3 ? -now->size : now->size;
    stream->panes[at].scored = stream->panes[at].positive = stream->panes[at].negative = 0;
    stream->panes[at].mood = 0;
    for (int64_t i = 0; i < stream->panes[at].messages; i++) {
        if (model_uniform(chance) > 0.4)
            continue;
        double score = mood + 0.4 * model_normal(chance);
        score = score > 1 ? 1 : score < -1 ? -1 : score;
        stream->panes[at].scored++;
        stream->panes[at].mood += score;
        stream->panes[at].positive += score >= 0.05;
        stream->panes[at].negative += score <= -0.05;
    }
}

/* The next slide. */
static inline model_slide model_next(model_stream *stream)
{
    int at = (int)(stream->slide % MODEL_WINDOW);
    model_plant(stream);
    const model_planted *now = model_now(stream);
    double rate = stream->options.messages * exp(model_wave(stream));
    if (now && now->kind == MODEL_CHAT)
        rate += stream->options.messages * (now->size - 1) * (now->start == stream->slide ? 0.6 : 1);
    stream->panes[at].messages = model_poisson(&stream->chance, rate);
    model_pay(stream, now, at);
    model_feel(stream, now, at);
    model_slide slide = {.messages = stream->panes[at].messages, .viewers = model_viewers(stream, now)};
    int64_t scored = 0;
    double mood = 0;
    for (int i = 0; i < MODEL_WINDOW; i++) {
        slide.window_messages += stream->panes[i].messages;
        slide.window_transactions += stream->panes[i].transactions;
        slide.window_payments += stream->panes[i].payments;
        slide.window_money += stream->panes[i].money;
        slide.positive += stream->panes[i].positive;
        slide.negative += stream->panes[i].negative;
        scored += stream->panes[i].scored;
        mood += stream->panes[i].mood;
    }
    slide.sentiment = scored ? mood / (double)scored : 0;
    stream->slide++;
    return slide;
}

/* --- the detectors to be compared with ---------------------------------------------------------------------------- */

enum { RIVAL_MEAN, RIVAL_MEDIAN, RIVALS };
enum { RIVAL_HISTORY = 10 };
enum { RIVAL_METRICS = 4 }; /* messages, viewers, money, sentiment of windows */

/* z-score of a value over the last ten windows: by mean and deviation, or by median and 1.4826 MAD; the divisor is at
 * least one unit of the metric. Alarms of a kind within a minute are one. */
typedef struct {
    double history[RIVAL_METRICS][RIVAL_HISTORY];
    int64_t count, last[MODEL_KINDS];
} rival;

static inline void rival_init(rival *self)
{
    memset(self, 0, sizeof *self);
    for (int i = 0; i < MODEL_KINDS; i++)
        self->last[i] = -1000;
}

static inline int rival_order(const void *a, const void *b)
{
    double one = *(const double *)a, other = *(const double *)b;
    return (one > other) - (one < other);
}

static inline double rival_median(const double *values)
{
    double sorted[RIVAL_HISTORY];
    memcpy(sorted, values, sizeof sorted);
    qsort(sorted, RIVAL_HISTORY, sizeof *sorted, rival_order);
    return (sorted[4] + sorted[5]) / 2;
}

static inline double rival_z(int method, const double *history, double value, double least)
{
    double centre = 0, spread = 0, off[RIVAL_HISTORY];
    if (method == RIVAL_MEDIAN) {
        centre = rival_median(history);
        for (int i = 0; i < RIVAL_HISTORY; i++)
            off[i] = fabs(history[i] - centre);
        spread = 1.4826 * rival_median(off);
    } else {
        for (int i = 0; i < RIVAL_HISTORY; i++)
            centre += history[i] / RIVAL_HISTORY;
        for (int i = 0; i < RIVAL_HISTORY; i++)
            spread += (history[i] - centre) * (history[i] - centre) / RIVAL_HISTORY;
        spread = sqrt(spread);
    }
    return (value - centre) / (spread > least ? spread : least);
}

/* Takes a window; ret_alarms[kind] tells whether a new alarm of that kind begins. */
static inline void rival_take(rival *self, int method, const model_slide *slide, int64_t at, double threshold,
                              bool ret_alarms[MODEL_KINDS])
{
    static const double least[RIVAL_METRICS] = {1, 1, 1, 0.01};
    static const int up[RIVAL_METRICS] = {MODEL_CHAT, MODEL_SURGE, MODEL_DONATION, MODEL_MOOD};
    static const int down[RIVAL_METRICS] = {-1, MODEL_DROP, -1, MODEL_MOOD};
    const double values[RIVAL_METRICS] = {(double)slide->window_messages, (double)slide->viewers, slide->window_money,
                                          slide->sentiment};
    memset(ret_alarms, 0, MODEL_KINDS * sizeof *ret_alarms);
    for (int i = 0; i < RIVAL_METRICS; i++) {
        double z = self->count >= RIVAL_HISTORY ? rival_z(method, self->history[i], values[i], least[i]) : 0;
        int kind = z >= threshold ? up[i] : z <= -threshold ? down[i] : -1;
        if (kind >= 0) {
            ret_alarms[kind] = at - self->last[kind] > 6;
            self->last[kind] = at;
        }
        self->history[i][self->count % RIVAL_HISTORY] = values[i];
    }
    self->count++;
}

/* --- marks -------------------------------------------------------------------------------------------------------- */

typedef struct {
    int64_t hits, misses, wrong;
} model_marks;

/* Marks alarms of one stream: alarms[i] of kind kinds[i] at slide slides[i] against what was planted. An alarm belongs
 * to one of its kind from a slide before its start to nine after its end; further ones of the same are not counted. */
static inline void model_mark(const model_stream *stream, const int *kinds, const int64_t *slides, size_t count,
                              model_marks marks[MODEL_KINDS])
{
    bool found[MODEL_PLANTED_MAX] = {false};
    for (size_t i = 0; i < count; i++) {
        int which = -1;
        for (int j = 0; j < stream->planted_count && which < 0; j++)
            if (stream->planted[j].kind == kinds[i] && slides[i] >= stream->planted[j].start - 1 &&
                slides[i] <= stream->planted[j].end + 9)
                which = j;
        if (which < 0)
            marks[kinds[i]].wrong++;
        else
            found[which] = true;
    }
    for (int j = 0; j < stream->planted_count; j++) {
        bool is_over = stream->planted[j].end + 9 < stream->slide;
        if (found[j])
            marks[stream->planted[j].kind].hits++;
        else if (is_over)
            marks[stream->planted[j].kind].misses++;
    }
}

static inline double model_precision(const model_marks *marks)
{
    return marks->hits + marks->wrong ? (double)marks->hits / (double)(marks->hits + marks->wrong) : 1;
}

static inline double model_recall(const model_marks *marks)
{
    return marks->hits + marks->misses ? (double)marks->hits / (double)(marks->hits + marks->misses) : 1;
}

#endif
