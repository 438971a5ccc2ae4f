/* SPDX-License-Identifier: Apache-2.0 */
/* The dataset `moments` and how a row of it is made. */
#ifndef TLM_MOMENTS_MOMENT_H
#define TLM_MOMENTS_MOMENT_H

#include "common/decimal.h"

#include <telemetra/telemetra.h>

#include <stdbool.h>

enum {
    TLM_MOMENT_CHAT_SPIKE,
    TLM_MOMENT_VIEWER_SURGE,
    TLM_MOMENT_VIEWER_DROP,
    TLM_MOMENT_DONATION_BURST,
    TLM_MOMENT_RAID,
    TLM_MOMENT_SENTIMENT_SHIFT,
    TLM_MOMENT_KINDS
};

extern const char *const tlm_moment_names[TLM_MOMENT_KINDS];
extern const tlm_dataset tlm_moments_dataset;

/* Decimals of metric_value and expected. */
#define TLM_MOMENT_SCALE 4

/* One row; texts are borrowed. */
typedef struct {
    unsigned kind; /* TLM_MOMENT_... */
    tlm_text stream_id;
    tlm_text id_part; /* what tells it from others of the stream and kind: start of a window in ms, or an event_id */
    int64_t started_ns, peak_ns;
    const char *metric_name;
    bool has_value;           /* value, expected and z mean something */
    tlm_wide value, expected; /* 10^-TLM_MOMENT_SCALE */
    double threshold, z;
    tlm_text description, metadata;
} tlm_moment;

/* A double as a count of 10^-scale, half away from zero; its magnitude must be below 10^30. */
tlm_wide tlm_moment_units(double value, unsigned scale);

/* A whole number as such a count. */
static inline tlm_wide tlm_moment_whole(int64_t value)
{
    return (tlm_wide)value * 10000;
}

/* Hands the row on. 0 or -ENOMEM. */
int tlm_moment_emit(const tlm_lane *lane, const tlm_moment *moment);

#endif
