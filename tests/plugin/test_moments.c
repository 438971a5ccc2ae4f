/* SPDX-License-Identifier: Apache-2.0 */
/* The moments plugin: what it raises, what it does not, what it says of it, and that a restart changes nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "moments_lab.h"

#include <math.h>

/* Rows of a stream in which nothing happens: `messages` a slide with a ripple that no baseline should mind. */
static mo_row calm(int64_t messages, int64_t slide)
{
    static const int64_t ripple[] = {0, 1, -1, 2, 0, -2, 1, 0, -1, 0};
    int64_t count = messages + (messages >= 10 ? ripple[slide % 10] * messages / 10 : 0);
    return (mo_row){.messages = count,
                    .window_messages = 6 * messages,
                    .viewers = 500 + 3 * ripple[slide % 10],
                    .sentiment = 1000 + 100 * ripple[slide % 10],
                    .positive = 30,
                    .negative = 10};
}

static void be_calm(mo_lab *lab, const char *stream, int64_t messages, int64_t from, int64_t to)
{
    for (int64_t i = from; i < to; i++)
        mo_put(lab, stream, i, calm(messages, i));
}

/* A slide with more messages, and its window. */
static mo_row spike(int64_t messages, int64_t usual)
{
    mo_row row = calm(usual, 0);
    row.messages = messages;
    row.window_messages = 5 * usual + messages;
    return row;
}

/* --- chat --------------------------------------------------------------------------------------------------------- */

static void chat_spike_is_raised_with_its_numbers(void **context)
{
    mo_lab lab;
    (void)context;
    mo_open(&lab, NULL);
    be_calm(&lab, "a", 68, 0, 60);
    assert_int_equal(mo_rows(&lab, NULL), 0);
    mo_put(&lab, "a", 60, spike(412, 68));
    assert_int_equal(lab.lane.row_count, 1);
    const lab_row *row = mo_last(&lab, "chat_spike");
    assert_string_equal(row->dataset->id, "moments");
    assert_int_equal(row->flags, TLM_ROWS_FINAL);
    assert_string_equal(mo_value(row, "stream_id"), "a");
    assert_string_equal(mo_value(row, "metric_name"), "slide_message_count");
    assert_string_equal(mo_value(row, "metric_value"), "412.0000");
    assert_string_equal(mo_value(row, "threshold"), "3.0000");
    assert_int_equal(strtoll(mo_value(row, "started_at"), NULL, 10), mo_end_ns(59));
    assert_int_equal(strtoll(mo_value(row, "peak_at"), NULL, 10), mo_end_ns(60));
    assert_true(fabs(mo_number(row, "expected") - 68) < 2);
    assert_true(mo_number(row, "z_score") > 8);
    assert_true(mo_number(row, "severity") > 0.5 && mo_number(row, "severity") < 1);
    mo_close(&lab);
}

static void chat_spike_tells_what_happened_in_a_sentence(void **context)
{
    mo_lab lab;
    (void)context;
    mo_open(&lab, NULL);
    for (int64_t i = 0; i < 60; i++)
        mo_put(&lab, "a", i, (mo_row){.messages = 68, .window_messages = 408});
    mo_put(&lab, "a", 60, (mo_row){.messages = 1412, .window_messages = 1752});
    assert_string_equal(mo_value(mo_last(&lab, "chat_spike"), "description"),
                        "Chat jumped to 1,412 messages in 10 s, about 21 times the usual 68.");
    assert_string_equal(mo_value(mo_last(&lab, "chat_spike"), "metadata"),
                        "{\"seconds\":10,\"ratio\":20.76,\"unique_chatters\":1412}");
    mo_close(&lab);
}

static void chat_of_next_to_nothing_gets_a_sentence_without_a_ratio(void **context)
{
    mo_lab lab;
    (void)context;
    mo_open(&lab, NULL);
    for (int64_t i = 0; i < 60; i++)
        mo_put(&lab, "a", i, (mo_row){.messages = 0});
    mo_put(&lab, "a", 60, (mo_row){.messages = 40, .window_messages = 40});
    assert_string_equal(mo_value(mo_last(&lab, "chat_spike"), "description"),
                        "Chat jumped to 40 messages in 10 s, where next to none are usual.");
    mo_close(&lab);
}

static void rise_that_is_weak_but_lasts_is_seen_in_whole_windows(void **context)
{
    mo_lab lab;
    (void)context;
    mo_open(&lab, NULL);
    be_calm(&lab, "a", 5, 0, 60);
    for (int64_t i = 0; i < 6; i++) {
        mo_row row = calm(5, 0);
        row.messages = 18; /* no slide by itself stands out */
        row.window_messages = 30 + 13 * (i + 1);
        mo_put(&lab, "a", 60 + i, row);
    }
    const lab_row *row = mo_last(&lab, "chat_spike");
    assert_string_equal(mo_value(row, "metric_name"), "message_count");
    assert_non_null(strstr(mo_value(row, "description"), "messages in 60 s, about"));
    mo_close(&lab);
}

static void tiny_stream_does_not_alarm_on_three_messages(void **context)
{
    mo_lab lab;
    (void)context;
    mo_open(&lab, NULL);
    for (int64_t i = 0; i < 600; i++)
        mo_put(&lab, "a", i,
               (mo_row){.messages = i % 100 == 99 ? 3 : i % 6 == 0, .window_messages = 1 + (i % 100 > 94)});
    assert_int_equal(lab.lane.row_count, 0);
    mo_put(&lab, "a", 600, (mo_row){.messages = 25, .window_messages = 26}); /* but on a crowd it does */
    assert_int_equal(mo_moments(&lab, "chat_spike"), 1);
    mo_close(&lab);
}

static void huge_stream_needs_a_huge_spike(void **context)
{
    mo_lab lab;
    (void)context;
    mo_open(&lab, NULL);
    be_calm(&lab, "a", 100000, 0, 120);
    mo_put(&lab, "a", 120, spike(150000, 100000)); /* many spreads, but not 1.6 times the usual */
    be_calm(&lab, "a", 100000, 121, 140);
    assert_int_equal(lab.lane.row_count, 0);
    mo_put(&lab, "a", 140, spike(1000000000000, 100000));
    assert_int_equal(mo_moments(&lab, "chat_spike"), 1);
    assert_string_equal(mo_value(mo_last(&lab, "chat_spike"), "metric_value"), "1000000500000.0000");
    mo_close(&lab);
}

/* --- threshold, hysteresis, merging ------------------------------------------------------------------------------- */

/* z of a slide with so many messages after an hour of calm, or 0 if nothing is raised at this threshold. */
static double z_at(const char *threshold, int64_t messages)
{
    const char *options[] = {"threshold", threshold, NULL};
    mo_lab lab;
    mo_open(&lab, options);
    be_calm(&lab, "a", 30, 0, 360);
    mo_put(&lab, "a", 360, spike(messages, 30));
    double z = lab.lane.row_count ? mo_number(mo_last(&lab, "chat_spike"), "z_score") : 0;
    mo_close(&lab);
    return z;
}

static void moment_is_raised_from_the_threshold_on_and_not_below(void **context)
{
    (void)context;
    int64_t messages = 62;
    while (z_at("3.0", messages) <= 0 && messages < 200)
        messages++;
    double z = z_at("3.0", messages);
    assert_true(z >= 3.0 && z < 3.3);
    assert_true(z_at("3.0", messages - 1) <= 0);
    assert_true(z_at("4.5", messages) <= 0);
    assert_true(z_at("4.5", 3 * messages) >= 4.5);
    /* The z-score does not depend on the threshold. */
    assert_true(fabs(z_at("2.0", messages) - z) < 1e-9);
}

static void revision_keeps_the_id_and_moves_the_peak(void **context)
{
    mo_lab lab;
    (void)context;
    mo_open(&lab, NULL);
    be_calm(&lab, "a", 30, 0, 60);
    mo_put(&lab, "a", 60, spike(120, 30));
    mo_put(&lab, "a", 61, spike(250, 30));
    mo_put(&lab, "a", 62, spike(251, 30)); /* not worth a row */
    mo_put(&lab, "a", 63, spike(90, 30));
    be_calm(&lab, "a", 30, 64, 80);
    assert_int_equal(mo_rows(&lab, "chat_spike"), 2);
    assert_int_equal(mo_moments(&lab, "chat_spike"), 1);
    const lab_row *row = mo_last(&lab, "chat_spike");
    assert_int_equal(strtoll(mo_value(row, "started_at"), NULL, 10), mo_end_ns(59));
    assert_int_equal(strtoll(mo_value(row, "peak_at"), NULL, 10), mo_end_ns(61));
    assert_string_equal(mo_value(row, "metric_value"), "250.0000");
    mo_close(&lab);
}

static void start_is_where_it_began_to_stand_out(void **context)
{
    mo_lab lab;
    (void)context;
    mo_open(&lab, NULL);
    be_calm(&lab, "a", 30, 0, 60);
    mo_row row = spike(52, 30); /* above half of the threshold, below it */
    row.window_messages = 180;
    mo_put(&lab, "a", 60, row);
    assert_int_equal(lab.lane.row_count, 0);
    mo_put(&lab, "a", 61, spike(150, 30));
    assert_int_equal(strtoll(mo_value(mo_last(&lab, "chat_spike"), "started_at"), NULL, 10), mo_end_ns(59));
    mo_close(&lab);
}

static void peaks_within_a_minute_are_one_moment(void **context)
{
    mo_lab lab;
    (void)context;
    mo_open(&lab, NULL);
    be_calm(&lab, "a", 30, 0, 60);
    mo_put(&lab, "a", 60, spike(200, 30));
    be_calm(&lab, "a", 30, 61, 66); /* 50 s of calm */
    mo_put(&lab, "a", 66, spike(300, 30));
    assert_int_equal(mo_moments(&lab, "chat_spike"), 1);
    assert_int_equal(mo_rows(&lab, "chat_spike"), 2);
    be_calm(&lab, "a", 30, 67, 73); /* 60 s */
    mo_put(&lab, "a", 73, spike(300, 30));
    assert_int_equal(mo_moments(&lab, "chat_spike"), 2);
    mo_close(&lab);
}

static void higher_peak_minutes_later_is_a_moment_of_its_own(void **context)
{
    mo_lab lab;
    (void)context;
    mo_open(&lab, NULL);
    be_calm(&lab, "a", 30, 0, 60);
    mo_put(&lab, "a", 60, spike(200, 30));
    for (int64_t i = 61; i < 75; i++)
        mo_put(&lab, "a", i, spike(150, 30)); /* it goes on */
    mo_put(&lab, "a", 75, spike(250, 30));
    assert_int_equal(mo_moments(&lab, "chat_spike"), 1); /* two and a half minutes: the same */
    for (int64_t i = 76; i < 94; i++)
        mo_put(&lab, "a", i, spike(150, 30));
    mo_put(&lab, "a", 94, spike(400, 30));
    assert_int_equal(mo_moments(&lab, "chat_spike"), 2);
    const lab_row *row = mo_last(&lab, "chat_spike");
    assert_true(fabs(mo_number(row, "expected") - 30) < 3);
    assert_int_equal(strtoll(mo_value(row, "started_at"), NULL, 10), mo_end_ns(93));
    mo_close(&lab);
}

static void long_moment_below_its_threshold_is_not_raised_anew(void **context)
{
    mo_lab lab;
    (void)context;
    mo_open(&lab, NULL);
    be_calm(&lab, "a", 30, 0, 60);
    mo_put(&lab, "a", 60, spike(200, 30));
    for (int64_t i = 61; i < 90; i++) { /* now under, now over the threshold: one moment */
        mo_row row = spike(i % 2 ? 75 : 130, 30);
        row.window_messages = 180;
        mo_put(&lab, "a", i, row);
    }
    assert_int_equal(mo_moments(&lab, "chat_spike"), 1);
    mo_close(&lab);
}

static void rows_of_one_moment_are_bounded(void **context)
{
    mo_lab lab;
    (void)context;
    mo_open(&lab, NULL);
    be_calm(&lab, "a", 30, 0, 60);
    for (int64_t i = 0; i < 50; i++)
        mo_put(&lab, "a", 60 + i, spike(100 + 20 * i, 30));
    assert_int_equal(mo_moments(&lab, "chat_spike"), 1);
    assert_int_equal(mo_rows(&lab, "chat_spike"), 20);
    mo_close(&lab);
}

static void spike_does_not_spoil_the_baseline(void **context)
{
    mo_lab lab;
    (void)context;
    mo_open(&lab, NULL);
    be_calm(&lab, "a", 30, 0, 90);
    for (int64_t i = 90; i < 110; i++)
        mo_put(&lab, "a", i, spike(500, 30));
    be_calm(&lab, "a", 30, 110, 130);
    mo_put(&lab, "a", 130, spike(200, 30));
    assert_true(fabs(mo_number(mo_last(&lab, "chat_spike"), "expected") - 30) < 3);
    assert_int_equal(mo_moments(&lab, "chat_spike"), 2);
    mo_close(&lab);
}

static void level_that_stays_is_the_new_normal(void **context)
{
    mo_lab lab;
    (void)context;
    mo_open(&lab, NULL);
    be_calm(&lab, "a", 30, 0, 90);
    be_calm(&lab, "a", 200, 90, 400);
    assert_int_equal(mo_moments(&lab, "chat_spike"), 1);
    mo_put(&lab, "a", 400, spike(900, 200));
    assert_int_equal(mo_moments(&lab, "chat_spike"), 2);
    assert_true(fabs(mo_number(mo_last(&lab, "chat_spike"), "expected") - 200) < 15);
    mo_close(&lab);
}

/* --- warm-up and gaps --------------------------------------------------------------------------------------------- */

static void nothing_is_raised_in_the_first_minutes(void **context)
{
    mo_lab lab;
    (void)context;
    mo_open(&lab, NULL);
    be_calm(&lab, "a", 30, 0, 15);
    mo_put(&lab, "a", 15, spike(500, 30));
    be_calm(&lab, "a", 30, 16, 28);
    mo_put(&lab, "a", 28, spike(500, 30)); /* ends at 4:50 */
    assert_int_equal(lab.lane.row_count, 0);
    be_calm(&lab, "a", 30, 29, 40);
    mo_put(&lab, "a", 40, spike(500, 30));
    assert_int_equal(mo_moments(&lab, "chat_spike"), 1);
    mo_close(&lab);
}

static void warm_up_begins_anew_after_a_quarter_of_an_hour_of_silence(void **context)
{
    mo_lab lab;
    (void)context;
    mo_open(&lab, NULL);
    be_calm(&lab, "a", 30, 0, 90);
    be_calm(&lab, "b", 30, 0, 90);
    be_calm(&lab, "a", 30, 179, 185); /* 15 minutes to the slide: still the same stream */
    mo_put(&lab, "a", 185, spike(500, 30));
    assert_int_equal(mo_moments(&lab, "chat_spike"), 1);
    be_calm(&lab, "b", 30, 180, 186); /* a slide more */
    mo_put(&lab, "b", 186, spike(500, 30));
    assert_int_equal(mo_moments(&lab, "chat_spike"), 1);
    mo_close(&lab);
}

static void outage_does_not_make_a_spike_of_its_end(void **context)
{
    mo_lab lab;
    (void)context;
    mo_open(&lab, NULL);
    be_calm(&lab, "a", 30, 0, 90);
    be_calm(&lab, "a", 30, 150, 240); /* ten minutes without a row */
    assert_int_equal(lab.lane.row_count, 0);
    mo_put(&lab, "a", 240, spike(200, 30));
    assert_true(fabs(mo_number(mo_last(&lab, "chat_spike"), "expected") - 30) < 3);
    mo_close(&lab);
}

static void silence_of_a_small_stream_counts_as_silence(void **context)
{
    mo_lab lab, full;
    (void)context;
    mo_open(&lab, NULL);
    mo_open(&full, NULL);
    for (int64_t i = 0; i < 360; i++) {
        mo_row row = {.messages = i % 36 == 0 ? 4 : 0, .window_messages = i % 36 < 6 ? 4 : 0};
        if (i % 36 < 6) /* other windows have no event, so no row */
            mo_put(&lab, "a", i, row);
        mo_put(&full, "a", i, row);
    }
    mo_put(&lab, "a", 360, (mo_row){.messages = 60, .window_messages = 60});
    mo_put(&full, "a", 360, (mo_row){.messages = 60, .window_messages = 60});
    assert_string_equal(mo_last(&lab, "chat_spike")->text, mo_last(&full, "chat_spike")->text);
    mo_close(&full);
    mo_close(&lab);
}

/* --- viewers ------------------------------------------------------------------------------------------------------ */

static mo_row viewers(int64_t count)
{
    return (mo_row){.messages = 10, .window_messages = 60, .viewers = count};
}

static void be_watched(mo_lab *lab, int64_t count, int64_t from, int64_t to)
{
    for (int64_t i = from; i < to; i++)
        mo_put(lab, "a", i, viewers(count + (i % 5 - 2) * count / 100));
}

static void viewer_surge_is_raised_and_told(void **context)
{
    mo_lab lab;
    (void)context;
    mo_open(&lab, NULL);
    be_watched(&lab, 540, 0, 60);
    assert_int_equal(lab.lane.row_count, 0);
    mo_put(&lab, "a", 60, viewers(700));
    mo_put(&lab, "a", 61, viewers(1040));
    assert_int_equal(mo_moments(&lab, NULL), 1);
    const lab_row *row = mo_last(&lab, "viewer_surge");
    assert_string_equal(mo_value(row, "metric_name"), "viewer_count");
    assert_string_equal(mo_value(row, "metric_value"), "1040.0000");
    const char *sentence = mo_value(row, "description");
    assert_memory_equal(sentence, "Viewers rose to 1,040, 9", 24);
    assert_non_null(strstr(sentence, "% more than the 5"));
    assert_int_equal(strtoll(mo_value(row, "started_at"), NULL, 10), mo_end_ns(59));
    mo_close(&lab);
}

static void viewer_drop_is_raised_and_told(void **context)
{
    mo_lab lab;
    (void)context;
    mo_open(&lab, NULL);
    be_watched(&lab, 540, 0, 60);
    mo_put(&lab, "a", 60, viewers(250));
    const lab_row *row = mo_last(&lab, "viewer_drop");
    assert_true(mo_number(row, "z_score") <= -3);
    assert_memory_equal(mo_value(row, "description"), "Viewers fell to 250, 5", 22);
    assert_non_null(strstr(mo_value(row, "description"), "% fewer than the 5"));
    mo_close(&lab);
}

static void surge_that_ebbs_away_is_no_drop(void **context)
{
    mo_lab lab;
    (void)context;
    mo_open(&lab, NULL);
    be_watched(&lab, 500, 0, 90);
    for (int64_t i = 90; i < 500; i++)
        mo_put(&lab, "a", i, viewers(500 + (int64_t)(600 * exp(-(double)(i - 90) / 90))));
    assert_int_equal(mo_moments(&lab, "viewer_surge"), 1);
    assert_int_equal(mo_moments(&lab, "viewer_drop"), 0);
    mo_close(&lab);
}

static void drop_right_after_a_surge_is_raised_at_once(void **context)
{
    mo_lab lab;
    (void)context;
    mo_open(&lab, NULL);
    be_watched(&lab, 500, 0, 90);
    mo_put(&lab, "a", 90, viewers(1000));
    mo_put(&lab, "a", 91, viewers(100));
    assert_int_equal(mo_moments(&lab, "viewer_surge"), 1);
    assert_int_equal(mo_moments(&lab, "viewer_drop"), 1);
    mo_close(&lab);
}

static void stream_that_grows_steadily_has_no_surge(void **context)
{
    mo_lab lab;
    (void)context;
    mo_open(&lab, NULL);
    for (int64_t i = 0; i < 360; i++)
        mo_put(&lab, "a", i, viewers((int64_t)(2000 * (1 - 0.9 * exp(-(double)i / 60)))));
    assert_int_equal(lab.lane.row_count, 0);
    mo_close(&lab);
}

static void few_viewers_more_are_no_surge(void **context)
{
    mo_lab lab;
    (void)context;
    mo_open(&lab, NULL);
    for (int64_t i = 0; i < 200; i++)
        mo_put(&lab, "a", i, viewers(i % 50 == 49 ? 11 : 2 + i % 2));
    assert_int_equal(lab.lane.row_count, 0);
    mo_close(&lab);
}

static void viewers_told_once_a_minute_are_followed_too(void **context)
{
    mo_lab lab;
    (void)context;
    mo_open(&lab, NULL);
    for (int64_t i = 0; i < 120; i++)
        mo_put(&lab, "a", i, viewers(i % 6 ? 0 : 500 + i % 4));
    assert_int_equal(lab.lane.row_count, 0);
    mo_put(&lab, "a", 120, viewers(1200));
    mo_put(&lab, "a", 126, viewers(1300));
    assert_int_equal(mo_moments(&lab, "viewer_surge"), 1);
    mo_close(&lab);
}

/* --- donations ---------------------------------------------------------------------------------------------------- */

/* A minute, six windows, in which so much is given at its start. */
static void give(mo_lab *lab, int64_t slide, int64_t transactions, const char *amounts, int64_t bits)
{
    for (int64_t i = 0; i < 6; i++)
        mo_put(
            lab, "a", slide + i,
            (mo_row){
                .messages = 10, .window_messages = 60, .transactions = transactions, .amounts = amounts, .bits = bits});
}

static void be_given(mo_lab *lab, int64_t from, int64_t to)
{
    for (int64_t i = from; i < to; i += 6)
        give(lab, i, i % 30 == 0, i % 30 == 0 ? "{\"USD\":\"4.99\"}" : NULL, 0);
}

static void many_transactions_are_a_burst(void **context)
{
    mo_lab lab;
    (void)context;
    mo_open(&lab, NULL);
    be_given(&lab, 0, 120);
    assert_int_equal(lab.lane.row_count, 0);
    give(&lab, 120, 18, "{\"ZZZ\":\"1\"}", 0);
    const lab_row *row = mo_last(&lab, "donation_burst");
    assert_int_equal(mo_rows(&lab, NULL), 1);
    assert_string_equal(mo_value(row, "metric_name"), "payment_count");
    assert_string_equal(mo_value(row, "metric_value"), "18.0000");
    assert_string_equal(mo_value(row, "description"), "18 donations, subscriptions, gifts and cheers came in 60 s, "
                                                      "where next to none are usual.");
    mo_close(&lab);
}

static void gift_of_many_counts_as_many(void **context)
{
    mo_lab lab;
    (void)context;
    mo_open(&lab, NULL);
    be_given(&lab, 0, 120);
    mo_put(&lab, "a", 120,
           (mo_row){.messages = 10, .transactions = 1, .payments = 20, .amounts = "{\"USD\":\"99.8\"}"});
    const lab_row *row = mo_last(&lab, "donation_burst");
    assert_string_equal(mo_value(row, "metric_value"), "20.0000");
    assert_string_equal(mo_value(row, "metadata"), "{\"seconds\":60,\"payment_count\":20,\"transaction_count\":1,"
                                                   "\"bits\":0,\"amounts\":{\"USD\":\"99.8\"}}");
    mo_close(&lab);
}

/* A minute, six windows, in which this stands at its start. */
static void give_gifts(mo_lab *lab, int64_t slide, int64_t transactions, int64_t payments)
{
    for (int64_t i = 0; i < 6; i++)
        mo_put(lab, "a", slide + i,
               (mo_row){.messages = 10, .window_messages = 60, .transactions = transactions, .payments = payments});
}

static void gift_of_five_is_a_burst_among_many_payments(void **context)
{
    mo_lab lab;
    (void)context;
    mo_open(&lab, NULL);
    for (int64_t i = 0; i < 360; i += 6)
        give_gifts(&lab, i, 2 + i / 6 % 4, 2 + i / 6 % 4);
    assert_int_equal(lab.lane.row_count, 0);
    give_gifts(&lab, 360, 3, 7);
    const lab_row *row = mo_last(&lab, "donation_burst");
    assert_int_equal(mo_rows(&lab, NULL), 1);
    assert_string_equal(mo_value(row, "metric_name"), "gift_count");
    assert_string_equal(mo_value(row, "metric_value"), "5.0000");
    assert_string_equal(mo_value(row, "expected"), "0.0333");
    assert_string_equal(mo_value(row, "z_score"), "4.40");
    assert_string_equal(mo_value(row, "description"),
                        "At least 5 subscriptions were given away within 10 s, where next to none are usual in 60 s.");
    assert_string_equal(mo_value(row, "metadata"),
                        "{\"seconds\":60,\"payment_count\":7,\"transaction_count\":3,\"bits\":0,\"amounts\":{}}");
    mo_close(&lab);
}

static void gifts_of_less_than_min_transactions_are_no_burst(void **context)
{
    static const char *const four[] = {"min_transactions", "4", NULL};
    for (int i = 0; i < 2; i++) {
        mo_lab lab;
        (void)context;
        mo_open(&lab, i ? four : NULL);
        for (int64_t at = 0; at < 360; at += 6)
            give_gifts(&lab, at, 4, 4);
        give_gifts(&lab, 360, 4, 7);
        assert_int_equal(mo_moments(&lab, "donation_burst"), i);
        mo_close(&lab);
    }
}

static void small_gifts_of_a_minute_do_not_add_up_to_a_large_one(void **context)
{
    mo_lab lab;
    (void)context;
    mo_open(&lab, NULL);
    for (int64_t i = 0; i < 360; i += 6)
        give_gifts(&lab, i, 8, 8);
    for (int64_t i = 0; i < 6; i++) /* one of two in each slide */
        mo_put(&lab, "a", 360 + i,
               (mo_row){.messages = 10, .window_messages = 60, .transactions = 8, .payments = 9 + i});
    assert_int_equal(lab.lane.row_count, 0);
    mo_put(&lab, "a", 366, (mo_row){.messages = 10, .window_messages = 60, .transactions = 8, .payments = 18});
    const lab_row *row = mo_last(&lab, "donation_burst");
    assert_string_equal(mo_value(row, "metric_name"), "gift_count");
    assert_string_equal(mo_value(row, "metric_value"), "5.0000");
    mo_close(&lab);
}

static void gift_after_a_silence_is_told_from_the_one_before_it(void **context)
{
    mo_lab lab;
    (void)context;
    mo_open(&lab, NULL);
    for (int64_t i = 0; i < 60; i += 6)
        give_gifts(&lab, i, 1, 1);
    give_gifts(&lab, 60, 1, 5); /* then nothing, not even chat, for five minutes */
    give_gifts(&lab, 96, 1, 5);
    assert_int_equal(mo_moments(&lab, "donation_burst"), 2);
    mo_close(&lab);
}

static void gifts_that_come_all_the_time_are_no_bursts_but_a_large_one_is(void **context)
{
    mo_lab lab;
    (void)context;
    mo_open(&lab, NULL);
    for (int64_t i = 0; i < 720; i += 6) /* one of five every other minute */
        give_gifts(&lab, i, 3, i % 12 ? 3 : 7);
    lab_lane_clear_rows(&lab.lane);
    for (int64_t i = 720; i < 1080; i += 6)
        give_gifts(&lab, i, 3, i % 12 ? 3 : 7);
    assert_int_equal(lab.lane.row_count, 0);
    give_gifts(&lab, 1080, 3, 52);
    assert_string_equal(mo_value(mo_last(&lab, "donation_burst"), "metric_value"), "50.0000");
    mo_close(&lab);
}

static void large_amount_is_a_burst_by_its_money(void **context)
{
    mo_lab lab;
    (void)context;
    mo_open(&lab, NULL);
    be_given(&lab, 0, 120);
    give(&lab, 120, 1, "{\"EUR\":\"3\",\"USD\":\"499.00\"}", 0);
    const lab_row *row = mo_last(&lab, "donation_burst");
    assert_string_equal(mo_value(row, "metric_name"), "amount");
    assert_string_equal(mo_value(row, "metric_value"), "499.0000");
    assert_string_equal(mo_value(row, "description"),
                        "499.00 USD came in 60 s, about 100 times the 5.00 that a minute with money usually brings.");
    assert_string_equal(mo_value(row, "metadata"),
                        "{\"seconds\":60,\"currency\":\"USD\",\"payment_count\":1,\"transaction_count\":1,\"bits\":0,"
                        "\"amounts\":{\"EUR\":\"3\",\"USD\":\"499.00\"}}");
    mo_close(&lab);
}

static void bits_are_a_burst_too_and_told_as_bits(void **context)
{
    mo_lab lab;
    (void)context;
    mo_open(&lab, NULL);
    be_given(&lab, 0, 120);
    give(&lab, 120, 1, NULL, 100000);
    const lab_row *row = mo_last(&lab, "donation_burst");
    assert_string_equal(mo_value(row, "metric_name"), "bits");
    assert_string_equal(mo_value(row, "metric_value"), "100000.0000");
    assert_string_equal(mo_value(row, "description"),
                        "100,000 bits came in 60 s, about 200 times the 500 that a minute with money usually brings.");
    mo_close(&lab);
}

static void amounts_that_vary_widely_are_no_bursts(void **context)
{
    static const char *const amounts[] = {"{\"USD\":\"1\"}",   "{\"USD\":\"50\"}", "{\"USD\":\"5\"}",
                                          "{\"USD\":\"100\"}", "{\"USD\":\"2\"}",  "{\"USD\":\"20\"}"};
    mo_lab lab;
    (void)context;
    mo_open(&lab, NULL);
    for (int64_t i = 0; i < 720; i += 12)
        give(&lab, i, 1, amounts[i / 12 % 6], 0);
    assert_int_equal(lab.lane.row_count, 0);
    mo_close(&lab);
}

static void currency_without_a_guess_is_learned_first(void **context)
{
    mo_lab lab;
    (void)context;
    mo_open(&lab, NULL);
    be_given(&lab, 0, 60);
    give(&lab, 60, 1, "{\"JPY\":\"1000\"}", 0);
    give(&lab, 72, 1, "{\"JPY\":\"300000\"}", 0); /* could be much, could be little */
    for (int64_t i = 84; i < 200; i += 12)
        give(&lab, i, 1, i % 24 ? "{\"JPY\":\"900\"}" : "{\"JPY\":\"1100\"}", 0);
    assert_int_equal(lab.lane.row_count, 0);
    give(&lab, 204, 1, "{\"JPY\":\"300000\"}", 0);
    assert_non_null(strstr(mo_value(mo_last(&lab, "donation_burst"), "description"), "300,000.00 JPY came in 60 s"));
    mo_close(&lab);
}

static void generous_stream_needs_more_for_a_burst(void **context)
{
    mo_lab lab;
    (void)context;
    mo_open(&lab, NULL);
    for (int64_t i = 0; i < 360; i += 6)
        give(&lab, i, 10 + i % 4, "{\"USD\":\"100\"}", 0);
    lab_lane_clear_rows(&lab.lane);
    give(&lab, 360, 14, "{\"USD\":\"200\"}", 0);
    assert_int_equal(lab.lane.row_count, 0);
    give(&lab, 372, 60, "{\"USD\":\"1000\"}", 0);
    assert_int_equal(mo_moments(&lab, "donation_burst"), 1);
    mo_close(&lab);
}

static void broken_amounts_harm_nothing(void **context)
{
    static const char *const texts[] = {"",
                                        "{",
                                        "{\"",
                                        "{\"USD\"",
                                        "{\"USD\":\"",
                                        "{\"USD\":\"x\"}",
                                        "[]",
                                        "{\"USD\":\"1\",\"",
                                        "{\"U\":\"5\"}",
                                        "{\"USD\":5}"};
    mo_lab lab;
    (void)context;
    mo_open(&lab, NULL);
    for (size_t i = 0; i < TLM_COUNT(texts); i++)
        mo_put(&lab, "a", (int64_t)i, (mo_row){.messages = 1, .transactions = 1, .amounts = texts[i]});
    assert_int_equal(lab.lane.row_count, 0);
    mo_close(&lab);
}

/* --- sentiment ---------------------------------------------------------------------------------------------------- */

static void shift_of_mood_is_raised_in_both_directions(void **context)
{
    static const struct {
        int64_t sentiment, positive, negative;
        const char *sentence;
    } shifts[] = {
        {-4200, 4, 40,
         "Chat's mood fell to -0.42 over 60 s, from a usual +0.10 (-1 to +1): 4 positive and 40 negative messages."},
        {8000, 60, 0,
         "Chat's mood rose to +0.80 over 60 s, from a usual +0.10 (-1 to +1): 60 positive and 0 negative messages."}};
    (void)context;
    for (size_t i = 0; i < TLM_COUNT(shifts); i++) {
        mo_lab lab;
        mo_open(&lab, NULL);
        be_calm(&lab, "a", 30, 0, 60);
        mo_row row = calm(30, 0);
        row.sentiment = shifts[i].sentiment;
        row.positive = shifts[i].positive;
        row.negative = shifts[i].negative;
        mo_put(&lab, "a", 60, row);
        const lab_row *shift = mo_last(&lab, "sentiment_shift");
        assert_string_equal(mo_value(shift, "metric_name"), "sentiment");
        assert_string_equal(mo_value(shift, "description"), shifts[i].sentence);
        assert_true((mo_number(shift, "z_score") > 0) == (i == 1));
        mo_close(&lab);
    }
}

static void mood_that_rises_with_a_spike_is_part_of_it(void **context)
{
    mo_lab lab;
    (void)context;
    mo_open(&lab, NULL);
    be_calm(&lab, "a", 30, 0, 60);
    mo_row row = spike(300, 30);
    row.sentiment = 8000;
    row.positive = 200;
    row.negative = 0;
    mo_put(&lab, "a", 60, row);
    assert_int_equal(mo_moments(&lab, "sentiment_shift"), 0);
    row.sentiment = -8000; /* but anger is news */
    row.positive = 0;
    row.negative = 200;
    mo_put(&lab, "a", 61, row);
    assert_int_equal(mo_moments(&lab, "sentiment_shift"), 1);
    mo_close(&lab);
}

static void mood_of_a_few_messages_is_no_shift(void **context)
{
    mo_lab lab;
    (void)context;
    mo_open(&lab, NULL);
    be_calm(&lab, "a", 30, 0, 60);
    mo_row row = calm(30, 0);
    row.sentiment = -9000;
    row.positive = 0;
    row.negative = 9;
    mo_put(&lab, "a", 60, row);
    row.negative = 12; /* a dozen can be judged, but a smaller shift of theirs may be chance */
    row.sentiment = -2500;
    mo_put(&lab, "a", 61, row);
    assert_int_equal(lab.lane.row_count, 0);
    mo_close(&lab);
}

/* --- raids -------------------------------------------------------------------------------------------------------- */

/* A batch of one raid, given to the lane as the host does. */
static void raid(mo_lab *lab, const char *id, const char *from, int64_t viewer_count, uint8_t verdict, uint32_t refill)
{
    const lab_event event = {.kind = TLM_EVENT_STREAM_META,
                             .time_ns = MO_EPOCH_NS + 5 * LAB_SECOND / 2,
                             .stream = "a",
                             .id = id,
                             .meta = TLM_META_RAID_INCOMING};
    const lab_event *events[] = {&event};
    const uint32_t rows[] = {0};
    const int64_t watermarks[] = {INT64_MIN};
    lab_batch batch;
    lab_batch_init(&batch, events, 1);
    tlm_span name = lab_span(&batch, from);
    tlm_stream_meta *detail = (void *)(batch.arena + batch.event[0].as.detail.offset);
    detail->raid_from = name;
    detail->raid_viewer_count = viewer_count;
    batch.events.arena = batch.arena;
    tlm_event_view view = {.batch = &batch.events,
                           .rows = rows,
                           .watermarks = watermarks,
                           .verdicts = &verdict,
                           .count = 1,
                           .refill = refill};
    assert_int_equal(lab->processor->events(lab->state, &view), 0);
    lab_batch_finish(&batch);
}

static void raid_is_told_at_once_even_of_a_new_stream(void **context)
{
    mo_lab lab;
    (void)context;
    mo_open(&lab, NULL);
    raid(&lab, "e1", "friend", 1324, TLM_VERDICT_APPLIED, 0);
    const lab_row *row = mo_last(&lab, "raid");
    assert_string_equal(mo_value(row, "description"), "A raid from friend brought 1,324 viewers.");
    assert_string_equal(mo_value(row, "metadata"), "{\"from_channel\":\"friend\",\"viewer_count\":1324}");
    assert_string_equal(mo_value(row, "metric_name"), "raid_viewers");
    assert_string_equal(mo_value(row, "metric_value"), "1324.0000");
    assert_string_equal(mo_value(row, "expected"), "0.0000");
    assert_int_equal(strtoll(mo_value(row, "peak_at"), NULL, 10), MO_EPOCH_NS + 5 * LAB_SECOND / 2);
    assert_true(mo_number(row, "z_score") > 50);
    mo_close(&lab);
}

static void raid_without_its_size_or_name_is_told_as_far_as_known(void **context)
{
    mo_lab lab;
    (void)context;
    mo_open(&lab, NULL);
    raid(&lab, "e1", NULL, INT64_MIN, TLM_VERDICT_APPLIED, 0);
    assert_string_equal(mo_value(mo_last(&lab, "raid"), "description"), "A raid arrived.");
    assert_string_equal(mo_value(mo_last(&lab, "raid"), "metric_value"), "null");
    assert_string_equal(mo_value(mo_last(&lab, "raid"), "z_score"), "null");
    assert_string_equal(mo_value(mo_last(&lab, "raid"), "metadata"), "{\"from_channel\":null,\"viewer_count\":null}");
    raid(&lab, "e2", "friend", 1, TLM_VERDICT_APPLIED, 0);
    assert_string_equal(mo_value(mo_last(&lab, "raid"), "description"), "A raid from friend brought 1 viewer.");
    mo_close(&lab);
}

static void raid_of_a_channel_with_a_long_name_fits(void **context)
{
    mo_lab lab;
    char name[256];
    (void)context;
    memset(name, 'n', 255);
    name[255] = '\0';
    mo_open(&lab, NULL);
    raid(&lab, "e1", name, 9223372036854775807, TLM_VERDICT_APPLIED, 0);
    const char *sentence = mo_value(mo_last(&lab, "raid"), "description");
    assert_non_null(strstr(sentence, name));
    assert_non_null(strstr(sentence, " viewers."));
    mo_close(&lab);
}

static void raid_that_was_not_applied_or_only_refills_is_not_told(void **context)
{
    mo_lab lab;
    (void)context;
    mo_open(&lab, NULL);
    raid(&lab, "e1", "friend", 10, TLM_VERDICT_DUPLICATE, 0);
    raid(&lab, "e2", "friend", 10, TLM_VERDICT_DEAD_LETTER, 0);
    raid(&lab, "e3", "friend", 10, TLM_VERDICT_APPLIED, 1);
    assert_int_equal(lab.lane.row_count, 0);
    mo_close(&lab);
}

/* --- ids ---------------------------------------------------------------------------------------------------------- */

static void ids_are_those_of_the_contract(void **context)
{
    mo_lab lab;
    (void)context;
    mo_open(&lab, NULL);
    raid(&lab, "e1", "friend", 10, TLM_VERDICT_APPLIED, 0);
    /* printf 'a\0raid\0e1' | sha256sum */
    assert_string_equal(mo_value(mo_last(&lab, "raid"), "moment_id"), "1203d36a951b5b383cde498a3d61d06a");
    be_calm(&lab, "a", 30, 0, 60);
    mo_put(&lab, "a", 60, spike(300, 30));
    /* printf 'a\0chat_spike\0%d' 1767226150000 | sha256sum: the start of the window that ends at 00:10:10 */
    assert_string_equal(mo_value(mo_last(&lab, "chat_spike"), "moment_id"), "28f18918c6c135f9efdbf5a7cd0877df");
    mo_close(&lab);
}

/* --- restarts ----------------------------------------------------------------------------------------------------- */

/* A busy stretch of a stream in which all kinds come up. */
static mo_row eventful(int64_t slide)
{
    mo_row row = calm(30, slide);
    row.messages += slide * 7919 % 13;
    if (slide % 97 > 90)
        row.messages = row.window_messages = 200 + slide % 97;
    if (slide % 131 > 120)
        row.viewers *= 2;
    if (slide % 149 > 140)
        row.sentiment = -5000, row.negative = 50;
    row.transactions = slide / 6 % 5 == 0;
    row.amounts = row.transactions ? "{\"USD\":\"4.99\",\"JPY\":\"500\"}" : NULL;
    if (slide % 163 > 156)
        row.transactions = 30, row.bits = 70000;
    row.payments = row.transactions + (slide % 173 > 168 ? 4 + slide % 3 : slide % 30 == 29);
    return row;
}

static void watch_eventful(mo_lab *lab, int64_t restart_every, int64_t flush_every)
{
    for (int64_t i = 0; i < 700; i++) {
        if (i % 50 != 49) { /* some windows have no row */
            mo_put(lab, "a", i, eventful(i));
            mo_put(lab, "b", i, eventful(i * 3));
        }
        if (i % flush_every == 0 || i % restart_every == 0)
            mo_flush(lab);
        if (i % restart_every == 0)
            mo_restart(lab);
    }
}

static void restart_at_any_flush_changes_nothing(void **context)
{
    static const int64_t every[] = {1, 2, 7, 61, 100000};
    mo_lab whole;
    (void)context;
    mo_open(&whole, NULL);
    watch_eventful(&whole, 100000, 100000);
    assert_true(mo_moments(&whole, "chat_spike") > 2 && mo_moments(&whole, "viewer_surge") > 2);
    assert_true(mo_moments(&whole, "donation_burst") > 2 && mo_moments(&whole, "sentiment_shift") > 2);
    for (size_t i = 0; i < TLM_COUNT(every); i++) {
        mo_lab lab;
        mo_open(&lab, NULL);
        watch_eventful(&lab, every[i], 5);
        assert_int_equal(lab.lane.row_count, whole.lane.row_count);
        for (size_t j = 0; j < whole.lane.row_count; j++)
            assert_string_equal(lab.lane.rows[j].text, whole.lane.rows[j].text);
        mo_close(&lab);
    }
    mo_close(&whole);
}

static void broken_state_is_refused_and_never_read_past_its_end(void **context)
{
    mo_lab lab;
    tlm_error error = {{0}};
    (void)context;
    mo_open(&lab, NULL);
    watch_eventful(&lab, 100000, 95);
    mo_flush(&lab);
    lab.processor->lane_close(lab.state);
    lab_state *saved = &lab.lane.states[0];
    char *whole = lab_copy(saved->value, saved->value_size);
    size_t size = saved->value_size;
    for (size_t cut = 0; cut < size; cut++) {
        free(saved->value);
        saved->value = lab_copy(whole, cut);
        saved->value_size = cut;
        assert_int_equal(lab.processor->lane_open(lab.instance, &lab.lane.lane, &lab.state, &error), -EINVAL);
    }
    assert_non_null(strstr(error.text, "start with a new checkpoint"));
    free(saved->value);
    saved->value = whole;
    saved->value_size = size;
    mo_open_lane(&lab);
    mo_close(&lab);
}

static void streams_that_are_gone_are_forgotten_with_their_state(void **context)
{
    mo_lab lab;
    (void)context;
    mo_open(&lab, NULL);
    for (int i = 0; i < 1000; i++) {
        char name[16];
        snprintf(name, sizeof name, "s%d", i);
        mo_put(&lab, name, 10, calm(30, 0));
    }
    mo_put(&lab, "late", 40, calm(30, 0));
    mo_flush(&lab);
    uint64_t full = lab.processor->size_bytes(lab.state);
    assert_int_equal(lab.lane.state_count, 1001);
    assert_int_equal(lab.processor->advance(lab.state, mo_end_ns(99), mo_end_ns(99)), 0);
    mo_flush(&lab);
    assert_true(lab.lane.states[0].value_size > 0); /* a row could still come within the quarter of an hour */
    assert_int_equal(lab.processor->advance(lab.state, mo_end_ns(100), mo_end_ns(100)), 0);
    mo_flush(&lab);
    size_t left = 0;
    for (size_t i = 0; i < lab.lane.state_count; i++)
        left += lab.lane.states[i].value_size > 0;
    assert_int_equal(left, 1);
    assert_true(lab.processor->size_bytes(lab.state) < full / 10);
    mo_close(&lab);
}

static void saved_state_of_a_stream_is_small(void **context)
{
    mo_lab lab;
    (void)context;
    mo_open(&lab, NULL);
    watch_eventful(&lab, 100000, 100000);
    mo_flush(&lab);
    for (size_t i = 0; i < lab.lane.state_count; i++)
        assert_true(lab.lane.states[i].value_size < 300);
    mo_close(&lab);
}

static void only_changed_streams_are_saved(void **context)
{
    mo_lab lab;
    (void)context;
    mo_open(&lab, NULL);
    be_calm(&lab, "a", 30, 0, 5);
    be_calm(&lab, "b", 30, 0, 5);
    mo_flush(&lab);
    assert_int_equal(lab.lane.puts, 2);
    mo_flush(&lab);
    assert_int_equal(lab.lane.puts, 2);
    be_calm(&lab, "b", 30, 5, 6);
    mo_flush(&lab);
    assert_int_equal(lab.lane.puts, 3);
    mo_close(&lab);
}

/* --- rows that are not for it, and options --------------------------------------------------------------------------
 */

static void early_rows_are_ignored(void **context)
{
    mo_lab lab;
    (void)context;
    mo_open(&lab, NULL);
    be_calm(&lab, "a", 30, 0, 60);
    mo_row row = spike(500, 30);
    assert_int_equal(mo_put_flags(&lab, "a", 60, &row, TLM_ROWS_EARLY), 0);
    assert_int_equal(lab.lane.row_count, 0);
    mo_put(&lab, "a", 60, row);
    assert_int_equal(mo_moments(&lab, "chat_spike"), 1);
    mo_close(&lab);
}

static void windows_that_are_no_multiple_of_their_slide_stop_with_a_sentence(void **context)
{
    tlm_cell cells[MO_COLUMNS] = {[MO_START] = mo_integer(mo_end_ns(0) - MO_DURATION_NS),
                                  [MO_END] = mo_integer(mo_end_ns(0)),
                                  [MO_STREAM] = mo_text("a")};
    static const int64_t slides_ns[] = {0, -1, MO_DURATION_NS / 4 + 1, 2 * MO_DURATION_NS};
    mo_lab lab;
    (void)context;
    mo_open(&lab, NULL);
    for (size_t i = 0; i < TLM_COUNT(slides_ns); i++) {
        cells[MO_SLIDE_START] = mo_integer(mo_end_ns(0) - slides_ns[i]);
        assert_int_equal(lab.reader->row(lab.state, &mo_windows, TLM_ROWS_FINAL, cells), -EINVAL);
        assert_non_null(strstr(lab.host.log, "the windows that moments read are no multiple of their slide"));
    }
    mo_close(&lab);
}

static void dataset_without_a_needed_column_stops_with_a_sentence(void **context)
{
    tlm_column columns[MO_COLUMNS];
    tlm_dataset other = mo_windows;
    tlm_cell cells[MO_COLUMNS] = {0};
    mo_lab lab;
    (void)context;
    memcpy(columns, mo_columns, sizeof columns);
    columns[MO_MESSAGES].type = TLM_COLUMN_TEXT;
    other.columns = columns;
    mo_open(&lab, NULL);
    assert_int_equal(lab.reader->row(lab.state, &other, TLM_ROWS_FINAL, cells), -EINVAL);
    assert_non_null(strstr(lab.host.log, "no column \"slide_message_count\""));
    mo_close(&lab);
}

static void only_the_kinds_asked_for_are_raised(void **context)
{
    static const char *const options[] = {"kinds", "viewer_drop,raid", NULL};
    mo_lab lab;
    (void)context;
    mo_open(&lab, options);
    watch_eventful(&lab, 100000, 100000);
    raid(&lab, "e1", "friend", 10, TLM_VERDICT_APPLIED, 0);
    mo_put(&lab, "a", 701, viewers(20));
    assert_int_equal(mo_rows(&lab, NULL), mo_rows(&lab, "viewer_drop") + mo_rows(&lab, "raid"));
    assert_int_equal(mo_moments(&lab, "raid"), 1);
    assert_true(mo_moments(&lab, "viewer_drop") >= 1);
    mo_close(&lab);
}

static void unknown_kind_is_refused_with_a_sentence(void **context)
{
    test_host host;
    tlm_instance *instance = NULL;
    tlm_error error = {{0}};
    (void)context;
    test_host_init(&host);
    const tlm_component *component = test_component("moments", "moments");
    void *config = test_config(component);
    test_config_set(component, config, "kinds", "raid,chat_spikes");
    assert_int_equal(component->create(&host.public, config, &instance, &error), -EINVAL);
    assert_non_null(strstr(error.text, "found \"chat_spikes\""));
    assert_null(instance);
    test_config_free(component, config);
    pthread_mutex_destroy(&host.lock);
}

static void settings_tell_what_the_state_depends_on(void **context)
{
    static const char *const names[] = {"threshold",    "warm_up",     "merge",           "kinds",
                                        "min_messages", "min_viewers", "min_transactions"};
    static const char *const values[] = {"3.5", "6m", "90s", "raid", "11", "11", "6"};
    mo_lab standard;
    (void)context;
    mo_open(&standard, NULL);
    for (size_t i = 0; i < TLM_COUNT(names); i++) {
        const char *options[] = {names[i], values[i], NULL};
        mo_lab lab;
        mo_open(&lab, options);
        assert_string_not_equal(lab.processor->settings(lab.instance), standard.processor->settings(standard.instance));
        mo_close(&lab);
    }
    mo_close(&standard);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chat_spike_is_raised_with_its_numbers),
        cmocka_unit_test(chat_spike_tells_what_happened_in_a_sentence),
        cmocka_unit_test(chat_of_next_to_nothing_gets_a_sentence_without_a_ratio),
        cmocka_unit_test(rise_that_is_weak_but_lasts_is_seen_in_whole_windows),
        cmocka_unit_test(tiny_stream_does_not_alarm_on_three_messages),
        cmocka_unit_test(huge_stream_needs_a_huge_spike),
        cmocka_unit_test(moment_is_raised_from_the_threshold_on_and_not_below),
        cmocka_unit_test(revision_keeps_the_id_and_moves_the_peak),
        cmocka_unit_test(start_is_where_it_began_to_stand_out),
        cmocka_unit_test(peaks_within_a_minute_are_one_moment),
        cmocka_unit_test(higher_peak_minutes_later_is_a_moment_of_its_own),
        cmocka_unit_test(long_moment_below_its_threshold_is_not_raised_anew),
        cmocka_unit_test(rows_of_one_moment_are_bounded),
        cmocka_unit_test(spike_does_not_spoil_the_baseline),
        cmocka_unit_test(level_that_stays_is_the_new_normal),
        cmocka_unit_test(nothing_is_raised_in_the_first_minutes),
        cmocka_unit_test(warm_up_begins_anew_after_a_quarter_of_an_hour_of_silence),
        cmocka_unit_test(outage_does_not_make_a_spike_of_its_end),
        cmocka_unit_test(silence_of_a_small_stream_counts_as_silence),
        cmocka_unit_test(viewer_surge_is_raised_and_told),
        cmocka_unit_test(viewer_drop_is_raised_and_told),
        cmocka_unit_test(surge_that_ebbs_away_is_no_drop),
        cmocka_unit_test(drop_right_after_a_surge_is_raised_at_once),
        cmocka_unit_test(stream_that_grows_steadily_has_no_surge),
        cmocka_unit_test(few_viewers_more_are_no_surge),
        cmocka_unit_test(viewers_told_once_a_minute_are_followed_too),
        cmocka_unit_test(many_transactions_are_a_burst),
        cmocka_unit_test(gift_of_many_counts_as_many),
        cmocka_unit_test(gift_of_five_is_a_burst_among_many_payments),
        cmocka_unit_test(gifts_of_less_than_min_transactions_are_no_burst),
        cmocka_unit_test(small_gifts_of_a_minute_do_not_add_up_to_a_large_one),
        cmocka_unit_test(gift_after_a_silence_is_told_from_the_one_before_it),
        cmocka_unit_test(gifts_that_come_all_the_time_are_no_bursts_but_a_large_one_is),
        cmocka_unit_test(large_amount_is_a_burst_by_its_money),
        cmocka_unit_test(amounts_that_vary_widely_are_no_bursts),
        cmocka_unit_test(bits_are_a_burst_too_and_told_as_bits),
        cmocka_unit_test(currency_without_a_guess_is_learned_first),
        cmocka_unit_test(generous_stream_needs_more_for_a_burst),
        cmocka_unit_test(broken_amounts_harm_nothing),
        cmocka_unit_test(shift_of_mood_is_raised_in_both_directions),
        cmocka_unit_test(mood_that_rises_with_a_spike_is_part_of_it),
        cmocka_unit_test(mood_of_a_few_messages_is_no_shift),
        cmocka_unit_test(raid_is_told_at_once_even_of_a_new_stream),
        cmocka_unit_test(raid_without_its_size_or_name_is_told_as_far_as_known),
        cmocka_unit_test(raid_of_a_channel_with_a_long_name_fits),
        cmocka_unit_test(raid_that_was_not_applied_or_only_refills_is_not_told),
        cmocka_unit_test(ids_are_those_of_the_contract),
        cmocka_unit_test(restart_at_any_flush_changes_nothing),
        cmocka_unit_test(broken_state_is_refused_and_never_read_past_its_end),
        cmocka_unit_test(streams_that_are_gone_are_forgotten_with_their_state),
        cmocka_unit_test(saved_state_of_a_stream_is_small),
        cmocka_unit_test(only_changed_streams_are_saved),
        cmocka_unit_test(early_rows_are_ignored),
        cmocka_unit_test(windows_that_are_no_multiple_of_their_slide_stop_with_a_sentence),
        cmocka_unit_test(dataset_without_a_needed_column_stops_with_a_sentence),
        cmocka_unit_test(only_the_kinds_asked_for_are_raised),
        cmocka_unit_test(unknown_kind_is_refused_with_a_sentence),
        cmocka_unit_test(settings_tell_what_the_state_depends_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
