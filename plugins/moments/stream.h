/* SPDX-License-Identifier: Apache-2.0 */
/* What is kept of one stream: what is usual for each of its metrics and which moments are open. Everything in it, the
 * links apart, follows from its final rows alone and is saved with them (state_code.h). */
#ifndef TLM_MOMENTS_STREAM_H
#define TLM_MOMENTS_STREAM_H

#include "baseline.h"
#include "episode.h"

#include <telemetra/base.h>

#include <stdbool.h>

/* Currencies of a stream whose amounts are watched: the first ones that it sees. */
#define TLM_CURRENCIES_MAX 4
/* A stream without a row for this long begins anew: what was usual is forgotten. It is then no longer live either
 * (contract section 2). */
#define TLM_STREAM_QUIET_NS (INT64_C(900) * 1000000000)

/* A metric that is followed row by row. */
typedef struct {
    tlm_baseline baseline;
    tlm_episode episode;
    double lasting;  /* while a moment is open: the level that it would leave behind */
    uint32_t slides; /* since its last reading */
} tlm_track;

/* Chat is followed by slides, whose episode is that of both, and by whole windows, which show what is weaker but lasts.
 */
typedef struct {
    tlm_track slides;
    tlm_baseline windows;
    double lasting; /* of windows, like tlm_track.lasting */
} tlm_chat;

/* The money of one currency, looked at in minutes (windows that do not overlap) that brought some. */
typedef struct {
    char code[4];      /* "USD" and a NUL */
    tlm_baseline paid; /* fourth roots of their amounts */
} tlm_currency;

typedef struct {
    tlm_track count; /* its episode is that of count and money together */
    tlm_currency currencies[TLM_CURRENCIES_MAX];
    uint32_t currency_count;
    int64_t window_gifts; /* what gifts gave beyond one each in the last row's window */
    double gift_rate;     /* mean of that; at least tlm_rate_least */
} tlm_donations;

typedef struct tlm_moments_stream {
    struct tlm_moments_stream *older, *newer; /* by the last row; the lane's */
    uint64_t hash;
    uint32_t changed_index; /* in the lane's list of streams to be saved; TLM_NOT_CHANGED */
    bool is_stored;         /* there is a saved state, to be removed when it is forgotten */
    int64_t first_ns;       /* begin of the first slide seen */
    int64_t last_end_ns;    /* end of the last row's window; INT64_MIN: none yet */
    tlm_chat chat;
    tlm_track viewers, sentiment;
    tlm_donations donations;
    uint32_t id_size;
    char id[];
} tlm_moments_stream;

#define TLM_NOT_CHANGED UINT32_MAX

/* A stream without rows; NULL when memory is short. */
tlm_moments_stream *tlm_moments_stream_create(tlm_text id, uint64_t hash);
void tlm_moments_stream_destroy(tlm_moments_stream *stream);
/* Forgets all but the id. */
void tlm_moments_stream_reset(tlm_moments_stream *stream);

static inline tlm_text tlm_moments_stream_id(const tlm_moments_stream *stream)
{
    return (tlm_text){.data = stream->id, .size = stream->id_size};
}

#endif
