/* SPDX-License-Identifier: Apache-2.0 */
#include "rate.h"

#include <float.h>
#include <math.h>

_Static_assert(FLT_EVAL_METHOD == 0, "doubles are rounded to double after each step, or results differ by machine");

/* Windows that a mean is known by: half an hour of those of a minute, as the other baselines of donations. */
#define RATE_MEMORY 30.0
/* As in baseline.c. */
#define CLIP 2.0

const double tlm_rate_least = 1 / RATE_MEMORY;

double tlm_rate_learn(double mean, double count)
{
    double variance = mean + mean / RATE_MEMORY; /* m + m^2 / k, with k = m RATE_MEMORY */
    double most = mean + CLIP * sqrt(variance);
    most = most > 1 ? most : 1;
    mean += ((count < most ? count : most) - mean) / RATE_MEMORY;
    return mean > tlm_rate_least ? mean : tlm_rate_least;
}

/* Of a number above 0. That of libm may differ in its last bit from machine to machine. */
static double cube_root(double value)
{
    int exponent;
    double part = frexp(value, &exponent);
    for (; exponent % 3; exponent++)
        part /= 2;
    double root = 0.43 + 0.57 * part; /* within 7 % where 1/8 <= part < 1; each step squares that */
    for (int i = 0; i < 5; i++)
        root = (2 * root + part / (root * root)) / 3;
    return ldexp(root, exponent / 3);
}

/* P(X >= count) is that of a variance ratio with 2 count and 2 k degrees of freedom below mean / count, and the cube
 * root of one is nearly normal (E. Paulson, "An approximate normalization of the analysis of variance distribution",
 * Annals of Mathematical Statistics 13, 1942). With k >= 1 that tells z = 3 to 5 by up to 8 % too low, never too high.
 */
double tlm_rate_z(double mean, double count)
{
    double root = cube_root(mean / count);
    double of_count = 1 / (9 * count), of_mean = 1 / (9 * mean * RATE_MEMORY);
    return (1 - of_count - (1 - of_mean) * root) / sqrt(of_mean * root * root + of_count);
}
