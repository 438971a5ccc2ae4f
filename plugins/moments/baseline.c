/* SPDX-License-Identifier: Apache-2.0 */
#include "baseline.h"

#include <float.h>
#include <math.h>

_Static_assert(FLT_EVAL_METHOD == 0, "doubles are rounded to double after each step, or results differ by machine");

/* Where Huber's psi pulls in, in spreads; usual for this smoothing (Gelper, Fried, Croux 2010, section 3). */
#define CLIP 2.0
/* 1 / E[min(Z^2, CLIP^2)] for a standard normal Z, by which the clipped squares estimate the variance without bias. */
#define CLIP_CORRECTION 1.0863
/* Values that the first guess of the spread counts for. */
#define PRIOR_COUNT 4.0

double tlm_baseline_scale(double count)
{
    return 2 * sqrt((count > 0 ? count : 0) + 0.375);
}

double tlm_baseline_count(double scaled)
{
    double count = scaled * scaled / 4 - 0.375;
    return scaled > 0 && count > 0 ? count : 0;
}

double tlm_baseline_forecast(const tlm_baseline *baseline)
{
    return baseline->level + baseline->trend;
}

static double least_spread(const tlm_baseline *baseline, const tlm_baseline_tuning *tuning)
{
    double share = tuning->spread_share * fabs(tlm_baseline_forecast(baseline));
    return share > tuning->spread_min ? share : tuning->spread_min;
}

double tlm_baseline_spread(const tlm_baseline *baseline, const tlm_baseline_tuning *tuning)
{
    double spread = sqrt(baseline->variance) * tuning->widening;
    double least = least_spread(baseline, tuning);
    return spread > least ? spread : least;
}

static void begin(tlm_baseline *baseline, const tlm_baseline_tuning *tuning, double value)
{
    *baseline = (tlm_baseline){.level = value, .count = 1};
    double least = least_spread(baseline, tuning);
    baseline->variance = least * least;
}

/* A gain that averages evenly while there are few values. */
static double gain_of(double gain, double count)
{
    return count * gain < 1 ? 1 / count : gain;
}

static double clipped(double value, double limit)
{
    return value > limit ? limit : value < -limit ? -limit : value;
}

void tlm_baseline_learn(tlm_baseline *baseline, const tlm_baseline_tuning *tuning, double value, uint32_t slides)
{
    if (baseline->count == 0) {
        begin(baseline, tuning, value);
        return;
    }
    if (baseline->count < TLM_BASELINE_COUNT_MAX)
        baseline->count++;
    double least = least_spread(baseline, tuning) / 2;
    double spread = sqrt(baseline->variance);
    double limit = CLIP * (spread > least ? spread : least);
    double forecast = tlm_baseline_forecast(baseline);
    double off = clipped(value - forecast, limit);
    double kept = 1;
    /* A value that comes rarely weighs as much as those that would have come in its time. */
    for (uint32_t i = 0; i < slides && kept > 0.01; i++)
        kept *= 1 - gain_of(tuning->level_gain, baseline->count);
    baseline->level = forecast + (1 - kept) * off;
    baseline->trend = tuning->trend_damping * baseline->trend + tuning->trend_gain * off;
    double square = off * off * CLIP_CORRECTION;
    baseline->variance += gain_of(tuning->spread_gain, baseline->count + PRIOR_COUNT) * (square - baseline->variance);
    if (baseline->variance < least * least / 4)
        baseline->variance = least * least / 4;
}

void tlm_baseline_move(tlm_baseline *baseline, double level)
{
    baseline->level = level;
    baseline->trend = 0;
}
