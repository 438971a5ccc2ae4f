/* SPDX-License-Identifier: Apache-2.0 */
/* Component `window`: counts, chatters, emotes, viewers and money of every stream in sliding windows of event time. */
#include "lane.h"

#include <inttypes.h>
#include <stdlib.h>

#define DURATION_MAX_MS INT64_C(86400000)
#define SLIDE_MIN_MS INT64_C(1000)

typedef struct {
    int64_t duration_ms;
    int64_t slide_ms;
} window_config;

struct tlm_instance {
    const tlm_host *host;
    tlm_geometry geometry;
    char settings[96];
};

static void write_duration(char *out, size_t size, int64_t duration_ms)
{
    if (duration_ms % 1000 == 0)
        (void)snprintf(out, size, "%" PRId64 "s", duration_ms / 1000);
    else
        (void)snprintf(out, size, "%" PRId64 "ms", duration_ms);
}

static int window_create(const tlm_host *host, const void *config, tlm_instance **ret_instance, tlm_error *error)
{
    const window_config *options = config;
    char duration[32], slide[32];
    write_duration(duration, sizeof duration, options->duration_ms);
    write_duration(slide, sizeof slide, options->slide_ms);
    if (options->duration_ms % options->slide_ms != 0)
        return tlm_error_set(error, -EINVAL, "duration (%s) must be a multiple of slide (%s)", duration, slide);
    tlm_instance *instance = calloc(1, sizeof *instance);
    if (!instance)
        return tlm_error_set(error, -ENOMEM, "no memory");
    instance->host = host;
    instance->geometry.duration_ns = options->duration_ms * TLM_NS_PER_MS;
    instance->geometry.slide_ns = options->slide_ms * TLM_NS_PER_MS;
    (void)snprintf(instance->settings, sizeof instance->settings, "duration=%s slide=%s", duration, slide);
    *ret_instance = instance;
    return 0;
}

static int window_start(tlm_instance *instance, tlm_error *error)
{
    (void)instance;
    (void)error;
    return 0;
}

static void window_stop(tlm_instance *instance)
{
    (void)instance;
}

static void window_destroy(tlm_instance *instance)
{
    free(instance);
}

static const char *window_settings(tlm_instance *instance)
{
    return instance->settings;
}

static int window_lane_open(tlm_instance *instance, const tlm_lane *lane, tlm_lane_state **ret_state, tlm_error *error)
{
    return tlm_lane_open(lane, &instance->geometry, instance->host->hash_seed, ret_state, error);
}

static int64_t window_final_after(tlm_instance *instance, int64_t highest_ns)
{
    if (highest_ns == INT64_MIN)
        return INT64_MIN;
    return tlm_geometry_floor(&instance->geometry, highest_ns) + instance->geometry.duration_ns;
}

static int window_rebuild_from(tlm_lane_state *state, uint32_t input, tlm_position *ret_position)
{
    tlm_horizon_advance(&state->horizon, &state->geometry, state->watermark_ns);
    return tlm_horizon_from(&state->horizon, input, ret_position);
}

static const tlm_processor window_processor = {
    .settings = window_settings,
    .lane_open = window_lane_open,
    .events = tlm_lane_events,
    .next_due = tlm_lane_next_due,
    .advance = tlm_lane_advance,
    .final_after = window_final_after,
    .early = tlm_lane_early,
    .prepare = tlm_lane_prepare,
    .rebuild_from = window_rebuild_from,
    .size_bytes = tlm_lane_size_bytes,
    .lane_close = tlm_lane_close,
};

static const void *window_get_interface(const char *id)
{
    static const char *const none[] = {NULL};
    static const char *const reads[] = {TLM_SIDE_SENTIMENT, NULL};
    static const tlm_sides sides = {.writes = none, .reads = reads};
    if (strcmp(id, TLM_INTERFACE_SIDES) == 0)
        return &sides;
    return strcmp(id, TLM_INTERFACE_PROCESSOR) == 0 ? &window_processor : NULL;
}

static const tlm_option window_options[] = {
    {.name = "duration",
     .type = TLM_OPTION_DURATION,
     .offset = offsetof(window_config, duration_ms),
     .default_text = "60s",
     .min = SLIDE_MIN_MS,
     .max = DURATION_MAX_MS,
     .doc = "Length of a window; a multiple of `slide`. It belongs to the checkpoint: another value needs a new one."},
    {.name = "slide",
     .type = TLM_OPTION_DURATION,
     .offset = offsetof(window_config, slide_ms),
     .default_text = "10s",
     .min = SLIDE_MIN_MS,
     .max = DURATION_MAX_MS,
     .doc = "Time from the start of one window to the start of the next. It belongs to the checkpoint too."},
};

static const tlm_dataset *const window_datasets[] = {&tlm_windows_dataset, &tlm_streams_dataset};

static const tlm_component window_component = {
    .struct_size = (uint32_t)sizeof(tlm_component),
    .config_size = (uint32_t)sizeof(window_config),
    .id = "window",
    .summary = "Sums up the events of each stream in sliding windows of event time, and keeps its status.",
    .options = window_options,
    .option_count = (uint32_t)TLM_COUNT(window_options),
    .dataset_count = (uint32_t)TLM_COUNT(window_datasets),
    .datasets = window_datasets,
    .create = window_create,
    .start = window_start,
    .stop = window_stop,
    .destroy = window_destroy,
    .get_interface = window_get_interface,
};

static const tlm_component *const components[] = {&window_component};

TLM_PLUGIN("window", TELEMETRA_VERSION, components);
