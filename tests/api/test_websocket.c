/* SPDX-License-Identifier: Apache-2.0 */
/* The live socket of the real binary over real sockets: contract section 4. */
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
    };

    return cmocka_run_group_tests(tests, begin, end);
}
