/* SPDX-License-Identifier: Apache-2.0 */
/* The text format of lexicons (README.md beside this file). */
#include "lexicon.h"

typedef struct {
    const char *name;
    uint8_t roles; /* of its words */
    bool has_valence;
    bool is_tails;
} section;

static const section sections[] = {
    {"[words]", TLM_ROLE_SCORED, true, false},
    {"[emotes]", TLM_ROLE_SCORED | TLM_ROLE_EMOTE, true, false},
    {"[tails]", TLM_ROLE_SCORED | TLM_ROLE_EMOTE, true, true},
    {"[capitals]", TLM_ROLE_SCORED | TLM_ROLE_CAPITALS, true, false},
    {"[negations]", TLM_ROLE_NEGATES, false, false},
    {"[intensifiers]", TLM_ROLE_UP, false, false},
    {"[dampeners]", TLM_ROLE_DOWN, false, false},
};

static bool is_text(tlm_text text, const char *string)
{
    return tlm_text_equal(text, tlm_text_of(string));
}

/* Cuts what stands before the first `mark` off `rest`; all of it if there is none. */
static tlm_text cut(tlm_text *rest, char mark)
{
    const char *at = rest->size ? memchr(rest->data, mark, rest->size) : NULL;
    size_t size = at ? (size_t)(at - rest->data) : rest->size;
    tlm_text first = {rest->data, size};
    size_t used = at ? size + 1 : size;
    *rest = (tlm_text){used ? rest->data + used : rest->data, rest->size - used};
    return first;
}

/* A number such as -1.5, at most three decimals, into 0.001. */
static bool parse_valence(tlm_text text, int16_t *ret_valence)
{
    size_t at = text.size > 0 && (text.data[0] == '-' || text.data[0] == '+');
    bool is_minus = at && text.data[0] == '-';
    int32_t value = 0, digits = 0, decimals = -1;
    for (; at < text.size; at++) {
        char byte = text.data[at];
        if (byte == '.' && decimals < 0 && digits > 0) {
            decimals = 0;
            continue;
        }
        if (byte < '0' || byte > '9' || decimals == 3 || digits == 5)
            return false;
        value = value * 10 + (byte - '0');
        digits++;
        decimals += decimals >= 0;
    }
    if (digits == 0 || decimals == 0)
        return false;
    for (int32_t i = decimals < 0 ? 0 : decimals; i < 3; i++)
        value *= 10;
    if (value > TLM_VALENCE_MAX)
        return false;
    *ret_valence = (int16_t)(is_minus ? -value : value);
    return true;
}

/* What a line says of a word, over what was said before. */
static void apply(tlm_entry *entry, uint8_t roles, int16_t valence)
{
    if (roles & TLM_ROLE_SCORED) {
        entry->roles &= (uint8_t) ~(TLM_ROLE_SCORED | TLM_ROLE_EMOTE | TLM_ROLE_CAPITALS);
        entry->valence = valence;
        if (valence == 0) /* takes the word out */
            return;
    } else if (roles & (TLM_ROLE_UP | TLM_ROLE_DOWN)) {
        entry->roles &= (uint8_t) ~(TLM_ROLE_UP | TLM_ROLE_DOWN);
    }
    entry->roles |= roles;
}

/* Splits "kiss of death" into its last word, and what stands before it. */
static tlm_text last_word(tlm_text word, tlm_text *ret_before, uint8_t *ret_words_before)
{
    size_t start = 0;
    for (size_t i = 0; i < word.size; i++) {
        if (word.data[i] == ' ') {
            start = i + 1;
            ++*ret_words_before;
        }
    }
    *ret_before = (tlm_text){word.data, start};
    return (tlm_text){word.data + start, word.size - start};
}

static int add(tlm_lexicon *lexicon, const section *in, tlm_text word, int16_t valence)
{
    char folded[1 + TLM_KEY_MAX + 8] = {TLM_TAIL_MARK};
    char *text = folded + !in->is_tails;
    size_t tail = in->is_tails ? 1 : 0;
    for (size_t i = 0; i < word.size; i++) {
        char byte = word.data[i];
        text[tail + i] = byte >= 'A' && byte <= 'Z' ? (char)(byte | 0x20) : byte;
    }
    tlm_text whole = {text, word.size + tail};
    tlm_phrase phrase = {.valence = valence, .roles = in->roles};
    tlm_text before;
    tlm_text last = last_word(whole, &before, &phrase.words_before);
    tlm_key key;
    tlm_key_make(&key, last.data, last.size);
    if (before.size > 0)
        return tlm_lexicon_put_phrase(lexicon, &key, before, phrase);
    tlm_entry *entry = tlm_lexicon_put(lexicon, &key);
    if (!entry)
        return -ENOMEM;
    apply(entry, in->roles, valence);
    return 0;
}

/* Why a word cannot be one, or NULL. */
static const char *fault_of(tlm_text word, bool is_tail)
{
    if (word.size == 0 || word.size + is_tail > TLM_KEY_MAX)
        return is_tail ? "a tail has 1 to 31 bytes" : "a word or phrase has 1 to 32 bytes";
    for (size_t i = 0; i < word.size; i++)
        if ((unsigned char)word.data[i] < ' ')
            return "a word has no control characters";
    bool is_loose = word.data[0] == ' ' || word.data[word.size - 1] == ' ' || memmem(word.data, word.size, "  ", 2);
    return is_loose ? "one blank stands between the words of a phrase, and none around them" : NULL;
}

static const char *read_line(tlm_lexicon *lexicon, const section **in, tlm_text line, int *ret_result)
{
    if (line.size > 0 && line.data[line.size - 1] == '\r')
        line.size--;
    bool has_tab = line.size > 0 && memchr(line.data, '\t', line.size);
    if (line.size == 0 || (line.data[0] == '#' && !has_tab))
        return NULL;
    if (line.data[0] == '[' && line.size > 2 && line.data[line.size - 1] == ']' && !has_tab) {
        for (size_t i = 0; i < TLM_COUNT(sections); i++) {
            if (is_text(line, sections[i].name)) {
                *in = &sections[i];
                return NULL;
            }
        }
        return "sections are [words], [emotes], [tails], [capitals], [negations], [intensifiers] and [dampeners]";
    }
    tlm_text word = cut(&line, '\t');
    int16_t valence = 0;
    if ((*in)->has_valence && !parse_valence(cut(&line, '\t'), &valence))
        return "expected a word, a tab and a valence from -32 to 32 with at most three decimals";
    const char *fault = fault_of(word, (*in)->is_tails);
    if (!fault && lexicon->entry_count >= TLM_LEXICON_ENTRIES_MAX)
        return "a lexicon has at most 524288 words";
    if (!fault && lexicon->phrase_count >= TLM_LEXICON_PHRASES_MAX)
        return "a lexicon has at most 16384 phrases";
    if (!fault)
        *ret_result = add(lexicon, *in, word, valence);
    return fault;
}

int tlm_lexicon_read(tlm_lexicon *lexicon, const char *name, tlm_text text, tlm_error *error)
{
    const section *in = &sections[0];
    for (uint64_t line = 1; text.size > 0; line++) {
        int result = 0;
        const char *fault = read_line(lexicon, &in, cut(&text, '\n'), &result);
        if (fault)
            return tlm_error_set(error, -EINVAL, "%s:%llu: %s", name, (unsigned long long)line, fault);
        if (result < 0)
            return tlm_error_set(error, result, "no memory for the lexicon %s", name);
    }
    return 0;
}
