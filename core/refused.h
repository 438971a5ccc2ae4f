/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file refused.h
 * Which records of an input a lane refused for lying too far ahead of the clock. That cannot be judged again, so it is
 * kept as slow state, a bit a record, as long as their place may be read again to refill. One thread.
 */
#ifndef TLM_CORE_REFUSED_H
#define TLM_CORE_REFUSED_H

#include <telemetra/telemetra.h>

/** Component of the slow state; no instance can have this name. */
#define TLM_REFUSED_COMPONENT ":refused"

/** Records of a block: number N begins with record N x TLM_REFUSED_RECORDS. */
#define TLM_REFUSED_RECORDS 4096

typedef struct tlm_refused_block {
    int64_t number;
    uint32_t is_changed; /**< since it was last stored */
    uint8_t bits[TLM_REFUSED_RECORDS / 8];
} tlm_refused_block;

/** Of one input; only blocks with a bit set are there, in order. Zero-initialised; free with tlm_refused_finish. */
typedef struct tlm_refused {
    tlm_refused_block *blocks;
    uint32_t count, capacity;
} tlm_refused;

/** Notes a record. -ENOMEM. */
int tlm_refused_add(tlm_refused *refused, int64_t ordinal);
/** Puts a stored block back. -ENOMEM. */
int tlm_refused_load(tlm_refused *refused, int64_t number, const uint8_t *bits);
int tlm_refused_has(const tlm_refused *refused, int64_t ordinal);
/** How many blocks, from the first, end before a record. */
uint32_t tlm_refused_blocks_before(const tlm_refused *refused, int64_t ordinal);
/** Forgets so many blocks, from the first. */
void tlm_refused_drop(tlm_refused *refused, uint32_t count);
void tlm_refused_finish(tlm_refused *refused);

#endif
