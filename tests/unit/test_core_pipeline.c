/* SPDX-License-Identifier: Apache-2.0 */
#include "rig.h"
#include "run.h"

#include <common/murmur2.h>

static const script_event *count_up(uint32_t count)
{
    static script_event events[SCRIPT_EVENTS_MAX];
    for (uint32_t i = 0; i < count; i++)
        events[i] = (script_event){.second = (int)i, .stream = (char)('a' + i % 5)};
    return events;
}

static void every_event_reaches_the_checkpoint_once(void **state)
{
    (void)state;
    struct rig rig;
    tlm_error error;
    rig_init(&rig, count_up(500), 500, 1);
    rig_add_all(&rig);
    assert_int_equal(rig_start(&rig, &error), 0);
    tlm_pipeline_news news = rig_wait(&rig);
    assert_int_equal(news.is_failed, 0);
    assert_int_equal(rig_accounting(&rig).consumed[TLM_EVENT_CHAT], 500);
    assert_int_equal(rig_accounting(&rig).applied[TLM_EVENT_CHAT], 500);
    assert_int_equal(rig_stop(&rig), 1);
    assert_int_equal(rig.vault.row_count, 500);
    assert_int_equal(rig.notes.advanced_second, 499 + 100); /* the end of the input: all is final */
}

static void rows_and_side_columns_reach_the_processors_after_their_maker(void **state)
{
    (void)state;
    static notes before, after;
    struct rig rig;
    tlm_error error;
    rig_init(&rig, count_up(500), 500, 1);
    rig_add(&rig, "source", &script_source, TLM_SECTION_SOURCE, 0, &rig.script);
    rig_add(&rig, "codec", &script_codec, TLM_SECTION_CODEC, 0, NULL);
    rig_add(&rig, "before", &script_follower, TLM_SECTION_PROCESSOR, 0, &before);
    rig_add(&rig, "processor", &script_processor, TLM_SECTION_PROCESSOR, 0, &rig.notes);
    rig_add(&rig, "after", &script_follower, TLM_SECTION_PROCESSOR, 0, &after);
    rig_add(&rig, "checkpoint", &script_checkpoint, TLM_SECTION_SINK, TLM_DELIVERY_CHECKPOINT, &rig.vault);
    assert_int_equal(rig_start(&rig, &error), 0);
    assert_int_equal(rig_wait(&rig).is_failed, 0);
    assert_int_equal(rig_stop(&rig), 1);
    assert_int_equal(rig.vault.row_count, 500);
    assert_int_equal(after.rows_read, 500);
    assert_int_equal(after.sides_read, 500);
    assert_int_equal(before.rows_read, 0);
    assert_int_equal(before.sides_read, 250); /* every batch begins with none: right for the odd seconds */
}

static void an_event_is_judged_by_the_watermark_before_it_whatever_the_batches(void **state)
{
    (void)state;
    static const script_event events[] = {{100, 'a'}, {50, 'a'}, {200, 'a'}, {150, 'a'}, {190, 'a'}, {300, 'a'}};
    static const int64_t watermarks[] = {INT64_MIN, 90, 90, 190, 190, 190};
    for (int64_t batch = 1; batch <= 6; batch++) {
        struct rig rig;
        tlm_error error;
        rig_init(&rig, events, TLM_COUNT(events), 1);
        rig.plan.pipeline.batch_records = batch;
        rig_add_all(&rig);
        assert_int_equal(rig_start(&rig, &error), 0);
        rig_wait(&rig);
        for (uint32_t i = 0; i < TLM_COUNT(events); i++)
            assert_int_equal(rig.notes.seen[i].watermark_second, watermarks[i]);
        rig_stop(&rig);
    }
}

static void a_stream_lives_in_the_lane_of_its_partition_and_the_watermark_is_the_inputs(void **state)
{
    (void)state;
    struct rig rig;
    tlm_error error;
    rig_init(&rig, count_up(300), 300, 1);
    rig.plan.pipeline.lanes = 3;
    rig_add_all(&rig);
    assert_int_equal(rig_start(&rig, &error), 0);
    rig_wait(&rig);
    assert_int_equal(rig.notes.seen_count, 300);
    for (uint32_t i = 0; i < 300; i++) {
        const seen_event *seen = &rig.notes.seen[i];
        uint32_t hash = tlm_murmur2(&seen->stream, 1) & 0x7fffffff;
        assert_int_equal(seen->lane, hash % 3);
        if (seen->second)
            assert_int_equal(seen->watermark_second, seen->second - 1 - 10);
    }
    rig_stop(&rig);
}

static void rejects_and_far_futures_are_dead_letters_and_raise_no_watermark(void **state)
{
    (void)state;
    int now = (int)(tlm_realtime_ns() / TLM_NS_PER_SECOND);
    const script_event events[] = {{100, 'a'}, {-1, 'a'}, {now + 4000, 'a'}, {now + 100, 'b'}, {now, 'a'}};
    struct rig rig;
    tlm_error error;
    rig_init(&rig, events, TLM_COUNT(events), 1);
    rig_add_all(&rig);
    assert_int_equal(rig_start(&rig, &error), 0);
    rig_wait(&rig);
    tlm_accounting counts = rig_accounting(&rig);
    assert_int_equal(counts.consumed[TLM_EVENT_CHAT], 5);
    assert_int_equal(counts.applied[TLM_EVENT_CHAT], 3);
    assert_int_equal(counts.dead_lettered[TLM_EVENT_CHAT], 2);
    assert_int_equal(rig.notes.seen[1].watermark_second, 90);
    rig_stop(&rig);
    assert_int_equal(rig.vault.dead_count, 2);
}

static void a_failing_checkpoint_is_tried_again_until_it_keeps(void **state)
{
    (void)state;
    struct rig rig;
    tlm_error error;
    rig_init(&rig, count_up(50), 50, 1);
    rig.vault.fail_times = 3;
    rig.vault.fail_with = -EIO;
    rig_add_all(&rig);
    assert_int_equal(rig_start(&rig, &error), 0);
    tlm_pipeline_news news = rig_wait(&rig);
    assert_int_equal(news.is_failed, 0);
    assert_int_equal(rig_stop(&rig), 1);
    assert_int_equal(rig.vault.row_count, 50);
    assert_true(rig.vault.attempts >= 4);
}

static void expect_loud_stop(int result)
{
    struct rig rig;
    tlm_error error;
    rig_init(&rig, count_up(50), 50, 1);
    rig.vault.fail_times = 1;
    rig.vault.fail_with = result;
    rig_add_all(&rig);
    assert_int_equal(rig_start(&rig, &error), 0);
    tlm_pipeline_news news = rig_wait(&rig);
    assert_int_equal(news.is_failed, 1);
    assert_non_null(strstr(news.sentence.text, "checkpoint: told to fail"));
    assert_int_equal(rig_stop(&rig), 0);
    assert_int_equal(rig.vault.row_count, 0);
}

static void another_owner_stops_the_lane(void **state)
{
    (void)state;
    expect_loud_stop(-ESTALE);
}

static void refused_content_stops_the_lane(void **state)
{
    (void)state;
    expect_loud_stop(-EBADMSG);
}

static void a_stop_does_not_wait_for_a_sink_beyond_its_deadline(void **state)
{
    (void)state;
    struct rig rig;
    tlm_error error;
    rig_init(&rig, count_up(50), 50, 0);
    rig.vault.hold = 1;
    rig.plan.pipeline.stop_timeout = 50;
    rig_add_all(&rig);
    assert_int_equal(rig_start(&rig, &error), 0);
    uint32_t attempts = 0;
    while (!attempts) {
        pthread_mutex_lock(&rig.vault.mutex);
        attempts = rig.vault.attempts;
        pthread_mutex_unlock(&rig.vault.mutex);
    }
    assert_int_equal(rig_stop(&rig), 0);
    assert_int_equal(rig.vault.row_count, 0);
}

static void required_sinks_come_before_the_checkpoint_and_best_effort_ones_after(void **state)
{
    (void)state;
    struct rig rig;
    tlm_error error;
    rig_init(&rig, count_up(5), 5, 1);
    rig.plan.pipeline.flush_interval = 5000; /* one flush, at the end */
    rig_add_all(&rig);
    rig_add(&rig, "best", &script_sink, TLM_SECTION_SINK, TLM_DELIVERY_BEST_EFFORT, &rig.vault);
    rig_add(&rig, "required", &script_sink, TLM_SECTION_SINK, TLM_DELIVERY_REQUIRED, &rig.vault);
    assert_int_equal(rig_start(&rig, &error), 0);
    tlm_pipeline_news news = rig_wait(&rig);
    assert_int_equal(news.is_failed, 0); /* though the best-effort sink failed */
    assert_int_equal(rig_stop(&rig), 1);
    assert_string_equal(rig.vault.order, "rcb");
}

static void a_restart_refills_what_was_open_and_counts_nothing_twice(void **state)
{
    (void)state;
    static struct rig rig;
    tlm_error error;
    rig_init(&rig, count_up(600), 200, 1);
    rig.notes.keep = 30;
    rig_add_all(&rig);
    assert_int_equal(rig_start(&rig, &error), 0);
    rig_wait(&rig);
    assert_int_equal(rig_stop(&rig), 1);
    assert_int_equal(rig.script.begun, -1);

    rig.script.count = 600; /* the file has grown */
    rig.notes.seen_count = 0;
    assert_int_equal(rig_start(&rig, &error), 0);
    rig_wait(&rig);
    assert_int_equal(rig.script.begun, 170);
    assert_int_equal(rig.notes.seen_count, 30 + 400);
    for (uint32_t i = 0; i < rig.notes.seen_count; i++) {
        assert_int_equal(rig.notes.seen[i].second, 170 + (int)i);
        assert_int_equal(rig.notes.seen[i].refill, i < 30);
    }
    assert_int_equal(rig_accounting(&rig).consumed[TLM_EVENT_CHAT], 600);
    assert_int_equal(rig_stop(&rig), 1);
    assert_int_equal(rig.vault.row_count, 600);
}

static void other_settings_than_the_checkpoints_are_refused(void **state)
{
    (void)state;
    struct rig rig;
    tlm_error error;
    rig_init(&rig, count_up(10), 10, 1);
    rig_add_all(&rig);
    assert_int_equal(rig_start(&rig, &error), 0);
    rig_wait(&rig);
    rig_stop(&rig);
    rig.plan.pipeline.lanes = 2;
    assert_int_equal(rig_start(&rig, &error), -EINVAL);
    assert_non_null(strstr(error.text, "lanes=2; processor: scripted"));
    rig_stop(&rig);
}

static void a_source_that_lost_its_place_is_named(void **state)
{
    (void)state;
    struct rig rig;
    tlm_error error;
    rig_init(&rig, count_up(10), 10, 1);
    rig_add_all(&rig);
    rig.script.refuses = 1;
    assert_int_equal(rig_start(&rig, &error), -ESTALE);
    assert_string_equal(error.text, "source: the place is no more");
    rig_stop(&rig);
}

static void a_source_of_the_checkpoint_that_the_file_lacks_is_named(void **state)
{
    (void)state;
    struct rig rig;
    tlm_error error;
    rig_init(&rig, count_up(10), 10, 1);
    rig_add_all(&rig);
    assert_int_equal(rig_start(&rig, &error), 0);
    rig_wait(&rig);
    rig_stop(&rig);
    rig.instances[0].name = "renamed";
    assert_int_equal(rig_start(&rig, &error), -EINVAL);
    assert_non_null(strstr(error.text, "\"source\""));
    rig_stop(&rig);
}

static void with_all_inputs_idle_the_clock_goes_on(void **state)
{
    (void)state;
    struct rig rig;
    tlm_error error;
    rig_init(&rig, count_up(100), 100, 0);
    rig.plan.pipeline.allowed_lateness = 0;
    rig_add_all(&rig);
    assert_int_equal(rig_start(&rig, &error), 0);
    int64_t advanced = 0;
    while (advanced < 100) { /* events end at 99 */
        pthread_mutex_lock(&rig.notes.mutex);
        advanced = rig.notes.advanced_second;
        pthread_mutex_unlock(&rig.notes.mutex);
        poll(NULL, 0, 10);
    }
    assert_int_equal(rig_stop(&rig), 1);
    assert_int_equal(rig.vault.row_count, 100);
}

static uint32_t rig_seen(struct rig *rig, int64_t *ret_advanced)
{
    pthread_mutex_lock(&rig->notes.mutex);
    uint32_t count = rig->notes.seen_count;
    *ret_advanced = rig->notes.advanced_second;
    pthread_mutex_unlock(&rig->notes.mutex);
    return count;
}

/* What one input has still to refill may lie in any window that was open at the checkpoint. */
static void no_window_closes_before_all_inputs_have_refilled(void **state)
{
    (void)state;
    static struct rig rig;
    static script_event ahead[200], behind[250];
    tlm_error error;
    int64_t advanced;
    for (uint32_t i = 0; i < TLM_COUNT(ahead); i++)
        ahead[i] = (script_event){.second = 1000 + (int)i, .stream = 'a'};
    for (uint32_t i = 0; i < TLM_COUNT(behind); i++)
        behind[i] = (script_event){.second = 990 + (int)i, .stream = 'a'};
    rig_init(&rig, ahead, TLM_COUNT(ahead), 0);
    rig.other = (script){.events = behind, .count = 150};
    rig.notes.keep = 100;
    rig.plan.pipeline.idle_timeout = 60000;
    rig_add(&rig, "other", &script_source, TLM_SECTION_SOURCE, 0, &rig.other);
    rig_add_all(&rig);
    assert_int_equal(rig_start(&rig, &error), 0);
    while (rig_seen(&rig, &advanced) < 350)
        poll(NULL, 0, 1);
    assert_int_equal(rig_stop(&rig), 1);
    assert_int_equal(rig.notes.advanced_second, 990 + 149 - 10);

    rig.notes.seen_count = 0;
    rig.other.count = TLM_COUNT(behind);
    rig.script.most = 150; /* half of what was open */
    assert_int_equal(rig_start(&rig, &error), 0);
    while (rig_seen(&rig, &advanced) < 50 + 100 + 100)
        poll(NULL, 0, 1);
    rig_seen(&rig, &advanced);
    assert_int_equal(advanced, 990 + 149 - 10);
    for (uint32_t i = 0; i < rig.notes.seen_count; i++)
        assert_true(rig.notes.seen[i].watermark_second <= 990 + 149 - 10);
    rig.script.most = 0;
    for (advanced = 0; advanced < 1000 + 199 - 10; poll(NULL, 0, 5))
        rig_seen(&rig, &advanced);
    assert_int_equal(rig_stop(&rig), 1);
}

struct finding {
    char sentence[256];
};

static void find_degraded(void *context, const tlm_health_item *item)
{
    struct finding *finding = context;
    if (item->status == TLM_HEALTH_DEGRADED)
        (void)snprintf(finding->sentence, sizeof finding->sentence, "%.*s", (int)item->message.size,
                       item->message.data);
}

static void a_flush_that_is_not_answered_is_a_stall_though_batches_are_taken(void **state)
{
    (void)state;
    static struct rig rig;
    tlm_error error;
    struct finding finding = {{0}};
    rig_init(&rig, count_up(4000), 4000, 0);
    rig.vault.hold = 1;
    rig.script.most = 1;
    rig.plan.pipeline.stall_timeout = 100;
    rig.plan.pipeline.stop_timeout = 50;
    rig_add_all(&rig);
    assert_int_equal(rig_start(&rig, &error), 0);
    for (int i = 0; i < 200 && !finding.sentence[0]; i++) {
        atomic_fetch_add(&rig.script.most, 1);
        poll(NULL, 0, 10);
        tlm_health_report(rig.shared->health, find_degraded, &finding);
    }
    assert_non_null(strstr(finding.sentence, "a flush waits for its sinks"));
    assert_int_equal(rig_stop(&rig), 0);
}

static void a_best_effort_sink_that_hangs_is_passed_by(void **state)
{
    (void)state;
    static struct rig rig;
    tlm_error error;
    struct finding finding = {{0}};
    rig_init(&rig, count_up(500), 500, 1);
    rig.plan.pipeline.stall_timeout = 100;
    rig.plan.pipeline.flush_rows = 10;
    rig_add_all(&rig);
    rig_add(&rig, "hung", &script_sink, TLM_SECTION_SINK, TLM_DELIVERY_BEST_EFFORT, &rig.vault);
    assert_int_equal(rig_start(&rig, &error), 0);
    tlm_pipeline_news news = rig_wait(&rig);
    assert_int_equal(news.is_failed, 0);
    tlm_health_report(rig.shared->health, find_degraded, &finding);
    assert_non_null(strstr(finding.sentence, "hung has not answered"));
    assert_int_equal(rig_stop(&rig), 1);
    assert_int_equal(rig.vault.row_count, 500);
    assert_int_equal(rig.vault.hung_submits, 1);
}

static void a_best_effort_sink_that_hangs_does_not_spoil_a_stop(void **state)
{
    (void)state;
    static struct rig rig;
    tlm_error error;
    rig_init(&rig, count_up(5), 5, 0);
    rig.plan.pipeline.stop_timeout = 200;
    rig.script.most = 3;
    rig_add_all(&rig);
    rig_add(&rig, "hung", &script_sink, TLM_SECTION_SINK, TLM_DELIVERY_BEST_EFFORT, &rig.vault);
    assert_int_equal(rig_start(&rig, &error), 0);
    uint32_t submits = 0;
    while (!submits) {
        pthread_mutex_lock(&rig.vault.mutex);
        submits = rig.vault.hung_submits;
        pthread_mutex_unlock(&rig.vault.mutex);
    }
    atomic_store(&rig.script.most, 0);
    int64_t advanced;
    while (rig_seen(&rig, &advanced) < 5)
        poll(NULL, 0, 1);
    assert_int_equal(rig_stop(&rig), 1);
    assert_int_equal(rig.vault.row_count, 5);
}

/* How long it was idle before a restart is not lost: the watermark goes on from where it was. */
static void the_idle_clock_goes_on_from_the_watermark_after_a_restart(void **state)
{
    (void)state;
    static struct rig rig;
    tlm_error error;
    rig_init(&rig, count_up(10), 10, 0);
    rig.plan.pipeline.allowed_lateness = 0;
    rig_add_all(&rig);
    assert_int_equal(rig_start(&rig, &error), 0);
    int64_t advanced = 0;
    for (advanced = 0; advanced < 12; poll(NULL, 0, 5))
        rig_seen(&rig, &advanced);
    assert_int_equal(rig_stop(&rig), 1);
    int64_t begun_ns = tlm_monotonic_ns();
    assert_int_equal(rig_start(&rig, &error), 0);
    for (advanced = 0; advanced < 13; poll(NULL, 0, 5))
        rig_seen(&rig, &advanced);
    assert_true(tlm_monotonic_ns() - begun_ns < 2500 * TLM_NS_PER_MS);
    assert_int_equal(rig_stop(&rig), 1);
}

/* Judged by the clock, it cannot be judged again: what was refused stays so, though time has come near it since. */
static void a_dead_letter_too_far_ahead_is_none_of_what_a_restart_refills(void **state)
{
    (void)state;
    static struct rig rig;
    tlm_error error;
    int64_t advanced;
    int now = (int)(tlm_realtime_ns() / TLM_NS_PER_SECOND);
    const script_event events[] = {{now + 1, 'a'}, {now + 4, 'a'}, {now + 4, 'b'}, {now + 4, 'c'}, {now + 1000, 'd'}};
    rig_init(&rig, events, 4, 0);
    rig.plan.pipeline.max_future = 2000;
    rig.notes.keep = 3;
    rig.script.most = 2;
    rig_add_all(&rig);
    assert_int_equal(rig_start(&rig, &error), 0);
    while (tlm_realtime_ns() < (now + 3) * TLM_NS_PER_SECOND)
        poll(NULL, 0, 20);
    rig.script.most = 0;
    while (rig_seen(&rig, &advanced) < 3)
        poll(NULL, 0, 1);
    assert_int_equal(rig_stop(&rig), 1);
    assert_int_equal(rig.vault.dead_count, 1);

    rig.script.count = 5;
    rig.notes.seen_count = 0;
    assert_int_equal(rig_start(&rig, &error), 0);
    while (rig_accounting(&rig).dead_lettered[TLM_EVENT_CHAT] < 2)
        poll(NULL, 0, 1);
    assert_int_equal(rig_seen(&rig, &advanced), 3);
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(rig.notes.seen[i].stream, "abc"[i]);
    assert_int_equal(rig_stop(&rig), 1);
    assert_int_equal(rig.vault.dead_count, 2);
}

static void a_failure_of_the_last_flush_has_a_sentence(void **state)
{
    (void)state;
    static struct rig rig;
    tlm_error error;
    tlm_pipeline_news news;
    int64_t advanced;
    rig_init(&rig, count_up(20), 20, 0);
    rig.plan.pipeline.flush_interval = 60000;
    rig.notes.prepare_fails = -ENOMEM;
    rig_add_all(&rig);
    assert_int_equal(rig_start(&rig, &error), 0);
    while (rig_seen(&rig, &advanced) < 20)
        poll(NULL, 0, 1);
    assert_int_equal(tlm_pipeline_stop(rig.pipeline), 0);
    tlm_pipeline_look(rig.pipeline, &news);
    assert_string_equal(news.sentence.text, "a lane stopped: out of memory");
    assert_int_equal(rig_stop(&rig), 0);
}

static void find_lane(void *context, const tlm_health_item *item)
{
    *(uint32_t *)context += strcmp(item->name, "lane 0") == 0;
}

static void health_can_be_told_after_a_lane_could_not_be_taken(void **state)
{
    (void)state;
    static struct rig rig;
    tlm_error error;
    uint32_t lanes = 0;
    rig_init(&rig, count_up(10), 10, 1);
    (void)snprintf(rig.vault.settings, sizeof rig.vault.settings, "others");
    rig_add_all(&rig);
    assert_int_equal(rig_start(&rig, &error), -EINVAL);
    tlm_health_report(rig.shared->health, find_lane, &lanes);
    assert_int_equal(lanes, 1);
    assert_int_equal(rig_stop(&rig), 0);
}

/* Design: reading takes next from the input that is furthest behind in event time. */
static void an_input_that_is_far_ahead_of_another_is_not_read_meanwhile(void **state)
{
    (void)state;
    static struct rig rig;
    tlm_error error;
    int64_t advanced;
    rig_init(&rig, count_up(2000), 2000, 1);
    rig.other = (script){.events = count_up(2000), .count = 2000, .ends = 1, .most = 1};
    rig_add(&rig, "other", &script_source, TLM_SECTION_SOURCE, 0, &rig.other);
    rig_add_all(&rig);
    assert_int_equal(rig_start(&rig, &error), 0);
    while (rig_seen(&rig, &advanced) < 1 + TLM_READ_AHEAD_SECONDS)
        poll(NULL, 0, 1);
    poll(NULL, 0, 200); /* time enough to read all, if it were */
    assert_true(rig_seen(&rig, &advanced) <= 1 + TLM_READ_AHEAD_SECONDS + 2 * 7);
    rig.other.most = 0;
    tlm_pipeline_news news = rig_wait(&rig);
    assert_int_equal(news.is_failed, 0);
    assert_int_equal(rig_accounting(&rig).consumed[TLM_EVENT_CHAT], 4000);
    assert_int_equal(rig_stop(&rig), 1);
    assert_int_equal(rig.vault.row_count, 4000);
}

/* plugin.h: interface calls lie between start and stop. */
static void lanes_are_closed_before_their_processor_is_stopped(void **state)
{
    (void)state;
    static struct rig rig;
    tlm_error error;
    rig_init(&rig, count_up(20), 20, 1);
    rig.plan.pipeline.lanes = 2;
    rig_add_all(&rig);
    assert_int_equal(tlm_run(&rig.plan, &rig.log, &error), 0);
    assert_int_equal(rig.vault.row_count, 20);
    assert_int_equal(rig.notes.is_stopped, 1);
    assert_int_equal(rig.notes.closed, 2);
    assert_int_equal(rig.notes.closed_late, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_event_reaches_the_checkpoint_once),
        cmocka_unit_test(rows_and_side_columns_reach_the_processors_after_their_maker),
        cmocka_unit_test(an_event_is_judged_by_the_watermark_before_it_whatever_the_batches),
        cmocka_unit_test(a_stream_lives_in_the_lane_of_its_partition_and_the_watermark_is_the_inputs),
        cmocka_unit_test(rejects_and_far_futures_are_dead_letters_and_raise_no_watermark),
        cmocka_unit_test(a_failing_checkpoint_is_tried_again_until_it_keeps),
        cmocka_unit_test(another_owner_stops_the_lane),
        cmocka_unit_test(refused_content_stops_the_lane),
        cmocka_unit_test(a_stop_does_not_wait_for_a_sink_beyond_its_deadline),
        cmocka_unit_test(required_sinks_come_before_the_checkpoint_and_best_effort_ones_after),
        cmocka_unit_test(a_restart_refills_what_was_open_and_counts_nothing_twice),
        cmocka_unit_test(other_settings_than_the_checkpoints_are_refused),
        cmocka_unit_test(a_source_that_lost_its_place_is_named),
        cmocka_unit_test(a_source_of_the_checkpoint_that_the_file_lacks_is_named),
        cmocka_unit_test(with_all_inputs_idle_the_clock_goes_on),
        cmocka_unit_test(no_window_closes_before_all_inputs_have_refilled),
        cmocka_unit_test(a_flush_that_is_not_answered_is_a_stall_though_batches_are_taken),
        cmocka_unit_test(a_best_effort_sink_that_hangs_is_passed_by),
        cmocka_unit_test(a_best_effort_sink_that_hangs_does_not_spoil_a_stop),
        cmocka_unit_test(a_dead_letter_too_far_ahead_is_none_of_what_a_restart_refills),
        cmocka_unit_test(a_failure_of_the_last_flush_has_a_sentence),
        cmocka_unit_test(health_can_be_told_after_a_lane_could_not_be_taken),
        cmocka_unit_test(an_input_that_is_far_ahead_of_another_is_not_read_meanwhile),
        cmocka_unit_test(lanes_are_closed_before_their_processor_is_stopped),
        cmocka_unit_test(the_idle_clock_goes_on_from_the_watermark_after_a_restart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
