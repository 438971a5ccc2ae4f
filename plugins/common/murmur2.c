#include "common/murmur2.h"

#include <assert.h>

static const uint32_t seed = 0x9747b28c;
static const uint32_t multiplier = 0x5bd1e995;

/* Little-endian on every machine. */
static uint32_t read_word(const unsigned char *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static uint32_t mix_word(uint32_t hash, uint32_t word)
{
    word *= multiplier;
    word ^= word >> 24;
    word *= multiplier;
    return hash * multiplier ^ word;
}

static uint32_t mix_tail(uint32_t hash, const unsigned char *at, size_t size)
{
    if (!size)
        return hash;
    for (size_t i = 0; i < size; i++)
        hash ^= (uint32_t)at[i] << (8 * i);
    return hash * multiplier;
}

uint32_t tlm_murmur2(const void *bytes, size_t size)
{
    const unsigned char *at = bytes;
    uint32_t hash = seed ^ (uint32_t)size;

    for (; size >= 4; at += 4, size -= 4)
        hash = mix_word(hash, read_word(at));
    hash = mix_tail(hash, at, size);
    hash ^= hash >> 13;
    hash *= multiplier;
    return hash ^ hash >> 15;
}

uint32_t tlm_murmur2_partition(uint32_t hash, uint32_t partitions)
{
    assert(partitions > 0);
    return (hash & 0x7fffffff) % partitions;
}
