/* SPDX-License-Identifier: Apache-2.0 */
#include "text.h"

#include "phrases.h"
#include "put.h"
#include "random.h"
#include "users.h"

/* Shares of usual messages, of 1,000, one after another; what is left are statements. */
enum {
    SHARE_EMOTES_ONLY = 60,
    SHARE_SHORT = SHARE_EMOTES_ONLY + 200,
    SHARE_LAUGH = SHARE_SHORT + 50,
    SHARE_GREETING = SHARE_LAUGH + 40,
    SHARE_QUESTION = SHARE_GREETING + 150,
    SHARE_COMMAND = SHARE_QUESTION + 15,
    SHARE_LONG = SHARE_COMMAND + 35,
};

/* Chances of decorations, of 1,000. */
enum { CAPS = 55, DRAWN_OUT = 70, MARKS = 70, MENTION = 70, WITH_EMOTE = 130, WITH_EMOTE_HYPE = 250 };

/* Shares of glad and sad statements while nothing has turned the mood, and those that can be turned. */
#define GLAD 0.22
#define SAD 0.17

/* A mood that is further from 0 shows in what kinds of messages there are, too. */
#define TURNED 0.4

static bool happens(uint64_t *state, uint32_t of_thousand)
{
    return tlm_below(tlm_draw(state), 1000) < of_thousand;
}

/* What has no room any more is left out; no phrase comes near. */
static void add(tlm_message *message, const char *text, size_t size)
{
    if (size > sizeof message->text - message->size)
        return;
    memcpy(message->text + message->size, text, size);
    message->size += size;
}

/* --- what is said ---------------------------------------------------------------------------------------------- */

static void add_phrase(tlm_message *message, uint32_t group, uint64_t *state)
{
    const tlm_phrases *phrases = tlm_phrases_of(group);

    for (const char *at = phrases->items[tlm_below(tlm_draw(state), phrases->count)]; *at; at++) {
        const tlm_phrases *words = *at == '%' ? tlm_phrase_words(at[1]) : NULL;
        if (words) {
            const char *word = words->items[tlm_below(tlm_draw(state), words->count)];
            add(message, word, strlen(word));
            at++;
        } else {
            add(message, at, 1);
        }
    }
}

static void add_laugh(tlm_message *message, uint64_t *state)
{
    static const char *const laughs[] = {"ha", "he", "HA", "hah", "ja", "xd"};
    uint64_t random = tlm_draw(state);
    const char *laugh = laughs[tlm_skewed(random, TLM_COUNT(laughs))];

    for (uint32_t i = 2 + tlm_skewed(random << 16, 8); i > 0; i--)
        add(message, laugh, strlen(laugh));
}

static void add_emote(tlm_message *message, const tlm_emote_name *emote)
{
    if (message->size > 0)
        add(message, " ", 1);
    add(message, emote->text, emote->size);
    message->emotes[message->emote_count++] = *emote;
}

/* One emote, or the same one a few times. */
static void add_emotes(tlm_message *message, const tlm_talk *talk, uint32_t kind, uint64_t *state)
{
    tlm_emote_name emote;
    uint32_t times = 1 + tlm_skewed(tlm_draw(state), TLM_MESSAGE_EMOTES_MAX);

    tlm_emote_pick(talk->stream_seed, kind, tlm_draw(state), &emote);
    for (uint32_t i = 0; i < times && message->emote_count < TLM_MESSAGE_EMOTES_MAX; i++)
        add_emote(message, &emote);
}

/* An emote between two words. */
static void insert_emote(tlm_message *message, const tlm_talk *talk, uint64_t *state)
{
    const char *space = memchr(message->text, ' ', message->size);
    tlm_emote_name emote;

    tlm_emote_pick(talk->stream_seed, TLM_EMOTE_ANY, tlm_draw(state), &emote);
    if (!space || message->size + emote.size + 1 > sizeof message->text) {
        add_emote(message, &emote);
        return;
    }
    size_t before = (size_t)(space - message->text), behind = message->size - before;
    memmove(message->text + before + 1 + emote.size, message->text + before, behind);
    message->text[before] = ' ';
    memcpy(message->text + before + 1, emote.text, emote.size);
    message->size += emote.size + 1;
    message->emotes[message->emote_count++] = emote;
}

/* --- how it is said -------------------------------------------------------------------------------------------- */

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static void shout(tlm_message *message)
{
    for (size_t i = 0; i < message->size; i++) {
        if (message->text[i] >= 'a' && message->text[i] <= 'z')
            message->text[i] = (char)(message->text[i] - ('a' - 'A'));
    }
}

/* Draws out the last vowel of the last word, or its last letter: "niiice", "nooo", "pleaseee". */
static void draw_out(tlm_message *message, uint64_t *state)
{
    size_t at = message->size, times = 1 + tlm_below(tlm_draw(state), 5);

    while (at > 0 && is_letter(message->text[at - 1]) && !memchr("aeiouAEIOU", message->text[at - 1], 10))
        at--;
    if (at == 0 || !is_letter(message->text[at - 1]))
        at = message->size;
    if (at == 0 || !is_letter(message->text[at - 1]) || message->size + times > sizeof message->text)
        return;
    memmove(message->text + at + times, message->text + at, message->size - at);
    memset(message->text + at, message->text[at - 1], times);
    message->size += times;
}

static void add_marks(tlm_message *message, uint64_t *state)
{
    static const char *const marks[] = {"!", "...", "!!", "!!!", "?!", " lol", " xD", " :)", " :(", "???"};
    const char *mark = marks[tlm_skewed(tlm_draw(state), TLM_COUNT(marks))];

    add(message, mark, strlen(mark));
}

static void decorate(tlm_message *message, uint64_t *state)
{
    if (happens(state, DRAWN_OUT))
        draw_out(message, state);
    if (happens(state, MARKS))
        add_marks(message, state);
    if (happens(state, CAPS))
        shout(message);
}

static void add_mention(tlm_message *message, const tlm_talk *talk, uint64_t *state)
{
    char name[TLM_USER_JSON_SIZE_MAX];
    char *end = tlm_user_put_name(name, tlm_user_pick(talk->stream_seed, 100, tlm_draw(state)));

    add(message, "@", 1);
    add(message, name, (size_t)(end - name));
    add(message, " ", 1);
}

/* --- kinds of talk --------------------------------------------------------------------------------------------- */

/* -1, 0 or 1. A turned mood takes its share from all other messages. */
static int pick_tone(double mood, uint64_t random)
{
    double chance = tlm_unit(random);
    double turned = mood < 0 ? -mood : mood;

    if (chance <= turned)
        return mood < 0 ? -1 : 1;
    chance = (chance - turned) / (1 - turned);
    return chance <= GLAD ? 1 : chance <= GLAD + SAD ? -1 : 0;
}

static void add_usual(tlm_message *message, const tlm_talk *talk, uint64_t *state)
{
    int tone = pick_tone(talk->mood, tlm_draw(state));
    uint32_t share = tlm_below(tlm_draw(state), 1000);
    bool is_turned = (talk->mood > TURNED || talk->mood < -TURNED) && tone != 0;

    if (share < SHARE_EMOTES_ONLY && !talk->no_emotes) {
        add_emotes(message, talk, tone > 0 ? TLM_EMOTE_GLAD : tone < 0 ? TLM_EMOTE_SAD : TLM_EMOTE_ANY, state);
        return;
    }
    if (share >= SHARE_LONG && happens(state, MENTION))
        add_mention(message, talk, state);
    if (share < SHARE_SHORT)
        add_phrase(message,
                   tone > 0   ? TLM_PHRASES_SHORT_GLAD
                   : tone < 0 ? TLM_PHRASES_SHORT_SAD
                              : TLM_PHRASES_SHORT,
                   state);
    else if (share >= SHARE_LONG || is_turned)
        add_phrase(message, tone > 0 ? TLM_PHRASES_GLAD : tone < 0 ? TLM_PHRASES_SAD : TLM_PHRASES_NEUTRAL, state);
    else if (share < SHARE_LAUGH)
        add_laugh(message, state);
    else if (share < SHARE_GREETING)
        add_phrase(message, TLM_PHRASES_GREETING, state);
    else if (share < SHARE_QUESTION)
        add_phrase(message, TLM_PHRASES_QUESTION, state);
    else
        add_phrase(message, share < SHARE_COMMAND ? TLM_PHRASES_COMMAND : TLM_PHRASES_LONG, state);
}

/* While it is exciting, half of chat says the same: the topic's phrase or emote. */
static void add_excited(tlm_message *message, const tlm_talk *talk, uint32_t group, uint64_t *state)
{
    uint64_t topic = talk->topic;

    if (happens(state, 500))
        add_phrase(message, group, state);
    else if ((topic & 1) == 0 || talk->no_emotes)
        add_phrase(message, group, &topic);
    else
        add_emotes(message, talk, TLM_EMOTE_GLAD, &topic);
}

void tlm_message_make(tlm_message *message, const tlm_talk *talk, uint64_t random)
{
    static const uint32_t groups[] = {
        [TLM_TALK_HYPE] = TLM_PHRASES_HYPE, [TLM_TALK_THANKS] = TLM_PHRASES_THANKS, [TLM_TALK_RAID] = TLM_PHRASES_RAID};
    uint64_t state = random;

    message->size = 0;
    message->emote_count = 0;
    if (talk->kind == TLM_TALK_USUAL)
        add_usual(message, talk, &state);
    else if (talk->kind == TLM_TALK_GIVING)
        add_phrase(message, TLM_PHRASES_GIVING, &state);
    else
        add_excited(message, talk, groups[talk->kind], &state);
    if (message->emote_count > 0)
        return; /* an emote's name has one spelling */
    decorate(message, &state);
    if (talk->no_emotes || talk->kind == TLM_TALK_GIVING)
        return;
    if (happens(&state, talk->kind == TLM_TALK_USUAL ? WITH_EMOTE : WITH_EMOTE_HYPE)) {
        if (happens(&state, 150))
            insert_emote(message, talk, &state);
        else
            add_emotes(message, talk, TLM_EMOTE_ANY, &state);
    }
}
