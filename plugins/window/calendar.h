/* SPDX-License-Identifier: Apache-2.0 */
/* Which streams are due when: days in ascending order, each with the streams entered for it. However far apart days
 * are, going from one to the next is one step. Owns no stream; a stream stands in a calendar at most once. One thread
 * at a time. */
#ifndef TLM_WINDOW_CALENDAR_H
#define TLM_WINDOW_CALENDAR_H

#include "stream.h"

typedef struct {
    int64_t day_ns;
    tlm_stream *streams;
} tlm_calendar_day;

typedef struct {
    tlm_calendar_day *days; /* owned */
    size_t first;           /* of those in use */
    size_t end;
    size_t capacity;
    unsigned agenda; /* TLM_AGENDA_...: the place in a stream that is this calendar's */
} tlm_calendar;

/* Enters a stream for a day, whether or not it stood at another. 0 or -ENOMEM. */
int tlm_calendar_enter(tlm_calendar *calendar, tlm_stream *stream, int64_t day_ns);
/* Takes the stream out, if it is in. */
void tlm_calendar_leave(tlm_calendar *calendar, tlm_stream *stream);
/* The first day, on which nobody may stand any more, or INT64_MAX. */
static inline int64_t tlm_calendar_first(const tlm_calendar *calendar)
{
    return calendar->first < calendar->end ? calendar->days[calendar->first].day_ns : INT64_MAX;
}
/* Takes a stream of the first day out and returns it; NULL after the last one, and the day is over. */
tlm_stream *tlm_calendar_next(tlm_calendar *calendar);
void tlm_calendar_finish(tlm_calendar *calendar);
size_t tlm_calendar_size_bytes(const tlm_calendar *calendar);

#endif
