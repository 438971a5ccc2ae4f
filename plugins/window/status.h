/* SPDX-License-Identifier: Apache-2.0 */
/* What is known of a stream itself: whether it is live, its title, its viewers (contract section 2, "A stream").
 *
 * A status is a function of the set of events applied to it, never of their order: each value belongs to the event with
 * the highest stamp (timestamp, then event_id bytes) that says something about it. So what was saved at any time and
 * the events since, some of them twice, give the same status. One thread at a time. */
#ifndef TLM_WINDOW_STATUS_H
#define TLM_WINDOW_STATUS_H

#include <telemetra/event.h>

#include "common/buffer.h"

#include <stdbool.h>

/* A stream without an event for so long is not live. */
#define TLM_STATUS_QUIET_NS (INT64_C(15) * 60 * 1000000000)

/* Longest event_id. */
#define TLM_STAMP_ID_MAX 128

/* Time and id of an event. All zero: of none, before all others. */
typedef struct {
    int64_t time_ns;
    char *id; /* owned */
    uint8_t size;
    uint8_t capacity;
    bool is_set;
} tlm_stamp;

/* Negative, 0 or positive as the stamp lies before, at or behind (time, id). */
int tlm_stamp_compare(const tlm_stamp *stamp, int64_t time_ns, tlm_text id);
/* 0, or -ENOMEM with the stamp as it was. */
int tlm_stamp_set(tlm_stamp *stamp, int64_t time_ns, tlm_text id);
void tlm_stamp_finish(tlm_stamp *stamp);
static inline tlm_text tlm_stamp_id(const tlm_stamp *stamp)
{
    return (tlm_text){.data = stamp->id, .size = stamp->size};
}

enum { TLM_FIELD_NAME, TLM_FIELD_TITLE, TLM_FIELD_CATEGORY, TLM_FIELD_LANGUAGE, TLM_FIELD_COUNT };

/* A text that the last event to name it has set. */
typedef struct {
    char *text; /* owned */
    uint32_t size;
    tlm_stamp stamp;
} tlm_status_field;

/* What only stream_meta events tell. */
typedef struct {
    tlm_stamp ended;   /* of the last stream_end */
    tlm_stamp started; /* of the last stream_start */
    int64_t started_at_ns;
    tlm_status_field fields[TLM_FIELD_COUNT];
} tlm_status_meta;

typedef struct {
    int64_t first_ns; /* of the earliest event; INT64_MAX before it */
    int64_t last_ns;  /* of the latest event; INT64_MIN before it */
    int64_t viewer_count;
    tlm_stamp viewer;      /* of the last viewer event */
    tlm_stamp revived;     /* of the last event that makes an ended stream live again */
    tlm_status_meta *meta; /* owned; NULL until a stream_meta event tells something */
} tlm_status;

#define TLM_STATUS_INIT                                                                                                \
    {                                                                                                                  \
        .first_ns = INT64_MAX, .last_ns = INT64_MIN                                                                    \
    }

/* What an event has changed. */
enum {
    TLM_STATUS_CHANGED = 1u << 0, /* anything but last_ns: must be saved before the event can no longer be read again */
    TLM_STATUS_VISIBLE = 1u << 1  /* what a `streams` row shows, last_event_at apart */
};

/* Applies an event that was not applied before; a negative result (-ENOMEM) leaves it applied in part. Else flags. */
int tlm_status_apply(tlm_status *status, const tlm_events *batch, const tlm_event *event);

/* The same for a chat event, in a few instructions. */
static inline int tlm_status_touch(tlm_status *status, int64_t time_ns)
{
    if (time_ns > status->last_ns)
        status->last_ns = time_ns;
    if (time_ns >= status->first_ns)
        return 0;
    status->first_ns = time_ns;
    return TLM_STATUS_CHANGED | (status->meta && status->meta->started.is_set ? 0 : (int)TLM_STATUS_VISIBLE);
}

/* Whether the stream is live at `quiet_ns`, the time by which silence is judged. */
bool tlm_status_is_live(const tlm_status *status, int64_t quiet_ns);

/* When the stream began, by the last stream_start, else by its first event. */
int64_t tlm_status_started_at(const tlm_status *status);

/* The field's text; no data: not known. */
tlm_text tlm_status_text(const tlm_status *status, unsigned field);

void tlm_status_finish(tlm_status *status);
size_t tlm_status_size_bytes(const tlm_status *status);

#endif
