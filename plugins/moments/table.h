/* SPDX-License-Identifier: Apache-2.0 */
/* The streams of a lane, by id and by the age of their last row. Owns them. One thread at a time. */
#ifndef TLM_MOMENTS_TABLE_H
#define TLM_MOMENTS_TABLE_H

#include "stream.h"

/* Start from all zero. */
typedef struct {
    tlm_moments_stream **slots; /* owned; open addressing, a power of two, at most 3/4 full */
    uint32_t capacity, count;
    tlm_moments_stream *oldest, *newest;
} tlm_moments_table;

/* The stream of that id, or NULL. `hash` is the lane's own for that id. */
tlm_moments_stream *tlm_moments_table_find(const tlm_moments_table *table, uint64_t hash, tlm_text id);
/* Takes over a stream that is not there, as the newest. 0, or -ENOMEM with the stream still the caller's. */
int tlm_moments_table_add(tlm_moments_table *table, tlm_moments_stream *stream);
/* Makes it the newest. */
void tlm_moments_table_touch(tlm_moments_table *table, tlm_moments_stream *stream);
/* Takes it out and frees it. */
void tlm_moments_table_remove(tlm_moments_table *table, tlm_moments_stream *stream);
void tlm_moments_table_finish(tlm_moments_table *table);

#endif
