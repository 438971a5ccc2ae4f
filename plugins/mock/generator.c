/* SPDX-License-Identifier: Apache-2.0 */
#include "generator.h"

#include "words.h"

#include "common/time.h"

#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S INT64_C(1000000000)

/* One unit of `step`. */
#define STEP_ONE 4294967296.0

enum {
    VIEWER_INTERVAL_S = 5,
    EMOTES_A_MESSAGE_MAX = 3,
    GENERATED_NAME_DIGITS = 4,
};

/* Shares of events, of 65,536, one after another; what is left is chat. */
enum {
    SHARE_TRANSACTION = 655,
    SHARE_TITLE = SHARE_TRANSACTION + 13,
    SHARE_CATEGORY = SHARE_TITLE + 7,
    SHARE_RAID_IN = SHARE_CATEGORY + 7,
    SHARE_RAID_OUT = SHARE_RAID_IN + 5,
};

/* SplitMix64: G. Steele, D. Lea, C. Flood, "Fast Splittable Pseudorandom Number Generators", 2014; the constants as in
 * S. Vigna's https://prng.di.unimi.it/splitmix64.c. As a hash of a counter it needs no state between events. */
#define GOLDEN_GAMMA UINT64_C(0x9e3779b97f4a7c15)

static inline uint64_t mix(uint64_t value)
{
    value = (value ^ value >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    value = (value ^ value >> 27) * UINT64_C(0x94d049bb133111eb);
    return value ^ value >> 31;
}

static inline uint64_t draw(uint64_t *state)
{
    *state += GOLDEN_GAMMA;
    return mix(*state);
}

/* A number below `bound` from 32 random bits. */
static inline uint32_t below(uint64_t random, uint32_t bound)
{
    return (uint32_t)((random & UINT32_MAX) * bound >> 32);
}

/* A number below `bound`, small ones far more often: the cube of a uniform one. */
static inline uint32_t skewed(uint64_t random, uint32_t bound)
{
    uint64_t part = random >> 32;
    uint64_t square = part * part >> 32;

    return below(square * part >> 32, bound);
}

/* --- writing --------------------------------------------------------------------------------------------------- */

#define PUT(at, literal) put_bytes((at), (literal), sizeof(literal) - 1)

static inline char *put_bytes(char *at, const char *bytes, size_t size)
{
    memcpy(at, bytes, size);
    return at + size;
}

static inline char *put_string(char *at, const char *string)
{
    return put_bytes(at, string, strlen(string));
}

static inline char *put_word(char *at, const tlm_word *word)
{
    memcpy(at, word->text, sizeof word->text);
    return at + strlen(word->text);
}

static inline char *put_number(char *at, uint64_t number)
{
    char digits[20];
    size_t left = sizeof digits;

    do
        digits[--left] = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    return put_bytes(at, digits + left, sizeof digits - left);
}

static inline char *put_padded(char *at, uint64_t number, size_t digits)
{
    for (size_t i = digits; i-- > 0; number /= 10)
        at[i] = (char)('0' + number % 10);
    return at + digits;
}

static char *put_stream(const tlm_generator *generator, char *at, uint32_t stream)
{
    const tlm_text *names = generator->options.names;

    if (names)
        return put_bytes(at, names[stream].data, names[stream].size);
    at = PUT(at, "stream_");
    return stream + 1 < 10000 ? put_padded(at, stream + 1, GENERATED_NAME_DIGITS) : put_number(at, stream + 1);
}

static char *put_time(tlm_generator *generator, char *at, int64_t time_ns)
{
    int64_t second = time_ns / NS_PER_S;

    if (second != generator->second) {
        char text[TLM_TIME_SIZE];
        size_t size = tlm_time_format(second * NS_PER_S, text);
        memcpy(generator->date, text, size - 1); /* without its Z */
        generator->second = second;
    }
    at = put_bytes(at, generator->date, sizeof "2026-01-01T00:00:00" - 1);
    *at++ = '.';
    at = put_padded(at, (uint64_t)(time_ns % NS_PER_S / NS_PER_MS), 3);
    *at++ = 'Z';
    return at;
}

static char *put_user(const tlm_generator *generator, char *at, uint32_t stream, uint64_t random)
{
    uint64_t user = (uint64_t)stream * generator->options.chatters + skewed(random, generator->options.chatters);
    uint64_t look = mix(generator->seed_hash ^ user);

    at = PUT(at, ",\"user_id\":\"u");
    at = put_number(at, user);
    at = PUT(at, "\",\"username\":\"");
    at = put_word(at, &tlm_name_heads[look % TLM_NAME_PARTS]);
    at = put_word(at, &tlm_name_tails[(look >> 8) % TLM_NAME_PARTS]);
    *at++ = '_';
    at = put_number(at, user);
    *at++ = '"';
    return at;
}

/* One to eight words, then the emotes. */
static char *put_message(char *at, uint64_t random, const tlm_word *const *emotes, uint32_t emote_count)
{
    uint32_t words = 1 + (uint32_t)(random & 7);

    at = PUT(at, ",\"message\":\"");
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
    at = PUT(at, ",\"emotes\":[");
    for (uint32_t i = 0; i < emote_count; i++) {
        *at++ = '"';
        at = put_word(at, emotes[i]);
        at = PUT(at, "\",");
    }
    at -= emote_count > 0; /* the last comma */
    *at++ = ']';
    return at;
}

/* --- kinds ----------------------------------------------------------------------------------------------------- */

static char *put_chat(const tlm_generator *generator, char *at, uint32_t stream, uint64_t state)
{
    uint64_t random = draw(&state);
    const tlm_word *emotes[EMOTES_A_MESSAGE_MAX];
    uint32_t emote_count = 0;

    at = put_user(generator, at, stream, draw(&state));
    /* Two of five messages have emotes. */
    if (!generator->options.no_emotes && below(random, 5) < 2) {
        emote_count = 1 + skewed(random << 7, EMOTES_A_MESSAGE_MAX);
        for (uint32_t i = 0; i < emote_count; i++)
            emotes[i] = &tlm_emotes[skewed(draw(&state), TLM_EMOTES)];
    }
    at = put_message(at, draw(&state), emotes, emote_count);
    at = put_emotes(at, emotes, emote_count);
    switch (random >> 32 & 15) {
    case 0:
        at = PUT(at, ",\"badges\":[\"moderator\",\"subscriber\"]");
        break;
    case 1:
    case 2:
    case 3:
        at = PUT(at, ",\"badges\":[\"subscriber\"]");
        break;
    default:
        at = PUT(at, ",\"badges\":[]");
        break;
    }
    at = (random >> 36 & 63) == 0 ? PUT(at, ",\"is_action\":true") : PUT(at, ",\"is_action\":false");
    at = PUT(at, ",\"bits\":");
    at = put_number(at, (random >> 42 & 255) == 0 ? 100 * (1 + (random >> 50 & 7)) : 0);
    return PUT(at, ",\"metadata\":{\"client\":\"mock\"}}");
}

/* A triangle wave over `period_s`: 0 .. 1000. */
static uint64_t wave(uint64_t second, uint64_t period_s)
{
    uint64_t part = second % period_s * 2000 / period_s;

    return part < 1000 ? part : 2000 - part;
}

/* Viewers of a stream: few streams are large, each has slow swings, and a little noise. */
static uint64_t viewers_at(const tlm_generator *generator, uint32_t stream, int64_t time_ns, uint64_t random)
{
    uint64_t nature = mix(generator->seed_hash + stream);
    uint64_t second = (uint64_t)(time_ns / NS_PER_S) + (nature >> 40);
    uint64_t base = 20 + 50000 / (1 + nature % 1000);
    uint64_t swing = 600 + wave(second, 3600) / 2 + wave(second, 420) / 5 + random % 21;

    return base * swing / 1000;
}

static char *put_viewer(const tlm_generator *generator, char *at, uint32_t stream, int64_t time_ns, uint64_t state)
{
    uint64_t random = draw(&state);
    uint64_t viewers = viewers_at(generator, stream, time_ns, random);

    at = PUT(at, ",\"viewer_count\":");
    at = put_number(at, viewers);
    at = PUT(at, ",\"chatter_count\":");
    at = put_number(at, viewers / 3);
    at = PUT(at, ",\"follower_count\":");
    at = put_number(at, 1000 + mix(generator->seed_hash + stream) % 100000);
    at = PUT(at, ",\"subscriber_count\":");
    at = put_number(at, 10 + mix(generator->seed_hash + stream) % 1000);
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
    uint64_t units = 100 + below(random >> 8, 9900);
    uint64_t scale = picked->decimals == 3 ? 1000 : picked->decimals == 2 ? 100 : 1;
    bool is_text = (random >> 60 & 3) == 0;

    at = PUT(at, ",\"amount\":");
    if (is_text)
        *at++ = '"';
    at = put_number(at, units / scale);
    if (picked->decimals > 0) {
        *at++ = '.';
        at = put_padded(at, units % scale, picked->decimals);
    }
    if (is_text)
        *at++ = '"';
    at = PUT(at, ",\"currency\":\"");
    at = put_bytes(at, picked->code, 3);
    *at++ = '"';
    return at;
}

static char *put_transaction(const tlm_generator *generator, char *at, uint32_t stream, uint64_t state)
{
    static const char *const types[] = {"donation", "tip",  "subscription", "subscription_renewal",
                                        "gift_sub", "bits", "purchase"};
    enum { RENEWAL = 3, GIFT = 4, BITS = 5, TIERED = 2 };
    uint64_t random = draw(&state);
    uint32_t type = below(random, TLM_COUNT(types));

    at = put_user(generator, at, stream, draw(&state));
    at = PUT(at, ",\"transaction_type\":\"");
    at = put_string(at, types[type]);
    *at++ = '"';
    if (type == BITS) {
        at = PUT(at, ",\"amount\":");
        at = put_number(at, 100 * (1 + (random >> 32 & 31)));
    } else {
        at = put_amount(at, draw(&state));
    }
    if (type >= TIERED && type <= GIFT) {
        at = PUT(at, ",\"tier\":\"");
        at = put_number(at, 1000 * (1 + (random >> 40) % 3));
        *at++ = '"';
    }
    if (type == RENEWAL) {
        at = PUT(at, ",\"months\":");
        at = put_number(at, 2 + (random >> 44) % 40);
    }
    if (type == GIFT) {
        at = PUT(at, ",\"gift_count\":");
        at = put_number(at, 1 + (random >> 44) % 20);
    }
    at = put_message(at, draw(&state), NULL, 0);
    return (random >> 60) == 0 ? PUT(at, ",\"is_anonymous\":true}") : PUT(at, ",\"is_anonymous\":false}");
}

static char *put_start(tlm_generator *generator, char *at, uint32_t stream, int64_t time_ns, uint64_t random)
{
    at = PUT(at, ",\"event_type\":\"stream_start\",\"title\":\"");
    at = put_string(at, tlm_titles[random % TLM_TITLES]);
    at = PUT(at, "\",\"category\":\"");
    at = put_string(at, tlm_categories[(random >> 8) % TLM_CATEGORIES]);
    at = PUT(at, "\",\"streamer_name\":\"");
    at = put_stream(generator, at, stream);
    at = PUT(at, "\",\"language\":\"en\",\"tags\":[\"mock\",\"english\"],\"started_at\":\"");
    at = put_time(generator, at, time_ns);
    return PUT(at, "\"}");
}

static char *put_raid(const tlm_generator *generator, char *at, uint32_t stream, bool comes, uint64_t random)
{
    uint32_t other = below(random, generator->options.stream_count);

    at = PUT(at, ",\"event_type\":\"raid_");
    at = comes ? PUT(at, "incoming") : PUT(at, "outgoing");
    at = PUT(at, "\",\"raid_data\":{\"from_channel\":\"");
    at = put_stream(generator, at, comes ? other : stream);
    at = PUT(at, "\",\"to_channel\":\"");
    at = put_stream(generator, at, comes ? stream : other);
    at = PUT(at, "\",\"viewer_count\":");
    at = put_number(at, 5 + (random >> 32) % 2000);
    return PUT(at, "}}");
}

static char *put_change(char *at, bool is_title, uint64_t random)
{
    if (is_title) {
        at = PUT(at, ",\"event_type\":\"title_change\",\"new_title\":\"");
        at = put_string(at, tlm_titles[random % TLM_TITLES]);
    } else {
        at = PUT(at, ",\"event_type\":\"category_change\",\"new_category\":\"");
        at = put_string(at, tlm_categories[random % TLM_CATEGORIES]);
    }
    return PUT(at, "\"}");
}

static bool is_viewer_turn(const tlm_generator *generator, uint32_t stream, uint64_t turn)
{
    uint32_t period = generator->viewer_period;

    return turn % period == 1 + mix(generator->seed_hash + stream) % (period - 1);
}

/* --- interface ------------------------------------------------------------------------------------------------- */

void tlm_generator_init(tlm_generator *generator, const tlm_generator_options *options)
{
    double period = options->rate * VIEWER_INTERVAL_S;

    *generator = (tlm_generator){.options = *options, .second = INT64_MIN};
    generator->step = (tlm_mock_wide)((double)NS_PER_S * STEP_ONE / (options->rate * options->stream_count));
    generator->step_ns = (uint64_t)(generator->step >> 32);
    generator->seed_hash = mix(options->seed + GOLDEN_GAMMA);
    generator->viewer_period = period < 2 ? 2 : (uint32_t)period;
    char *end = PUT(generator->id_head, "m-");
    end = put_number(end, (uint64_t)options->start_ms);
    *end++ = '-';
    generator->id_head_size = (uint32_t)(end - generator->id_head);
}

static uint64_t state_of(const tlm_generator *generator, uint32_t stream, uint64_t turn)
{
    return mix(generator->seed_hash + stream * GOLDEN_GAMMA) + turn * UINT64_C(0xd1342543de82ef95);
}

int64_t tlm_generator_time_ns(const tlm_generator *generator, int64_t number)
{
    uint64_t passed = (uint64_t)((tlm_mock_wide)number * generator->step >> 32);
    uint64_t random = mix(generator->seed_hash ^ (uint64_t)number);
    uint64_t within = (uint64_t)((tlm_mock_wide)random * generator->step_ns >> 64);

    return generator->options.start_ms * NS_PER_MS + (int64_t)(passed + within);
}

int64_t tlm_generator_count(const tlm_generator *generator)
{
    uint64_t left_ns = (uint64_t)(TLM_TIME_END_NS - generator->options.start_ms * NS_PER_MS);
    tlm_mock_wide count = ((tlm_mock_wide)left_ns << 32) / (generator->step + 1);

    return count < INT64_MAX ? (int64_t)count : INT64_MAX;
}

size_t tlm_generator_write(tlm_generator *generator, int64_t number, char *out, uint32_t *ret_kind)
{
    uint32_t stream = (uint32_t)((uint64_t)number % generator->options.stream_count);
    uint64_t turn = (uint64_t)number / generator->options.stream_count;
    int64_t time_ns = tlm_generator_time_ns(generator, number);
    uint64_t state = state_of(generator, stream, turn);
    uint64_t random = draw(&state);
    uint32_t share = random & 65535;
    char *at = PUT(out, "{\"event_id\":\"");

    at = put_bytes(at, generator->id_head, generator->id_head_size);
    at = put_number(at, stream);
    *at++ = '-';
    at = put_number(at, turn);
    at = PUT(at, "\",\"timestamp\":\"");
    at = put_time(generator, at, time_ns);
    at = PUT(at, "\",\"stream_id\":\"");
    at = put_stream(generator, at, stream);
    *at++ = '"';
    if (generator->options.chat_only) {
        *ret_kind = TLM_EVENT_CHAT;
        return (size_t)(put_chat(generator, at, stream, state) - out);
    }
    if (turn > 0 && is_viewer_turn(generator, stream, turn)) {
        *ret_kind = TLM_EVENT_VIEWER;
        return (size_t)(put_viewer(generator, at, stream, time_ns, state) - out);
    }
    if (turn > 0 && share >= SHARE_RAID_OUT) {
        *ret_kind = TLM_EVENT_CHAT;
        return (size_t)(put_chat(generator, at, stream, state) - out);
    }
    if (turn > 0 && share < SHARE_TRANSACTION) {
        *ret_kind = TLM_EVENT_TRANSACTION;
        return (size_t)(put_transaction(generator, at, stream, state) - out);
    }
    *ret_kind = TLM_EVENT_STREAM_META;
    if (turn == 0)
        at = put_start(generator, at, stream, time_ns, random >> 16);
    else if (share < SHARE_CATEGORY)
        at = put_change(at, share < SHARE_TITLE, random >> 16);
    else
        at = put_raid(generator, at, stream, share < SHARE_RAID_IN, random >> 16);
    return (size_t)(at - out);
}

uint64_t tlm_generator_hash(const tlm_generator_options *options)
{
    uint64_t rate;
    uint64_t hash = mix(options->seed + GOLDEN_GAMMA);

    memcpy(&rate, &options->rate, sizeof rate);
    hash = mix(hash ^ rate);
    hash = mix(hash ^ ((uint64_t)options->stream_count << 32 | options->chatters));
    hash = options->chat_only ? mix(hash ^ 1) : hash;
    hash = options->no_emotes ? mix(hash ^ 2) : hash;
    for (uint32_t i = 0; options->names && i < options->stream_count; i++) {
        for (size_t at = 0; at < options->names[i].size; at++)
            hash = mix(hash ^ (unsigned char)options->names[i].data[at]);
        hash = mix(hash ^ 256); /* between two names */
    }
    return hash;
}
