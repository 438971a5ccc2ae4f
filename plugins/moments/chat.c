/* SPDX-License-Identifier: Apache-2.0 */
/* chat_spike: messages of a slide, or of a whole window, well above what is usual for the stream. */
#include "judge.h"
#include "sentence.h"

/* A spike has at least this many times the messages that are expected. */
#define RATIO_MIN 1.6
/* A window without any event in which this many messages would be expected is an outage, not a silence. */
#define OUTAGE_MESSAGES 20.0

/* Level over 15 minutes of slides of 10 s, spread over half an hour. Real chat is burstier than Poisson: its Fano
 * factor is about 4 in 10 s and 13 in 60 s, so the spreads on this scale are 2 and 3.6, and its upper tail is longer
 * than a normal one: hence the widening (infra/bench moments measures how often z = 3 comes by chance). */
static const tlm_baseline_tuning slide_tuning = {
    .level_gain = 1.0 / 90, .spread_gain = 1.0 / 180, .spread_min = 1.6, .widening = 1.3};
static const tlm_baseline_tuning window_tuning = {
    .level_gain = 1.0 / 90, .spread_gain = 1.0 / 180, .spread_min = 2.0, .widening = 1.45};

/* What stands out most. */
typedef struct {
    const char *metric_name;
    int64_t span_ns;
    int64_t messages;
    double expected, z;
    bool is_worth_it;
} finding;

static finding find(const tlm_judge *judge, const tlm_baseline *baseline, const tlm_baseline_tuning *tuning,
                    int64_t messages)
{
    finding found = {.messages = messages};
    if (baseline->count == 0)
        return found;
    double forecast = tlm_baseline_forecast(baseline);
    found.expected = tlm_baseline_count(forecast);
    found.z = (tlm_baseline_scale((double)messages) - forecast) / tlm_baseline_spread(baseline, tuning);
    found.is_worth_it = found.z >= judge->settings->threshold && (double)messages >= RATIO_MIN * found.expected &&
                        (double)messages - found.expected >= (double)judge->settings->min_messages;
    return found;
}

/* The one of slide and window that stands out more; of two that are both worth a moment, or neither, by z. */
static finding find_best(const tlm_judge *judge, const tlm_chat *chat, const tlm_window_row *row)
{
    finding slide = find(judge, &chat->slides.baseline, &slide_tuning, row->messages);
    finding window = find(judge, &chat->windows, &window_tuning, row->window_messages);
    slide.metric_name = "slide_message_count";
    slide.span_ns = judge->settings->slide_ns;
    window.metric_name = "message_count";
    window.span_ns = row->end_ns - row->start_ns;
    if (slide.is_worth_it != window.is_worth_it)
        return slide.is_worth_it ? slide : window;
    return slide.z >= window.z ? slide : window;
}

/* Takes one slide with what was found in it. TLM_EPISODE_... */
static int take(const tlm_judge *judge, tlm_chat *chat, const tlm_window_row *row, const finding *found, bool may_raise,
                bool learns)
{
    double window = tlm_baseline_scale((double)row->window_messages);
    tlm_reading reading = tlm_judge_reading(judge, row, 1, found->z, may_raise);
    int what = tlm_judge_take(judge, &chat->slides, &slide_tuning, &reading, tlm_baseline_scale((double)row->messages),
                              learns);
    tlm_judge_follow(what, &chat->slides.episode, &chat->windows, &window_tuning, &chat->lasting, window,
                     learns ? 1 : 0);
    return what;
}

/* Slides of windows without a row, in which nothing was written. */
static void pass_silence(const tlm_judge *judge, tlm_chat *chat, const tlm_window_row *row, uint32_t slides)
{
    const tlm_window_row silence = {.start_ns = row->start_ns, .end_ns = row->end_ns};
    for (uint32_t i = 0; i < slides; i++) {
        finding found = find_best(judge, chat, &silence);
        bool is_outage = tlm_baseline_count(tlm_baseline_forecast(&chat->windows)) > OUTAGE_MESSAGES;
        (void)take(judge, chat, &silence, &found, false, !is_outage);
    }
}

static void write_sentence(const finding *found, char out[static TLM_SENTENCE_SIZE])
{
    char count[TLM_WORDS_SIZE], usual[TLM_WORDS_SIZE], times[TLM_WORDS_SIZE], span[TLM_WORDS_SIZE];
    tlm_words_number((double)found->messages, count);
    tlm_words_span(found->span_ns, span);
    if (found->expected < 1)
        (void)snprintf(out, TLM_SENTENCE_SIZE, "Chat jumped to %s messages in %s, where next to none are usual.", count,
                       span);
    else
        (void)snprintf(out, TLM_SENTENCE_SIZE, "Chat jumped to %s messages in %s, about %s times the usual %s.", count,
                       span, tlm_words_times((double)found->messages / found->expected, times),
                       tlm_words_number(found->expected, usual));
}

static int emit(tlm_judge *judge, const tlm_moments_stream *stream, const tlm_window_row *row, const finding *found)
{
    char sentence[TLM_SENTENCE_SIZE];
    tlm_json_writer json;
    write_sentence(found, sentence);
    tlm_judge_begin_metadata(judge, &json, found->span_ns);
    if (found->expected >= 1) {
        TLM_JSON_KEY(&json, "ratio");
        tlm_judge_number(&json, (double)found->messages / found->expected, 2);
    }
    TLM_JSON_KEY(&json, "unique_chatters");
    tlm_json_int(&json, row->chatters);
    tlm_judge_end_metadata(&json);
    tlm_moment moment = {.kind = TLM_MOMENT_CHAT_SPIKE,
                         .metric_name = found->metric_name,
                         .value = tlm_moment_whole(found->messages),
                         .expected = tlm_moment_units(found->expected, TLM_MOMENT_SCALE),
                         .z = found->z,
                         .description = tlm_text_of(sentence)};
    return tlm_judge_emit(judge, stream, row, &stream->chat.slides.episode, &moment);
}

int tlm_judge_chat(tlm_judge *judge, tlm_moments_stream *stream, const tlm_window_row *row, uint32_t slides)
{
    tlm_chat *chat = &stream->chat;
    pass_silence(judge, chat, row, slides - 1);
    finding found = find_best(judge, chat, row);
    bool may_raise = found.is_worth_it && tlm_judge_may(judge, stream, row, &chat->slides, TLM_MOMENT_CHAT_SPIKE);
    int what = take(judge, chat, row, &found, may_raise, true);
    return tlm_judge_is_news(what) ? emit(judge, stream, row, &found) : 0;
}
