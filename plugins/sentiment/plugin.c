/* SPDX-License-Identifier: Apache-2.0 */
/* sentiment: scores chat messages into a side column that processors after it read. */
#include "builtin.h"
#include "scorer.h"

#include <inttypes.h>
#include <stdlib.h>

enum { FILES_MAX = 16 };

typedef struct {
    tlm_text_list lexicon, additions;
} sentiment_config;

struct tlm_instance {
    const tlm_host *host;
    const sentiment_config *config;
    tlm_lexicon lexicon; /* filled by start, then only read, by all lanes */
};

struct tlm_lane_state {
    const tlm_lexicon *lexicon;
    tlm_words words;
};

/* --- lexicon ------------------------------------------------------------------------------------------------------ */

/* Reads a whole file, at most TLM_LEXICON_SIZE_MAX bytes. *ret_data is to be freed. */
static int read_file(const char *path, char **ret_data, size_t *ret_size, tlm_error *error)
{
    size_t size = 0, capacity = 64 << 10;
    int result = -ENOMEM;
    char *data = NULL;
    FILE *file = fopen(path, "rbe");
    if (!file) {
        result = -errno;
        return tlm_error_set(error, result, "cannot open the lexicon %s: %s", path, strerror(-result));
    }
    do {
        char *wider = capacity <= 2 * (size_t)TLM_LEXICON_SIZE_MAX ? realloc(data, capacity) : NULL;
        if (!wider) {
            (void)tlm_error_set(error, result, "no memory for the lexicon %s", path);
            goto fail;
        }
        data = wider;
        size += fread(data + size, 1, capacity - size, file);
        if (size > TLM_LEXICON_SIZE_MAX) {
            result = tlm_error_set(error, -EFBIG, "the lexicon %s has more than 16 MiB", path);
            goto fail;
        }
        capacity *= size == capacity ? 2 : 1;
    } while (!feof(file) && !ferror(file));
    if (ferror(file)) {
        result = tlm_error_set(error, -EIO, "cannot read the lexicon %s", path);
        goto fail;
    }
    (void)fclose(file);
    *ret_data = data;
    *ret_size = size;
    return 0;
fail:
    free(data);
    (void)fclose(file);
    return result;
}

static int read_files(tlm_lexicon *lexicon, const tlm_text_list *paths, tlm_error *error)
{
    for (uint32_t i = 0; i < paths->count; i++) {
        char *data = NULL;
        size_t size = 0;
        int result = read_file(paths->items[i], &data, &size, error);
        if (result < 0)
            return result;
        result = tlm_lexicon_read(lexicon, paths->items[i], (tlm_text){data, size}, error);
        free(data);
        if (result < 0)
            return result;
    }
    return 0;
}

static int fill_lexicon(tlm_instance *instance, tlm_error *error)
{
    const sentiment_config *config = instance->config;
    tlm_text builtin = {(const char *)tlm_builtin_lexicon, tlm_builtin_lexicon_size};
    int result = config->lexicon.count > 0
                     ? read_files(&instance->lexicon, &config->lexicon, error)
                     : tlm_lexicon_read(&instance->lexicon, "the built-in lexicon", builtin, error);
    if (result == 0)
        result = read_files(&instance->lexicon, &config->additions, error);
    if (result == 0 && tlm_lexicon_complete(&instance->lexicon) < 0)
        result = tlm_error_set(error, -ENOMEM, "no memory for the lexicon");
    return result;
}

/* --- processor ---------------------------------------------------------------------------------------------------- */

/* Nothing that is kept depends on a setting: scores are made anew whenever events are read again. */
static const char *sentiment_settings(tlm_instance *instance)
{
    (void)instance;
    return "";
}

static int sentiment_lane_open(tlm_instance *instance, const tlm_lane *lane, tlm_lane_state **ret_state,
                               tlm_error *error)
{
    (void)lane;
    tlm_lane_state *state = calloc(1, sizeof *state);
    if (!state)
        return tlm_error_set(error, -ENOMEM, "no memory for a lane");
    state->lexicon = &instance->lexicon;
    *ret_state = state;
    return 0;
}

static int sentiment_events(tlm_lane_state *state, const tlm_event_view *view)
{
    int16_t *scores = tlm_event_view_side(view, TLM_SIDE_SENTIMENT);
    if (!scores)
        return 0;
    for (uint32_t i = 0; i < view->count; i++) {
        const tlm_event *event = &view->batch->events[view->rows[i]];
        if (event->kind == TLM_EVENT_CHAT)
            scores[i] = tlm_score(&state->words, state->lexicon, view->batch, event);
    }
    return 0;
}

static int64_t sentiment_next_due(tlm_lane_state *state)
{
    (void)state;
    return INT64_MAX;
}

static int sentiment_advance(tlm_lane_state *state, int64_t watermark_ns, int64_t quiet_ns)
{
    (void)state;
    (void)watermark_ns;
    (void)quiet_ns;
    return 0;
}

static int64_t sentiment_final_after(tlm_instance *instance, int64_t highest_ns)
{
    (void)instance;
    (void)highest_ns;
    return INT64_MIN; /* nothing is open */
}

static int sentiment_nothing(tlm_lane_state *state)
{
    (void)state; /* it makes no rows */
    return 0;
}

static int sentiment_rebuild_from(tlm_lane_state *state, uint32_t input, tlm_position *ret_position)
{
    (void)state;
    (void)input;
    (void)ret_position;
    return 0;
}

static uint64_t sentiment_size_bytes(tlm_lane_state *state)
{
    return sizeof *state;
}

static void sentiment_lane_close(tlm_lane_state *state)
{
    free(state);
}

/* --- life --------------------------------------------------------------------------------------------------------- */

static int sentiment_create(const tlm_host *host, const void *config, tlm_instance **ret_instance, tlm_error *error)
{
    tlm_instance *instance = calloc(1, sizeof *instance);
    if (!instance)
        return tlm_error_set(error, -ENOMEM, "no memory");
    instance->host = host;
    instance->config = config;
    *ret_instance = instance;
    return 0;
}

static void sentiment_stop(tlm_instance *instance)
{
    tlm_lexicon_finish(&instance->lexicon);
}

static int sentiment_start(tlm_instance *instance, tlm_error *error)
{
    int result = fill_lexicon(instance, error);
    if (result < 0) {
        sentiment_stop(instance);
        return result;
    }
    const tlm_log_service *log = instance->host->get_service(instance->host, TLM_SERVICE_LOG);
    if (log) {
        char line[96];
        int size = snprintf(line, sizeof line, "lexicon of %" PRIu32 " words and %" PRIu32 " phrases",
                            instance->lexicon.entry_count, instance->lexicon.phrase_count);
        log->write(instance->host, TLM_LOG_DEBUG, (tlm_text){line, (size_t)size});
    }
    return 0;
}

static void sentiment_destroy(tlm_instance *instance)
{
    if (!instance)
        return;
    sentiment_stop(instance);
    free(instance);
}

static const void *sentiment_get_interface(const char *id)
{
    static const char *const writes[] = {TLM_SIDE_SENTIMENT, NULL};
    static const char *const reads[] = {NULL};
    static const tlm_sides sides = {.writes = writes, .reads = reads};
    static const tlm_processor processor = {
        .settings = sentiment_settings,
        .lane_open = sentiment_lane_open,
        .events = sentiment_events,
        .next_due = sentiment_next_due,
        .advance = sentiment_advance,
        .final_after = sentiment_final_after,
        .early = sentiment_nothing,
        .prepare = sentiment_nothing,
        .rebuild_from = sentiment_rebuild_from,
        .size_bytes = sentiment_size_bytes,
        .lane_close = sentiment_lane_close,
    };
    if (strcmp(id, TLM_INTERFACE_PROCESSOR) == 0)
        return &processor;
    return strcmp(id, TLM_INTERFACE_SIDES) == 0 ? &sides : NULL;
}

static const tlm_option options[] = {
    {.name = "lexicon",
     .type = TLM_OPTION_LIST,
     .offset = offsetof(sentiment_config, lexicon),
     .max = FILES_MAX,
     .doc = "Files that take the place of the built-in lexicon (English, emoji and chat), for another language or "
            "vocabulary."},
    {.name = "additions",
     .type = TLM_OPTION_LIST,
     .offset = offsetof(sentiment_config, additions),
     .max = FILES_MAX,
     .doc = "Files read after the lexicon, whose lines win over it: a channel's own emotes and words."},
};

static const tlm_component component = {
    .struct_size = sizeof(tlm_component),
    .config_size = sizeof(sentiment_config),
    .id = "sentiment",
    .summary = "Scores chat messages by a lexicon and rules, for the processors after it.",
    .options = options,
    .option_count = TLM_COUNT(options),
    .create = sentiment_create,
    .start = sentiment_start,
    .stop = sentiment_stop,
    .destroy = sentiment_destroy,
    .get_interface = sentiment_get_interface,
};

static const tlm_component *const components[] = {&component};

TLM_PLUGIN("sentiment", TELEMETRA_VERSION, components);
