/* SPDX-License-Identifier: Apache-2.0 */
#include "episodes.h"

#include "random.h"

#include <stddef.h>

#define HOUR_MS 3600000.0

/* Share of the slots that have an episode, and the part of a slot in which it begins. */
#define FILLED 0.8
#define BEGINS_WITHIN 0.35

/* Slots of this length need no shorter episodes. */
#define ROOMY_SLOT_MS 900000.0

#define EPISODE_SALT UINT64_C(0x6d6f6d656e747321)

void tlm_episode_plan_init(tlm_episode_plan *plan, double per_hour, bool chat_only)
{
    double slot_ms = per_hour > 0 ? HOUR_MS * FILLED / per_hour : 0;

    *plan = (tlm_episode_plan){.chat_only = chat_only, .stretch = 1};
    plan->slot_ms = slot_ms < 1e15 ? (int64_t)slot_ms : 0;
    if (slot_ms < ROOMY_SLOT_MS)
        plan->stretch = slot_ms / ROOMY_SLOT_MS;
}

int64_t tlm_episode_slot(const tlm_episode_plan *plan, uint64_t stream_seed, int64_t run_ms)
{
    int64_t shift = (int64_t)(tlm_unit(tlm_mix(stream_seed ^ EPISODE_SALT)) * (double)plan->slot_ms);

    /* One slot lies before the run's start, so that no number is negative. */
    return (run_ms + shift + plan->slot_ms) / plan->slot_ms;
}

/* A duration between two numbers of seconds. */
static uint32_t duration(const tlm_episode_plan *plan, uint64_t *state, double low_s, double high_s)
{
    return (uint32_t)(1000 * plan->stretch * tlm_between(tlm_draw(state), low_s, high_s)) + 1;
}

static tlm_effect effect(const tlm_episode_plan *plan, uint64_t *state, double height, const double seconds[6])
{
    tlm_effect result = {.height = height};

    result.rise_ms = duration(plan, state, seconds[0], seconds[1]);
    result.hold_ms = duration(plan, state, seconds[2], seconds[3]);
    result.fall_ms = duration(plan, state, seconds[4], seconds[5]);
    return result;
}

/* The kinds as often as they come, of 16. */
static uint32_t pick_type(const tlm_episode_plan *plan, uint64_t random)
{
    static const uint8_t types[] = {
        TLM_EPISODE_CHAT_SPIKE,      TLM_EPISODE_CHAT_SPIKE,     TLM_EPISODE_CHAT_SPIKE,     TLM_EPISODE_CHAT_SPIKE,
        TLM_EPISODE_SENTIMENT_SHIFT, TLM_EPISODE_CHAT_SPIKE,     TLM_EPISODE_RAID,           TLM_EPISODE_RAID,
        TLM_EPISODE_SENTIMENT_SHIFT, TLM_EPISODE_RAID,           TLM_EPISODE_DONATION_BURST, TLM_EPISODE_DONATION_BURST,
        TLM_EPISODE_VIEWER_SURGE,    TLM_EPISODE_DONATION_BURST, TLM_EPISODE_VIEWER_DROP,    TLM_EPISODE_VIEWER_DROP};
    uint32_t picked = types[random & 15];

    if (!plan->chat_only || picked == TLM_EPISODE_SENTIMENT_SHIFT)
        return picked;
    return TLM_EPISODE_CHAT_SPIKE;
}

static void fill_effects(const tlm_episode_plan *plan, tlm_episode *episode, uint64_t *state)
{
    double size = tlm_unit(tlm_draw(state));
    bool other = (tlm_draw(state) & 1) == 0;

    switch (episode->type) {
    case TLM_EPISODE_CHAT_SPIKE:
        episode->chat = effect(plan, state, 1.4 + 2.4 * size * size, (const double[]){2, 8, 25, 50, 20, 60});
        break;
    case TLM_EPISODE_VIEWER_SURGE:
        episode->viewers = effect(plan, state, 0.5 + size, (const double[]){40, 120, 60, 150, 240, 420});
        episode->chat = effect(plan, state, 0.3, (const double[]){40, 80, 60, 120, 60, 120});
        break;
    case TLM_EPISODE_VIEWER_DROP:
        episode->viewers = effect(plan, state, -0.35 - 0.35 * size, (const double[]){10, 40, 60, 150, 150, 300});
        break;
    case TLM_EPISODE_DONATION_BURST:
        episode->is_bomb = other || episode->seed % 4 == 0;
        episode->gifts = 12 + (uint32_t)((episode->is_bomb ? 51 : 28) * size * size);
        episode->chat = effect(plan, state, 0.6 + 0.9 * size, (const double[]){2, 5, 20, 40, 20, 40});
        break;
    case TLM_EPISODE_RAID:
        episode->viewers = effect(plan, state, 0.4 + 1.4 * size * size, (const double[]){15, 45, 20, 40, 480, 720});
        episode->chat = effect(plan, state, 1 + 2 * size, (const double[]){4, 10, 20, 60, 60, 120});
        break;
    case TLM_EPISODE_SENTIMENT_SHIFT:
        episode->mood =
            effect(plan, state, (other ? 1 : -1) * (0.5 + 0.35 * size), (const double[]){5, 20, 120, 240, 30, 60});
        episode->chat = effect(plan, state, 0.2, (const double[]){5, 20, 120, 240, 30, 60});
        break;
    default:
        break;
    }
}

/* Peak and end: those of the effect that the type is named for. A fall counts as over at a quarter of the height. */
static void fill_times(tlm_episode *episode)
{
    const tlm_effect *main = &episode->chat;

    if (episode->type == TLM_EPISODE_VIEWER_SURGE || episode->type == TLM_EPISODE_VIEWER_DROP)
        main = &episode->viewers;
    if (episode->type == TLM_EPISODE_SENTIMENT_SHIFT)
        main = &episode->mood;
    episode->peak_ms = episode->start_ms + main->rise_ms + main->hold_ms / 2;
    episode->end_ms = episode->start_ms + main->rise_ms + main->hold_ms + main->fall_ms / 2;
    if (episode->type == TLM_EPISODE_RAID)
        episode->peak_ms = episode->start_ms + main->rise_ms;
    if (episode->type == TLM_EPISODE_DONATION_BURST) {
        episode->peak_ms = tlm_episode_gift_ms(episode, episode->gifts / 2);
        episode->end_ms = tlm_episode_gift_ms(episode, episode->gifts - 1);
    }
}

void tlm_episode_make(const tlm_episode_plan *plan, uint64_t stream_seed, int64_t slot, tlm_episode *ret_episode)
{
    uint64_t state = tlm_mix(stream_seed ^ EPISODE_SALT) + (uint64_t)slot * UINT64_C(0xd1342543de82ef95);
    int64_t shift = (int64_t)(tlm_unit(tlm_mix(stream_seed ^ EPISODE_SALT)) * (double)plan->slot_ms);
    bool is_filled = tlm_unit(tlm_draw(&state)) <= FILLED;
    double within = BEGINS_WITHIN * tlm_unit(tlm_draw(&state)) * (double)plan->slot_ms;

    *ret_episode = (tlm_episode){.start_ms = (slot - 1) * plan->slot_ms - shift + (int64_t)within};
    if (!is_filled || ret_episode->start_ms < TLM_EPISODE_LEAD_MS)
        return;
    ret_episode->type = pick_type(plan, tlm_draw(&state));
    ret_episode->seed = tlm_draw(&state);
    fill_effects(plan, ret_episode, &state);
    fill_times(ret_episode);
}

void tlm_episode_state_move(tlm_episode_state *state, const tlm_episode_plan *plan, uint64_t stream_seed,
                            int64_t run_ms, bool afresh)
{
    if (plan->slot_ms == 0) {
        *state = (tlm_episode_state){.slot = 0};
        return;
    }
    int64_t slot = tlm_episode_slot(plan, stream_seed, run_ms);
    if (!afresh && slot == state->slot)
        return;
    state->slot = slot;
    tlm_episode_make(plan, stream_seed, slot, &state->now);
    tlm_episode_make(plan, stream_seed, slot - 1, &state->before);
}

double tlm_effect_at(const tlm_effect *effect, int64_t since_ms)
{
    if (since_ms < 0 || effect->height == 0)
        return 0;
    if (since_ms < effect->rise_ms)
        return effect->height * (double)since_ms / effect->rise_ms;
    since_ms -= effect->rise_ms;
    if (since_ms < effect->hold_ms)
        return effect->height;
    since_ms -= effect->hold_ms;
    if (since_ms >= effect->fall_ms)
        return 0;
    double left = 1 - (double)since_ms / effect->fall_ms;
    return effect->height * left * left;
}

int64_t tlm_episode_gift_ms(const tlm_episode *episode, uint32_t index)
{
    /* A bomb goes off as fast as the platform hands the gifts out; donations follow each other while it is exciting. */
    uint64_t gap_ms = episode->is_bomb ? 150 : 1500;
    uint64_t jitter_ms = tlm_mix(episode->seed + index) % gap_ms;

    return episode->start_ms + (int64_t)(index * gap_ms + jitter_ms);
}

const char *tlm_episode_name(uint32_t type)
{
    static const char *const names[TLM_EPISODE_TYPES] = {
        [TLM_EPISODE_NONE] = "none",
        [TLM_EPISODE_CHAT_SPIKE] = "chat_spike",
        [TLM_EPISODE_VIEWER_SURGE] = "viewer_surge",
        [TLM_EPISODE_VIEWER_DROP] = "viewer_drop",
        [TLM_EPISODE_DONATION_BURST] = "donation_burst",
        [TLM_EPISODE_RAID] = "raid",
        [TLM_EPISODE_SENTIMENT_SHIFT] = "sentiment_shift",
    };

    return type < TLM_EPISODE_TYPES ? names[type] : NULL;
}
