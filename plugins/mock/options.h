/* SPDX-License-Identifier: Apache-2.0 */
/* What a generated log depends on, and the bounds of it. */
#ifndef TLM_MOCK_OPTIONS_H
#define TLM_MOCK_OPTIONS_H

#include <telemetra/base.h>

#include <stdbool.h>

/* Largest stream id (contract section 1), and the room for it when each byte is escaped. */
#define TLM_MOCK_NAME_SIZE_MAX 255
#define TLM_MOCK_ESCAPED_SIZE_MAX (2 * TLM_MOCK_NAME_SIZE_MAX)

/* No event is longer. */
#define TLM_MOCK_EVENT_SIZE_MAX 3072

#define TLM_MOCK_STREAMS_MAX 1000000
#define TLM_MOCK_RATE_MIN 0.001
#define TLM_MOCK_RATE_MAX 1000000.0

/* Messages a second over all streams that the lifelike model takes: it holds half a second of them at a time. */
#define TLM_MOCK_LIFELIKE_RATE_MAX 2000000.0

#define TLM_MOCK_EPISODES_MAX 12

/* How events come about. The values are those of the option `model`. */
enum { TLM_MODEL_LIFELIKE = 1, TLM_MODEL_FLAT = 2 };

typedef struct tlm_mock_options {
    uint32_t model;        /* TLM_MODEL_... */
    uint32_t stream_count; /* 1 .. TLM_MOCK_STREAMS_MAX */
    uint64_t seed;
    int64_t start_ms;  /* epoch milliseconds of the run's start */
    uint32_t chatters; /* distinct users a stream (flat), size of its core crowd (lifelike); at least 1 */
    bool chat_only;    /* no event of another kind, not even a stream_start */
    bool no_emotes;
    double rate;           /* events (lifelike: messages) per second and stream, TLM_MOCK_RATE_MIN .. _MAX */
    double episodes;       /* lifelike: planted ones per hour and stream, 0 .. TLM_MOCK_EPISODES_MAX */
    const tlm_text *names; /* ids as they stand in JSON strings, borrowed; NULL: stream_0001, stream_0002 ... */
} tlm_mock_options;

/* A hash of all options but start_ms: equal logs have equal ones. */
uint64_t tlm_mock_options_hash(const tlm_mock_options *options);

#endif
