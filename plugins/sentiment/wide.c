/* SPDX-License-Identifier: Apache-2.0 */
/* Text beyond ASCII: emoji, typographic marks, letters of other scripts (which are words that no English lexicon has).
 */
#include "words.h"

enum {
    NO_BREAK_SPACE = 0xa0,
    MARKS_FIRST = 0x2000, /* general punctuation: blanks, quotes, dashes, ellipsis */
    APOSTROPHE_LEFT = 0x2018,
    APOSTROPHE = 0x2019, /* what phones write for ' */
    JOINER = 0x200d,
    MARKS_LAST = 0x206f,
    SYMBOLS_LAST = 0x3300, /* from MARKS_FIRST on: arrows, signs, hearts, stars; blank and brackets of CJK */
    TEXT_STYLE = 0xfe0e,
    EMOJI_STYLE = 0xfe0f,
    PICTURES_FIRST = 0x1f000,
    SKIN_FIRST = 0x1f3fb,
    SKIN_LAST = 0x1f3ff,
    WORD_SIZE_MAX = 64,
};

/* The character at `text`, which the codec has found to be well-formed UTF-8. Whatever the bytes are, at least one and
 * at most `size` are taken. */
static uint32_t read_character(const char *text, size_t size, size_t *ret_size)
{
    const unsigned char *at = (const unsigned char *)text;
    size_t wanted = at[0] < 0xc0 ? 1 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : 4;
    uint32_t value = at[0] < 0xc0 ? at[0] : at[0] & (0x7fu >> wanted);
    *ret_size = wanted < size ? wanted : size;
    for (size_t i = 1; i < *ret_size; i++)
        value = value << 6 | (at[i] & 0x3f);
    return value;
}

static bool is_picture(uint32_t character)
{
    return (character > MARKS_LAST && character < SYMBOLS_LAST) || character >= PICTURES_FIRST;
}

static bool is_style(uint32_t character)
{
    return character == TEXT_STYLE || character == EMOJI_STYLE || (character >= SKIN_FIRST && character <= SKIN_LAST);
}

/* --- emoji -------------------------------------------------------------------------------------------------------- */

/* The bytes of an emoji sequence without what only changes its looks: variation selectors and skin tones. */
typedef struct {
    char bytes[TLM_KEY_MAX + 8];
    size_t size, first_size;
    bool is_too_long;
} sequence;

static void append(sequence *all, const char *bytes, size_t size)
{
    if (all->size + size > TLM_KEY_MAX) {
        all->is_too_long = true;
        return;
    }
    memcpy(all->bytes + all->size, bytes, size);
    all->size += size;
}

static const tlm_entry *find(const tlm_lexicon *lexicon, const char *bytes, size_t size)
{
    char room[TLM_KEY_MAX + 8] = {0};
    memcpy(room, bytes, size);
    tlm_key key;
    tlm_key_make(&key, room, size);
    const tlm_entry *entry = tlm_lexicon_find(lexicon, &key);
    return entry && entry->roles & TLM_ROLE_SCORED ? entry : NULL;
}

/* Takes one emoji, or several joined by U+200D (Unicode Technical Standard 51), and returns its size. What is joined
 * means its own where the lexicon has it, else what its first part means. */
static size_t take_picture(tlm_words *words, const char *text, size_t size)
{
    sequence all = {.size = 0};
    size_t at;
    (void)read_character(text, size, &at);
    append(&all, text, at);
    all.first_size = all.size;
    while (at < size) {
        size_t more;
        uint32_t character = read_character(text + at, size - at, &more);
        if (character == JOINER && at + more < size) {
            size_t part;
            (void)read_character(text + at + more, size - at - more, &part);
            append(&all, text + at, more + part);
            more += part;
        } else if (!is_style(character)) {
            break;
        }
        at += more;
    }
    const tlm_entry *entry = all.is_too_long ? NULL : find(words->lexicon, all.bytes, all.size);
    if (!entry && all.size > all.first_size)
        entry = find(words->lexicon, all.bytes, all.first_size);
    if (entry)
        tlm_words_add_emote(words, entry);
    return at;
}

/* --- words -------------------------------------------------------------------------------------------------------- */

/* A word between pictures and marks, with ASCII apostrophes. */
typedef struct {
    char bytes[WORD_SIZE_MAX + 8];
    size_t size;
} piece;

static void keep(piece *word, const char *bytes, size_t size)
{
    size_t room = WORD_SIZE_MAX - word->size;
    size = size < room ? size : room; /* longer than any key: what is cut off changes nothing */
    memcpy(word->bytes + word->size, bytes, size);
    word->size += size;
}

static void finish(tlm_words *words, piece *word)
{
    if (word->size == 0 || words->count >= TLM_WORDS_MAX)
        return;
    const char *begin = words->begin;
    memset(word->bytes + word->size, 0, 8);
    words->begin = word->bytes; /* it stands in no phrase */
    tlm_words_take_piece(words, word->bytes, word->size);
    words->begin = begin;
    word->size = 0;
}

void tlm_words_take_wide(tlm_words *words, const char *text, size_t size)
{
    piece word = {.size = 0};
    for (size_t at = 0; at < size && words->count < TLM_WORDS_MAX;) {
        size_t more;
        uint32_t character = read_character(text + at, size - at, &more);
        if (is_picture(character)) {
            finish(words, &word);
            more = take_picture(words, text + at, size - at);
        } else if (character == APOSTROPHE || character == APOSTROPHE_LEFT) {
            keep(&word, "'", 1);
        } else if (character == NO_BREAK_SPACE || (character >= MARKS_FIRST && character <= MARKS_LAST)) {
            finish(words, &word);
        } else if (!is_style(character)) {
            keep(&word, text + at, more);
        }
        at += more;
    }
    finish(words, &word);
}
