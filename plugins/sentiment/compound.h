/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TLM_SENTIMENT_COMPOUND_H
#define TLM_SENTIMENT_COMPOUND_H

#include <stdint.h>

/**
 * x / sqrt(x^2 + 15) of a sum x of valences, given in 10^-9: the normalisation of Hutto and Gilbert 2014. In 0.0001,
 * rounded half to even, exactly.
 */
int16_t tlm_compound(int64_t sum);

#endif
