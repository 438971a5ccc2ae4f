/* How many distinct users, within 1 %, in at most 16 KiB, and mergeable: HyperLogLog with 2^14 registers.
 *
 * P. Flajolet et al., "HyperLogLog: the analysis of a near-optimal cardinality estimation algorithm", 2007: standard
 * error 1.04 / sqrt(16384) = 0.81 %. The estimator is the improved one of O. Ertl, "New cardinality estimation
 * algorithms for HyperLogLog sketches", 2017, arXiv:1702.01284, which is unbiased from 0 to 2^64 without tables.
 *
 * The content of a sketch is a function of the set of marks added, never of their order; so are its bytes and its
 * estimate. Start from TLM_SKETCH_INIT (all zero): an empty sketch owns no memory. One thread at a time. */
#ifndef TLM_COMMON_SKETCH_H
#define TLM_COMMON_SKETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TLM_SKETCH_PRECISION 14
#define TLM_SKETCH_REGISTERS (1u << TLM_SKETCH_PRECISION)

/* Bytes of the longest result of tlm_sketch_write: a version and 6 bits a register. */
#define TLM_SKETCH_SIZE (1 + TLM_SKETCH_REGISTERS * 6 / 8)

typedef struct {
    union {
        uint32_t *marks;    /* sparse: sorted, one a register, the highest seen */
        uint8_t *registers; /* dense: ranks, 0 where nothing was seen */
    } in;                   /* owned */
    uint16_t count;         /* sparse: marks in use */
    uint16_t capacity;      /* sparse: marks allocated */
    bool dense;
} tlm_sketch;

#define TLM_SKETCH_INIT                                                                                                \
    {                                                                                                                  \
        {0}, 0, 0, false                                                                                               \
    }

/* The hash that marks are made of: XXH3 (64 bits, seed 0), the same in every process and for all time, since sketches
 * of different days are merged. */
uint64_t tlm_sketch_hash(const void *bytes, size_t size);

/* All that a sketch keeps of a hash: 14 bits of register, 6 bits of rank (1..51); below 2^20 and never 0. */
uint32_t tlm_sketch_mark(uint64_t hash);

/* Frees the memory and leaves an empty sketch. NULL is fine. */
void tlm_sketch_finish(tlm_sketch *sketch);

/* 0, or -ENOMEM with the sketch as it was. `mark` comes from tlm_sketch_mark. */
int tlm_sketch_add(tlm_sketch *sketch, uint32_t mark);

/* Adds all that `other` has seen. 0, or -ENOMEM with the sketch as it was. */
int tlm_sketch_merge(tlm_sketch *sketch, const tlm_sketch *other);

/* The number of distinct hashes seen, rounded to the nearest integer; 0 exactly for an empty sketch. */
uint64_t tlm_sketch_estimate(const tlm_sketch *sketch);

/* Writes the sketch and returns the bytes written, 1 to TLM_SKETCH_SIZE. The first byte is version and form: 0x11,
 * then the distances between the sorted marks (the first from 0) as LEB128; or 0x12, then the ranks of all registers
 * with 6 bits each, four in three bytes, lowest bits first. The shorter form is taken, 0x12 when they are equal: equal
 * content gives equal bytes. */
size_t tlm_sketch_write(const tlm_sketch *sketch, uint8_t out[static TLM_SKETCH_SIZE]);

/* A new sketch from bytes of unknown origin. What *ret_sketch held before is overwritten, not freed. 0, -EINVAL for
 * bytes that tlm_sketch_write never writes, -ENOMEM. */
int tlm_sketch_read(const void *bytes, size_t size, tlm_sketch *ret_sketch);

/* Bytes allocated, the struct itself apart. */
size_t tlm_sketch_size_bytes(const tlm_sketch *sketch);

#endif
