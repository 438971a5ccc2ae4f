/* SPDX-License-Identifier: Apache-2.0 */
/* The live socket of the real binary over real sockets: RFC 6455, case by case. */
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

/* --- RFC 6455 section 4: the opening handshake ----------------------------------------------------------------- */

static void the_accept_header_is_that_of_the_rfc(void **state)
{
    int fd;
    http_answer answer =
        ws_ask(port_of(state), "/live/alpha",
               WS_HEAD "Sec-WebSocket-Extensions: permessage-deflate\r\nSec-WebSocket-Protocol: x\r\n", &fd);

    assert_int_equal(answer.status, 101);
    assert_string_equal(http_header(&answer, "Sec-WebSocket-Accept"), WS_ACCEPT);
    assert_string_equal(http_header(&answer, "Upgrade"), "websocket");
    assert_string_equal(http_header(&answer, "Connection"), "Upgrade");
    assert_null(http_header(&answer, "Sec-WebSocket-Extensions"));
    assert_null(http_header(&answer, "Sec-WebSocket-Protocol"));
    http_answer_finish(&answer);
    close(fd);
}

static void assert_opens(void **state, const char *target, const char *lines)
{
    int fd;
    http_answer answer = ws_ask(port_of(state), target, lines, &fd);

    assert_int_equal(answer.status, 101);
    http_answer_finish(&answer);
    next_text(fd);
    close(fd);
}

#define KEY "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"

static void tokens_may_stand_in_lists_in_any_case(void **state)
{
    assert_opens(state, "/live/alpha",
                 "host: test\r\nUPGRADE: h2c, WebSocket\r\nconnection: keep-alive\r\nConnection: ,upgrade\r\n"
                 "sec-websocket-version: 13\r\n" KEY);
    assert_opens(state, "http://test/live/alpha?token=1", WS_HEAD);
}

static void a_wrong_handshake_is_refused(void **state)
{
    static const char upgrade[] = "Host: test\r\nUpgrade: websocket\r\n";
    char lines[1024];
    const char *const keys[] = {"",
                                "Sec-WebSocket-Key: \r\n",
                                "Sec-WebSocket-Key: AAAA\r\n",
                                "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAAAA\r\n",
                                "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAB==\r\n",
                                "Sec-WebSocket-Key: AAAAAAAAAA AAAAAAAAAAA==\r\n",
                                KEY KEY};

    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        snprintf(lines, sizeof lines, "%sConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n%s", upgrade, keys[i]);
        assert_refused(state, "/live/alpha", lines, 400, "Bad Request");
    }
    snprintf(lines, sizeof lines, "%sSec-WebSocket-Version: 13\r\n" KEY, upgrade);
    assert_refused(state, "/live/alpha", lines, 400, "Bad Request");
    snprintf(lines, sizeof lines, "%sConnection: close\r\nSec-WebSocket-Version: 13\r\n" KEY, upgrade);
    assert_refused(state, "/live/alpha", lines, 400, "Bad Request");
    assert_refused(state, "/live/alpha", WS_HEAD "Content-Length: 2\r\n", 400, "Bad Request");
    assert_refused(state, "/live/alpha", WS_HEAD "Host: other\r\n", 400, "Bad Request");
    assert_refused(state, "/live/alpha", WS_HEAD " folded: x\r\n", 400, "Bad Request");
}

static void http_1_0_and_other_methods_are_refused(void **state)
{
    http_answer answer = http_exchange(port_of(state), "GET /live/alpha HTTP/1.0\r\n" WS_HEAD "\r\n");

    assert_int_equal(answer.status, 400);
    http_answer_finish(&answer);
    answer = http_exchange(port_of(state), "POST /live/alpha HTTP/1.1\r\n" WS_HEAD "\r\n");
    assert_int_equal(answer.status, 405);
    assert_string_equal(http_header(&answer, "Allow"), "GET");
    http_answer_finish(&answer);
}

static void other_versions_are_426_and_told_which_is_spoken(void **state)
{
    static const char *const versions[] = {"", "Sec-WebSocket-Version: 8\r\n", "Sec-WebSocket-Version: 13, 8\r\n",
                                           "Sec-WebSocket-Version: 8\r\nSec-WebSocket-Version: 13\r\n"};

    for (size_t i = 0; i < sizeof versions / sizeof versions[0]; i++) {
        char lines[512];
        int fd;
        snprintf(lines, sizeof lines, "Host: test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" KEY "%s",
                 versions[i]);
        http_answer answer = ws_ask(port_of(state), "/live/alpha", lines, &fd);
        assert_int_equal(answer.status, 426);
        assert_string_equal(http_header(&answer, "Sec-WebSocket-Version"), "13");
        http_answer_finish(&answer);
        close(fd);
    }
}

static void plain_requests_are_told_what_is_here(void **state)
{
    int fd;
    http_answer answer = ws_ask(port_of(state), "/ws/live/alpha", "Host: test\r\n", &fd);

    assert_int_equal(answer.status, 426);
    assert_string_equal(http_header(&answer, "Upgrade"), "websocket");
    http_answer_finish(&answer);
    close(fd);
    assert_refused(state, "/live/alpha", "Host: test\r\n", 426, "Upgrade Required");
    assert_refused(state, "/live/a/b", WS_HEAD, 404, "Not Found");
    assert_refused(state, "/ws/other", WS_HEAD, 404, "Not Found");
    assert_refused(state, "/ws/live/a/b", "Host: test\r\n", 404, "Not Found");
    answer = http_request(port_of(state), "HEAD", "/ws/live/health", "");
    assert_int_equal(answer.status, 200);
    http_answer_finish(&answer);
}

static void pages_of_foreign_origins_may_not_connect(void **state)
{
    assert_opens(state, "/live/alpha", WS_HEAD "Origin: http://localhost:3000\r\n");
    assert_opens(state, "/live/alpha", WS_HEAD "Origin: http://dash.example\r\n");
    assert_opens(state, "/live/alpha", WS_HEAD "Origin: http://test\r\n");
    assert_opens(state, "/live/alpha", WS_HEAD "Origin: https://test\r\n");
    assert_refused(state, "/live/alpha", WS_HEAD "Origin: http://localhost:3001\r\n", 403, "Forbidden");
    assert_refused(state, "/live/alpha", WS_HEAD "Origin: http://dash.example.evil\r\n", 403, "Forbidden");
    assert_refused(state, "/ws/live/alpha", WS_HEAD "Origin: http://DASH.example\r\n", 403, "Forbidden");
    assert_refused(state, "/live/alpha", WS_HEAD "Origin: null\r\n", 403, "Forbidden");
    assert_refused(state, "/live/alpha", WS_HEAD "Origin: \r\n", 403, "Forbidden");
    assert_refused(state, "/live/alpha", WS_HEAD "Origin: http://test\r\nOrigin: http://test\r\n", 403, "Forbidden");
}

static void frames_right_behind_the_head_are_read(void **state)
{
    char bytes[2048];
    int head_size = snprintf(bytes, sizeof bytes, "GET /live/alpha HTTP/1.1\r\n" WS_HEAD "\r\n");
    int fd = http_connect(port_of(state));

    memcpy(bytes + head_size, "\x89\x82\0\0\0\0hi", 8);
    assert_true(http_send(fd, bytes, (size_t)head_size + 8));
    http_answer answer = http_read(fd, false);
    assert_int_equal(answer.status, 101);
    http_answer_finish(&answer);
    assert_true(ws_read_opcode(fd, WS_PONG, &frame));
    assert_string_equal(frame.payload, "hi");
    close(fd);
}

/* --- RFC 6455 section 5: frames -------------------------------------------------------------------------------- */

static void frames_without_a_mask_close_with_1002(void **state)
{
    int fd = ws_open(port_of(state), "/live/alpha");

    ws_send_raw(fd, WS_FIN | WS_TEXT, false, 0, "x", 1);
    ws_assert_close(fd, 1002);
    fd = ws_open(port_of(state), "/live/alpha");
    ws_send_raw(fd, WS_FIN | WS_PING, false, 0, "", 0);
    ws_assert_close(fd, 1002);
}

static void reserved_bits_and_opcodes_close_with_1002(void **state)
{
    static const uint8_t opcodes[] = {3, 4, 5, 6, 7, 11, 12, 13, 14, 15};

    for (uint8_t bit = 0x10; bit <= 0x40; bit = (uint8_t)(bit << 1))
        assert_violation(state, (uint8_t)(WS_FIN | bit | WS_TEXT), "x", 1, 1002);
    for (size_t i = 0; i < sizeof opcodes; i++)
        assert_violation(state, (uint8_t)(WS_FIN | opcodes[i]), "x", 1, 1002);
}

static void lengths_are_read_in_their_three_forms(void **state)
{
    char text[4096];
    int fd = ws_open(port_of(state), "/live/alpha");

    snprintf(text, sizeof text, "{\"type\":\"ping\"%*s}", 125 - 15, "");
    ws_send_text(fd, text);
    ws_wait_for(fd, "pong", &frame);
    snprintf(text, sizeof text, "{\"type\":\"ping\"%*s}", 126 - 15, "");
    ws_send_text(fd, text);
    ws_wait_for(fd, "pong", &frame);
    memset(text, ' ', sizeof text);
    memcpy(text, "{\"type\":\"ping\"}", 15);
    ws_send(fd, WS_FIN | WS_TEXT, text, sizeof text);
    ws_wait_for(fd, "pong", &frame);
    close(fd);
}

static void lengths_not_in_their_shortest_form_close_with_1002(void **state)
{
    char text[300] = "";
    int fd = ws_open(port_of(state), "/live/alpha");

    ws_send_raw(fd, WS_FIN | WS_TEXT, true, 2, "hello", 5);
    ws_assert_close(fd, 1002);
    fd = ws_open(port_of(state), "/live/alpha");
    ws_send_raw(fd, WS_FIN | WS_TEXT, true, 8, text, sizeof text);
    ws_assert_close(fd, 1002);
    fd = ws_open(port_of(state), "/live/alpha"); /* the highest bit of 64 */
    http_send(fd, "\x81\xff\x80\0\0\0\0\0\0\0\0\0\0\0x", 15);
    ws_assert_close(fd, 1002);
}

static void frames_may_arrive_byte_by_byte(void **state)
{
    static const char bytes[] = "\x01\x86\0\0\0\0{\"type\x80\x89\0\0\0\0\":\"ping\"}";
    int fd = ws_open(port_of(state), "/live/alpha");

    for (size_t i = 0; i < sizeof bytes - 1; i++)
        assert_true(http_send(fd, bytes + i, 1));
    ws_wait_for(fd, "pong", &frame);
    close(fd);
}

static void messages_may_come_in_fragments_with_control_frames_between(void **state)
{
    int fd = ws_open(port_of(state), "/live/alpha");

    ws_send(fd, WS_TEXT, "{\"ty", 4);
    ws_send(fd, WS_CONTINUATION, "", 0);
    ws_send(fd, WS_FIN | WS_PING, "between", 7);
    assert_true(ws_read_opcode(fd, WS_PONG, &frame));
    assert_string_equal(frame.payload, "between");
    ws_send(fd, WS_CONTINUATION, "pe\":\"pi", 7);
    ws_send(fd, WS_FIN | WS_CONTINUATION, "ng\"}", 4);
    ws_wait_for(fd, "pong", &frame);
    close(fd);
}

static void fragments_out_of_order_close_with_1002(void **state)
{
    assert_violation(state, WS_FIN | WS_CONTINUATION, "x", 1, 1002);
    assert_violation(state, WS_CONTINUATION, "x", 1, 1002);
    int fd = ws_open(port_of(state), "/live/alpha");
    ws_send(fd, WS_TEXT, "x", 1);
    ws_send(fd, WS_FIN | WS_TEXT, "y", 1);
    ws_assert_close(fd, 1002);
}

static void pings_are_answered_with_their_payload(void **state)
{
    char payload[125];
    int fd = ws_open(port_of(state), "/ws/live/alpha");

    memset(payload, 'p', sizeof payload);
    ws_send(fd, WS_FIN | WS_PING, "", 0);
    assert_true(ws_read_opcode(fd, WS_PONG, &frame));
    assert_int_equal(frame.size, 0);
    ws_send(fd, WS_FIN | WS_PING, payload, sizeof payload);
    assert_true(ws_read_opcode(fd, WS_PONG, &frame));
    assert_int_equal(frame.size, sizeof payload);
    assert_memory_equal(frame.payload, payload, sizeof payload);
    ws_send(fd, WS_FIN | WS_PONG, "unasked", 7);
    ws_send_text(fd, "{\"type\":\"ping\"}");
    ws_wait_for(fd, "pong", &frame);
    close(fd);
}

static void control_frames_are_short_and_whole(void **state)
{
    char payload[126] = "";

    assert_violation(state, WS_PING, "x", 1, 1002);
    assert_violation(state, WS_CLOSE, "\x03\xe8", 2, 1002);
    assert_violation(state, WS_FIN | WS_PING, payload, sizeof payload, 1002);
    assert_violation(state, WS_FIN | WS_PONG, payload, sizeof payload, 1002);
}

static void binary_messages_close_with_1003(void **state)
{
    assert_violation(state, WS_FIN | WS_BINARY, "x", 1, 1003);
}

/* --- RFC 6455 section 8.1: UTF-8 ------------------------------------------------------------------------------- */

static void text_that_is_no_utf8_closes_with_1007(void **state)
{
    static const char *const texts[] = {"\xff", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe1\xbd", "\x80"};

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        assert_violation(state, WS_FIN | WS_TEXT, texts[i], strlen(texts[i]), 1007);
    assert_violation(state, WS_TEXT, "\xce\xba\xf4\x90", 4, 1007); /* before the message is whole */
}

static void a_character_may_be_split_between_fragments(void **state)
{
    int fd = ws_open(port_of(state), "/live/alpha");

    ws_send(fd, WS_TEXT, "{\"type\":\"ping\",\"x\":\"\xe2\x82", 22);
    ws_send(fd, WS_FIN | WS_CONTINUATION, "\xac\"}", 3);
    ws_wait_for(fd, "pong", &frame);
    close(fd);
}

/* --- RFC 6455 section 7: closing ------------------------------------------------------------------------------- */

static void assert_close_code(void **state, unsigned sent, unsigned answered)
{
    const char payload[] = {(char)(sent >> 8), (char)sent, 'b', 'y', 'e'};

    assert_violation(state, WS_FIN | WS_CLOSE, payload, sizeof payload, answered);
}

static void a_close_is_answered_with_its_code(void **state)
{
    static const unsigned codes[] = {1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999};

    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        assert_close_code(state, codes[i], codes[i]);
    assert_violation(state, WS_FIN | WS_CLOSE, "", 0, 0);
}

static void invalid_close_codes_are_answered_with_1002(void **state)
{
    static const unsigned codes[] = {0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535};

    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        assert_close_code(state, codes[i], 1002);
    assert_violation(state, WS_FIN | WS_CLOSE, "\x03", 1, 1002);
    assert_violation(state, WS_FIN | WS_CLOSE, "\x03\xe8\xff", 3, 1007);
}

static void nothing_after_a_close_is_heard(void **state)
{
    int fd = ws_open(port_of(state), "/live/alpha");

    ws_send(fd, WS_FIN | WS_CLOSE, "\x03\xe8", 2);
    ws_send_text(fd, "{\"type\":\"ping\"}");
    ws_send(fd, WS_FIN | WS_PING, "x", 1);
    assert_true(ws_read_opcode(fd, WS_CLOSE, &frame));
    assert_true(http_is_closed(fd));
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_accept_header_is_that_of_the_rfc),
        cmocka_unit_test(tokens_may_stand_in_lists_in_any_case),
        cmocka_unit_test(a_wrong_handshake_is_refused),
        cmocka_unit_test(http_1_0_and_other_methods_are_refused),
        cmocka_unit_test(other_versions_are_426_and_told_which_is_spoken),
        cmocka_unit_test(plain_requests_are_told_what_is_here),
        cmocka_unit_test(pages_of_foreign_origins_may_not_connect),
        cmocka_unit_test(frames_right_behind_the_head_are_read),
        cmocka_unit_test(frames_without_a_mask_close_with_1002),
        cmocka_unit_test(reserved_bits_and_opcodes_close_with_1002),
        cmocka_unit_test(lengths_are_read_in_their_three_forms),
        cmocka_unit_test(lengths_not_in_their_shortest_form_close_with_1002),
        cmocka_unit_test(frames_may_arrive_byte_by_byte),
        cmocka_unit_test(messages_may_come_in_fragments_with_control_frames_between),
        cmocka_unit_test(fragments_out_of_order_close_with_1002),
        cmocka_unit_test(pings_are_answered_with_their_payload),
        cmocka_unit_test(control_frames_are_short_and_whole),
        cmocka_unit_test(binary_messages_close_with_1003),
        cmocka_unit_test(text_that_is_no_utf8_closes_with_1007),
        cmocka_unit_test(a_character_may_be_split_between_fragments),
        cmocka_unit_test(a_close_is_answered_with_its_code),
        cmocka_unit_test(invalid_close_codes_are_answered_with_1002),
        cmocka_unit_test(nothing_after_a_close_is_heard),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
