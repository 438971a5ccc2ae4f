/* SPDX-License-Identifier: Apache-2.0 */
/* What is usual for one metric of one stream: its level, how fast that moves, and how far values stray from it.
 *
 * Robust exponential smoothing after S. Gelper, R. Fried, C. Croux, "Robust forecasting with exponential and
 * Holt-Winters smoothing", Journal of Forecasting 29 (2010): what a value lies off the forecast is pulled in to two
 * spreads (Huber's psi) before it moves anything, so that no single value can carry the baseline away; the spread is
 * smoothed the same way. A few numbers a stream instead of a history, so that they can be saved with every flush.
 *
 * Counts are judged on the scale 2 sqrt(x + 3/8), on which a Poisson count of any size has a spread of about 1
 * (F. J. Anscombe, "The transformation of Poisson, binomial and negative-binomial data", Biometrika 35, 1948).
 *
 * Only +, -, x, / and sqrt of IEEE 754 doubles, in an order that the values alone decide: equal values give equal bits.
 * No memory, any thread. */
#ifndef TLM_MOMENTS_BASELINE_H
#define TLM_MOMENTS_BASELINE_H

#include <stdint.h>

typedef struct {
    double level, trend; /* trend: change a slide */
    double variance;     /* of what the forecast is off */
    uint32_t count;      /* values learned, at most TLM_BASELINE_COUNT_MAX; 0: none, the rest means nothing */
} tlm_baseline;

#define TLM_BASELINE_COUNT_MAX 65535

/* How a metric is followed; gains are shares of a new value. */
typedef struct {
    double level_gain;
    double trend_gain, trend_damping; /* 0 and 0: a metric without a trend */
    double spread_gain;
    double spread_min;   /* the spread is never judged smaller */
    double spread_share; /* nor than this share of the forecast */
    double widening;     /* factor on the spread: tails are heavier than those of a normal distribution */
} tlm_baseline_tuning;

/* Count to scale and back; back is never below 0. */
double tlm_baseline_scale(double count);
double tlm_baseline_count(double scaled);

/* What the next value should be. */
double tlm_baseline_forecast(const tlm_baseline *baseline);
/* How far a value may well be off the forecast: the unit of z-scores; above 0. */
double tlm_baseline_spread(const tlm_baseline *baseline, const tlm_baseline_tuning *tuning);

/* Learns a value that came `slides` slides after the last one. */
void tlm_baseline_learn(tlm_baseline *baseline, const tlm_baseline_tuning *tuning, double value, uint32_t slides);
/* What was out of the ordinary has lasted: it is what is usual from now on. */
void tlm_baseline_move(tlm_baseline *baseline, double level);

#endif
