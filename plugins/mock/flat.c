/* SPDX-License-Identifier: Apache-2.0 */
#include "flat.h"

#include "flat_words.h"
#include "put.h"
#include "random.h"

/* One unit of `step`. */
#define STEP_ONE 4294967296.0

enum {
    VIEWER_INTERVAL_S = 5,
    EMOTES_A_MESSAGE_MAX = 3,
};

/* Shares of events, of 65,536, one after another; what is left is chat. */
enum {
    SHARE_TRANSACTION = 655,
    SHARE_TITLE = SHARE_TRANSACTION + 13,
    SHARE_CATEGORY = SHARE_TITLE + 7,
    SHARE_RAID_IN = SHARE_CATEGORY + 7,
    SHARE_RAID_OUT = SHARE_RAID_IN + 5,
};

/* --- writing --------------------------------------------------------------------------------------------------- */

static inline char *put_word(char *at, const tlm_word *word)
{
    memcpy(at, word->text, sizeof word->text);
    return at + strlen(word->text);
}

static char *put_user(const tlm_flat *flat, char *at, uint32_t stream, uint64_t random)
{
    uint64_t user = (uint64_t)stream * flat->options.chatters + tlm_skewed(random, flat->options.chatters);
    uint64_t look = tlm_mix(flat->seed_hash ^ user);

    at = TLM_PUT(at, ",\"user_id\":\"u");
    at = tlm_put_number(at, user);
    at = TLM_PUT(at, "\",\"username\":\"");
    at = put_word(at, &tlm_name_heads[look % TLM_NAME_PARTS]);
    at = put_word(at, &tlm_name_tails[(look >> 8) % TLM_NAME_PARTS]);
    *at++ = '_';
    at = tlm_put_number(at, user);
    *at++ = '"';
    return at;
}

/* One to eight words, then the emotes. */
static char *put_message(char *at, uint64_t random, const tlm_word *const *emotes, uint32_t emote_count)
{
    uint32_t words = 1 + (uint32_t)(random & 7);

    at = TLM_PUT(at, ",\"message\":\"");
    for (uint32_t i = 0; i < words; i++) {
        random >>= 6;
        at = put_word(at, &tlm_words[random % TLM_WORDS]);
        *at++ = ' ';
    }
    for (uint32_t i = 0; i < emote_count; i++) {
        at = put_word(at, emotes[i]);
        *at++ = ' ';
    }
    at[-1] = '"';
    return at;
}

static char *put_emotes(char *at, const tlm_word *const *emotes, uint32_t emote_count)
{
    at = TLM_PUT(at, ",\"emotes\":[");
    for (uint32_t i = 0; i < emote_count; i++) {
        *at++ = '"';
        at = put_word(at, emotes[i]);
        at = TLM_PUT(at, "\",");
    }
    at -= emote_count > 0; /* the last comma */
    *at++ = ']';
    return at;
}

/* --- kinds ----------------------------------------------------------------------------------------------------- */

static char *put_chat(const tlm_flat *flat, char *at, uint32_t stream, uint64_t state)
{
    uint64_t random = tlm_draw(&state);
    const tlm_word *emotes[EMOTES_A_MESSAGE_MAX];
    uint32_t emote_count = 0;

    at = put_user(flat, at, stream, tlm_draw(&state));
    /* Two of five messages have emotes. */
    if (!flat->options.no_emotes && tlm_below(random, 5) < 2) {
        emote_count = 1 + tlm_skewed(random << 7, EMOTES_A_MESSAGE_MAX);
        for (uint32_t i = 0; i < emote_count; i++)
            emotes[i] = &tlm_emotes[tlm_skewed(tlm_draw(&state), TLM_EMOTES)];
    }
    at = put_message(at, tlm_draw(&state), emotes, emote_count);
    at = put_emotes(at, emotes, emote_count);
    switch (random >> 32 & 15) {
    case 0:
        at = TLM_PUT(at, ",\"badges\":[\"moderator\",\"subscriber\"]");
        break;
    case 1:
    case 2:
    case 3:
        at = TLM_PUT(at, ",\"badges\":[\"subscriber\"]");
        break;
    default:
        at = TLM_PUT(at, ",\"badges\":[]");
        break;
    }
    at = (random >> 36 & 63) == 0 ? TLM_PUT(at, ",\"is_action\":true") : TLM_PUT(at, ",\"is_action\":false");
    at = TLM_PUT(at, ",\"bits\":");
    at = tlm_put_number(at, (random >> 42 & 255) == 0 ? 100 * (1 + (random >> 50 & 7)) : 0);
    return TLM_PUT(at, ",\"metadata\":{\"client\":\"mock\"}}");
}

/* A triangle wave over `period_s`: 0 .. 1000. */
static uint64_t wave(uint64_t second, uint64_t period_s)
{
    uint64_t part = second % period_s * 2000 / period_s;

    return part < 1000 ? part : 2000 - part;
}

/* Viewers of a stream: few streams are large, each has slow swings, and a little noise. */
static uint64_t viewers_at(const tlm_flat *flat, uint32_t stream, int64_t time_ns, uint64_t random)
{
    uint64_t nature = tlm_mix(flat->seed_hash + stream);
    uint64_t second = (uint64_t)(time_ns / TLM_NS_PER_S) + (nature >> 40);
    uint64_t base = 20 + 50000 / (1 + nature % 1000);
    uint64_t swing = 600 + wave(second, 3600) / 2 + wave(second, 420) / 5 + random % 21;

    return base * swing / 1000;
}

static char *put_viewer(const tlm_flat *flat, char *at, uint32_t stream, int64_t time_ns, uint64_t state)
{
    uint64_t random = tlm_draw(&state);
    uint64_t viewers = viewers_at(flat, stream, time_ns, random);

    at = TLM_PUT(at, ",\"viewer_count\":");
    at = tlm_put_number(at, viewers);
    at = TLM_PUT(at, ",\"chatter_count\":");
    at = tlm_put_number(at, viewers / 3);
    at = TLM_PUT(at, ",\"follower_count\":");
    at = tlm_put_number(at, 1000 + tlm_mix(flat->seed_hash + stream) % 100000);
    at = TLM_PUT(at, ",\"subscriber_count\":");
    at = tlm_put_number(at, 10 + tlm_mix(flat->seed_hash + stream) % 1000);
    *at++ = '}';
    return at;
}

typedef struct {
    char code[4];
    uint32_t decimals;
} currency;

/* Exact decimals with the currency's usual digits, as a number or, from some producers, as a string. */
static char *put_amount(char *at, uint64_t random)
{
    static const currency currencies[] = {{"USD", 2}, {"USD", 2}, {"USD", 2}, {"EUR", 2},
                                          {"EUR", 2}, {"GBP", 2}, {"JPY", 0}, {"KWD", 3}};
    const currency *picked = &currencies[random % TLM_COUNT(currencies)];
    uint64_t units = 100 + tlm_below(random >> 8, 9900);
    uint64_t scale = picked->decimals == 3 ? 1000 : picked->decimals == 2 ? 100 : 1;
    bool is_text = (random >> 60 & 3) == 0;

    at = TLM_PUT(at, ",\"amount\":");
    if (is_text)
        *at++ = '"';
    at = tlm_put_number(at, units / scale);
    if (picked->decimals > 0) {
        *at++ = '.';
        at = tlm_put_padded(at, units % scale, picked->decimals);
    }
    if (is_text)
        *at++ = '"';
    at = TLM_PUT(at, ",\"currency\":\"");
    at = tlm_put_bytes(at, picked->code, 3);
    *at++ = '"';
    return at;
}

static char *put_transaction(const tlm_flat *flat, char *at, uint32_t stream, uint64_t state)
{
    static const char *const types[] = {"donation", "tip",  "subscription", "subscription_renewal",
                                        "gift_sub", "bits", "purchase"};
    enum { RENEWAL = 3, GIFT = 4, BITS = 5, TIERED = 2 };
    uint64_t random = tlm_draw(&state);
    uint32_t type = tlm_below(random, TLM_COUNT(types));

    at = put_user(flat, at, stream, tlm_draw(&state));
    at = TLM_PUT(at, ",\"transaction_type\":\"");
    at = tlm_put_string(at, types[type]);
    *at++ = '"';
    if (type == BITS) {
        at = TLM_PUT(at, ",\"amount\":");
        at = tlm_put_number(at, 100 * (1 + (random >> 32 & 31)));
    } else {
        at = put_amount(at, tlm_draw(&state));
    }
    if (type >= TIERED && type <= GIFT) {
        at = TLM_PUT(at, ",\"tier\":\"");
        at = tlm_put_number(at, 1000 * (1 + (random >> 40) % 3));
        *at++ = '"';
    }
    if (type == RENEWAL) {
        at = TLM_PUT(at, ",\"months\":");
        at = tlm_put_number(at, 2 + (random >> 44) % 40);
    }
    if (type == GIFT) {
        at = TLM_PUT(at, ",\"gift_count\":");
        at = tlm_put_number(at, 1 + (random >> 44) % 20);
    }
    at = put_message(at, tlm_draw(&state), NULL, 0);
    return (random >> 60) == 0 ? TLM_PUT(at, ",\"is_anonymous\":true}") : TLM_PUT(at, ",\"is_anonymous\":false}");
}

static char *put_start(tlm_flat *flat, char *at, uint32_t stream, int64_t time_ns, uint64_t random)
{
    at = TLM_PUT(at, ",\"event_type\":\"stream_start\",\"title\":\"");
    at = tlm_put_string(at, tlm_titles[random % TLM_TITLES]);
    at = TLM_PUT(at, "\",\"category\":\"");
    at = tlm_put_string(at, tlm_categories[(random >> 8) % TLM_CATEGORIES]);
    at = TLM_PUT(at, "\",\"streamer_name\":\"");
    at = tlm_put_stream(at, flat->options.names, stream);
    at = TLM_PUT(at, "\",\"language\":\"en\",\"tags\":[\"mock\",\"english\"],\"started_at\":\"");
    at = tlm_put_time(&flat->clock, at, time_ns);
    return TLM_PUT(at, "\"}");
}

static char *put_raid(const tlm_flat *flat, char *at, uint32_t stream, bool comes, uint64_t random)
{
    uint32_t other = tlm_below(random, flat->options.stream_count);

    at = TLM_PUT(at, ",\"event_type\":\"raid_");
    at = comes ? TLM_PUT(at, "incoming") : TLM_PUT(at, "outgoing");
    at = TLM_PUT(at, "\",\"raid_data\":{\"from_channel\":\"");
    at = tlm_put_stream(at, flat->options.names, comes ? other : stream);
    at = TLM_PUT(at, "\",\"to_channel\":\"");
    at = tlm_put_stream(at, flat->options.names, comes ? stream : other);
    at = TLM_PUT(at, "\",\"viewer_count\":");
    at = tlm_put_number(at, 5 + (random >> 32) % 2000);
    return TLM_PUT(at, "}}");
}

static char *put_change(char *at, bool is_title, uint64_t random)
{
    if (is_title) {
        at = TLM_PUT(at, ",\"event_type\":\"title_change\",\"new_title\":\"");
        at = tlm_put_string(at, tlm_titles[random % TLM_TITLES]);
    } else {
        at = TLM_PUT(at, ",\"event_type\":\"category_change\",\"new_category\":\"");
        at = tlm_put_string(at, tlm_categories[random % TLM_CATEGORIES]);
    }
    return TLM_PUT(at, "\"}");
}

static bool is_viewer_turn(const tlm_flat *flat, uint32_t stream, uint64_t turn)
{
    uint32_t period = flat->viewer_period;

    return turn % period == 1 + tlm_mix(flat->seed_hash + stream) % (period - 1);
}

/* --- interface ------------------------------------------------------------------------------------------------- */

void tlm_flat_init(tlm_flat *flat, const tlm_mock_options *options)
{
    double period = options->rate * VIEWER_INTERVAL_S;

    *flat = (tlm_flat){.options = *options, .clock.second = INT64_MIN};
    flat->step = (tlm_mock_wide)((double)TLM_NS_PER_S * STEP_ONE / (options->rate * options->stream_count));
    flat->step_ns = (uint64_t)(flat->step >> 32);
    flat->seed_hash = tlm_mix(options->seed + TLM_GOLDEN_GAMMA);
    flat->viewer_period = period < 2 ? 2 : (uint32_t)period;
    char *end = TLM_PUT(flat->id_head, "m-");
    end = tlm_put_number(end, (uint64_t)options->start_ms);
    *end++ = '-';
    flat->id_head_size = (uint32_t)(end - flat->id_head);
}

static uint64_t state_of(const tlm_flat *flat, uint32_t stream, uint64_t turn)
{
    return tlm_mix(flat->seed_hash + stream * TLM_GOLDEN_GAMMA) + turn * UINT64_C(0xd1342543de82ef95);
}

int64_t tlm_flat_time_ns(const tlm_flat *flat, int64_t number)
{
    uint64_t passed = (uint64_t)((tlm_mock_wide)number * flat->step >> 32);
    uint64_t random = tlm_mix(flat->seed_hash ^ (uint64_t)number);
    uint64_t within = (uint64_t)((tlm_mock_wide)random * flat->step_ns >> 64);

    return flat->options.start_ms * TLM_NS_PER_MS + (int64_t)(passed + within);
}

int64_t tlm_flat_count(const tlm_flat *flat)
{
    uint64_t left_ns = (uint64_t)(TLM_TIME_END_NS - flat->options.start_ms * TLM_NS_PER_MS);
    tlm_mock_wide count = ((tlm_mock_wide)left_ns << 32) / (flat->step + 1);

    return count < INT64_MAX ? (int64_t)count : INT64_MAX;
}

size_t tlm_flat_write(tlm_flat *flat, int64_t number, int64_t time_ns, char *out, uint32_t *ret_kind)
{
    uint32_t stream = (uint32_t)((uint64_t)number % flat->options.stream_count);
    uint64_t turn = (uint64_t)number / flat->options.stream_count;
    uint64_t state = state_of(flat, stream, turn);
    uint64_t random = tlm_draw(&state);
    uint32_t share = random & 65535;
    char *at = TLM_PUT(out, "{\"event_id\":\"");

    at = tlm_put_bytes(at, flat->id_head, flat->id_head_size);
    at = tlm_put_number(at, stream);
    *at++ = '-';
    at = tlm_put_number(at, turn);
    at = TLM_PUT(at, "\",\"timestamp\":\"");
    at = tlm_put_time(&flat->clock, at, time_ns);
    at = TLM_PUT(at, "\",\"stream_id\":\"");
    at = tlm_put_stream(at, flat->options.names, stream);
    *at++ = '"';
    if (flat->options.chat_only) {
        *ret_kind = TLM_EVENT_CHAT;
        return (size_t)(put_chat(flat, at, stream, state) - out);
    }
    if (turn > 0 && is_viewer_turn(flat, stream, turn)) {
        *ret_kind = TLM_EVENT_VIEWER;
        return (size_t)(put_viewer(flat, at, stream, time_ns, state) - out);
    }
    if (turn > 0 && share >= SHARE_RAID_OUT) {
        *ret_kind = TLM_EVENT_CHAT;
        return (size_t)(put_chat(flat, at, stream, state) - out);
    }
    if (turn > 0 && share < SHARE_TRANSACTION) {
        *ret_kind = TLM_EVENT_TRANSACTION;
        return (size_t)(put_transaction(flat, at, stream, state) - out);
    }
    *ret_kind = TLM_EVENT_STREAM_META;
    if (turn == 0)
        at = put_start(flat, at, stream, time_ns, random >> 16);
    else if (share < SHARE_CATEGORY)
        at = put_change(at, share < SHARE_TITLE, random >> 16);
    else
        at = put_raid(flat, at, stream, share < SHARE_RAID_IN, random >> 16);
    return (size_t)(at - out);
}
