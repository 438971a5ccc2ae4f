/* SPDX-License-Identifier: Apache-2.0 */
/* Events as a pure function of the options and their number: a log that exists as a whole and can be read anywhere.
 *
 * Event `number` belongs to stream number % stream_count. The streams take turns at equal steps, and each event lies
 * somewhere in its step, so times rise with the numbers. The first event of a stream is its stream_start; a viewer
 * event comes about every 5 s; the rest is chat with now and then a transaction, and rarely a change of title or
 * category or a raid. Only integer arithmetic decides about content, so equal options give equal bytes on every
 * machine. */
#ifndef TLM_MOCK_FLAT_H
#define TLM_MOCK_FLAT_H

#include "options.h"
#include "put.h"

#include <telemetra/event.h>

__extension__ typedef unsigned __int128 tlm_mock_wide;

typedef struct tlm_flat {
    tlm_mock_options options;
    tlm_mock_wide step; /* between two events of all streams: 2^-32 ns */
    uint64_t step_ns;
    uint64_t seed_hash;
    uint32_t viewer_period; /* a viewer event is each so many events of a stream */
    uint32_t id_head_size;
    char id_head[32]; /* "m-<start>-" */
    tlm_put_clock clock;
} tlm_flat;

/* Prepares the log; the names are borrowed for its life. One thread a log. */
void tlm_flat_init(tlm_flat *flat, const tlm_mock_options *options);

/* When event `number` happens. */
int64_t tlm_flat_time_ns(const tlm_flat *flat, int64_t number);

/* Events before the last year that telemetra knows of ends. */
int64_t tlm_flat_count(const tlm_flat *flat);

/* Writes event `number`, which happens at `time_ns`, to `out`, which has TLM_MOCK_EVENT_SIZE_MAX bytes: its size;
 * *ret_kind is TLM_EVENT_... */
size_t tlm_flat_write(tlm_flat *flat, int64_t number, int64_t time_ns, char *out, uint32_t *ret_kind);

#endif
