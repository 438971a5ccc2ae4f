/* SPDX-License-Identifier: Apache-2.0 */
#include "core_test.h"
#include "health.h"
#include "metrics.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void series_of_one_name_stand_under_one_head(void **state)
{
    (void)state;
    tlm_metrics *metrics;
    size_t size;
    assert_int_equal(tlm_metrics_create(&metrics), 0);
    tlm_metric *a = tlm_metrics_open(metrics, "a", TLM_METRIC_COUNTER, "telemetra_x_total", "Things.");
    tlm_metric *g = tlm_metrics_open(metrics, "a", TLM_METRIC_GAUGE, "telemetra_depth", "Depth.");
    tlm_metric *b = tlm_metrics_open(metrics, "b", TLM_METRIC_COUNTER, "telemetra_x_total", "Things.");
    tlm_metric_add(a, 2);
    tlm_metric_add(a, 3);
    tlm_metric_set(g, -4);
    tlm_metric_add(b, 1);
    char *text = tlm_metrics_render(metrics, &size);
    assert_int_equal(strlen(text), size);
    assert_non_null(strstr(text, "telemetra_x_total{instance=\"a\"} 5\n"));
    assert_non_null(strstr(text, "telemetra_x_total{instance=\"b\"} 1\n"));
    assert_non_null(strstr(text, "# TYPE telemetra_depth gauge\ntelemetra_depth{instance=\"a\"} -4\n"));
    char *head = strstr(text, "# HELP telemetra_x_total");
    assert_non_null(head);
    assert_null(strstr(head + 1, "# HELP telemetra_x_total"));
    free(text);
    tlm_metrics_destroy(metrics);
}

static void a_name_that_breaks_the_rule_gets_no_series(void **state)
{
    (void)state;
    tlm_metrics *metrics;
    assert_int_equal(tlm_metrics_create(&metrics), 0);
    assert_null(tlm_metrics_open(metrics, "a", TLM_METRIC_COUNTER, "telemetra_x", "No suffix."));
    assert_null(tlm_metrics_open(metrics, "a", TLM_METRIC_GAUGE, "telemetra_x_total", "A gauge is no total."));
    assert_null(tlm_metrics_open(metrics, "a", TLM_METRIC_GAUGE, "other_x", "No prefix."));
    assert_null(tlm_metrics_open(metrics, "a", TLM_METRIC_GAUGE, "telemetra_x\"", "Bad byte."));
    tlm_metric_add(NULL, 1);
    tlm_metric_set(NULL, 1);
    tlm_metrics_destroy(metrics);
}

static void series_are_bounded(void **state)
{
    (void)state;
    tlm_metrics *metrics;
    int count = 0;
    assert_int_equal(tlm_metrics_create(&metrics), 0);
    while (count < 5000 && tlm_metrics_open(metrics, "a", TLM_METRIC_GAUGE, "telemetra_x", "x"))
        count++;
    assert_int_equal(count, 1000);
    tlm_metrics_destroy(metrics);
}

static uint32_t probed = TLM_HEALTH_OK;

static uint32_t probe(void *context, tlm_error *message)
{
    (void)context;
    tlm_error_set(message, 0, "probed");
    return probed;
}

static void collect(void *context, const tlm_health_item *item)
{
    char *text = context;
    strcat(text, item->name);
    strcat(text, item->status == TLM_HEALTH_OK ? "+" : "-");
    strncat(text, item->message.data, item->message.size);
    strcat(text, ";");
}

static void the_worst_state_is_reported_and_a_change_is_logged_once(void **state)
{
    (void)state;
    int pipe_fds[2];
    assert_int_equal(pipe2(pipe_fds, O_NONBLOCK), 0);
    tlm_log log = {.level = TLM_LOG_INFO, .format = 1, .fd = pipe_fds[1]};
    tlm_health *health;
    assert_int_equal(tlm_health_create(&log, &health), 0);
    tlm_health_entry *a = tlm_health_add(health, "a", "x", 1);
    tlm_health_entry *b = tlm_health_add(health, "b", "core", 0);
    char text[256] = "";
    assert_int_equal(tlm_health_report(health, collect, text), TLM_HEALTH_OK);
    assert_string_equal(text, "a+;b+;");

    for (int i = 0; i < 3; i++)
        tlm_health_set(a, TLM_HEALTH_DEGRADED, tlm_text_of("gone"));
    tlm_health_probe(b, probe, NULL);
    text[0] = '\0';
    assert_int_equal(tlm_health_report(health, collect, text), TLM_HEALTH_DEGRADED);
    assert_string_equal(text, "a-gone;b+;");
    probed = TLM_HEALTH_ERROR;
    text[0] = '\0';
    assert_int_equal(tlm_health_report(health, collect, text), TLM_HEALTH_ERROR);
    assert_string_equal(text, "a-gone;b-probed;");

    char logged[1024];
    ssize_t size = read(pipe_fds[0], logged, sizeof logged - 1);
    assert_true(size > 0);
    logged[size] = '\0';
    char *first = strstr(logged, "gone");
    assert_non_null(first);
    assert_null(strstr(first + 1, "gone"));
    close(pipe_fds[0]);
    close(pipe_fds[1]);
    tlm_health_destroy(health);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(series_of_one_name_stand_under_one_head),
        cmocka_unit_test(a_name_that_breaks_the_rule_gets_no_series),
        cmocka_unit_test(series_are_bounded),
        cmocka_unit_test(the_worst_state_is_reported_and_a_change_is_logged_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
