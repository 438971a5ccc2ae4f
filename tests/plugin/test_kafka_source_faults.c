/* SPDX-License-Identifier: Apache-2.0 */
/* The source `kafka` while its broker freezes, dies and comes back: never quiet meanwhile, nothing lost or twice after.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kafka_lab.h"

/* Records of one input: each offset once and in order. */
typedef struct {
    int64_t next;
} tally;

static void count_records(void *context, const tlm_records *records)
{
    tally *self = context;

    for (uint32_t i = 0; i < records->record_count; i++)
        assert_int_equal(records->records[i].position.ordinal, self->next++);
}

static void read_until_count(lab_source *source, tlm_partition *partition, tally *self, int64_t count, int seconds)
{
    int64_t deadline_ms = lab_now_ms() + seconds * 1000;

    while (self->next < count) {
        int result = lab_read(source, partition, LAB_CHAT, 1000, count_records, self);
        if (result < 0)
            fail_msg("%s", source->error.text);
        if (lab_now_ms() > deadline_ms)
            fail_msg("%d of %d records in %d s", (int)self->next, (int)count, seconds);
        if (result != TLM_READ_RECORDS)
            source->partitions->wait(partition, 100);
    }
}

/* No input says that it is quiet for so long; the first moments apart, in which nobody can know. */
static void assert_not_quiet(lab_source *source, tlm_partition *partition, int seconds)
{
    int64_t deadline_ms = lab_now_ms() + seconds * 1000;

    while (lab_now_ms() < deadline_ms) {
        for (uint32_t input = 0; input < LAB_TOPICS; input++)
            assert_int_equal(lab_read(source, partition, input, 1000, NULL, NULL), TLM_READ_WAITING);
        source->partitions->wait(partition, 100);
    }
}

static void await_quiet(lab_source *source, tlm_partition *partition, int seconds)
{
    for (uint32_t input = 0; input < LAB_TOPICS; input++)
        lab_read_until(source, partition, input, TLM_READ_QUIET, seconds);
}

/* Reads until no input is quiet any more: in milliseconds, how long that took. */
static int64_t await_not_quiet(lab_source *source, tlm_partition *partition)
{
    int64_t before_ms = lab_now_ms();
    uint32_t quiet = LAB_TOPICS;

    while (quiet > 0 && lab_now_ms() - before_ms < 10000) {
        quiet = 0;
        for (uint32_t input = 0; input < LAB_TOPICS; input++)
            quiet += lab_read(source, partition, input, 1000, NULL, NULL) == TLM_READ_QUIET;
        lab_pause(20);
    }
    return lab_now_ms() - before_ms;
}

static void a_frozen_broker_is_waited_for_and_quiet_only_after_it_said_so_anew(void **state)
{
    test_lab *lab = *state;
    lab_topics topics = lab_create_topics(lab, 1);
    tally chat = {0};
    lab_source source;

    lab_fill(lab, topics.names[LAB_CHAT], 0, 0, 100);
    lab_source_start(&source, lab, &topics, "frozen", NULL);
    tlm_partition *partition = lab_lane_open(&source, 0, NULL, NULL);
    read_until_count(&source, partition, &chat, 100, 20);
    await_quiet(&source, partition, 10);
    lab_server(lab, "freeze");
    int64_t noticed_ms = await_not_quiet(&source, partition);
    print_message("a frozen broker was noticed after %d ms\n", (int)noticed_ms);
    assert_true(noticed_ms < 4000);
    assert_not_quiet(&source, partition, 6);
    LAB_AWAIT(lab_health_is(&source, TLM_HEALTH_DEGRADED), 10);
    lab_server(lab, "thaw");
    await_quiet(&source, partition, 15);
    lab_fill(lab, topics.names[LAB_CHAT], 0, 100, 50);
    read_until_count(&source, partition, &chat, 150, 15);
    LAB_AWAIT(lab_health_is(&source, TLM_HEALTH_OK), 10);
    assert_true(lab_metric(&source, "telemetra_kafka_outages_total") >= LAB_TOPICS);
    source.partitions->lane_close(partition);
    lab_source_finish(&source, true);
}

static void a_killed_broker_is_waited_for_and_read_on_when_it_is_back(void **state)
{
    test_lab *lab = *state;
    lab_topics topics = lab_create_topics(lab, 1);
    tally chat = {0};
    lab_source source;

    lab_fill(lab, topics.names[LAB_CHAT], 0, 0, 20000);
    lab_source_start(&source, lab, &topics, "killed", NULL);
    tlm_partition *partition = lab_lane_open(&source, 0, NULL, NULL);
    read_until_count(&source, partition, &chat, 10000, 20);
    lab_server(lab, "kill");
    /* What was fetched before is still given. */
    while (lab_read(&source, partition, LAB_CHAT, 1000, count_records, &chat) == TLM_READ_RECORDS)
        ;
    int64_t noticed_ms = await_not_quiet(&source, partition);
    print_message("a dead broker was noticed after %d ms\n", (int)noticed_ms);
    assert_true(noticed_ms < 4000);
    assert_not_quiet(&source, partition, 4);
    LAB_AWAIT(lab_health_is(&source, TLM_HEALTH_DEGRADED), 10);
    lab_server(lab, "start");
    int64_t back_ms = lab_now_ms();
    read_until_count(&source, partition, &chat, 20000, 15);
    await_quiet(&source, partition, 15);
    print_message("quiet again %d ms after the broker answers\n", (int)(lab_now_ms() - back_ms));
    lab_fill(lab, topics.names[LAB_CHAT], 0, 20000, 50);
    read_until_count(&source, partition, &chat, 20050, 15);
    LAB_AWAIT(lab_health_is(&source, TLM_HEALTH_OK), 10);
    source.partitions->lane_close(partition);
    lab_source_finish(&source, true);
}

static void a_broker_restarted_while_nobody_reads_costs_nothing(void **state)
{
    test_lab *lab = *state;
    lab_topics topics = lab_create_topics(lab, 1);
    tally chat = {0};
    lab_source source;

    lab_fill(lab, topics.names[LAB_CHAT], 0, 0, 30000);
    lab_source_start(&source, lab, &topics, "restarted", NULL);
    tlm_partition *partition = lab_lane_open(&source, 0, NULL, NULL);
    read_until_count(&source, partition, &chat, 1000, 20);
    lab_server(lab, "restart");
    read_until_count(&source, partition, &chat, 30000, 30);
    await_quiet(&source, partition, 15);
    source.partitions->lane_close(partition);
    lab_source_finish(&source, true);
}

static void a_lane_cannot_be_opened_now_while_the_broker_is_gone(void **state)
{
    test_lab *lab = *state;
    lab_topics topics = lab_create_topics(lab, 1);
    tlm_position start[LAB_TOPICS];
    tlm_partition *partition = NULL;
    lab_source source;

    lab_source_start(&source, lab, &topics, "gone", NULL);
    lab_server(lab, "kill");
    int64_t before_ms = lab_now_ms();
    assert_int_equal(source.partitions->lane_open(source.instance, 0, NULL, start, &partition, &source.error), -EAGAIN);
    print_message("refused after %d ms\n", (int)(lab_now_ms() - before_ms));
    assert_true(lab_now_ms() - before_ms < 8000);
    assert_non_null(strstr(source.error.text, "its leader does not say where it ends"));
    lab_server(lab, "start");
    int64_t back_ms = lab_now_ms(), deadline_ms = back_ms + LAB_TIMEOUT_MS;
    while (source.partitions->lane_open(source.instance, 0, NULL, start, &partition, &source.error) == -EAGAIN)
        assert_true(lab_now_ms() < deadline_ms);
    assert_non_null(partition);
    print_message("opened %d ms after the broker answers\n", (int)(lab_now_ms() - back_ms));
    await_quiet(&source, partition, 15);
    source.partitions->lane_close(partition);
    lab_source_finish(&source, true);
}

static void closing_does_not_wait_for_a_frozen_broker(void **state)
{
    test_lab *lab = *state;
    lab_topics topics = lab_create_topics(lab, 2);
    lab_source source;

    lab_source_start(&source, lab, &topics, "closing", NULL);
    LAB_AWAIT(lab_assigned(&source) == 2, 20);
    tlm_partition *partition = lab_lane_open(&source, 0, NULL, NULL);
    lab_server(lab, "freeze");
    int64_t before_ms = lab_now_ms();
    source.partitions->lane_close(partition);
    source.partitions->close(source.instance);
    print_message("closed after %d ms\n", (int)(lab_now_ms() - before_ms));
    assert_true(lab_now_ms() - before_ms < 10000);
    lab_server(lab, "thaw");
    lab_source_finish(&source, false);
}

static void a_deleted_topic_is_told_in_health_and_is_not_quiet(void **state)
{
    test_lab *lab = *state;
    lab_topics topics = lab_create_topics(lab, 1);
    char part[160];
    lab_source source;

    lab_source_start(&source, lab, &topics, "deleted", NULL);
    tlm_partition *partition = lab_lane_open(&source, 0, NULL, NULL);
    await_quiet(&source, partition, 10);
    lab_delete_topic(lab, topics.names[LAB_VIEWER]);
    snprintf(part, sizeof part, "topic %s, partition 0 cannot be read", topics.names[LAB_VIEWER]);
    int64_t deadline_ms = lab_now_ms() + LAB_TIMEOUT_MS;
    while (!lab_health_says(&source, part)) {
        assert_true(lab_read(&source, partition, LAB_VIEWER, 1000, NULL, NULL) >= 0);
        assert_true(lab_now_ms() < deadline_ms);
        source.partitions->wait(partition, 100);
    }
    assert_int_equal(lab_read(&source, partition, LAB_VIEWER, 1000, NULL, NULL), TLM_READ_WAITING);
    lab_read_until(&source, partition, LAB_CHAT, TLM_READ_QUIET, 10);
    source.partitions->lane_close(partition);
    lab_source_finish(&source, true);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_frozen_broker_is_waited_for_and_quiet_only_after_it_said_so_anew),
        cmocka_unit_test(a_killed_broker_is_waited_for_and_read_on_when_it_is_back),
        cmocka_unit_test(a_broker_restarted_while_nobody_reads_costs_nothing),
        cmocka_unit_test(a_lane_cannot_be_opened_now_while_the_broker_is_gone),
        cmocka_unit_test(closing_does_not_wait_for_a_frozen_broker),
        cmocka_unit_test(a_deleted_topic_is_told_in_health_and_is_not_quiet),
    };

    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, lab_start, lab_stop);
}
