/* SPDX-License-Identifier: Apache-2.0 */
/* The rules and their figures, where nothing else is said, are those of Hutto and Gilbert 2014, "VADER: A Parsimonious
 * Rule-based Model for Sentiment Analysis of Social Media Text" (ICWSM-14), whose figures are means of human ratings.
 */
#include "rules.h"

/* What an intensifier adds, and a dampener takes (degree modifiers, section 3.2 rule 3 of the paper). */
static const int64_t DEGREE = 293 * (TLM_VALENCE_ONE / 1000);
/* What capitals add where others are not (rule 2). */
static const int64_t CAPITALS = 733 * (TLM_VALENCE_ONE / 1000);
/* What an exclamation mark adds, up to four of them (rule 1). */
static const int64_t EXCLAMATION = 292 * (TLM_VALENCE_ONE / 1000);
enum { EXCLAMATIONS_MAX = 4 };
/* What a question mark adds when there are two or three; from four on, all of them together. */
static const int64_t QUESTION = 180 * (TLM_VALENCE_ONE / 1000), QUESTIONS_ALL = 960 * (TLM_VALENCE_ONE / 1000);
enum { QUESTIONS_MIN = 2, QUESTIONS_MAX = 3 };
/* A word is modified by up to three before it (rule 5: that catches nearly nine in ten negated sentences); a degree
 * modifier further away counts less. */
enum { REACH = 3 };
static const int64_t NEARNESS_PERCENT[REACH + 1] = {0, 100, 95, 90};
enum {
    NEGATION_PERCENT = -74, /* "not good" is less bad than "bad" is */
    NEVER_SO_PERCENT = 125, /* "never so good" praises */
    BEFORE_BUT_HALVES = 1,  /* rule 4: what comes after "but" has the say: half and one and a half */
    WITHOUT_BUT_HALVES = 2,
    AFTER_BUT_HALVES = 3,
};

/* Rounded half away from zero, so that a negated message has the negated score. */
static int64_t percent_of(int64_t value, int64_t percent)
{
    int64_t product = value * percent;
    return (product + (product < 0 ? -50 : 50)) / 100;
}

static const tlm_word *word_before(const tlm_words *words, uint32_t index, uint32_t distance)
{
    static const tlm_word none = {0};
    return distance <= index ? &words->list[index - distance] : &none;
}

static bool is_special(const tlm_words *words, uint32_t index, uint32_t distance, uint8_t special)
{
    return word_before(words, index, distance)->special == special;
}

/* Moves away from zero. */
static int64_t stronger(int64_t value, int64_t by)
{
    return value > 0 ? value + by : value - by;
}

static bool is_emphasised(const tlm_words *words, const tlm_word *word)
{
    return words->lower_case && word->style & TLM_STYLE_CAPITALS;
}

/* "no" before a word that has a valence negates it, two words on as well, and in "no this or that". */
static bool is_after_no(const tlm_words *words, uint32_t index)
{
    if (is_special(words, index, 1, TLM_SPECIAL_NO) || is_special(words, index, 2, TLM_SPECIAL_NO))
        return true;
    return is_special(words, index, 3, TLM_SPECIAL_NO) &&
           (is_special(words, index, 1, TLM_SPECIAL_OR) || is_special(words, index, 1, TLM_SPECIAL_NOR));
}

static int64_t apply_degree(const tlm_words *words, const tlm_word *modifier, uint32_t distance, int64_t value)
{
    if (!(modifier->roles & (TLM_ROLE_UP | TLM_ROLE_DOWN)))
        return value;
    int64_t by = modifier->roles & TLM_ROLE_UP ? DEGREE : -DEGREE;
    if (is_emphasised(words, modifier))
        by += CAPITALS;
    return stronger(value, percent_of(by, NEARNESS_PERCENT[distance]));
}

/* Whether one of `first` or `second` stands between the modifier at `distance` and the word. */
static bool is_between(const tlm_words *words, uint32_t index, uint32_t distance, uint8_t first, uint8_t second)
{
    for (uint32_t i = 1; i < distance; i++)
        if (is_special(words, index, i, first) || is_special(words, index, i, second))
            return true;
    return false;
}

static int64_t apply_negation(const tlm_words *words, uint32_t index, uint32_t distance, int64_t value)
{
    const tlm_word *modifier = word_before(words, index, distance);
    if (!(modifier->roles & TLM_ROLE_NEGATES))
        return value;
    if (modifier->special == TLM_SPECIAL_NEVER && is_between(words, index, distance, TLM_SPECIAL_SO, TLM_SPECIAL_THIS))
        return percent_of(value, NEVER_SO_PERCENT);
    if (modifier->special == TLM_SPECIAL_WITHOUT &&
        is_between(words, index, distance, TLM_SPECIAL_DOUBT, TLM_SPECIAL_DOUBT))
        return value;
    return percent_of(value, NEGATION_PERCENT);
}

/* "least" negates, "at least" and "very least" do not. */
static bool is_least(const tlm_words *words, uint32_t index)
{
    return is_special(words, index, 1, TLM_SPECIAL_LEAST) && !is_special(words, index, 2, TLM_SPECIAL_AT) &&
           !is_special(words, index, 2, TLM_SPECIAL_VERY);
}

static int64_t value_of(const tlm_words *words, uint32_t index)
{
    const tlm_word *word = &words->list[index];
    int64_t value = word->valence * (TLM_VALENCE_ONE / 1000);

    if (word->special == TLM_SPECIAL_NO && words->list[index + 1].roles & TLM_ROLE_SCORED)
        return 0; /* it negates that one */
    if (is_after_no(words, index))
        value = percent_of(value, NEGATION_PERCENT);
    if (is_emphasised(words, word))
        value = stronger(value, CAPITALS);
    /* Lengthening strengthens (Brody and Diakopoulos 2011); SentiStrength counts it like an intensifier too (Thelwall
     * et al. 2010, "Sentiment strength detection in short informal text", JASIST 61). Not in the reference. */
    if (word->style & TLM_STYLE_LENGTHENED)
        value = stronger(value, DEGREE);
    for (uint32_t distance = 1; distance <= REACH; distance++) {
        const tlm_word *modifier = word_before(words, index, distance);
        if (modifier->roles & TLM_ROLE_SCORED)
            continue;
        value = apply_degree(words, modifier, distance, value);
        value = apply_negation(words, index, distance, value);
    }
    return is_least(words, index) ? percent_of(value, NEGATION_PERCENT) : value;
}

/* Whether `a` and `b` are letters by themselves and not all three are the same. */
static bool are_letters(const tlm_word *word, const tlm_word *a, const tlm_word *b)
{
    return a->letter && b->letter && (a->letter != word->letter || b->letter != word->letter);
}

static bool is_other_letter(const tlm_word *word, const tlm_word *beside)
{
    return beside->letter && beside->letter != word->letter && beside->letter != 'A' && beside->letter != 'I';
}

/* "L O L" and "B A L L S" are spelled, their letters have no sense of their own; "W W W" and "TAKE A L" are not. */
static bool is_spelled(const tlm_words *words, uint32_t index)
{
    const tlm_word *word = &words->list[index];
    if (!word->letter)
        return false;
    const tlm_word *before = word_before(words, index, 1), *before_that = word_before(words, index, 2);
    const tlm_word *after = word + 1, *after_that = index + 1 < words->count ? word + 2 : after;
    return is_other_letter(word, before) || is_other_letter(word, after) || are_letters(word, before, after) ||
           are_letters(word, before, before_that) || are_letters(word, after, after_that);
}

static int64_t weight_of(const tlm_words *words, uint32_t index)
{
    if (words->but == UINT32_MAX || index == words->but)
        return WITHOUT_BUT_HALVES;
    return index < words->but ? BEFORE_BUT_HALVES : AFTER_BUT_HALVES;
}

/* Whether a byte of `bytes` is `byte`: never missed, seldom seen without need. */
static bool may_hold(uint64_t bytes, char byte)
{
    uint64_t differences = bytes ^ (uint64_t)byte * TLM_EACH_BYTE;
    return ((differences - TLM_EACH_BYTE) & ~differences & TLM_HIGH_BITS) != 0;
}

static int64_t emphasis_of(tlm_text message)
{
    uint32_t exclamations = 0, questions = 0;
    for (size_t at = 0; at < message.size; at += 8) {
        uint64_t bytes = tlm_keep_bytes(tlm_load8(message.data + at), message.size - at);
        if (!may_hold(bytes, '!') && !may_hold(bytes, '?'))
            continue;
        for (; bytes; bytes >>= 8) {
            exclamations += (bytes & 0xff) == '!';
            questions += (bytes & 0xff) == '?';
        }
    }
    int64_t emphasis = (exclamations < EXCLAMATIONS_MAX ? exclamations : EXCLAMATIONS_MAX) * EXCLAMATION;
    if (questions > QUESTIONS_MAX)
        emphasis += QUESTIONS_ALL;
    else if (questions >= QUESTIONS_MIN)
        emphasis += questions * QUESTION;
    return emphasis;
}

/* Words of a message that are told apart by bits: nearly all messages have no more. */
enum { SURVEYED = 64 };

/* A bit for each of the first words: those that are scored, and those that a rule may have to do with, be it for their
 * own sake or for that of the three before or the one behind. Without a branch, as no processor can foretell words. */
static void survey(const tlm_words *words, uint64_t *ret_scored, uint64_t *ret_touched)
{
    const uint8_t plain = TLM_ROLE_SCORED | TLM_ROLE_PHRASE_END;
    uint64_t scored = 0, unusual = 0;
    uint32_t count = words->count < SURVEYED ? words->count : SURVEYED;
    for (uint32_t i = 0; i < count; i++) {
        const tlm_word *word = &words->list[i];
        unsigned looks = (word->roles & (unsigned)~plain) | word->special | word->style | (unsigned char)word->letter;
        scored |= (uint64_t)((word->roles & TLM_ROLE_SCORED) != 0) << i;
        unusual |= (uint64_t)(looks != 0) << i;
    }
    *ret_scored = scored;
    *ret_touched = unusual | unusual << 1 | unusual << 2 | unusual << REACH | unusual >> 1;
}

/* Adds a word by the rules; false: it is spelled out and not scored. */
static bool add_word(const tlm_words *words, uint32_t index, int64_t *sum)
{
    if (is_spelled(words, index))
        return false;
    *sum += value_of(words, index) * weight_of(words, index) / WITHOUT_BUT_HALVES;
    return true;
}

/* What the words come to, each by the rules. False: none is scored after all. */
static bool add_words(const tlm_words *words, int64_t *sum)
{
    uint64_t scored, touched;
    bool is_scored = false;
    survey(words, &scored, &touched);
    for (; scored; scored &= scored - 1) {
        uint32_t i = (uint32_t)__builtin_ctzll(scored);
        if (touched >> i & 1) {
            is_scored |= add_word(words, i, sum);
            continue;
        }
        *sum += words->list[i].valence * (TLM_VALENCE_ONE / 1000) * weight_of(words, i) / WITHOUT_BUT_HALVES;
        is_scored = true;
    }
    for (uint32_t i = SURVEYED; i < words->count; i++)
        if (words->list[i].roles & TLM_ROLE_SCORED)
            is_scored |= add_word(words, i, sum);
    return is_scored;
}

bool tlm_rules_sum(const tlm_words *words, tlm_text message, int64_t *ret_sum)
{
    /* Emotes and emoji show the writer's face: no word of the sentence negates or strengthens them. */
    int64_t sum = words->emotes * (TLM_VALENCE_ONE / 1000);
    if (!words->has_findings)
        return false;
    if (!words->has_modifiers && !(words->has_capitals && words->lower_case))
        sum += words->plain * (TLM_VALENCE_ONE / 1000);
    else if (!add_words(words, &sum) && !words->has_emotes)
        return false;
    if (sum != 0)
        sum = stronger(sum, emphasis_of(message));
    *ret_sum = sum;
    return true;
}
