/* SPDX-License-Identifier: Apache-2.0 */
/* Component `moments`: finds what stands out in a stream, from the rows of `window` and from raid events. */
#include "lane.h"

#include <inttypes.h>
#include <stdlib.h>

#define NS_PER_MS INT64_C(1000000)

typedef struct {
    double threshold;
    tlm_text_list kinds;
    int64_t warm_up_ms, merge_ms;
    int64_t min_messages, min_viewers, min_transactions;
} moments_config;

struct tlm_instance {
    const tlm_host *host;
    tlm_moments_settings settings;
    char text[256];
};

static int read_kinds(const tlm_text_list *list, uint32_t *ret_kinds, tlm_error *error)
{
    uint32_t kinds = 0;
    for (uint32_t i = 0; i < list->count; i++) {
        unsigned kind = 0;
        while (kind < TLM_MOMENT_KINDS && strcmp(list->items[i], tlm_moment_names[kind]))
            kind++;
        if (kind == TLM_MOMENT_KINDS)
            return tlm_error_set(error, -EINVAL,
                                 "kinds: expected chat_spike, viewer_surge, viewer_drop, donation_burst, raid or "
                                 "sentiment_shift, found \"%.64s\"",
                                 list->items[i]);
        kinds |= 1u << kind;
    }
    *ret_kinds = kinds;
    return 0;
}

static void write_settings(tlm_instance *instance)
{
    const tlm_moments_settings *settings = &instance->settings;
    (void)snprintf(instance->text, sizeof instance->text,
                   "threshold=%" PRId64 "e-4 kinds=%02x warm_up=%" PRId64 "ms merge=%" PRId64 "ms min=%" PRId64
                   ",%" PRId64 ",%" PRId64,
                   (int64_t)tlm_moment_units(settings->threshold, 4), settings->kinds, settings->warm_up_ns / NS_PER_MS,
                   settings->merge_ns / NS_PER_MS, settings->min_messages, settings->min_viewers,
                   settings->min_transactions);
}

static int moments_create(const tlm_host *host, const void *config, tlm_instance **ret_instance, tlm_error *error)
{
    const moments_config *options = config;
    uint32_t kinds = 0;
    int result = read_kinds(&options->kinds, &kinds, error);
    if (result < 0)
        return result;
    tlm_instance *instance = calloc(1, sizeof *instance);
    if (!instance)
        return tlm_error_set(error, -ENOMEM, "no memory");
    instance->host = host;
    instance->settings = (tlm_moments_settings){
        /* As it is shown: with four decimals. */
        .threshold = (double)tlm_moment_units(options->threshold, 4) / 10000,
        .kinds = kinds,
        .warm_up_ns = options->warm_up_ms * NS_PER_MS,
        .merge_ns = options->merge_ms * NS_PER_MS,
        .min_messages = options->min_messages,
        .min_viewers = options->min_viewers,
        .min_transactions = options->min_transactions,
    };
    write_settings(instance);
    *ret_instance = instance;
    return 0;
}

static int moments_start(tlm_instance *instance, tlm_error *error)
{
    (void)instance;
    (void)error;
    return 0;
}

static void moments_stop(tlm_instance *instance)
{
    (void)instance;
}

static void moments_destroy(tlm_instance *instance)
{
    free(instance);
}

static const char *moments_settings(tlm_instance *instance)
{
    return instance->text;
}

static int moments_lane_open(tlm_instance *instance, const tlm_lane *lane, tlm_lane_state **ret_state, tlm_error *error)
{
    return tlm_moments_lane_open(instance->host, lane, &instance->settings, ret_state, error);
}

/* Rows come by themselves: nothing here waits for time to pass, and nothing is rebuilt from events. */
static int64_t moments_next_due(tlm_lane_state *state)
{
    (void)state;
    return INT64_MAX;
}

static int64_t moments_final_after(tlm_instance *instance, int64_t highest_ns)
{
    (void)instance;
    return highest_ns;
}

static int moments_early(tlm_lane_state *state)
{
    (void)state;
    return 0;
}

static int moments_rebuild_from(tlm_lane_state *state, uint32_t input, tlm_position *ret_position)
{
    (void)state;
    (void)input;
    (void)ret_position;
    return 0;
}

static const tlm_processor moments_processor = {
    .settings = moments_settings,
    .lane_open = moments_lane_open,
    .events = tlm_moments_lane_events,
    .next_due = moments_next_due,
    .advance = tlm_moments_lane_advance,
    .final_after = moments_final_after,
    .early = moments_early,
    .prepare = tlm_moments_lane_prepare,
    .rebuild_from = moments_rebuild_from,
    .size_bytes = tlm_moments_lane_size_bytes,
    .lane_close = tlm_moments_lane_close,
};

static const char *const read_datasets[] = {TLM_WINDOWS_DATASET, NULL};

static const tlm_rows_reader moments_reader = {.datasets = read_datasets, .row = tlm_moments_lane_row};

static const void *moments_get_interface(const char *id)
{
    if (strcmp(id, TLM_INTERFACE_PROCESSOR) == 0)
        return &moments_processor;
    return strcmp(id, TLM_INTERFACE_ROWS_READER) == 0 ? &moments_reader : NULL;
}

static const tlm_option moments_options[] = {
    {.name = "threshold",
     .type = TLM_OPTION_REAL,
     .offset = offsetof(moments_config, threshold),
     .default_text = "3.0",
     .min = 1,
     .max = 100,
     .doc =
         "z-score from which on a moment is raised; it goes on until z stays under half of it. Higher: fewer and "
         "stronger moments. Like all options of moments it belongs to the checkpoint: another value needs a new one."},
    {.name = "kinds",
     .type = TLM_OPTION_LIST,
     .offset = offsetof(moments_config, kinds),
     .default_text = "chat_spike,viewer_surge,viewer_drop,donation_burst,raid,sentiment_shift",
     .max = TLM_MOMENT_KINDS,
     .doc = "What is looked for."},
    {.name = "warm_up",
     .type = TLM_OPTION_DURATION,
     .offset = offsetof(moments_config, warm_up_ms),
     .default_text = "5m",
     .min = 60000,
     .max = 86400000,
     .doc =
         "Nothing but raids is raised so long after a stream's first event, or its first after 15 minutes of silence."},
    {.name = "merge",
     .type = TLM_OPTION_DURATION,
     .offset = offsetof(moments_config, merge_ms),
     .default_text = "60s",
     .min = 1000,
     .max = 3600000,
     .doc = "Peaks of a kind that follow each other within this time are one moment."},
    {.name = "min_messages",
     .type = TLM_OPTION_INTEGER,
     .offset = offsetof(moments_config, min_messages),
     .default_text = "15",
     .min = 1,
     .max = 1000000,
     .doc = "A chat_spike has at least this many messages in a slide more than expected."},
    {.name = "min_viewers",
     .type = TLM_OPTION_INTEGER,
     .offset = offsetof(moments_config, min_viewers),
     .default_text = "10",
     .min = 1,
     .max = 1000000000,
     .doc = "A viewer_surge or viewer_drop is at least this many viewers."},
    {.name = "min_transactions",
     .type = TLM_OPTION_INTEGER,
     .offset = offsetof(moments_config, min_transactions),
     .default_text = "5",
     .min = 1,
     .max = 1000000,
     .doc = "A donation_burst that is told by the number of payments has at least this many in a window, one that is "
            "told by gifts gives at least as many."},
};

static const tlm_dataset *const moments_datasets[] = {&tlm_moments_dataset};

static const tlm_component moments_component = {
    .struct_size = (uint32_t)sizeof(tlm_component),
    .config_size = (uint32_t)sizeof(moments_config),
    .id = "moments",
    .summary = "Finds moments that stand out in a stream: spikes, surges, drops, bursts, raids and shifts of mood.",
    .options = moments_options,
    .option_count = (uint32_t)TLM_COUNT(moments_options),
    .dataset_count = (uint32_t)TLM_COUNT(moments_datasets),
    .datasets = moments_datasets,
    .create = moments_create,
    .start = moments_start,
    .stop = moments_stop,
    .destroy = moments_destroy,
    .get_interface = moments_get_interface,
};

static const tlm_component *const components[] = {&moments_component};

TLM_PLUGIN("moments", TELEMETRA_VERSION, components);
