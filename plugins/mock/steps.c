/* SPDX-License-Identifier: Apache-2.0 */
/* What the streams of the lifelike model do in a step. */
#include "lifelike.h"

#include "random.h"

#include <stdlib.h>

/* Shares of usual messages that come with money, of 65,536: a transaction in place of the message, and a cheer. */
enum { SHARE_TRANSACTION = 500, SHARE_CHEER = SHARE_TRANSACTION + 230 };

/* Mean steps between changes: an hour and a half, and three hours. */
enum { TITLE_STEPS = 10800, CATEGORY_STEPS = 21600 };

enum { ROOM_MIN = 1024 };

/* Salts of what is drawn for a step besides messages. */
enum { SALT_MESSAGES = 31, SALT_EXCITED, SALT_CHANGES, SALT_VIEWERS };

static int make_room(tlm_lifelike *self)
{
    if (self->count < self->room)
        return 0;
    uint32_t room = self->room > 0 ? 2 * self->room : ROOM_MIN;
    tlm_arrival *arrivals = realloc(self->arrivals, room * sizeof *arrivals);
    if (!arrivals)
        return -ENOMEM;
    self->arrivals = arrivals;
    self->room = room;
    return 0;
}

static int add(tlm_lifelike *self, uint32_t stream, uint32_t kind, uint32_t at_ns, uint64_t seed)
{
    int result = make_room(self);

    if (result < 0)
        return result;
    self->arrivals[self->count++] =
        (tlm_arrival){.seed = seed, .at_ns = at_ns, .stream = stream, .index = self->added++, .kind = kind};
    return 0;
}

static uint64_t salted(const tlm_life *life, int64_t step, uint32_t salt)
{
    return tlm_mix(life->seed + salt) ^ tlm_mix((uint64_t)step + salt);
}

/* Messages that come by themselves and by one another. */
static int add_messages(tlm_lifelike *self, uint32_t stream, tlm_life *life)
{
    uint64_t state = salted(life, self->step, SALT_MESSAGES);
    uint32_t count = tlm_excitation_step(&life->excitation, life->seed, self->options.rate, self->step, self->scratch);
    int result = 0;

    for (uint32_t i = 0; result == 0 && i < count; i++) {
        uint64_t random = tlm_draw(&state);
        uint32_t share = self->options.chat_only ? UINT32_MAX : (uint32_t)(random & 65535);
        uint32_t kind = share < SHARE_TRANSACTION ? TLM_ARRIVAL_TRANSACTION
                        : share < SHARE_CHEER     ? TLM_ARRIVAL_CHEER
                                                  : TLM_ARRIVAL_CHAT;
        result = add(self, stream, kind, self->scratch[i], random);
        if (result == 0 && kind == TLM_ARRIVAL_CHEER)
            result = add(self, stream, TLM_ARRIVAL_BITS, self->scratch[i], random);
    }
    return result;
}

/* Messages because of what happens. They excite no others: an episode is as large as it was planned. */
static int add_excited(tlm_lifelike *self, uint32_t stream, const tlm_life *life, int64_t run_ms)
{
    const tlm_episode *now = &life->episodes.now, *before = &life->episodes.before;
    double height =
        tlm_effect_at(&now->chat, run_ms - now->start_ms) + tlm_effect_at(&before->chat, run_ms - before->start_ms);
    double mean = height * self->options.rate * (double)TLM_STEP_MS / 1000;
    uint64_t state = salted(life, self->step, SALT_EXCITED);
    uint32_t count = tlm_poisson_step(state, mean, self->scratch_room, self->scratch);
    int result = 0;

    for (uint32_t i = 0; result == 0 && i < count; i++)
        result = add(self, stream, TLM_ARRIVAL_EXCITED, self->scratch[i], tlm_draw(&state));
    return result;
}

/* Whether a time since the run's start lies in the step at hand; then where in it. */
static bool falls_in(const tlm_lifelike *self, int64_t run_ms, uint32_t *ret_at_ns)
{
    int64_t within_ms = run_ms - self->step * TLM_STEP_MS;

    if (within_ms < 0 || within_ms >= TLM_STEP_MS)
        return false;
    *ret_at_ns = (uint32_t)(within_ms * TLM_NS_PER_MS);
    return true;
}

static int add_episode(tlm_lifelike *self, uint32_t stream, const tlm_life *life)
{
    const tlm_episode *episode = &life->episodes.now;
    uint32_t kind = episode->is_bomb ? TLM_ARRIVAL_GIFT : TLM_ARRIVAL_DONATION;
    uint32_t at_ns;
    int result = 0;

    if (self->options.chat_only)
        return 0;
    if (episode->type == TLM_EPISODE_RAID && falls_in(self, episode->start_ms, &at_ns))
        result = add(self, stream, TLM_ARRIVAL_RAID, at_ns, episode->seed);
    for (uint32_t i = 0; result == 0 && i < episode->gifts; i++) {
        if (falls_in(self, tlm_episode_gift_ms(episode, i), &at_ns))
            result = add(self, stream, kind, at_ns, tlm_mix(episode->seed + i));
    }
    return result;
}

/* Viewers, changes of title and category, the start. */
static int add_others(tlm_lifelike *self, uint32_t stream, const tlm_life *life)
{
    uint64_t random = salted(life, self->step, SALT_CHANGES);
    uint32_t at_ns = tlm_below(tlm_mix(random), (uint32_t)TLM_STEP_NS - 1) + 1;
    bool is_turn = (uint64_t)self->step % self->viewer_steps == tlm_mix(life->seed + SALT_VIEWERS) % self->viewer_steps;
    int result = 0;

    if (self->step == 0)
        result = add(self, stream, TLM_ARRIVAL_START, 0, random);
    if (result == 0 && is_turn)
        result = add(self, stream, TLM_ARRIVAL_VIEWER, at_ns, random);
    if (result == 0 && self->step > 0 && tlm_below(random, TITLE_STEPS) == 0)
        result = add(self, stream, TLM_ARRIVAL_TITLE, at_ns, random);
    if (result == 0 && self->step > 0 && tlm_below(random >> 32, CATEGORY_STEPS) == 0)
        result = add(self, stream, TLM_ARRIVAL_CATEGORY, at_ns, random);
    return result;
}

static int stream_step(tlm_lifelike *self, uint32_t stream)
{
    tlm_life *life = &self->streams[stream];
    int64_t run_ms = self->step * TLM_STEP_MS;
    int result = 0;

    tlm_episode_state_move(&life->episodes, &self->plan, life->seed, run_ms, false);
    self->added = 0;
    if (!self->options.chat_only)
        result = add_others(self, stream, life);
    if (result == 0)
        result = add_messages(self, stream, life);
    if (result == 0)
        result = add_excited(self, stream, life, run_ms);
    if (result == 0)
        result = add_episode(self, stream, life);
    return result;
}

/* The first episode that begins in the step behind `after_ms`, or at it in a stream behind `after`. */
static bool find_begun(const tlm_lifelike *self, int64_t after_ms, int64_t after, uint32_t *ret_stream)
{
    int64_t earliest_ms = INT64_MAX;
    uint32_t at_ns;

    for (uint32_t i = 0; i < self->options.stream_count; i++) {
        const tlm_episode *episode = &self->streams[i].episodes.now;
        int64_t start_ms = episode->start_ms;
        bool is_behind = start_ms > after_ms || (start_ms == after_ms && (int64_t)i > after);
        if (episode->type == TLM_EPISODE_NONE || !is_behind || start_ms >= earliest_ms ||
            !falls_in(self, start_ms, &at_ns))
            continue;
        earliest_ms = start_ms;
        *ret_stream = i;
    }
    return earliest_ms != INT64_MAX;
}

/* Tells the truth about the step, in order of time. */
static void tell_planted(tlm_lifelike *self)
{
    int64_t after_ms = -1, after = -1;
    uint32_t stream;

    while (find_begun(self, after_ms, after, &stream)) {
        tlm_planted_add(self->planted, stream, self->streams[stream].seed, &self->streams[stream].episodes.now);
        after_ms = self->streams[stream].episodes.now.start_ms;
        after = stream;
    }
}

int tlm_lifelike_step(tlm_lifelike *self)
{
    int result = 0;

    for (uint32_t i = 0; result == 0 && i < self->options.stream_count; i++)
        result = stream_step(self, i);
    if (result == 0 && self->planted)
        tell_planted(self);
    return result;
}
