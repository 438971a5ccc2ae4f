/* SPDX-License-Identifier: Apache-2.0 */
/* The shape of 64 bytes of a message, one bit a byte: what is asked of all words at once costs no branch a byte or
 * word, which no processor can foretell. */
#ifndef TLM_SENTIMENT_SHAPE_H
#define TLM_SENTIMENT_SHAPE_H

#include "key.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

/** For what has to become part of a function that is built for more than one level of the architecture. */
#define TLM_HOT static inline __attribute__((always_inline))

enum { TLM_CHUNK = 64 };

/** Of `upper` to `pairs` only the bits of ASCII text before any that is not are right; of `twins` and `pairs` a bit may
 * be set in error. */
typedef struct {
    uint64_t solid, wide;  /* no blank; beyond ASCII */
    uint64_t upper, lower; /* letters */
    uint64_t twins, pairs; /* letters equal to the next, and to the next but one, whatever their case */
    uint64_t odd;          /* somewhere in a word that is not one to eight letters */
    uint64_t rare;         /* somewhere in a word that is more than an unknown one if it is not known as it stands */
} tlm_shape;

/** The high bit of each byte that is no blank; blanks are all bytes up to 0x20. */
static inline uint64_t tlm_shape_solid(uint64_t bytes)
{
    return (((bytes & ~TLM_HIGH_BITS) + 0x5f * TLM_EACH_BYTE) | bytes) & TLM_HIGH_BITS;
}

#if defined(__SSE2__)

TLM_HOT uint64_t tlm_shape_bits(__m128i bytes)
{
    return (uint64_t)(unsigned)_mm_movemask_epi8(bytes);
}

TLM_HOT __m128i tlm_shape_load(const char *at)
{
    return _mm_loadu_si128((const __m128i_u *)at);
}

/** All but `odd` and `rare` of the TLM_CHUNK bytes at `at`, which are readable. */
TLM_HOT tlm_shape tlm_shape_read(const char *at)
{
    const __m128i first = _mm_set1_epi8(' ' + 1), fold = _mm_set1_epi8(0x20), a = _mm_set1_epi8('a');
    tlm_shape bits = {0};
    for (unsigned i = 0; i < TLM_CHUNK; i += 16) {
        bool is_last = i == TLM_CHUNK - 16; /* its last bytes have none beside them, nor is there more to read */
        __m128i bytes = tlm_shape_load(at + i), folded = _mm_or_si128(bytes, fold), number = _mm_sub_epi8(folded, a);
        __m128i next = _mm_or_si128(is_last ? _mm_srli_si128(bytes, 1) : tlm_shape_load(at + i + 1), fold);
        __m128i after = _mm_or_si128(is_last ? _mm_srli_si128(bytes, 2) : tlm_shape_load(at + i + 2), fold);
        uint64_t letters = tlm_shape_bits(_mm_cmpeq_epi8(_mm_min_epu8(number, _mm_set1_epi8(25)), number));
        uint64_t small = tlm_shape_bits(_mm_slli_epi16(bytes, 2)); /* 0x20 to the sign */
        bits.solid |= tlm_shape_bits(_mm_cmpeq_epi8(_mm_max_epu8(bytes, first), bytes)) << i;
        bits.wide |= tlm_shape_bits(bytes) << i;
        bits.upper |= (letters & ~small) << i;
        bits.lower |= (letters & small) << i;
        bits.twins |= tlm_shape_bits(_mm_cmpeq_epi8(folded, next)) << i;
        bits.pairs |= tlm_shape_bits(_mm_cmpeq_epi8(folded, after)) << i;
    }
    return bits;
}
#else
/* The high bits of eight bytes side by side: the multiplication brings them into the top byte. */
static inline uint64_t tlm_shape_bits(uint64_t bytes)
{
    return ((bytes & TLM_HIGH_BITS) >> 7) * UINT64_C(0x0102040810204080) >> 56;
}

/* The high bit of each byte that is 0; one above it may be found in error. */
static inline uint64_t tlm_shape_zeros(uint64_t bytes)
{
    return (bytes - TLM_EACH_BYTE) & ~bytes & TLM_HIGH_BITS;
}

TLM_HOT tlm_shape tlm_shape_read(const char *at)
{
    tlm_shape bits = {0};
    for (unsigned i = 0; i < TLM_CHUNK; i += 8) {
        bool is_last = i == TLM_CHUNK - 8; /* its last bytes have none beside them, nor is there more to read */
        uint64_t bytes = tlm_load8(at + i), folded = bytes | 0x20 * TLM_EACH_BYTE;
        uint64_t next = (is_last ? bytes >> 8 : tlm_load8(at + i + 1)) | 0x20 * TLM_EACH_BYTE;
        uint64_t after = (is_last ? bytes >> 16 : tlm_load8(at + i + 2)) | 0x20 * TLM_EACH_BYTE;
        bits.solid |= tlm_shape_bits(tlm_shape_solid(bytes)) << i;
        bits.wide |= tlm_shape_bits(bytes) << i;
        bits.upper |= tlm_shape_bits(tlm_bytes_within(bytes, 'A', 'Z')) << i;
        bits.lower |= tlm_shape_bits(tlm_bytes_within(bytes, 'a', 'z')) << i;
        bits.twins |= tlm_shape_bits(tlm_shape_zeros(folded ^ next)) << i;
        bits.pairs |= tlm_shape_bits(tlm_shape_zeros(folded ^ after)) << i;
    }
    return bits;
}
#endif

/** Fills in `odd` and `rare`, of words whose bits are left in `solid`. */
TLM_HOT void tlm_shape_judge(tlm_shape *bits)
{
    uint64_t solid = bits->solid, two = solid & solid >> 1, four = two & two >> 2, nine = four & four >> 4 & solid >> 8;
    uint64_t pairs = bits->pairs & bits->pairs >> 1;
    bits->upper &= solid; /* others, and what lies behind the message, have no say */
    bits->lower &= solid;
    bits->odd = nine | (solid & ~(bits->upper | bits->lower));
    /* Worth tlm_fallback_find are three equal letters, and two that are repeated throughout six and more. A letter that
     * is a word may be one of a spelled word. */
    bits->rare = (bits->twins & bits->twins >> 1) | (pairs & pairs >> 2) | (bits->upper & ~(solid << 1 | solid >> 1));
}

#endif
