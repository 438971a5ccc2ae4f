/* SPDX-License-Identifier: Apache-2.0 */
#include "viewers.h"

#include "random.h"

#include <math.h>
#include <stddef.h>

#define DAY_MS 86400000
#define FILLING_MS 2400000

/* Viewers of the smallest streams for one message a second, and how many times that the largest have. */
#define VIEWERS_A_MESSAGE 120.0
#define LARGEST 40.0
#define VIEWERS_MIN 15.0

/* Those of a raid who stay for a while. */
#define RAIDERS_STAY 0.85

double tlm_viewers_usual(uint64_t stream_seed, double rate)
{
    double size = 1 / sqrt(tlm_unit(tlm_mix(stream_seed + 11))); /* Pareto with exponent 2 */
    double viewers = VIEWERS_A_MESSAGE * rate * (size < LARGEST ? size : LARGEST);

    return viewers > VIEWERS_MIN ? viewers : VIEWERS_MIN;
}

/* Most in the evening, three fifths of that at dawn. */
static double daily(uint64_t stream_seed, int64_t time_ms)
{
    int64_t shift = (int64_t)(tlm_mix(stream_seed + 12) % DAY_MS);
    double phase = (double)((time_ms + shift) % DAY_MS) / DAY_MS;

    return 0.6 + 0.4 * tlm_smooth(phase < 0.5 ? 2 * phase : 2 - 2 * phase);
}

uint64_t tlm_viewers_of_raid(uint64_t stream_seed, double rate, const tlm_episode *raid)
{
    return (uint64_t)(tlm_viewers_usual(stream_seed, rate) * raid->viewers.height) + 5;
}

uint64_t tlm_viewers_at(uint64_t stream_seed, double rate, const tlm_episode_state *episodes, int64_t time_ms,
                        int64_t run_ms)
{
    const tlm_episode *const lasting[] = {&episodes->now, &episodes->before};
    double usual = tlm_viewers_usual(stream_seed, rate);
    double filled = run_ms < FILLING_MS ? 0.6 + 0.4 * tlm_smooth((double)run_ms / FILLING_MS) : 1;
    double lift = 1, raiders = 0;

    for (size_t i = 0; i < sizeof lasting / sizeof *lasting; i++) {
        double effect = tlm_effect_at(&lasting[i]->viewers, run_ms - lasting[i]->start_ms);
        if (lasting[i]->type == TLM_EPISODE_RAID)
            raiders += RAIDERS_STAY * usual * effect;
        else
            lift *= 1 + effect;
    }
    double drift = 1 + 0.06 * tlm_wander(tlm_mix(stream_seed + 13), run_ms, 900000);
    double noise = 1 + 0.015 * tlm_wander(tlm_mix(stream_seed + 14), run_ms, 60000) +
                   0.008 * (2 * tlm_unit(tlm_mix(stream_seed + 15 + (uint64_t)run_ms)) - 1);
    double viewers = (usual * daily(stream_seed, time_ms) * filled * lift + raiders) * drift * noise;
    return viewers > 1 ? (uint64_t)viewers : 1;
}
