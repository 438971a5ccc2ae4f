/* SPDX-License-Identifier: Apache-2.0 */
/* What words mean: an open-addressing table over case-folded keys with a bit filter in front, so that a word that is in
 * no lexicon (most are) costs one multiplication and one bit. Built once, then only read, by any number of threads. */
#ifndef TLM_SENTIMENT_LEXICON_H
#define TLM_SENTIMENT_LEXICON_H

#include <telemetra/telemetra.h>

#include "key.h"

#include <stdbool.h>

/** What a word does in a message. */
enum {
    TLM_ROLE_SCORED = 1u << 0,     /* has a valence */
    TLM_ROLE_UP = 1u << 1,         /* strengthens what follows: "very" */
    TLM_ROLE_DOWN = 1u << 2,       /* weakens it: "slightly" */
    TLM_ROLE_NEGATES = 1u << 3,    /* turns it round: "not" */
    TLM_ROLE_EMOTE = 1u << 4,      /* an emote or emoji: stands outside the sentence */
    TLM_ROLE_CAPITALS = 1u << 5,   /* has its valence only in capital letters and not in a spelled word: "W" */
    TLM_ROLE_PHRASE_END = 1u << 6, /* a phrase may end here */
};

/** Words that a rule names; tlm_entry.special. */
enum {
    TLM_SPECIAL_BUT = 1,
    TLM_SPECIAL_NO,
    TLM_SPECIAL_NEVER,
    TLM_SPECIAL_SO,
    TLM_SPECIAL_THIS,
    TLM_SPECIAL_WITHOUT,
    TLM_SPECIAL_DOUBT,
    TLM_SPECIAL_LEAST,
    TLM_SPECIAL_AT,
    TLM_SPECIAL_VERY,
    TLM_SPECIAL_OR,
    TLM_SPECIAL_NOR,
};

/** 16 bytes, so that four lie in a cache line. */
typedef struct tlm_entry {
    uint64_t head; /* the key's first eight bytes, zeros behind a shorter one; 0: free */
    uint32_t
        rest; /* where the size and bytes of a key above eight bytes lie in tlm_lexicon.text; 0 for a shorter one */
    int16_t valence; /* in 0.001, -32 to 32 */
    uint8_t roles;
    uint8_t special;
} tlm_entry;

/** Words that mean something together. The last word's entry has TLM_ROLE_PHRASE_END. */
typedef struct tlm_phrase {
    uint64_t last_hash; /* of the last word's key */
    uint32_t before;    /* where the size and bytes of what stands before it, "kiss of ", lie in tlm_lexicon.text */
    int16_t valence;
    uint8_t roles;
    uint8_t words_before;
} tlm_phrase;

typedef struct tlm_lexicon {
    tlm_entry *entries;
    uint64_t *filter;
    tlm_phrase *phrases; /* in the order of last_hash, longer ones first */
    char *text;
    uint32_t entry_bits, filter_bits; /* powers of two */
    uint32_t entry_count, phrase_count;
    uint32_t text_size;
} tlm_lexicon;

/** Largest valence, in 0.001. */
enum { TLM_VALENCE_MAX = 32000 };

/* Bounds of what is read. */
enum { TLM_LEXICON_SIZE_MAX = 16 << 20, TLM_LEXICON_ENTRIES_MAX = 1 << 19, TLM_LEXICON_PHRASES_MAX = 1 << 14 };

/** A key of a tail ("LUL" of "doodLUL") begins with this, which no word of a message can. */
#define TLM_TAIL_MARK '\1'

/**
 * Adds the lines of `text`, which is called `name` in errors; a line that says something else of a word than one before
 * wins. README.md tells the format. The lexicon was zeroed or added to before. -EINVAL names the line, -ENOMEM.
 */
int tlm_lexicon_read(tlm_lexicon *lexicon, const char *name, tlm_text text, tlm_error *error);

/** To be called after the last tlm_lexicon_read: adds the words that rules name, and makes phrases findable. -ENOMEM.
 */
int tlm_lexicon_complete(tlm_lexicon *lexicon);

/** Frees what it holds; accepts NULL and a zeroed one. */
void tlm_lexicon_finish(tlm_lexicon *lexicon);

/** The entry of a key, made if it is new. NULL: no memory. It may move when another is put. */
tlm_entry *tlm_lexicon_put(tlm_lexicon *lexicon, const tlm_key *key);

/** Adds a phrase whose last word is `last`, or changes it. `before` stands before that, folded, with the blank.
 * -ENOMEM. */
int tlm_lexicon_put_phrase(tlm_lexicon *lexicon, const tlm_key *last, tlm_text before, tlm_phrase phrase);

/** The part of tlm_lexicon_find behind the filter. */
const tlm_entry *tlm_lexicon_probe(const tlm_lexicon *lexicon, const tlm_key *key);

/** The longest phrase that ends with the word at `word`, whose key has that hash; `begin` is the message's. Or NULL. */
const tlm_phrase *tlm_lexicon_phrase(const tlm_lexicon *lexicon, uint64_t last_hash, const char *begin,
                                     const char *word);

/** False: no key with this hash is there. */
static inline bool tlm_lexicon_may_have(const tlm_lexicon *lexicon, uint64_t hash)
{
    uint64_t bit = hash >> (64 - lexicon->filter_bits);
    return lexicon->filter[bit >> 6] >> (bit & 63) & 1;
}

/** tlm_lexicon_find behind the filter for a key of at most eight bytes, folded in `head`. */
static inline const tlm_entry *tlm_lexicon_find_short(const tlm_lexicon *lexicon, uint64_t head, uint64_t hash)
{
    uint64_t mask = (UINT64_C(1) << lexicon->entry_bits) - 1;
    for (uint64_t at = hash >> (64 - lexicon->entry_bits);; at = (at + 1) & mask) {
        const tlm_entry *entry = &lexicon->entries[at];
        if (entry->head == head && entry->rest == 0)
            return entry;
        if (!entry->head)
            return NULL;
    }
}

/** What is known of a word, or NULL. */
static inline const tlm_entry *tlm_lexicon_find(const tlm_lexicon *lexicon, const tlm_key *key)
{
    return tlm_lexicon_may_have(lexicon, key->hash) ? tlm_lexicon_probe(lexicon, key) : NULL;
}

#endif
