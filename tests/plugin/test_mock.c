/* SPDX-License-Identifier: Apache-2.0 */
/* Source `mock`: an exact, repeatable log of plausible events. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "test_mock.h"

#define LOG(model)                                                                                                     \
    {                                                                                                                  \
        "model", model, "start_time", START, "realtime", "false", "count", "20000", "channels",                        \
            "alpha,be\"ta\\,gamma", "rate", "10", "chatters", "50", NULL                                               \
    }

static const char *const flat_log[] = LOG("flat");
static const char *const lifelike_log[] = LOG("lifelike");
static const char *const *const logs[] = {flat_log, lifelike_log};

enum { FLAT, LIFELIKE };

/* The log's settings and one more. */
#define LOG_ITEMS (TLM_COUNT(flat_log) + 2)

static void settings_with(const char *const *log, const char *name, const char *text,
                          const char *ret_settings[LOG_ITEMS])
{
    memcpy(ret_settings, log, sizeof flat_log);
    ret_settings[LOG_ITEMS - 3] = name;
    ret_settings[LOG_ITEMS - 2] = text;
    ret_settings[LOG_ITEMS - 1] = NULL;
}

/* --- tests ------------------------------------------------------------------------------------------------------- */

static void equal_bytes(const char *const *log)
{
    test_tape a = {0}, b = {0}, c = {0};
    const char *other[LOG_ITEMS];

    settings_with(log, "seed", "2", other);
    read_all(log, NULL, 4096, &a);
    read_all(log, NULL, 1, &b);
    read_all(other, NULL, 4096, &c);
    assert_int_equal(a.count, 20000);
    assert_same(&a, 0, &b);
    size_t equal = 0;
    for (size_t i = 0; i < a.count; i++)
        equal += strcmp(a.items[i].bytes, c.items[i].bytes) == 0;
    assert_true(equal < 100);
    tape_free(&a);
    tape_free(&b);
    tape_free(&c);
}

static void equal_seed_and_start_time_give_equal_bytes(void **state)
{
    (void)state;
    for (size_t i = 0; i < TLM_COUNT(logs); i++)
        equal_bytes(logs[i]);
}

static void read_from_anywhere(const char *const *log)
{
    test_tape whole = {0}, none = {0};

    read_all(log, NULL, 4096, &whole);
    for (size_t first = 0; first < whole.count; first += 1 + whole.count / 37) {
        test_tape rest = {0};
        read_all(log, &whole.items[first].record.position, first % 2 ? 1 : 4096, &rest);
        assert_same(&whole, first, &rest);
        tape_free(&rest);
    }
    read_all(log, &whole.next, 10, &none);
    assert_int_equal(none.count, 0);
    tape_free(&whole);
}

static void can_be_read_again_from_any_position(void **state)
{
    (void)state;
    for (size_t i = 0; i < TLM_COUNT(logs); i++)
        read_from_anywhere(logs[i]);
}

static void check_events(const char *const *log)
{
    static const char *const needed[TLM_EVENT_KINDS] = {
        NULL, "\"message\":", "\"viewer_count\":", "\"transaction_type\":", "\"event_type\":"};
    test_tape tape = {0};
    int64_t latest_ns = START_MS * 1000000;

    read_all(log, NULL, 1000, &tape);
    for (size_t i = 0; i < tape.count; i++) {
        const test_record *item = &tape.items[i];
        int64_t time_ns;
        assert_int_equal(*json_value(item->bytes), '\0');
        assert_in_range(item->record.kind, TLM_EVENT_CHAT, TLM_EVENT_STREAM_META);
        assert_non_null(strstr(item->bytes, needed[item->record.kind]));
        const char *text = member(item->bytes, "timestamp");
        assert_int_equal(tlm_time_parse(text, strlen(text), &time_ns), 0);
        assert_int_equal(time_ns / 1000000, item->record.append_time_ns / 1000000);
        assert_true(item->record.append_time_ns >= latest_ns);
        latest_ns = item->record.append_time_ns;
        assert_int_equal(item->record.position.ordinal, i);
        assert_int_equal(item->record.position.line, 0);
    }
    tape_free(&tape);
}

static void every_event_is_valid_json_of_its_kind_in_time_order(void **state)
{
    (void)state;
    for (size_t i = 0; i < TLM_COUNT(logs); i++)
        check_events(logs[i]);
}

static void flat_streams_take_turns_and_begin_with_stream_start(void **state)
{
    static const char *const begins[] = {"\"stream_id\":\"alpha\"", "\"stream_id\":\"be\\\"ta\\\\\"",
                                         "\"stream_id\":\"gamma\""};
    test_tape tape = {0};

    (void)state;
    read_all(flat_log, NULL, 1000, &tape);
    for (size_t i = 0; i < tape.count; i++) {
        char id[64];
        assert_non_null(strstr(tape.items[i].bytes, begins[i % 3]));
        snprintf(id, sizeof id, "\"event_id\":\"m-1767225600000-%zu-%zu\"", i % 3, i / 3);
        assert_non_null(strstr(tape.items[i].bytes, id));
        bool starts = strstr(tape.items[i].bytes, "\"stream_start\"") != NULL;
        assert_int_equal(starts, i < 3);
    }
    assert_non_null(strstr(tape.items[0].bytes, "\"streamer_name\":\"alpha\",\"language\":\"en\",\"tags\":["));
    assert_non_null(strstr(tape.items[0].bytes, "\"started_at\":\"2026-01-01T00:00:00."));
    assert_string_equal(tape.origin, "mock");
    tape_free(&tape);
}

static void the_flat_mix_is_plausible(void **state)
{
    static const char *const settings[] = {"model",  "flat",    "start_time", START,  "realtime", "false", "count",
                                           "300000", "streams", "3",          "rate", "10",       NULL};
    static const char *const must[] = {"donation",         "\"tip\"",
                                       "\"subscription\"", "subscription_renewal",
                                       "gift_sub",         "\"bits\"",
                                       "purchase",         "title_change",
                                       "category_change",  "raid_incoming",
                                       "raid_outgoing",    "\"USD\"",
                                       "\"EUR\"",          "\"JPY\"",
                                       "\"KWD\"",          "\"bits\":100",
                                       "moderator",        "\"is_action\":true",
                                       "stream_0003",      "\"amount\":\""};
    test_tape tape = {0};
    size_t kinds[TLM_EVENT_KINDS] = {0}, seen[TLM_COUNT(must)] = {0}, with_emotes = 0;

    (void)state;
    read_all(settings, NULL, 4096, &tape);
    for (size_t i = 0; i < tape.count; i++) {
        kinds[tape.items[i].record.kind]++;
        with_emotes += strstr(tape.items[i].bytes, "\"emotes\":[\"") != NULL;
        for (size_t word = 0; word < TLM_COUNT(must); word++)
            seen[word] += strstr(tape.items[i].bytes, must[word]) != NULL;
    }
    for (size_t word = 0; word < TLM_COUNT(must); word++) {
        if (seen[word] == 0)
            fail_msg("%s never came", must[word]);
    }
    assert_in_range(kinds[TLM_EVENT_VIEWER], 5950, 6050); /* each 50th */
    assert_in_range(kinds[TLM_EVENT_TRANSACTION], 2500, 3500);
    assert_in_range(kinds[TLM_EVENT_STREAM_META], 50, 500);
    assert_in_range(with_emotes, kinds[TLM_EVENT_CHAT] * 35 / 100, kinds[TLM_EVENT_CHAT] * 45 / 100);
    tape_free(&tape);
}

static void flat_users_are_as_many_as_told_at_most(void **state)
{
    test_tape tape = {0};
    bool seen[150] = {false};
    size_t distinct = 0;

    (void)state;
    read_all(flat_log, NULL, 4096, &tape);
    for (size_t i = 0; i < tape.count; i++) {
        const char *user = member(tape.items[i].bytes, "user_id");
        if (!user)
            continue;
        long number = strtol(user + 1, NULL, 10);
        assert_in_range(number, i % 3 * 50, i % 3 * 50 + 49);
        distinct += !seen[number];
        seen[number] = true;
    }
    assert_in_range(distinct, 140, 150);
    tape_free(&tape);
}

static int open_with(const char *const *settings, const tlm_position *from, tlm_error *ret_error)
{
    test_player player;

    player_init(&player, "mock", settings);
    player_start(&player);
    int result = player.source->open(player.instance, from, &player.error);
    *ret_error = player.error;
    player_finish(&player, true);
    return result;
}

static void a_place_of_another_log_is_refused(void **state)
{
    static const char *const cases[][3] = {{"start_time", "2026-01-01T00:00:01Z", "start_time"},
                                           {"seed", "9", "seed"},
                                           {"rate", "11", "rate"},
                                           {"chatters", "51", "chatters"},
                                           {"channels", "alpha", "channels"},
                                           {"streams", "3", "streams"},
                                           {"emotes", "false", "emotes"},
                                           {"chat_only", "true", "chat_only"}};
    tlm_error error;

    (void)state;
    for (size_t log = 0; log < TLM_COUNT(logs); log++) {
        const char *changed[LOG_ITEMS];
        test_tape tape = {0};
        read_all(logs[log], NULL, 4096, &tape);
        for (size_t i = 0; i < TLM_COUNT(cases); i++) {
            settings_with(logs[log], cases[i][0], cases[i][1], changed);
            assert_int_equal(open_with(changed, &tape.next, &error), -ESTALE);
            assert_non_null(strstr(error.text, cases[i][2]));
        }
        settings_with(logs[log], "episodes", "4", changed);
        assert_int_equal(open_with(changed, &tape.next, &error), log == LIFELIKE ? -ESTALE : 0);
        assert_int_equal(open_with(logs[!log], &tape.next, &error), -ESTALE);
        assert_non_null(strstr(error.text, "model"));
        assert_int_equal(open_with(logs[log], &tape.next, &error), 0);
        tape_free(&tape);
    }
}

static void a_lifelike_place_that_is_none_is_refused(void **state)
{
    test_tape tape = {0};
    tlm_error error;

    (void)state;
    read_all(lifelike_log, NULL, 4096, &tape);
    for (int64_t step = -1; step <= 1; step += 2) {
        tlm_position bad = tape.items[100].record.position;
        bad.offset = step < 0 ? -1 : bad.offset + 100000;
        assert_int_equal(open_with(lifelike_log, &bad, &error), -ESTALE);
        assert_non_null(strstr(error.text, "not one of this run"));
    }
    tape_free(&tape);
}

static int64_t realtime_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void events_come_when_due(const char *model)
{
    const char *const settings[] = {"model", model, "rate", "200", "count", "100", NULL};
    test_player player;
    test_tape tape = {0};
    int64_t begun_ns = realtime_ns() / 1000000 * 1000000;
    int result = TLM_READ_WAITING;

    player_init(&player, "mock", settings);
    player_start(&player);
    player_open(&player, NULL);
    while (result != TLM_READ_END) {
        size_t before = tape.count;
        result = player_read(&player, &tape, 4096, 20);
        assert_true(result == TLM_READ_RECORDS || result == TLM_READ_WAITING || result == TLM_READ_END);
        int64_t now_ns = realtime_ns();
        for (size_t i = before; i < tape.count; i++)
            assert_in_range(tape.items[i].record.append_time_ns, begun_ns, now_ns);
    }
    assert_int_equal(tape.count, 100);
    if (strcmp(model, "flat") == 0)
        assert_true(realtime_ns() - begun_ns >= 400000000);
    assert_int_equal(player_read(&player, &tape, 1, 0), TLM_READ_END);
    uint64_t done, total;
    player.source->progress(player.instance, &done, &total);
    assert_int_equal(done, 100);
    assert_int_equal(total, 100);
    player_finish(&player, true);
    tape_free(&tape);
}

static void in_real_time_events_come_when_they_are_due(void **state)
{
    (void)state;
    events_come_when_due("flat");
    events_come_when_due("lifelike");
}

static void restart_and_catch_up(const char *model)
{
    const char *const settings[] = {"model", model, "rate", "1000", NULL};
    test_player player;
    test_tape first = {0}, second = {0};

    player_init(&player, "mock", settings);
    player_start(&player);
    player_open(&player, NULL);
    assert_int_equal(player_read_until(&player, &first, 16, 100), TLM_READ_RECORDS);
    player_open(&player, &first.items[40].record.position);
    assert_int_equal(player_read_until(&player, &second, 4096, 60), TLM_READ_RECORDS);
    for (size_t i = 0; i < 60; i++)
        assert_string_equal(second.items[i].bytes, first.items[40 + i].bytes);
    player_finish(&player, true);
    tape_free(&first);
    tape_free(&second);
}

static void a_restart_goes_on_with_the_first_runs_log_and_catches_up(void **state)
{
    (void)state;
    restart_and_catch_up("flat");
    restart_and_catch_up("lifelike");
}

static void *wake_later(void *argument)
{
    test_player *player = argument;

    player->source->wake(player->instance);
    return NULL;
}

static void wake_ends_a_wait_for_an_event_not_due(void **state)
{
    static const char *const settings[] = {"start_time", "2200-01-01T00:00:00Z", NULL};
    test_player player;
    test_tape tape = {0};
    pthread_t thread;

    (void)state;
    player_init(&player, "mock", settings);
    player_start(&player);
    player_open(&player, NULL);
    assert_int_equal(player_read(&player, &tape, 10, 0), TLM_READ_WAITING);
    int64_t begun_ns = realtime_ns();
    assert_int_equal(pthread_create(&thread, NULL, wake_later, &player), 0);
    assert_int_equal(player_read(&player, &tape, 10, 60000), TLM_READ_WAITING);
    assert_true(realtime_ns() - begun_ns < INT64_C(30000000000));
    assert_int_equal(pthread_join(thread, NULL), 0);
    player_finish(&player, true);
}

static void batches_outlive_the_instance(void **state)
{
    test_player player;
    const tlm_records *records = NULL;

    (void)state;
    player_init(&player, "mock", flat_log);
    player_start(&player);
    player_open(&player, NULL);
    assert_int_equal(player.source->read(player.instance, 10, 0, &records, &player.error), TLM_READ_RECORDS);
    player_finish(&player, true);
    assert_memory_equal(records->data, "{\"event_id\":\"m-1767225600000-0-0\"", 33);
    records->unref(records);
}

static void batches_are_used_and_given_back_by_another_thread(void **state)
{
    (void)state;
    for (size_t i = 0; i < TLM_COUNT(logs); i++) {
        test_player player;
        player_init(&player, "mock", logs[i]);
        player_start(&player);
        player_open(&player, NULL);
        assert_int_equal(player_read_on_two_threads(&player, 100), 20000);
        player_finish(&player, true);
    }
}

static void the_log_ends_with_the_last_year(void **state)
{
    static const char *const models[] = {"flat", "lifelike"};

    (void)state;
    for (size_t i = 0; i < TLM_COUNT(models); i++) {
        const char *const settings[] = {"model", models[i], "start_time", "2261-12-31T23:59:00Z", "realtime", "false",
                                        "rate",  "1",       NULL};
        test_tape tape = {0};
        read_all(settings, NULL, 7, &tape);
        assert_in_range(tape.count, i == FLAT ? 59 : 10, i == FLAT ? 60 : 300);
        assert_non_null(strstr(tape.items[tape.count - 1].bytes, "\"2261-12-31T23:59:5"));
        tape_free(&tape);
    }
}

static void mistakes_in_settings_are_refused_with_a_sentence(void **state)
{
    char long_name[300];
    memset(long_name, 'x', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = '\0';
    const char *const cases[][3] = {
        {"rate", "0", "rate: 0 is not between"},           {"channels", "", "channels: is empty"},
        {"channels", "a,,b", "entry 2 has 0 bytes"},       {"channels", "a,b,a", "\"a\" is listed twice"},
        {"channels", long_name, "entry 1 has 299"},        {"channels", "a\xff", "entry 1 is not UTF-8"},
        {"channels", "a\nb", "control characters"},        {"episodes", "12.5", "episodes: 12.5 is not between"},
        {"streams", "200001", "rate: the lifelike model"},
    };

    (void)state;
    for (size_t i = 0; i < TLM_COUNT(cases); i++) {
        const char *const settings[] = {cases[i][0], cases[i][1], NULL};
        test_player player;
        player_init(&player, "mock", settings);
        assert_int_equal(player_create(&player), -EINVAL);
        assert_non_null(strstr(player.error.text, cases[i][2]));
        player_finish(&player, false);
    }
    static const char *const flat_truth[] = {"model", "flat", "planted_file", "x", NULL};
    test_player player;
    player_init(&player, "mock", flat_truth);
    assert_int_equal(player_create(&player), -EINVAL);
    assert_non_null(strstr(player.error.text, "planted_file: the flat model plants nothing"));
    player_finish(&player, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_seed_and_start_time_give_equal_bytes),
        cmocka_unit_test(can_be_read_again_from_any_position),
        cmocka_unit_test(every_event_is_valid_json_of_its_kind_in_time_order),
        cmocka_unit_test(flat_streams_take_turns_and_begin_with_stream_start),
        cmocka_unit_test(the_flat_mix_is_plausible),
        cmocka_unit_test(flat_users_are_as_many_as_told_at_most),
        cmocka_unit_test(a_place_of_another_log_is_refused),
        cmocka_unit_test(a_lifelike_place_that_is_none_is_refused),
        cmocka_unit_test(in_real_time_events_come_when_they_are_due),
        cmocka_unit_test(a_restart_goes_on_with_the_first_runs_log_and_catches_up),
        cmocka_unit_test(wake_ends_a_wait_for_an_event_not_due),
        cmocka_unit_test(batches_outlive_the_instance),
        cmocka_unit_test(batches_are_used_and_given_back_by_another_thread),
        cmocka_unit_test(the_log_ends_with_the_last_year),
        cmocka_unit_test(mistakes_in_settings_are_refused_with_a_sentence),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
