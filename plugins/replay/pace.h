/* SPDX-License-Identifier: Apache-2.0 */
/* Replays lines at a multiple of real time by the time that stands in each. One thread. */
#ifndef TLM_REPLAY_PACE_H
#define TLM_REPLAY_PACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A step in the lines' times that is longer, in either direction, is not waited for: the clock is set anew there. One
 * line from another century must not stop a replay. */
#define TLM_PACE_STEP_MAX_NS (INT64_C(24) * 3600 * 1000000000)

typedef struct tlm_pace {
    double speed;      /* 0: nothing is ever waited for */
    bool is_set;       /* the rest is known */
    int64_t first_ns;  /* time in the line that set the clock */
    int64_t begun_ns;  /* monotonic time when it was passed */
    int64_t latest_ns; /* time in the latest line passed */
} tlm_pace;

/* Starts anew: the next line with a time sets the clock. */
void tlm_pace_init(tlm_pace *pace, double speed);

/* Nanoseconds from `now_ns` (monotonic) until the line is due; 0: pass it now, which moves the clock on. The time is
 * that of the first `"timestamp":` in the raw line, a text of RFC 3339 or integer milliseconds, wherever it stands; a
 * line without one is due at once. */
int64_t tlm_pace_wait(tlm_pace *pace, const char *line, size_t size, int64_t now_ns);

#endif
