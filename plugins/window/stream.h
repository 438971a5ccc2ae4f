/* SPDX-License-Identifier: Apache-2.0 */
/* One stream of a lane: its panes that have a window open, and its status. One thread at a time. */
#ifndef TLM_WINDOW_STREAM_H
#define TLM_WINDOW_STREAM_H

#include "geometry.h"
#include "roster.h"
#include "status.h"

/* The agendas of a lane (calendar.h). */
enum { TLM_AGENDA_CLOSING, TLM_AGENDA_RESTING, TLM_AGENDA_COUNT };

typedef struct tlm_stream tlm_stream;

/* Place in an agenda: the day it is due, and its neighbours of that day. */
typedef struct {
    int64_t day_ns; /* TLM_AGENDA_NONE: in none */
    tlm_stream *next, *previous;
} tlm_agenda_place;

#define TLM_AGENDA_NONE INT64_MAX
/* Not in a list of streams. */
#define TLM_LIST_NONE UINT32_MAX

struct tlm_stream {
    int64_t recent_start_ns; /* of `recent` */
    tlm_pane *recent;        /* the pane used last; NULL: none */
    tlm_pane_ref *panes;     /* owned, ascending */
    tlm_roster *roster;      /* owned; NULL while there are few chatters */
    uint32_t pane_count;
    uint32_t pane_capacity;
    uint32_t early_index;   /* in the list of streams changed since the last early rows, or TLM_LIST_NONE */
    uint32_t changed_index; /* in the list of streams that the next flush must look at, or TLM_LIST_NONE */
    bool live;              /* as far as it was looked at */
    bool visible;           /* a `streams` row is due */
    uint8_t id_size;
    int64_t save_by_ns; /* watermark by which the status must be saved; INT64_MAX: it is saved but for its last event */
    tlm_status status;
    tlm_agenda_place agenda[TLM_AGENDA_COUNT];
    uint64_t hash;
    int64_t *admitted; /* owned; an input's ordinal before which this stream was turned away; NULL: it never was */
    char id[];
};

/* A stream without panes and events, or NULL. */
tlm_stream *tlm_stream_create(tlm_text id, uint64_t hash);
/* Frees it; it must be in no agenda and list. NULL is fine. */
void tlm_stream_destroy(tlm_stream *stream, tlm_pane_pool *pool);

static inline tlm_text tlm_stream_id(const tlm_stream *stream)
{
    return (tlm_text){.data = stream->id, .size = stream->id_size};
}

/* The pane that begins then, or NULL; the second also makes one (NULL then: no memory). */
tlm_pane *tlm_stream_find_pane(tlm_stream *stream, int64_t start_ns);
tlm_pane *tlm_stream_need_pane(tlm_stream *stream, tlm_pane_pool *pool, int64_t start_ns);

/* Number of panes that begin before a time. */
uint32_t tlm_stream_panes_before(const tlm_stream *stream, int64_t time_ns);

/* Forgets the first `count` panes. */
void tlm_stream_drop_panes(tlm_stream *stream, tlm_pane_pool *pool, uint32_t count);

/* Bytes allocated, the panes themselves apart but with what they hold. */
size_t tlm_stream_size_bytes(const tlm_stream *stream);

#endif
