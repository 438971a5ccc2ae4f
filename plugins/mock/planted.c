/* SPDX-License-Identifier: Apache-2.0 */
#include "planted.h"

#include "lifelike.h"
#include "put.h"
#include "viewers.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* Side effects below this many usual rates are no moments of their own: they drown in the noise of chat. Viewers wander
 * by a few per cent, so that each raid stands out. */
#define SIDE_CHAT_MIN 1.2

struct tlm_planted {
    const char *path; /* borrowed */
    const tlm_mock_options *options;
    FILE *file;
    bool is_changed;
};

/* An episode of the past, to be sorted. */
typedef struct {
    int64_t start_ms, slot;
    uint32_t stream;
} past_episode;

typedef struct {
    past_episode *items;
    size_t count, room;
} past_list;

int tlm_planted_create(const char *path, const tlm_mock_options *options, tlm_planted **ret_planted, tlm_error *error)
{
    tlm_planted *planted = calloc(1, sizeof *planted);

    if (!planted)
        return tlm_error_set(error, -ENOMEM, "no memory for the file of planted moments");
    *planted = (tlm_planted){.path = path, .options = options, .file = fopen(path, "we")};
    if (!planted->file) {
        int result = -errno;
        free(planted);
        return tlm_error_set(error, result, "planted_file: cannot write %s: %s", path, strerror(-result));
    }
    *ret_planted = planted;
    return 0;
}

static double magnitude_of(const tlm_planted *planted, uint64_t stream_seed, const tlm_episode *episode)
{
    switch (episode->type) {
    case TLM_EPISODE_VIEWER_SURGE:
    case TLM_EPISODE_VIEWER_DROP:
        return 1 + episode->viewers.height;
    case TLM_EPISODE_DONATION_BURST:
        return episode->gifts;
    case TLM_EPISODE_RAID:
        return (double)tlm_viewers_of_raid(stream_seed, planted->options->rate, episode);
    case TLM_EPISODE_SENTIMENT_SHIFT:
        return episode->mood.height;
    default:
        return 1 + episode->chat.height;
    }
}

static void put_line(tlm_planted *planted, uint32_t stream, uint32_t type, const int64_t times_ms[3], double magnitude)
{
    char times[3][TLM_TIME_SIZE], name[TLM_MOCK_ESCAPED_SIZE_MAX + 32];

    for (size_t i = 0; i < TLM_COUNT(times); i++)
        (void)tlm_time_format((planted->options->start_ms + times_ms[i]) * TLM_NS_PER_MS, times[i]);
    *tlm_put_stream(name, planted->options->names, stream) = '\0';
    fprintf(planted->file,
            "{\"stream_id\":\"%s\",\"moment_type\":\"%s\",\"start\":\"%s\",\"peak\":\"%s\",\"end\":\"%s\","
            "\"magnitude\":%.3f",
            name, tlm_episode_name(type), times[0], times[1], times[2], magnitude);
}

/* A line for what else the episode lifts. */
static void put_side(tlm_planted *planted, uint32_t stream, const tlm_episode *episode, uint32_t type,
                     const tlm_effect *effect)
{
    int64_t peak_ms = episode->start_ms + effect->rise_ms + effect->hold_ms / 2;
    int64_t end_ms = episode->start_ms + effect->rise_ms + effect->hold_ms + effect->fall_ms / 2;

    put_line(planted, stream, type, (const int64_t[]){episode->start_ms, peak_ms, end_ms}, 1 + effect->height);
    fprintf(planted->file, ",\"cause\":\"%s\",\"event_id\":null}\n", tlm_episode_name(episode->type));
}

void tlm_planted_add(tlm_planted *planted, uint32_t stream, uint64_t stream_seed, const tlm_episode *episode)
{
    const int64_t times_ms[] = {episode->start_ms, episode->peak_ms, episode->end_ms};
    bool is_raid = episode->type == TLM_EPISODE_RAID;
    char id[TLM_EVENT_ID_SIZE_MAX];

    *tlm_lifelike_put_raid_id(id, planted->options, stream, episode->start_ms) = '\0';
    put_line(planted, stream, episode->type, times_ms, magnitude_of(planted, stream_seed, episode));
    fprintf(planted->file, ",\"cause\":null,\"event_id\":%s%s%s}\n", is_raid ? "\"" : "", is_raid ? id : "null",
            is_raid ? "\"" : "");
    if (is_raid)
        put_side(planted, stream, episode, TLM_EPISODE_VIEWER_SURGE, &episode->viewers);
    if ((is_raid || episode->type == TLM_EPISODE_DONATION_BURST) && episode->chat.height >= SIDE_CHAT_MIN)
        put_side(planted, stream, episode, TLM_EPISODE_CHAT_SPIKE, &episode->chat);
    planted->is_changed = true;
}

static int by_start(const void *a, const void *b)
{
    const past_episode *one = a, *other = b;

    if (one->start_ms != other->start_ms)
        return one->start_ms < other->start_ms ? -1 : 1;
    return one->stream < other->stream ? -1 : one->stream > other->stream;
}

static int past_add(past_list *list, const past_episode *item)
{
    if (list->count == list->room) {
        size_t room = list->room ? 2 * list->room : 64;
        past_episode *items = realloc(list->items, room * sizeof *items);
        if (!items)
            return -ENOMEM;
        list->items = items;
        list->room = room;
    }
    list->items[list->count++] = *item;
    return 0;
}

/* All episodes of a stream that begin before `run_ms`. */
static int collect(past_list *list, const tlm_episode_plan *plan, uint64_t seed, uint32_t stream, int64_t run_ms)
{
    int64_t last = tlm_episode_slot(plan, seed, run_ms);

    for (int64_t slot = 0; slot <= last; slot++) {
        tlm_episode episode;
        tlm_episode_make(plan, seed, slot, &episode);
        if (episode.type == TLM_EPISODE_NONE || episode.start_ms >= run_ms)
            continue;
        int result = past_add(list, &(past_episode){.start_ms = episode.start_ms, .slot = slot, .stream = stream});
        if (result < 0)
            return result;
    }
    return 0;
}

int tlm_planted_add_past(tlm_planted *planted, const tlm_episode_plan *plan, int64_t run_ms)
{
    past_list list = {0};
    int result = 0;

    if (plan->slot_ms == 0)
        return 0;
    for (uint32_t stream = 0; result == 0 && stream < planted->options->stream_count; stream++)
        result = collect(&list, plan, tlm_lifelike_stream_seed(planted->options, stream), stream, run_ms);
    if (result == 0 && list.count > 0)
        qsort(list.items, list.count, sizeof *list.items, by_start);
    for (size_t i = 0; result == 0 && i < list.count; i++) {
        uint64_t seed = tlm_lifelike_stream_seed(planted->options, list.items[i].stream);
        tlm_episode episode;
        tlm_episode_make(plan, seed, list.items[i].slot, &episode);
        tlm_planted_add(planted, list.items[i].stream, seed, &episode);
    }
    free(list.items);
    return result;
}

int tlm_planted_flush(tlm_planted *planted, tlm_error *error)
{
    if (!planted->is_changed)
        return 0;
    errno = 0;
    if (fflush(planted->file) != 0 || ferror(planted->file)) {
        int result = errno ? -errno : -EIO;
        return tlm_error_set(error, result, "planted_file: cannot write %s: %s", planted->path, strerror(-result));
    }
    planted->is_changed = false;
    return 0;
}

void tlm_planted_destroy(tlm_planted *planted)
{
    if (!planted)
        return;
    (void)fclose(planted->file); /* each batch was flushed before it was passed on */
    free(planted);
}
