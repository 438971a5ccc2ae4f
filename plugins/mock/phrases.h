/* SPDX-License-Identifier: Apache-2.0 */
/* What the lifelike chat says: templates in which a letter behind % stands for a word of a list. UTF-8 without quotes,
 * backslashes and control characters: it is copied into JSON as it is. */
#ifndef TLM_MOCK_PHRASES_H
#define TLM_MOCK_PHRASES_H

#include <stdint.h>

typedef struct tlm_phrases {
    const char *const *items;
    uint32_t count;
} tlm_phrases;

/* Groups of templates. */
enum {
    TLM_PHRASES_NEUTRAL,
    TLM_PHRASES_GLAD,
    TLM_PHRASES_SAD,
    TLM_PHRASES_QUESTION,
    TLM_PHRASES_GREETING,
    TLM_PHRASES_COMMAND,
    TLM_PHRASES_LONG,
    TLM_PHRASES_SHORT, /* reactions of a word or two */
    TLM_PHRASES_SHORT_GLAD,
    TLM_PHRASES_SHORT_SAD,
    TLM_PHRASES_HYPE,   /* something just happened */
    TLM_PHRASES_THANKS, /* somebody gave */
    TLM_PHRASES_RAID,
    TLM_PHRASES_GIVING, /* with a donation */
    TLM_PHRASE_GROUPS
};

/* %n thing, %g good, %b bad, %i very, %w who, %v did, %t when, %p place in the game, %j emoji. */
const tlm_phrases *tlm_phrases_of(uint32_t group);

/* The words that a template's letter stands for; NULL for another letter. */
const tlm_phrases *tlm_phrase_words(char letter);

#endif
