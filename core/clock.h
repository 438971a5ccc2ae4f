/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file clock.h
 * The two clocks: monotonic for waiting, real time for what is compared with the outside world.
 */
#ifndef TLM_CORE_CLOCK_H
#define TLM_CORE_CLOCK_H

#include <stdint.h>
#include <time.h>

#define TLM_NS_PER_MS INT64_C(1000000)
#define TLM_NS_PER_SECOND INT64_C(1000000000)

/** Nanoseconds of CLOCK_MONOTONIC. */
static inline int64_t tlm_monotonic_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * TLM_NS_PER_SECOND + now.tv_nsec;
}

/** Nanoseconds since 1970 of CLOCK_REALTIME. */
static inline int64_t tlm_realtime_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * TLM_NS_PER_SECOND + now.tv_nsec;
}

#endif
