/* SPDX-License-Identifier: Apache-2.0 */
/* Exact sums of money, one a currency, sorted by its three letters. One thread at a time. */
#ifndef TLM_WINDOW_AMOUNTS_H
#define TLM_WINDOW_AMOUNTS_H

#include <telemetra/base.h>

#include "common/decimal.h"

__extension__ typedef unsigned __int128 tlm_wide_bits;

/* A 128-bit integer from the SDK's two words, and back. */
static inline tlm_wide tlm_wide_of(tlm_int128 value)
{
    return (tlm_wide)((tlm_wide_bits)(uint64_t)value.high << 64 | value.low);
}

static inline tlm_int128 tlm_wide_split(tlm_wide value)
{
    return (tlm_int128){.low = (uint64_t)(tlm_wide_bits)value, .high = (int64_t)(value >> 64)};
}

typedef struct {
    tlm_wide units; /* 10^-TLM_DECIMAL_SCALE */
    char currency[4];
} tlm_amount;

/* Start from all zero. At most 26^3 currencies. */
typedef struct {
    tlm_amount *items; /* owned */
    uint32_t count;
    uint32_t capacity;
} tlm_amounts;

/* Adds to the sum of a currency, which thereby is seen, even if `units` is 0. 0 or -ENOMEM. */
int tlm_amounts_add(tlm_amounts *amounts, const char currency[static 3], tlm_wide units);

/* Forgets the sums, keeps the memory. */
void tlm_amounts_clear(tlm_amounts *amounts);
void tlm_amounts_finish(tlm_amounts *amounts);
static inline size_t tlm_amounts_size_bytes(const tlm_amounts *amounts)
{
    return amounts->capacity * sizeof *amounts->items;
}

#endif
