/* SPDX-License-Identifier: Apache-2.0 */
/* How many watch: a pure function of the stream and the time. Few streams are large (Pareto); each has a daily curve
 * in a time zone of its own, fills in its first forty minutes, and wanders slowly with a little noise on top. */
#ifndef TLM_MOCK_VIEWERS_H
#define TLM_MOCK_VIEWERS_H

#include "episodes.h"

#include <stdint.h>

/* Viewers that a stream with so many messages per second has in the long run. */
double tlm_viewers_usual(uint64_t stream_seed, double rate);

/* The count at a time: `time_ms` since 1970 for the day, `run_ms` since the run's start. */
uint64_t tlm_viewers_at(uint64_t stream_seed, double rate, const tlm_episode_state *episodes, int64_t time_ms,
                        int64_t run_ms);

/* Viewers that a raid brings, as its event tells. */
uint64_t tlm_viewers_of_raid(uint64_t stream_seed, double rate, const tlm_episode *raid);

#endif
