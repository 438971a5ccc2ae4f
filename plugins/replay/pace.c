/* SPDX-License-Identifier: Apache-2.0 */
#include "pace.h"

#include "common/time.h"

#include <string.h>

static const char key[] = "\"timestamp\"";

enum { MS_DIGITS_MAX = 15 };

static const char *skip_blanks(const char *at, const char *end)
{
    while (at < end && (*at == ' ' || *at == '\t'))
        at++;
    return at;
}

/* The value behind `"timestamp":`; NULL when there is none. */
static const char *find_value(const char *line, const char *end)
{
    const char *at = memmem(line, (size_t)(end - line), key, sizeof key - 1);

    if (!at)
        return NULL;
    at = skip_blanks(at + sizeof key - 1, end);
    if (at == end || *at != ':')
        return NULL;
    at = skip_blanks(at + 1, end);
    return at < end ? at : NULL;
}

static bool read_ms(const char *at, const char *end, int64_t *ret_ns)
{
    int64_t ms = 0;
    int digits = 0;

    for (; at < end && *at >= '0' && *at <= '9' && digits <= MS_DIGITS_MAX; at++, digits++)
        ms = ms * 10 + (*at - '0');
    return digits > 0 && digits <= MS_DIGITS_MAX && tlm_time_from_ms(ms, ret_ns) == 0;
}

static bool read_time(const char *line, size_t size, int64_t *ret_ns)
{
    const char *end = line + size;
    const char *at = find_value(line, end);

    if (!at)
        return false;
    if (*at != '"')
        return read_ms(at, end, ret_ns);
    const char *quote = memchr(at + 1, '"', (size_t)(end - at - 1));
    return quote && tlm_time_parse(at + 1, (size_t)(quote - at - 1), ret_ns) == 0;
}

void tlm_pace_init(tlm_pace *pace, double speed)
{
    *pace = (tlm_pace){.speed = speed};
}

int64_t tlm_pace_wait(tlm_pace *pace, const char *line, size_t size, int64_t now_ns)
{
    int64_t time_ns;

    if (pace->speed <= 0 || !read_time(line, size, &time_ns))
        return 0;
    int64_t step_ns = time_ns - pace->latest_ns;
    if (!pace->is_set || step_ns > TLM_PACE_STEP_MAX_NS || step_ns < -TLM_PACE_STEP_MAX_NS) {
        *pace = (tlm_pace){pace->speed, true, time_ns, now_ns, time_ns};
        return 0;
    }
    double due_ns = (double)(time_ns - pace->first_ns) / pace->speed;
    double wait_ns = due_ns - (double)(now_ns - pace->begun_ns);
    if (wait_ns >= 1)
        return wait_ns < (double)INT64_MAX ? (int64_t)wait_ns : INT64_MAX;
    if (step_ns > 0)
        pace->latest_ns = time_ns;
    return 0;
}
