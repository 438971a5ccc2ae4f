/* SPDX-License-Identifier: Apache-2.0 */
/* Events as a pure function of the options and their number: a log that exists as a whole and can be read anywhere.
 *
 * Event `number` belongs to stream number % stream_count. The streams take turns at equal steps, and each event lies
 * somewhere in its step, so times rise with the numbers. The first event of a stream is its stream_start; a viewer
 * event comes about every 5 s; the rest is chat with now and then a transaction, and rarely a change of title or
 * category or a raid. Only integer arithmetic decides about content, so equal options give equal bytes on every
 * machine. */
#ifndef TLM_MOCK_GENERATOR_H
#define TLM_MOCK_GENERATOR_H

#include <telemetra/event.h>

#include <stdbool.h>

/* Largest stream id (contract section 1), and the room for it when each byte is escaped. */
#define TLM_MOCK_NAME_SIZE_MAX 255
#define TLM_MOCK_ESCAPED_SIZE_MAX (2 * TLM_MOCK_NAME_SIZE_MAX)

/* No event is longer. */
#define TLM_MOCK_EVENT_SIZE_MAX 3072

#define TLM_MOCK_STREAMS_MAX 1000000
#define TLM_MOCK_RATE_MIN 0.001
#define TLM_MOCK_RATE_MAX 1000000.0

typedef struct tlm_generator_options {
    uint64_t seed;
    int64_t start_ms;      /* epoch milliseconds of the run's start */
    uint32_t stream_count; /* 1 .. TLM_MOCK_STREAMS_MAX */
    uint32_t chatters;     /* distinct users a stream, at least 1 */
    bool chat_only;        /* no event of another kind, not even a stream_start */
    bool no_emotes;
    double rate;           /* events per second and stream, TLM_MOCK_RATE_MIN .. TLM_MOCK_RATE_MAX */
    const tlm_text *names; /* ids as they stand in JSON strings; NULL: stream_0001, stream_0002 ... */
} tlm_generator_options;

__extension__ typedef unsigned __int128 tlm_mock_wide;

typedef struct tlm_generator {
    tlm_generator_options options;
    tlm_mock_wide step; /* between two events of all streams: 2^-32 ns */
    uint64_t step_ns;
    uint64_t seed_hash;
    uint32_t viewer_period; /* a viewer event is each so many events of a stream */
    uint32_t id_head_size;
    char id_head[32]; /* "m-<start>-" */
    int64_t second;   /* the second that `date` shows */
    char date[32];    /* "2026-01-01T00:00:00" */
} tlm_generator;

/* Prepares the generator; the names are borrowed for its life. One thread a generator. */
void tlm_generator_init(tlm_generator *generator, const tlm_generator_options *options);

/* When event `number` happens. */
int64_t tlm_generator_time_ns(const tlm_generator *generator, int64_t number);

/* Events before the last year that telemetra knows of ends. */
int64_t tlm_generator_count(const tlm_generator *generator);

/* Writes event `number` to `out`, which has TLM_MOCK_EVENT_SIZE_MAX bytes: its size; *ret_kind is TLM_EVENT_... */
size_t tlm_generator_write(tlm_generator *generator, int64_t number, char *out, uint32_t *ret_kind);

/* A hash of all options but start_ms: equal logs have equal ones. */
uint64_t tlm_generator_hash(const tlm_generator_options *options);

#endif
