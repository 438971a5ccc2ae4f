/* SPDX-License-Identifier: Apache-2.0 */
/* The listening socket: what reaches a frontend, what does not, and that nothing waits for ever. */
#include "../../core/listen.h"
#include "../../core/listen_head.h"
#include "../api/http_client.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <time.h>

#include <cmocka.h>

static _Atomic uint32_t warnings;

/* Stands in for core/log.c: counts. */
void tlm_log_write(const tlm_log *log, uint32_t level, const char *who, const char *format, ...)
{
    (void)log;
    (void)who;
    (void)format;
    if (level >= TLM_LOG_WARNING)
        warnings++;
}

/* A frontend that answers each connection with its own letter and the size of the head. */
struct tlm_instance {
    char letter;
    _Atomic uint32_t adopted;
};

static void adopt(tlm_instance *instance, int fd, const void *peer, uint32_t peer_size, tlm_text head)
{
    char received[TLM_REQUEST_HEAD_MAX], answer[128];
    const struct sockaddr_in *address = peer;

    instance->adopted++;
    bool is_whole = recv(fd, received, head.size, 0) == (ssize_t)head.size &&
                    memcmp(received, head.data, head.size) == 0 && peer_size == sizeof *address &&
                    address->sin_family == AF_INET;
    int size = snprintf(answer, sizeof answer, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n%c",
                        is_whole ? instance->letter : '!');
    if (send(fd, answer, (size_t)size, MSG_NOSIGNAL) != size)
        instance->letter = '?';
    close(fd);
}

typedef struct fixture {
    tlm_instance root, live, socket;
    tlm_frontend frontend;
    tlm_listener *listener;
    uint16_t port;
} fixture;

static const tlm_log no_log = {.level = TLM_LOG_DEBUG, .fd = -1};

static fixture *begin(tlm_listen_options options)
{
    fixture *test = calloc(1, sizeof *test);
    tlm_error error;

    test->root.letter = 'r';
    test->live.letter = 'l';
    test->socket.letter = 'w';
    test->frontend.adopt = adopt;
    const tlm_listen_route routes[] = {{"/", &test->frontend, &test->root},
                                       {"/live/", &test->frontend, &test->live},
                                       {"/ws/", &test->frontend, &test->socket}};
    assert_int_equal(tlm_listener_create(routes, TLM_COUNT(routes), &options, &no_log, &test->listener, &error), 0);
    assert_int_equal(tlm_listener_start(test->listener, &error), 0);
    test->port = (uint16_t)atoi(strrchr(tlm_listener_address(test->listener), ':') + 1);
    return test;
}

static void end(fixture *test)
{
    tlm_listener_destroy(test->listener);
    free(test);
}

static tlm_listen_options usual(void)
{
    return (tlm_listen_options){.address = "127.0.0.1", .port = 0, .head_timeout = 10000, .max_pending = 64};
}

static void assert_answer(fixture *test, const char *request, int status, char letter)
{
    http_answer answer = http_exchange(test->port, request);

    assert_int_equal(answer.status, status);
    if (letter)
        assert_int_equal(answer.body[0], letter);
    else
        assert_non_null(strstr(answer.body, "\"detail\":"));
    http_answer_finish(&answer);
}

static void the_longest_prefix_takes_the_connection(void **state)
{
    (void)state;
    fixture *test = begin(usual());

    assert_answer(test, "GET / HTTP/1.1\r\n\r\n", 200, 'r');
    assert_answer(test, "GET /ws/live/a HTTP/1.1\r\n\r\n", 200, 'w');
    assert_answer(test, "POST /live/a?b=/ws/ HTTP/1.1\r\n\r\n", 200, 'l');
    assert_answer(test, "GET /wsx HTTP/1.1\r\n\r\n", 200, 'r');
    assert_answer(test, "GET /live HTTP/1.1\r\n\r\n", 200, 'r');
    assert_answer(test, "GET http://host:1/live/x HTTP/1.1\r\n\r\n", 200, 'l');
    assert_answer(test, "GET http://host?/live/ HTTP/1.1\r\n\r\n", 200, 'r');
    assert_answer(test, "OPTIONS * HTTP/1.1\r\n\r\n", 200, 'r');
    assert_answer(test, "CONNECT host:1 HTTP/1.1\r\n\r\n", 200, 'r');
    assert_answer(test, "GET /%77s/ HTTP/1.1\r\n\r\n", 200, 'r');
    end(test);
}

static void the_path_of_a_head_is_told(void **state)
{
    static const char *const rows[][2] = {
        {"GET /a/b?c HTTP/1.1\r\n\r\n", "/a/b"},
        {"GET HTTPS://h/x HTTP/1.1\r\n\r\n", "/x"},
        {"GET http://h HTTP/1.1\r\n\r\n", "/"},
        {"GET * HTTP/1.1\r\n\r\n", "/"},
        {"nonsense\r\n\r\n", "/"},
        {"", "/"},
    };

    (void)state;
    for (size_t i = 0; i < TLM_COUNT(rows); i++)
        assert_true(tlm_text_equal(tlm_head_path(tlm_text_of(rows[i][0])), tlm_text_of(rows[i][1])));
}

static void a_first_line_that_is_no_request_line_is_400(void **state)
{
    static const char *const requests[] = {
        "hello\r\n\r\n",
        "GET /\r\n\r\n",
        "GET  / HTTP/1.1\r\n\r\n",
        "G\x01T / HTTP/1.1\r\n\r\n",
        "\r\n\r\n",
        "GET / HTTP/11\r\n\r\n",
        "GET / http/1.1\r\n\r\n",
        "GET / x HTTP/1.1\r\n\r\n",
        "\x16\x03\x01\x02\x01",
        " GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1 \r\n\r\n",
        "/ HTTP/1.1\r\n\r\n",
    };

    (void)state;
    fixture *test = begin(usual());
    for (size_t i = 0; i < TLM_COUNT(requests); i++) {
        int fd = http_connect(test->port);
        assert_true(http_send(fd, requests[i], strlen(requests[i])));
        http_answer answer = http_read(fd, false);
        assert_int_equal(answer.status, 400);
        assert_true(http_is_closed(fd));
        http_answer_finish(&answer);
        close(fd);
    }
    assert_int_equal(test->root.adopted, 0);
    end(test);
}

static void a_head_may_come_byte_by_byte(void **state)
{
    static const char request[] = "GET /live/x HTTP/1.1\r\nHost: a\r\n\r\n";

    (void)state;
    fixture *test = begin(usual());
    int fd = http_connect(test->port);
    for (size_t i = 0; i + 1 < sizeof request; i++) {
        assert_int_equal(test->live.adopted, 0);
        assert_true(http_send(fd, request + i, 1));
    }
    http_answer answer = http_read(fd, false);
    assert_int_equal(answer.status, 200);
    assert_int_equal(answer.body[0], 'l');
    http_answer_finish(&answer);
    close(fd);
    end(test);
}

/* A head of exactly `size` bytes. */
static char *head_of_size(size_t size)
{
    static const char start[] = "GET / HTTP/1.1\r\nX: ";
    char *head = malloc(size + 1);

    memset(head, 'a', size);
    memcpy(head, start, sizeof start - 1);
    memcpy(head + size - 4, "\r\n\r\n", 5);
    return head;
}

static void the_longest_head_is_taken_and_a_longer_one_is_431(void **state)
{
    (void)state;
    fixture *test = begin(usual());
    char *longest = head_of_size(TLM_REQUEST_HEAD_MAX), *longer = head_of_size(TLM_REQUEST_HEAD_MAX + 1);

    assert_answer(test, longest, 200, 'r');
    assert_answer(test, longer, 431, 0);
    free(longest);
    free(longer);
    end(test);
}

static void a_head_that_takes_too_long_is_408(void **state)
{
    tlm_listen_options options = usual();

    (void)state;
    options.head_timeout = 100;
    fixture *test = begin(options);
    assert_answer(test, "GET / HTTP/1.1\r\nHos", 408, 0);
    int silent = http_connect(test->port);
    http_answer answer = http_read(silent, false);
    assert_int_equal(answer.status, 408);
    assert_true(http_is_closed(silent));
    http_answer_finish(&answer);
    close(silent);
    end(test);
}

static void one_connection_too_many_shuts_the_oldest(void **state)
{
    tlm_listen_options options = usual();
    int fds[4];

    (void)state;
    options.max_pending = 3;
    fixture *test = begin(options);
    for (size_t i = 0; i < TLM_COUNT(fds); i++)
        fds[i] = http_connect(test->port);
    assert_true(http_is_closed(fds[0]));
    for (size_t i = 1; i < TLM_COUNT(fds); i++) {
        assert_true(http_send(fds[i], "GET / HTTP/1.1\r\n\r\n", 18));
        http_answer answer = http_read(fds[i], false);
        assert_int_equal(answer.status, 200);
        http_answer_finish(&answer);
    }
    for (size_t i = 0; i < TLM_COUNT(fds); i++)
        close(fds[i]);
    end(test);
}

static int64_t thread_cpu_ms(void)
{
    struct timespec used;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (int64_t)used.tv_sec * 1000 + used.tv_nsec / 1000000;
}

static void wait_ms(int64_t ms)
{
    struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};

    nanosleep(&pause, NULL);
}

static void a_half_sent_head_costs_no_cpu(void **state)
{
    (void)state;
    fixture *test = begin(usual());
    int fd = http_connect(test->port);
    assert_true(http_send(fd, "GET / HTTP", 10));
    int64_t before = thread_cpu_ms();
    wait_ms(300); /* the time is what is measured */
    assert_in_range(thread_cpu_ms() - before, 0, 60);
    close(fd);
    end(test);
}

static void a_peer_that_leaves_is_forgotten(void **state)
{
    tlm_listen_options options = usual();

    (void)state;
    options.max_pending = 1;
    fixture *test = begin(options);
    for (int i = 0; i < 50; i++) {
        int fd = http_connect(test->port);
        assert_true(http_send(fd, "GET /", 5));
        close(fd);
    }
    assert_answer(test, "GET / HTTP/1.1\r\n\r\n", 200, 'r');
    end(test);
}

static void running_out_of_descriptors_neither_spins_nor_ends_service(void **state)
{
    struct rlimit before, tight;
    int held[512], count = 0;

    (void)state;
    fixture *test = begin(usual());
    int early = http_connect(test->port);
    assert_true(early >= 0);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    /* The client's socket takes the last descriptor, none is left to accept it. */
    while (count < 511 && (held[count] = dup(0)) >= 0 && held[count] < 200)
        count++;
    close(held[count]);
    int client = socket(AF_INET, SOCK_STREAM, 0);
    tight = before;
    tight.rlim_cur = (rlim_t)client + 1;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(test->port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(connect(client, (struct sockaddr *)&address, sizeof address), 0);
    int64_t cpu = thread_cpu_ms();
    wait_ms(300); /* the time is what is measured */
    cpu = thread_cpu_ms() - cpu;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_in_range(cpu, 0, 60);
    assert_int_equal(warnings, 1);
    assert_true(http_send(client, "GET / HTTP/1.1\r\n\r\n", 18));
    http_answer answer = http_read(client, false);
    assert_int_equal(answer.status, 200);
    http_answer_finish(&answer);
    for (int i = 0; i < count; i++)
        close(held[i]);
    close(client);
    close(early);
    end(test);
}

static void nobody_connects_before_the_start(void **state)
{
    const tlm_listen_options options = usual();
    tlm_listener *listener;
    tlm_error error;

    (void)state;
    assert_int_equal(tlm_listener_create(NULL, 0, &options, &no_log, &listener, &error), 0);
    uint16_t port = (uint16_t)atoi(strrchr(tlm_listener_address(listener), ':') + 1);
    assert_int_equal(http_connect(port), -1);
    assert_int_equal(tlm_listener_start(listener, &error), 0);
    http_answer answer = http_get(port, "/");
    assert_int_equal(answer.status, 404);
    http_answer_finish(&answer);
    int waiting = http_connect(port);
    assert_true(http_send(waiting, "GET", 3));
    tlm_listener_stop(listener);
    assert_true(http_is_closed(waiting));
    close(waiting);
    assert_int_equal(http_connect(port), -1);
    tlm_listener_stop(listener);
    tlm_listener_destroy(listener);
    tlm_listener_destroy(NULL);
}

static void refuse_options(tlm_listen_options options, int code, const char *word)
{
    tlm_listener *listener = NULL;
    tlm_error error = {{0}};

    assert_int_equal(tlm_listener_create(NULL, 0, &options, &no_log, &listener, &error), code);
    assert_null(listener);
    assert_non_null(strstr(error.text, word));
}

static void an_address_that_cannot_be_had_is_a_sentence(void **state)
{
    tlm_listen_options options = usual();

    (void)state;
    fixture *test = begin(options);
    options.port = test->port;
    refuse_options(options, -EADDRINUSE, "taken");
    options.port = 70000;
    refuse_options(options, -EINVAL, "70000");
    options.port = 0;
    options.address = "example.org";
    refuse_options(options, -EINVAL, "example.org");
    options.address = "192.0.2.1";
    refuse_options(options, -EADDRNOTAVAIL, "192.0.2.1");
    options.address = "127.0.0.1";
    options.max_pending = 0;
    refuse_options(options, -EINVAL, "max_pending");
    end(test);
}

static void addresses_are_written_as_in_a_url(void **state)
{
    static const char *const rows[][2] = {{"localhost", "127.0.0.1:"}, {"::1", "[::1]:"}, {"::", "[::]:"}};

    (void)state;
    for (size_t i = 0; i < TLM_COUNT(rows); i++) {
        tlm_listen_options options = usual();
        tlm_listener *listener;
        tlm_error error;
        options.address = rows[i][0];
        int result = tlm_listener_create(NULL, 0, &options, &no_log, &listener, &error);
        if (strchr(options.address, ':') && (result == -EADDRNOTAVAIL || result == -EAFNOSUPPORT)) {
            print_message("no IPv6 here: %s\n", error.text);
            continue;
        }
        assert_int_equal(result, 0);
        assert_memory_equal(tlm_listener_address(listener), rows[i][1], strlen(rows[i][1]));
        tlm_listener_destroy(listener);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_longest_prefix_takes_the_connection),
        cmocka_unit_test(the_path_of_a_head_is_told),
        cmocka_unit_test(a_first_line_that_is_no_request_line_is_400),
        cmocka_unit_test(a_head_may_come_byte_by_byte),
        cmocka_unit_test(the_longest_head_is_taken_and_a_longer_one_is_431),
        cmocka_unit_test(a_head_that_takes_too_long_is_408),
        cmocka_unit_test(one_connection_too_many_shuts_the_oldest),
        cmocka_unit_test(a_half_sent_head_costs_no_cpu),
        cmocka_unit_test(a_peer_that_leaves_is_forgotten),
        cmocka_unit_test(running_out_of_descriptors_neither_spins_nor_ends_service),
        cmocka_unit_test(nobody_connects_before_the_start),
        cmocka_unit_test(an_address_that_cannot_be_had_is_a_sentence),
        cmocka_unit_test(addresses_are_written_as_in_a_url),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
