/* SPDX-License-Identifier: Apache-2.0 */
/* Batches of generated records, each with its own bytes; a few freed ones are kept for the next use. The pool lives
 * until its owner and the last batch have let go of it. References are given back from any thread. */
#ifndef TLM_MOCK_BATCH_H
#define TLM_MOCK_BATCH_H

#include <telemetra/event.h>

#include <stdatomic.h>

/* Freed batches that are kept. */
#define TLM_MOCK_BATCHES_MAX 32

typedef struct tlm_mock_pool tlm_mock_pool;

typedef struct tlm_mock_batch {
    tlm_records public; /* first: what the host gets */
    tlm_mock_pool *pool;
    struct tlm_mock_batch *next; /* in the list of free ones */
    atomic_uint refs;
    uint32_t max_records;
    size_t capacity; /* bytes for texts; TLM_PADDING lie behind them */
    tlm_record *items;
    char *bytes;
} tlm_mock_batch;

/* 0 or -ENOMEM. */
int tlm_mock_pool_create(tlm_mock_pool **ret_pool);

/* Gives the owner's reference back; NULL is fine. */
void tlm_mock_pool_unref(tlm_mock_pool *pool);

/* A batch for so many records and bytes at least; NULL when memory is short. */
tlm_mock_batch *tlm_mock_pool_take(tlm_mock_pool *pool, uint32_t max_records, size_t capacity);

/* Makes a filled batch public: the caller's reference is now one to the records. */
const tlm_records *tlm_mock_batch_finish(tlm_mock_batch *batch, uint32_t count, size_t size, tlm_position next);

#endif
