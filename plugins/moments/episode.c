/* SPDX-License-Identifier: Apache-2.0 */
#include "episode.h"

#include <math.h>

/* Share of the threshold under which a reading no longer belongs to a moment. */
#define RELEASE 0.5
/* Growth of the peak from which on it is worth another row. */
#define REVISION_GROWTH 1.02

void tlm_episode_init(tlm_episode *episode)
{
    *episode = (tlm_episode){.stands_out_ns = INT64_MIN};
}

void tlm_episode_end(tlm_episode *episode)
{
    episode->direction = 0;
    episode->stands_out = 0;
    episode->stands_out_ns = INT64_MIN;
}

static uint16_t added(uint16_t count, uint32_t more)
{
    return more > UINT16_MAX - (uint32_t)count ? UINT16_MAX : (uint16_t)(count + more);
}

static void note_standing_out(tlm_episode *episode, const tlm_episode_rules *rules, const tlm_reading *reading)
{
    int8_t direction = fabs(reading->z) < RELEASE * rules->threshold ? 0 : reading->z > 0 ? 1 : -1;
    if (direction != episode->stands_out) {
        episode->stands_out = direction;
        episode->stands_out_ns = direction ? reading->slide_start_ns : INT64_MIN;
    }
}

static int begin(tlm_episode *episode, const tlm_reading *reading)
{
    if (episode->direction == episode->stands_out) { /* it stood out all the time: this one begins here */
        episode->stands_out_ns = reading->slide_start_ns;
        episode->slides = added(episode->slides, reading->slides);
    } else {
        episode->slides = 0;
    }
    episode->id_ms = reading->window_start_ns / 1000000;
    episode->started_ns = episode->stands_out_ns;
    episode->direction = episode->stands_out;
    episode->peak = fabs(reading->z);
    episode->rows = 1;
    episode->quiet = episode->peak_slides = 0;
    return TLM_EPISODE_RAISED;
}

static int revise(tlm_episode *episode, double size)
{
    if (size <= episode->peak * REVISION_GROWTH)
        return TLM_EPISODE_GOES_ON;
    episode->peak = size;
    episode->peak_slides = 0;
    if (episode->rows >= TLM_EPISODE_ROWS_MAX)
        return TLM_EPISODE_GOES_ON;
    episode->rows++;
    return TLM_EPISODE_REVISED;
}

int tlm_episode_take(tlm_episode *episode, const tlm_episode_rules *rules, const tlm_reading *reading)
{
    note_standing_out(episode, rules, reading);
    bool belongs = episode->direction && episode->stands_out == episode->direction;
    bool is_apart =
        !belongs || (episode->peak_slides >= TLM_EPISODE_PEAK_SLIDES_MAX && fabs(reading->z) > episode->peak);
    /* Be it that one of the other direction, or long past its peak, was open still. */
    if (is_apart && reading->may_raise && fabs(reading->z) >= rules->threshold)
        return begin(episode, reading);
    if (!episode->direction)
        return TLM_EPISODE_NONE;
    episode->slides = added(episode->slides, reading->slides);
    episode->peak_slides = added(episode->peak_slides, reading->slides);
    episode->quiet = belongs ? 0 : added(episode->quiet, reading->slides);
    if (episode->quiet >= rules->merge_slides || episode->slides >= TLM_EPISODE_SLIDES_MAX) {
        bool lasts = episode->quiet < rules->merge_slides;
        tlm_episode_end(episode);
        return lasts ? TLM_EPISODE_LASTED : TLM_EPISODE_OVER;
    }
    return belongs ? revise(episode, fabs(reading->z)) : TLM_EPISODE_GOES_ON;
}
