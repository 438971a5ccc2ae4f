/* SPDX-License-Identifier: Apache-2.0 */
/* What sockets do to `rest`: the guard, kept-alive and pipelined connections, slow peers, limits. */
#include "rest_host.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/resource.h>
#include <time.h>

#include <cmocka.h>

static const rest_setup usual = {0};

#define BYTES(literal) (literal), sizeof(literal) - 1

/* --- the guard ------------------------------------------------------------------------------------------------- */

typedef struct guard_row {
    const char *bytes;
    size_t size;
    int status;
    const char *word; /* of the detail */
} guard_row;

static const guard_row guard_rows[] = {
    {BYTES("GET /health HTTP/1.1\r\n\r\n"), 400, "Host"},
    {BYTES("GET /health HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n"), 400, "Host"},
    {BYTES("GET /health HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n"), 400, "Host"},
    {BYTES("POST /health HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), 400,
     "contradict"},
    {BYTES("POST /health HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello"), 400,
     "more than one"},
    {BYTES("POST /health HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello"), 400,
     "more than one"},
    {BYTES("POST /health HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 5\r\n\r\nhello"), 400, "Content-Length"},
    {BYTES("POST /health HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\nhello"), 400, "Content-Length"},
    {BYTES("POST /health HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\nhello"), 400, "Content-Length"},
    {BYTES("POST /health HTTP/1.1\r\nHost: a\r\nContent-Length: 0x5\r\n\r\nhello"), 400, "Content-Length"},
    {BYTES("POST /health HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\nhello"), 400, "Content-Length"},
    {BYTES("POST /health HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n"), 400, "Content-Length"},
    {BYTES("POST /health HTTP/1.1\r\nHost: a\r\nContent-Length: 0\0\r\n\r\n"), 400, "control"},
    {BYTES("GET /health HTTP/1.1\r\nHost: a\r\nContent-Length : 0\r\n\r\n"), 400, "blank"},
    {BYTES("GET /health HTTP/1.1\r\nHost : a\r\n\r\n"), 400, "blank"},
    {BYTES("GET /health HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n"), 501, "chunked"},
    {BYTES("GET /health HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"), 501, "chunked"},
    {BYTES("GET /health HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n"), 501, "chunked"},
    {BYTES("GET /health HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"), 400,
     "repeated"},
    {BYTES("GET /health HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), 400, "HTTP/1.0"},
    {BYTES("GET /health HTTP/1.1\r\nHost: a\r\nX: a\x01z\r\n\r\n"), 400, "control"},
    {BYTES("GET /health HTTP/1.1\r\nHost: a\r\nX: a\x7f\r\n\r\n"), 400, "control"},
    {BYTES("GET /health HTTP/1.1\r\nHost: a\r\n\x01\x02\x03\r\n\r\n"), 400, "colon"},
    {BYTES("GET /health HTTP/1.1\r\nHost: a\r\nX\x01: a\r\n\r\n"), 400, "name"},
    {BYTES("GET /health HTTP/1.1\r\nHost: a\r\n: a\r\n\r\n"), 400, "name"},
    {BYTES("GET /health HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n"), 400, "folded"},
    {BYTES("GET /health HTTP/1.1\r\n Host: a\r\n\r\n"), 400, "folded"},
    {BYTES("GET /health HTTP/1.1\nHost: a\n\n"), 400, "CR LF"},
    {BYTES("GET /health HTTP/1.1\r\nHost: a\n\r\n"), 400, "CR LF"},
    {BYTES("GET /health HTTP/1.1\r\nHost: a\rX: b\r\n\r\n"), 400, "CR LF"},
    {BYTES("BR(EW /health HTTP/1.1\r\nHost: a\r\n\r\n"), 400, "request line"},
    {BYTES("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 505, "HTTP/1.1"},
    {BYTES("GET /health HTTP/1.2\r\nHost: a\r\n\r\n"), 505, "HTTP/1.1"},
    {BYTES("GET /health HTTP/0.9\r\nHost: a\r\n\r\n"), 505, "HTTP/1.1"},
    {BYTES("GET * HTTP/1.1\r\nHost: a\r\n\r\n"), 400, "target"},
    {BYTES("GET health HTTP/1.1\r\nHost: a\r\n\r\n"), 400, "target"},
    {BYTES("GET /h\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n"), 400, "target"},
    {BYTES("CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n"), 400, "target"},
    {BYTES("hello\r\n\r\n"), 400, "request line"},
    {BYTES("GET /health HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"), 413, "body"},
    {BYTES("GET /health HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n0\r\n\r\n"), 413, "body"},
    {BYTES("OPTIONS /health HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"), 413, "body"},
    {BYTES("POST /health HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"), 405, "allowed"},
    {BYTES("POST /nothing HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"), 404, "route"},
    {BYTES("POST /health HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"), 405, "allowed"},
    {BYTES("HEAD /health HTTP/1.1\r\n\r\n"), 400, NULL},
};

static void the_guard_refuses_as_a_whole(void **state)
{
    (void)state;
    rest_host *rest = rest_begin(&usual);
    for (size_t i = 0; i < TLM_COUNT(guard_rows); i++) {
        const guard_row *row = &guard_rows[i];
        int fd = http_connect(rest->port);
        assert_true(http_send(fd, row->bytes, row->size));
        http_answer answer = http_read(fd, row->word == NULL);
        if (answer.status != row->status)
            print_error("%s\n-> %s\n", row->bytes, answer.text);
        assert_int_equal(answer.status, row->status);
        assert_string_equal(http_header(&answer, "Content-Type"), "application/json");
        assert_string_equal(http_header(&answer, "Connection"), "close");
        if (row->word)
            assert_non_null(strstr(strstr(answer.body, "\"detail\":\""), row->word));
        /* The answer comes once and nothing after it: no second head inside a body. */
        assert_true(http_is_closed(fd));
        http_answer_finish(&answer);
        close(fd);
    }
    rest_end(rest);
}

static void unusual_but_right_heads_pass(void **state)
{
    static const char *const requests[] = {
        "GET /health HTTP/1.0\r\n\r\n",
        "GET /health HTTP/1.1\r\nHost:\r\n\r\n",
        "GET /health HTTP/1.1\r\nHOST:a\r\nX:\t y \t\r\n\r\n",
        "GET /health HTTP/1.1\r\nHost: a\r\nX: caf\xc3\xa9\r\nY: \xff\r\n\r\n",
        "GET /health HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
        "GET /health HTTP/1.1\r\nHost: a\r\nAuthorization: Basic %%%\r\nCookie: ;;=\r\n\r\n",
        "GET /health HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
        "GET /health?%&%%&=&a=%zz HTTP/1.1\r\nHost: a\r\n\r\n",
    };

    (void)state;
    rest_host *rest = rest_begin(&usual);
    for (size_t i = 0; i < TLM_COUNT(requests); i++) {
        http_answer answer = http_exchange(rest->port, requests[i]);
        if (answer.status != 200)
            print_error("%s\n-> %s\n", requests[i], answer.text);
        assert_int_equal(answer.status, 200);
        assert_string_equal(answer.body, "{\"status\":\"ok\"}");
        http_answer_finish(&answer);
    }
    rest_end(rest);
}

/* A head of `lines` header lines and, with padding in the last one, of `size` bytes. */
static char *big_head(size_t lines, size_t size)
{
    char *head = calloc(1, size + 64);
    size_t used = (size_t)sprintf(head, "GET /health HTTP/1.1\r\nHost: a\r\n");

    for (size_t i = 2; i < lines; i++)
        used += (size_t)sprintf(head + used, "X-%zu: y\r\n", i);
    used += (size_t)sprintf(head + used, "Z: ");
    while (used < size - 4)
        head[used++] = 'z';
    memcpy(head + used, "\r\n\r\n", 5);
    return head;
}

static void the_largest_heads_are_answered(void **state)
{
    static const struct {
        size_t lines, size;
        int status;
    } rows[] = {{100, 4096, 200}, {101, 4096, 431}, {2, 16384, 200}, {100, 16384, 200}, {2, 16385, 431}};

    (void)state;
    rest_host *rest = rest_begin(&usual);
    for (size_t i = 0; i < TLM_COUNT(rows); i++) {
        char *head = big_head(rows[i].lines, rows[i].size);
        http_answer answer = http_exchange(rest->port, head);
        assert_int_equal(answer.status, rows[i].status);
        http_answer_finish(&answer);
        free(head);
    }
    rest_end(rest);
}

/* --- kept-alive connections ------------------------------------------------------------------------------------ */

static void assert_next(int fd, const char *request, int status)
{
    assert_true(http_send(fd, request, strlen(request)));
    http_answer answer = http_read(fd, strncmp(request, "HEAD", 4) == 0);
    if (answer.status != status)
        print_error("%s\n-> %s\n", request, answer.text);
    assert_int_equal(answer.status, status);
    http_answer_finish(&answer);
}

#define GOOD "GET /health HTTP/1.1\r\nHost: a\r\n\r\n"

static void a_connection_serves_many_requests(void **state)
{
    (void)state;
    rest_host *rest = rest_begin(&usual);
    int fd = http_connect(rest->port);
    for (int i = 0; i < 20; i++) {
        assert_next(fd, GOOD, 200);
        assert_next(fd, "HEAD /api/v1/streams HTTP/1.1\r\nHost: a\r\n\r\n", 200);
        assert_next(fd, "GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n", 404);
        assert_next(fd, "GET /api/v1/streams?limit=x HTTP/1.1\r\nHost: a\r\n\r\n", 422);
        assert_next(fd, "DELETE /health HTTP/1.1\r\nHost: a\r\n\r\n", 405);
        assert_next(fd, "FOO /health HTTP/1.1\r\nHost: a\r\n\r\n", 405);
        assert_next(fd, "GET /ws/live/health HTTP/1.1\r\nHost: a\r\n\r\n", 200);
    }
    assert_next(fd, "GET /health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 200);
    assert_true(http_is_closed(fd));
    close(fd);
    rest_end(rest);
}

static void pipelined_requests_are_answered_in_order(void **state)
{
    static const char requests[] =
        "GET /api/v1/streams?limit=1 HTTP/1.1\r\nHost: a\r\n\r\n" GOOD "GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n" GOOD;
    static const int statuses[] = {200, 200, 404, 200};

    (void)state;
    rest_host *rest = rest_begin(&usual);
    int fd = http_connect(rest->port);
    assert_true(http_send(fd, requests, sizeof requests - 1));
    for (size_t i = 0; i < TLM_COUNT(statuses); i++) {
        http_answer answer = http_read(fd, false);
        assert_int_equal(answer.status, statuses[i]);
        assert_int_equal(answer.body[0], i == 0 ? '[' : '{');
        http_answer_finish(&answer);
    }
    close(fd);
    rest_end(rest);
}

/* Each follows a good request on one connection, with another good request hidden behind it. */
static const struct {
    const char *request;
    int status; /* 0: what libmicrohttpd answers by itself */
} later_rows[] = {
    {"POST /health HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello" GOOD, 405},
    {"GET /health HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n" GOOD, 200},
    {"GET /health HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nContent-Length: 33\r\n\r\n" GOOD, 413},
    {"GET /health HTTP/1.1\r\nHost: a\r\nContent-Length : 33\r\n\r\n" GOOD, 400},
    {"GET /health HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" GOOD, 413},
    {"GET /health HTTP/1.1\r\nHost: a\r\nhost: b\r\n\r\n" GOOD, 400},
    {"GET /health HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n" GOOD, 400},
    {"GET /ws/live/health HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n" GOOD, 426},
    {"GET /health HTTP/1.1\r\n\r\n" GOOD, 0},
    {"GET /health HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n" GOOD, 0},
    {"GET /health HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n" GOOD, 0},
    {"GET /health HTTP/3.0\r\nHost: a\r\n\r\n" GOOD, 0},
};

/* Reads to the end of the connection, and counts the answers with status 200 that came after the first byte. */
static unsigned drain(int fd, char *text, size_t size)
{
    size_t used = 0;
    unsigned good = 0;

    for (ssize_t part; used < size - 1 && (part = recv(fd, text + used, size - 1 - used, 0)) > 0;)
        used += (size_t)part;
    text[used] = '\0';
    for (const char *at = text; (at = strstr(at, "HTTP/1.1 200")) != NULL; at++)
        good++;
    return good;
}

static void later_heads_never_hide_another_request(void **state)
{
    static const char *const options[][2] = {{"request_timeout", "1"}, {NULL, NULL}};

    (void)state;
    rest_host *rest = rest_begin(&(rest_setup){.options = options});
    for (size_t i = 0; i < TLM_COUNT(later_rows); i++) {
        char text[16384], expected[32];
        int fd = http_connect(rest->port);
        assert_next(fd, GOOD, 200);
        assert_true(http_send(fd, later_rows[i].request, strlen(later_rows[i].request)));
        unsigned good = drain(fd, text, sizeof text);
        snprintf(expected, sizeof expected, "HTTP/1.1 %d ", later_rows[i].status);
        if (good != (later_rows[i].status == 200) ||
            (later_rows[i].status && strncmp(text, expected, strlen(expected)) != 0))
            print_error("%s\n-> %s\n", later_rows[i].request, text);
        assert_int_equal(good, later_rows[i].status == 200);
        if (later_rows[i].status)
            assert_memory_equal(text, expected, strlen(expected));
        close(fd);
    }
    rest_end(rest);
}

/* --- time and number ------------------------------------------------------------------------------------------- */

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void a_slow_first_head_is_408(void **state)
{
    (void)state;
    rest_host *rest = rest_begin(&(rest_setup){.head_timeout_ms = 100});
    http_answer answer = http_exchange(rest->port, "GET /health HTTP/1.1\r\nHost:");
    assert_int_equal(answer.status, 408);
    http_answer_finish(&answer);
    rest_end(rest);
}

/* Sends a byte each 50 ms until the server closes. */
static void trickle(int fd, const char *bytes)
{
    const struct timespec pause = {.tv_nsec = 50000000};
    char byte;

    for (size_t i = 0; recv(fd, &byte, 1, MSG_DONTWAIT) != 0; i++) {
        if (send(fd, bytes + (i < strlen(bytes) ? i : strlen(bytes) - 1), 1, MSG_NOSIGNAL) < 0)
            return;
        nanosleep(&pause, NULL); /* the peer's slowness is what is tested */
    }
}

static void a_slow_later_head_ends_with_the_request_timeout(void **state)
{
    static const char *const options[][2] = {{"request_timeout", "500ms"}, {NULL, NULL}};

    (void)state;
    rest_host *rest = rest_begin(&(rest_setup){.options = options});
    int fd = http_connect(rest->port);
    assert_next(fd, GOOD, 200);
    int64_t start = now_ms();
    trickle(fd, "GET /health HTTP/1.1\r\nHost: aaaaaaaaaaaaaaaa");
    assert_in_range(now_ms() - start, 400, 3000);
    close(fd);
    rest_end(rest);
}

static void an_idle_connection_ends_with_the_request_timeout(void **state)
{
    static const char *const options[][2] = {{"request_timeout", "300ms"}, {NULL, NULL}};

    (void)state;
    rest_host *rest = rest_begin(&(rest_setup){.options = options});
    int fd = http_connect(rest->port);
    assert_next(fd, GOOD, 200);
    int64_t start = now_ms();
    assert_true(http_is_closed(fd));
    assert_in_range(now_ms() - start, 200, 3000);
    close(fd);
    rest_end(rest);
}

#define IDLE_COUNT 1000

static void a_thousand_idle_connections_hinder_nobody(void **state)
{
    static int fds[IDLE_COUNT];
    struct rlimit files = {0};

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
    files.rlim_cur = files.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
    assert_true(files.rlim_cur > 2 * IDLE_COUNT + 100);
    rest_host *rest = rest_begin(&usual);
    for (int i = 0; i < IDLE_COUNT; i++) {
        fds[i] = http_connect(rest->port);
        assert_true(fds[i] >= 0);
        assert_next(fds[i], GOOD, 200);
    }
    for (int i = 0; i < 50; i++) {
        http_answer answer = http_get(rest->port, "/api/v1/streams");
        assert_int_equal(answer.status, 200);
        http_answer_finish(&answer);
    }
    for (int i = 0; i < IDLE_COUNT; i++) {
        assert_next(fds[i], GOOD, 200);
        close(fds[i]);
    }
    rest_end(rest);
}

static void one_connection_too_many_is_503(void **state)
{
    static const char *const options[][2] = {{"max_connections", "2"}, {NULL, NULL}};
    int fds[2];

    (void)state;
    rest_host *rest = rest_begin(&(rest_setup){.options = options});
    for (int i = 0; i < 2; i++) {
        fds[i] = http_connect(rest->port);
        assert_next(fds[i], GOOD, 200);
    }
    http_answer answer = http_get(rest->port, "/health");
    assert_int_equal(answer.status, 503);
    assert_non_null(strstr(answer.body, "connections"));
    http_answer_finish(&answer);
    assert_next(fds[0], GOOD, 200);
    close(fds[0]);
    do /* until the server has noticed */
        answer = http_get(rest->port, "/health");
    while (answer.status == 503 && (http_answer_finish(&answer), true));
    assert_int_equal(answer.status, 200);
    http_answer_finish(&answer);
    close(fds[1]);
    rest_end(rest);
}

static void one_connection_too_many_of_an_address_is_closed(void **state)
{
    static const char *const options[][2] = {{"max_connections_per_address", "1"}, {NULL, NULL}};

    (void)state;
    rest_host *rest = rest_begin(&(rest_setup){.options = options});
    int first = http_connect(rest->port), second = http_connect(rest->port);
    assert_next(first, GOOD, 200);
    assert_true(http_send(second, BYTES(GOOD)));
    assert_true(http_is_closed(second));
    assert_next(first, GOOD, 200);
    close(first);
    close(second);
    rest_end(rest);
}

static void answers_that_nobody_reads_have_a_bound(void **state)
{
    enum { SIZE = 6 << 20 }; /* far more than the kernel takes for a peer that does not read */
    static const char *const options[][2] = {{"max_unsent", "8000000"}, {NULL, NULL}};
    static const char request[] = "GET /large HTTP/1.1\r\nHost: a\r\n\r\n";
    static const tlm_page page = {.path = "/large", .content_type = "text/plain", .policy = "none", .is_fixed = 1};
    char *bytes = calloc(1, SIZE);
    const tlm_text body = {bytes, SIZE};

    (void)state;
    assert_non_null(bytes);
    rest_host *rest =
        rest_begin(&(rest_setup){.options = options, .pages = &page, .page_bodies = &body, .page_count = 1});
    int slow = http_connect(rest->port);
    assert_true(http_send(slow, BYTES(request)));
    struct pollfd readable = {.fd = slow, .events = POLLIN};
    assert_int_equal(poll(&readable, 1, 10000), 1);
    http_answer answer = http_get(rest->port, "/large");
    assert_int_equal(answer.status, 503);
    assert_string_equal(http_header(&answer, "Content-Type"), "application/json");
    assert_null(http_header(&answer, "ETag"));
    assert_null(http_header(&answer, "Content-Security-Policy"));
    http_answer_finish(&answer);
    answer = http_get(rest->port, "/health");
    assert_int_equal(answer.status, 200);
    http_answer_finish(&answer);
    close(slow);
    do /* until the end of the connection has been noticed */
        answer = http_request(rest->port, "HEAD", "/large", "");
    while (answer.status == 503 && (http_answer_finish(&answer), true));
    assert_int_equal(answer.status, 200);
    http_answer_finish(&answer);
    rest_end(rest);
    free(bytes);
}

static void one_thread_serves_too(void **state)
{
    static const char *const options[][2] = {{"threads", "1"}, {NULL, NULL}};

    (void)state;
    rest_host *rest = rest_begin(&(rest_setup){.options = options});
    http_answer answer = http_get(rest->port, "/health");
    assert_int_equal(answer.status, 200);
    http_answer_finish(&answer);
    rest_end(rest);
}

static void stopping_closes_what_is_open(void **state)
{
    (void)state;
    rest_host *rest = rest_begin(&usual);
    int idle = http_connect(rest->port), half = http_connect(rest->port);
    assert_next(idle, GOOD, 200);
    assert_next(half, GOOD, 200);
    assert_true(http_send(half, "GET /hea", 8));
    int64_t start = now_ms();
    rest_end(rest);
    assert_in_range(now_ms() - start, 0, 3000);
    assert_true(http_is_closed(idle));
    assert_true(http_is_closed(half));
    close(idle);
    close(half);
}

/* Asks for streams and metrics while the feed publishes, to give the thread sanitizer something to see. */
static void *ask_often(void *argument)
{
    const rest_host *rest = argument;
    int fd = http_connect(rest->port);
    intptr_t bad = fd < 0;

    for (int i = 0; i < 200 && !bad; i++) {
        static const char request[] = "GET /api/v1/streams/a/metrics HTTP/1.1\r\nHost: a\r\n\r\n";
        bad |= !http_send(fd, request, sizeof request - 1);
        http_answer answer = http_read(fd, false);
        bad |= answer.status != 200;
        http_answer_finish(&answer);
    }
    close(fd);
    return (void *)bad;
}

static void rows_may_come_while_requests_are_answered(void **state)
{
    static const tlm_cell early[] = {ROWS_WINDOW("a", 40)};
    pthread_t threads[4];

    (void)state;
    rest_host *rest = rest_begin(&usual);
    for (size_t i = 0; i < TLM_COUNT(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, ask_often, rest), 0);
    for (int i = 0; i < 20000; i++)
        rest_publish(rest, &rows_windows, i % 3 ? TLM_ROWS_EARLY : TLM_ROWS_FINAL, early, 1);
    for (size_t i = 0; i < TLM_COUNT(threads); i++) {
        void *bad;
        assert_int_equal(pthread_join(threads[i], &bad), 0);
        assert_null(bad);
    }
    rest_end(rest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_guard_refuses_as_a_whole),
        cmocka_unit_test(unusual_but_right_heads_pass),
        cmocka_unit_test(the_largest_heads_are_answered),
        cmocka_unit_test(a_connection_serves_many_requests),
        cmocka_unit_test(pipelined_requests_are_answered_in_order),
        cmocka_unit_test(later_heads_never_hide_another_request),
        cmocka_unit_test(a_slow_first_head_is_408),
        cmocka_unit_test(a_slow_later_head_ends_with_the_request_timeout),
        cmocka_unit_test(an_idle_connection_ends_with_the_request_timeout),
        cmocka_unit_test(a_thousand_idle_connections_hinder_nobody),
        cmocka_unit_test(one_connection_too_many_is_503),
        cmocka_unit_test(one_connection_too_many_of_an_address_is_closed),
        cmocka_unit_test(answers_that_nobody_reads_have_a_bound),
        cmocka_unit_test(one_thread_serves_too),
        cmocka_unit_test(stopping_closes_what_is_open),
        cmocka_unit_test(rows_may_come_while_requests_are_answered),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
