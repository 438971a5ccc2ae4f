/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file clock.h
 * The clock for waiting: CLOCK_MONOTONIC, which cannot fail on Linux. Any thread.
 */
#ifndef TLM_COMMON_CLOCK_H
#define TLM_COMMON_CLOCK_H

#include <stdint.h>
#include <time.h>

/** Nanoseconds since some moment in the past. */
static inline int64_t tlm_clock_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/** Milliseconds since that moment. */
static inline int64_t tlm_clock_ms(void)
{
    return tlm_clock_ns() / 1000000;
}

/** A moment in milliseconds as pthread_cond_timedwait takes it, on a condition of tlm_condition_init. */
static inline struct timespec tlm_clock_timespec(int64_t ms)
{
    return (struct timespec){.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000};
}

#endif
