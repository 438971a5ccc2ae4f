/* SPDX-License-Identifier: Apache-2.0 */
/* The clock that waiting goes by. */
#ifndef TLM_REPLAY_CLOCK_H
#define TLM_REPLAY_CLOCK_H

#include <stdint.h>
#include <time.h>

/* Monotonic nanoseconds. */
static inline int64_t tlm_clock_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail for this clock */
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

#endif
