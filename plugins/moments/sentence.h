/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers as a streamer reads them, for the sentences of moments. No state, no locale. */
#ifndef TLM_MOMENTS_SENTENCE_H
#define TLM_MOMENTS_SENTENCE_H

#include <stddef.h>
#include <stdint.h>

/* Room for any of the texts below. */
#define TLM_WORDS_SIZE 48

/* "1,040"; from 100 on whole, below with at most one decimal: "68", "2.4", "0". */
const char *tlm_words_number(double value, char out[static TLM_WORDS_SIZE]);
/* Money: "99.80", "1,250.00", "500" for bits. */
const char *tlm_words_amount(double value, unsigned decimals, char out[static TLM_WORDS_SIZE]);
/* "16" or "2.4": how many times, whole from 10 on. */
const char *tlm_words_times(double ratio, char out[static TLM_WORDS_SIZE]);
/* "+0.42", "-0.08", "0.00" */
const char *tlm_words_mood(double value, char out[static TLM_WORDS_SIZE]);
/* "10 s", "2 min" */
const char *tlm_words_span(int64_t span_ns, char out[static TLM_WORDS_SIZE]);

#endif
