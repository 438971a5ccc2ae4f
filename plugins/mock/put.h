/* SPDX-License-Identifier: Apache-2.0 */
/* Writing JSON at a pointer that has room enough: each returns where writing goes on. No value needs escaping. */
#ifndef TLM_MOCK_PUT_H
#define TLM_MOCK_PUT_H

#include <telemetra/base.h>

#include "common/time.h"

#include <stdint.h>
#include <string.h>

#define TLM_NS_PER_MS INT64_C(1000000)
#define TLM_NS_PER_S INT64_C(1000000000)

#define TLM_PUT(at, literal) tlm_put_bytes((at), (literal), sizeof(literal) - 1)

/* The second that was written last, and its text: most events share it. */
typedef struct tlm_put_clock {
    int64_t second;
    char date[TLM_TIME_SIZE]; /* "2026-01-01T00:00:00" */
} tlm_put_clock;

static inline char *tlm_put_bytes(char *at, const char *bytes, size_t size)
{
    memcpy(at, bytes, size);
    return at + size;
}

static inline char *tlm_put_string(char *at, const char *string)
{
    return tlm_put_bytes(at, string, strlen(string));
}

static inline char *tlm_put_number(char *at, uint64_t number)
{
    char digits[20];
    size_t left = sizeof digits;

    do
        digits[--left] = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    return tlm_put_bytes(at, digits + left, sizeof digits - left);
}

static inline char *tlm_put_padded(char *at, uint64_t number, size_t digits)
{
    for (size_t i = digits; i-- > 0; number /= 10)
        at[i] = (char)('0' + number % 10);
    return at + digits;
}

/* A stream's id: its name as it stands in JSON strings, or without names stream_0001, stream_0002 ... */
static inline char *tlm_put_stream(char *at, const tlm_text *names, uint32_t stream)
{
    if (names)
        return tlm_put_bytes(at, names[stream].data, names[stream].size);
    at = TLM_PUT(at, "stream_");
    return stream + 1 < 10000 ? tlm_put_padded(at, stream + 1, 4) : tlm_put_number(at, stream + 1);
}

/* RFC 3339 with milliseconds. */
static inline char *tlm_put_time(tlm_put_clock *clock, char *at, int64_t time_ns)
{
    int64_t second = time_ns / TLM_NS_PER_S;

    if (second != clock->second) {
        char text[TLM_TIME_SIZE];
        size_t size = tlm_time_format(second * TLM_NS_PER_S, text);
        memcpy(clock->date, text, size - 1); /* without its Z */
        clock->second = second;
    }
    at = tlm_put_bytes(at, clock->date, sizeof "2026-01-01T00:00:00" - 1);
    *at++ = '.';
    at = tlm_put_padded(at, (uint64_t)(time_ns % TLM_NS_PER_S / TLM_NS_PER_MS), 3);
    *at++ = 'Z';
    return at;
}

#endif
