/* SPDX-License-Identifier: Apache-2.0 */
/* The routes of contract section 3, line by line, over a store in memory. What sockets do to it: test_rest_wire.c. */
#include "rest_host.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const rest_setup usual = {0};

static void assert_status(rest_host *rest, const char *target, int status)
{
    http_answer answer = http_get(rest->port, target);

    if (answer.status != status)
        print_error("%s: %s\n", target, answer.text);
    assert_int_equal(answer.status, status);
    http_answer_finish(&answer);
}

static void assert_body(rest_host *rest, const char *target, const char *body)
{
    http_answer answer = http_get(rest->port, target);

    assert_int_equal(answer.status, 200);
    assert_string_equal(http_header(&answer, "Content-Type"), "application/json");
    assert_string_equal(answer.body, body);
    http_answer_finish(&answer);
}

/* `{error, detail, timestamp}`, the detail holding a word. */
static void assert_error(const http_answer *answer, int status, const char *word)
{
    if (answer->status != status)
        print_error("%s\n", answer->text);
    assert_int_equal(answer->status, status);
    assert_string_equal(http_header(answer, "Content-Type"), "application/json");
    assert_memory_equal(answer->body, "{\"error\":\"", 10);
    const char *detail = strstr(answer->body, "\",\"detail\":\"");
    const char *timestamp = strstr(answer->body, "\",\"timestamp\":\"2");
    assert_non_null(detail);
    assert_non_null(timestamp);
    assert_true(detail < timestamp);
    assert_non_null(strstr(detail, word));
    assert_string_equal(answer->body + strlen(answer->body) - 3, "Z\"}");
}

static void assert_refusal(rest_host *rest, const char *target, int status, const char *word)
{
    http_answer answer = http_get(rest->port, target);

    assert_error(&answer, status, word);
    http_answer_finish(&answer);
}

/* --- the process ----------------------------------------------------------------------------------------------- */

static void the_root_tells_name_and_version(void **state)
{
    (void)state;
    rest_host *rest = rest_begin(&usual);
    assert_body(rest, "/",
                "{\"name\":\"Telemetra API\",\"version\":\"1.2.3\",\"status\":\"running\",\"docs\":\"/docs\","
                "\"health\":\"/api/v1/health\"}");
    assert_body(rest, "/health", "{\"status\":\"ok\"}");
    rest_end(rest);
}

static void answers_are_neither_stored_nor_sniffed(void **state)
{
    (void)state;
    rest_host *rest = rest_begin(&usual);
    http_answer answer = http_get(rest->port, "/health");
    assert_string_equal(http_header(&answer, "Cache-Control"), "no-store");
    assert_string_equal(http_header(&answer, "X-Content-Type-Options"), "nosniff");
    assert_null(http_header(&answer, "Access-Control-Allow-Origin"));
    http_answer_finish(&answer);
    rest_end(rest);
}

typedef struct health_row {
    uint32_t overall, database, redis; /* TLM_HEALTH_..., 0: not configured */
    int status;
    const char *words[3];
    int failure; /* of the store's answers */
} health_row;

static void health_says_what_the_host_reports(void **state)
{
    static const health_row rows[] = {
        {TLM_HEALTH_OK, TLM_HEALTH_OK, TLM_HEALTH_OK, 200, {"ok", "ok", "ok"}, 0},
        {TLM_HEALTH_OK, TLM_HEALTH_OK, 0, 200, {"ok", "ok", "unavailable"}, 0},
        /* It answers, but cannot keep what is new: its disk is full, say. */
        {TLM_HEALTH_DEGRADED, TLM_HEALTH_DEGRADED, TLM_HEALTH_OK, 200, {"degraded", "error", "ok"}, 0},
        {TLM_HEALTH_DEGRADED, TLM_HEALTH_DEGRADED, TLM_HEALTH_OK, 200, {"degraded", "unavailable", "ok"}, -EIO},
        {TLM_HEALTH_DEGRADED, TLM_HEALTH_OK, TLM_HEALTH_DEGRADED, 200, {"degraded", "ok", "unavailable"}, 0},
        {TLM_HEALTH_ERROR, TLM_HEALTH_ERROR, 0, 503, {"error", "error", "unavailable"}, 0},
        {TLM_HEALTH_ERROR, TLM_HEALTH_ERROR, 0, 503, {"error", "unavailable", "unavailable"}, -EIO},
    };

    (void)state;
    rest_host *rest = rest_begin(&usual);
    for (size_t i = 0; i < TLM_COUNT(rows); i++) {
        const tlm_health_item items[] = {{"lane 0", "core", 0, rows[i].overall, tlm_text_of("")},
                                         {"fake", "sqlite", 1, rows[i].database, tlm_text_of("why \"not\"")},
                                         {"cache", "redis", 1, rows[i].redis, tlm_text_of("")}};
        char expected[256];
        rest->health = items;
        rest->health_count = rows[i].redis ? 3 : 2;
        rest->health_status = rows[i].overall;
        rest->store.failure = rows[i].failure;
        http_answer answer = http_get(rest->port, "/api/v1/health");
        assert_int_equal(answer.status, rows[i].status);
        snprintf(expected, sizeof expected, "{\"status\":\"%s\",\"timestamp\":\"2", rows[i].words[0]);
        assert_memory_equal(answer.body, expected, strlen(expected));
        snprintf(expected, sizeof expected,
                 "Z\",\"database\":\"%s\",\"redis\":\"%s\",\"pipeline\":[{\"name\":\"lane 0\"", rows[i].words[1],
                 rows[i].words[2]);
        assert_non_null(strstr(answer.body, expected));
        assert_non_null(strstr(answer.body, "\"component\":\"sqlite\""));
        assert_non_null(strstr(answer.body, "\"message\":\"why \\\"not\\\"\"}"));
        http_answer_finish(&answer);
    }
    rest_end(rest);
}

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void health_does_not_wait_for_a_store_that_does_not_answer(void **state)
{
    static const tlm_health_item items[] = {{"fake", "postgres", 1, TLM_HEALTH_DEGRADED, {"frozen", 6}}};

    (void)state;
    rest_host *rest = rest_begin(&usual);
    rest->health = items;
    rest->health_count = 1;
    rest->health_status = TLM_HEALTH_DEGRADED;
    rest->store.is_frozen = true;
    for (int i = 0; i < 3; i++) {
        int64_t before = now_ms();
        http_answer answer = http_get(rest->port, "/api/v1/health");
        assert_true(now_ms() - before < 1000);
        assert_int_equal(answer.status, 200);
        assert_non_null(strstr(answer.body, "\"database\":\"unavailable\""));
        http_answer_finish(&answer);
    }
    assert_int_equal(rest->store.query_count, 1);
    rest->store.is_frozen = false;
    for (bool is_answered = false; !is_answered;) { /* ctest ends it if that never comes */
        http_answer answer = http_get(rest->port, "/api/v1/health");
        is_answered = strstr(answer.body, "\"database\":\"error\"") != NULL;
        http_answer_finish(&answer);
    }
    rest_end(rest);
}

static void metrics_are_prometheus_text(void **state)
{
    (void)state;
    rest_host *rest = rest_begin(&usual);
    http_answer answer = http_get(rest->port, "/metrics");
    assert_int_equal(answer.status, 200);
    assert_memory_equal(http_header(&answer, "Content-Type"), "text/plain; version=0.0.4", 25);
    assert_non_null(strstr(answer.body, "telemetra_events_consumed_total 5\n"));
    http_answer_finish(&answer);
    rest_end(rest);
}

static void live_health_has_no_connections_and_an_upgrade_is_426(void **state)
{
    (void)state;
    rest_host *rest = rest_begin(&usual);
    assert_body(rest, "/ws/live/health",
                "{\"status\":\"ok\",\"active_streams\":0,\"total_connections\":0,\"streams\":{}}");
    int fd = http_connect(rest->port);
    static const char request[] = "GET /ws/live/health HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n"
                                  "Upgrade: websocket\r\n\r\n";
    assert_true(http_send(fd, request, sizeof request - 1));
    http_answer answer = http_read(fd, false);
    assert_error(&answer, 426, "WebSocket");
    assert_string_equal(http_header(&answer, "Upgrade"), "websocket");
    assert_true(http_is_closed(fd));
    close(fd);
    http_answer_finish(&answer);
    rest_end(rest);
}

/* --- streams --------------------------------------------------------------------------------------------------- */

#define TOP                                                                                                            \
    "{\"stream_id\":\"top\",\"streamer_name\":null,\"title\":null,\"game_category\":null,"                             \
    "\"started_at\":\"2024-05-01T12:00:00Z\",\"is_live\":true,\"viewer_count\":500}"
#define A                                                                                                              \
    "{\"stream_id\":\"a\",\"streamer_name\":null,\"title\":null,\"game_category\":null,"                               \
    "\"started_at\":\"2024-05-01T12:00:00Z\",\"is_live\":true,\"viewer_count\":10}"
#define B                                                                                                              \
    "{\"stream_id\":\"b\",\"streamer_name\":\"Bea\",\"title\":\"say \\\"hi\\\"\\n\",\"game_category\":\"Chess\","      \
    "\"started_at\":\"2024-05-01T12:00:05Z\",\"is_live\":true,\"viewer_count\":10}"
#define UNSEEN                                                                                                         \
    "{\"stream_id\":\"none\",\"streamer_name\":null,\"title\":null,\"game_category\":null,"                            \
    "\"started_at\":\"2024-05-01T12:00:00Z\",\"is_live\":true,\"viewer_count\":null}"
#define OFF                                                                                                            \
    "{\"stream_id\":\"off\",\"streamer_name\":null,\"title\":null,\"game_category\":null,"                             \
    "\"started_at\":null,\"is_live\":false,\"viewer_count\":900}"

static void streams_come_live_first_then_by_viewers_then_by_id(void **state)
{
    (void)state;
    rest_host *rest = rest_begin(&usual);
    assert_body(rest, "/api/v1/streams", "[" TOP "," A "," B "," UNSEEN "," OFF "]");
    assert_body(rest, "/api/v1/streams?limit=2", "[" TOP "," A "]");
    assert_body(rest, "/api/v1/streams?limit=2&offset=3", "[" UNSEEN "," OFF "]");
    assert_body(rest, "/api/v1/streams?offset=5", "[]");
    assert_body(rest, "/api/v1/streams?offset=999999999999999999", "[]");
    assert_body(rest, "/api/v1/streams?offset=9223372036854775807", "[]");
    assert_body(rest, "/api/v1/streams?offset=0000000000000000000005", "[]");
    assert_body(rest, "/api/v1/streams?limit=500&offset=4&unknown=1&unknown=2&x=%zz&&=", "[" OFF "]");
    assert_body(rest, "/api/v1/streams?l%69mit=%31", "[" TOP "]");
    rest_end(rest);
}

static void bad_limits_are_422(void **state)
{
    static const char *const targets[] = {
        "/api/v1/streams?limit=0",
        "/api/v1/streams?limit=501",
        "/api/v1/streams?limit=",
        "/api/v1/streams?limit",
        "/api/v1/streams?limit=-1",
        "/api/v1/streams?limit=+1",
        "/api/v1/streams?limit=1.0",
        "/api/v1/streams?limit=0x1",
        "/api/v1/streams?limit=%201",
        "/api/v1/streams?limit=1%00",
        "/api/v1/streams?limit=99999999999999999999",
        "/api/v1/streams?limit=1&limit=1",
        "/api/v1/streams?limit=%4",
        "/api/v1/streams/a/metrics?limit=1001",
        "/api/v1/streams/a/metrics?limit=0",
        "/api/v1/streams/a/moments?limit=201",
        "/api/v1/streams/a/moments?limit=x",
    };

    (void)state;
    rest_host *rest = rest_begin(&usual);
    for (size_t i = 0; i < TLM_COUNT(targets); i++)
        assert_refusal(rest, targets[i], 422, "limit");
    assert_refusal(rest, "/api/v1/streams?offset=-1", 422, "offset");
    assert_refusal(rest, "/api/v1/streams?offset=x", 422, "offset");
    assert_refusal(rest, "/api/v1/streams?offset=9223372036854775808", 422, "from 0 to 9223372036854775807");
    assert_refusal(rest, "/api/v1/streams?offset=99999999999999999999999", 422, "from 0 to 9223372036854775807");
    assert_status(rest, "/api/v1/streams/a/metrics?limit=1000", 200);
    assert_status(rest, "/api/v1/streams/a/moments?limit=200", 200);
    rest_end(rest);
}

/* --- metrics --------------------------------------------------------------------------------------------------- */

/* The row that ROWS_WINDOW makes. */
static const char *window_json(const char *id, const char *start, const char *end, const char *final)
{
    static char text[2048];

    snprintf(text, sizeof text,
             "{\"stream_id\":\"%s\",\"timestamp\":\"%s\",\"viewer_count\":101,\"chat_rate\":12.50,"
             "\"unique_chatters\":7,\"top_emotes\":[{\"name\":\"Kappa\",\"emote\":\"Kappa\",\"count\":3},"
             "{\"name\":\"a\\\"b\",\"emote\":\"a\\\"b\",\"count\":1}],\"sentiment_score\":-0.0025,"
             "\"window_start\":\"%s\",\"window_end\":\"%s\",\"final\":%s,\"message_count\":13,\"positive_count\":2,"
             "\"negative_count\":1,\"viewer_avg\":100.50,\"viewer_min\":99,\"viewer_max\":102,\"transaction_count\":4,"
             "\"amounts\":{\"EUR\":\"1.50\",\"USD\":\"-0.01\"},\"bits\":250}",
             id, end, start, end, final);
    return text;
}

static void assert_contains(rest_host *rest, const char *target, const char *part)
{
    http_answer answer = http_get(rest->port, target);

    assert_int_equal(answer.status, 200);
    if (!strstr(answer.body, part))
        print_error("%s\nwithout\n%s\n", answer.body, part);
    assert_non_null(strstr(answer.body, part));
    http_answer_finish(&answer);
}

/* How many rows an array holds, and the end of each second's minute mark: "30,20,10". */
static void assert_ends(rest_host *rest, const char *target, const char *expected)
{
    http_answer answer = http_get(rest->port, target);
    char found[256] = "";

    assert_int_equal(answer.status, 200);
    for (const char *at = answer.body; (at = strstr(at, "\"timestamp\":\"2024-05-01T12:00:")) != NULL; at++)
        snprintf(found + strlen(found), sizeof found - strlen(found), "%s%.2s", found[0] ? "," : "", at + 30);
    assert_string_equal(found, expected);
    http_answer_finish(&answer);
}

static void metrics_come_newest_first_with_exact_digits(void **state)
{
    char expected[2100];

    (void)state;
    rest_host *rest = rest_begin(&usual);
    snprintf(expected, sizeof expected, "[%s,",
             window_json("a", "2024-05-01T11:59:30Z", "2024-05-01T12:00:30Z", "true"));
    assert_contains(rest, "/api/v1/streams/a/metrics", expected);
    assert_ends(rest, "/api/v1/streams/a/metrics", "30,20,10");
    assert_ends(rest, "/api/v1/streams/a/metrics?limit=2", "30,20");
    assert_body(rest, "/api/v1/streams/b/metrics",
                "[{\"stream_id\":\"b\",\"timestamp\":\"2024-05-01T12:00:10Z\",\"viewer_count\":null,"
                "\"chat_rate\":0.00,\"unique_chatters\":0,\"top_emotes\":[],\"sentiment_score\":null,"
                "\"window_start\":\"2024-05-01T11:59:10Z\",\"window_end\":\"2024-05-01T12:00:10Z\",\"final\":true,"
                "\"message_count\":0,\"positive_count\":0,\"negative_count\":0,\"viewer_avg\":null,"
                "\"viewer_min\":null,\"viewer_max\":null,\"transaction_count\":0,\"amounts\":{},\"bits\":0}]");
    rest_end(rest);
}

static void before_pages_back_exclusively(void **state)
{
    (void)state;
    rest_host *rest = rest_begin(&usual);
    assert_ends(rest, "/api/v1/streams/a/metrics?before=2024-05-01T12:00:30Z", "20,10");
    assert_ends(rest, "/api/v1/streams/a/metrics?before=2024-05-01T12:00:30.001Z", "30,20,10");
    assert_ends(rest, "/api/v1/streams/a/metrics?before=2024-05-01T14:00:20+02:00", "10");
    assert_ends(rest, "/api/v1/streams/a/metrics?before=2024-05-01T14%3A00%3A20%2B02%3A00", "10");
    assert_ends(rest, "/api/v1/streams/a/metrics?before=1714564820000&limit=1", "10");
    assert_body(rest, "/api/v1/streams/a/metrics?before=0", "[]");
    assert_status(rest, "/api/v1/streams/nobody/metrics?before=0", 404);
    assert_refusal(rest, "/api/v1/streams/a/metrics?before=yesterday", 422, "before");
    assert_refusal(rest, "/api/v1/streams/a/metrics?before=", 422, "before");
    assert_refusal(rest, "/api/v1/streams/a/metrics?before=99999999999999", 422, "before");
    assert_refusal(rest, "/api/v1/streams/a/metrics?before=1&before=2", 422, "before");
    assert_refusal(rest, "/api/v1/streams/a/metrics?before=3000-01-01T00:00:00Z", 422, "years 1970 to 2261");
    assert_refusal(rest, "/api/v1/streams/a/metrics?before=9223372036854775807", 422, "years 1970 to 2261");
    rest_end(rest);
}

static void a_stream_without_rows_is_404(void **state)
{
    (void)state;
    rest_host *rest = rest_begin(&usual);
    assert_refusal(rest, "/api/v1/streams/nobody/metrics", 404, "row");
    assert_refusal(rest, "/api/v1/streams/top/metrics", 404, "row");
    rest_end(rest);
}

static void ids_are_percent_decoded_once(void **state)
{
    (void)state;
    rest_host *rest = rest_begin(&usual);
    assert_contains(rest, "/api/v1/streams/a%2Fb/metrics", "\"stream_id\":\"a/b\"");
    assert_contains(rest, "/api/v1/streams/a%252Fb/metrics", "\"stream_id\":\"a%2Fb\"");
    assert_contains(rest, "/api/v1/streams/%c3%A9%20x/metrics", "\"stream_id\":\"\xc3\xa9 x\"");
    assert_contains(rest, "/%61pi/v1/streams/%61/metrics", "\"stream_id\":\"a\"");
    assert_status(rest, "/api/v1/streams/a+b/metrics", 404);
    assert_refusal(rest, "/api/v1/streams/a/b/metrics", 404, "route");
    assert_refusal(rest, "/api/v1/streams/%/metrics", 422, "hexadecimal");
    assert_refusal(rest, "/api/v1/streams/%4/metrics", 422, "hexadecimal");
    assert_refusal(rest, "/api/v1/streams/%4g/metrics", 422, "hexadecimal");
    assert_refusal(rest, "/api/v1/streams/%00/metrics", 422, "stream id");
    assert_refusal(rest, "/api/v1/streams/%ff/moments", 422, "stream id");
    assert_refusal(rest, "/api/v1/streams//metrics", 422, "stream id");
    rest_end(rest);
}

static void an_id_has_at_most_255_bytes(void **state)
{
    char target[512];

    (void)state;
    rest_host *rest = rest_begin(&usual);
    for (size_t size = 255; size <= 256; size++) {
        char id[257] = {0};
        memset(id, 'x', size);
        snprintf(target, sizeof target, "/api/v1/streams/%s/metrics", id);
        assert_status(rest, target, size == 255 ? 404 : 422);
    }
    rest_end(rest);
}

/* --- early rows ------------------------------------------------------------------------------------------------ */

static void publish_window(rest_host *rest, uint32_t flags, const tlm_cell *row)
{
    /* The rows are gone when the call has returned: a copy must have been made. */
    tlm_cell *copy = malloc(TLM_COUNT(rows_window_columns) * sizeof *copy);

    memcpy(copy, row, TLM_COUNT(rows_window_columns) * sizeof *copy);
    rest_publish(rest, &rows_windows, flags, copy, 1);
    free(copy);
}

static void the_early_row_comes_first_until_it_is_final(void **state)
{
    static const tlm_cell early[] = {ROWS_WINDOW("a", 40)}, later[] = {ROWS_WINDOW("a", 50)};
    static const tlm_cell past[] = {ROWS_WINDOW("a", 30)};

    (void)state;
    rest_host *rest = rest_begin(&usual);
    assert_ends(rest, "/api/v1/streams/a/metrics", "30,20,10");
    publish_window(rest, TLM_ROWS_EARLY, early);
    assert_ends(rest, "/api/v1/streams/a/metrics", "40,30,20,10");
    assert_contains(rest, "/api/v1/streams/a/metrics?limit=1",
                    window_json("a", "2024-05-01T11:59:40Z", "2024-05-01T12:00:40Z", "false"));
    assert_ends(rest, "/api/v1/streams/a/metrics?limit=2", "40,30");
    assert_ends(rest, "/api/v1/streams/a/metrics?before=2024-05-01T12:00:40Z", "30,20,10");
    assert_ends(rest, "/api/v1/streams/a/metrics?before=2024-05-01T13:00:00Z", "40,30,20,10");
    publish_window(rest, TLM_ROWS_EARLY, later);
    assert_ends(rest, "/api/v1/streams/a/metrics", "50,30,20,10");
    publish_window(rest, TLM_ROWS_EARLY, early); /* another lane's clock: the newest stays */
    publish_window(rest, TLM_ROWS_FINAL, early);
    assert_ends(rest, "/api/v1/streams/a/metrics", "50,30,20,10");
    publish_window(rest, TLM_ROWS_FINAL, later);
    assert_ends(rest, "/api/v1/streams/a/metrics", "30,20,10");
    publish_window(rest, TLM_ROWS_EARLY, past); /* the store knows better */
    assert_ends(rest, "/api/v1/streams/a/metrics", "30,20,10");
    rest_end(rest);
}

static void a_stream_with_an_early_row_alone_is_known(void **state)
{
    static const tlm_cell early[] = {ROWS_WINDOW("new", 40)};

    (void)state;
    rest_host *rest = rest_begin(&usual);
    assert_status(rest, "/api/v1/streams/new/metrics", 404);
    publish_window(rest, TLM_ROWS_EARLY, early);
    assert_ends(rest, "/api/v1/streams/new/metrics", "40");
    assert_body(rest, "/api/v1/streams/new/metrics?before=0", "[]");
    rest_end(rest);
}

static void emotes_get_their_older_name_in_any_shape(void **state)
{
    static const char *const rows[][2] = {
        {"[ {\"count\": 2, \"name\" : \"x\\\\\"} ,\n{\"name\":\"\",\"id\":7,\"count\":-1} ]",
         "\"top_emotes\":[{\"name\":\"x\\\\\",\"emote\":\"x\\\\\",\"count\":2},{\"name\":\"\",\"emote\":\"\","
         "\"count\":-1}],"},
        {"[ ]", "\"top_emotes\":[],"},
        {"{\"x\":[1]}", "\"top_emotes\":{\"x\":[1]},"},
        {"[{\"name\":\"x\"}]", "\"top_emotes\":[{\"name\":\"x\"}],"},
        {"[{\"name\":\"x\",\"count\":null}]", "\"top_emotes\":[{\"name\":\"x\",\"count\":null}],"},
        {"[{}]", "\"top_emotes\":[{}],"},
    };

    (void)state;
    rest_host *rest = rest_begin(&usual);
    for (size_t i = 0; i < TLM_COUNT(rows); i++) {
        tlm_cell row[] = {ROWS_WINDOW("odd", 40)};
        tlm_cell *emotes = &row[fake_column(&rows_windows, "top_emotes")];
        emotes->as.text = rows[i][0];
        emotes->size = (uint32_t)strlen(rows[i][0]);
        publish_window(rest, TLM_ROWS_EARLY, row);
        assert_contains(rest, "/api/v1/streams/odd/metrics", rows[i][1]);
    }
    rest_end(rest);
}

static void early_rows_are_bounded(void **state)
{
    static const char *const options[][2] = {{"max_live_streams", "2"}, {NULL, NULL}};
    static const tlm_cell x[] = {ROWS_WINDOW("x", 40)}, y[] = {ROWS_WINDOW("y", 40)}, z[] = {ROWS_WINDOW("z", 40)};

    (void)state;
    rest_host *rest = rest_begin(&(rest_setup){.options = options});
    publish_window(rest, TLM_ROWS_EARLY, x);
    publish_window(rest, TLM_ROWS_EARLY, y);
    publish_window(rest, TLM_ROWS_EARLY, z);
    assert_ends(rest, "/api/v1/streams/y/metrics", "40");
    assert_status(rest, "/api/v1/streams/z/metrics", 404);
    publish_window(rest, TLM_ROWS_FINAL, x);
    publish_window(rest, TLM_ROWS_EARLY, z);
    assert_ends(rest, "/api/v1/streams/z/metrics", "40");
    assert_status(rest, "/api/v1/streams/x/metrics", 404);
    rest_end(rest);
}

static void a_dataset_of_other_columns_is_passed_over(void **state)
{
    static const tlm_dataset other = {
        sizeof(tlm_dataset), TLM_DATASET_APPEND, "windows", "", rows_stream_columns, TLM_COUNT(rows_stream_columns)};

    (void)state;
    rest_host *rest = rest_begin(&usual);
    rest_publish(rest, &other, TLM_ROWS_EARLY, rows_stream_cells, 1);
    assert_status(rest, "/api/v1/streams/off/metrics", 404);
    rest_end(rest);
}

/* --- moments --------------------------------------------------------------------------------------------------- */

static void moments_come_newest_first(void **state)
{
    (void)state;
    rest_host *rest = rest_begin(&usual);
    assert_body(rest, "/api/v1/streams/a/moments?limit=1",
                "[{\"moment_id\":\"m2\",\"stream_id\":\"a\",\"timestamp\":\"2024-05-01T12:00:03Z\","
                "\"moment_type\":\"chat_spike\",\"description\":\"more chat\",\"metric_name\":\"chat_rate\","
                "\"metric_value\":120.00,\"threshold\":3.00,\"z_score\":5.12,\"metadata\":{\"x\":1}}]");
    assert_ends(rest, "/api/v1/streams/a/moments", "03,03,01");
    assert_body(rest, "/api/v1/streams/b/moments", "[]");
    assert_body(rest, "/api/v1/streams/nobody/moments", "[]");
    rest_end(rest);
}

static void a_store_without_moments_has_none(void **state)
{
    (void)state;
    rest_host *rest = rest_begin(&(rest_setup){.table_count = 2});
    assert_body(rest, "/api/v1/streams/a/moments", "[]");
    rest_end(rest);
}

/* --- the store ------------------------------------------------------------------------------------------------- */

static void a_store_that_is_gone_is_503_and_only_the_log_hears_why(void **state)
{
    static const char *const options[][2] = {{"keep_bodies", "0"}, {NULL, NULL}};
    static const char *const targets[] = {"/api/v1/streams", "/api/v1/streams/a/metrics",
                                          "/api/v1/streams/a/metrics?before=0", "/api/v1/streams/a/moments"};

    (void)state;
    rest_host *rest = rest_begin(&(rest_setup){.options = options});
    rest->store.failure = -EIO;
    for (size_t i = 0; i < TLM_COUNT(targets); i++)
        assert_refusal(rest, targets[i], 503, "the store does not answer\"");
    assert_int_equal(rest->log_count, 1);
    assert_non_null(strstr(rest->log, "the file is gone"));
    assert_status(rest, "/health", 200);
    rest->store.failure = 0;
    assert_status(rest, "/api/v1/streams", 200);
    rest->store.failure = -EIO;
    assert_status(rest, "/api/v1/streams", 503);
    assert_int_equal(rest->log_count, 2);
    rest_end(rest);
}

static void an_origin_that_no_browser_sends_is_refused(void **state)
{
    static const char *const good[] = {"http://localhost:3000", "https://a.example", "http://127.0.0.1:1",
                                       "http://[::1]:65535", "chrome-extension://abcdef"};
    static const char *const wrong[] = {"*",
                                        "localhost:3000",
                                        "http://a.example/",
                                        "https://a.example/path",
                                        "http://a.example:0",
                                        "http://a.example:65536",
                                        "http://a.example:",
                                        "http://A.example",
                                        "http://*.example",
                                        "http://",
                                        "://a",
                                        "null",
                                        "http://[::1",
                                        "http://a b"};

    (void)state;
    rest_host *rest = rest_make(&usual);
    for (size_t i = 0; i < TLM_COUNT(good) + TLM_COUNT(wrong); i++) {
        bool is_good = i < TLM_COUNT(good);
        const char *origin = is_good ? good[i] : wrong[i - TLM_COUNT(good)];
        const char *const options[][2] = {{"cors_origins", origin}, {NULL, NULL}};
        void *config = rest_configure(rest->component, options);
        tlm_instance *instance = NULL;
        tlm_error error = {{0}};
        int result = rest->component->create(&rest->host, config, &instance, &error);
        if (result != (is_good ? 0 : -EINVAL))
            fail_msg("%s: %d %s", origin, result, error.text);
        if (!is_good) {
            assert_memory_equal(error.text, "cors_origins: ", 14);
            assert_non_null(strstr(error.text, origin));
        }
        rest->component->destroy(instance);
        rest_free_config(rest->component, config);
    }
    rest_end(rest);
}

static void without_a_store_the_rows_are_503(void **state)
{
    (void)state;
    rest_host *rest = rest_begin(&(rest_setup){.without_store = true});
    assert_refusal(rest, "/api/v1/streams", 503, "no store is configured");
    assert_refusal(rest, "/api/v1/streams/a/metrics", 503, "no store is configured");
    assert_status(rest, "/", 200);
    http_answer answer = http_get(rest->port, "/api/v1/health");
    assert_int_equal(answer.status, 200);
    assert_non_null(strstr(answer.body, "\"database\":\"unavailable\",\"redis\":\"unavailable\""));
    http_answer_finish(&answer);
    rest_end(rest);
}

static void a_named_store_must_be_there(void **state)
{
    static const char *const missing[][2] = {{"store", "elsewhere"}, {NULL, NULL}};
    static const char *const present[][2] = {{"store", "fake"}, {NULL, NULL}};
    tlm_error error = {{0}};

    (void)state;
    rest_host *rest = rest_make(&(rest_setup){.options = missing});
    assert_int_equal(rest->component->start(rest->instance, &error), -ENOENT);
    assert_non_null(strstr(error.text, "\"elsewhere\""));
    rest_end(rest);
    rest = rest_begin(&(rest_setup){.options = present});
    assert_status(rest, "/api/v1/streams", 200);
    rest_end(rest);
}

static void bodies_are_kept_until_the_data_changes(void **state)
{
    static const char *const options[][2] = {{"keep_bodies", "60"}, {NULL, NULL}};

    (void)state;
    rest_host *rest = rest_begin(&(rest_setup){.options = options});
    for (int i = 0; i < 5; i++)
        assert_body(rest, "/api/v1/streams?limit=1", "[" TOP "]");
    assert_int_equal(rest->store.query_count, 1);
    assert_body(rest, "/api/v1/streams?limit=2", "[" TOP "," A "]");
    assert_int_equal(rest->store.query_count, 2);
    rest_publish(rest, &rows_streams, TLM_ROWS_FINAL, rows_stream_cells, 1);
    assert_body(rest, "/api/v1/streams?limit=1", "[" TOP "]");
    assert_int_equal(rest->store.query_count, 3);
    for (uint32_t i = 0; i < 2; i++) {
        assert_status(rest, "/api/v1/streams/a/moments", 200);
        assert_status(rest, "/api/v1/streams/a/moments", 200);
        assert_int_equal(rest->store.query_count, 4 + i);
        rest_publish(rest, &rows_moments, TLM_ROWS_FINAL, rows_moment_cells, 1);
    }
    assert_status(rest, "/api/v1/streams?limit=x", 422);
    assert_status(rest, "/api/v1/streams?limit=x", 422);
    rest_end(rest);
}

/* --- routes and methods ---------------------------------------------------------------------------------------- */

static void an_unknown_route_is_404(void **state)
{
    static const char *const targets[] = {
        "/nothing",
        "/health/",
        "//",
        "/api/v1/streams/",
        "/api/v1/streams/a",
        "/API/v1/streams",
        "/docs/",
        "/docs/x",
        "/openapi",
        "/redoc/",
        "/ws/live/a",
        "/live/a",
        "/1/2/3/4/5/6/7/8/9",
        "/api/v1/streams/a/metrics/x",
    };

    (void)state;
    rest_host *rest = rest_begin(&usual);
    for (size_t i = 0; i < TLM_COUNT(targets); i++)
        assert_refusal(rest, targets[i], 404, "no such route");
    rest_end(rest);
}

static void a_wrong_method_is_405_with_allow(void **state)
{
    static const char *const methods[] = {"POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "FOO", "get"};

    (void)state;
    rest_host *rest = rest_begin(&usual);
    for (size_t i = 0; i < TLM_COUNT(methods); i++) {
        http_answer answer = http_request(rest->port, methods[i], "/api/v1/streams", "");
        assert_error(&answer, 405, "GET, HEAD, OPTIONS");
        assert_string_equal(http_header(&answer, "Allow"), "GET, HEAD, OPTIONS");
        http_answer_finish(&answer);
        answer = http_request(rest->port, methods[i], "/nothing", "");
        assert_error(&answer, 404, "route");
        http_answer_finish(&answer);
    }
    rest_end(rest);
}

static void head_is_get_without_the_body(void **state)
{
    static const char *const targets[] = {"/", "/health", "/metrics", "/api/v1/streams", "/api/v1/streams/a/metrics"};

    (void)state;
    rest_host *rest = rest_begin(&usual);
    for (size_t i = 0; i < TLM_COUNT(targets); i++) {
        http_answer get = http_get(rest->port, targets[i]);
        char length[1024];
        snprintf(length, sizeof length, "%s", http_header(&get, "Content-Length"));
        http_answer head = http_request(rest->port, "HEAD", targets[i], "");
        assert_int_equal(head.status, 200);
        assert_string_equal(http_header(&head, "Content-Length"), length);
        assert_string_equal(head.body, "");
        http_answer_finish(&get);
        http_answer_finish(&head);
    }
    rest_end(rest);
}

static void options_tells_the_methods(void **state)
{
    (void)state;
    rest_host *rest = rest_begin(&usual);
    http_answer answer = http_request(rest->port, "OPTIONS", "/api/v1/streams", "");
    assert_int_equal(answer.status, 204);
    assert_string_equal(http_header(&answer, "Allow"), "GET, HEAD, OPTIONS");
    http_answer_finish(&answer);
    answer = http_request(rest->port, "OPTIONS", "*", "");
    assert_int_equal(answer.status, 204);
    http_answer_finish(&answer);
    rest_end(rest);
}

static void targets_may_be_absolute_and_not_too_long(void **state)
{
    char *target = calloc(1, 9000);

    (void)state;
    rest_host *rest = rest_begin(&usual);
    assert_status(rest, "http://example.org/health", 200);
    assert_status(rest, "HTTP://example.org", 200);
    assert_status(rest, "http://example.org?x", 200);
    memset(target, 'x', 8001);
    memcpy(target, "/health?", 8);
    assert_refusal(rest, target, 414, "8000");
    target[8000] = '\0';
    assert_status(rest, target, 200);
    memset(target, 0, 9000);
    memcpy(target, "/health?", 8);
    memset(target + 8, '&', 100);
    assert_refusal(rest, target, 422, "parameters");
    free(target);
    rest_end(rest);
}

/* --- CORS ------------------------------------------------------------------------------------------------------ */

static const char *const cors[][2] = {{"cors_origins", "http://localhost:3000"}, {NULL, NULL}};

static void an_allowed_origin_is_named_back(void **state)
{
    (void)state;
    rest_host *rest = rest_begin(&(rest_setup){.options = cors});
    const char *const targets[] = {"/health", "/api/v1/streams", "/nothing", "/api/v1/streams?limit=x"};
    for (size_t i = 0; i < TLM_COUNT(targets); i++) {
        http_answer answer = http_request(rest->port, "GET", targets[i], "Origin: http://localhost:3000\r\n");
        assert_string_equal(http_header(&answer, "Access-Control-Allow-Origin"), "http://localhost:3000");
        assert_string_equal(http_header(&answer, "Vary"), "Origin");
        http_answer_finish(&answer);
    }
    rest_end(rest);
}

static void another_origin_gets_no_cors_header(void **state)
{
    static const char *const origins[] = {"", "Origin: http://localhost:3001\r\n", "Origin: http://LOCALHOST:3000\r\n",
                                          "Origin: http://localhost:3000/\r\n", "Origin: null\r\n"};

    (void)state;
    rest_host *rest = rest_begin(&(rest_setup){.options = cors});
    for (size_t i = 0; i < TLM_COUNT(origins); i++) {
        http_answer answer = http_request(rest->port, "GET", "/health", origins[i]);
        assert_int_equal(answer.status, 200);
        assert_null(strstr(answer.text, "Access-Control"));
        assert_string_equal(http_header(&answer, "Vary"), "Origin");
        http_answer_finish(&answer);
    }
    rest_end(rest);
}

static void a_preflight_is_answered(void **state)
{
    (void)state;
    rest_host *rest = rest_begin(&(rest_setup){.options = cors});
    http_answer answer = http_request(rest->port, "OPTIONS", "/api/v1/streams",
                                      "Origin: http://localhost:3000\r\nAccess-Control-Request-Method: GET\r\n"
                                      "Access-Control-Request-Headers: content-type\r\n");
    assert_int_equal(answer.status, 204);
    assert_string_equal(http_header(&answer, "Access-Control-Allow-Origin"), "http://localhost:3000");
    assert_string_equal(http_header(&answer, "Access-Control-Allow-Methods"), "GET, HEAD, OPTIONS");
    assert_non_null(strstr(http_header(&answer, "Access-Control-Allow-Headers"), "Content-Type"));
    http_answer_finish(&answer);
    answer = http_request(rest->port, "OPTIONS", "/api/v1/streams",
                          "Origin: http://evil.example\r\nAccess-Control-Request-Method: GET\r\n");
    assert_int_equal(answer.status, 204);
    assert_null(strstr(answer.text, "Access-Control"));
    http_answer_finish(&answer);
    rest_end(rest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_root_tells_name_and_version),
        cmocka_unit_test(answers_are_neither_stored_nor_sniffed),
        cmocka_unit_test(health_says_what_the_host_reports),
        cmocka_unit_test(health_does_not_wait_for_a_store_that_does_not_answer),
        cmocka_unit_test(metrics_are_prometheus_text),
        cmocka_unit_test(live_health_has_no_connections_and_an_upgrade_is_426),
        cmocka_unit_test(streams_come_live_first_then_by_viewers_then_by_id),
        cmocka_unit_test(bad_limits_are_422),
        cmocka_unit_test(metrics_come_newest_first_with_exact_digits),
        cmocka_unit_test(before_pages_back_exclusively),
        cmocka_unit_test(a_stream_without_rows_is_404),
        cmocka_unit_test(ids_are_percent_decoded_once),
        cmocka_unit_test(an_id_has_at_most_255_bytes),
        cmocka_unit_test(the_early_row_comes_first_until_it_is_final),
        cmocka_unit_test(a_stream_with_an_early_row_alone_is_known),
        cmocka_unit_test(emotes_get_their_older_name_in_any_shape),
        cmocka_unit_test(early_rows_are_bounded),
        cmocka_unit_test(a_dataset_of_other_columns_is_passed_over),
        cmocka_unit_test(moments_come_newest_first),
        cmocka_unit_test(a_store_without_moments_has_none),
        cmocka_unit_test(a_store_that_is_gone_is_503_and_only_the_log_hears_why),
        cmocka_unit_test(an_origin_that_no_browser_sends_is_refused),
        cmocka_unit_test(without_a_store_the_rows_are_503),
        cmocka_unit_test(a_named_store_must_be_there),
        cmocka_unit_test(bodies_are_kept_until_the_data_changes),
        cmocka_unit_test(an_unknown_route_is_404),
        cmocka_unit_test(a_wrong_method_is_405_with_allow),
        cmocka_unit_test(head_is_get_without_the_body),
        cmocka_unit_test(options_tells_the_methods),
        cmocka_unit_test(targets_may_be_absolute_and_not_too_long),
        cmocka_unit_test(an_allowed_origin_is_named_back),
        cmocka_unit_test(another_origin_gets_no_cors_header),
        cmocka_unit_test(a_preflight_is_answered),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
