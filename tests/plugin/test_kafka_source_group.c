/* SPDX-License-Identifier: Apache-2.0 */
/* Members of one group: who has which lanes, what happens when one dies, and that a lane that stays is not disturbed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kafka_lab.h"

#include <signal.h>
#include <sys/wait.h>

enum { LANES = 6 };

/* The lanes as bits. */
static uint64_t lanes_of(lab_source *source)
{
    uint64_t lanes = 0;

    pthread_mutex_lock(&source->lock);
    for (uint32_t i = 0; i < source->assigned_count; i++)
        lanes |= UINT64_C(1) << source->lanes[i];
    pthread_mutex_unlock(&source->lock);
    return lanes;
}

static uint32_t count_of(lab_source *source)
{
    return (uint32_t)__builtin_popcountll(lanes_of(source));
}

/* --- a member in another process
 * --------------------------------------------------------------------------------------- */

/* argv: "member", servers, group, instance id, four topics. Joins and stays until it is killed. */
static int be_member(char **argv)
{
    const char *settings[] = {"group_instance_id", argv[4], NULL};
    lab_topics topics;
    lab_source source;

    for (int i = 0; i < LAB_TOPICS; i++)
        snprintf(topics.names[i], sizeof topics.names[i], "%s", argv[5 + i]);
    lab_source_init(&source, argv[2], &topics, argv[3], argv[4][0] ? settings : NULL);
    if (lab_source_open(&source) < 0)
        return 1;
    for (;;)
        pause();
}

static pid_t start_member(const test_lab *lab, const lab_topics *topics, const char *group, const char *instance_id)
{
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        execl("/proc/self/exe", "member", "member", lab->servers, group, instance_id, topics->names[0],
              topics->names[1], topics->names[2], topics->names[3], (char *)NULL);
        _exit(127);
    }
    return pid;
}

static void kill_member(pid_t pid)
{
    int status;

    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
}

/* --- tests
 * ------------------------------------------------------------------------------------------------------------- */

static void members_share_the_lanes_and_those_of_one_that_leaves_go_to_the_other_at_once(void **state)
{
    test_lab *lab = *state;
    lab_topics topics = lab_create_topics(lab, LANES);
    lab_source first, second;

    lab_source_start(&first, lab, &topics, "shared", NULL);
    LAB_AWAIT(count_of(&first) == LANES, 30);
    lab_source_start(&second, lab, &topics, "shared", NULL);
    LAB_AWAIT(count_of(&first) == LANES / 2 && count_of(&second) == LANES / 2, 30);
    assert_int_equal(lanes_of(&first) | lanes_of(&second), (1u << LANES) - 1);
    int64_t left_ms = lab_now_ms();
    lab_source_finish(&second, true);
    LAB_AWAIT(count_of(&first) == LANES, 30);
    print_message("its lanes were the other's %d ms after it began to leave\n", (int)(lab_now_ms() - left_ms));
    assert_true(lab_now_ms() - left_ms < 8000);
    lab_source_finish(&first, true);
}

static void a_member_more_than_lanes_gets_none_and_waits(void **state)
{
    test_lab *lab = *state;
    lab_topics topics = lab_create_topics(lab, 1);
    lab_source first, second;

    lab_source_start(&first, lab, &topics, "spare", NULL);
    LAB_AWAIT(count_of(&first) == 1, 30);
    lab_source_start(&second, lab, &topics, "spare", NULL);
    LAB_AWAIT(lab_assignments(&first) == 2 && lab_assignments(&second) == 1, 30);
    assert_int_equal(count_of(&first) + count_of(&second), 1);
    assert_true(lab_health_is(&first, TLM_HEALTH_OK) && lab_health_is(&second, TLM_HEALTH_OK));
    lab_source_finish(&second, true);
    LAB_AWAIT(count_of(&first) == 1, 30);
    lab_source_finish(&first, true);
}

static void the_lanes_of_a_killed_member_are_the_others_within_the_session_timeout(void **state)
{
    static const char *const settings[] = {"session_timeout", "6s", NULL};
    test_lab *lab = *state;
    lab_topics topics = lab_create_topics(lab, LANES);
    lab_source source;

    pid_t member = start_member(lab, &topics, "killed", "");
    lab_source_start(&source, lab, &topics, "killed", settings);
    LAB_AWAIT(count_of(&source) == LANES / 2, 60);
    kill_member(member);
    int64_t killed_ms = lab_now_ms();
    LAB_AWAIT(count_of(&source) == LANES, 40);
    print_message("the lanes of a killed member were taken after %d ms (session_timeout of it: 10 s)\n",
                  (int)(lab_now_ms() - killed_ms));
    assert_true(lab_now_ms() - killed_ms < 20000);
    lab_source_finish(&source, true);
}

static void a_killed_member_with_an_instance_id_takes_its_lanes_back_without_a_rebalance(void **state)
{
    static const char *const settings[] = {"group_instance_id", "first", NULL};
    test_lab *lab = *state;
    lab_topics topics = lab_create_topics(lab, LANES);
    lab_source first, second;
    static const char *const again[] = {"group_instance_id", "second", NULL};

    lab_source_start(&first, lab, &topics, "static", settings);
    LAB_AWAIT(count_of(&first) == LANES, 30);
    pid_t member = start_member(lab, &topics, "static", "second");
    LAB_AWAIT(count_of(&first) == LANES / 2, 60);
    uint32_t assignments = lab_assignments(&first);
    uint64_t others = ((1u << LANES) - 1) & ~lanes_of(&first);
    kill_member(member);
    int64_t killed_ms = lab_now_ms();
    lab_source_start(&second, lab, &topics, "static", again);
    LAB_AWAIT(lab_assignments(&second) == 1, 9);
    print_message("the lanes were back %d ms after the kill\n", (int)(lab_now_ms() - killed_ms));
    assert_int_equal(lanes_of(&second), others);
    assert_int_equal(lab_assignments(&first), assignments);
    lab_source_finish(&second, true);
    lab_source_finish(&first, true);
}

static void a_second_process_with_the_same_instance_id_stops_the_first_with_a_sentence(void **state)
{
    static const char *const settings[] = {"group_instance_id", "same", NULL};
    test_lab *lab = *state;
    lab_topics topics = lab_create_topics(lab, 2);
    lab_source first, second;

    lab_source_start(&first, lab, &topics, "fenced", settings);
    LAB_AWAIT(count_of(&first) == 2, 30);
    lab_source_start(&second, lab, &topics, "fenced", settings);
    LAB_AWAIT(lab_has_failed(&first), 30);
    assert_non_null(strstr(first.failure, "as group_instance_id same: give every process an id of its own"));
    lab_source_finish(&second, true);
    lab_source_finish(&first, true);
}

/* Reads a lane on a thread and holds it to what was sent: each offset once, with no long pause. */
typedef struct {
    lab_source *source;
    tlm_partition *partition;
    atomic_bool is_over;
    _Atomic int64_t next;
    int64_t longest_ms;
} watch;

static void watch_records(void *context, const tlm_records *records)
{
    watch *self = context;

    for (uint32_t i = 0; i < records->record_count; i++) {
        if (records->records[i].position.ordinal != atomic_load(&self->next))
            abort(); /* a failed assertion on another thread than the test's would do so in a stranger way */
        atomic_fetch_add(&self->next, 1);
    }
}

static void *run_watch(void *context)
{
    watch *self = context;
    int64_t last_ms = lab_now_ms();

    while (!atomic_load(&self->is_over)) {
        const tlm_records *records = NULL;
        tlm_error error;
        int result = self->source->partitions->read(self->partition, LAB_CHAT, 1000, &records, &error);
        if (result < 0)
            abort();
        if (result == TLM_READ_RECORDS) {
            watch_records(self, records);
            records->unref(records);
            int64_t now_ms = lab_now_ms();
            self->longest_ms = now_ms - last_ms > self->longest_ms ? now_ms - last_ms : self->longest_ms;
            last_ms = now_ms;
        } else {
            self->source->partitions->wait(self->partition, 50);
        }
    }
    return NULL;
}

static void a_lane_that_stays_is_read_on_through_rebalances(void **state)
{
    test_lab *lab = *state;
    lab_topics topics = lab_create_topics(lab, LANES);
    lab_source first, second;
    watch self = {.source = &first};
    pthread_t thread;
    int sent = 0;

    lab_source_start(&first, lab, &topics, "stays", NULL);
    LAB_AWAIT(count_of(&first) == LANES, 30);
    /* Whichever lane: what is open is read until it is closed. */
    self.partition = lab_lane_open(&first, 0, NULL, NULL);
    assert_int_equal(pthread_create(&thread, NULL, run_watch, &self), 0);
    for (int round = 0; round < 3; round++) {
        bool is_joined = false;
        lab_source_init(&second, lab->servers, &topics, "stays", NULL);
        assert_int_equal(lab_source_open(&second), 0);
        for (int64_t end_ms = lab_now_ms() + 30000; !is_joined && lab_now_ms() < end_ms; lab_pause(20)) {
            lab_fill(lab, topics.names[LAB_CHAT], 0, sent++, 1);
            is_joined = count_of(&second) == LANES / 2 && count_of(&first) == LANES / 2;
        }
        assert_true(is_joined);
        second.partitions->close(second.instance);
        for (int64_t end_ms = lab_now_ms() + 30000; count_of(&first) < LANES && lab_now_ms() < end_ms; lab_pause(20))
            lab_fill(lab, topics.names[LAB_CHAT], 0, sent++, 1);
        assert_int_equal(count_of(&first), LANES);
        lab_source_finish(&second, false);
    }
    LAB_AWAIT(atomic_load(&self.next) == sent, 10);
    atomic_store(&self.is_over, true);
    pthread_join(thread, NULL);
    print_message("longest pause of a lane that stays, over %u assignments: %d ms\n", lab_assignments(&first),
                  (int)self.longest_ms);
    assert_true(lab_assignments(&first) >= 7);
    first.partitions->lane_close(self.partition);
    lab_source_finish(&first, true);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_share_the_lanes_and_those_of_one_that_leaves_go_to_the_other_at_once),
        cmocka_unit_test(a_member_more_than_lanes_gets_none_and_waits),
        cmocka_unit_test(the_lanes_of_a_killed_member_are_the_others_within_the_session_timeout),
        cmocka_unit_test(a_killed_member_with_an_instance_id_takes_its_lanes_back_without_a_rebalance),
        cmocka_unit_test(a_second_process_with_the_same_instance_id_stops_the_first_with_a_sentence),
        cmocka_unit_test(a_lane_that_stays_is_read_on_through_rebalances),
    };

    if (argc == 9 && strcmp(argv[1], "member") == 0)
        return be_member(argv);
    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, lab_start, lab_stop);
}
