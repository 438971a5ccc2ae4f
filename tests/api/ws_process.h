/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file ws_process.h
 * The real binary with `rest` and `websocket` over a small stored input, for the tests of the live socket. Include
 * cmocka first.
 */
#ifndef TLM_TEST_WS_PROCESS_H
#define TLM_TEST_WS_PROCESS_H

#include "process.h"
#include "ws_client.h"

#define SINK "sinks = ({ component = \"sqlite\"; path = \"t.db\"; retention_days = 0; });\n"
#define FRONTENDS(options)                                                                                             \
    PROCESS_PIPELINE PROCESS_BEGINNING SINK "frontends = ({ component = \"rest\"; },\n"                                \
                                            "{ component = \"websocket\"; " options " });\n"

/** The frame read last; too large for a stack. */
static ws_frame frame;

static inline uint16_t port_of(void **state)
{
    const process *run = *state;

    return run->port;
}

/** A process whose input has been stored. */
static inline process *begin_stored(const char *configuration)
{
    process *run = process_begin(configuration);
    http_answer answer = process_wait_for(run, "/api/v1/streams/alpha/metrics?limit=1", "\"final\":true");

    assert_int_equal(answer.status, 200);
    http_answer_finish(&answer);
    return run;
}

static inline void next_text(int fd)
{
    assert_true(ws_read_opcode(fd, WS_TEXT, &frame));
}

/** A request is answered with an error of the API and the connection is closed. */
static inline void assert_refused(void **state, const char *target, const char *lines, int status, const char *reason)
{
    int fd;
    http_answer answer = ws_ask(port_of(state), target, lines, &fd);

    assert_int_equal(answer.status, status);
    assert_memory_equal(answer.body, "{\"error\":\"", 10);
    assert_memory_equal(answer.body + 10, reason, strlen(reason));
    assert_non_null(strstr(answer.body, "\",\"detail\":\""));
    assert_non_null(strstr(answer.body, "\",\"timestamp\":\"20"));
    assert_true(http_is_closed(fd));
    http_answer_finish(&answer);
    close(fd);
}

static inline void wait_for_health(process *run, const char *text)
{
    http_answer answer = process_wait_for(run, "/ws/live/health", text);

    assert_int_equal(answer.status, 200);
    assert_non_null(strstr(answer.body, text));
    http_answer_finish(&answer);
}

/** A frame on a new connection ends it with this close code. */
static inline void assert_violation(void **state, uint8_t first, const void *payload, size_t size, unsigned code)
{
    int fd = ws_open(port_of(state), "/live/alpha");

    ws_send(fd, first, payload, size);
    ws_assert_close(fd, code);
}

#endif
