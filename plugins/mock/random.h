/* SPDX-License-Identifier: Apache-2.0 */
/* Random numbers without state between events: hashes of counters, and the few distributions made of them.
 *
 * Only integer arithmetic and the operations that IEEE 754 rounds exactly (+ - * / and the square root) are used, so
 * that equal options give equal bytes on every machine; the plugin is built without fused multiply-add. */
#ifndef TLM_MOCK_RANDOM_H
#define TLM_MOCK_RANDOM_H

#include <stdint.h>
#include <string.h>

/* SplitMix64: G. Steele, D. Lea, C. Flood, "Fast Splittable Pseudorandom Number Generators", 2014; the constants as in
 * S. Vigna's https://prng.di.unimi.it/splitmix64.c. As a hash of a counter it needs no state between events. */
#define TLM_GOLDEN_GAMMA UINT64_C(0x9e3779b97f4a7c15)

static inline uint64_t tlm_mix(uint64_t value)
{
    value = (value ^ value >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    value = (value ^ value >> 27) * UINT64_C(0x94d049bb133111eb);
    return value ^ value >> 31;
}

static inline uint64_t tlm_draw(uint64_t *state)
{
    *state += TLM_GOLDEN_GAMMA;
    return tlm_mix(*state);
}

/* A number below `bound` from 32 random bits. */
static inline uint32_t tlm_below(uint64_t random, uint32_t bound)
{
    return (uint32_t)((random & UINT32_MAX) * bound >> 32);
}

/* A number below `bound`, small ones far more often: the cube of a uniform one. */
static inline uint32_t tlm_skewed(uint64_t random, uint32_t bound)
{
    uint64_t part = random >> 32;
    uint64_t square = part * part >> 32;

    return tlm_below(square * part >> 32, bound);
}

/* Uniform in (0, 1]. */
static inline double tlm_unit(uint64_t random)
{
    return (double)((random >> 11) + 1) * 0x1p-53;
}

/* Uniform between two numbers. */
static inline double tlm_between(uint64_t random, double low, double high)
{
    return low + (high - low) * tlm_unit(random);
}

/* The natural logarithm of a normal number, to 1e-9: x = m 2^e with m near 1, and ln m = 2 artanh((m - 1) / (m + 1)).
 * The C library's may differ in the last bit from one machine to the next. */
static inline double tlm_log(double x)
{
    uint64_t bits;
    double mantissa;

    memcpy(&bits, &x, sizeof bits);
    int exponent = (int)(bits >> 52) - 1023;
    bits = (bits & UINT64_C(0x000fffffffffffff)) | UINT64_C(0x3ff0000000000000);
    memcpy(&mantissa, &bits, sizeof mantissa);
    if (mantissa > 0x1.6a09e667f3bcdp0) { /* the square root of two */
        mantissa *= 0.5;
        exponent++;
    }
    double t = (mantissa - 1) / (mantissa + 1);
    double square = t * t;
    double series = 1 + square * (1.0 / 3 + square * (1.0 / 5 + square * (1.0 / 7 + square * (1.0 / 9))));
    return exponent * 0x1.62e42fefa39efp-1 + 2 * t * series; /* ln 2 */
}

/* An exponential variate of mean 1: a gap of a Poisson process. */
static inline double tlm_exponential(uint64_t random)
{
    return -tlm_log(tlm_unit(random));
}

/* From 0 at `x` = 0 to 1 at 1, level at both ends. */
static inline double tlm_smooth(double x)
{
    return x * x * (3 - 2 * x);
}

/* Random values, -1 .. 1, one each `period_ms`, and smoothly between two of them. */
static inline double tlm_wander(uint64_t seed, int64_t run_ms, int64_t period_ms)
{
    int64_t turn = run_ms / period_ms;
    double from = 2 * tlm_unit(tlm_mix(seed + (uint64_t)turn * TLM_GOLDEN_GAMMA)) - 1;
    double to = 2 * tlm_unit(tlm_mix(seed + (uint64_t)(turn + 1) * TLM_GOLDEN_GAMMA)) - 1;

    return from + (to - from) * tlm_smooth((double)(run_ms % period_ms) / (double)period_ms);
}

#endif
