/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file suggest.h
 * "Did you mean": the candidate nearest to a misspelled word.
 */
#ifndef TLM_CORE_SUGGEST_H
#define TLM_CORE_SUGGEST_H

#include <telemetra/base.h>

/** Longest word that is compared, in bytes; a longer one has no near candidates. */
#define TLM_SUGGEST_SIZE_MAX 64

/** A search under way: candidates are offered one by one. Any number of searches at once. */
typedef struct tlm_suggest {
    const char *wanted;
    const char *nearest; /**< NULL while no candidate is near enough */
    size_t distance;     /**< of `nearest` */
} tlm_suggest;

/** A search for words near `wanted`, which must outlive it. */
tlm_suggest tlm_suggest_begin(const char *wanted);

/** Offers a candidate, which must outlive the search. Among equally near ones the first stays. */
void tlm_suggest_offer(tlm_suggest *search, const char *candidate);

/** Bytes of `tlm_suggest_format`. */
#define TLM_SUGGEST_TEXT_SIZE (TLM_SUGGEST_SIZE_MAX + 32)

/** Writes "; did you mean 'x'?" or, when nothing is near, an empty text; returns `out`. */
const char *tlm_suggest_format(const tlm_suggest *search, char out[static TLM_SUGGEST_TEXT_SIZE]);

/**
 * How many insertions, deletions, replacements and swaps of neighbours turn `a` into `b`, upper and lower case being
 * the same: the Damerau-Levenshtein distance in its restricted form (optimal string alignment). F. J. Damerau, "A
 * technique for computer detection and correction of spelling errors", CACM 7(3), 1964; V. I. Levenshtein, 1966.
 * SIZE_MAX when either is longer than TLM_SUGGEST_SIZE_MAX.
 */
size_t tlm_suggest_distance(const char *a, const char *b);

#endif
