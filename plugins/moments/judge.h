/* SPDX-License-Identifier: Apache-2.0 */
/* Judges the rows of a stream, kind by kind, and emits what stands out. */
#ifndef TLM_MOMENTS_JUDGE_H
#define TLM_MOMENTS_JUDGE_H

#include "columns.h"
#include "moment.h"
#include "stream.h"

#include "common/buffer.h"
#include "common/json_writer.h"

/* What the configuration says. */
typedef struct {
    double threshold;
    int64_t warm_up_ns, merge_ns;
    int64_t slide_ns;      /* that of the rows; 0: none was seen yet */
    uint32_t merge_slides; /* merge_ns in slides */
    uint32_t kinds;        /* bit TLM_MOMENT_...: it is looked for */
    int64_t min_messages, min_viewers, min_transactions;
} tlm_moments_settings;

/* Longest sentence: a raid's, with a name of 255 bytes. */
#define TLM_SENTENCE_SIZE 512

/* One lane's judge. */
typedef struct {
    const tlm_lane *lane;
    const tlm_moments_settings *settings;
    tlm_buffer metadata;
} tlm_judge;

/* Takes a row, `slides` slides (at least 1) after the stream's last. 0 or -ENOMEM. */
int tlm_judge_row(tlm_judge *judge, tlm_moments_stream *stream, const tlm_window_row *row, uint32_t slides);

/* By kind, for tlm_judge_row. */
int tlm_judge_chat(tlm_judge *judge, tlm_moments_stream *stream, const tlm_window_row *row, uint32_t slides);
int tlm_judge_viewers(tlm_judge *judge, tlm_moments_stream *stream, const tlm_window_row *row, uint32_t slides);
int tlm_judge_donations(tlm_judge *judge, tlm_moments_stream *stream, const tlm_window_row *row, uint32_t slides);
int tlm_judge_sentiment(tlm_judge *judge, tlm_moments_stream *stream, const tlm_window_row *row, uint32_t slides);

/* --- what the kinds share ----------------------------------------------------------------------------------------- */

/* Whether a kind is looked for, and the stream is known for long enough and by enough readings of the metric. */
bool tlm_judge_may(const tlm_judge *judge, const tlm_moments_stream *stream, const tlm_window_row *row,
                   const tlm_track *track, unsigned kind);

/* A reading of the row's last slide. */
tlm_reading tlm_judge_reading(const tlm_judge *judge, const tlm_window_row *row, uint32_t slides, double z,
                              bool may_raise);

/* Takes a reading into the episode of a metric and, unless a moment is open or `learns` is false, its value into the
 * baseline. TLM_EPISODE_... */
int tlm_judge_take(const tlm_judge *judge, tlm_track *track, const tlm_baseline_tuning *tuning,
                   const tlm_reading *reading, double value, bool learns);

/* What `what` means for a further baseline of the same episode: it learns the value that came after `slides` slides (0:
 * it does not) unless a moment is open, and moves to `lasting` when one lasted. */
void tlm_judge_follow(int what, const tlm_episode *episode, tlm_baseline *baseline, const tlm_baseline_tuning *tuning,
                      double *lasting, double value, uint32_t slides);

/* Emits the episode's moment when `what` is RAISED or REVISED. Fill in kind, metric, value, expected, z, description;
 * the metadata are those written to judge->metadata. */
int tlm_judge_emit(tlm_judge *judge, const tlm_moments_stream *stream, const tlm_window_row *row,
                   const tlm_episode *episode, tlm_moment *moment);

static inline bool tlm_judge_is_news(int what)
{
    return what == TLM_EPISODE_RAISED || what == TLM_EPISODE_REVISED;
}

/* Begins the metadata: an object with the span that was measured, in seconds. */
void tlm_judge_begin_metadata(tlm_judge *judge, tlm_json_writer *json, int64_t span_ns);
void tlm_judge_end_metadata(tlm_json_writer *json);
/* A number with up to `scale` decimals. */
void tlm_judge_number(tlm_json_writer *json, double value, unsigned scale);

#endif
