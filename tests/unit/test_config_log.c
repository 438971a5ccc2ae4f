/* SPDX-License-Identifier: Apache-2.0 */
/* The log: one message is one line, as text and as JSON. */
#include "log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

#define LINE_MAX_SIZE 8192

/** A log into a pipe. */
typedef struct frame {
    int ends[2];
    tlm_log log;
} frame;

static frame open_frame(uint32_t format)
{
    frame in;
    assert_int_equal(pipe(in.ends), 0);
    in.log = (tlm_log){.level = TLM_LOG_INFO, .format = format, .fd = in.ends[1]};
    return in;
}

/** Closes the log and returns all that was written. */
static void close_frame(frame *in, char out[static LINE_MAX_SIZE])
{
    assert_int_equal(close(in->ends[1]), 0);
    ssize_t size = read(in->ends[0], out, LINE_MAX_SIZE - 1);
    assert_true(size >= 0);
    out[size] = '\0';
    assert_int_equal(close(in->ends[0]), 0);
}

/** The length of "2026-11-24T19:00:00.123Z" at `text`, which must be one. */
static size_t assert_time(const char *text)
{
    static const char shape[] = "0000-00-00T00:00:00.000Z";
    for (size_t i = 0; i < sizeof shape - 1; i++) {
        int is_right = shape[i] == '0' ? text[i] >= '0' && text[i] <= '9' : text[i] == shape[i];
        if (!is_right)
            fail_msg("no time: %.30s", text);
    }
    return sizeof shape - 1;
}

static void a_message_is_one_line_of_text(void **state)
{
    (void)state;
    char line[LINE_MAX_SIZE];
    frame in = open_frame(TLM_LOG_FORMAT_TEXT);
    tlm_log_write(&in.log, TLM_LOG_INFO, "core", "one\ntwo\x1b[31m %d", 3);
    close_frame(&in, line);
    assert_string_equal(line + assert_time(line), " INFO  core: one two [31m 3\n");
}

static void a_message_is_one_object_of_json(void **state)
{
    (void)state;
    char line[LINE_MAX_SIZE];
    frame in = open_frame(TLM_LOG_FORMAT_JSON);
    tlm_log_write(&in.log, TLM_LOG_ERROR, "sqlite", "a \"quote\" and \\ \xff");
    close_frame(&in, line);
    static const char head[] = "{\"time\":\"";
    assert_memory_equal(line, head, sizeof head - 1);
    size_t size = sizeof head - 1;
    size += assert_time(line + size);
    assert_string_equal(line + size, "\",\"level\":\"ERROR\",\"source\":\"sqlite\",\"message\":\"a \\\"quote\\\" and "
                                     "\\\\ \xef\xbf\xbd\"}\n");
}

static void what_is_below_the_level_is_not_written(void **state)
{
    (void)state;
    char line[LINE_MAX_SIZE];
    frame in = open_frame(TLM_LOG_FORMAT_TEXT);
    tlm_log_write(&in.log, TLM_LOG_DEBUG, "core", "unseen");
    close_frame(&in, line);
    assert_string_equal(line, "");
}

static void a_long_message_is_cut_and_says_so(void **state)
{
    (void)state;
    char line[LINE_MAX_SIZE], message[6000];
    memset(message, 'x', sizeof message - 1);
    message[sizeof message - 1] = '\0';
    frame in = open_frame(TLM_LOG_FORMAT_TEXT);
    tlm_log_write(&in.log, TLM_LOG_WARNING, "core", "%s", message);
    close_frame(&in, line);
    assert_true(strlen(line) < 4200);
    assert_string_equal(line + strlen(line) - 5, "x...\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_is_one_line_of_text),
        cmocka_unit_test(a_message_is_one_object_of_json),
        cmocka_unit_test(what_is_below_the_level_is_not_written),
        cmocka_unit_test(a_long_message_is_cut_and_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
