/* SPDX-License-Identifier: Apache-2.0 */
/* The live socket of the real binary over real sockets: contract section 4, then what every client may rely on. */
#include "process.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "ws_client.h"

#define SINK "sinks = ({ component = \"sqlite\"; path = \"t.db\"; retention_days = 0; });\n"
#define FRONTENDS(options)                                                                                             \
    PROCESS_PIPELINE PROCESS_BEGINNING SINK "frontends = ({ component = \"rest\"; },\n"                                \
                                            "{ component = \"websocket\"; " options " });\n"

static ws_frame frame; /* too large for a stack */

static uint16_t port_of(void **state)
{
    const process *run = *state;

    return run->port;
}

/* A process whose input has been stored. */
static process *begin_stored(const char *configuration)
{
    process *run = process_begin(configuration);
    http_answer answer = process_wait_for(run, "/api/v1/streams/alpha/metrics?limit=1", "\"final\":true");

    assert_int_equal(answer.status, 200);
    http_answer_finish(&answer);
    return run;
}

static int begin(void **state)
{
    *state = begin_stored(FRONTENDS("origins = \"http://localhost:3000,http://dash.example\";"));
    return 0;
}

static int end(void **state)
{
    return process_end(*state);
}

static void next_text(int fd)
{
    assert_true(ws_read_opcode(fd, WS_TEXT, &frame));
}

/* --- section 4: /ws/live --------------------------------------------------------------------------------------- */

static void the_first_message_says_connected(void **state)
{
    int fd = ws_open(port_of(state), "/ws/live/alpha");

    next_text(fd);
    assert_memory_equal(frame.payload, "{\"type\":\"connected\",\"stream_id\":\"alpha\",\"message\":\"", 51);
    assert_non_null(strstr(frame.payload, "\",\"timestamp\":\"20"));
    assert_string_equal(frame.payload + frame.size - 3, "Z\"}");
    close(fd);
}

#define FLAT_ALPHA                                                                                                     \
    "{\"stream_id\":\"alpha\",\"timestamp\":\"2024-05-01T12:01:00Z\",\"viewer_count\":50,\"chat_rate\":2.00,"          \
    "\"unique_chatters\":2,\"top_emotes\":[{\"name\":\"Kappa\",\"emote\":\"Kappa\",\"count\":2},"                      \
    "{\"name\":\"LUL\",\"emote\":\"LUL\",\"count\":1}],\"sentiment_score\":null,\"recent_moments\":[],"                \
    "\"is_live\":true,\"final\":true}"

static void the_newest_values_come_at_once(void **state)
{
    int fd = ws_open(port_of(state), "/ws/live/alpha");
    int64_t begun_ms = process_now_ms();

    next_text(fd);
    next_text(fd);
    assert_string_equal(frame.payload, FLAT_ALPHA);
    assert_true(process_now_ms() - begun_ms < 1000);
    close(fd);
}

static void an_unknown_stream_connects_and_has_nulls(void **state)
{
    static const char values[] = "\"viewer_count\":null,\"chat_rate\":null,\"unique_chatters\":null,"
                                 "\"top_emotes\":null,\"sentiment_score\":null,\"recent_moments\":[]";
    int fd = ws_open(port_of(state), "/ws/live/nobody");

    next_text(fd);
    assert_non_null(strstr(frame.payload, "\"stream_id\":\"nobody\""));
    next_text(fd);
    assert_memory_equal(frame.payload, "{\"stream_id\":\"nobody\",\"timestamp\":\"20", 37);
    assert_non_null(strstr(frame.payload, values));
    close(fd);
}

static void updates_come_every_interval_changed_or_not(void **state)
{
    int fd = ws_open(port_of(state), "/ws/live/alpha");

    next_text(fd);
    next_text(fd);
    for (int i = 0; i < 2; i++) {
        int64_t last_ms = process_now_ms();
        next_text(fd);
        int64_t gap_ms = process_now_ms() - last_ms;
        assert_string_equal(frame.payload, FLAT_ALPHA);
        assert_in_range(gap_ms, 1300, 1900);
    }
    close(fd);
}

static void one_that_comes_later_gets_the_values_at_once_too(void **state)
{
    int first = ws_open(port_of(state), "/ws/live/alpha");

    ws_wait_for(first, "chat_rate", &frame);
    int64_t begun_ms = process_now_ms();
    int second = ws_open(port_of(state), "/ws/live/alpha");
    next_text(second);
    assert_non_null(strstr(frame.payload, "connected"));
    next_text(second);
    assert_string_equal(frame.payload, FLAT_ALPHA);
    assert_true(process_now_ms() - begun_ms < 1000);
    close(first);
    close(second);
}

static void assert_first_values(void **state, const char *target, const char *text)
{
    int fd = ws_open(port_of(state), target);

    next_text(fd);
    next_text(fd);
    assert_non_null(strstr(frame.payload, text));
    close(fd);
}

static void ids_are_percent_decoded_once(void **state)
{
    char target[1100] = "/ws/live/";

    assert_first_values(state, "/ws/live/c%2Fd", "{\"stream_id\":\"c/d\",\"timestamp\":\"2024-05-01T12:01:00Z\"");
    assert_first_values(state, "/ws/live/c%252Fd", "{\"stream_id\":\"c%2Fd\",\"timestamp\":\"20");
    assert_first_values(state, "/ws/live/%C3%A9+x", "{\"stream_id\":\"\xc3\xa9+x\"");
    for (int i = 0; i < 255; i++)
        strcat(target, "%78");
    assert_first_values(state, target, "\"xxxxxxxxxxxxxxx");
}

static void assert_refused(void **state, const char *target, const char *lines, int status, const char *reason)
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

static void ids_that_no_stream_can_have_are_422(void **state)
{
    char target[1100] = "/live/";

    assert_refused(state, "/ws/live/", WS_HEAD, 422, "Unprocessable Content");
    assert_refused(state, "/live/", WS_HEAD, 422, "Unprocessable Content");
    assert_refused(state, "/live/%zz", WS_HEAD, 422, "Unprocessable Content");
    assert_refused(state, "/live/%ff", WS_HEAD, 422, "Unprocessable Content");
    assert_refused(state, "/live/a%00b", WS_HEAD, 422, "Unprocessable Content");
    for (int i = 0; i < 256; i++)
        strcat(target, "x");
    assert_refused(state, target, WS_HEAD, 422, "Unprocessable Content");
}

/* --- section 4: /live ------------------------------------------------------------------------------------------ */

#define ENVELOPE_ALPHA                                                                                                 \
    ",\"data\":{\"viewer_count\":50,\"chat_rate\":2.00,\"top_emotes\":[{\"name\":\"Kappa\",\"count\":2},"              \
    "{\"name\":\"LUL\",\"count\":1}],\"sentiment_score\":null,\"unique_chatters\":2,\"timestamp\":1714564860000,"      \
    "\"is_live\":true,\"final\":true}}"

static void envelopes_hold_the_same_values(void **state)
{
    int fd = ws_open(port_of(state), "/live/alpha");
    char *end_of_time;

    for (int i = 0; i < 2; i++) {
        next_text(fd);
        assert_memory_equal(frame.payload, "{\"type\":\"metrics\",\"timestamp\":", 30);
        int64_t sent_ms = strtoll(frame.payload + 30, &end_of_time, 10);
        assert_true(llabs(sent_ms - (int64_t)time(NULL) * 1000) < 10000);
        assert_string_equal(end_of_time, ENVELOPE_ALPHA);
    }
    close(fd);
}

static void an_unknown_stream_has_empty_envelopes(void **state)
{
    int fd = ws_open(port_of(state), "/live/nobody");

    next_text(fd);
    assert_non_null(strstr(frame.payload, ",\"data\":{\"viewer_count\":null,\"chat_rate\":null,\"top_emotes\":[],"
                                          "\"sentiment_score\":null,\"unique_chatters\":null,\"timestamp\":"));
    close(fd);
}

static void a_ping_message_is_answered_with_pong(void **state)
{
    static const char *const pings[] = {"{\"type\":\"ping\"}",
                                        " { \"at\" : [1, -2.5e3, {\"type\":0}], \"type\" :\n\"ping\" } ",
                                        "{\"type\":\"x\",\"type\":\"ping\"}"};

    for (size_t i = 0; i < sizeof pings / sizeof pings[0]; i++) {
        int fd = ws_open(port_of(state), i == 1 ? "/ws/live/alpha" : "/live/alpha");
        ws_send_text(fd, pings[i]);
        ws_wait_for(fd, "{\"type\":\"pong\"}", &frame);
        assert_int_equal(frame.size, 15);
        close(fd);
    }
}

static void other_messages_are_answered_with_an_error(void **state)
{
    static const char *const broken[] = {"",
                                         "ping",
                                         "[\"ping\"]",
                                         "{\"type\":1}",
                                         "{\"type\":\"ping\"",
                                         "{\"type\":\"ping\"}}",
                                         "{\"type\":\"ping\",}",
                                         "{\"a\":01,\"type\":\"ping\"}",
                                         "{\"a\":tru,\"type\":\"ping\"}",
                                         "{\"type\":\"ping\\q\"}"};
    int fd = ws_open(port_of(state), "/live/alpha");

    ws_send_text(fd, "{\"type\":\"subscribe\"}");
    ws_wait_for(fd, "\"type\":\"error\"", &frame);
    assert_non_null(strstr(frame.payload, "\"data\":{\"code\":\"unknown_type\",\"message\":\""));
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        ws_send_text(fd, broken[i]);
        ws_wait_for(fd, "\"type\":\"error\"", &frame);
        assert_non_null(strstr(frame.payload, "\"data\":{\"code\":\"bad_message\",\"message\":\""));
    }
    close(fd);
}

/* --- the port and its health ----------------------------------------------------------------------------------- */

static void wait_for_health(process *run, const char *text)
{
    http_answer answer = process_wait_for(run, "/ws/live/health", text);

    assert_int_equal(answer.status, 200);
    assert_non_null(strstr(answer.body, text));
    http_answer_finish(&answer);
}

static void the_api_answers_on_the_same_port(void **state)
{
    http_answer answer = http_get(port_of(state), "/health");

    assert_int_equal(answer.status, 200);
    http_answer_finish(&answer);
}

static void health_counts_streams_and_connections(void **state)
{
    wait_for_health(*state, "{\"status\":\"ok\",\"active_streams\":0,\"total_connections\":0,\"streams\":{}}");
    int first = ws_open(port_of(state), "/live/alpha");
    int second = ws_open(port_of(state), "/ws/live/alpha");
    wait_for_health(*state, "\"active_streams\":1,\"total_connections\":2,\"streams\":{\"alpha\":2}}");
    int third = ws_open(port_of(state), "/ws/live/health");
    wait_for_health(*state, "\"active_streams\":2,\"total_connections\":3");
    wait_for_health(*state, "\"health\":1");
    close(third);
    close(second); /* without a word */
    wait_for_health(*state, "\"active_streams\":1,\"total_connections\":1,\"streams\":{\"alpha\":1}}");
    close(first);
    wait_for_health(*state, "\"total_connections\":0");
}

static void metrics_tell_of_connections(void **state)
{
    int fd = ws_open(port_of(state), "/live/alpha");

    next_text(fd);
    http_answer answer =
        process_wait_for(*state, "/metrics", "telemetra_websocket_connections{instance=\"websocket\"} 1");
    assert_non_null(strstr(answer.body, "telemetra_websocket_frames_sent_total"));
    assert_non_null(strstr(answer.body, "telemetra_websocket_connections{instance=\"websocket\"} 1"));
    http_answer_finish(&answer);
    close(fd);
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

static void assert_violation(void **state, uint8_t first, const void *payload, size_t size, unsigned code)
{
    int fd = ws_open(port_of(state), "/live/alpha");

    ws_send(fd, first, payload, size);
    ws_assert_close(fd, code);
}

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
    ws_assert_close(fd, 1008);
}

static void connections_are_bounded_in_all_and_by_address(void **state)
{
    int fds[3];

    (void)state;
    process *run = begin_stored(FRONTENDS("max_connections = 3;"));
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
    assert_int_equal(process_end(run), 0);

    run = begin_stored(FRONTENDS("max_connections_per_address = 2;"));
    for (int i = 0; i < 2; i++)
        fds[i] = ws_open(run->port, "/live/alpha");
    assert_refused((void **)&run, "/live/alpha", WS_HEAD, 429, "Too Many Requests");
    close(fds[0]);
    wait_for_health(run, "\"total_connections\":1");
    fds[0] = ws_open(run->port, "/live/alpha");
    for (int i = 0; i < 2; i++)
        close(fds[i]);
    assert_int_equal(process_end(run), 0);
}

/* --- those that do not live ------------------------------------------------------------------------------------ */

static void silent_clients_are_pinged_and_closed_when_they_do_not_answer(void **state)
{
    (void)state;
    process *run = begin_stored(FRONTENDS("ping_interval = \"200ms\"; pong_timeout = \"600ms\";"));
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
    assert_int_equal(process_end(run), 0);
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
    process *run = begin_stored(FRONTENDS("interval = \"50ms\"; stall_timeout = \"2s\"; send_buffer = \"4KiB\";"
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
    assert_int_equal(process_end(run), 0);
}

/* --- the end --------------------------------------------------------------------------------------------------- */

static void a_stop_says_going_away_within_a_second(void **state)
{
    (void)state;
    process *run = begin_stored(FRONTENDS(""));
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
    assert_int_equal(process_end(run), 0);
    close(stalled);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(health_counts_streams_and_connections),
        cmocka_unit_test(the_first_message_says_connected),
        cmocka_unit_test(the_newest_values_come_at_once),
        cmocka_unit_test(an_unknown_stream_connects_and_has_nulls),
        cmocka_unit_test(updates_come_every_interval_changed_or_not),
        cmocka_unit_test(one_that_comes_later_gets_the_values_at_once_too),
        cmocka_unit_test(ids_are_percent_decoded_once),
        cmocka_unit_test(ids_that_no_stream_can_have_are_422),
        cmocka_unit_test(envelopes_hold_the_same_values),
        cmocka_unit_test(an_unknown_stream_has_empty_envelopes),
        cmocka_unit_test(a_ping_message_is_answered_with_pong),
        cmocka_unit_test(other_messages_are_answered_with_an_error),
        cmocka_unit_test(the_api_answers_on_the_same_port),
        cmocka_unit_test(metrics_tell_of_connections),
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
        cmocka_unit_test(messages_that_are_too_long_close_with_1009),
        cmocka_unit_test(too_many_frames_a_second_close_with_1008),
        cmocka_unit_test(connections_are_bounded_in_all_and_by_address),
        cmocka_unit_test(silent_clients_are_pinged_and_closed_when_they_do_not_answer),
        cmocka_unit_test(stalled_clients_harm_nobody_and_are_cut_off),
        cmocka_unit_test(a_stop_says_going_away_within_a_second),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
