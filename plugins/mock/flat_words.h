/* SPDX-License-Identifier: Apache-2.0 */
/* What streams of the flat model talk about, and titles, categories and parts of names for both. Plain ASCII without
 * quotes and backslashes: it is copied into JSON as it is. */
#ifndef TLM_MOCK_FLAT_WORDS_H
#define TLM_MOCK_FLAT_WORDS_H

#include <stdint.h>

/* A word in a slot of fixed size, so that it can be copied without looking at its length first. */
#define TLM_WORD_SIZE 15

typedef struct tlm_word {
    char text[TLM_WORD_SIZE + 1];
} tlm_word;

enum { TLM_WORDS = 64, TLM_EMOTES = 24, TLM_NAME_PARTS = 32, TLM_TITLES = 8, TLM_CATEGORIES = 12 };

extern const tlm_word tlm_words[TLM_WORDS];
extern const tlm_word tlm_emotes[TLM_EMOTES]; /* the most used first */
extern const tlm_word tlm_name_heads[TLM_NAME_PARTS];
extern const tlm_word tlm_name_tails[TLM_NAME_PARTS];
extern const char *const tlm_titles[TLM_TITLES];
extern const char *const tlm_categories[TLM_CATEGORIES];

#endif
