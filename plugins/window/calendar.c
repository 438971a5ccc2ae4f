/* SPDX-License-Identifier: Apache-2.0 */
#include "calendar.h"

#include <stdlib.h>

/* The first day at this time or later. */
static size_t index_of(const tlm_calendar *calendar, int64_t day_ns)
{
    size_t first = calendar->first;
    size_t left = calendar->end - calendar->first;
    while (left > 0) {
        size_t half = left / 2;
        bool is_before = calendar->days[first + half].day_ns < day_ns;
        first = is_before ? first + half + 1 : first;
        left = is_before ? left - half - 1 : half;
    }
    return first;
}

/* Room for one more day at the end. */
static int make_room(tlm_calendar *calendar)
{
    if (calendar->end < calendar->capacity)
        return 0;
    size_t count = calendar->end - calendar->first;
    if (calendar->first <= calendar->capacity / 2) {
        size_t capacity = calendar->capacity ? calendar->capacity * 2 : 16;
        tlm_calendar_day *days = realloc(calendar->days, capacity * sizeof *days);
        if (!days)
            return -ENOMEM;
        calendar->days = days;
        calendar->capacity = capacity;
    }
    memmove(calendar->days, calendar->days + calendar->first, count * sizeof *calendar->days);
    calendar->first = 0;
    calendar->end = count;
    return 0;
}

static int find_day(tlm_calendar *calendar, int64_t day_ns, size_t *ret_at)
{
    size_t at = index_of(calendar, day_ns);
    if (at == calendar->end || calendar->days[at].day_ns != day_ns) {
        if (make_room(calendar) < 0)
            return -ENOMEM;
        at = index_of(calendar, day_ns);
        memmove(calendar->days + at + 1, calendar->days + at, (calendar->end - at) * sizeof *calendar->days);
        calendar->days[at] = (tlm_calendar_day){.day_ns = day_ns};
        calendar->end++;
    }
    *ret_at = at;
    return 0;
}

int tlm_calendar_enter(tlm_calendar *calendar, tlm_stream *stream, int64_t day_ns)
{
    tlm_agenda_place *place = &stream->agenda[calendar->agenda];
    if (place->day_ns == day_ns)
        return 0;
    size_t at;
    if (find_day(calendar, day_ns, &at) < 0)
        return -ENOMEM;
    tlm_calendar_leave(calendar, stream);
    tlm_stream *head = calendar->days[at].streams;
    *place = (tlm_agenda_place){.day_ns = day_ns, .next = head};
    if (head)
        head->agenda[calendar->agenda].previous = stream;
    calendar->days[at].streams = stream;
    return 0;
}

void tlm_calendar_leave(tlm_calendar *calendar, tlm_stream *stream)
{
    tlm_agenda_place *place = &stream->agenda[calendar->agenda];
    if (place->day_ns == TLM_AGENDA_NONE)
        return;
    if (place->next)
        place->next->agenda[calendar->agenda].previous = place->previous;
    if (place->previous)
        place->previous->agenda[calendar->agenda].next = place->next;
    else
        calendar->days[index_of(calendar, place->day_ns)].streams = place->next;
    *place = (tlm_agenda_place){.day_ns = TLM_AGENDA_NONE};
}

tlm_stream *tlm_calendar_next(tlm_calendar *calendar)
{
    tlm_stream *stream = calendar->days[calendar->first].streams;
    if (stream)
        tlm_calendar_leave(calendar, stream);
    else
        calendar->first++;
    return stream;
}

void tlm_calendar_finish(tlm_calendar *calendar)
{
    free(calendar->days);
    calendar->days = NULL;
    calendar->first = calendar->end = calendar->capacity = 0;
}

size_t tlm_calendar_size_bytes(const tlm_calendar *calendar)
{
    return calendar->capacity * sizeof *calendar->days;
}
