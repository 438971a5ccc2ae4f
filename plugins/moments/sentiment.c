/* SPDX-License-Identifier: Apache-2.0 */
/* sentiment_shift: the mean sentiment of a window, well off what is usual for the stream. */
#include "judge.h"
#include "sentence.h"

#include <math.h>

/* Messages with a mood, positive or negative, that a window must have to be judged. */
#define MESSAGES_MIN 10
/* A shift is at least this large on the scale of -1 to 1. */
#define SHIFT_MIN 0.15
/* Spread of a single message with a mood: the mean of n of them cannot be judged finer than this / sqrt(n). */
#define MESSAGE_SPREAD 0.5
/* Slides without a window that can be judged after which a moment that was open is over. */
#define SILENT_SLIDES_MAX 30

static const tlm_baseline_tuning tuning = {
    .level_gain = 1.0 / 90, .spread_gain = 1.0 / 90, .spread_min = 0.04, .widening = 1.3};

static int emit(tlm_judge *judge, const tlm_moments_stream *stream, const tlm_window_row *row, double mood, double z)
{
    char sentence[TLM_SENTENCE_SIZE], now[TLM_WORDS_SIZE], usual[TLM_WORDS_SIZE], span[TLM_WORDS_SIZE];
    double expected = tlm_baseline_forecast(&stream->sentiment.baseline);
    int64_t duration_ns = row->end_ns - row->start_ns;
    (void)snprintf(
        sentence, sizeof sentence,
        "Chat's mood %s to %s over %s, from a usual %s (-1 to +1): %lld positive and %lld negative messages.",
        z > 0 ? "rose" : "fell", tlm_words_mood(mood, now), tlm_words_span(duration_ns, span),
        tlm_words_mood(expected, usual), (long long)row->positive, (long long)row->negative);
    tlm_json_writer json;
    tlm_judge_begin_metadata(judge, &json, duration_ns);
    TLM_JSON_KEY(&json, "direction");
    if (z > 0)
        tlm_json_string(&json, "positive", 8);
    else
        tlm_json_string(&json, "negative", 8);
    TLM_JSON_KEY(&json, "positive_count");
    tlm_json_int(&json, row->positive);
    TLM_JSON_KEY(&json, "negative_count");
    tlm_json_int(&json, row->negative);
    tlm_judge_end_metadata(&json);
    tlm_moment moment = {.kind = TLM_MOMENT_SENTIMENT_SHIFT,
                         .metric_name = "sentiment",
                         .value = row->sentiment,
                         .expected = tlm_moment_units(expected, TLM_MOMENT_SCALE),
                         .z = z,
                         .description = tlm_text_of(sentence)};
    return tlm_judge_emit(judge, stream, row, &stream->sentiment.episode, &moment);
}

static double spread_of(const tlm_baseline *baseline, double messages)
{
    double spread = tlm_baseline_spread(baseline, &tuning);
    double chance = MESSAGE_SPREAD / sqrt(messages);
    return spread > chance ? spread : chance;
}

/* Whether a moment is going on that lifts the mood by itself: what rises with it is part of it. */
static bool is_excited(const tlm_moments_stream *stream)
{
    return stream->chat.slides.episode.direction > 0 || stream->donations.count.episode.direction > 0 ||
           stream->viewers.episode.direction > 0;
}

int tlm_judge_sentiment(tlm_judge *judge, tlm_moments_stream *stream, const tlm_window_row *row, uint32_t slides)
{
    tlm_track *track = &stream->sentiment;
    track->slides += slides;
    int64_t messages = row->positive + row->negative;
    if (!row->has_sentiment || messages < MESSAGES_MIN)
        return 0;
    if (track->slides > SILENT_SLIDES_MAX)
        tlm_episode_end(&track->episode);
    double mood = (double)row->sentiment / 10000;
    double shift = track->baseline.count ? mood - tlm_baseline_forecast(&track->baseline) : 0;
    double z = track->baseline.count ? shift / spread_of(&track->baseline, (double)messages) : 0;
    bool may_raise = fabs(shift) >= SHIFT_MIN && !(z > 0 && is_excited(stream)) &&
                     tlm_judge_may(judge, stream, row, track, TLM_MOMENT_SENTIMENT_SHIFT);
    tlm_reading reading = tlm_judge_reading(judge, row, track->slides, z, may_raise);
    int what = tlm_judge_take(judge, track, &tuning, &reading, mood, true);
    track->slides = 0;
    return tlm_judge_is_news(what) ? emit(judge, stream, row, mood, z) : 0;
}
