/* SPDX-License-Identifier: Apache-2.0 */
#include "rig.h"

#include <common/murmur2.h>
#include <limits.h>

/* Streams of a lane: letters that belong there. */
static char letter_of(uint32_t lane)
{
    for (char letter = 'a'; letter <= 'z'; letter++)
        if ((tlm_murmur2(&letter, 1) & 0x7fffffff) % LOG_LANES == lane)
            return letter;
    fail_msg("no letter for lane %u", lane);
    return 0;
}

/* `count` seconds of the lane's stream in either input. */
static void fill(script_log *log, uint32_t lane, uint32_t count)
{
    for (uint32_t input = 0; input < LOG_INPUTS; input++) {
        script_event *events = test_calloc(count, sizeof *events);
        for (uint32_t i = 0; i < count; i++)
            events[i] = (script_event){.second = (int)i, .stream = letter_of(lane)};
        log->events[lane][input] = events;
        log->counts[lane][input] = count;
    }
}

static void rig_init_log(struct rig *rig, uint32_t count)
{
    rig_init(rig, NULL, 0, 0);
    for (uint32_t lane = 0; lane < LOG_LANES; lane++)
        fill(&rig->log_script, lane, count);
    rig_add(rig, "log", &script_log_source, TLM_SECTION_SOURCE, 0, &rig->log_script);
    rig_add(rig, "codec", &script_codec, TLM_SECTION_CODEC, 0, NULL);
    rig_add(rig, "processor", &script_processor, TLM_SECTION_PROCESSOR, 0, &rig->notes);
    rig_add(rig, "checkpoint", &script_checkpoint, TLM_SECTION_SINK, TLM_DELIVERY_CHECKPOINT, &rig->vault);
}

static void rig_finish_log(struct rig *rig)
{
    rig_stop(rig);
    for (uint32_t lane = 0; lane < LOG_LANES; lane++)
        for (uint32_t input = 0; input < LOG_INPUTS; input++)
            test_free((void *)(uintptr_t)rig->log_script.events[lane][input]);
}

static void start(struct rig *rig)
{
    tlm_error error;
    if (rig_start(rig, &error) < 0)
        fail_msg("%s", error.text);
}

/* Waits for a condition of another thread. */
#define WAIT_FOR(condition)                                                                                            \
    for (int waited_ms = 0; !(condition); waited_ms++) {                                                               \
        assert_true(waited_ms < PATIENCE_MS);                                                                          \
        (void)poll(NULL, 0, 1);                                                                                        \
    }

static uint32_t committed(struct rig *rig)
{
    pthread_mutex_lock(&rig->vault.mutex);
    uint32_t count = rig->vault.row_count;
    pthread_mutex_unlock(&rig->vault.mutex);
    return count;
}

static uint64_t epoch_of(struct rig *rig, uint32_t lane)
{
    pthread_mutex_lock(&rig->vault.mutex);
    uint64_t epoch = rig->vault.lanes[lane].epoch;
    pthread_mutex_unlock(&rig->vault.mutex);
    return epoch;
}

static void lanes_are_read_as_the_log_gives_them(void **state)
{
    (void)state;
    struct rig rig;
    rig_init_log(&rig, 300);
    start(&rig);
    script_log_assign(&rig.log_script, (uint32_t[]){1, 3}, 2);
    WAIT_FOR(committed(&rig) == 2 * 2 * 300);
    assert_int_equal(epoch_of(&rig, 0), 0);
    script_log_assign(&rig.log_script, (uint32_t[]){0, 1}, 2);
    WAIT_FOR(committed(&rig) == 3 * 2 * 300);
    WAIT_FOR(atomic_load(&rig.log_script.open_lanes) == 2);
    assert_int_equal(epoch_of(&rig, 1), 1); /* it stayed */
    rig_finish_log(&rig);
}

static void a_lane_given_again_goes_on_where_it_was_and_counts_nothing_twice(void **state)
{
    (void)state;
    struct rig rig;
    rig_init_log(&rig, 200);
    rig.notes.keep = 50;
    start(&rig);
    for (int i = 0; i < 5; i++) {
        script_log_assign(&rig.log_script, (uint32_t[]){2}, 1);
        WAIT_FOR(epoch_of(&rig, 2) == (uint64_t)i + 1);
        WAIT_FOR(committed(&rig) == 2 * 200);
        WAIT_FOR(atomic_load(&rig.log_script.open_lanes) == 1); /* its epoch is older than that */
        script_log_assign(&rig.log_script, NULL, 0);
        WAIT_FOR(atomic_load(&rig.log_script.open_lanes) == 0);
    }
    assert_int_equal(committed(&rig), 2 * 200);
    rig_finish_log(&rig);
}

static void a_lane_taken_by_another_is_left_to_it_until_the_log_says_more(void **state)
{
    (void)state;
    struct rig rig;
    rig_init_log(&rig, 100);
    start(&rig);
    script_log_assign(&rig.log_script, (uint32_t[]){0}, 1);
    WAIT_FOR(committed(&rig) == 2 * 100);
    pthread_mutex_lock(&rig.vault.mutex);
    rig.vault.lanes[0].epoch++; /* another process */
    pthread_mutex_unlock(&rig.vault.mutex);
    WAIT_FOR(atomic_load(&rig.log_script.open_lanes) == 0); /* the clock moves its watermark, which is to be kept */
    assert_int_equal(epoch_of(&rig, 0), 2);
    script_log_assign(&rig.log_script, (uint32_t[]){0}, 1); /* and the log says: still yours */
    WAIT_FOR(epoch_of(&rig, 0) == 3);
    tlm_pipeline_news news;
    tlm_pipeline_look(rig.pipeline, &news);
    assert_false(news.is_failed);
    rig_finish_log(&rig);
    assert_int_equal(rig.vault.row_count, 2 * 100);
}

static void a_checkpoint_that_is_not_there_yet_is_waited_for(void **state)
{
    (void)state;
    struct rig rig;
    rig_init_log(&rig, 100);
    rig.vault.take_fails = 2;
    start(&rig);
    script_log_assign(&rig.log_script, (uint32_t[]){0}, 1);
    WAIT_FOR(committed(&rig) == 2 * 100);
    rig_finish_log(&rig);
}

static void a_place_that_is_no_more_stops_loudly(void **state)
{
    (void)state;
    struct rig rig;
    rig_init_log(&rig, 100);
    start(&rig);
    script_log_assign(&rig.log_script, (uint32_t[]){0}, 1);
    WAIT_FOR(committed(&rig) == 2 * 100);
    script_log_assign(&rig.log_script, NULL, 0);
    WAIT_FOR(atomic_load(&rig.log_script.open_lanes) == 0);
    rig.log_script.expired[0][1] = 150;
    script_log_assign(&rig.log_script, (uint32_t[]){0}, 1);
    tlm_pipeline_news news = rig_wait(&rig);
    assert_true(news.is_failed);
    assert_non_null(strstr(news.sentence.text, "is no more"));
    assert_non_null(strstr(news.sentence.text, "lane 0"));
    rig_finish_log(&rig);
}

static void a_process_whose_settings_are_refused_leaves_the_lanes_to_others(void **state)
{
    (void)state;
    struct rig rig;
    rig_init_log(&rig, 100);
    (void)snprintf(rig.vault.settings, sizeof rig.vault.settings, "other ones");
    start(&rig);
    script_log_assign(&rig.log_script, (uint32_t[]){0, 1}, 2);
    tlm_pipeline_news news = rig_wait(&rig);
    assert_true(news.is_failed);
    assert_non_null(strstr(news.sentence.text, "is not other ones"));
    WAIT_FOR(atomic_load(&rig.log_script.is_open) == 0);
    rig_finish_log(&rig);
}

static void a_source_that_fails_for_good_leaves_its_lanes_to_others(void **state)
{
    (void)state;
    struct rig rig;
    rig_init_log(&rig, 100);
    start(&rig);
    script_log_assign(&rig.log_script, (uint32_t[]){0, 1}, 2);
    WAIT_FOR(committed(&rig) == 2 * 2 * 100);
    rig.log_script.listener.failed(rig.log_script.listener.context, tlm_text_of("fenced"));
    WAIT_FOR(atomic_load(&rig.log_script.is_open) == 0);
    tlm_accounting none = rig_accounting(&rig);
    assert_int_equal(none.consumed[TLM_EVENT_CHAT], 0); /* they are counted where they are */
    rig_finish_log(&rig);
}

static void a_lane_lost_while_it_is_taken_is_lost_and_no_failure(void **state)
{
    (void)state;
    struct rig rig;
    rig_init_log(&rig, 100);
    rig.vault.stolen_takes = 1;
    start(&rig);
    script_log_assign(&rig.log_script, (uint32_t[]){0}, 1);
    WAIT_FOR(epoch_of(&rig, 0) == 2); /* its own, and the other's */
    assert_int_equal(atomic_load(&rig.log_script.open_lanes), 0);
    script_log_assign(&rig.log_script, (uint32_t[]){0}, 1); /* and the log says: still yours */
    WAIT_FOR(committed(&rig) == 2 * 100);
    tlm_pipeline_news news;
    tlm_pipeline_look(rig.pipeline, &news);
    assert_false(news.is_failed);
    rig_finish_log(&rig);
}

static void an_event_in_a_foreign_partition_is_a_dead_letter(void **state)
{
    (void)state;
    struct rig rig;
    rig_init_log(&rig, 10);
    for (uint32_t i = 0; i < 4; i++)
        ((script_event *)(uintptr_t)rig.log_script.events[0][0])[i].stream = letter_of(1);
    start(&rig);
    script_log_assign(&rig.log_script, (uint32_t[]){0}, 1);
    WAIT_FOR(committed(&rig) == 2 * 10 - 4);
    rig_finish_log(&rig);
    assert_int_equal(rig.vault.dead_count, 4);
}

static void an_input_is_not_read_far_ahead_of_another_that_has_more(void **state)
{
    (void)state;
    struct rig rig;
    rig_init_log(&rig, 1000);
    start(&rig);
    script_log_assign(&rig.log_script, (uint32_t[]){3}, 1);
    WAIT_FOR(committed(&rig) == 2 * 1000);
    rig_finish_log(&rig);
    int highest[SCRIPT_INPUTS_MAX] = {0};
    for (uint32_t i = 0; i < rig.notes.seen_count; i++) {
        const seen_event *seen = &rig.notes.seen[i];
        highest[seen->input] = seen->second;
        assert_true(highest[0] - highest[1] <= 60 + 7 && highest[1] - highest[0] <= 60 + 7);
    }
}

/* Fills a lane's inputs, and both stay active when they were read. */
static void fill_for_good(struct rig *rig, uint32_t lane, uint32_t count)
{
    for (uint32_t input = 0; input < LOG_INPUTS; input++)
        test_free((void *)(uintptr_t)rig->log_script.events[lane][input]);
    fill(&rig->log_script, lane, count);
    rig->plan.pipeline.idle_timeout = 10 * PATIENCE_MS;
}

static void an_event_too_far_ahead_puts_its_input_no_further_ahead(void **state)
{
    (void)state;
    struct rig rig;
    rig_init_log(&rig, 1);
    fill_for_good(&rig, 3, 1000);
    ((script_event *)(uintptr_t)rig.log_script.events[3][0])[100].second = INT_MAX;
    start(&rig);
    script_log_assign(&rig.log_script, (uint32_t[]){3}, 1);
    WAIT_FOR(committed(&rig) == 2 * 1000 - 1);
    rig_finish_log(&rig);
    assert_int_equal(rig.vault.dead_count, 1);
    int highest[SCRIPT_INPUTS_MAX] = {0};
    for (uint32_t i = 0; i < rig.notes.seen_count; i++) {
        const seen_event *seen = &rig.notes.seen[i];
        highest[seen->input] = seen->second;
        assert_true(highest[0] - highest[1] <= 60 + 7 && highest[1] - highest[0] <= 60 + 7);
    }
}

static void a_producer_whose_clock_is_ahead_does_not_stop_its_input_from_being_read(void **state)
{
    (void)state;
    struct rig rig;
    rig_init_log(&rig, 1);
    fill_for_good(&rig, 3, 200);
    int now = (int)(tlm_realtime_ns() / TLM_NS_PER_SECOND);
    for (uint32_t input = 0; input < LOG_INPUTS; input++)
        for (uint32_t i = 0; i < 200; i++)
            ((script_event *)(uintptr_t)rig.log_script.events[3][input])[i].second += now - 200;
    ((script_event *)(uintptr_t)rig.log_script.events[3][0])[100].second = now + 200;
    start(&rig);
    script_log_assign(&rig.log_script, (uint32_t[]){3}, 1);
    WAIT_FOR(committed(&rig) == 2 * 200);
    rig_finish_log(&rig);
}

static void a_lane_given_away_while_slow_state_cannot_be_read_is_no_failure(void **state)
{
    (void)state;
    struct rig rig;
    rig_init_log(&rig, 100);
    rig.notes.asks = 1;
    atomic_store(&rig.vault.get_fails, 1);
    start(&rig);
    script_log_assign(&rig.log_script, (uint32_t[]){2}, 1);
    WAIT_FOR(atomic_load(&rig.vault.gets) > 0);
    script_log_assign(&rig.log_script, NULL, 0);
    WAIT_FOR(atomic_load(&rig.log_script.open_lanes) == 0);
    atomic_store(&rig.vault.get_fails, 0);
    script_log_assign(&rig.log_script, (uint32_t[]){2}, 1);
    WAIT_FOR(committed(&rig) == 2 * 100);
    tlm_pipeline_news news;
    tlm_pipeline_look(rig.pipeline, &news);
    assert_false(news.is_failed);
    rig_finish_log(&rig);
    assert_int_equal(rig.vault.row_count, 2 * 100);
}

static void a_log_that_is_away_lets_no_clock_run_on(void **state)
{
    (void)state;
    struct rig rig;
    rig_init_log(&rig, 100);
    rig.plan.pipeline.idle_timeout = 1000;
    rig.log_script.counts[3][0] = rig.log_script.counts[3][1] = 50;
    start(&rig);
    script_log_assign(&rig.log_script, (uint32_t[]){3}, 1);
    WAIT_FOR(committed(&rig) == 2 * 50);
    atomic_store(&rig.log_script.is_away, 1);
    (void)poll(NULL, 0, 1500); /* longer than makes a quiet input idle: what is promised is that nothing happens */
    rig.log_script.counts[3][0] = rig.log_script.counts[3][1] = 100;
    atomic_store(&rig.log_script.is_away, 0);
    WAIT_FOR(committed(&rig) == 2 * 100);
    rig_finish_log(&rig);
    for (uint32_t i = 0; i < rig.notes.seen_count; i++)
        assert_true(rig.notes.seen[i].watermark_second <= rig.notes.seen[i].second - 10);
}

/* The second input's events come a little after the first's, and neither makes those of the other late. */
static void inputs_that_wake_together_after_a_silence_make_nothing_late(void **state)
{
    (void)state;
    struct rig rig;
    rig_init_log(&rig, 1000);
    rig.log_script.counts[3][0] = rig.log_script.counts[3][1] = 10;
    start(&rig);
    script_log_assign(&rig.log_script, (uint32_t[]){3}, 1);
    WAIT_FOR(committed(&rig) == 2 * 10);
    (void)poll(NULL, 0, 200); /* ten times what makes a quiet input idle */
    rig.log_script.counts[3][0] = 1000;
    (void)poll(NULL, 0, 100);
    rig.log_script.counts[3][1] = 1000;
    WAIT_FOR(committed(&rig) == 2 * 1000);
    rig_finish_log(&rig);
    for (uint32_t i = 20; i < rig.notes.seen_count; i++)
        assert_true(rig.notes.seen[i].watermark_second <= rig.notes.seen[i].second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lanes_are_read_as_the_log_gives_them),
        cmocka_unit_test(a_lane_given_again_goes_on_where_it_was_and_counts_nothing_twice),
        cmocka_unit_test(a_lane_taken_by_another_is_left_to_it_until_the_log_says_more),
        cmocka_unit_test(a_checkpoint_that_is_not_there_yet_is_waited_for),
        cmocka_unit_test(a_place_that_is_no_more_stops_loudly),
        cmocka_unit_test(a_process_whose_settings_are_refused_leaves_the_lanes_to_others),
        cmocka_unit_test(a_source_that_fails_for_good_leaves_its_lanes_to_others),
        cmocka_unit_test(a_lane_lost_while_it_is_taken_is_lost_and_no_failure),
        cmocka_unit_test(an_event_in_a_foreign_partition_is_a_dead_letter),
        cmocka_unit_test(an_input_is_not_read_far_ahead_of_another_that_has_more),
        cmocka_unit_test(an_event_too_far_ahead_puts_its_input_no_further_ahead),
        cmocka_unit_test(a_producer_whose_clock_is_ahead_does_not_stop_its_input_from_being_read),
        cmocka_unit_test(a_lane_given_away_while_slow_state_cannot_be_read_is_no_failure),
        cmocka_unit_test(a_log_that_is_away_lets_no_clock_run_on),
        cmocka_unit_test(inputs_that_wake_together_after_a_silence_make_nothing_late),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
