/* SPDX-License-Identifier: Apache-2.0 */
/* What is usual for something that hardly ever happens, and how rare a count of it is.
 *
 * Below a mean of about 4 a count is far from normal on any scale, so its chance is told by the tail itself. Counts
 * come by a Poisson law whose mean is known as well as RATE_MEMORY windows tell it: with the gamma distribution of such
 * a mean the next count is negative binomial (M. Greenwood, G. U. Yule, "An inquiry into the nature of frequency
 * distributions ...", Journal of the Royal Statistical Society 83, 1920). The mean is smoothed, each count pulled in to
 * two standard deviations above it, or to one, first (Huber's psi, as in baseline.h), so that a single large one stays
 * rare and one that comes every other window becomes usual.
 *
 * Only +, -, x, / and sqrt of IEEE 754 doubles: equal values give equal bits. No memory, any thread. */
#ifndef TLM_MOMENTS_RATE_H
#define TLM_MOMENTS_RATE_H

/* The least mean of a window, and that of a stream which is not known yet: once in RATE_MEMORY windows. */
extern const double tlm_rate_least;

/* The mean after a window with that count; `mean` is at least tlm_rate_least, and so is what comes back. */
double tlm_rate_learn(double mean, double count);
/* How far out in a normal distribution lies what is as rare as that count or a higher one. `count` is at least 1. */
double tlm_rate_z(double mean, double count);

#endif
