/* SPDX-License-Identifier: Apache-2.0 */
#include "fingerprint.h"

#include <string.h>

enum { HASH_BITS = 48 };

#define HASH_MASK ((UINT64_C(1) << HASH_BITS) - 1)

/* FNV-1a, 64 bits: http://www.isthe.com/chongo/tech/comp/fnv/ (it can be carried on byte by byte). */
#define FNV_BASIS UINT64_C(0xcbf29ce484222325)
#define FNV_PRIME UINT64_C(0x100000001b3)

void tlm_fingerprint_init(tlm_fingerprint *print)
{
    print->size = 0;
    print->hashed = 0;
    print->hash = FNV_BASIS;
}

void tlm_fingerprint_feed(tlm_fingerprint *print, const char *bytes, size_t size)
{
    size_t room = TLM_FINGERPRINT_SIZE - print->size;
    size_t taken = size < room ? size : room;

    memcpy(print->bytes + print->size, bytes, taken);
    print->size += taken;
}

uint64_t tlm_fingerprint_generation(tlm_fingerprint *print, uint32_t index, int64_t offset)
{
    size_t wanted = offset < TLM_FINGERPRINT_SIZE ? (size_t)offset : TLM_FINGERPRINT_SIZE;

    if (wanted < print->hashed) {
        print->hashed = 0;
        print->hash = FNV_BASIS;
    }
    for (; print->hashed < wanted; print->hashed++)
        print->hash = (print->hash ^ (unsigned char)print->bytes[print->hashed]) * FNV_PRIME;
    return tlm_fingerprint_renumber(print->hash ^ print->hash >> HASH_BITS, index);
}

/* Where the line that begins at `offset` ends, as far as is known. */
static int64_t line_end(const tlm_fingerprint *print, int64_t offset)
{
    const char *feed = memchr(print->bytes + offset, '\n', print->size - (size_t)offset);

    return feed ? feed - print->bytes : (int64_t)print->size;
}

bool tlm_fingerprint_has_place(tlm_fingerprint *print, uint64_t generation, int64_t offset)
{
    uint32_t index = tlm_fingerprint_index(generation);
    int64_t size = (int64_t)print->size;

    if (offset > size && size < TLM_FINGERPRINT_SIZE)
        return false;
    if (offset > 0 && tlm_fingerprint_generation(print, index, offset) == generation)
        return true;
    return offset < size && tlm_fingerprint_generation(print, index, line_end(print, offset)) == generation;
}

uint32_t tlm_fingerprint_index(uint64_t generation)
{
    return (uint32_t)(generation >> HASH_BITS) - 1;
}

uint64_t tlm_fingerprint_renumber(uint64_t generation, uint32_t index)
{
    return (uint64_t)(index + 1) << HASH_BITS | (generation & HASH_MASK);
}
