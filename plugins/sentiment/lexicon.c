/* SPDX-License-Identifier: Apache-2.0 */
#include "lexicon.h"

#include <stdlib.h>

/* At most three quarters full: the filter keeps nearly all words away that are in no lexicon. */
enum { ENTRY_BITS_MIN = 8, FILTER_BITS_MORE = 3, TEXT_CHUNK = 16 << 10 };
static const uint32_t LOAD_MAX = 3, LOAD_OF = 4;

static bool is_key(const tlm_lexicon *lexicon, const tlm_entry *entry, const tlm_key *key)
{
    if (entry->head != key->block[0] || (key->size > 8) != (entry->rest != 0))
        return false;
    if (entry->rest == 0)
        return true;
    const char *rest = lexicon->text + entry->rest;
    uint32_t size = (unsigned char)*rest++;
    if (size != key->size - 8)
        return false;
    for (uint32_t at = 0, i = 1; at < size; at += 8, i++)
        if (tlm_keep_bytes(tlm_load8(rest + at), size - at) != key->block[i])
            return false;
    return true;
}

/* The place of a key, or the free one where it would lie. */
static tlm_entry *place_of(const tlm_lexicon *lexicon, const tlm_key *key)
{
    uint64_t mask = (UINT64_C(1) << lexicon->entry_bits) - 1;
    uint64_t at = key->hash >> (64 - lexicon->entry_bits);
    while (lexicon->entries[at].head && !is_key(lexicon, &lexicon->entries[at], key))
        at = (at + 1) & mask;
    return &lexicon->entries[at];
}

const tlm_entry *tlm_lexicon_probe(const tlm_lexicon *lexicon, const tlm_key *key)
{
    const tlm_entry *entry = place_of(lexicon, key);
    return entry->head ? entry : NULL;
}

static void note(tlm_lexicon *lexicon, uint64_t hash)
{
    uint64_t bit = hash >> (64 - lexicon->filter_bits);
    lexicon->filter[bit >> 6] |= UINT64_C(1) << (bit & 63);
}

static void key_of_entry(const tlm_lexicon *lexicon, const tlm_entry *entry, tlm_key *ret_key)
{
    char bytes[TLM_KEY_MAX + 8] = {0};
    uint64_t head = htole64(entry->head);
    memcpy(bytes, &head, sizeof head);
    size_t size = strnlen(bytes, 8);
    if (entry->rest) {
        size_t more = (unsigned char)lexicon->text[entry->rest];
        memcpy(bytes + 8, lexicon->text + entry->rest + 1, more);
        size += more;
    }
    tlm_key_make(ret_key, bytes, size);
}

/* A table twice as large. */
static int grow(tlm_lexicon *lexicon)
{
    tlm_lexicon wider = *lexicon;
    wider.entry_bits = lexicon->entries ? lexicon->entry_bits + 1 : ENTRY_BITS_MIN;
    wider.filter_bits = wider.entry_bits + FILTER_BITS_MORE;
    wider.entries = calloc((size_t)1 << wider.entry_bits, sizeof *wider.entries);
    wider.filter = calloc((size_t)1 << (wider.filter_bits - 6), sizeof *wider.filter);
    if (!wider.entries || !wider.filter) {
        free(wider.entries);
        free(wider.filter);
        return -ENOMEM;
    }
    for (size_t i = 0; lexicon->entries && i < (size_t)1 << lexicon->entry_bits; i++) {
        if (!lexicon->entries[i].head)
            continue;
        tlm_key key;
        key_of_entry(lexicon, &lexicon->entries[i], &key);
        *place_of(&wider, &key) = lexicon->entries[i];
        note(&wider, key.hash);
    }
    free(lexicon->entries);
    free(lexicon->filter);
    *lexicon = wider;
    return 0;
}

/* Keeps bytes behind their size, with eight readable ones after them. 0: no memory. */
static uint32_t keep(tlm_lexicon *lexicon, const char *bytes, size_t size)
{
    if (lexicon->text_size % TEXT_CHUNK + size + 16 > TEXT_CHUNK || !lexicon->text) {
        uint32_t start = (lexicon->text_size + TEXT_CHUNK - 1) / TEXT_CHUNK * TEXT_CHUNK;
        char *text = realloc(lexicon->text, start + TEXT_CHUNK);
        if (!text)
            return 0;
        memset(text + start, 0, TEXT_CHUNK);
        lexicon->text = text;
        lexicon->text_size = start + 1; /* 0 is no place */
    }
    uint32_t at = lexicon->text_size;
    lexicon->text[at] = (char)size;
    memcpy(lexicon->text + at + 1, bytes, size);
    lexicon->text_size += (uint32_t)size + 1;
    return at;
}

tlm_entry *tlm_lexicon_put(tlm_lexicon *lexicon, const tlm_key *key)
{
    if ((!lexicon->entries || (lexicon->entry_count + 1) * LOAD_OF > LOAD_MAX << lexicon->entry_bits) &&
        grow(lexicon) < 0)
        return NULL;
    tlm_entry *entry = place_of(lexicon, key);
    if (entry->head)
        return entry;
    uint32_t rest = 0;
    if (key->size > 8) {
        uint64_t blocks[TLM_KEY_BLOCKS] = {0};
        for (uint32_t i = 1; i * 8 < key->size; i++)
            blocks[i - 1] = htole64(key->block[i]);
        rest = keep(lexicon, (const char *)blocks, key->size - 8);
        if (rest == 0)
            return NULL;
    }
    *entry = (tlm_entry){.head = key->block[0], .rest = rest};
    note(lexicon, key->hash);
    lexicon->entry_count++;
    return entry;
}

/* The order of phrases: by last word, then the longer first, then by bytes. */
static int compare(const tlm_lexicon *lexicon, const tlm_phrase *phrase, uint64_t last_hash, tlm_text before)
{
    if (phrase->last_hash != last_hash)
        return phrase->last_hash < last_hash ? -1 : 1;
    const char *own = lexicon->text + phrase->before;
    size_t size = (unsigned char)*own;
    if (size != before.size)
        return size > before.size ? -1 : 1;
    return memcmp(own + 1, before.data, size);
}

/* For one more phrase. Room doubles, so it is full when the count is a power of two. */
static int make_room(tlm_lexicon *lexicon)
{
    uint32_t count = lexicon->phrase_count;
    if (count & (count - 1))
        return 0;
    tlm_phrase *phrases = realloc(lexicon->phrases, (count ? 2 * (size_t)count : 1) * sizeof *phrases);
    if (!phrases)
        return -ENOMEM;
    lexicon->phrases = phrases;
    return 0;
}

int tlm_lexicon_put_phrase(tlm_lexicon *lexicon, const tlm_key *last, tlm_text before, tlm_phrase phrase)
{
    tlm_entry *entry = tlm_lexicon_put(lexicon, last);
    if (!entry)
        return -ENOMEM;
    entry->roles |= TLM_ROLE_PHRASE_END;
    uint32_t at = 0, high = lexicon->phrase_count;
    while (at < high) {
        uint32_t middle = at + (high - at) / 2;
        if (compare(lexicon, &lexicon->phrases[middle], last->hash, before) < 0)
            at = middle + 1;
        else
            high = middle;
    }
    bool is_new = at == lexicon->phrase_count || compare(lexicon, &lexicon->phrases[at], last->hash, before) != 0;
    phrase.last_hash = last->hash;
    phrase.before = is_new ? keep(lexicon, before.data, before.size) : lexicon->phrases[at].before;
    if (phrase.before == 0)
        return -ENOMEM;
    if (is_new) {
        if (make_room(lexicon) < 0)
            return -ENOMEM;
        tlm_phrase *place = lexicon->phrases + at;
        memmove(place + 1, place, (lexicon->phrase_count - at) * sizeof *place);
        lexicon->phrase_count++;
    }
    lexicon->phrases[at] = phrase;
    return 0;
}

/* Size of the apostrophe that phones write, U+2018 or U+2019, if one ends at `end`; else 0. */
static size_t wide_apostrophe(const char *begin, const char *end)
{
    bool is_one = end - begin >= 3 && memcmp(end - 3, "\xE2\x80", 2) == 0 && (end[-1] == '\x98' || end[-1] == '\x99');
    return is_one ? 3 : 0;
}

/* Whether the message has `before` in front of `word`, as words of their own. */
static bool stands_before(tlm_text before, const char *begin, const char *word)
{
    for (size_t i = before.size; i > 0; i--) {
        size_t wide = before.data[i - 1] == '\'' ? wide_apostrophe(begin, word) : 0;
        if (word == begin)
            return false;
        word -= wide ? wide : 1;
        char byte = *word >= 'A' && *word <= 'Z' ? (char)(*word | 0x20) : *word;
        if (!wide && byte != before.data[i - 1])
            return false;
    }
    return word == begin || (unsigned char)word[-1] <= ' ';
}

const tlm_phrase *tlm_lexicon_phrase(const tlm_lexicon *lexicon, uint64_t last_hash, const char *begin,
                                     const char *word)
{
    uint32_t low = 0, high = lexicon->phrase_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (lexicon->phrases[middle].last_hash < last_hash)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < lexicon->phrase_count && lexicon->phrases[low].last_hash == last_hash; low++) {
        const char *before = lexicon->text + lexicon->phrases[low].before;
        if (stands_before((tlm_text){before + 1, (unsigned char)*before}, begin, word))
            return &lexicon->phrases[low];
    }
    return NULL;
}

int tlm_lexicon_complete(tlm_lexicon *lexicon)
{
    static const struct {
        const char *word;
        uint8_t special;
    } specials[] = {
        {"but", TLM_SPECIAL_BUT},     {"no", TLM_SPECIAL_NO},       {"never", TLM_SPECIAL_NEVER},
        {"so", TLM_SPECIAL_SO},       {"this", TLM_SPECIAL_THIS},   {"without", TLM_SPECIAL_WITHOUT},
        {"doubt", TLM_SPECIAL_DOUBT}, {"least", TLM_SPECIAL_LEAST}, {"at", TLM_SPECIAL_AT},
        {"very", TLM_SPECIAL_VERY},   {"or", TLM_SPECIAL_OR},       {"nor", TLM_SPECIAL_NOR},
    };
    for (size_t i = 0; i < TLM_COUNT(specials); i++) {
        char padded[16] = {0};
        memcpy(padded, specials[i].word, strlen(specials[i].word));
        tlm_key key;
        tlm_key_make(&key, padded, strlen(padded));
        tlm_entry *entry = tlm_lexicon_put(lexicon, &key);
        if (!entry)
            return -ENOMEM;
        entry->special = specials[i].special;
    }
    return 0;
}

void tlm_lexicon_finish(tlm_lexicon *lexicon)
{
    if (!lexicon)
        return;
    free(lexicon->entries);
    free(lexicon->filter);
    free(lexicon->phrases);
    free(lexicon->text);
    *lexicon = (tlm_lexicon){0};
}
