/* SPDX-License-Identifier: Apache-2.0 */
/* Health of the real binary: contract section 3. */
#include "process.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define STORED                                                                                                         \
    PROCESS_PIPELINE PROCESS_BEGINNING                                                                                 \
        "sinks = ({ component = \"sqlite\"; path = \"t.db\"; });\nfrontends = ({ component = \"rest\"; });\n"

static void the_process_is_alive_while_it_serves(void **state)
{
    (void)state;
    process *run = process_begin(STORED);
    http_answer answer = http_get(run->port, "/health");
    assert_int_equal(answer.status, 200);
    assert_string_equal(answer.body, "{\"status\":\"ok\"}");
    http_answer_finish(&answer);
    assert_int_equal(process_end(run), 0);
}

static void a_good_pipeline_is_ok_without_redis(void **state)
{
    (void)state;
    process *run = process_begin(STORED);
    http_answer answer = process_wait_for(run, "/api/v1/health", "\"status\":\"ok\"");
    assert_int_equal(answer.status, 200);
    assert_memory_equal(answer.body, "{\"status\":\"ok\",\"timestamp\":\"20", 30);
    assert_non_null(strstr(answer.body, "Z\",\"database\":\"ok\",\"redis\":\"unavailable\""));
    assert_non_null(strstr(answer.body, "\"component\":\"sqlite\",\"status\":\"ok\""));
    http_answer_finish(&answer);
    assert_int_equal(process_end(run), 0);
}

static void head_and_wrong_methods_hold_for_health_too(void **state)
{
    static const char *const targets[] = {"/health", "/api/v1/health"};

    (void)state;
    process *run = process_begin(STORED);
    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++) {
        http_answer answer = http_request(run->port, "HEAD", targets[i], "");
        assert_int_equal(answer.status, 200);
        assert_string_equal(answer.body, "");
        http_answer_finish(&answer);
        answer = http_request(run->port, "POST", targets[i], "");
        assert_int_equal(answer.status, 405);
        assert_non_null(strstr(http_header(&answer, "Allow"), "GET"));
        http_answer_finish(&answer);
    }
    assert_int_equal(process_end(run), 0);
}

static void live_health_answers_without_an_upgrade(void **state)
{
    (void)state;
    process *run = process_begin(STORED);
    http_answer answer = http_get(run->port, "/ws/live/health");
    assert_int_equal(answer.status, 200);
    assert_non_null(strstr(answer.body, "\"active_streams\":0"));
    assert_non_null(strstr(answer.body, "\"total_connections\":0"));
    assert_non_null(strstr(answer.body, "\"streams\":{}"));
    http_answer_finish(&answer);
    answer = http_request(run->port, "GET", "/ws/live/health", "Connection: Upgrade\r\nUpgrade: websocket\r\n");
    assert_int_equal(answer.status, 426);
    http_answer_finish(&answer);
    assert_int_equal(process_end(run), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_process_is_alive_while_it_serves),
        cmocka_unit_test(a_good_pipeline_is_ok_without_redis),
        cmocka_unit_test(head_and_wrong_methods_hold_for_health_too),
        cmocka_unit_test(live_health_answers_without_an_upgrade),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
