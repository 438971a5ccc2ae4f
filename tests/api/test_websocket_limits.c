/* SPDX-License-Identifier: Apache-2.0 */
/* The live socket of the real binary over real sockets: what is bounded, and who lives. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "ws_process.h"

static int begin(void **state)
{
    *state = begin_stored(FRONTENDS("origins = \"http://localhost:3000,http://dash.example\";"));
    return 0;
}

static int end(void **state)
{
    return process_end(*state);
}

/* The process of a test that needs options of its own; one that fails leaves it to its teardown. */
static process *own;

static process *begin_own(const char *configuration)
{
    own = begin_stored(configuration);
    return own;
}

static void end_own(void)
{
    process *run = own;

    own = NULL;
    assert_int_equal(process_end(run), 0);
}

static int end_left(void **state)
{
    (void)state;
    return own ? process_end(own) : 0;
}

/* --- limits ---------------------------------------------------------------------------------------------------- */

static void messages_that_are_too_long_close_with_1009(void **state)
{
    static char text[70000];

    memset(text, 'x', sizeof text);
    assert_violation(state, WS_FIN | WS_TEXT, text, 4097, 1009);
    assert_violation(state, WS_FIN | WS_TEXT, text, WS_PAYLOAD_MAX, 1009);
    int fd = ws_open(port_of(state), "/live/alpha");
    ws_send(fd, WS_TEXT, text, 4000);
    ws_send(fd, WS_CONTINUATION, text, 97);
    ws_assert_close(fd, 1009);
    fd = ws_open(port_of(state), "/live/alpha"); /* a terabyte is announced */
    http_send(fd, "\x81\xff\0\0\1\0\0\0\0\0\0\0\0\0x", 15);
    ws_assert_close(fd, 1009);
}

static void too_many_frames_a_second_close_with_1008(void **state)
{
    static const char ping[] = "\x89\x80\0\0\0";
    char bytes[6 * 120];

    for (size_t i = 0; i < 120; i++)
        memcpy(bytes + 6 * i, ping, 6);
    int fd = ws_open(port_of(state), "/live/alpha");
    http_send(fd, bytes, sizeof bytes);
    assert_true(ws_read_opcode(fd, WS_CLOSE, &frame));
    assert_string_equal(frame.payload, "\x03\xf0too many frames a second");
    close(fd);
}

static void connections_are_bounded_in_all_and_by_address(void **state)
{
    int fds[3];

    (void)state;
    process *run = begin_own(FRONTENDS("max_connections = 3;"));
    for (int i = 0; i < 3; i++)
        fds[i] = ws_open(run->port, "/live/alpha");
    assert_refused((void **)&run, "/live/alpha", WS_HEAD, 503, "Service Unavailable");
    http_answer answer = process_wait_for(run, "/api/v1/health", "all connections are taken");
    assert_non_null(strstr(answer.body, "\"status\":\"degraded\""));
    http_answer_finish(&answer);
    close(fds[0]);
    wait_for_health(run, "\"total_connections\":2");
    fds[0] = ws_open(run->port, "/live/alpha");
    for (int i = 0; i < 3; i++)
        close(fds[i]);
    end_own();

    run = begin_own(FRONTENDS("max_connections_per_address = 2;"));
    for (int i = 0; i < 2; i++)
        fds[i] = ws_open(run->port, "/live/alpha");
    assert_refused((void **)&run, "/live/alpha", WS_HEAD, 429, "Too Many Requests");
    close(fds[0]);
    wait_for_health(run, "\"total_connections\":1");
    close(fds[1]);
    wait_for_health(run, "\"total_connections\":0");
    for (int i = 0; i < 2; i++)
        fds[i] = ws_open(run->port, "/live/alpha");
    for (int i = 0; i < 2; i++)
        close(fds[i]);
    end_own();
}

/* --- those that do not live ------------------------------------------------------------------------------------ */

static void silent_clients_are_pinged_and_closed_when_they_do_not_answer(void **state)
{
    (void)state;
    process *run = begin_own(FRONTENDS("ping_interval = \"200ms\"; pong_timeout = \"600ms\";"));
    int silent = ws_open(run->port, "/live/alpha"), answering = ws_open(run->port, "/live/alpha");
    int64_t begun_ms = process_now_ms();

    while (process_now_ms() - begun_ms < 1500) {
        assert_true(ws_read_opcode(answering, WS_PING, &frame));
        ws_send(answering, WS_FIN | WS_PONG, frame.payload, frame.size);
    }
    assert_true(ws_read_opcode(silent, WS_PING, &frame));
    ws_assert_close(silent, 1008);
    ws_send_text(answering, "{\"type\":\"ping\"}");
    ws_wait_for(answering, "pong", &frame);
    close(answering);
    end_own();
}

#define STALLED 500

/* A client that asks and then never reads, with as small a buffer as there is. */
static int open_stalled(uint16_t port, const char *target)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    char request[1024];
    int size = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    snprintf(request, sizeof request, "GET %s HTTP/1.1\r\n" WS_HEAD "\r\n", target);
    assert_true(http_send(fd, request, strlen(request)));
    return fd;
}

static void stalled_clients_harm_nobody_and_are_cut_off(void **state)
{
    static int fds[STALLED];
    char target[300] = "/ws/live/", text[64];

    (void)state;
    process *run = begin_own(FRONTENDS("interval = \"50ms\"; stall_timeout = \"2s\"; send_buffer = \"4KiB\";"
                                       " max_connections_per_address = 1000;"));
    memset(target + 9, 's', 255); /* long updates fill the buffers sooner */
    int healthy = ws_open(run->port, target);
    for (int i = 0; i < STALLED; i++)
        fds[i] = open_stalled(run->port, target);
    snprintf(text, sizeof text, "\"total_connections\":%d", STALLED + 1);
    wait_for_health(run, text);

    /* Until all of them are gone the one that reads gets its update every 50 ms, give or take the machine's load. */
    int64_t begun_ms = process_now_ms(), last_ms = begun_ms, worst_ms = 0, updates = 0;
    bool is_over = false;
    while (!is_over && process_now_ms() - begun_ms < PROCESS_PATIENCE_MS) {
        next_text(healthy);
        int64_t now_ms = process_now_ms();
        worst_ms = now_ms - last_ms > worst_ms ? now_ms - last_ms : worst_ms;
        last_ms = now_ms;
        if (++updates % 20 != 0)
            continue;
        http_answer answer = http_get(run->port, "/ws/live/health");
        is_over = answer.status == 200 && strstr(answer.body, "\"total_connections\":1,") != NULL;
        http_answer_finish(&answer);
        last_ms = process_now_ms();
    }
    assert_true(is_over);
    assert_true(updates > 20);
    assert_in_range(worst_ms, 0, 1000);
    http_answer answer = http_get(run->port, "/metrics");
    assert_null(strstr(answer.body, "telemetra_websocket_updates_dropped_total{instance=\"websocket\"} 0\n"));
    http_answer_finish(&answer);
    for (int i = 0; i < STALLED; i++)
        close(fds[i]);
    close(healthy);
    end_own();
}

/* --- the end --------------------------------------------------------------------------------------------------- */

static void a_stop_says_going_away_within_a_second(void **state)
{
    (void)state;
    process *run = begin_own(FRONTENDS(""));
    int fds[20], stalled = open_stalled(run->port, "/live/alpha");

    for (int i = 0; i < 20; i++) {
        fds[i] = ws_open(run->port, i % 2 ? "/live/alpha" : "/ws/live/beta");
        next_text(fds[i]);
    }
    int64_t begun_ms = process_now_ms();
    assert_int_equal(kill(run->pid, SIGTERM), 0);
    for (int i = 0; i < 20; i++)
        ws_assert_close(fds[i], 1001);
    assert_in_range(process_now_ms() - begun_ms, 0, 1000);
    end_own();
    close(stalled);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_that_are_too_long_close_with_1009),
        cmocka_unit_test(too_many_frames_a_second_close_with_1008),
        cmocka_unit_test_teardown(connections_are_bounded_in_all_and_by_address, end_left),
        cmocka_unit_test_teardown(silent_clients_are_pinged_and_closed_when_they_do_not_answer, end_left),
        cmocka_unit_test_teardown(stalled_clients_harm_nobody_and_are_cut_off, end_left),
        cmocka_unit_test_teardown(a_stop_says_going_away_within_a_second, end_left),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
