/* SPDX-License-Identifier: Apache-2.0 */
#include "core_test.h"
#include "health.h"

#include <sys/mman.h>
#include <unistd.h>

/* A health whose log lies in memory. */
struct rig {
    tlm_log log;
    tlm_health *health;
};

static void rig_init(struct rig *rig)
{
    rig->log = (tlm_log){.level = TLM_LOG_DEBUG, .format = 1, .fd = memfd_create("log", MFD_CLOEXEC)};
    assert_true(rig->log.fd >= 0);
    assert_int_equal(tlm_health_create(&rig->log, &rig->health), 0);
}

static void rig_finish(struct rig *rig)
{
    tlm_health_destroy(rig->health);
    close(rig->log.fd);
}

static uint32_t count_lines(const struct rig *rig, const char *what)
{
    static char text[65536];
    ssize_t size = pread(rig->log.fd, text, sizeof text - 1, 0);
    assert_true(size >= 0);
    text[size] = '\0';
    uint32_t count = 0;
    for (const char *at = text; (at = strstr(at, what)); at++)
        count++;
    return count;
}

static void a_change_is_logged_once_and_so_is_the_recovery(void **state)
{
    (void)state;
    struct rig rig;
    rig_init(&rig);
    tlm_health_entry *sink = tlm_health_add(rig.health, "sink", "sqlite", 1);
    for (int i = 0; i < 3; i++)
        tlm_health_set(sink, TLM_HEALTH_DEGRADED, tlm_text_of("disk full"));
    tlm_health_set(sink, TLM_HEALTH_OK, tlm_text_of(NULL));
    assert_int_equal(count_lines(&rig, "disk full"), 1);
    assert_int_equal(count_lines(&rig, "works again"), 1);
    rig_finish(&rig);
}

static void a_failure_that_its_cause_has_told_of_is_not_logged_again(void **state)
{
    (void)state;
    struct rig rig;
    rig_init(&rig);
    tlm_health_entry *sink = tlm_health_add(rig.health, "sink", "sqlite", 1);
    tlm_health_entry *lane = tlm_health_add(rig.health, "lane 0", "core", 0);
    tlm_health_set(sink, TLM_HEALTH_DEGRADED, tlm_text_of("disk full"));
    tlm_health_follow(lane, sink, TLM_HEALTH_DEGRADED, tlm_text_of("sink: disk full"));
    tlm_health_set(sink, TLM_HEALTH_OK, tlm_text_of(NULL));
    tlm_health_set(lane, TLM_HEALTH_OK, tlm_text_of(NULL));
    assert_int_equal(count_lines(&rig, "disk full"), 1);
    assert_int_equal(count_lines(&rig, "works again"), 1);
    tlm_health_follow(lane, sink, TLM_HEALTH_DEGRADED, tlm_text_of("sink: tells nothing"));
    tlm_health_set(lane, TLM_HEALTH_OK, tlm_text_of(NULL));
    assert_int_equal(count_lines(&rig, "tells nothing"), 1);
    assert_int_equal(count_lines(&rig, "works again"), 2);
    rig_finish(&rig);
}

static void worse_than_what_was_told_is_logged(void **state)
{
    (void)state;
    struct rig rig;
    rig_init(&rig);
    tlm_health_entry *sink = tlm_health_add(rig.health, "sink", "sqlite", 1);
    tlm_health_entry *lane = tlm_health_add(rig.health, "lane 0", "core", 0);
    tlm_health_set(sink, TLM_HEALTH_DEGRADED, tlm_text_of("disk full"));
    tlm_health_follow(lane, sink, TLM_HEALTH_DEGRADED, tlm_text_of("sink: disk full"));
    tlm_health_set(lane, TLM_HEALTH_ERROR, tlm_text_of("the lane is lost"));
    assert_int_equal(count_lines(&rig, "the lane is lost"), 1);
    rig_finish(&rig);
}

static void count_item(void *context, const tlm_health_item *item)
{
    (void)item;
    ++*(int *)context;
}

static void what_is_hidden_is_told_of_only_when_it_is_not_ok(void **state)
{
    (void)state;
    struct rig rig;
    int count = 0;
    rig_init(&rig);
    tlm_health_entry *lane = tlm_health_add(rig.health, "lane 7", "core", 0);
    tlm_health_show(lane, 0);
    assert_int_equal(tlm_health_report(rig.health, count_item, &count), TLM_HEALTH_OK);
    assert_int_equal(count, 0);
    tlm_health_set(lane, TLM_HEALTH_DEGRADED, tlm_text_of("its place is no more"));
    assert_int_equal(tlm_health_report(rig.health, count_item, &count), TLM_HEALTH_DEGRADED);
    assert_int_equal(count, 1);
    tlm_health_set(lane, TLM_HEALTH_OK, tlm_text_of(NULL));
    tlm_health_show(lane, 1);
    tlm_health_report(rig.health, count_item, &count);
    assert_int_equal(count, 2);
    rig_finish(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_change_is_logged_once_and_so_is_the_recovery),
        cmocka_unit_test(a_failure_that_its_cause_has_told_of_is_not_logged_again),
        cmocka_unit_test(worse_than_what_was_told_is_logged),
        cmocka_unit_test(what_is_hidden_is_told_of_only_when_it_is_not_ok),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
