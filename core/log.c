/* SPDX-License-Identifier: Apache-2.0 */
#include "log.h"

#include <common/json_writer.h>
#include <common/time.h>

#include <time.h>
#include <unistd.h>

#define MESSAGE_SIZE_MAX 4096u
#define NANOSECONDS_PER_SECOND INT64_C(1000000000)
#define TIME_SIZE (TLM_TIME_SIZE + 8)

static const char *level_name(uint32_t level)
{
    static const char *const names[] = {"DEBUG", "INFO", "WARNING", "ERROR"};
    return level >= TLM_LOG_DEBUG && level <= TLM_LOG_ERROR ? names[level - 1] : "ERROR";
}

/** RFC 3339 with exactly three digits of fraction, so that lines stay in columns. */
static void format_now(char out[static TIME_SIZE])
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_REALTIME, &now); /* cannot fail with this clock and a valid pointer */
    char second[TLM_TIME_SIZE];
    size_t size = tlm_time_format((int64_t)now.tv_sec * NANOSECONDS_PER_SECOND, second);
    (void)snprintf(out, TIME_SIZE, "%.*s.%03ldZ", (int)size - 1, second, now.tv_nsec / 1000000);
}

/** Makes one line of the message: no line end and no control character reaches the terminal. */
static void flatten(char *message)
{
    for (; *message; message++) {
        unsigned char c = (unsigned char)*message;
        if (c < 0x20 || c == 0x7f)
            *message = ' ';
    }
}

static int format_text(tlm_buffer *out, const char *when, uint32_t level, const char *who, const char *message)
{
    char head[TIME_SIZE + 96];
    int size = snprintf(head, sizeof head, "%s %-5s %.64s: ", when, level_name(level), who);
    if (size < 0)
        return -EINVAL;
    (void)tlm_buffer_append(out, head, (size_t)size);
    (void)tlm_buffer_append(out, message, strlen(message));
    return tlm_buffer_append_char(out, '\n');
}

static int format_json(tlm_buffer *out, const char *when, uint32_t level, const char *who, const char *message)
{
    tlm_json_writer json;
    tlm_json_init(&json, out);
    tlm_json_begin_object(&json);
    TLM_JSON_KEY(&json, "time");
    tlm_json_string(&json, when, strlen(when));
    TLM_JSON_KEY(&json, "level");
    tlm_json_string(&json, level_name(level), strlen(level_name(level)));
    TLM_JSON_KEY(&json, "source");
    tlm_json_string(&json, who, strlen(who));
    TLM_JSON_KEY(&json, "message");
    tlm_json_string(&json, message, strlen(message));
    tlm_json_end_object(&json);
    return tlm_buffer_append_char(out, '\n');
}

/** One write(2) a line, so that lines of several threads and processes do not mix. */
static void write_line(int fd, const char *line, size_t size)
{
    while (size > 0) {
        ssize_t written = write(fd, line, size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return; /* the log itself is gone: there is nowhere left to say so */
        line += written;
        size -= (size_t)written;
    }
}

void tlm_log_write(const tlm_log *log, uint32_t level, const char *who, const char *format, ...)
{
    if (level < log->level)
        return;
    char message[MESSAGE_SIZE_MAX];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    if (size < 0)
        return; /* only a broken format string, which the compiler has checked */
    if ((size_t)size >= sizeof message)
        memcpy(message + sizeof message - 4, "...", 4);
    flatten(message);
    char when[TIME_SIZE];
    format_now(when);
    tlm_buffer line = TLM_BUFFER_INIT;
    int result = log->format == TLM_LOG_FORMAT_JSON ? format_json(&line, when, level, who, message)
                                                    : format_text(&line, when, level, who, message);
    if (result == 0)
        write_line(log->fd, line.data, line.size);
    else
        write_line(log->fd, message, strlen(message)); /* short of memory: the bare message is better than none */
    tlm_buffer_finish(&line);
}
