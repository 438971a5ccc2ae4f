/* SPDX-License-Identifier: Apache-2.0 */
/* Keys: a word in lower case, eight bytes at a time. ASCII letters only are folded, as the lexicon is English. */
#ifndef TLM_SENTIMENT_KEY_H
#define TLM_SENTIMENT_KEY_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/** Longest key in bytes. */
enum { TLM_KEY_MAX = 32, TLM_KEY_BLOCKS = TLM_KEY_MAX / 8 };

#define TLM_EACH_BYTE UINT64_C(0x0101010101010101)
#define TLM_HIGH_BITS (TLM_EACH_BYTE << 7)

typedef struct tlm_key {
    uint64_t block[TLM_KEY_BLOCKS]; /* only the first (size + 7) / 8 are set, with zeros behind the last byte */
    uint64_t hash;
    uint32_t size;
    bool has_upper, has_lower;
} tlm_key;

/** Eight bytes, the first in the lowest bits whatever the machine. */
static inline uint64_t tlm_load8(const char *text)
{
    uint64_t bytes;
    memcpy(&bytes, text, sizeof bytes);
    return le64toh(bytes);
}

/** The lowest `size` bytes, 0 to 8. */
static inline uint64_t tlm_keep_bytes(uint64_t bytes, size_t size)
{
    return size >= 8 ? bytes : bytes & ((UINT64_C(1) << (size * 8)) - 1);
}

/** The high bit of each byte from `first` to `last`, both below 0x80: sums stay within their bytes. */
static inline uint64_t tlm_bytes_within(uint64_t bytes, unsigned first, unsigned last)
{
    uint64_t low = bytes & ~TLM_HIGH_BITS;
    return (low + (0x80 - first) * TLM_EACH_BYTE) & ~(low + (0x7f - last) * TLM_EACH_BYTE) & ~bytes & TLM_HIGH_BITS;
}

static inline uint64_t tlm_key_mix(uint64_t hash, uint64_t block)
{
    /* Multiplication carries low bits up; the shift brings high ones down for the next block. */
    hash = (hash ^ block) * UINT64_C(0x9E3779B97F4A7C15);
    return hash ^ hash >> 32;
}

/** ASCII capitals as small letters; *ret_upper and *ret_lower have the high bits of the bytes that were either. */
static inline uint64_t tlm_fold8(uint64_t bytes, uint64_t *ret_upper, uint64_t *ret_lower)
{
    uint64_t upper = tlm_bytes_within(bytes, 'A', 'Z');
    *ret_upper |= upper;
    *ret_lower |= tlm_bytes_within(bytes, 'a', 'z');
    return bytes | upper >> 2;
}

/** The end of a hash, whose high bits are the good ones. */
static inline uint64_t tlm_key_close(uint64_t hash)
{
    return hash * UINT64_C(0xD6E8FEB86659FD93);
}

/** The key of `size` bytes, 1 to TLM_KEY_MAX, behind which at least seven more are readable. */
static inline void tlm_key_make(tlm_key *key, const char *text, size_t size)
{
    uint64_t upper = 0, lower = 0, hash = 0;
    for (size_t at = 0, i = 0; at < size; at += 8, i++) {
        uint64_t block = tlm_fold8(tlm_keep_bytes(tlm_load8(text + at), size - at), &upper, &lower);
        key->block[i] = block;
        hash = tlm_key_mix(hash, block);
    }
    key->hash = tlm_key_close(hash);
    key->size = (uint32_t)size;
    key->has_upper = upper != 0;
    key->has_lower = lower != 0;
}

#endif
