/* SPDX-License-Identifier: Apache-2.0 */
/* The first pass over a message: its words with what the lexicon knows of them. */
#ifndef TLM_SENTIMENT_WORDS_H
#define TLM_SENTIMENT_WORDS_H

#include "lexicon.h"

/** Words of a message that are looked at; a chat message has five, and Twitch's longest (500 characters) 250. */
enum { TLM_WORDS_MAX = 2048 };

/** Distinct emotes of an event that are told from words, out of the first TLM_EMOTES_SEEN of its list. */
enum { TLM_EMOTES_MAX = 16, TLM_EMOTES_SEEN = 64 };

/** How a word is written. */
enum {
    TLM_STYLE_CAPITALS = 1u << 0,   /* all of its letters, and it has some */
    TLM_STYLE_LENGTHENED = 1u << 1, /* "goooood" */
};

typedef struct tlm_word {
    int16_t valence; /* of TLM_ROLE_SCORED, in 0.001 */
    uint8_t roles, special, style;
    char letter;       /* of a word that is one capital letter, else 0 */
    uint16_t reserved; /* eight bytes in all: one store clears them */
} tlm_word;

/** Room for one message at a time. */
typedef struct tlm_words {
    const tlm_lexicon *lexicon;
    const char *begin; /* of the text that phrases are looked for in */
    uint32_t count;
    uint32_t but;        /* index of the first "but", else UINT32_MAX */
    int32_t emotes;      /* sum of the valences of emotes and emoji, in 0.001 */
    int32_t plain;       /* sum of the valences of words as the lexicon has them, in 0.001 */
    bool has_modifiers;  /* a word may change what others mean: `plain` is not their sum */
    bool has_capitals;   /* a word that is known is all in capitals */
    bool has_emotes;     /* there are some that have one */
    bool has_findings;   /* there are words or emotes that have one */
    uint64_t lower_case; /* not 0: some word is not all in capitals */
    uint32_t emote_count;
    uint64_t emote_bits; /* one for each that has at most eight bytes, by the hash of its key */
    uint64_t emote_heads[TLM_EMOTES_MAX];
    tlm_text emote_names[TLM_EMOTES_MAX];
    tlm_word list[TLM_WORDS_MAX + 1]; /* one more, zeros, behind the last */
} tlm_words;

/** Reads the message of a chat event of the batch, in time linear in its size. */
void tlm_words_read(tlm_words *words, const tlm_lexicon *lexicon, const tlm_events *batch, const tlm_event *event);

/* --- between the files of this pass ------------------------------------------------------------------------------- */

/** Takes text without blanks and pictures in it; seven bytes behind it are readable. */
void tlm_words_take_piece(tlm_words *words, const char *text, size_t size);

/** Takes text without blanks that is not all ASCII: words, emoji, and the blanks and marks beyond ASCII. */
void tlm_words_take_wide(tlm_words *words, const char *text, size_t size);

/** Adds an emote's or emoji's valence. */
void tlm_words_add_emote(tlm_words *words, const tlm_entry *entry);

/**
 * A word that is not in the lexicon as it stands, but may be without its lengthening ("goooood", "hahahahaha"). NULL:
 * it is not. *ret_key is the key that was found.
 */
const tlm_entry *tlm_fallback_find(const tlm_lexicon *lexicon, const char *text, size_t size, tlm_key *ret_key);

/** The entry for the tail of a channel's emote ("LUL" of "doodLUL"), or NULL. */
const tlm_entry *tlm_fallback_tail(const tlm_lexicon *lexicon, const char *text, size_t size);

/** Whether `word` has three or more equal bytes in a row, or repeats two throughout: worth tlm_fallback_find. */
bool tlm_fallback_is_worth(const char *text, size_t size);

#endif
