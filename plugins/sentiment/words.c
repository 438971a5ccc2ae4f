/* SPDX-License-Identifier: Apache-2.0 */
#include "words.h"

#include "shape.h"

/* The pass over a message is made of shifts by a variable and bit counts, for which baseline x86-64 has slow
 * instructions only: it is built a second time for the third level of the architecture (BMI2, 2013 and later), and the
 * loader chooses. Sanitizers do without, since the choice is made before they are ready. */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__) &&               \
    !defined(__SANITIZE_THREAD__)
#define FOR_EACH_LEVEL __attribute__((target_clones("default", "arch=x86-64-v3")))
#else
#define FOR_EACH_LEVEL
#endif

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

/* The bit of a word that may be listed; words above eight bytes are compared without. */
static uint64_t emote_bit(uint64_t hash)
{
    return UINT64_C(1) << (hash >> 58);
}

static void list_emotes(tlm_words *words, const tlm_events *batch, tlm_span emotes)
{
    uint32_t count = emotes.size < TLM_EMOTES_SEEN ? emotes.size : TLM_EMOTES_SEEN;
    const char *at = batch->arena + emotes.offset;

    words->emote_count = 0;
    words->emote_bits = 0;
    for (uint32_t i = 0; i < count && words->emote_count < TLM_EMOTES_MAX; i++) {
        tlm_emote emote;
        memcpy(&emote, at + i * sizeof emote, sizeof emote);
        tlm_text name = tlm_events_text(batch, emote.name);
        if (count > TLM_EMOTES_MAX && is_listed(words, name.data, name.size))
            continue; /* where there is room for all, a repeated one does no harm */
        uint64_t head = head_of(name.data, name.size), upper = 0, lower = 0;
        words->emote_bits |= emote_bit(tlm_key_close(tlm_key_mix(0, tlm_fold8(head, &upper, &lower))));
        words->emote_heads[words->emote_count] = head;
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

/* One word of the sentence, `size` at least 1. False, and nothing done, if it `must` be known and is not. */
static bool take_word(tlm_words *words, const char *text, size_t size, bool must)
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

/* Text with marks around it. As in the reference, two characters or fewer between marks are an emoticon with them:
 * ":D", "<3", "D:"; unlike there, they are a word where that emoticon is not known ("no!"). */
static void take_marked(tlm_words *words, const char *text, size_t size)
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
    if (to - from <= 2 && take_word(words, text, size, true))
        return;
    if (to > from)
        (void)take_word(words, text + from, to - from, false);
    else
        (void)add_word(words, 0);
}

void tlm_words_take_piece(tlm_words *words, const char *text, size_t size)
{
    if (is_mark(text[0]) || is_mark(text[size - 1]))
        take_marked(words, text, size);
    else
        (void)take_word(words, text, size, false);
}

/* Any text without blanks. */
static __attribute__((noinline)) void take(tlm_words *words, const char *text, size_t size, bool is_wide)
{
    if (words->emote_count > 0 && is_listed(words, text, size)) {
        words->begin = text + size; /* no phrase reaches back to it */
        take_emote(words, text, size);
    } else if (is_wide)
        tlm_words_take_wide(words, text, size);
    else
        tlm_words_take_piece(words, text, size);
}

/* --- the usual words ---------------------------------------------------------------------------------------------- */

/* Nearly all words are one to eight letters, and most are in no lexicon. Which are is what a processor cannot foretell,
 * and a branch that it takes wrongly costs as much as all else that is done for a word. So all words of a chunk are
 * sifted without a branch, and only those that are left over are looked at one by one. */

enum { CHUNK_WORDS = TLM_CHUNK / 2, PLACES_AT_ONCE = 4 };
_Static_assert(TLM_CHUNK <= TLM_PADDING, "a chunk that begins in a message ends in what is readable");

/* A word that may be more than an unknown one. */
typedef struct {
    uint64_t head, hash; /* of a usual word's key */
    uint32_t index, start, size;
} find;

/* Lists all words of a chunk as unknown ones and returns their number; those that may be more are left to
 * take_find. */
TLM_HOT uint32_t sift(tlm_words *words, const char *at, const tlm_shape *bits, find *finds, uint32_t *ret_count)
{
    uint64_t starts = bits->solid & ~(bits->solid << 1), ends = ~bits->solid & bits->solid << 1, left = 0;
    uint64_t doubtful = bits->odd | bits->rare, emote_bits = words->emote_bits;
    tlm_word *list = &words->list[words->count];
    uint32_t count = 0, index = 0;

    for (; starts; starts &= starts - 1, ends &= ends - 1, index++) {
        unsigned start = (unsigned)__builtin_ctzll(starts);
        unsigned size = (ends ? (unsigned)__builtin_ctzll(ends) : TLM_CHUNK) - start;
        unsigned unused = (0 - size * 8) & 63; /* bits of eight bytes; whatever it is for an odd word */
        uint64_t head = (tlm_load8(at + start) | 0x20 * TLM_EACH_BYTE) << unused >> unused; /* letters folded */
        uint64_t hash = tlm_key_close(tlm_key_mix(0, head));
        uint64_t doubts = (emote_bits & emote_bit(hash)) | doubtful >> start << (TLM_CHUNK - size);
        uint64_t is_left = tlm_lexicon_may_have(words->lexicon, hash) | (doubts != 0);
        finds[count] = (find){.head = head, .hash = hash, .index = index, .start = start, .size = size};
        count += (uint32_t)is_left;
        left |= is_left << start;
        list[index] = (tlm_word){0};
    }
    /* The addition carries through all bits of the words that are left, and clears them. */
    words->lower_case |= bits->lower & (bits->solid + left);
    *ret_count = count;
    return index;
}

/* Roles and words of which there is more to say than their valence and whether they modify others. */
enum { MORE_TO_SAY = TLM_ROLE_EMOTE | TLM_ROLE_PHRASE_END | TLM_ROLE_CAPITALS };

/* Adds a usual word that is known. Whether it is scored, modifies others or neither differs from word to word: no
 * branch. */
TLM_HOT void add_usual(tlm_words *words, const char *text, const find *word, const tlm_entry *entry, uint64_t upper,
                       uint64_t lower)
{
    uint32_t looks = looks_of(text, word->size, upper != 0, lower != 0);
    if ((entry->roles & MORE_TO_SAY) | (entry->special == TLM_SPECIAL_BUT)) {
        add_entry(words, word->hash, entry, (tlm_text){text, word->size}, lower, looks);
        return;
    }
    tlm_word *added = &words->list[words->count++];
    *added = (tlm_word){.valence = entry->valence,
                        .roles = entry->roles,
                        .special = entry->special,
                        .style = (uint8_t)looks,
                        .letter = (char)(looks >> 8)};
    bool is_scored = entry->roles & TLM_ROLE_SCORED;
    words->lower_case |= lower;
    words->plain += entry->valence * is_scored;
    words->has_findings |= is_scored;
    words->has_modifiers |= is_modifier(added);
    words->has_capitals |= looks & TLM_STYLE_CAPITALS;
}

/* Emotes stand in no sentence: their place in the list goes to the words behind. */
static void close_gap(tlm_word *gap, uint32_t words_behind)
{
    for (uint32_t i = 0; i < words_behind; i++)
        gap[i] = gap[i + 1];
}

/* tlm_lexicon_find_short for a word that is likely to be there: in its own place or one of the next, and in which is
 * not to be foretold either. */
TLM_HOT const tlm_entry *find_likely(const tlm_lexicon *lexicon, uint64_t head, uint64_t hash)
{
    uint64_t at = hash >> (64 - lexicon->entry_bits);
    const tlm_entry *place = &lexicon->entries[at];
    if (at + PLACES_AT_ONCE <= UINT64_C(1) << lexicon->entry_bits) {
        unsigned found = 1u << PLACES_AT_ONCE;
        for (unsigned i = 0; i < PLACES_AT_ONCE; i++)
            found |= (unsigned)(place[i].head == head) << i;
        place += __builtin_ctz(found);
        if (found > 1u << PLACES_AT_ONCE && place->rest == 0)
            return place;
    }
    return tlm_lexicon_find_short(lexicon, head, hash);
}

TLM_HOT void take_find(tlm_words *words, const char *text, const tlm_shape *bits, const find *word)
{
    uint64_t own = ~UINT64_C(0) >> (TLM_CHUNK - word->size) << word->start;
    if ((bits->odd & own) | (words->emote_bits & emote_bit(word->hash))) {
        take(words, text, word->size, false);
        return;
    }
    const tlm_entry *entry = find_likely(words->lexicon, word->head, word->hash);
    if (entry) {
        add_usual(words, text, word, entry, bits->upper & own, bits->lower & own);
    } else if (bits->rare & own) {
        (void)take_word(words, text, word->size, false);
    } else {
        words->lower_case |= bits->lower & own;
        words->count++;
    }
}

/* Takes the words of a chunk that is ASCII and holds whole words only. */
TLM_HOT void take_words(tlm_words *words, const char *at, const tlm_shape *bits)
{
    find finds[CHUNK_WORDS];
    uint32_t left, first = words->count;
    uint32_t count = sift(words, at, bits, finds, &left);

    for (uint32_t i = 0; i < left; i++) {
        uint32_t place = first + finds[i].index;
        words->count = place;
        take_find(words, at + finds[i].start, bits, &finds[i]);
        if (words->count == place) {
            close_gap(&words->list[place], count - finds[i].index - 1);
            first--; /* may wrap around, and back when an index is added */
        }
    }
    words->count = first + count;
}

/* --- the message -------------------------------------------------------------------------------------------------- */

/* Size of the text up to the next blank or the end; *ret_is_wide: it is not all ASCII. */
static size_t measure(const char *at, const char *end, bool *ret_is_wide)
{
    uint64_t wide = 0;
    size_t size = 0;
    for (;;) {
        size_t left = (size_t)(end - at) - size;
        uint64_t bytes = tlm_load8(at + size);
        uint64_t blanks = ~tlm_shape_solid(bytes) & TLM_HIGH_BITS;
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

/* Takes the words of a chunk of any kind, and returns where the next one begins, at least `next`. */
static __attribute__((noinline)) const char *take_any(tlm_words *words, const char *at, const char *end, uint64_t solid,
                                                      const char *next)
{
    const char *chunk = at;
    while (solid && words->count < TLM_WORDS_MAX) {
        bool is_wide;
        at = chunk + __builtin_ctzll(solid);
        size_t size = measure(at, end, &is_wide);
        take(words, at, size, is_wide);
        at += size;
        solid &= at - chunk < TLM_CHUNK ? ~UINT64_C(0) << (at - chunk) : 0;
    }
    return at > next ? at : next;
}

/* Takes the words that end within the chunk at `at`, and returns where the next chunk begins. */
TLM_HOT const char *take_chunk(tlm_words *words, const char *at, const char *end)
{
    size_t left = (size_t)(end - at);
    const char *next = left < TLM_CHUNK ? end : at + TLM_CHUNK;
    tlm_shape bits = tlm_shape_read(at);
    if (left < TLM_CHUNK) { /* what lies behind the message is anything */
        bits.solid &= (UINT64_C(1) << left) - 1;
    } else if (left > TLM_CHUNK && bits.solid >> (TLM_CHUNK - 1) && ~bits.solid) { /* the last word may go on */
        unsigned cut = (unsigned)__builtin_clzll(~bits.solid);
        bits.solid &= ~UINT64_C(0) >> cut;
        next -= cut;
    }
    if (bits.wide & bits.solid || !~bits.solid || words->count > TLM_WORDS_MAX - CHUNK_WORDS)
        return take_any(words, at, end, bits.solid, next);
    tlm_shape_judge(&bits);
    take_words(words, at, &bits);
    return next;
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
