/* SPDX-License-Identifier: Apache-2.0 */
/* The window plugin, sentence by sentence of contract section 2, with events made by hand. */
#include "window_lab.h"

#include "common/sketch.h"

#include <setjmp.h>
#include <time.h>

#include <cmocka.h>

#define T0 (INT64_C(1700000000) * LAB_SECOND) /* a multiple of 10 s, not of 60 s */
#define LATENESS (10 * LAB_SECOND)
#define CHATTERS 6000

/* --- a lane that is read from one input ----------------------------------------------------------------------------
 */

typedef struct {
    lab_plugin plugin;
    lab_lane lane;
    tlm_lane_state *state;
    int64_t ordinal;
    int64_t highest_ns;
    int64_t watermark_ns;
} session;

static void begin_with(session *at, int64_t duration_s, int64_t slide_s, uint64_t streams_max)
{
    *at = (session){.highest_ns = INT64_MIN, .watermark_ns = INT64_MIN};
    assert_int_equal(lab_open(&at->plugin, duration_s, slide_s), 0);
    lab_lane_init(&at->lane, 1, INT64_MIN);
    at->lane.lane.streams_max = streams_max;
    assert_int_equal(
        at->plugin.processor->lane_open(at->plugin.instance, &at->lane.lane, &at->state, &at->plugin.error), 0);
}

static void begin(session *at)
{
    begin_with(at, 60, 10, 1000);
}

static void end(session *at)
{
    at->plugin.processor->lane_close(at->state);
    lab_lane_finish(&at->lane);
    lab_close(&at->plugin);
}

/* Gives one event and returns what became of it. */
static uint8_t give(session *at, lab_event event)
{
    lab_event *events[] = {&event};
    event.ordinal = at->ordinal++;
    event.watermark_ns = at->watermark_ns;
    if (event.time_ns > at->highest_ns)
        at->highest_ns = event.time_ns;
    if (at->highest_ns - LATENESS > at->watermark_ns)
        at->watermark_ns = at->highest_ns - LATENESS;
    assert_int_equal(lab_feed(&at->plugin, at->state, events, 1, false), 0);
    return event.verdict;
}

static void advance(session *at, int64_t watermark_ns)
{
    at->watermark_ns = watermark_ns > at->watermark_ns ? watermark_ns : at->watermark_ns;
    assert_int_equal(at->plugin.processor->advance(at->state, watermark_ns, watermark_ns), 0);
}

static void prepare(session *at)
{
    assert_int_equal(at->plugin.processor->prepare(at->state), 0);
}

/* The end of all inputs. */
static void finish(session *at)
{
    int64_t final_ns = at->plugin.processor->final_after(at->plugin.instance, at->highest_ns);
    assert_int_equal(at->plugin.processor->advance(at->state, final_ns, at->highest_ns), 0);
    prepare(at);
}

/* The host is killed after a flush and started again: what was kept is the slow state and the watermark. */
static void restart(session *at)
{
    lab_lane old = at->lane;
    at->plugin.processor->lane_close(at->state);
    lab_lane_init(&at->lane, 1, at->watermark_ns);
    at->lane.lane.streams_max = old.lane.streams_max;
    at->lane.states = old.states;
    at->lane.state_count = old.state_count;
    at->lane.state_capacity = old.state_capacity;
    old.states = NULL;
    old.state_count = 0;
    lab_lane_finish(&old);
    assert_int_equal(
        at->plugin.processor->lane_open(at->plugin.instance, &at->lane.lane, &at->state, &at->plugin.error), 0);
}

static void refill(session *at, lab_event event, int64_t ordinal)
{
    lab_event *events[] = {&event};
    event.ordinal = ordinal;
    assert_int_equal(lab_feed(&at->plugin, at->state, events, 1, true), 0);
}

static size_t count_rows(const session *at, const char *dataset, uint32_t flags)
{
    size_t count = 0;
    for (size_t i = 0; i < at->lane.row_count; i++)
        count += strcmp(at->lane.rows[i].dataset->id, dataset) == 0 && at->lane.rows[i].flags == flags;
    return count;
}

/* A column of the last row with that beginning of its key; "" if there is none. */
static const char *look(const session *at, const char *key, const char *column)
{
    static char value[65536];
    value[0] = 0;
    for (size_t i = at->lane.row_count; i-- > 0;) {
        if (strncmp(at->lane.rows[i].key, key, strlen(key)) != 0)
            continue;
        lab_text name = {0};
        lab_print(&name, "\n%s=", column);
        const char *at_column = strstr(at->lane.rows[i].text, name.text);
        assert_non_null(at_column);
        at_column += name.size;
        snprintf(value, sizeof value, "%.*s", (int)strcspn(at_column, "\n"), at_column);
        free(name.text);
        return value;
    }
    return value;
}

/* A column of the final row of stream "s" and the window that begins `start_s` seconds after T0. */
static const char *window_of(const session *at, const char *stream, int64_t start_s, const char *column)
{
    char key[256];
    snprintf(key, sizeof key, "windows %u\nstream_id=%s\nwindow_end=%" PRId64 "\n", TLM_ROWS_FINAL, stream,
             T0 + start_s * LAB_SECOND + at->plugin.config.duration_ms * 1000000);
    return look(at, key, column);
}

static const char *window(const session *at, int64_t start_s, const char *column)
{
    return window_of(at, "s", start_s, column);
}

static const char *stream(const session *at, const char *column)
{
    char key[64];
    snprintf(key, sizeof key, "streams %u\nstream_id=s\n", TLM_ROWS_FINAL);
    return look(at, key, column);
}

static int64_t after(double seconds)
{
    return T0 + (int64_t)(seconds * 1e9);
}

static lab_event chat(const char *id, double seconds, const char *user)
{
    return (lab_event){.kind = TLM_EVENT_CHAT, .time_ns = after(seconds), .stream = "s", .id = id, .user = user};
}

static lab_event viewer(const char *id, double seconds, int64_t count)
{
    return (lab_event){
        .kind = TLM_EVENT_VIEWER, .time_ns = after(seconds), .stream = "s", .id = id, .viewer_count = count};
}

static lab_event meta(const char *id, double seconds, uint32_t type)
{
    return (lab_event){.kind = TLM_EVENT_STREAM_META, .time_ns = after(seconds), .stream = "s", .id = id, .meta = type};
}

/* --- settings ------------------------------------------------------------------------------------------------------
 */

static void a_duration_that_is_no_multiple_of_the_slide_is_refused(void **state)
{
    (void)state;
    lab_plugin plugin;
    assert_int_equal(lab_open(&plugin, 60, 7), -EINVAL);
    assert_string_equal(plugin.error.text, "duration (60s) must be a multiple of slide (7s)");
    assert_null(plugin.instance);
    lab_close(&plugin);
    assert_int_equal(lab_open(&plugin, 60, 120), -EINVAL);
    lab_close(&plugin);
}

static void settings_name_duration_and_slide(void **state)
{
    (void)state;
    lab_plugin plugin;
    assert_int_equal(lab_open(&plugin, 60, 10), 0);
    assert_string_equal(plugin.processor->settings(plugin.instance), "duration=60s slide=10s");
    lab_close(&plugin);
}

static void all_is_final_when_the_last_window_of_the_highest_timestamp_ends(void **state)
{
    (void)state;
    lab_plugin plugin;
    assert_int_equal(lab_open(&plugin, 60, 10), 0);
    assert_true(plugin.processor->final_after(plugin.instance, T0) == T0 + 60 * LAB_SECOND);
    assert_true(plugin.processor->final_after(plugin.instance, T0 - 1) == T0 + 50 * LAB_SECOND);
    assert_true(plugin.processor->final_after(plugin.instance, 0) == 60 * LAB_SECOND);
    assert_true(plugin.processor->final_after(plugin.instance, INT64_MIN) == INT64_MIN);
    lab_close(&plugin);
}

/* --- windows -------------------------------------------------------------------------------------------------------
 */

static void an_event_counts_in_every_window_it_falls_in(void **state)
{
    (void)state;
    session at;
    begin(&at);
    assert_int_equal(give(&at, chat("a", 0, "u")), TLM_VERDICT_APPLIED);
    finish(&at);
    assert_int_equal(count_rows(&at, "windows", TLM_ROWS_FINAL), 6);
    for (int64_t start = -50; start <= 0; start += 10)
        assert_string_equal(window(&at, start, "message_count"), "1");
    assert_string_equal(window(&at, -50, "slide_message_count"), "1");
    assert_string_equal(window(&at, 0, "slide_message_count"), "0");
    end(&at);
}

static void a_window_ends_before_its_end(void **state)
{
    (void)state;
    session at;
    begin(&at);
    give(&at, chat("a", 9.999999999, "u"));
    give(&at, chat("b", 10, "u"));
    finish(&at);
    assert_string_equal(window(&at, -50, "message_count"), "1");
    assert_string_equal(window(&at, -40, "message_count"), "2");
    assert_string_equal(window(&at, 0, "message_count"), "2");
    assert_string_equal(window(&at, 10, "message_count"), "1");
    assert_string_equal(window(&at, 20, "message_count"), "");
    end(&at);
}

static void the_first_minute_of_1970_has_windows_too(void **state)
{
    (void)state;
    session at;
    begin(&at);
    lab_event event = chat("a", 0, "u");
    event.time_ns = 0;
    give(&at, event);
    finish(&at);
    assert_int_equal(count_rows(&at, "windows", TLM_ROWS_FINAL), 6);
    assert_string_equal(look(&at, "windows 1\nstream_id=s\nwindow_end=10000000000\n", "window_start"), "-50000000000");
    end(&at);
}

static void a_window_is_final_once_the_watermark_reaches_its_end(void **state)
{
    (void)state;
    session at;
    begin(&at);
    give(&at, chat("a", 5, "u"));
    advance(&at, after(10) - 1);
    assert_int_equal(count_rows(&at, "windows", TLM_ROWS_FINAL), 0);
    advance(&at, after(10));
    assert_int_equal(count_rows(&at, "windows", TLM_ROWS_FINAL), 1);
    assert_string_equal(window(&at, -50, "message_count"), "1");
    end(&at);
}

static void a_row_is_judged_by_the_watermark_before_it(void **state)
{
    (void)state;
    session at;
    begin(&at);
    give(&at, chat("a", 0, "u"));
    give(&at, chat("far", 70, "u")); /* the watermark after it is at 60 */
    assert_int_equal(count_rows(&at, "windows", TLM_ROWS_FINAL), 0);
    assert_int_equal(give(&at, chat("late", 9, "u")), TLM_VERDICT_LATE);
    assert_int_equal(count_rows(&at, "windows", TLM_ROWS_FINAL), 6);
    assert_int_equal(give(&at, chat("not", 10, "u")), TLM_VERDICT_APPLIED);
    end(&at);
}

static void an_event_is_applied_to_those_windows_that_are_still_open(void **state)
{
    (void)state;
    session at;
    begin(&at);
    give(&at, chat("a", 5, "u"));
    give(&at, chat("b", 35, "v"));
    advance(&at, after(30)); /* windows from -30 on are open */
    assert_int_equal(give(&at, chat("c", 6, "w")), TLM_VERDICT_APPLIED);
    finish(&at);
    assert_string_equal(window(&at, -50, "message_count"), "1");
    assert_string_equal(window(&at, -30, "message_count"), "1");
    assert_string_equal(window(&at, -20, "message_count"), "3");
    assert_string_equal(window(&at, -20, "unique_chatters"), "3");
    assert_string_equal(window(&at, 0, "message_count"), "3");
    end(&at);
}

static void stream_meta_alone_makes_no_window(void **state)
{
    (void)state;
    session at;
    begin(&at);
    give(&at, meta("a", 0, TLM_META_STREAM_START));
    finish(&at);
    assert_int_equal(count_rows(&at, "windows", TLM_ROWS_FINAL), 0);
    give(&at, viewer("v", 100, 3));
    finish(&at);
    assert_int_equal(count_rows(&at, "windows", TLM_ROWS_FINAL), 6);
    end(&at);
}

static void a_gap_of_centuries_costs_nothing(void **state)
{
    (void)state;
    session at;
    begin_with(&at, 60, 1, 1000);
    lab_event event = chat("a", 0, "u");
    event.time_ns = 0;
    give(&at, event);
    event.time_ns = INT64_C(9214646399) * LAB_SECOND; /* 2261 */
    clock_t before = clock();
    give(&at, event);
    finish(&at);
    assert_true((double)(clock() - before) / CLOCKS_PER_SEC < 0.5);
    assert_int_equal(count_rows(&at, "windows", TLM_ROWS_FINAL), 120);
    end(&at);
}

static void streams_are_apart(void **state)
{
    (void)state;
    session at;
    begin(&at);
    lab_event event = chat("a", 0, "u");
    give(&at, event);
    event.stream = "S";
    assert_int_equal(give(&at, event), TLM_VERDICT_APPLIED);
    finish(&at);
    assert_string_equal(window_of(&at, "s", 0, "message_count"), "1");
    assert_string_equal(window_of(&at, "S", 0, "message_count"), "1");
    end(&at);
}

/* --- duplicates and late events ------------------------------------------------------------------------------------
 */

static void a_duplicate_has_the_same_topic_stream_id_and_timestamp(void **state)
{
    (void)state;
    session at;
    begin(&at);
    assert_int_equal(give(&at, viewer("a", 0, 5)), TLM_VERDICT_APPLIED);
    assert_int_equal(give(&at, viewer("a", 0, 6)), TLM_VERDICT_DUPLICATE);
    assert_int_equal(give(&at, viewer("a", 0.000000001, 7)), TLM_VERDICT_APPLIED);
    assert_int_equal(give(&at, chat("a", 0, "u")), TLM_VERDICT_APPLIED);
    assert_int_equal(give(&at, meta("a", 0, TLM_META_STREAM_START)), TLM_VERDICT_APPLIED);
    assert_int_equal(give(&at, meta("a", 0, TLM_META_STREAM_END)), TLM_VERDICT_DUPLICATE);
    lab_event other = viewer("a", 0, 8);
    other.stream = "t";
    assert_int_equal(give(&at, other), TLM_VERDICT_APPLIED);
    finish(&at);
    assert_string_equal(window(&at, 0, "viewer_max"), "7");
    assert_string_equal(window(&at, 0, "slide_viewer_count"), "0");
    assert_string_equal(stream(&at, "is_live"), "1");
    end(&at);
}

static void a_duplicate_is_known_as_long_as_its_event_has_a_window_open(void **state)
{
    (void)state;
    session at;
    begin(&at);
    give(&at, chat("a", 0, "u"));
    give(&at, chat("b", 69.9, "u")); /* the watermark comes to 59.9 */
    assert_int_equal(give(&at, chat("a", 0, "u")), TLM_VERDICT_DUPLICATE);
    give(&at, chat("c", 70, "u"));
    assert_int_equal(give(&at, chat("a", 0, "u")), TLM_VERDICT_LATE);
    end(&at);
}

static void stream_meta_is_never_late(void **state)
{
    (void)state;
    session at;
    begin(&at);
    give(&at, chat("a", 1000, "u"));
    lab_event event = meta("m", 0, TLM_META_TITLE_CHANGE);
    event.new_title = "title";
    assert_int_equal(give(&at, event), TLM_VERDICT_APPLIED);
    assert_int_equal(give(&at, event), TLM_VERDICT_APPLIED); /* no window of it is open: not known any more */
    finish(&at);
    assert_string_equal(stream(&at, "title"), "title");
    assert_int_equal(strtoll(stream(&at, "started_at"), NULL, 10), T0);
    end(&at);
}

static void an_older_stream_meta_changes_nothing_that_a_newer_one_set(void **state)
{
    (void)state;
    session at;
    begin(&at);
    lab_event newer = meta("b", 100, TLM_META_STREAM_START);
    newer.title = "new";
    newer.started_at_ns = after(90);
    lab_event older = meta("c", 50, TLM_META_STREAM_END);
    older.title = "old";
    older.category = "chess";
    lab_event same_time = meta("a", 100, TLM_META_TITLE_CHANGE);
    same_time.new_title = "lower id";
    same_time.language = "en";
    give(&at, newer);
    give(&at, older);
    give(&at, same_time);
    finish(&at);
    assert_string_equal(stream(&at, "title"), "new");
    assert_string_equal(stream(&at, "game_category"), "chess");
    assert_string_equal(stream(&at, "language"), "en");
    assert_string_equal(stream(&at, "streamer_name"), "null");
    assert_string_equal(stream(&at, "is_live"), "1");
    assert_int_equal(strtoll(stream(&at, "started_at"), NULL, 10), after(90));
    end(&at);
}

/* --- values --------------------------------------------------------------------------------------------------------
 */

static void rates_are_rounded_half_to_even(void **state)
{
    (void)state;
    session at;
    begin_with(&at, 4800, 4800, 1000); /* 0.0125 a message; windows begin at T0 + 1600 s and 6400 s */
    for (int i = 0; i < 8; i++) {
        char id[8];
        snprintf(id, sizeof id, "%d", i);
        give(&at, chat(id, i < 2 ? 2000 : 7000, "u"));
    }
    finish(&at);
    assert_string_equal(window(&at, 1600, "chat_rate"), "0.02"); /* 0.025 */
    assert_string_equal(window(&at, 6400, "chat_rate"), "0.08"); /* 0.075 */
    end(&at);
    begin_with(&at, 45, 45, 1000);
    give(&at, chat("a", 0, "u"));
    finish(&at);
    assert_string_equal(look(&at, "windows 1\n", "chat_rate"), "1.33");
    end(&at);
}

static void averages_are_rounded_half_to_even(void **state)
{
    (void)state;
    static const int64_t counts[] = {1, 0, 0, 0, 0, 0, 0, 0}; /* 0.125 */
    session at;
    begin(&at);
    for (size_t i = 0; i < TLM_COUNT(counts); i++) {
        char id[8];
        snprintf(id, sizeof id, "%zu", i);
        give(&at, viewer(id, 1, counts[i]));
    }
    finish(&at);
    assert_string_equal(window(&at, 0, "viewer_avg"), "0.12");
    assert_string_equal(window(&at, -50, "slide_viewer_sum"), "1");
    assert_string_equal(window(&at, 0, "slide_viewer_sum"), "null");
    end(&at);
}

static void the_last_viewer_count_is_that_of_the_highest_time_then_id(void **state)
{
    (void)state;
    session at;
    begin(&at);
    give(&at, viewer("b", 1, 10));
    give(&at, viewer("aa", 1, 20));
    give(&at, viewer("z", 0.5, 30));
    give(&at, viewer("a", 1, 40));
    finish(&at);
    assert_string_equal(window(&at, 0, "viewer_last"), "10");
    assert_string_equal(window(&at, 0, "viewer_min"), "10");
    assert_string_equal(window(&at, 0, "viewer_max"), "40");
    assert_string_equal(window(&at, 0, "viewer_avg"), "25.00");
    assert_string_equal(stream(&at, "viewer_count"), "10");
    end(&at);
}

static void viewers_are_null_without_input(void **state)
{
    (void)state;
    session at;
    begin(&at);
    give(&at, chat("a", 0, NULL));
    finish(&at);
    assert_string_equal(window(&at, 0, "viewer_avg"), "null");
    assert_string_equal(window(&at, 0, "viewer_last"), "null");
    assert_string_equal(window(&at, 0, "slide_viewer_count"), "0");
    assert_string_equal(window(&at, 0, "sentiment"), "null");
    assert_string_equal(window(&at, 0, "unique_chatters"), "0");
    assert_string_equal(window(&at, 0, "top_emotes"), "[]");
    assert_string_equal(window(&at, 0, "amounts"), "{}");
    assert_string_equal(window(&at, 0, "bits"), "0");
    assert_string_equal(stream(&at, "viewer_count"), "null");
    end(&at);
}

static void viewer_sums_exceed_64_bits(void **state)
{
    (void)state;
    session at;
    begin(&at);
    give(&at, viewer("a", 0, INT64_MAX));
    give(&at, viewer("b", 0, INT64_MAX));
    finish(&at);
    assert_string_equal(window(&at, 0, "viewer_avg"), "9223372036854775807.00");
    assert_string_equal(window(&at, -50, "slide_viewer_sum"), "18446744073709551614");
    end(&at);
}

static void the_ten_highest_emotes_are_shown_ties_by_name(void **state)
{
    (void)state;
    session at;
    begin(&at);
    for (int i = 0; i < 12; i++) {
        char id[8], name[2] = {(char)('l' - i), 0};
        snprintf(id, sizeof id, "%d", i);
        lab_event event = chat(id, i * 4, "u");
        event.emotes[0] = name;
        event.emotes[1] = i % 4 == 0 ? "Twice" : NULL;
        event.emotes[2] = i % 4 == 0 ? "Twice" : NULL;
        give(&at, event);
    }
    finish(&at);
    assert_string_equal(window(&at, 0, "top_emotes"),
                        "[{\"name\":\"Twice\",\"count\":6},{\"name\":\"a\",\"count\":1},{\"name\":\"b\",\"count\":1},"
                        "{\"name\":\"c\",\"count\":1},{\"name\":\"d\",\"count\":1},{\"name\":\"e\",\"count\":1},"
                        "{\"name\":\"f\",\"count\":1},{\"name\":\"g\",\"count\":1},{\"name\":\"h\",\"count\":1},"
                        "{\"name\":\"i\",\"count\":1}]");
    end(&at);
}

static lab_event pay(const char *id, double seconds, const char *currency, tlm_wide amount)
{
    return (lab_event){.kind = TLM_EVENT_TRANSACTION,
                       .time_ns = after(seconds),
                       .stream = "s",
                       .id = id,
                       .amount = amount,
                       .currency = currency,
                       .is_bits = currency == NULL};
}

static void money_is_summed_exactly_a_currency(void **state)
{
    (void)state;
    const tlm_wide most = (tlm_wide)999999999999999999 * 1000000000 + 999999999;
    session at;
    begin(&at);
    give(&at, pay("a", 0, "USD", 12500000000));
    give(&at, pay("b", 11, "USD", -1));
    give(&at, pay("c", 12, "EUR", most));
    give(&at, pay("d", 13, "EUR", most));
    give(&at, pay("e", 14, "CHF", 0));
    give(&at, pay("f", 15, NULL, INT64_MAX));
    give(&at, pay("g", 16, NULL, INT64_MAX));
    finish(&at);
    assert_string_equal(window(&at, 0, "transaction_count"), "7");
    assert_string_equal(window(&at, 0, "amounts"),
                        "{\"CHF\":\"0\",\"EUR\":\"1999999999999999999.999999998\",\"USD\":\"12.499999999\"}");
    assert_string_equal(window(&at, 0, "bits"), "18446744073709551614");
    assert_string_equal(window(&at, -50, "amounts"), "{\"USD\":\"12.5\"}");
    assert_string_equal(window(&at, -50, "message_count"), "0");
    end(&at);
}

/* --- chatters ------------------------------------------------------------------------------------------------------
 */

/* Messages of users first .. first + count - 1, spread over the slides from `seconds` on. */
static void crowd(session *at, int first, int count, double seconds, double span)
{
    for (int i = 0; i < count; i++) {
        char id[16], user[16];
        snprintf(id, sizeof id, "%d-%d", first + i, (int)seconds);
        snprintf(user, sizeof user, "user%d", first + i);
        give(at, chat(id, seconds + span * i / count, user));
    }
}

static void nobody_and_other_kinds_are_no_chatters(void **state)
{
    (void)state;
    session at;
    begin(&at);
    give(&at, chat("a", 0, NULL));
    lab_event event = pay("p", 0, "USD", 5);
    event.user = "payer";
    give(&at, event);
    give(&at, chat("b", 0, "u"));
    give(&at, chat("c", 30, "u"));
    finish(&at);
    assert_string_equal(window(&at, 0, "unique_chatters"), "1");
    assert_string_equal(window(&at, 0, "message_count"), "3");
    end(&at);
}

static void chatters_are_exact_up_to_4096(void **state)
{
    (void)state;
    session at;
    begin(&at);
    crowd(&at, 0, 2100, 0, 9);
    crowd(&at, 1000, 3096, 20, 39); /* 1100 again, the rest new */
    finish(&at);
    assert_string_equal(window(&at, 0, "unique_chatters"), "4096");
    end(&at);
    begin(&at);
    crowd(&at, 0, 4096, 0, 9); /* in one pane */
    finish(&at);
    assert_string_equal(window(&at, 0, "unique_chatters"), "4096");
    end(&at);
}

static void sketch_of_crowd(tlm_sketch *sketch, int first, int count)
{
    for (int i = 0; i < count; i++) {
        char user[16];
        int size = snprintf(user, sizeof user, "user%d", first + i);
        assert_int_equal(tlm_sketch_add(sketch, tlm_sketch_mark(tlm_sketch_hash(user, (size_t)size))), 0);
    }
}

static void above_4096_chatters_are_what_the_merged_sketch_tells(void **state)
{
    (void)state;
    static const struct {
        int first_pane, second_pane;
    } cases[] = {{4097, 0}, {2000, 2097}, {5000, 10}, {10, 5000}, {4200, 1800}};
    for (size_t i = 0; i < TLM_COUNT(cases); i++) {
        session at;
        char expected[32];
        int total = cases[i].first_pane + cases[i].second_pane;
        tlm_sketch sketch = TLM_SKETCH_INIT;
        begin(&at);
        crowd(&at, 0, cases[i].first_pane, 0, 9);
        crowd(&at, cases[i].first_pane, cases[i].second_pane, 10, 9);
        finish(&at);
        sketch_of_crowd(&sketch, 0, total);
        snprintf(expected, sizeof expected, "%" PRIu64, tlm_sketch_estimate(&sketch));
        assert_string_equal(window(&at, 0, "unique_chatters"), expected);
        assert_true(labs(atol(expected) - total) < total * 4 / 100);
        tlm_sketch_finish(&sketch);
        end(&at);
    }
}

static void the_sketch_of_the_last_slide_is_that_of_its_chatters(void **state)
{
    (void)state;
    static const int sizes[] = {0, 1, 30, 48, 49, 700, 2048, 2049, 4096, 4097, CHATTERS};
    for (size_t i = 0; i < TLM_COUNT(sizes); i++) {
        static char expected[2 * TLM_SKETCH_SIZE + 1];
        uint8_t bytes[TLM_SKETCH_SIZE];
        tlm_sketch sketch = TLM_SKETCH_INIT;
        session at;
        begin(&at);
        give(&at, chat("nobody", 0, NULL));
        crowd(&at, 0, sizes[i], 0, 9);
        finish(&at);
        sketch_of_crowd(&sketch, 0, sizes[i]);
        size_t size = tlm_sketch_write(&sketch, bytes);
        for (size_t b = 0; b < size; b++)
            snprintf(expected + 2 * b, 3, "%02x", bytes[b]);
        assert_string_equal(window(&at, -50, "slide_chatters"), expected);
        assert_string_equal(window(&at, -40, "slide_chatters"), "11");
        tlm_sketch_finish(&sketch);
        end(&at);
    }
}

static void panes_take_late_arrivals_after_they_were_packed(void **state)
{
    (void)state;
    session at;
    begin(&at);
    crowd(&at, 0, 40, 0, 9);
    give(&at, chat("x", 30, "user0"));
    advance(&at, after(20)); /* the first pane is packed */
    assert_int_equal(give(&at, chat("0-0", 0, "user0")), TLM_VERDICT_DUPLICATE);
    crowd(&at, 30, 20, 1, 8); /* ten of them new, all messages new */
    assert_int_equal(give(&at, chat("49-1", 1 + 8. * 19 / 20, "user49")), TLM_VERDICT_DUPLICATE);
    advance(&at, after(30));
    assert_int_equal(give(&at, chat("49-1", 1 + 8. * 19 / 20, "user49")), TLM_VERDICT_DUPLICATE);
    finish(&at);
    assert_string_equal(window(&at, -50, "message_count"), "40");
    assert_string_equal(window(&at, -20, "message_count"), "61");
    assert_string_equal(window(&at, -20, "unique_chatters"), "50");
    end(&at);
}

/* --- streams -------------------------------------------------------------------------------------------------------
 */

static void a_stream_is_live_from_its_first_event_for_15_minutes(void **state)
{
    (void)state;
    session at;
    begin(&at);
    give(&at, chat("a", 5, "u"));
    prepare(&at);
    assert_string_equal(stream(&at, "is_live"), "1");
    assert_int_equal(strtoll(stream(&at, "started_at"), NULL, 10), after(5));
    advance(&at, after(905) - 1);
    prepare(&at);
    assert_string_equal(stream(&at, "is_live"), "1");
    advance(&at, after(905));
    prepare(&at);
    assert_string_equal(stream(&at, "is_live"), "0");
    assert_int_equal(give(&at, chat("b", 2000, "u")), TLM_VERDICT_APPLIED);
    prepare(&at);
    assert_string_equal(stream(&at, "is_live"), "1");
    assert_int_equal(strtoll(stream(&at, "started_at"), NULL, 10), after(5));
    end(&at);
}

static void every_event_gives_a_stream_15_minutes_more(void **state)
{
    (void)state;
    session at;
    begin(&at);
    give(&at, chat("a", 0, "u"));
    prepare(&at);
    give(&at, chat("b", 503, "u"));
    advance(&at, after(901)); /* the first event is 15 minutes old */
    prepare(&at);
    assert_string_equal(stream(&at, "is_live"), "1");
    advance(&at, after(1403) - 1);
    prepare(&at);
    assert_string_equal(stream(&at, "is_live"), "1");
    advance(&at, after(1403));
    prepare(&at);
    assert_string_equal(stream(&at, "is_live"), "0");
    end(&at);
}

static void at_the_end_of_a_replay_its_highest_timestamp_counts(void **state)
{
    (void)state;
    session at;
    begin(&at);
    lab_event other = chat("o", 0, "u");
    other.stream = "other";
    other.time_ns = after(900) - 1;
    give(&at, chat("a", 0, "u"));
    give(&at, other);
    finish(&at); /* the watermark goes beyond 15 minutes, the highest timestamp does not */
    assert_string_equal(stream(&at, "is_live"), "1");
    other.id = "p";
    other.time_ns = after(900);
    give(&at, other);
    finish(&at);
    assert_string_equal(stream(&at, "is_live"), "0");
    end(&at);
}

static void after_stream_end_only_a_start_or_viewers_revive(void **state)
{
    (void)state;
    session at;
    begin(&at);
    give(&at, chat("a", 0, "u"));
    give(&at, meta("b", 1, TLM_META_STREAM_END));
    prepare(&at);
    assert_string_equal(stream(&at, "is_live"), "0");
    give(&at, chat("c", 2, "u"));
    give(&at, viewer("d", 3, 0));
    give(&at, meta("e", 4, TLM_META_TITLE_CHANGE));
    give(&at, pay("f", 5, "USD", 1));
    prepare(&at);
    assert_string_equal(stream(&at, "is_live"), "0");
    give(&at, viewer("g", 6, 1));
    prepare(&at);
    assert_string_equal(stream(&at, "is_live"), "1");
    give(&at, meta("h", 7, TLM_META_STREAM_END));
    give(&at, meta("i", 8, TLM_META_STREAM_START));
    prepare(&at);
    assert_string_equal(stream(&at, "is_live"), "1");
    give(&at, meta("j", 7.5, TLM_META_STREAM_END)); /* before the start */
    prepare(&at);
    assert_string_equal(stream(&at, "is_live"), "1");
    give(&at, meta("k", 9, TLM_META_STREAM_END));
    finish(&at);
    assert_string_equal(stream(&at, "is_live"), "0");
    assert_string_equal(window(&at, 0, "message_count"), "2"); /* they count all the same */
    end(&at);
}

static void no_row_tells_of_the_last_event_alone(void **state)
{
    (void)state;
    session at;
    begin(&at);
    give(&at, chat("a", 0, "u"));
    prepare(&at);
    assert_int_equal(count_rows(&at, "streams", TLM_ROWS_FINAL), 1);
    size_t puts = at.lane.puts;
    for (int i = 1; i < 50; i++) {
        char id[8];
        snprintf(id, sizeof id, "%d", i);
        give(&at, chat(id, i * 5, "u"));
        prepare(&at);
    }
    assert_int_equal(count_rows(&at, "streams", TLM_ROWS_FINAL), 1);
    assert_int_equal(at.lane.puts, puts);
    finish(&at); /* all windows are closed: now it tells */
    assert_int_equal(count_rows(&at, "streams", TLM_ROWS_FINAL), 2);
    assert_int_equal(strtoll(stream(&at, "last_event_at"), NULL, 10), after(245));
    end(&at);
}

static void late_viewers_are_not_seen(void **state)
{
    (void)state;
    session at;
    begin(&at);
    give(&at, chat("a", 1000, "u"));
    assert_int_equal(give(&at, viewer("v", 0, 9)), TLM_VERDICT_LATE);
    finish(&at);
    assert_string_equal(stream(&at, "viewer_count"), "null");
    assert_int_equal(strtoll(stream(&at, "started_at"), NULL, 10), after(1000));
    end(&at);
}

static void a_forgotten_stream_is_remembered_exactly(void **state)
{
    (void)state;
    session at;
    begin(&at);
    lab_event start = meta("a", 0, TLM_META_STREAM_START);
    start.title = "title";
    give(&at, start);
    give(&at, viewer("v", 1, 77));
    give(&at, meta("z", 2, TLM_META_STREAM_END));
    lab_event other = chat("o", 500, "u");
    other.stream = "other";
    give(&at, other);
    advance(&at, after(500));
    prepare(&at);
    uint64_t size_bytes = at.plugin.processor->size_bytes(at.state);
    assert_int_equal(at.lane.gets, 0);
    give(&at, chat("b", 505, "u"));
    assert_int_equal(at.lane.gets, 1);
    assert_true(at.plugin.processor->size_bytes(at.state) > size_bytes);
    finish(&at);
    assert_string_equal(stream(&at, "title"), "title");
    assert_string_equal(stream(&at, "viewer_count"), "77");
    assert_string_equal(stream(&at, "is_live"), "0");
    assert_int_equal(strtoll(stream(&at, "started_at"), NULL, 10), after(0));
    end(&at);
}

static void a_stream_falls_silent_across_a_restart(void **state)
{
    (void)state;
    session at;
    begin(&at);
    give(&at, chat("a", 0, "u"));
    advance(&at, after(500));
    prepare(&at);
    restart(&at);
    prepare(&at);
    assert_int_equal(count_rows(&at, "streams", TLM_ROWS_FINAL), 0);
    advance(&at, after(901));
    prepare(&at);
    assert_int_equal(count_rows(&at, "streams", TLM_ROWS_FINAL), 1);
    assert_string_equal(stream(&at, "is_live"), "0");
    end(&at);
}

/* No row shows the second viewer event, as the count is the same; but it is younger than the stream_end to come. */
static void a_change_that_no_row_shows_outlives_its_pane(void **state)
{
    (void)state;
    session at;
    begin(&at);
    give(&at, viewer("v", 1, 5));
    prepare(&at);
    give(&at, viewer("w", 12, 5));
    give(&at, chat("a", 65, "u"));
    advance(&at, after(80)); /* the viewers' panes are closed, that of the message is not */
    prepare(&at);
    restart(&at);
    refill(&at, chat("a", 65, "u"), 2);
    assert_int_equal(give(&at, meta("z", 5, TLM_META_STREAM_END)), TLM_VERDICT_APPLIED);
    finish(&at);
    assert_string_equal(stream(&at, "is_live"), "1");
    end(&at);
}

static void a_status_of_another_make_is_refused(void **state)
{
    (void)state;
    session at;
    begin(&at);
    static const char *const bad[] = {"", "\x02", "\x01", "\x01\xff\xff", "not a status at all, but a longer text"};
    for (size_t i = 0; i < TLM_COUNT(bad); i++) {
        lab_lane lane;
        tlm_lane_state *opened = NULL;
        lab_lane_init(&lane, 1, INT64_MIN);
        lab_state_put(&lane.lane, tlm_text_of("s"), tlm_text_of(bad[i]));
        assert_int_equal(at.plugin.processor->lane_open(at.plugin.instance, &lane.lane, &opened, &at.plugin.error),
                         -EINVAL);
        assert_non_null(strstr(at.plugin.error.text, "checkpoint holds a stream status"));
        assert_null(opened);
        lab_lane_finish(&lane);
    }
    end(&at);
}

/* Every cut of a saved status is refused, and nothing reads beyond it. */
static void a_status_cut_short_is_refused(void **state)
{
    (void)state;
    session at;
    begin(&at);
    lab_event start = meta("a", 0, TLM_META_STREAM_START);
    start.title = "title";
    start.language = "de";
    give(&at, start);
    give(&at, viewer("v", 1, 77));
    give(&at, meta("z", 2, TLM_META_STREAM_END));
    prepare(&at);
    const lab_state *saved = &at.lane.states[0];
    for (size_t size = 0; size <= saved->value_size; size++) {
        lab_lane lane;
        tlm_lane_state *opened = NULL;
        char *cut = lab_alloc(NULL, size);
        memcpy(cut, saved->value, size);
        lab_lane_init(&lane, 1, INT64_MIN);
        lab_state_put(&lane.lane, tlm_text_of("s"), (tlm_text){.data = cut, .size = size});
        int result = at.plugin.processor->lane_open(at.plugin.instance, &lane.lane, &opened, &at.plugin.error);
        assert_int_equal(result, size == saved->value_size ? 0 : -EINVAL);
        at.plugin.processor->lane_close(opened);
        lab_lane_finish(&lane);
        free(cut);
    }
    end(&at);
}

/* --- bounds --------------------------------------------------------------------------------------------------------
 */

static void streams_beyond_max_streams_are_dead_letters(void **state)
{
    (void)state;
    session at;
    begin_with(&at, 60, 10, 2);
    lab_event event = chat("a", 0, "u");
    event.stream = "one";
    assert_int_equal(give(&at, event), TLM_VERDICT_APPLIED);
    event.stream = "two";
    assert_int_equal(give(&at, event), TLM_VERDICT_APPLIED);
    event.stream = "three";
    assert_int_equal(give(&at, event), TLM_VERDICT_DEAD_LETTER);
    assert_non_null(strstr(at.lane.reason, "max_streams = 2"));
    event.stream = "one";
    assert_int_equal(give(&at, event), TLM_VERDICT_DUPLICATE);
    event = chat("late", -500, "u");
    event.stream = "four";
    give(&at, (lab_event){.kind = TLM_EVENT_CHAT, .time_ns = after(2000), .stream = "one", .id = "b"});
    assert_int_equal(give(&at, event), TLM_VERDICT_LATE); /* late comes first */
    prepare(&at);                                         /* "two" fell silent: there is room */
    event = chat("c", 1999, "u");
    event.stream = "three";
    assert_int_equal(give(&at, event), TLM_VERDICT_APPLIED);
    end(&at);
}

static void what_was_turned_away_is_not_applied_when_read_again(void **state)
{
    (void)state;
    session at;
    begin_with(&at, 60, 10, 1);
    lab_event one = chat("a", 0, "u"), turned_away = chat("b", 11, "u"), let_in = chat("c", 11.5, "u");
    one.kind = TLM_EVENT_STREAM_META;
    one.meta = TLM_META_STREAM_END;
    one.stream = "one";
    give(&at, one); /* 0: ended, so it is forgotten once its windows are closed */
    assert_int_equal(give(&at, turned_away), TLM_VERDICT_DEAD_LETTER); /* 1 */
    advance(&at, after(60));
    assert_int_equal(give(&at, let_in), TLM_VERDICT_APPLIED); /* 2 */
    prepare(&at);
    restart(&at);
    refill(&at, turned_away, 1);
    refill(&at, let_in, 2);
    assert_int_equal(give(&at, let_in), TLM_VERDICT_DUPLICATE);
    finish(&at);
    assert_string_equal(window(&at, 10, "message_count"), "1");
    end(&at);
}

/* The same, when a restart lies between turning a stream away and letting it in. */
static void what_was_turned_away_is_remembered_over_restarts(void **state)
{
    (void)state;
    session at;
    begin_with(&at, 60, 10, 1);
    lab_event one = meta("a", 0, TLM_META_STREAM_END), turned_away = chat("b", 11, "u"), let_in = chat("c", 11.5, "u");
    one.stream = "one";
    give(&at, one);                                                    /* 0 */
    assert_int_equal(give(&at, turned_away), TLM_VERDICT_DEAD_LETTER); /* 1 */
    prepare(&at);
    restart(&at);
    refill(&at, one, 0);
    refill(&at, turned_away, 1);
    advance(&at, after(60));
    assert_int_equal(give(&at, let_in), TLM_VERDICT_APPLIED); /* 2 */
    prepare(&at);
    restart(&at);
    refill(&at, turned_away, 1);
    refill(&at, let_in, 2);
    finish(&at);
    assert_string_equal(window(&at, 10, "message_count"), "1");
    end(&at);
}

static void memory_is_given_back(void **state)
{
    (void)state;
    session at;
    begin_with(&at, 60, 10, 100000);
    uint64_t empty = at.plugin.processor->size_bytes(at.state);
    for (int i = 0; i < 3000; i++) {
        char id[16];
        snprintf(id, sizeof id, "%d", i);
        lab_event event = chat(id, i % 50, "u");
        event.stream = id;
        event.emotes[0] = "Kappa";
        event.time_ns = after(5);
        give(&at, event);
        event = viewer("v", 5, 3);
        event.stream = id;
        give(&at, event);
    }
    uint64_t full = at.plugin.processor->size_bytes(at.state);
    assert_true(full > empty + 3000 * 400);
    advance(&at, after(2000));
    prepare(&at);
    uint64_t after_all = at.plugin.processor->size_bytes(at.state);
    /* what stays: the pool of panes, the tables' slots, a hash a stream ever seen */
    assert_true(after_all < empty + 3000 * (64 + 2 * 16 + 40 + 2 * 12 + 30));
    end(&at);
}

/* --- early rows and rebuilding -------------------------------------------------------------------------------------
 */

static void early_rows_show_the_window_that_ends_next(void **state)
{
    (void)state;
    session at;
    begin(&at);
    give(&at, chat("a", 0, "u"));
    give(&at, chat("b", 52, "v"));
    assert_int_equal(at.plugin.processor->early(at.state), 0);
    assert_int_equal(count_rows(&at, "windows", TLM_ROWS_EARLY), 1);
    assert_int_equal(count_rows(&at, "streams", TLM_ROWS_EARLY), 1);
    assert_int_equal(strtoll(look(&at, "windows 2\nstream_id=s\n", "window_end"), NULL, 10), after(60));
    assert_string_equal(look(&at, "windows 2\nstream_id=s\n", "message_count"), "2");
    assert_int_equal(at.plugin.processor->early(at.state), 0);
    assert_int_equal(count_rows(&at, "windows", TLM_ROWS_EARLY), 1); /* nothing has changed */
    give(&at, chat("b", 52, "v"));                                   /* a duplicate changes nothing */
    assert_int_equal(at.plugin.processor->early(at.state), 0);
    assert_int_equal(count_rows(&at, "windows", TLM_ROWS_EARLY), 1);
    give(&at, chat("c", 53, "w"));
    advance(&at, after(60)); /* that window is final now */
    assert_int_equal(at.plugin.processor->early(at.state), 0);
    assert_int_equal(count_rows(&at, "windows", TLM_ROWS_EARLY), 1);
    end(&at);
}

static void inputs_are_read_again_from_the_first_event_with_a_window_open(void **state)
{
    (void)state;
    session at;
    tlm_position from = {.ordinal = -7};
    begin(&at);
    assert_int_equal(at.plugin.processor->rebuild_from(at.state, 0, &from), 0);
    assert_int_equal(from.ordinal, -7);
    give(&at, chat("a", 0, "u"));                   /* 0 */
    give(&at, chat("b", 15, "u"));                  /* 1 */
    give(&at, meta("c", 9, TLM_META_TITLE_CHANGE)); /* 2 */
    give(&at, chat("d", 25, "u"));                  /* 3 */
    give(&at, chat("e", 14, "u"));                  /* 4 */
    assert_int_equal(at.plugin.processor->rebuild_from(at.state, 0, &from), 1);
    assert_int_equal(from.ordinal, 0);
    advance(&at, after(60));
    assert_int_equal(at.plugin.processor->rebuild_from(at.state, 0, &from), 1);
    assert_int_equal(from.ordinal, 1);
    advance(&at, after(70));
    assert_int_equal(at.plugin.processor->rebuild_from(at.state, 0, &from), 1);
    assert_int_equal(from.ordinal, 3);
    advance(&at, after(80));
    assert_int_equal(at.plugin.processor->rebuild_from(at.state, 0, &from), 0);
    end(&at);
}

static void refilling_emits_counts_and_puts_nothing(void **state)
{
    (void)state;
    session at;
    begin(&at);
    give(&at, chat("a", 0, "u"));
    give(&at, meta("b", 1, TLM_META_STREAM_END));
    prepare(&at);
    restart(&at);
    refill(&at, chat("a", 0, "u"), 0);
    refill(&at, chat("a", 0, "u"), 0);
    refill(&at, meta("b", 1, TLM_META_STREAM_END), 1);
    refill(&at, chat("z", -100, "u"), 2);
    prepare(&at);
    assert_int_equal(at.plugin.processor->early(at.state), 0);
    assert_int_equal(at.lane.row_count, 0);
    assert_int_equal(at.lane.puts, 0);
    assert_int_equal(give(&at, chat("a", 0, "u")), TLM_VERDICT_DUPLICATE);
    finish(&at);
    assert_string_equal(window(&at, 0, "message_count"), "1");
    end(&at);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_duration_that_is_no_multiple_of_the_slide_is_refused),
        cmocka_unit_test(settings_name_duration_and_slide),
        cmocka_unit_test(all_is_final_when_the_last_window_of_the_highest_timestamp_ends),
        cmocka_unit_test(an_event_counts_in_every_window_it_falls_in),
        cmocka_unit_test(a_window_ends_before_its_end),
        cmocka_unit_test(the_first_minute_of_1970_has_windows_too),
        cmocka_unit_test(a_window_is_final_once_the_watermark_reaches_its_end),
        cmocka_unit_test(a_row_is_judged_by_the_watermark_before_it),
        cmocka_unit_test(an_event_is_applied_to_those_windows_that_are_still_open),
        cmocka_unit_test(stream_meta_alone_makes_no_window),
        cmocka_unit_test(a_gap_of_centuries_costs_nothing),
        cmocka_unit_test(streams_are_apart),
        cmocka_unit_test(a_duplicate_has_the_same_topic_stream_id_and_timestamp),
        cmocka_unit_test(a_duplicate_is_known_as_long_as_its_event_has_a_window_open),
        cmocka_unit_test(stream_meta_is_never_late),
        cmocka_unit_test(an_older_stream_meta_changes_nothing_that_a_newer_one_set),
        cmocka_unit_test(rates_are_rounded_half_to_even),
        cmocka_unit_test(averages_are_rounded_half_to_even),
        cmocka_unit_test(the_last_viewer_count_is_that_of_the_highest_time_then_id),
        cmocka_unit_test(viewers_are_null_without_input),
        cmocka_unit_test(viewer_sums_exceed_64_bits),
        cmocka_unit_test(the_ten_highest_emotes_are_shown_ties_by_name),
        cmocka_unit_test(money_is_summed_exactly_a_currency),
        cmocka_unit_test(nobody_and_other_kinds_are_no_chatters),
        cmocka_unit_test(chatters_are_exact_up_to_4096),
        cmocka_unit_test(above_4096_chatters_are_what_the_merged_sketch_tells),
        cmocka_unit_test(the_sketch_of_the_last_slide_is_that_of_its_chatters),
        cmocka_unit_test(panes_take_late_arrivals_after_they_were_packed),
        cmocka_unit_test(a_stream_is_live_from_its_first_event_for_15_minutes),
        cmocka_unit_test(every_event_gives_a_stream_15_minutes_more),
        cmocka_unit_test(at_the_end_of_a_replay_its_highest_timestamp_counts),
        cmocka_unit_test(after_stream_end_only_a_start_or_viewers_revive),
        cmocka_unit_test(no_row_tells_of_the_last_event_alone),
        cmocka_unit_test(late_viewers_are_not_seen),
        cmocka_unit_test(a_forgotten_stream_is_remembered_exactly),
        cmocka_unit_test(a_stream_falls_silent_across_a_restart),
        cmocka_unit_test(a_change_that_no_row_shows_outlives_its_pane),
        cmocka_unit_test(a_status_of_another_make_is_refused),
        cmocka_unit_test(a_status_cut_short_is_refused),
        cmocka_unit_test(streams_beyond_max_streams_are_dead_letters),
        cmocka_unit_test(what_was_turned_away_is_not_applied_when_read_again),
        cmocka_unit_test(what_was_turned_away_is_remembered_over_restarts),
        cmocka_unit_test(memory_is_given_back),
        cmocka_unit_test(early_rows_show_the_window_that_ends_next),
        cmocka_unit_test(inputs_are_read_again_from_the_first_event_with_a_window_open),
        cmocka_unit_test(refilling_emits_counts_and_puts_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
