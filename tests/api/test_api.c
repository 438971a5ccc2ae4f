/* SPDX-License-Identifier: Apache-2.0 */
/* The API of the real binary over a small recorded input: contract section 3. Every test asks one process. */
#include "process.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define CONFIGURATION                                                                                                  \
    PROCESS_PIPELINE PROCESS_BEGINNING "sinks = ({ component = \"sqlite\"; path = \"t.db\"; retention_days = 0; });\n" \
                                       "frontends = ({ component = \"rest\"; title = \"Test API\";"                    \
                                       " cors_origins = \"http://localhost:3000,http://localhost:5173\"; });\n"

/* The last window of the longest stream, as it is written. */
#define LAST_WINDOW                                                                                                    \
    "{\"stream_id\":\"alpha\",\"timestamp\":\"2024-05-01T12:01:00Z\",\"viewer_count\":50,\"chat_rate\":2.00,"          \
    "\"unique_chatters\":2,\"top_emotes\":[{\"name\":\"Kappa\",\"emote\":\"Kappa\",\"count\":2},"                      \
    "{\"name\":\"LUL\",\"emote\":\"LUL\",\"count\":1}],\"sentiment_score\":null,"                                      \
    "\"window_start\":\"2024-05-01T12:00:00Z\",\"window_end\":\"2024-05-01T12:01:00Z\",\"final\":true,"                \
    "\"message_count\":2,\"positive_count\":0,\"negative_count\":0,\"viewer_avg\":75.00,\"viewer_min\":50,"            \
    "\"viewer_max\":100,\"transaction_count\":2,\"amounts\":{\"EUR\":\"1.25\"},\"bits\":250}"

static uint16_t port_of(void **state)
{
    const process *run = *state;

    return run->port;
}

static void assert_body(void **state, const char *target, const char *body)
{
    http_answer answer = http_get(port_of(state), target);

    assert_int_equal(answer.status, 200);
    assert_string_equal(answer.body, body);
    http_answer_finish(&answer);
}

static void assert_error(http_answer answer, int status)
{
    assert_int_equal(answer.status, status);
    assert_memory_equal(answer.body, "{\"error\":\"", 10);
    assert_non_null(strstr(answer.body, "\",\"detail\":\""));
    assert_non_null(strstr(answer.body, "\",\"timestamp\":\"20"));
    http_answer_finish(&answer);
}

static void assert_refusal(void **state, const char *target, int status)
{
    assert_error(http_get(port_of(state), target), status);
}

/* Seconds of the windows' ends, in the order of the rows; "60" is 12:01:00. */
static void assert_ends(void **state, const char *target, const char *expected)
{
    http_answer answer = http_get(port_of(state), target);
    char found[256] = "";

    assert_int_equal(answer.status, 200);
    for (const char *at = answer.body; (at = strstr(at, "\"timestamp\":\"2024-05-01T12:0")) != NULL; at++) {
        int seconds = (at[28] - '0') * 60 + atoi(at + 30);
        snprintf(found + strlen(found), sizeof found - strlen(found), "%s%d", found[0] ? "," : "", seconds);
    }
    assert_string_equal(found, expected);
    http_answer_finish(&answer);
}

static int begin(void **state)
{
    process *run = process_begin(CONFIGURATION);
    http_answer answer = process_wait_for(run, "/api/v1/streams/alpha/metrics?limit=1", "\"final\":true");
    int result = answer.status == 200 && strstr(answer.body, "12:01:00Z") ? 0 : -1;

    if (result != 0)
        print_error("%s\n", answer.text);
    http_answer_finish(&answer);
    *state = run;
    return result;
}

static int end(void **state)
{
    return process_end(*state);
}

static void the_root_tells_name_and_version(void **state)
{
    http_answer answer = http_get(port_of(state), "/");

    assert_int_equal(answer.status, 200);
    assert_memory_equal(answer.body, "{\"name\":\"Test API\",\"version\":\"", 30);
    assert_non_null(strstr(answer.body, "\",\"status\":\"running\",\"docs\":\"/docs\",\"health\":\"/api/v1/health\"}"));
    http_answer_finish(&answer);
}

#define BETA                                                                                                           \
    "{\"stream_id\":\"beta\",\"streamer_name\":null,\"title\":null,\"game_category\":null,"                            \
    "\"started_at\":\"2024-05-01T12:00:02Z\",\"is_live\":true,\"viewer_count\":70}"
#define ALPHA                                                                                                          \
    "{\"stream_id\":\"alpha\",\"streamer_name\":\"Al\",\"title\":\"First \\\"steps\\\"\",\"game_category\":\"Chess\"," \
    "\"started_at\":\"2024-05-01T12:00:00Z\",\"is_live\":true,\"viewer_count\":50}"
#define UNSEEN                                                                                                         \
    "{\"stream_id\":\"c/d\",\"streamer_name\":null,\"title\":null,\"game_category\":null,"                             \
    "\"started_at\":\"2024-05-01T12:00:02Z\",\"is_live\":true,\"viewer_count\":null}"

static void streams_come_by_viewers_and_page(void **state)
{
    assert_body(state, "/api/v1/streams", "[" BETA "," ALPHA "," UNSEEN "]");
    assert_body(state, "/api/v1/streams?limit=1&offset=1", "[" ALPHA "]");
    assert_body(state, "/api/v1/streams?offset=3", "[]");
    assert_body(state, "/api/v1/streams?offset=9223372036854775807", "[]");
}

static void metrics_have_every_value_and_come_newest_first(void **state)
{
    assert_body(state, "/api/v1/streams/alpha/metrics?limit=1", "[" LAST_WINDOW "]");
    assert_ends(state, "/api/v1/streams/alpha/metrics", "60,50,40,30,20,10");
    assert_ends(state, "/api/v1/streams/alpha/metrics?limit=2", "60,50");
}

static void before_pages_back(void **state)
{
    assert_ends(state, "/api/v1/streams/alpha/metrics?limit=2&before=2024-05-01T12:00:50Z", "40,30");
    assert_ends(state, "/api/v1/streams/alpha/metrics?before=1714564820000", "10");
    assert_body(state, "/api/v1/streams/alpha/metrics?before=0", "[]");
    assert_refusal(state, "/api/v1/streams/alpha/metrics?before=noon", 422);
}

static void ids_are_percent_decoded_once(void **state)
{
    assert_ends(state, "/api/v1/streams/c%2Fd/metrics?limit=1", "60");
    assert_refusal(state, "/api/v1/streams/c%252Fd/metrics", 404);
    assert_refusal(state, "/api/v1/streams/c/d/metrics", 404);
    assert_refusal(state, "/api/v1/streams/%zz/metrics", 422);
}

static void what_is_not_there_is_404_and_moments_are_empty(void **state)
{
    assert_refusal(state, "/api/v1/streams/nobody/metrics", 404);
    assert_refusal(state, "/nothing", 404);
    assert_body(state, "/api/v1/streams/alpha/moments", "[]");
    assert_body(state, "/api/v1/streams/nobody/moments", "[]");
}

static void bad_parameters_are_422(void **state)
{
    static const char *const targets[] = {
        "/api/v1/streams?limit=0",
        "/api/v1/streams?limit=501",
        "/api/v1/streams?limit=ten",
        "/api/v1/streams?offset=-1",
        "/api/v1/streams?limit=1&limit=2",
        "/api/v1/streams/alpha/metrics?limit=0",
        "/api/v1/streams/alpha/metrics?limit=1001",
        "/api/v1/streams/alpha/moments?limit=0",
        "/api/v1/streams/alpha/moments?limit=201",
    };

    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++)
        assert_refusal(state, targets[i], 422);
}

static void a_wrong_method_is_405_with_allow(void **state)
{
    http_answer answer = http_request(port_of(state), "DELETE", "/api/v1/streams", "");

    assert_string_equal(http_header(&answer, "Allow"), "GET, HEAD, OPTIONS");
    assert_error(answer, 405);
}

static void cors_names_allowed_origins_only(void **state)
{
    http_answer answer = http_request(port_of(state), "GET", "/api/v1/streams", "Origin: http://localhost:5173\r\n");

    assert_string_equal(http_header(&answer, "Access-Control-Allow-Origin"), "http://localhost:5173");
    http_answer_finish(&answer);
    answer = http_request(port_of(state), "OPTIONS", "/api/v1/streams",
                          "Origin: http://localhost:3000\r\nAccess-Control-Request-Method: GET\r\n");
    assert_int_equal(answer.status, 204);
    assert_string_equal(http_header(&answer, "Access-Control-Allow-Origin"), "http://localhost:3000");
    assert_non_null(http_header(&answer, "Access-Control-Allow-Methods"));
    http_answer_finish(&answer);
    answer = http_request(port_of(state), "GET", "/api/v1/streams", "Origin: http://localhost:3001\r\n");
    assert_null(http_header(&answer, "Access-Control-Allow-Origin"));
    http_answer_finish(&answer);
}

/* Sums the values of a series over its labels. */
static long long sum_of(const char *text, const char *name)
{
    size_t size = strlen(name);
    long long sum = -1;

    for (const char *line = text; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
        if (strncmp(line, name, size) != 0 || (line[size] != '{' && line[size] != ' '))
            continue;
        const char *value = line + strcspn(line, "\n");
        while (value[-1] != ' ')
            value--;
        sum = (sum < 0 ? 0 : sum) + atoll(value);
    }
    return sum;
}

static void the_accounting_is_in_the_metrics(void **state)
{
    http_answer answer = http_get(port_of(state), "/metrics");

    assert_int_equal(answer.status, 200);
    assert_memory_equal(http_header(&answer, "Content-Type"), "text/plain; version=0.0.4", 25);
    assert_int_equal(sum_of(answer.body, "telemetra_events_consumed_total"), PROCESS_INPUT_EVENTS);
    assert_int_equal(sum_of(answer.body, "telemetra_events_applied_total"), PROCESS_INPUT_EVENTS);
    assert_int_equal(sum_of(answer.body, "telemetra_events_duplicate_total"), 0);
    assert_int_equal(sum_of(answer.body, "telemetra_events_late_total"), 0);
    assert_int_equal(sum_of(answer.body, "telemetra_events_dead_lettered_total"), 0);
    http_answer_finish(&answer);
}

static void the_api_describes_itself(void **state)
{
    http_answer answer = http_get(port_of(state), "/openapi.json");

    assert_int_equal(answer.status, 200);
    assert_string_equal(http_header(&answer, "Content-Type"), "application/json");
    assert_memory_equal(answer.body, "{\"openapi\":\"3.1.0\",\"info\":{\"title\":\"Test API\"", 45);
    assert_non_null(strstr(answer.body, "\"/api/v1/streams/{id}/metrics\":{\"get\":"));
    http_answer_finish(&answer);
    static const char *const pages[] = {"/docs", "/redoc"};
    for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++) {
        answer = http_get(port_of(state), pages[i]);
        assert_int_equal(answer.status, 200);
        assert_string_equal(http_header(&answer, "Content-Type"), "text/html; charset=utf-8");
        assert_non_null(strstr(answer.body, "<title>Test API</title>"));
        http_answer_finish(&answer);
    }
}

/* No component of this process has a page for it. */
static void a_browser_gets_the_root_where_there_is_no_dashboard(void **state)
{
    http_answer answer = http_request(port_of(state), "GET", "/", "Accept: text/html\r\n");

    assert_int_equal(answer.status, 200);
    assert_string_equal(http_header(&answer, "Content-Type"), "application/json");
    http_answer_finish(&answer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_root_tells_name_and_version),
        cmocka_unit_test(streams_come_by_viewers_and_page),
        cmocka_unit_test(metrics_have_every_value_and_come_newest_first),
        cmocka_unit_test(before_pages_back),
        cmocka_unit_test(ids_are_percent_decoded_once),
        cmocka_unit_test(what_is_not_there_is_404_and_moments_are_empty),
        cmocka_unit_test(bad_parameters_are_422),
        cmocka_unit_test(a_wrong_method_is_405_with_allow),
        cmocka_unit_test(cors_names_allowed_origins_only),
        cmocka_unit_test(the_accounting_is_in_the_metrics),
        cmocka_unit_test(the_api_describes_itself),
        cmocka_unit_test(a_browser_gets_the_root_where_there_is_no_dashboard),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
