/* SPDX-License-Identifier: Apache-2.0 */
#include "judge.h"

#include "common/decimal.h"

#include <inttypes.h>

/* Readings of a metric that its baseline must have learned before anything is raised on it. */
#define READINGS_MIN 12
/* Share by which the level that a lasting moment leaves behind follows its readings. */
#define LASTING_GAIN 0.2

int tlm_judge_row(tlm_judge *judge, tlm_moments_stream *stream, const tlm_window_row *row, uint32_t slides)
{
    int result = tlm_judge_chat(judge, stream, row, slides);
    if (result == 0)
        result = tlm_judge_viewers(judge, stream, row, slides);
    if (result == 0)
        result = tlm_judge_donations(judge, stream, row, slides);
    if (result == 0)
        result = tlm_judge_sentiment(judge, stream, row, slides);
    return result;
}

bool tlm_judge_may(const tlm_judge *judge, const tlm_moments_stream *stream, const tlm_window_row *row,
                   const tlm_track *track, unsigned kind)
{
    return (judge->settings->kinds & 1u << kind) && track->baseline.count >= READINGS_MIN &&
           row->end_ns - stream->first_ns >= judge->settings->warm_up_ns;
}

tlm_reading tlm_judge_reading(const tlm_judge *judge, const tlm_window_row *row, uint32_t slides, double z,
                              bool may_raise)
{
    return (tlm_reading){.window_start_ns = row->start_ns,
                         .slide_start_ns = row->end_ns - judge->settings->slide_ns,
                         .slides = slides,
                         .z = z,
                         .may_raise = may_raise};
}

void tlm_judge_follow(int what, const tlm_episode *episode, tlm_baseline *baseline, const tlm_baseline_tuning *tuning,
                      double *lasting, double value, uint32_t slides)
{
    if (what == TLM_EPISODE_RAISED && episode->slides == 0)
        *lasting = value;
    else if (episode->direction || what == TLM_EPISODE_LASTED)
        *lasting += LASTING_GAIN * (value - *lasting);
    else if (slides)
        tlm_baseline_learn(baseline, tuning, value, slides);
    if (what == TLM_EPISODE_LASTED)
        tlm_baseline_move(baseline, *lasting);
}

int tlm_judge_take(const tlm_judge *judge, tlm_track *track, const tlm_baseline_tuning *tuning,
                   const tlm_reading *reading, double value, bool learns)
{
    const tlm_episode_rules rules = {.threshold = judge->settings->threshold,
                                     .merge_slides = judge->settings->merge_slides};
    int what = tlm_episode_take(&track->episode, &rules, reading);
    tlm_judge_follow(what, &track->episode, &track->baseline, tuning, &track->lasting, value,
                     learns ? reading->slides : 0);
    return what;
}

int tlm_judge_emit(tlm_judge *judge, const tlm_moments_stream *stream, const tlm_window_row *row,
                   const tlm_episode *episode, tlm_moment *moment)
{
    char start[24];
    int size = snprintf(start, sizeof start, "%" PRId64, episode->id_ms);
    if (judge->metadata.error)
        return judge->metadata.error;
    moment->stream_id = tlm_moments_stream_id(stream);
    moment->id_part = (tlm_text){.data = start, .size = (size_t)size};
    moment->started_ns = episode->started_ns;
    moment->peak_ns = row->end_ns;
    moment->has_value = true;
    moment->threshold = judge->settings->threshold;
    moment->metadata = (tlm_text){.data = judge->metadata.data, .size = judge->metadata.size};
    return tlm_moment_emit(judge->lane, moment);
}

void tlm_judge_begin_metadata(tlm_judge *judge, tlm_json_writer *json, int64_t span_ns)
{
    tlm_buffer_clear(&judge->metadata);
    tlm_json_init(json, &judge->metadata);
    tlm_json_begin_object(json);
    TLM_JSON_KEY(json, "seconds");
    tlm_judge_number(json, (double)span_ns / 1e9, 3);
}

void tlm_judge_end_metadata(tlm_json_writer *json)
{
    tlm_json_end_object(json);
}

void tlm_judge_number(tlm_json_writer *json, double value, unsigned scale)
{
    char text[TLM_DECIMAL_SIZE];
    tlm_json_raw(json, text, tlm_decimal_format(tlm_moment_units(value, scale), scale, true, text));
}
