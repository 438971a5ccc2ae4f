/* SPDX-License-Identifier: Apache-2.0 */
#include "raid.h"

#include "baseline.h"
#include "moment.h"
#include "sentence.h"

#include "common/json_writer.h"

/* The sentence with a name of 255 bytes. */
#define SENTENCE_SIZE 512

static void write_sentence(tlm_text from, int64_t viewers, char out[static SENTENCE_SIZE])
{
    char count[TLM_WORDS_SIZE];
    char of[SENTENCE_SIZE - 100] = "";
    if (from.size)
        (void)snprintf(of, sizeof of, " from %.*s", (int)from.size, from.data);
    if (viewers < 0)
        (void)snprintf(out, SENTENCE_SIZE, "A raid%s arrived.", of);
    else
        (void)snprintf(out, SENTENCE_SIZE, "A raid%s brought %s %s.", of, tlm_words_amount((double)viewers, 0, count),
                       viewers == 1 ? "viewer" : "viewers");
}

static void write_metadata(tlm_text from, int64_t viewers, tlm_buffer *buffer)
{
    tlm_json_writer json;
    tlm_buffer_clear(buffer);
    tlm_json_init(&json, buffer);
    tlm_json_begin_object(&json);
    TLM_JSON_KEY(&json, "from_channel");
    if (from.size)
        tlm_json_string(&json, from.data, from.size);
    else
        tlm_json_null(&json);
    TLM_JSON_KEY(&json, "viewer_count");
    if (viewers < 0)
        tlm_json_null(&json);
    else
        tlm_json_int(&json, viewers);
    tlm_json_end_object(&json);
}

int tlm_raid_emit(const tlm_lane *lane, double threshold, const tlm_events *batch, const tlm_event *event,
                  tlm_buffer *metadata)
{
    const tlm_stream_meta *detail = (const void *)(batch->arena + event->as.detail.offset);
    tlm_text from = tlm_events_text(batch, detail->raid_from);
    int64_t viewers = detail->raid_viewer_count;
    char sentence[SENTENCE_SIZE];
    write_sentence(from, viewers, sentence);
    write_metadata(from, viewers, metadata);
    if (metadata->error)
        return metadata->error;
    /* Nobody is expected to come by a raid; on this scale the spread of a count is 1. */
    double z = tlm_baseline_scale((double)viewers) - tlm_baseline_scale(0);
    tlm_moment moment = {.kind = TLM_MOMENT_RAID,
                         .stream_id = tlm_events_text(batch, batch->streams[event->stream].id),
                         .id_part = tlm_events_text(batch, event->event_id),
                         .started_ns = event->time_ns,
                         .peak_ns = event->time_ns,
                         .metric_name = "raid_viewers",
                         .has_value = viewers >= 0,
                         .value = tlm_moment_whole(viewers),
                         .threshold = threshold,
                         .z = z,
                         .description = tlm_text_of(sentence),
                         .metadata = {.data = metadata->data, .size = metadata->size}};
    return tlm_moment_emit(lane, &moment);
}
