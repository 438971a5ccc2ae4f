/* SPDX-License-Identifier: Apache-2.0 */
#include "moment.h"

#include <math.h>
#include <nettle/sha2.h>

const char *const tlm_moment_names[TLM_MOMENT_KINDS] = {
    [TLM_MOMENT_CHAT_SPIKE] = "chat_spike",
    [TLM_MOMENT_VIEWER_SURGE] = "viewer_surge",
    [TLM_MOMENT_VIEWER_DROP] = "viewer_drop",
    [TLM_MOMENT_DONATION_BURST] = "donation_burst",
    [TLM_MOMENT_RAID] = "raid",
    [TLM_MOMENT_SENTIMENT_SHIFT] = "sentiment_shift",
};

#define THRESHOLD_SCALE 4
#define Z_SCALE 2
#define SEVERITY_SCALE 2

enum {
    MOMENT_ID,
    MOMENT_STREAM_ID,
    MOMENT_STARTED_AT,
    MOMENT_PEAK_AT,
    MOMENT_TYPE,
    MOMENT_DESCRIPTION,
    MOMENT_METRIC_NAME,
    MOMENT_METRIC_VALUE,
    MOMENT_EXPECTED,
    MOMENT_THRESHOLD,
    MOMENT_Z_SCORE,
    MOMENT_SEVERITY,
    MOMENT_METADATA,
    MOMENT_COLUMNS
};

static const tlm_column columns[MOMENT_COLUMNS] = {
    [MOMENT_ID] = {"moment_id", TLM_COLUMN_TEXT, 0, TLM_COLUMN_KEY, NULL,
                   "32 hex digits that a replay gives again and a revision keeps."},
    [MOMENT_STREAM_ID] = {"stream_id", TLM_COLUMN_TEXT, 0, TLM_COLUMN_STREAM, NULL, "The stream."},
    [MOMENT_STARTED_AT] = {"started_at", TLM_COLUMN_TIME, 0, 0, NULL,
                           "Estimate of its start: begin of the first slide that stood out."},
    [MOMENT_PEAK_AT] = {"peak_at", TLM_COLUMN_TIME, 0, TLM_COLUMN_TIMELINE, NULL,
                        "End of the slide with its peak so far; of a raid, the time of its event."},
    [MOMENT_TYPE] = {"moment_type", TLM_COLUMN_TEXT, 0, 0, NULL,
                     "chat_spike, viewer_surge, viewer_drop, donation_burst, raid or sentiment_shift."},
    [MOMENT_DESCRIPTION] = {"description", TLM_COLUMN_TEXT, 0, 0, NULL, "What happened, in a sentence."},
    [MOMENT_METRIC_NAME] = {"metric_name", TLM_COLUMN_TEXT, 0, 0, NULL, "What was measured."},
    [MOMENT_METRIC_VALUE] = {"metric_value", TLM_COLUMN_DECIMAL, TLM_MOMENT_SCALE, TLM_COLUMN_NULLABLE, NULL,
                             "The measure at the peak; null for a raid that did not tell its size."},
    [MOMENT_EXPECTED] = {"expected", TLM_COLUMN_DECIMAL, TLM_MOMENT_SCALE, TLM_COLUMN_NULLABLE, NULL,
                         "What it should have been by what is usual for the stream."},
    [MOMENT_THRESHOLD] = {"threshold", TLM_COLUMN_DECIMAL, THRESHOLD_SCALE, 0, NULL,
                          "z-score from which on a moment is raised."},
    [MOMENT_Z_SCORE] = {"z_score", TLM_COLUMN_DECIMAL, Z_SCALE, TLM_COLUMN_NULLABLE, NULL,
                        "The difference in units of what the metric strays by usually; below 0 for a fall."},
    [MOMENT_SEVERITY] = {"severity", TLM_COLUMN_DECIMAL, SEVERITY_SCALE, 0, NULL,
                         "0 to 1: a third at the threshold, a half at twice of it."},
    [MOMENT_METADATA] = {"metadata", TLM_COLUMN_JSON, 0, 0, NULL, "Further numbers, by kind."},
};

const tlm_dataset tlm_moments_dataset = {
    .struct_size = (uint32_t)sizeof(tlm_dataset),
    .mode = TLM_DATASET_LATEST,
    .id = "moments",
    .doc = "What stood out in a stream; a later row of a moment tells of a higher peak.",
    .columns = columns,
    .column_count = MOMENT_COLUMNS,
};

tlm_wide tlm_moment_units(double value, unsigned scale)
{
    for (unsigned i = 0; i < scale; i++)
        value *= 10;
    return (tlm_wide)(value < 0 ? ceil(value - 0.5) : floor(value + 0.5));
}

#define ID_BYTES 16

/* Contract section 2: the first 16 bytes of SHA-256 of stream_id NUL type NUL what tells it apart. */
static void write_id(const tlm_moment *moment, char ret_text[2 * ID_BYTES])
{
    static const char digits[] = "0123456789abcdef";
    const char *name = tlm_moment_names[moment->kind];
    uint8_t digest[ID_BYTES];
    struct sha256_ctx sha;
    sha256_init(&sha);
    sha256_update(&sha, moment->stream_id.size, (const uint8_t *)moment->stream_id.data);
    sha256_update(&sha, 1, (const uint8_t *)"");
    sha256_update(&sha, strlen(name) + 1, (const uint8_t *)name);
    sha256_update(&sha, moment->id_part.size, (const uint8_t *)moment->id_part.data);
    sha256_digest(&sha, sizeof digest, digest);
    for (unsigned i = 0; i < ID_BYTES; i++) {
        ret_text[2 * i] = digits[digest[i] >> 4];
        ret_text[2 * i + 1] = digits[digest[i] & 15];
    }
}

static tlm_cell cell_time(int64_t time_ns)
{
    return (tlm_cell){.is_set = 1, .as.integer = time_ns};
}

static tlm_cell cell_text(tlm_text text)
{
    return (tlm_cell){.is_set = 1, .size = (uint32_t)text.size, .as.text = text.data};
}

static tlm_cell cell_decimal(tlm_wide units)
{
    return (tlm_cell){.is_set = 1, .as.wide = {.low = (uint64_t)units, .high = (int64_t)(units >> 64)}};
}

int tlm_moment_emit(const tlm_lane *lane, const tlm_moment *moment)
{
    char id[2 * ID_BYTES];
    tlm_cell cells[MOMENT_COLUMNS] = {0};
    double size = moment->has_value ? fabs(moment->z) : moment->threshold;
    write_id(moment, id);
    cells[MOMENT_ID] = cell_text((tlm_text){.data = id, .size = sizeof id});
    cells[MOMENT_STREAM_ID] = cell_text(moment->stream_id);
    cells[MOMENT_STARTED_AT] = cell_time(moment->started_ns);
    cells[MOMENT_PEAK_AT] = cell_time(moment->peak_ns);
    cells[MOMENT_TYPE] = cell_text(tlm_text_of(tlm_moment_names[moment->kind]));
    cells[MOMENT_DESCRIPTION] = cell_text(moment->description);
    cells[MOMENT_METRIC_NAME] = cell_text(tlm_text_of(moment->metric_name));
    if (moment->has_value) {
        cells[MOMENT_METRIC_VALUE] = cell_decimal(moment->value);
        cells[MOMENT_EXPECTED] = cell_decimal(moment->expected);
        cells[MOMENT_Z_SCORE] = cell_decimal(tlm_moment_units(moment->z, Z_SCALE));
    }
    cells[MOMENT_THRESHOLD] = cell_decimal(tlm_moment_units(moment->threshold, THRESHOLD_SCALE));
    cells[MOMENT_SEVERITY] = cell_decimal(tlm_moment_units(size / (size + 2 * moment->threshold), SEVERITY_SCALE));
    cells[MOMENT_METADATA] = cell_text(moment->metadata);
    return lane->emit(lane, &tlm_moments_dataset, TLM_ROWS_FINAL, cells);
}
