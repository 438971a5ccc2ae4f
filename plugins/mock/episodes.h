/* SPDX-License-Identifier: Apache-2.0 */
/* What happens to a stream now and then: planted moments with all their numbers, a pure function of the stream's seed.
 *
 * A stream's time is cut into equal slots, shifted by its seed; four of five slots have one episode. None begins in a
 * run's first TLM_EPISODE_LEAD_MS. Each effect rises, holds, falls and is over. */
#ifndef TLM_MOCK_EPISODES_H
#define TLM_MOCK_EPISODES_H

#include <stdbool.h>
#include <stdint.h>

#define TLM_EPISODE_LEAD_MS INT64_C(300000)

enum {
    TLM_EPISODE_NONE,
    TLM_EPISODE_CHAT_SPIKE,
    TLM_EPISODE_VIEWER_SURGE,
    TLM_EPISODE_VIEWER_DROP,
    TLM_EPISODE_DONATION_BURST,
    TLM_EPISODE_RAID,
    TLM_EPISODE_SENTIMENT_SHIFT,
    TLM_EPISODE_TYPES
};

/* An effect over time, relative to the episode's start. */
typedef struct tlm_effect {
    double height; /* chat: messages, in mean rates; viewers: share of them; mood: -1 .. 1 */
    uint32_t rise_ms, hold_ms, fall_ms;
} tlm_effect;

typedef struct tlm_episode {
    uint32_t type;    /* TLM_EPISODE_...; NONE: nothing happens */
    uint32_t gifts;   /* gift_sub (is_bomb) or donations in it */
    bool is_bomb;     /* gifts of one user, not donations of many */
    int64_t start_ms; /* since the run's start, as the next */
    int64_t peak_ms, end_ms;
    uint64_t seed;
    tlm_effect chat, viewers, mood;
} tlm_episode;

/* Where a stream is among its episodes: that of its slot, and the one before, whose effects may last. */
typedef struct tlm_episode_state {
    int64_t slot;
    tlm_episode now, before;
} tlm_episode_state;

/* Slots of a run: how many per hour decides about their length. Without episodes `slot_ms` is 0. */
typedef struct tlm_episode_plan {
    int64_t slot_ms;
    double stretch; /* of the durations, so that an episode fits its slot */
    bool chat_only; /* only those that show in chat */
} tlm_episode_plan;

void tlm_episode_plan_init(tlm_episode_plan *plan, double per_hour, bool chat_only);

/* The slot that holds the time, which may lie before the run's start. */
int64_t tlm_episode_slot(const tlm_episode_plan *plan, uint64_t stream_seed, int64_t run_ms);

/* The episode of a slot; type NONE when there is none. */
void tlm_episode_make(const tlm_episode_plan *plan, uint64_t stream_seed, int64_t slot, tlm_episode *ret_episode);

/* Goes to a later time, or with `afresh` to any. */
void tlm_episode_state_move(tlm_episode_state *state, const tlm_episode_plan *plan, uint64_t stream_seed,
                            int64_t run_ms, bool afresh);

/* The effect at a time since the episode's start: its height while it holds, 0 before and after. */
double tlm_effect_at(const tlm_effect *effect, int64_t since_ms);

/* When gift `index` of a burst comes, since the run's start; at least the episode's start. */
int64_t tlm_episode_gift_ms(const tlm_episode *episode, uint32_t index);

/* The contract's word for a type (section 2). */
const char *tlm_episode_name(uint32_t type);

#endif
