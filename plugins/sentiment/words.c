/* SPDX-License-Identifier: Apache-2.0 */
#include "words.h"

/* The pass over a message is made of shifts by a variable and bit counts, for which baseline x86-64 has slow
 * instructions only: it is built a second time for the third level of the architecture (BMI2, 2013 and later), and the
 * loader chooses. Sanitizers do without, since the choice is made before they are ready. */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__) &&               \
    !defined(__SANITIZE_THREAD__)
#define FOR_EACH_LEVEL __attribute__((target_clones("default", "arch=x86-64-v3")))
#else
#define FOR_EACH_LEVEL
#endif
/* For what has to become part of both. */
#define HOT static inline __attribute__((always_inline))

static bool is_letter(char byte)
{
    return (unsigned char)((byte | 0x20) - 'a') < 26;
}

/* ASCII that is neither letter, digit nor blank. */
static bool is_mark(char byte)
{
    static const uint64_t marks[4] = {UINT64_C(0xfc00fffe00000000), UINT64_C(0x78000001f8000001), 0, 0};
    unsigned char value = (unsigned char)byte;
    return marks[value >> 6] >> (value & 63) & 1;
}

/* --- the event's emotes ------------------------------------------------------------------------------------------- */

static uint64_t head_of(const char *text, size_t size)
{
    return tlm_keep_bytes(tlm_load8(text), size);
}

static bool is_listed(const tlm_words *words, const char *text, size_t size)
{
    uint64_t head = head_of(text, size);
    for (uint32_t i = 0; i < words->emote_count; i++) {
        if (words->emote_heads[i] == head && words->emote_names[i].size == size &&
            (size <= 8 || memcmp(words->emote_names[i].data, text, size) == 0))
            return true;
    }
    return false;
}

static void list_emotes(tlm_words *words, const tlm_events *batch, tlm_span emotes)
{
    uint32_t count = emotes.size < TLM_EMOTES_SEEN ? emotes.size : TLM_EMOTES_SEEN;
    const char *at = batch->arena + emotes.offset;

    words->emote_count = 0;
    for (uint32_t i = 0; i < count && words->emote_count < TLM_EMOTES_MAX; i++) {
        tlm_emote emote;
        memcpy(&emote, at + i * sizeof emote, sizeof emote);
        tlm_text name = tlm_events_text(batch, emote.name);
        if (is_listed(words, name.data, name.size))
            continue;
        words->emote_heads[words->emote_count] = head_of(name.data, name.size);
        words->emote_names[words->emote_count++] = name;
    }
}

void tlm_words_add_emote(tlm_words *words, const tlm_entry *entry)
{
    words->emotes += entry->valence;
    words->has_emotes = words->has_findings = true;
}

/* A word that the event names as an emote: it is one, known or not, and no word of the sentence. */
static void take_emote(tlm_words *words, const char *text, size_t size)
{
    const tlm_entry *entry = NULL;
    if (size <= TLM_KEY_MAX) {
        tlm_key key;
        tlm_key_make(&key, text, size);
        entry = tlm_lexicon_find(words->lexicon, &key);
    }
    if (!entry || !(entry->roles & TLM_ROLE_SCORED))
        entry = tlm_fallback_tail(words->lexicon, text, size);
    if (entry)
        tlm_words_add_emote(words, entry);
}

/* --- words -------------------------------------------------------------------------------------------------------- */

/* The words of a phrase mean what it means: the last one stands for all. */
static void apply_phrase(tlm_words *words, tlm_word *word, const tlm_phrase *phrase)
{
    uint32_t before = phrase->words_before < words->count ? phrase->words_before : words->count;
    for (uint32_t i = 1; i <= before; i++)
        word[-(int)i].roles = word[-(int)i].special = 0;
    word->roles = phrase->valence == 0 ? (uint8_t)(phrase->roles & ~TLM_ROLE_SCORED) : phrase->roles;
    word->valence = phrase->valence;
    word->special = 0;
}

/* Roles that reach beyond the word itself. */
enum { MODIFYING = TLM_ROLE_UP | TLM_ROLE_DOWN | TLM_ROLE_NEGATES | TLM_ROLE_CAPITALS };

static bool is_modifier(const tlm_word *word)
{
    return word->roles & MODIFYING || word->style & TLM_STYLE_LENGTHENED || word->special == TLM_SPECIAL_BUT ||
           word->special == TLM_SPECIAL_NO || word->special == TLM_SPECIAL_LEAST;
}

/* How a word is written: TLM_STYLE_..., and in the second byte the letter it is, if it is a capital letter alone.
 * Passed as one number and not as a struct: that would be put together in memory, which stalls when it is read at once.
 */
static uint32_t looks_of(const char *text, size_t size, bool has_upper, bool has_lower)
{
    uint32_t is_capitals = has_upper & !has_lower;
    uint32_t letter = size == 1 ? (uint32_t)(unsigned char)text[0] << 8 : 0;
    return is_capitals * (TLM_STYLE_CAPITALS | letter);
}

static tlm_word *add_word(tlm_words *words, uint32_t looks)
{
    tlm_word *word = &words->list[words->count++];
    *word = (tlm_word){0};
    word->letter = (char)(looks >> 8); /* all that matters of an unknown word's looks */
    return word;
}

/* Adds a word of the lexicon; `hash` is its key's. */
static void add_known(tlm_words *words, uint64_t hash, const tlm_entry *entry, const char *text, uint32_t looks)
{
    tlm_word *added = &words->list[words->count];
    added->valence = entry->valence;
    added->roles = entry->roles;
    added->special = entry->special;
    added->style = (uint8_t)looks;
    added->letter = (char)(looks >> 8);
    if (entry->special == TLM_SPECIAL_BUT && words->but == UINT32_MAX)
        words->but = words->count;
    if (entry->roles & TLM_ROLE_PHRASE_END) {
        const tlm_phrase *phrase = tlm_lexicon_phrase(words->lexicon, hash, words->begin, text);
        if (phrase) {
            apply_phrase(words, added, phrase);
            words->has_modifiers = true;
        }
    }
    if (added->roles & TLM_ROLE_CAPITALS && !(looks & TLM_STYLE_CAPITALS))
        added->roles &= (uint8_t) ~(TLM_ROLE_SCORED | TLM_ROLE_CAPITALS);
    words->has_modifiers |= is_modifier(added);
    words->has_capitals |= (looks & TLM_STYLE_CAPITALS) != 0;
    if (added->roles & TLM_ROLE_SCORED) {
        words->has_findings = true;
        words->plain += added->valence;
    }
    words->count++;
}

/* "isn't", "wouldn't": contractions that no list has. */
static bool is_contracted_not(const char *text, size_t size)
{
    return size > 3 && (text[size - 1] | 0x20) == 't' && text[size - 2] == '\'' && (text[size - 3] | 0x20) == 'n';
}

/* Adds a word that is known, or an emote, which stands in no sentence. */
static inline void add_entry(tlm_words *words, uint64_t hash, const tlm_entry *entry, tlm_text text, uint64_t lower,
                             uint32_t looks)
{
    if (entry->roles & TLM_ROLE_EMOTE) {
        words->begin = text.data + text.size; /* no phrase reaches back to it */
        tlm_words_add_emote(words, entry);
        return;
    }
    words->lower_case |= lower;
    if (entry->roles == TLM_ROLE_SCORED && !entry->special && !looks) { /* "good": what most known words are */
        words->list[words->count++] = (tlm_word){.valence = entry->valence, .roles = TLM_ROLE_SCORED};
        words->plain += entry->valence;
        words->has_findings = true;
        return;
    }
    add_known(words, hash, entry, text.data, looks);
}

/* A word that is long, lengthened or contracted. As take_word. */
static __attribute__((noinline)) bool take_unusual(tlm_words *words, const char *text, size_t size, bool must)
{
    tlm_key key;
    tlm_key_make(&key, text, size < TLM_KEY_MAX ? size : TLM_KEY_MAX);
    const tlm_entry *entry = size <= TLM_KEY_MAX ? tlm_lexicon_find(words->lexicon, &key) : NULL;
    uint32_t looks = looks_of(text, size, key.has_upper, key.has_lower);
    uint64_t lower = key.has_lower;

    if (!entry && tlm_fallback_is_worth(text, size)) {
        entry = tlm_fallback_find(words->lexicon, text, size, &key);
        if (entry)
            looks |= TLM_STYLE_LENGTHENED;
    }
    if (entry) {
        add_entry(words, key.hash, entry, (tlm_text){text, size}, lower, looks);
        return true;
    }
    if (must)
        return false;
    words->lower_case |= lower;
    tlm_word *word = add_word(words, looks);
    if (is_contracted_not(text, size)) {
        word->roles = TLM_ROLE_NEGATES;
        words->has_modifiers = true;
    }
    return true;
}

/* Whether a byte equals the next but one, in a word of 3 to 8: one that is lengthened or repeats two letters has such
 * bytes, and most words have none. A byte above a found one may be found in error. */
static bool has_echo(uint64_t bytes, size_t size)
{
    uint64_t differences = (bytes ^ bytes >> 16) | ~(uint64_t)0 << (size - 2) * 8;
    return ((differences - TLM_EACH_BYTE) & ~differences & TLM_HIGH_BITS) != 0;
}

/* The high bit of each byte from `first` to `last` of ASCII text. */
static uint64_t ascii_within(uint64_t bytes, unsigned first, unsigned last)
{
    return (bytes + (0x80 - first) * TLM_EACH_BYTE) & ~(bytes + (0x7f - last) * TLM_EACH_BYTE) & TLM_HIGH_BITS;
}

/* One ASCII word of the sentence, `size` at least 1. False, and nothing done, if it `must` be known and is not. Nearly
 * all words have at most eight bytes: those are done with here. */
HOT bool take_word(tlm_words *words, const char *text, size_t size, bool must)
{
    if (size > 8)
        return take_unusual(words, text, size, must);
    uint64_t bytes = tlm_keep_bytes(tlm_load8(text), size);
    uint64_t upper = ascii_within(bytes, 'A', 'Z'), lower = ascii_within(bytes, 'a', 'z');
    uint64_t head = bytes | upper >> 2;
    uint64_t hash = tlm_key_close(tlm_key_mix(0, head));
    if (tlm_lexicon_may_have(words->lexicon, hash)) {
        const tlm_entry *entry = tlm_lexicon_find_short(words->lexicon, head, hash);
        if (entry) {
            add_entry(words, hash, entry, (tlm_text){text, size}, lower, looks_of(text, size, upper != 0, lower != 0));
            return true;
        }
    }
    if (size > 2 && (has_echo(head, size) || text[size - 2] == '\''))
        return take_unusual(words, text, size, must);
    if (must)
        return false;
    words->lower_case |= lower;
    words->list[words->count] = (tlm_word){.letter = size == 1 && upper ? text[0] : 0};
    words->count++;
    return true;
}

/* What is done with a word: take_word for ASCII, take_unusual for any. */
typedef bool word_taker(tlm_words *words, const char *text, size_t size, bool must);

/* Text with marks around it. As in the reference, two characters or fewer between marks are an emoticon with them:
 * ":D", "<3", "D:"; unlike there, they are a word where that emoticon is not known ("no!"). */
static __attribute__((noinline)) void take_marked(tlm_words *words, const char *text, size_t size, word_taker *take)
{
    size_t from = 0, to = size;
    if (text[0] == '@' && size > 1 && !is_mark(text[1])) {
        (void)add_word(words, 0); /* a name says nothing about its bearer */
        return;
    }
    while (from < to && is_mark(text[from]))
        from++;
    while (to > from && is_mark(text[to - 1]))
        to--;
    if (to - from <= 2 && take(words, text, size, true))
        return;
    if (to > from)
        (void)take(words, text + from, to - from, false);
    else
        (void)add_word(words, 0);
}

void tlm_words_take_piece(tlm_words *words, const char *text, size_t size)
{
    if (is_mark(text[0]) || is_mark(text[size - 1]))
        take_marked(words, text, size, take_unusual);
    else
        (void)take_unusual(words, text, size, false);
}

static bool take_any_word(tlm_words *words, const char *text, size_t size, bool must)
{
    return take_word(words, text, size, must);
}

/* --- the message -------------------------------------------------------------------------------------------------- */

/* The high bit of each byte that is no blank; blanks are all bytes up to 0x20. */
static uint64_t solid_bytes(uint64_t bytes)
{
    return (((bytes & ~TLM_HIGH_BITS) + 0x5f * TLM_EACH_BYTE) | bytes) & TLM_HIGH_BITS;
}

/* Size of the text up to the next blank or the end; *ret_is_wide: it is not all ASCII. */
static size_t measure(const char *at, const char *end, bool *ret_is_wide)
{
    uint64_t wide = 0;
    size_t size = 0;
    for (;;) {
        size_t left = (size_t)(end - at) - size;
        uint64_t bytes = tlm_load8(at + size);
        uint64_t blanks = ~solid_bytes(bytes) & TLM_HIGH_BITS;
        if (left < 8)
            blanks |= UINT64_C(0x80) << (left * 8);
        if (blanks) {
            size_t more = (size_t)__builtin_ctzll(blanks) / 8;
            wide |= tlm_keep_bytes(bytes, more);
            *ret_is_wide = (wide & TLM_HIGH_BITS) != 0;
            return size + more;
        }
        wide |= bytes;
        size += 8;
    }
}

enum { CHUNK = 64 };
_Static_assert(CHUNK <= TLM_PADDING, "a chunk that begins in a message ends in what is readable");

/* One bit for each of the next `count` times eight bytes that is no blank, and whether any is beyond ASCII. Bits do
 * away with a branch a byte, which no processor can foretell. */
HOT uint64_t solid_bits_of(const char *at, unsigned count, bool *ret_is_wide)
{
    uint64_t bits = 0, wide = 0;
    for (unsigned i = 0; i < count; i++) {
        uint64_t bytes = tlm_load8(at + i * 8);
        wide |= bytes;
        /* The multiplication brings the eight high bits side by side into the top byte. */
        bits |= ((solid_bytes(bytes) >> 7) * UINT64_C(0x0102040810204080) >> 56) << (i * 8);
    }
    *ret_is_wide = (wide & TLM_HIGH_BITS) != 0;
    return bits;
}

/* The same; most messages end within half a chunk. */
HOT uint64_t solid_bits(const char *at, size_t left, bool *ret_is_wide)
{
    return left <= CHUNK / 2 ? solid_bits_of(at, CHUNK / 16, ret_is_wide) : solid_bits_of(at, CHUNK / 8, ret_is_wide);
}

HOT void take(tlm_words *words, const char *text, size_t size, bool is_wide)
{
    if (words->emote_count > 0 && is_listed(words, text, size)) {
        words->begin = text + size; /* no phrase reaches back to it */
        take_emote(words, text, size);
    } else if (is_wide)
        tlm_words_take_wide(words, text, size);
    else if (is_letter(text[0]) && is_letter(text[size - 1]))
        (void)take_word(words, text, size, false);
    else if (is_mark(text[0]) || is_mark(text[size - 1]))
        take_marked(words, text, size, take_any_word);
    else
        (void)take_any_word(words, text, size, false);
}

/* Takes the words that end within the chunk at `at`, and returns where the next chunk begins. */
HOT const char *take_chunk(tlm_words *words, const char *at, const char *end)
{
    size_t left = (size_t)(end - at);
    bool may_be_wide;
    uint64_t bits = solid_bits(at, left, &may_be_wide);
    if (left < CHUNK)
        bits &= (UINT64_C(1) << left) - 1;
    while (bits && words->count < TLM_WORDS_MAX) {
        unsigned start = (unsigned)__builtin_ctzll(bits);
        uint64_t blanks = ~(bits >> start);
        unsigned size = blanks ? (unsigned)__builtin_ctzll(blanks) : CHUNK;
        bool is_cut = start + size == CHUNK && left > CHUNK;
        if (is_cut && start > 0)
            return at + start;
        size_t whole = size;
        bool is_wide = false;
        if (is_cut || may_be_wide)
            whole = measure(at + start, end, &is_wide);
        take(words, at + start, whole, is_wide);
        if (is_cut)
            return at + whole;
        bits &= start + size == CHUNK ? 0 : ~UINT64_C(0) << (start + size);
    }
    return left < CHUNK ? end : at + CHUNK;
}

FOR_EACH_LEVEL
void tlm_words_read(tlm_words *words, const tlm_lexicon *lexicon, const tlm_events *batch, const tlm_event *event)
{
    tlm_text message = tlm_events_text(batch, event->as.chat.message);
    const char *at = message.data;
    const char *end = at + message.size;

    words->lexicon = lexicon;
    words->begin = at;
    words->count = 0;
    words->but = UINT32_MAX;
    words->emotes = words->plain = 0;
    words->lower_case = 0;
    words->has_emotes = words->has_findings = false;
    words->has_modifiers = words->has_capitals = false;
    if (message.size > 1 && at[0] == '!' && is_letter(at[1]))
        return; /* "!uptime" speaks to a bot */
    list_emotes(words, batch, event->as.chat.emotes);
    while (at < end && words->count < TLM_WORDS_MAX)
        at = take_chunk(words, at, end);
    words->list[words->count] = (tlm_word){0};
}
