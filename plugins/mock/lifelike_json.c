/* SPDX-License-Identifier: Apache-2.0 */
/* The events of the lifelike model as JSON. */
#include "lifelike.h"

#include "flat_words.h"
#include "random.h"
#include "users.h"
#include "viewers.h"

#include <math.h>

/* Messages of a raid's burst that raiders write, of 8. */
enum { BY_RAIDERS = 5 };

typedef struct {
    char code[4];
    uint32_t decimals;
} currency;

static char *put_text(char *at, const tlm_message *message)
{
    at = TLM_PUT(at, ",\"message\":\"");
    at = tlm_put_bytes(at, message->text, message->size);
    *at++ = '"';
    return at;
}

static int64_t run_ms_of(const tlm_lifelike *self, const tlm_arrival *arrival)
{
    return self->step * TLM_STEP_MS + arrival->at_ns / TLM_NS_PER_MS;
}

/* --- chat ------------------------------------------------------------------------------------------------------ */

/* The episode that chat is about at this time: the one with the larger effect on it. */
static const tlm_episode *talked_about(const tlm_life *life, int64_t run_ms)
{
    const tlm_episode *now = &life->episodes.now, *before = &life->episodes.before;
    double new = tlm_effect_at(&now->chat, run_ms - now->start_ms);
    double old = tlm_effect_at(&before->chat, run_ms - before->start_ms);

    return new >= old ? now : before;
}

/* How the mood wanders by itself, about half as far as that of recorded chat, so that a planted turn stands out. */
static double natural_mood(const tlm_life *life, int64_t run_ms)
{
    return 0.14 * tlm_wander(tlm_mix(life->seed + 45), run_ms, 300000) +
           0.09 * tlm_wander(tlm_mix(life->seed + 46), run_ms, 75000);
}

static tlm_talk talk_of(const tlm_lifelike *self, const tlm_life *life, const tlm_arrival *arrival,
                        const tlm_episode *episode, int64_t run_ms)
{
    tlm_talk talk = {.kind = TLM_TALK_USUAL, .no_emotes = self->options.no_emotes, .stream_seed = life->seed};

    talk.mood = tlm_effect_at(&episode->mood, run_ms - episode->start_ms);
    if (talk.mood == 0)
        talk.mood = natural_mood(life, run_ms);
    talk.topic = episode->seed;
    if (arrival->kind != TLM_ARRIVAL_EXCITED)
        return talk;
    switch (episode->type) {
    case TLM_EPISODE_RAID:
        talk.kind = TLM_TALK_RAID;
        break;
    case TLM_EPISODE_DONATION_BURST:
        talk.kind = TLM_TALK_THANKS;
        break;
    case TLM_EPISODE_CHAT_SPIKE:
    case TLM_EPISODE_VIEWER_SURGE:
        talk.kind = TLM_TALK_HYPE;
        break;
    default:
        break;
    }
    return talk;
}

static char *put_emotes(char *at, const tlm_message *message)
{
    at = TLM_PUT(at, ",\"emotes\":[");
    for (uint32_t i = 0; i < message->emote_count; i++) {
        *at++ = '"';
        at = tlm_put_bytes(at, message->emotes[i].text, message->emotes[i].size);
        at = TLM_PUT(at, "\",");
    }
    at -= message->emote_count > 0; /* the last comma */
    *at++ = ']';
    return at;
}

static char *put_badges(char *at, uint32_t badges)
{
    static const char *const names[] = {"moderator", "subscriber", "vip"};
    char *begin = TLM_PUT(at, ",\"badges\":[");

    at = begin;
    for (uint32_t i = 0; i < TLM_COUNT(names); i++) {
        if (!(badges >> i & 1))
            continue;
        at = TLM_PUT(at, "\"");
        at = TLM_PUT(tlm_put_string(at, names[i]), "\",");
    }
    at -= at > begin;
    *at++ = ']';
    return at;
}

/* Bits come in the sizes that are offered, small ones mostly. */
static uint64_t bits_of(const tlm_arrival *arrival)
{
    static const uint16_t sizes[] = {100, 50, 200, 300, 500, 1, 1000, 5000, 10000};

    return sizes[tlm_skewed(tlm_mix(arrival->seed + 41), TLM_COUNT(sizes))];
}

static uint64_t author_of(const tlm_lifelike *self, const tlm_life *life, const tlm_arrival *arrival)
{
    return tlm_user_pick(life->seed, self->options.chatters, tlm_mix(arrival->seed + 42));
}

static char *put_chat(tlm_lifelike *self, char *at, const tlm_arrival *arrival)
{
    const tlm_life *life = &self->streams[arrival->stream];
    int64_t run_ms = run_ms_of(self, arrival);
    const tlm_episode *episode = talked_about(life, run_ms);
    tlm_talk talk = talk_of(self, life, arrival, episode, run_ms);
    uint64_t random = tlm_mix(arrival->seed + 43);
    uint64_t user = author_of(self, life, arrival);

    if (talk.kind == TLM_TALK_RAID && tlm_below(random, 8) < BY_RAIDERS)
        user = tlm_user_pick_raider(episode->seed, tlm_mix(arrival->seed + 42));
    tlm_message_make(&self->message, &talk, tlm_mix(arrival->seed + 44));
    at = tlm_user_put(at, user);
    at = put_text(at, &self->message);
    at = put_emotes(at, &self->message);
    at = put_badges(at, tlm_user_badges(user));
    at = (random >> 40 & 127) == 0 ? TLM_PUT(at, ",\"is_action\":true") : TLM_PUT(at, ",\"is_action\":false");
    at = TLM_PUT(at, ",\"bits\":");
    at = tlm_put_number(at, arrival->kind == TLM_ARRIVAL_CHEER ? bits_of(arrival) : 0);
    return TLM_PUT(at, ",\"metadata\":{\"client\":\"mock\"}}");
}

/* --- viewers --------------------------------------------------------------------------------------------------- */

static char *put_viewer(const tlm_lifelike *self, char *at, const tlm_arrival *arrival)
{
    const tlm_life *life = &self->streams[arrival->stream];
    int64_t run_ms = run_ms_of(self, arrival);
    double rate = self->options.rate;
    uint64_t viewers = tlm_viewers_at(life->seed, rate, &life->episodes, self->options.start_ms + run_ms, run_ms);
    uint64_t followers = (uint64_t)(30 * tlm_viewers_usual(life->seed, rate));

    at = tlm_put_number(TLM_PUT(at, ",\"viewer_count\":"), viewers);
    at = tlm_put_number(TLM_PUT(at, ",\"chatter_count\":"), viewers * 7 / 10);
    at = tlm_put_number(TLM_PUT(at, ",\"follower_count\":"), followers + (uint64_t)run_ms / 90000);
    at = tlm_put_number(TLM_PUT(at, ",\"subscriber_count\":"), followers / 50);
    *at++ = '}';
    return at;
}

/* --- transactions ---------------------------------------------------------------------------------------------- */

/* Exact decimals with the currency's usual digits, as a number or, from some producers, as a string. Few amounts are
 * large: Pareto with exponent 3/2 from 2 up to 500, and often a round sum. */
static char *put_amount(char *at, uint64_t random)
{
    static const currency currencies[] = {{"USD", 2}, {"USD", 2}, {"USD", 2}, {"USD", 2},
                                          {"EUR", 2}, {"EUR", 2}, {"GBP", 2}, {"JPY", 0}};
    const currency *picked = &currencies[random & 7];
    double cube = tlm_unit(tlm_mix(random + 51));
    double size = 2 / (sqrt(cube) * sqrt(sqrt(cube))); /* u^(-3/4): a tail of 4/3 */
    uint64_t cents = (uint64_t)(100 * (size < 500 ? size : 500));
    bool is_text = (random >> 60 & 3) == 0;

    if ((random >> 8 & 3) != 0)
        cents = cents / 100 * 100;
    at = TLM_PUT(at, ",\"amount\":");
    if (is_text)
        *at++ = '"';
    at = tlm_put_number(at, picked->decimals ? cents / 100 : cents);
    if (picked->decimals > 0)
        at = tlm_put_padded(TLM_PUT(at, "."), cents % 100, 2);
    if (is_text)
        *at++ = '"';
    at = tlm_put_bytes(TLM_PUT(at, ",\"currency\":\""), picked->code, 3);
    *at++ = '"';
    return at;
}

static char *put_giving(tlm_lifelike *self, char *at, const tlm_life *life, uint64_t seed)
{
    tlm_talk talk = {.kind = TLM_TALK_GIVING, .no_emotes = true, .stream_seed = life->seed};

    tlm_message_make(&self->message, &talk, tlm_mix(seed + 52));
    return put_text(at, &self->message);
}

static char *put_end(char *at, uint64_t random)
{
    return (random >> 60) == 0 ? TLM_PUT(at, ",\"is_anonymous\":true}") : TLM_PUT(at, ",\"is_anonymous\":false}");
}

/* A subscription of some kind: its price follows from the tier. */
static char *put_subscription(char *at, const char *type, uint64_t random)
{
    static const char *const prices[] = {"4.99", "9.99", "24.99"};
    uint32_t tier = tlm_skewed(random, TLM_COUNT(prices));

    at = tlm_put_string(TLM_PUT(at, ",\"transaction_type\":\""), type);
    at = tlm_put_string(TLM_PUT(at, "\",\"amount\":"), prices[tier]);
    at = tlm_put_number(TLM_PUT(at, ",\"currency\":\"USD\",\"tier\":\""), 1000 * (tier + 1));
    *at++ = '"';
    return at;
}

static char *put_donation(tlm_lifelike *self, char *at, const tlm_arrival *arrival, const char *type)
{
    const tlm_life *life = &self->streams[arrival->stream];

    at = tlm_user_put(at, author_of(self, life, arrival));
    at = tlm_put_string(TLM_PUT(at, ",\"transaction_type\":\""), type);
    at = put_amount(TLM_PUT(at, "\""), tlm_mix(arrival->seed + 53));
    at = put_giving(self, at, life, arrival->seed);
    return put_end(at, tlm_mix(arrival->seed + 54));
}

/* The usual ones: subscriptions mostly. */
static char *put_transaction(tlm_lifelike *self, char *at, const tlm_arrival *arrival)
{
    static const char *const types[] = {"subscription_renewal",
                                        "subscription_renewal",
                                        "subscription_renewal",
                                        "subscription",
                                        "subscription",
                                        "gift_sub",
                                        "donation",
                                        "donation",
                                        "tip",
                                        "purchase"};
    enum { SUBSCRIPTIONS = 5, GIFT = 5 };
    const tlm_life *life = &self->streams[arrival->stream];
    uint64_t random = tlm_mix(arrival->seed + 55);
    uint32_t type = tlm_below(random, TLM_COUNT(types));

    if (type > GIFT)
        return put_donation(self, at, arrival, types[type]);
    at = tlm_user_put(at, author_of(self, life, arrival));
    at = put_subscription(at, types[type], tlm_mix(random));
    if (type < 3)
        at = tlm_put_number(TLM_PUT(at, ",\"months\":"), 2 + tlm_skewed(random, 60));
    if (type == GIFT)
        at = TLM_PUT(at, ",\"gift_count\":1");
    if (type < SUBSCRIPTIONS && (random >> 33 & 1))
        at = put_giving(self, at, life, arrival->seed);
    return put_end(at, random);
}

/* One of a bomb: all from the same user. */
static char *put_gift(const tlm_lifelike *self, char *at, const tlm_arrival *arrival)
{
    const tlm_life *life = &self->streams[arrival->stream];
    uint64_t seed = life->episodes.now.seed;

    at = tlm_user_put(at, tlm_user_pick(life->seed, self->options.chatters, tlm_mix(seed)));
    at = put_subscription(at, "gift_sub", tlm_mix(seed + 56));
    at = TLM_PUT(at, ",\"gift_count\":1");
    return put_end(at, tlm_mix(seed + 57));
}

static char *put_bits(const tlm_lifelike *self, char *at, const tlm_arrival *arrival)
{
    const tlm_life *life = &self->streams[arrival->stream];

    at = tlm_user_put(at, author_of(self, life, arrival));
    at = tlm_put_number(TLM_PUT(at, ",\"transaction_type\":\"bits\",\"amount\":"), bits_of(arrival));
    return put_end(at, tlm_mix(arrival->seed + 58));
}

/* --- stream_meta ----------------------------------------------------------------------------------------------- */

static char *put_start(tlm_lifelike *self, char *at, const tlm_arrival *arrival)
{
    uint64_t random = tlm_mix(arrival->seed + 61);

    at = TLM_PUT(at, ",\"event_type\":\"stream_start\",\"title\":\"");
    at = tlm_put_string(at, tlm_titles[random % TLM_TITLES]);
    at = tlm_put_string(TLM_PUT(at, "\",\"category\":\""), tlm_categories[(random >> 8) % TLM_CATEGORIES]);
    at = tlm_put_stream(TLM_PUT(at, "\",\"streamer_name\":\""), self->options.names, arrival->stream);
    at = TLM_PUT(at, "\",\"language\":\"en\",\"tags\":[\"mock\",\"english\"],\"started_at\":\"");
    at = tlm_put_time(&self->clock, at, self->options.start_ms * TLM_NS_PER_MS);
    return TLM_PUT(at, "\"}");
}

static char *put_change(char *at, const tlm_arrival *arrival)
{
    uint64_t random = tlm_mix(arrival->seed + 62);

    if (arrival->kind == TLM_ARRIVAL_TITLE)
        at = tlm_put_string(TLM_PUT(at, ",\"event_type\":\"title_change\",\"new_title\":\""),
                            tlm_titles[random % TLM_TITLES]);
    else
        at = tlm_put_string(TLM_PUT(at, ",\"event_type\":\"category_change\",\"new_category\":\""),
                            tlm_categories[random % TLM_CATEGORIES]);
    return TLM_PUT(at, "\"}");
}

static char *put_raid(const tlm_lifelike *self, char *at, const tlm_arrival *arrival)
{
    const tlm_life *life = &self->streams[arrival->stream];
    const tlm_episode *raid = &life->episodes.now;

    at = TLM_PUT(at, ",\"event_type\":\"raid_incoming\",\"raid_data\":{\"from_channel\":\"");
    at = tlm_user_put_name(at, tlm_mix(raid->seed + 63));
    at = tlm_put_stream(TLM_PUT(at, "\",\"to_channel\":\""), self->options.names, arrival->stream);
    at = tlm_put_number(TLM_PUT(at, "\",\"viewer_count\":"), tlm_viewers_of_raid(life->seed, self->options.rate, raid));
    return TLM_PUT(at, "}}");
}

/* --- all ------------------------------------------------------------------------------------------------------- */

char *tlm_lifelike_put_raid_id(char *at, const tlm_mock_options *options, uint32_t stream, int64_t start_ms)
{
    at = tlm_put_number(TLM_PUT(at, "m-"), (uint64_t)options->start_ms);
    at = tlm_put_number(TLM_PUT(at, "-"), stream);
    return tlm_put_number(TLM_PUT(at, "-raid-"), (uint64_t)start_ms);
}

static char *put_id(const tlm_lifelike *self, char *at, const tlm_arrival *arrival)
{
    if (arrival->kind == TLM_ARRIVAL_RAID)
        return tlm_lifelike_put_raid_id(at, &self->options, arrival->stream, run_ms_of(self, arrival));
    at = tlm_put_bytes(at, self->id_head, self->id_head_size);
    at = tlm_put_number(at, arrival->stream);
    at = tlm_put_number(TLM_PUT(at, "-"), (uint64_t)self->step);
    return tlm_put_number(TLM_PUT(at, "-"), arrival->index);
}

static char *put_content(tlm_lifelike *self, char *at, const tlm_arrival *arrival)
{
    switch (arrival->kind) {
    case TLM_ARRIVAL_VIEWER:
        return put_viewer(self, at, arrival);
    case TLM_ARRIVAL_TRANSACTION:
        return put_transaction(self, at, arrival);
    case TLM_ARRIVAL_DONATION:
        return put_donation(self, at, arrival, "donation");
    case TLM_ARRIVAL_GIFT:
        return put_gift(self, at, arrival);
    case TLM_ARRIVAL_BITS:
        return put_bits(self, at, arrival);
    case TLM_ARRIVAL_START:
        return put_start(self, at, arrival);
    case TLM_ARRIVAL_TITLE:
    case TLM_ARRIVAL_CATEGORY:
        return put_change(at, arrival);
    case TLM_ARRIVAL_RAID:
        return put_raid(self, at, arrival);
    default:
        return put_chat(self, at, arrival);
    }
}

char *tlm_lifelike_put(tlm_lifelike *self, char *at, const tlm_arrival *arrival, uint32_t *ret_kind)
{
    static const uint32_t kinds[] = {
        [TLM_ARRIVAL_CHAT] = TLM_EVENT_CHAT,
        [TLM_ARRIVAL_EXCITED] = TLM_EVENT_CHAT,
        [TLM_ARRIVAL_CHEER] = TLM_EVENT_CHAT,
        [TLM_ARRIVAL_BITS] = TLM_EVENT_TRANSACTION,
        [TLM_ARRIVAL_VIEWER] = TLM_EVENT_VIEWER,
        [TLM_ARRIVAL_TRANSACTION] = TLM_EVENT_TRANSACTION,
        [TLM_ARRIVAL_GIFT] = TLM_EVENT_TRANSACTION,
        [TLM_ARRIVAL_DONATION] = TLM_EVENT_TRANSACTION,
        [TLM_ARRIVAL_START] = TLM_EVENT_STREAM_META,
        [TLM_ARRIVAL_TITLE] = TLM_EVENT_STREAM_META,
        [TLM_ARRIVAL_CATEGORY] = TLM_EVENT_STREAM_META,
        [TLM_ARRIVAL_RAID] = TLM_EVENT_STREAM_META,
    };
    int64_t time_ns = (self->options.start_ms + run_ms_of(self, arrival)) * TLM_NS_PER_MS;

    *ret_kind = kinds[arrival->kind];
    at = put_id(self, TLM_PUT(at, "{\"event_id\":\""), arrival);
    at = tlm_put_time(&self->clock, TLM_PUT(at, "\",\"timestamp\":\""), time_ns);
    at = tlm_put_stream(TLM_PUT(at, "\",\"stream_id\":\""), self->options.names, arrival->stream);
    *at++ = '"';
    return put_content(self, at, arrival);
}
