/* SPDX-License-Identifier: Apache-2.0 */
/* viewer_surge and viewer_drop: the last viewer count of a slide, well off where the count was going. */
#include "judge.h"
#include "sentence.h"

/* A surge has at least this many times the viewers that are expected, a drop at most the inverse. */
#define RATIO_MIN 1.2
/* Slides without a viewer count after which a moment that was open is over. */
#define SILENT_SLIDES_MAX 30

/* Level over some three minutes, with a damped trend for streams that grow or empty steadily. Viewers come and go in
 * proportion to how many there are, which on the scale of roots is half of that share: at least 1.5 % of the level is
 * 3 % of the viewers. */
static const tlm_baseline_tuning tuning = {.level_gain = 0.05,
                                           .trend_gain = 0.002,
                                           .trend_damping = 0.97,
                                           .spread_gain = 1.0 / 60,
                                           .spread_min = 1,
                                           .spread_share = 0.015,
                                           .widening = 1.25};

static int emit(tlm_judge *judge, const tlm_moments_stream *stream, const tlm_window_row *row, double expected,
                double z)
{
    char sentence[TLM_SENTENCE_SIZE], count[TLM_WORDS_SIZE], usual[TLM_WORDS_SIZE], change[TLM_WORDS_SIZE];
    double viewers = (double)row->viewers;
    double percent = expected > 0 ? (viewers - expected) / expected * 100 : 0;
    tlm_words_number(viewers, count);
    if (expected < 1)
        (void)snprintf(sentence, sizeof sentence, "Viewers rose to %s, where next to none were expected.", count);
    else
        (void)snprintf(sentence, sizeof sentence, "Viewers %s to %s, %s%% %s than the %s expected.",
                       z > 0 ? "rose" : "fell", count, tlm_words_amount(percent < 0 ? -percent : percent, 0, change),
                       z > 0 ? "more" : "fewer", tlm_words_amount(expected, 0, usual));
    tlm_json_writer json;
    tlm_judge_begin_metadata(judge, &json, judge->settings->slide_ns);
    TLM_JSON_KEY(&json, "change");
    tlm_judge_number(&json, viewers - expected, 1);
    if (expected >= 1) {
        TLM_JSON_KEY(&json, "change_percent");
        tlm_judge_number(&json, percent, 1);
    }
    tlm_judge_end_metadata(&json);
    tlm_moment moment = {.kind = z > 0 ? TLM_MOMENT_VIEWER_SURGE : TLM_MOMENT_VIEWER_DROP,
                         .metric_name = "viewer_count",
                         .value = tlm_moment_whole(row->viewers),
                         .expected = tlm_moment_units(expected, TLM_MOMENT_SCALE),
                         .z = z,
                         .description = tlm_text_of(sentence)};
    return tlm_judge_emit(judge, stream, row, &stream->viewers.episode, &moment);
}

/* Whether so many viewers are worth a moment, apart from the z-score. */
static bool is_worth_it(const tlm_judge *judge, double viewers, double expected)
{
    double least = (double)judge->settings->min_viewers;
    if (viewers > expected)
        return viewers >= RATIO_MIN * expected && viewers - expected >= least;
    return viewers * RATIO_MIN <= expected && expected - viewers >= least;
}

int tlm_judge_viewers(tlm_judge *judge, tlm_moments_stream *stream, const tlm_window_row *row, uint32_t slides)
{
    tlm_track *track = &stream->viewers;
    track->slides += slides;
    if (row->viewers < 0)
        return 0;
    if (track->slides > SILENT_SLIDES_MAX)
        tlm_episode_end(&track->episode);
    double viewers = (double)row->viewers;
    double value = tlm_baseline_scale(viewers);
    double forecast = tlm_baseline_forecast(&track->baseline);
    double expected = tlm_baseline_count(forecast);
    double z = track->baseline.count ? (value - forecast) / tlm_baseline_spread(&track->baseline, &tuning) : 0;
    bool may_raise =
        tlm_judge_may(judge, stream, row, track, z > 0 ? TLM_MOMENT_VIEWER_SURGE : TLM_MOMENT_VIEWER_DROP) &&
        is_worth_it(judge, viewers, expected);
    tlm_reading reading = tlm_judge_reading(judge, row, track->slides, z, may_raise);
    int what = tlm_judge_take(judge, track, &tuning, &reading, value, true);
    track->slides = 0;
    return tlm_judge_is_news(what) ? emit(judge, stream, row, expected, z) : 0;
}
