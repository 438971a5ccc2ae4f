/* SPDX-License-Identifier: Apache-2.0 */
/* The data files of this folder as they were when the plugin was built; see data/ for their sources and licences. */
#ifndef TLM_SENTIMENT_BUILTIN_H
#define TLM_SENTIMENT_BUILTIN_H

#include <stddef.h>

extern const unsigned char tlm_builtin_lexicon[];
extern const size_t tlm_builtin_lexicon_size;

#endif
