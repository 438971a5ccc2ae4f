/* SPDX-License-Identifier: Apache-2.0 */
/* chat_spike: messages of a slide, well above what is usual for the stream. */
#include "judge.h"
#include "sentence.h"

/* A spike has at least this many times the messages that are expected. */
#define RATIO_MIN 2.0
/* A window without any event in which this many messages would be expected is an outage, not a silence. */
#define OUTAGE_MESSAGES 20.0

/* Level over 15 minutes of slides of 10 s, spread over half an hour. Real chat is burstier than Poisson: its Fano
 * factor is about 4 in 10 s, so the spread on this scale is 2, and its upper tail is longer than a normal one. With a
 * widening of 1.3 and at least 1.6, z = 3 comes about once in seven hours by chance (infra/bench moments measures it).
 */
static const tlm_baseline_tuning tuning = {
    .level_gain = 1.0 / 90, .spread_gain = 1.0 / 180, .spread_min = 1.6, .widening = 1.3};

static double z_of(const tlm_baseline *baseline, double value)
{
    return baseline->count ? (value - tlm_baseline_forecast(baseline)) / tlm_baseline_spread(baseline, &tuning) : 0;
}

/* Slides of windows without a row, in which nothing was written. */
static void pass_silence(const tlm_judge *judge, tlm_track *track, const tlm_window_row *row, uint32_t slides)
{
    double panes = (double)((row->end_ns - row->start_ns) / judge->settings->slide_ns);
    double silence = tlm_baseline_scale(0);
    for (uint32_t i = 0; i < slides; i++) {
        bool is_outage = tlm_baseline_count(tlm_baseline_forecast(&track->baseline)) * panes > OUTAGE_MESSAGES;
        tlm_reading reading = tlm_judge_reading(judge, row, 1, z_of(&track->baseline, silence), false);
        (void)tlm_judge_take(judge, track, &tuning, &reading, silence, !is_outage);
    }
}

static int emit(tlm_judge *judge, const tlm_moments_stream *stream, const tlm_window_row *row, double expected,
                double z)
{
    char sentence[TLM_SENTENCE_SIZE], count[TLM_WORDS_SIZE], usual[TLM_WORDS_SIZE], times[TLM_WORDS_SIZE],
        span[TLM_WORDS_SIZE];
    double messages = (double)row->messages;
    tlm_words_number(messages, count);
    tlm_words_span(judge->settings->slide_ns, span);
    if (expected < 1)
        (void)snprintf(sentence, sizeof sentence, "Chat jumped to %s messages in %s, where next to none are usual.",
                       count, span);
    else
        (void)snprintf(sentence, sizeof sentence, "Chat jumped to %s messages in %s, about %s times the usual %s.",
                       count, span, tlm_words_times(messages / expected, times), tlm_words_number(expected, usual));
    tlm_json_writer json;
    tlm_judge_begin_metadata(judge, &json, judge->settings->slide_ns);
    if (expected >= 1) {
        TLM_JSON_KEY(&json, "ratio");
        tlm_judge_number(&json, messages / expected, 2);
    }
    TLM_JSON_KEY(&json, "unique_chatters");
    tlm_json_int(&json, row->chatters);
    tlm_judge_end_metadata(&json);
    tlm_moment moment = {.kind = TLM_MOMENT_CHAT_SPIKE,
                         .metric_name = "slide_message_count",
                         .value = tlm_moment_units(messages, TLM_MOMENT_SCALE),
                         .expected = tlm_moment_units(expected, TLM_MOMENT_SCALE),
                         .z = z,
                         .description = tlm_text_of(sentence)};
    return tlm_judge_emit(judge, stream, row, &stream->chat.episode, &moment);
}

int tlm_judge_chat(tlm_judge *judge, tlm_moments_stream *stream, const tlm_window_row *row, uint32_t slides)
{
    tlm_track *track = &stream->chat;
    pass_silence(judge, track, row, slides - 1);
    double messages = (double)row->messages;
    double value = tlm_baseline_scale(messages);
    double expected = tlm_baseline_count(tlm_baseline_forecast(&track->baseline));
    double z = z_of(&track->baseline, value);
    bool may_raise = z > 0 && messages >= RATIO_MIN * expected &&
                     messages - expected >= (double)judge->settings->min_messages &&
                     tlm_judge_may(judge, stream, row, track, TLM_MOMENT_CHAT_SPIKE);
    tlm_reading reading = tlm_judge_reading(judge, row, 1, z, may_raise);
    int what = tlm_judge_take(judge, track, &tuning, &reading, value, true);
    return tlm_judge_is_news(what) ? emit(judge, stream, row, expected, z) : 0;
}
