/* SPDX-License-Identifier: Apache-2.0 */
/* `rest` serves the pages that other components have ready: pages.h. */
#include "rest_host.h"

#include <setjmp.h>
#include <stdarg.h>
#include <zlib.h>

#include <cmocka.h>

#define POLICY "default-src 'self'"
#define HTML "text/html; charset=utf-8"

enum { FRONT, SCRIPT, PACKED, LIVE, RECIPE, BROKEN, PAGE_COUNT };

static const tlm_page pages[PAGE_COUNT] = {
    [FRONT] = {"/dashboard/", HTML, NULL, POLICY, 1, 1},
    [SCRIPT] = {"/dashboard/app.js", "text/javascript", NULL, NULL, 1, 0},
    [PACKED] = {"/dashboard/chart.js", "text/javascript", "gzip", NULL, 1, 0},
    [LIVE] = {"/ws/live/health", "application/json", NULL, NULL, 0, 0},
    [RECIPE] = {"/health", "text/plain", NULL, NULL, 1, 0}, /* a path of the API itself */
    [BROKEN] = {"/dashboard/bad.js", "text/javascript", "gzip", NULL, 1, 0},
};

static const char chart[] = "export const chart = 'chart chart chart chart chart chart chart chart chart';\n";
static unsigned char packed[256];
static tlm_text bodies[PAGE_COUNT];

static int pack(void **state)
{
    z_stream stream = {0};

    (void)state;
    if (deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        return -1;
    stream.next_in = (Bytef *)(uintptr_t)chart;
    stream.avail_in = sizeof chart - 1;
    stream.next_out = packed;
    stream.avail_out = sizeof packed;
    int result = deflate(&stream, Z_FINISH) == Z_STREAM_END ? 0 : -1;
    bodies[FRONT] = tlm_text_of("<!doctype html><title>front</title>");
    bodies[SCRIPT] = tlm_text_of("let a = 1;\n");
    bodies[PACKED] = (tlm_text){(const char *)packed, sizeof packed - stream.avail_out};
    bodies[LIVE] =
        tlm_text_of("{\"status\":\"ok\",\"active_streams\":1,\"total_connections\":3,\"streams\":{\"a\":3}}");
    bodies[RECIPE] = tlm_text_of("not this one");
    bodies[BROKEN] = (tlm_text){(const char *)packed, 20};
    deflateEnd(&stream);
    return result;
}

static const rest_setup with_pages = {.pages = pages, .page_bodies = bodies, .page_count = PAGE_COUNT};

static void assert_header(const http_answer *answer, const char *name, const char *value)
{
    const char *found = http_header(answer, name);

    if (!value) {
        assert_null(found);
        return;
    }
    if (!found)
        print_error("no %s in %s\n", name, answer->text);
    assert_non_null(found);
    assert_string_equal(found, value);
}

static void assert_page(const http_answer *answer, const char *type, tlm_text body)
{
    assert_int_equal(answer->status, 200);
    assert_header(answer, "Content-Type", type);
    assert_header(answer, "X-Content-Type-Options", "nosniff");
    assert_int_equal(answer->size - (size_t)(answer->body - answer->text), body.size);
    assert_memory_equal(answer->body, body.data, body.size);
}

static void a_page_comes_with_its_type_and_policy(void **state)
{
    (void)state;
    rest_host *rest = rest_begin(&with_pages);
    http_answer answer = http_get(rest->port, "/dashboard/");
    assert_page(&answer, HTML, bodies[FRONT]);
    assert_header(&answer, "Content-Security-Policy", POLICY);
    assert_header(&answer, "Cache-Control", "no-cache");
    assert_header(&answer, "Vary", NULL);
    http_answer_finish(&answer);
    answer = http_get(rest->port, "/dashboard/app.js?v=1");
    assert_page(&answer, "text/javascript", bodies[SCRIPT]);
    assert_header(&answer, "Content-Security-Policy", NULL);
    assert_header(&answer, "Content-Encoding", NULL);
    http_answer_finish(&answer);
    rest_end(rest);
}

static void only_whole_paths_are_pages(void **state)
{
    static const char *const targets[] = {"/dashboard/app.j",      "/dashboard/app.js/",  "/dashboard//",
                                          "/dashboard/index.html", "//dashboard/",        "/dashboard/../dashboard/",
                                          "/dashboard/App.js",     "/dashboard/app.js%00"};

    (void)state;
    rest_host *rest = rest_begin(&with_pages);
    for (size_t i = 0; i < TLM_COUNT(targets); i++) {
        http_answer answer = http_get(rest->port, targets[i]);
        assert_int_equal(answer.status, 404);
        http_answer_finish(&answer);
    }
    http_answer answer = http_get(rest->port, "/%64ashboard/app%2Ejs");
    assert_page(&answer, "text/javascript", bodies[SCRIPT]);
    http_answer_finish(&answer);
    rest_end(rest);
}

static void a_path_without_its_last_slash_is_redirected(void **state)
{
    static const char *const rows[][2] = {{"/dashboard", "/dashboard/"},
                                          {"/dashboard?stream=a%20b", "/dashboard/?stream=a%20b"},
                                          {"http://host/dashboard", "/dashboard/"}};

    (void)state;
    rest_host *rest = rest_begin(&with_pages);
    for (size_t i = 0; i < TLM_COUNT(rows); i++) {
        http_answer answer = http_get(rest->port, rows[i][0]);
        assert_int_equal(answer.status, 308);
        assert_header(&answer, "Location", rows[i][1]);
        assert_string_equal(answer.body, "");
        http_answer_finish(&answer);
    }
    char target[2048] = "/dashboard?";
    memset(target + strlen(target), 'x', 1500);
    http_answer answer = http_get(rest->port, target);
    assert_int_equal(answer.status, 308);
    assert_header(&answer, "Location", "/dashboard/");
    http_answer_finish(&answer);
    rest_end(rest);
}

static void other_methods_are_405_with_allow(void **state)
{
    static const char *const targets[] = {"/dashboard/", "/dashboard/app.js", "/ws/live/health", "/dashboard", "/docs"};

    (void)state;
    rest_host *rest = rest_begin(&with_pages);
    for (size_t i = 0; i < TLM_COUNT(targets); i++) {
        http_answer answer = http_request(rest->port, "POST", targets[i], "");
        assert_int_equal(answer.status, 405);
        assert_header(&answer, "Allow", "GET, HEAD, OPTIONS");
        http_answer_finish(&answer);
    }
    rest_end(rest);
}

static void head_is_get_without_the_body(void **state)
{
    (void)state;
    rest_host *rest = rest_begin(&with_pages);
    http_answer get = http_get(rest->port, "/dashboard/"), head = http_request(rest->port, "HEAD", "/dashboard/", "");
    assert_int_equal(head.status, 200);
    assert_string_equal(head.body, "");
    char tag[64];
    snprintf(tag, sizeof tag, "%.60s", http_header(&get, "ETag"));
    assert_header(&head, "ETag", tag);
    assert_header(&head, "Content-Length", "35");
    http_answer_finish(&get);
    http_answer_finish(&head);
    rest_end(rest);
}

static void a_known_tag_is_304(void **state)
{
    static const struct {
        const char *format;
        int status;
    } rows[] = {{"%s", 304},        {"W/%s", 304},    {"\"other\", %s", 304},       {"*", 304},
                {"\"other\"", 200}, {"%s\"x\"", 200}, {"\"a,b\" ,W/\"c\",%s", 304}, {"", 200}};

    (void)state;
    rest_host *rest = rest_begin(&with_pages);
    http_answer answer = http_get(rest->port, "/dashboard/app.js");
    char tag[64], value[256], header[300];
    snprintf(tag, sizeof tag, "%.60s", http_header(&answer, "ETag"));
    assert_int_equal(tag[0], '"');
    http_answer_finish(&answer);
    for (size_t i = 0; i < TLM_COUNT(rows); i++) {
        const char *mark = strstr(rows[i].format, "%s");
        int before = mark ? (int)(mark - rows[i].format) : (int)strlen(rows[i].format);
        snprintf(value, sizeof value, "%.*s%s%s", before, rows[i].format, mark ? tag : "", mark ? mark + 2 : "");
        snprintf(header, sizeof header, "If-None-Match: %s\r\n", value);
        answer = http_request(rest->port, "GET", "/dashboard/app.js", header);
        if (answer.status != rows[i].status)
            print_error("%s\n", header);
        assert_int_equal(answer.status, rows[i].status);
        assert_header(&answer, "ETag", tag);
        assert_header(&answer, "Cache-Control", "no-cache");
        if (rows[i].status == 304) {
            assert_header(&answer, "Content-Type", NULL);
            assert_null(strstr(answer.body, "let"));
        }
        http_answer_finish(&answer);
    }
    rest_end(rest);
}

static void a_connection_goes_on_after_304_and_redirections(void **state)
{
    static const char *const requests[] = {
        "GET /dashboard/app.js HTTP/1.1\r\nHost: a\r\nIf-None-Match: *\r\n\r\n",
        "GET /dashboard HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /dashboard/ HTTP/1.1\r\nHost: a\r\n\r\n",
    };
    static const int statuses[] = {304, 308, 200};

    (void)state;
    rest_host *rest = rest_begin(&with_pages);
    int fd = http_connect(rest->port);
    for (size_t i = 0; i < TLM_COUNT(requests); i++) {
        assert_true(http_send(fd, requests[i], strlen(requests[i])));
        http_answer answer = http_read(fd, statuses[i] == 304);
        assert_int_equal(answer.status, statuses[i]);
        http_answer_finish(&answer);
    }
    close(fd);
    rest_end(rest);
}

static void gzip_is_sent_only_to_those_who_take_it(void **state)
{
    static const struct {
        const char *headers;
        bool is_packed;
    } rows[] = {
        {"Accept-Encoding: gzip\r\n", true},
        {"Accept-Encoding: deflate, GZIP;q=0.5\r\n", true},
        {"Accept-Encoding: br, *\r\n", true},
        {"Accept-Encoding: identity;q=0.5, gzip;q=0.501\r\n", true},
        {"Accept-Encoding: gzip;q=0.001\r\n", true},
        {"Accept-Encoding: identity, gzip;q=0.9\r\n", false},
        {"", false},
        {"Accept-Encoding: \r\n", false},
        {"Accept-Encoding: identity\r\n", false},
        {"Accept-Encoding: gzip;q=0, *\r\n", false},
        {"Accept-Encoding: gzip; q=0.000\r\n", false},
        {"Accept-Encoding: *;q=0\r\n", false},
        {"Accept-Encoding: gzipped\r\n", false},
        {"Accept-Encoding: gzip;q=0\r\nAccept-Encoding: *\r\n", false},
    };
    const tlm_text plain = {chart, sizeof chart - 1};
    char tags[2][64] = {{0}};

    (void)state;
    rest_host *rest = rest_begin(&with_pages);
    for (size_t i = 0; i < TLM_COUNT(rows); i++) {
        http_answer answer = http_request(rest->port, "GET", "/dashboard/chart.js", rows[i].headers);
        assert_page(&answer, "text/javascript", rows[i].is_packed ? bodies[PACKED] : plain);
        assert_header(&answer, "Content-Encoding", rows[i].is_packed ? "gzip" : NULL);
        assert_header(&answer, "Vary", "Accept-Encoding");
        snprintf(tags[rows[i].is_packed], sizeof tags[0], "%.60s", http_header(&answer, "ETag"));
        http_answer_finish(&answer);
    }
    assert_string_not_equal(tags[0], tags[1]);
    char header[128];
    snprintf(header, sizeof header, "If-None-Match: %s\r\n", tags[0]);
    http_answer answer = http_request(rest->port, "GET", "/dashboard/chart.js", header);
    assert_int_equal(answer.status, 304);
    assert_header(&answer, "Vary", "Accept-Encoding");
    http_answer_finish(&answer);
    rest_end(rest);
}

static void gzip_that_is_none_is_406_for_those_who_cannot_take_it(void **state)
{
    (void)state;
    rest_host *rest = rest_begin(&with_pages);
    for (int i = 0; i < 2; i++) {
        http_answer answer = http_get(rest->port, "/dashboard/bad.js");
        assert_int_equal(answer.status, 406);
        assert_header(&answer, "Content-Type", "application/json");
        assert_header(&answer, "Content-Encoding", NULL);
        assert_header(&answer, "Cache-Control", "no-store");
        http_answer_finish(&answer);
    }
    rest_end(rest);
}

static void vary_names_all_that_an_answer_depends_on(void **state)
{
    static const char *const options[][2] = {{"cors_origins", "http://localhost:3000"}, {NULL, NULL}};
    rest_setup setup = with_pages;

    (void)state;
    setup.options = options;
    rest_host *rest = rest_begin(&setup);
    http_answer answer = http_get(rest->port, "/dashboard/chart.js");
    assert_header(&answer, "Vary", "Origin, Accept-Encoding");
    http_answer_finish(&answer);
    answer = http_get(rest->port, "/");
    assert_header(&answer, "Vary", "Origin, Accept");
    http_answer_finish(&answer);
    rest_end(rest);
}

static void a_fresh_page_is_asked_for_each_time_and_never_kept(void **state)
{
    tlm_text changed[PAGE_COUNT];

    (void)state;
    rest_host *rest = rest_begin(&with_pages);
    http_answer answer = http_get(rest->port, "/ws/live/health");
    assert_page(&answer, "application/json", bodies[LIVE]);
    assert_header(&answer, "Cache-Control", "no-store");
    assert_header(&answer, "ETag", NULL);
    http_answer_finish(&answer);
    memcpy(changed, bodies, sizeof changed);
    changed[LIVE] = tlm_text_of("{}");
    changed[SCRIPT] = tlm_text_of("a fixed page does not change");
    rest->page_bodies = changed;
    answer = http_get(rest->port, "/ws/live/health");
    assert_page(&answer, "application/json", changed[LIVE]);
    http_answer_finish(&answer);
    answer = http_get(rest->port, "/dashboard/app.js");
    assert_page(&answer, "text/javascript", bodies[SCRIPT]);
    http_answer_finish(&answer);
    rest->page_bodies = bodies;
    rest_end(rest);
}

static void a_page_that_cannot_be_had_is_503_until_it_can(void **state)
{
    (void)state;
    rest_host *rest = rest_make(&with_pages);
    rest->page_failure = -ENOMEM;
    rest_serve(rest, 0);
    static const char *const targets[] = {"/dashboard/", "/ws/live/health"};
    for (size_t i = 0; i < TLM_COUNT(targets); i++) {
        http_answer answer = http_get(rest->port, targets[i]);
        assert_int_equal(answer.status, 503);
        http_answer_finish(&answer);
    }
    rest->page_failure = 0;
    http_answer answer = http_get(rest->port, "/dashboard/");
    assert_page(&answer, HTML, bodies[FRONT]);
    http_answer_finish(&answer);
    rest_end(rest);
}

static void the_api_goes_before_pages_but_for_the_live_health(void **state)
{
    (void)state;
    rest_host *rest = rest_begin(&with_pages);
    http_answer answer = http_get(rest->port, "/health");
    assert_string_equal(answer.body, "{\"status\":\"ok\"}");
    http_answer_finish(&answer);
    rest_end(rest);
}

static void a_browser_is_sent_to_the_front_page(void **state)
{
    static const struct {
        const char *headers;
        int status;
    } rows[] = {
        {"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n", 307},
        {"Accept: application/json;q=0.5, text/html\r\n", 307},
        {"Accept: text/html, application/json\r\n", 307},
        {"Accept: application/json, text/html;q=0.1\r\n", 200}, /* would rather have JSON */
        {"Accept: text/html;q=0, */*\r\n", 200},
        {"Accept: */*\r\n", 200},
        {"Accept: application/json\r\n", 200},
        {"", 200},
    };

    (void)state;
    rest_host *rest = rest_begin(&with_pages);
    for (size_t i = 0; i < TLM_COUNT(rows); i++) {
        http_answer answer = http_request(rest->port, "GET", "/", rows[i].headers);
        assert_int_equal(answer.status, rows[i].status);
        assert_header(&answer, "Vary", "Accept");
        assert_header(&answer, "Location", rows[i].status == 307 ? "/dashboard/" : NULL);
        http_answer_finish(&answer);
    }
    rest_end(rest);
    static const rest_setup without = {0};
    rest = rest_begin(&without);
    http_answer answer = http_request(rest->port, "GET", "/", "Accept: text/html\r\n");
    assert_int_equal(answer.status, 200);
    assert_header(&answer, "Vary", NULL);
    http_answer_finish(&answer);
    rest_end(rest);
}

static void an_upgrade_on_a_live_path_is_426_and_closes(void **state)
{
    static const char *const targets[] = {"/ws/live/a", "/live/a", "/ws/live/health", "/ws/", "/live/"};

    (void)state;
    rest_host *rest = rest_begin(&with_pages);
    for (size_t i = 0; i < TLM_COUNT(targets); i++) {
        char request[256];
        int fd = http_connect(rest->port);
        int size =
            snprintf(request, sizeof request,
                     "GET %s HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", targets[i]);
        assert_true(http_send(fd, request, (size_t)size));
        http_answer answer = http_read(fd, false);
        assert_int_equal(answer.status, 426);
        assert_header(&answer, "Upgrade", "websocket");
        assert_true(http_is_closed(fd));
        close(fd);
        http_answer_finish(&answer);
    }
    http_answer answer = http_request(rest->port, "GET", "/health", "Connection: Upgrade\r\nUpgrade: h2c\r\n");
    assert_int_equal(answer.status, 200);
    http_answer_finish(&answer);
    answer = http_get(rest->port, "/live/a");
    assert_int_equal(answer.status, 404);
    http_answer_finish(&answer);
    rest_end(rest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_page_comes_with_its_type_and_policy),
        cmocka_unit_test(only_whole_paths_are_pages),
        cmocka_unit_test(a_path_without_its_last_slash_is_redirected),
        cmocka_unit_test(other_methods_are_405_with_allow),
        cmocka_unit_test(head_is_get_without_the_body),
        cmocka_unit_test(a_known_tag_is_304),
        cmocka_unit_test(a_connection_goes_on_after_304_and_redirections),
        cmocka_unit_test(gzip_is_sent_only_to_those_who_take_it),
        cmocka_unit_test(gzip_that_is_none_is_406_for_those_who_cannot_take_it),
        cmocka_unit_test(vary_names_all_that_an_answer_depends_on),
        cmocka_unit_test(a_fresh_page_is_asked_for_each_time_and_never_kept),
        cmocka_unit_test(a_page_that_cannot_be_had_is_503_until_it_can),
        cmocka_unit_test(the_api_goes_before_pages_but_for_the_live_health),
        cmocka_unit_test(a_browser_is_sent_to_the_front_page),
        cmocka_unit_test(an_upgrade_on_a_live_path_is_426_and_closes),
    };

    return cmocka_run_group_tests(tests, pack, NULL);
}
