/* SPDX-License-Identifier: Apache-2.0 */
/* The sentiment plugin through the interfaces that the host uses. The rules are tested with a small lexicon whose sums
 * can be worked out by hand; the expected score is computed from the sum here, independently. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "host.h"

#include <math.h>
#include <time.h>
#include <unistd.h>

enum { MESSAGE_MAX = 64 << 10, EMOTES_MAX = 4, NONE = TLM_SIDE_ABSENT };

/* A started instance with one lane. */
typedef struct {
    test_host host;
    const tlm_component *component;
    void *config;
    tlm_instance *instance;
    const tlm_processor *processor;
    tlm_lane_state *lane;
    char path[64]; /* of its lexicon file, if it has one */
} lab;

static void write_file(char path[static 64], const char *text, size_t size)
{
    strcpy(path, "/tmp/telemetra-lexicon-XXXXXX");
    int file = mkstemp(path);
    assert_true(file >= 0);
    assert_int_equal(write(file, text, size), (ssize_t)size);
    assert_int_equal(close(file), 0);
}

/* Creates but does not start; `option` "lexicon" or "additions" is set to a file of `text`, if that is given. */
static void lab_create(lab *self, const char *option, const char *text)
{
    tlm_error error = {{0}};
    memset(self, 0, sizeof *self);
    test_host_init(&self->host);
    self->component = test_component("sentiment", "sentiment");
    self->config = test_config(self->component);
    if (text) {
        write_file(self->path, text, strlen(text));
        test_config_set(self->component, self->config, option, self->path);
    }
    assert_int_equal(self->component->create(&self->host.public, self->config, &self->instance, &error), 0);
    self->processor = self->component->get_interface(TLM_INTERFACE_PROCESSOR);
    assert_non_null(self->processor);
}

static void lab_open(lab *self, const char *option, const char *text)
{
    tlm_error error = {{0}};
    tlm_lane lane = {.struct_size = sizeof lane, .lane_count = 1, .input_count = 1};
    lab_create(self, option, text);
    if (self->component->start(self->instance, &error) < 0)
        fail_msg("%s", error.text);
    assert_int_equal(self->processor->lane_open(self->instance, &lane, &self->lane, &error), 0);
}

static void lab_close(lab *self)
{
    if (self->lane) {
        self->processor->lane_close(self->lane);
        self->component->stop(self->instance);
    }
    self->component->destroy(self->instance);
    test_config_free(self->component, self->config);
    if (self->path[0])
        assert_int_equal(unlink(self->path), 0);
}

/* The score of one message. What stands around it in the arena is `filler`, which must not matter. */
static int16_t score_with(const lab *self, tlm_text message, const char *const *emotes, char filler)
{
    static uint64_t room[(MESSAGE_MAX + 4096) / 8];
    char *arena = (char *)room;
    size_t at = 16;
    tlm_emote list[EMOTES_MAX] = {{0}};
    uint32_t count = 0, row = 0;
    int16_t score = TLM_SIDE_ABSENT;

    memset(room, filler, sizeof room);
    for (; count < EMOTES_MAX && emotes && emotes[count]; count++) {
        size_t size = strlen(emotes[count]);
        memcpy(arena + at, emotes[count], size);
        list[count].name = (tlm_span){(uint32_t)at, (uint32_t)size};
        at += size;
    }
    at = (at + 7) & ~(size_t)7;
    memcpy(arena + at, list, sizeof list);
    tlm_span emote_span = {(uint32_t)at, count};
    at += sizeof list;
    memcpy(arena + at, message.data, message.size);
    tlm_event event = {.kind = TLM_EVENT_CHAT,
                       .as.chat = {.message = {(uint32_t)at, (uint32_t)message.size}, .emotes = emote_span}};
    tlm_events batch = {.struct_size = sizeof batch,
                        .event_count = 1,
                        .events = &event,
                        .arena = arena,
                        .arena_size = at + message.size};
    tlm_side side = {TLM_SIDE_SENTIMENT, &score};
    tlm_event_view view = {.batch = &batch, .rows = &row, .count = 1, .side_count = 1, .sides = &side};
    assert_int_equal(self->processor->events(self->lane, &view), 0);
    return score;
}

static int16_t score_of(const lab *self, const char *message)
{
    return score_with(self, tlm_text_of(message), NULL, '\0');
}

/* x / sqrt(x^2 + 15) in 0.0001, half to even. */
static int expected_score(long double sum)
{
    return (int)rintl(10000 * sum / sqrtl(sum * sum + 15));
}

/* --- rules -------------------------------------------------------------------------------------------------------- */

static const char small_lexicon[] =
    "# a small lexicon\n"
    "good\t2\n"
    "great\t3\n"
    "bad\t-2\n"
    "no\t-1.2\n"
    "doubt\t-1.5\n"
    "kind\t2.4\n"
    "shit\t-2.6\n"
    "the shit\t3\n"
    "kiss\t1.8\n"
    "death\t-2.9\n"
    "kiss of death\t-1.5\n"
    "can't stand\t-2.2\n"
    "haha\t2\n"
    "lol\t1.8\n"
    ":)\t2\n"
    ":d\t2.3\n"
    "<3\t1.9\n"
    "d:\t1.2\n"
    "outstandingly\t2.5\n"
    "[negations]\nnot\nnever\nwithout\nisn't\n"
    "[intensifiers]\nvery\nso\n"
    "[dampeners]\nslightly\nkind of\n"
    "[capitals]\nW\t1.6\nL\t-1.6\n"
    "[emotes]\nPogChamp\t2.4\nBibleThump\t-1.6\n"
    "\xF0\x9F\x98\x82\t1.8\n"                       /* face with tears of joy */
    "\xE2\x9D\xA4\t3\n"                             /* heart */
    "\xE2\x9D\xA4\xE2\x80\x8D\xF0\x9F\xA9\xB9\t1\n" /* mended heart: joined with a plaster */
    "\xF0\x9F\x91\x8D\t2\n"                         /* thumb */
    "[tails]\nLUL\t1.7\n";

#define UP 0.293L
#define CAPS 0.733L
#define NOT (-0.74L)
#define SCORED(sum) 1, (sum)
#define UNSCORED 0, 0

typedef struct {
    const char *rule, *message;
    int is_scored;
    long double sum;
    const char *emotes[EMOTES_MAX];
} row;

static const row rows[] = {
    {"a word of the lexicon", "good", SCORED(2.0L), {0}},
    {"its case does not matter", "Good", SCORED(2.0L), {0}},
    {"words add up", "good bad great", SCORED(3.0L), {0}},
    {"words that cancel out are scored", "good bad", SCORED(0.0L), {0}},
    {"nothing known is not scored", "the game", UNSCORED, {0}},
    {"an empty message is not scored", "", UNSCORED, {0}},
    {"blanks are not scored", "  \t ", UNSCORED, {0}},
    {"a part of a word is no word", "goodness badly", UNSCORED, {0}},
    {"a word above eight bytes", "outstandingly", SCORED(2.5L), {0}},
    {"a word like one above eight bytes", "outstandingli outstanding outstandinglys", UNSCORED, {0}},
    {"marks around a word", "\"good\", (bad); great.", SCORED(3.0L), {0}},
    {"marks around two letters", "no!", SCORED(-1.2L - 0.292L), {0}},
    {"an emoticon", "game :)", SCORED(2.0L), {0}},
    {"an emoticon with a small letter", "game :d", SCORED(2.3L), {0}},
    {"an emoticon that begins with a letter", "GAME D:", SCORED(1.2L), {0}},
    {"an emoticon's capital, as in the reference", "game :D", SCORED(2.3L + CAPS), {0}},
    {"an emoticon made longer", "game :)))))", SCORED(2.0L + UP), {0}},
    {"a name is no word", "@good @bad", UNSCORED, {0}},
    {"a command to a bot is no message", "!good great", UNSCORED, {0}},
    {"marks before a word are no command", "!! good", SCORED(2.0L + 2 * 0.292L), {0}},

    {"negation", "not good", SCORED(2 * NOT), {0}},
    {"negation of a bad word", "not bad", SCORED(-2 * NOT), {0}},
    {"negation two words before", "not a good", SCORED(2 * NOT), {0}},
    {"negation three words before", "not a truly good", SCORED(2 * NOT), {0}},
    {"no negation four words before", "not one of those good", SCORED(2.0L), {0}},
    {"no negation from behind", "good not", SCORED(2.0L), {0}},
    {"a contraction of the list", "isn't good", SCORED(2 * NOT), {0}},
    {"a contraction of no list", "mayn't good", SCORED(2 * NOT), {0}},
    {"a phone's apostrophe", "isn\xE2\x80\x99t good", SCORED(2 * NOT), {0}},
    {"two negations", "not never good", SCORED(2 * NOT * NOT), {0}},
    {"no before a word negates it", "no good", SCORED(2 * NOT), {0}},
    {"no by itself has a valence", "no", SCORED(-1.2L), {0}},
    {"no before other words keeps it", "no game good", SCORED(-1.2L + 2 * NOT), {0}},
    {"never so praises", "never so good", SCORED((2 + UP) * 1.25L), {0}},
    {"never, three before, so praises", "never been so good", SCORED((2 + UP) * 1.25L), {0}},
    {"so alone only strengthens", "this was so good", SCORED(2 + UP), {0}},
    {"without doubt negates nothing", "without doubt good", SCORED(-1.5L * NOT + 2), {0}},
    {"without negates", "without good", SCORED(2 * NOT), {0}},
    {"least negates", "least good", SCORED(2 * NOT), {0}},
    {"at least does not", "at least good", SCORED(2.0L), {0}},

    {"an intensifier", "very good", SCORED(2 + UP), {0}},
    {"an intensifier of a bad word", "very bad", SCORED(-2 - UP), {0}},
    {"a dampener", "slightly good", SCORED(2 - UP), {0}},
    {"a dampener of a bad word", "slightly bad", SCORED(-2 + UP), {0}},
    {"an intensifier two words before", "very much good", SCORED(2 + 0.95L * UP), {0}},
    {"an intensifier three words before", "very much more good", SCORED(2 + 0.9L * UP), {0}},
    {"two intensifiers", "so very good", SCORED(2 + UP + 0.95L * UP), {0}},
    {"negation of a strengthened word", "not very good", SCORED((2 + UP) * NOT), {0}},
    {"a dampener of two words", "kind of good", SCORED(2 - UP), {0}},
    {"its first word alone", "kind good", SCORED(4.4L), {0}},
    {"a word of the lexicon modifies nothing", "good very bad", SCORED(2 - 2 - UP), {0}},

    {"what comes before but counts half, after it one and a half", "good but bad", SCORED(1 - 3.0L), {0}},
    {"only the first but counts", "good but bad but great", SCORED(1 - 3 + 4.5L), {0}},

    {"capitals among small letters", "a GOOD game", SCORED(2 + CAPS), {0}},
    {"capitals of a bad word", "a BAD game", SCORED(-2 - CAPS), {0}},
    {"capitals throughout", "A GOOD GAME", SCORED(2.0L), {0}},
    {"capitals beside an emote", "GOOD PogChamp", SCORED(2 + 2.4L), {0}},
    {"capitals beside an emote of the event", "GOOD xPog", SCORED(2.0L), {"xPog"}},
    {"capitals beside digits", "GOOD 100", SCORED(2.0L), {0}},
    {"capitals of an intensifier", "VERY good", SCORED(2 + UP + CAPS), {0}},
    {"capitals, negated", "not GOOD", SCORED((2 + CAPS) * NOT), {0}},

    {"three letters and more are two", "goooood", SCORED(2 + UP), {0}},
    {"or one", "baaaad greattttt", SCORED(-2 + 3), {0}},
    {"or some two and some one", "gooooddddd", SCORED(2 + UP), {0}},
    {"a lengthened intensifier", "sooooo good", SCORED(2 + UP), {0}},
    {"two letters are not lengthened", "badd", UNSCORED, {0}},
    {"lengthening in both cases", "GooOod", SCORED(2 + UP), {0}},
    {"repeated syllables", "hahahahaha", SCORED(2 + UP), {0}},
    {"repeated syllables, odd", "lololol", SCORED(1.8L + UP), {0}},
    {"a lengthened negation", "nooooot good", SCORED(2 * NOT), {0}},

    {"one exclamation mark", "good!", SCORED(2 + 0.292L), {0}},
    {"exclamation marks", "bad!!!", SCORED(-2 - 3 * 0.292L), {0}},
    {"at most four exclamation marks", "good !!!!!!!", SCORED(2 + 4 * 0.292L), {0}},
    {"marks of no feeling", "good bad !!!", SCORED(0.0L), {0}},
    {"marks alone", "!!!! ????", UNSCORED, {0}},
    {"one question mark", "good?", SCORED(2.0L), {0}},
    {"two question marks", "good??", SCORED(2 + 2 * 0.18L), {0}},
    {"three question marks", "good???", SCORED(2 + 3 * 0.18L), {0}},
    {"more question marks", "good??????", SCORED(2 + 0.96L), {0}},
    {"both marks", "good?!?", SCORED(2 + 0.292L + 2 * 0.18L), {0}},

    {"a phrase", "it is the shit", SCORED(3.0L), {0}},
    {"a phrase in capitals", "THE SHIT", SCORED(3.0L), {0}},
    {"its last word alone", "it is shit", SCORED(-2.6L), {0}},
    {"another word's end is no phrase", "bathe shit", SCORED(-2.6L), {0}},
    {"a phrase of three words of the lexicon", "kiss of death", SCORED(-1.5L), {0}},
    {"a phrase with an apostrophe", "CAN'T STAND", SCORED(-2.2L), {0}},
    {"a phrase with a phone's apostrophe", "bad can\xE2\x80\x99t stand", SCORED(-4.2L), {0}},
    {"an emote of the event is in no phrase", "bad kiss of death", SCORED(-2 + 1.8L - 2.9L), {"kiss"}},
    {"a phrase after an emote", "kiss the shit", SCORED(1.8L + 3), {"kiss"}},
    {"a phrase, negated", "not the shit", SCORED(3 * NOT), {0}},

    {"a letter with a sense", "big W", SCORED(1.6L + CAPS), {0}},
    {"a small letter without one", "w l", UNSCORED, {0}},
    {"such a letter again and again", "W W W", SCORED(4.8L), {0}},
    {"a spelled word", "L O L", UNSCORED, {0}},
    {"a spelled word with an article in it", "B A L L S", UNSCORED, {0}},
    {"an article before a letter", "TAKE A L", SCORED(-1.6L), {0}},

    {"an emote", "what BibleThump", SCORED(-1.6L), {0}},
    {"no word turns an emote round", "not PogChamp", SCORED(2.4L), {0}},
    {"emotes add up", "PogChamp PogChamp", SCORED(4.8L), {"PogChamp", "PogChamp"}},
    {"an emote of the event is no word", "so good", SCORED(2.0L), {"so"}},
    {"a channel's emote, known by its tail", "doodLUL", SCORED(1.7L), {"doodLUL"}},
    {"a prefix with digits", "ride26Lul", SCORED(1.7L), {"ride26Lul"}},
    {"the same word when it is no emote", "doodLUL", UNSCORED, {0}},
    {"a channel's emote of no known tail", "doodShine", UNSCORED, {"doodShine"}},
    {"an emote that is listed but not written", "game", UNSCORED, {"PogChamp"}},

    {"an emoji", "\xF0\x9F\x98\x82", SCORED(1.8L), {0}},
    {"emoji without blanks", "game\xF0\x9F\x98\x82\xF0\x9F\x98\x82", SCORED(3.6L), {0}},
    {"a word beside an emoji",
     "good\xF0\x9F\x98\x82"
     "bad",
     SCORED(1.8L),
     {0}},
    {"an emoji in emoji style", "\xE2\x9D\xA4\xEF\xB8\x8F", SCORED(3.0L), {0}},
    {"an emoji in text style", "\xE2\x9D\xA4\xEF\xB8\x8E", SCORED(3.0L), {0}},
    {"an emoji with a skin tone", "\xF0\x9F\x91\x8D\xF0\x9F\x8F\xBD", SCORED(2.0L), {0}},
    {"a joined emoji of its own sense", "\xE2\x9D\xA4\xEF\xB8\x8F\xE2\x80\x8D\xF0\x9F\xA9\xB9", SCORED(1.0L), {0}},
    {"a joined emoji means its first", "\xE2\x9D\xA4\xEF\xB8\x8F\xE2\x80\x8D\xF0\x9F\x94\xA5", SCORED(3.0L), {0}},
    {"an unknown emoji", "\xF0\x9F\xAB\xA8", UNSCORED, {0}},
    {"no word turns an emoji round", "not \xF0\x9F\x98\x82", SCORED(1.8L), {0}},
    {"other scripts are words",
     "\xD0\xBF\xD1\x80\xD0\xB8\xD0\xB2\xD0\xB5\xD1\x82 not \xE4\xBD\xA0\xE5\xA5\xBD good",
     SCORED(2 * NOT),
     {0}},
    {"a no-break space parts words", "not\xC2\xA0good", SCORED(2 * NOT), {0}},
    {"an ellipsis parts words", "game\xE2\x80\xA6good", SCORED(2.0L), {0}},
};

static void test_each_rule_does_what_its_row_says(void **state)
{
    (void)state;
    lab self;
    int failures = 0;
    lab_open(&self, "lexicon", small_lexicon);
    for (size_t i = 0; i < TLM_COUNT(rows); i++) {
        const row *each = &rows[i];
        int expected = each->is_scored ? expected_score(each->sum) : NONE;
        int score = score_with(&self, tlm_text_of(each->message), each->emotes, '\0');
        if (score != expected) {
            print_error("%s: \"%s\" is %d, expected %d\n", each->rule, each->message, score, expected);
            failures++;
        }
    }
    lab_close(&self);
    assert_int_equal(failures, 0);
}

static void test_what_surrounds_a_message_does_not_matter(void **state)
{
    (void)state;
    lab self;
    lab_open(&self, "lexicon", small_lexicon);
    for (size_t i = 0; i < TLM_COUNT(rows); i++) {
        int16_t plain = score_with(&self, tlm_text_of(rows[i].message), rows[i].emotes, '\0');
        assert_int_equal(score_with(&self, tlm_text_of(rows[i].message), rows[i].emotes, 'o'), plain);
        assert_int_equal(score_with(&self, tlm_text_of(rows[i].message), rows[i].emotes, '\xF0'), plain);
    }
    lab_close(&self);
}

/* Messages are read in chunks: what straddles the end of one is one word all the same. */
static void test_where_a_word_lies_in_a_message_does_not_matter(void **state)
{
    (void)state;
    static const char *const ends[] = {" not good", " outstandingly", " not \xF0\x9F\x98\x82",
                                       " isn\xE2\x80\x99t good :)"};
    static const char before[] = {' ', 'x', 'X', '9'};
    lab self;
    lab_open(&self, "lexicon", small_lexicon);
    for (size_t i = 0; i < TLM_COUNT(ends); i++) {
        int16_t expected = score_of(&self, ends[i]);
        assert_int_not_equal(expected, NONE);
        for (size_t j = 0; j < TLM_COUNT(before); j++) {
            for (size_t size = 1; size <= 200; size++) {
                char message[256];
                memset(message, before[j], size);
                strcpy(message + size, ends[i]);
                int16_t score = score_of(&self, message);
                if (score != expected)
                    fail_msg("%zu times '%c' before \"%s\": %d, expected %d", size, before[j], ends[i], score,
                             expected);
            }
        }
    }
    lab_close(&self);
}

/* Every valence in 0.001, as its own word: the exact score, and that of the opposite is the opposite. */
static void test_scores_are_exact_for_every_valence(void **state)
{
    (void)state;
    enum { STEP = 7 };
    size_t capacity = 40 * 32000 / STEP + 100, size = 0;
    char *text = malloc(capacity);
    assert_non_null(text);
    for (int valence = 1; valence <= 32000; valence += STEP)
        size += (size_t)snprintf(text + size, capacity - size, "p%d\t%d.%03d\nm%d\t-%d.%03d\n", valence, valence / 1000,
                                 valence % 1000, valence, valence / 1000, valence % 1000);
    lab self;
    lab_open(&self, "lexicon", text);
    for (int valence = 1; valence <= 32000; valence += STEP) {
        char word[16];
        (void)snprintf(word, sizeof word, "p%d", valence);
        assert_int_equal(score_of(&self, word), expected_score(valence / 1000.0L));
        word[0] = 'm';
        assert_int_equal(score_of(&self, word), -expected_score(valence / 1000.0L));
    }
    lab_close(&self);
    free(text);
}

/* --- the built-in lexicon ----------------------------------------------------------------------------------------- */

static void test_the_built_in_lexicon_knows_english_emoji_and_chat(void **state)
{
    (void)state;
    static const char *const good[] = {"I love this game",
                                       "gg well played",
                                       "PogChamp PogChamp",
                                       "LUL",
                                       "that was so hype",
                                       "W",
                                       "lets gooooo",
                                       "EZ Clap",
                                       "HELL YEAH",
                                       "not bad at all",
                                       "\xF0\x9F\x94\xA5\xF0\x9F\x94\xA5",
                                       "\xF0\x9F\x91\x8D\xF0\x9F\x8F\xBF",
                                       "thank you :)",
                                       "<3"};
    static const char *const bad[] = {"I hate this",
                                      "this is boring",
                                      "ResidentSleeper",
                                      "L",
                                      "that was not good",
                                      "Sadge",
                                      "so much lag",
                                      "worst stream ever",
                                      "\xF0\x9F\x91\x8E",
                                      "\xF0\x9F\x98\xA1",
                                      "cringe",
                                      "oh no"};
    static const char *const unscored[] = {
        "hello there", "what is the name of that song", "Kappa", "1", "!uptime", "the boss fight", "G O L D"};
    lab self;
    lab_open(&self, NULL, NULL);
    for (size_t i = 0; i < TLM_COUNT(good); i++)
        if (score_of(&self, good[i]) < 500)
            fail_msg("\"%s\" is %d, expected praise", good[i], score_of(&self, good[i]));
    for (size_t i = 0; i < TLM_COUNT(bad); i++)
        if (score_of(&self, bad[i]) > -500 || score_of(&self, bad[i]) == NONE)
            fail_msg("\"%s\" is %d, expected blame", bad[i], score_of(&self, bad[i]));
    for (size_t i = 0; i < TLM_COUNT(unscored); i++)
        if (score_of(&self, unscored[i]) != NONE)
            fail_msg("\"%s\" is %d, expected none", unscored[i], score_of(&self, unscored[i]));
    lab_close(&self);
}

/* Scores of the reference program (vaderSentiment 3.3.2) for sentences of its own documentation, where both lexicons
 * and rules are the same. */
static void test_published_examples_score_as_published(void **state)
{
    (void)state;
    static const struct {
        const char *message;
        int score;
    } examples[] = {
        {"VADER is smart, handsome, and funny.", 8316},
        {"VADER is smart, handsome, and funny!", 8439},
        {"VADER is very smart, handsome, and funny.", 8545},
        {"VADER is VERY SMART, handsome, and FUNNY.", 9227},
        {"VADER is VERY SMART, handsome, and FUNNY!!!", 9342},
        {"VADER is not smart, handsome, nor funny.", -7424},
        {"At least it isn't a horrible book.", 4310},
        {"The book was good.", 4404},
        {"The plot was good, but the characters are uncompelling and the dialog is not great.", -7042},
        {"Today sux!", -4199},
        {"Today SUX!", -5461},
        {"Make sure you :) or :D today!", 8633},
    };
    lab self;
    lab_open(&self, NULL, NULL);
    for (size_t i = 0; i < TLM_COUNT(examples); i++)
        if (score_of(&self, examples[i].message) != examples[i].score)
            fail_msg("\"%s\" is %d, the reference says %d", examples[i].message, score_of(&self, examples[i].message),
                     examples[i].score);
    lab_close(&self);
}

/* --- files -------------------------------------------------------------------------------------------------------- */

static void test_additions_win_over_the_built_in_lexicon(void **state)
{
    (void)state;
    lab self;
    lab_open(&self, "additions", "good\t-3\r\nzorp\t2.25\n\n# words of this channel\namazing\t0\n[emotes]\nmyPog\t3");
    assert_int_equal(score_of(&self, "good"), expected_score(-3));
    assert_int_equal(score_of(&self, "zorp"), expected_score(2.25L));
    assert_int_equal(score_of(&self, "amazing"), NONE);
    assert_int_equal(score_of(&self, "not mypog"), expected_score(3));
    assert_int_equal(score_of(&self, "bad"), expected_score(-2.5L));
    lab_close(&self);
}

static void test_a_lexicon_without_negations_negates_nothing(void **state)
{
    (void)state;
    lab self;
    lab_open(&self, "lexicon", "good\t2\n");
    assert_int_equal(score_of(&self, "not good"), expected_score(2));
    assert_int_equal(score_of(&self, "bad"), NONE);
    lab_close(&self);
}

static void refuse(const char *text, int line, const char *why)
{
    lab self;
    tlm_error error = {{0}};
    char where[96];
    lab_create(&self, "lexicon", text);
    int result = self.component->start(self.instance, &error);
    (void)snprintf(where, sizeof where, "%s:%d: ", self.path, line);
    if (result != -EINVAL || strncmp(error.text, where, strlen(where)) != 0 || !strstr(error.text, why))
        fail_msg("%d, \"%s\"; expected \"%s...%s\"", result, error.text, where, why);
    lab_close(&self);
}

static void test_a_wrong_line_is_refused_with_file_line_and_reason(void **state)
{
    (void)state;
    refuse("good\t2\nbad\n", 2, "a tab and a valence");
    refuse("good\n", 1, "a tab and a valence");
    refuse("good\t\n", 1, "a tab and a valence");
    refuse("good\tgreat\n", 1, "a tab and a valence");
    refuse("good\t1.2345\n", 1, "at most three decimals");
    refuse("good\t2.\n", 1, "a tab and a valence");
    refuse("good\t33\n", 1, "from -32 to 32");
    refuse("good\t-\n", 1, "a tab and a valence");
    refuse("\t2\n", 1, "1 to 32 bytes");
    refuse("abcdefghijabcdefghijabcdefghij12\t2\nabcdefghijabcdefghijabcdefghij123\t2\n", 2, "1 to 32 bytes");
    refuse("[tails]\nabcdefghijabcdefghijabcdefghij1\t2\nabcdefghijabcdefghijabcdefghij12\t2\n", 3,
           "a tail has 1 to 31 bytes");
    refuse("two  blanks\t2\n", 1, "one blank");
    refuse("good \t2\n", 1, "one blank");
    refuse("go\x01od\t2\n", 1, "control characters");
    refuse("good\t2\n[wrods]\n", 2, "sections are");
}

static void test_a_missing_lexicon_is_told_at_the_start_not_at_the_check(void **state)
{
    (void)state;
    lab self;
    tlm_error error = {{0}};
    lab_create(&self, NULL, NULL);
    test_config_set(self.component, self.config, "lexicon", "/nowhere/words.tsv");
    assert_int_equal(self.component->start(self.instance, &error), -ENOENT);
    assert_non_null(strstr(error.text, "/nowhere/words.tsv"));
    lab_close(&self);
}

/* --- views -------------------------------------------------------------------------------------------------------- */

static void test_only_chat_of_the_view_is_scored_in_a_refill_too(void **state)
{
    (void)state;
    lab self;
    _Alignas(8) char arena[128] = "________good____bad";
    tlm_event events[] = {
        {.kind = TLM_EVENT_CHAT, .as.chat.message = {8, 4}},
        {.kind = TLM_EVENT_VIEWER, .as.viewer = {.viewer_count = 8, .chatter_count = 4}},
        {.kind = TLM_EVENT_CHAT, .as.chat.message = {16, 3}},
        {.kind = TLM_EVENT_CHAT, .as.chat.message = {8, 4}},
    };
    tlm_events batch = {
        .struct_size = sizeof batch, .event_count = 4, .events = events, .arena = arena, .arena_size = 19};
    uint32_t list[] = {0, 1, 2};
    int16_t values[] = {NONE, NONE, NONE, 77};
    int16_t others[] = {5, 5, 5};
    tlm_side sides[] = {{"other", others}, {TLM_SIDE_SENTIMENT, values}};
    tlm_event_view view = {.batch = &batch, .rows = list, .count = 3, .refill = 1, .side_count = 2, .sides = sides};

    lab_open(&self, "lexicon", small_lexicon);
    assert_int_equal(self.processor->events(self.lane, &view), 0);
    assert_int_equal(values[0], expected_score(2));
    assert_int_equal(values[1], NONE);
    assert_int_equal(values[2], expected_score(-2));
    assert_int_equal(values[3], 77);
    assert_int_equal(others[0], 5);
    view.side_count = 1; /* a host that has no such column */
    assert_int_equal(self.processor->events(self.lane, &view), 0);
    lab_close(&self);
}

static void test_it_writes_one_column_and_holds_nothing_open(void **state)
{
    (void)state;
    lab self;
    tlm_position position;
    lab_open(&self, NULL, NULL);
    const tlm_sides *sides = self.component->get_interface(TLM_INTERFACE_SIDES);
    assert_non_null(sides);
    assert_string_equal(sides->writes[0], TLM_SIDE_SENTIMENT);
    assert_null(sides->writes[1]);
    assert_null(sides->reads[0]);
    assert_true(self.processor->next_due(self.lane) == INT64_MAX);
    assert_int_equal(self.processor->rebuild_from(self.lane, 0, &position), 0);
    assert_int_equal(self.processor->advance(self.lane, 1, 1), 0);
    assert_int_equal(self.processor->early(self.lane), 0);
    assert_int_equal(self.processor->prepare(self.lane), 0);
    lab_close(&self);
}

/* --- hostile messages --------------------------------------------------------------------------------------------- */

static double cpu_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec * 1e-6;
}

/* As many phrases as there may be, all with one last word and each said again and again: looking for their places one
 * after the other takes half a minute. */
static void test_the_largest_lexicons_are_read_in_seconds(void **state)
{
    (void)state;
    enum { PHRASES = 16384, LINES = 20 * PHRASES, LINE_SIZE = 32 };
    char *text = malloc((size_t)LINES * LINE_SIZE);
    assert_non_null(text);
    size_t size = 0;
    for (int i = 0; i < LINES; i++) {
        int line = snprintf(text + size, LINE_SIZE, "w%d end\t1\n", i % (PHRASES - 1));
        assert_in_range(line, 1, LINE_SIZE - 1);
        size += (size_t)line;
    }
    lab self;
    tlm_error error = {{0}};
    lab_create(&self, "lexicon", text);
    double start_ms = cpu_ms();
    assert_int_equal(self.component->start(self.instance, &error), 0);
    assert_true(cpu_ms() - start_ms < 6000);
    self.component->stop(self.instance);
    lab_close(&self);
    free(text);
}

/* 64 KiB made of one piece again and again; a quadratic step would take seconds. */
static void test_the_longest_messages_take_milliseconds(void **state)
{
    (void)state;
    static const char *const pieces[] = {
        "!",
        "?!",
        "a",
        "ab",
        "aab",
        "aaabbbccc",
        "good ",
        "not good ",
        "W ",
        "L O ",
        "no ",
        "of ",
        "kind of ",
        "kind of",
        "but bad ",
        "soooo ",
        "hahahaha ",
        ":)",
        ":) ",
        "@",
        "@good ",
        "n't ",
        "'t",
        "PogChamp ",
        "doodLUL ",
        "\xF0\x9F\x98\x82",
        "\xF0\x9F\x98\x82\xE2\x80\x8D",
        "\xEF\xB8\x8F",
        "\xE2\x80\x8D",
        "\xE2\x80\x99",
        "\xF0\x9F\x91\x8D\xF0\x9F\x8F\xBD",
        "\xE4\xBD\xA0",
        "\xD0\xBF ",
        "oo\xE2\x80\x99",
        "\xC2\xA0",
        " ",
        "\n",
        "",
    };
    static const char *const emotes[] = {"doodLUL", "n't", "good", NULL};
    static char message[MESSAGE_MAX];
    lab self;
    lab_open(&self, NULL, NULL);
    for (size_t i = 0; i < TLM_COUNT(pieces); i++) {
        size_t size = pieces[i][0] ? strlen(pieces[i]) : 1; /* "": zero bytes, which a message may have */
        for (size_t at = 0; at < MESSAGE_MAX; at++)
            message[at] = pieces[i][at % size];
        double start_ms = cpu_ms();
        int16_t score = score_with(&self, (tlm_text){message, MESSAGE_MAX}, emotes, '\0');
        double spent_ms = cpu_ms() - start_ms;
        if (score != NONE && (score < -10000 || score > 10000))
            fail_msg("\"%s\" again and again is %d", pieces[i], score);
        if (spent_ms > 100)
            fail_msg("64 KiB of \"%s\" took %.1f ms", pieces[i], spent_ms);
    }
    lab_close(&self);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_rule_does_what_its_row_says),
        cmocka_unit_test(test_what_surrounds_a_message_does_not_matter),
        cmocka_unit_test(test_where_a_word_lies_in_a_message_does_not_matter),
        cmocka_unit_test(test_scores_are_exact_for_every_valence),
        cmocka_unit_test(test_the_built_in_lexicon_knows_english_emoji_and_chat),
        cmocka_unit_test(test_published_examples_score_as_published),
        cmocka_unit_test(test_additions_win_over_the_built_in_lexicon),
        cmocka_unit_test(test_a_lexicon_without_negations_negates_nothing),
        cmocka_unit_test(test_a_wrong_line_is_refused_with_file_line_and_reason),
        cmocka_unit_test(test_a_missing_lexicon_is_told_at_the_start_not_at_the_check),
        cmocka_unit_test(test_only_chat_of_the_view_is_scored_in_a_refill_too),
        cmocka_unit_test(test_it_writes_one_column_and_holds_nothing_open),
        cmocka_unit_test(test_the_largest_lexicons_are_read_in_seconds),
        cmocka_unit_test(test_the_longest_messages_take_milliseconds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
