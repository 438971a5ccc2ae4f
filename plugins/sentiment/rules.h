/* SPDX-License-Identifier: Apache-2.0 */
/* The second pass: what the words of a message come to together. Whole numbers in 10^-9 of a valence point, so that
 * every machine gets the same. */
#ifndef TLM_SENTIMENT_RULES_H
#define TLM_SENTIMENT_RULES_H

#include "words.h"

#define TLM_VALENCE_ONE INT64_C(1000000000)

/** The sum of what words, emotes and marks say. False, and nothing set: nothing in the message could be scored. */
bool tlm_rules_sum(const tlm_words *words, tlm_text message, int64_t *ret_sum);

#endif
