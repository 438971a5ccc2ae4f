/* SPDX-License-Identifier: Apache-2.0 */
#include "settings.h"

#include "common/utf8.h"

#include <inttypes.h>
#include <stdlib.h>

static const char *const models[] = {[TLM_MODEL_LIFELIKE - 1] = "lifelike", [TLM_MODEL_FLAT - 1] = "flat", NULL};

static int check_channel(const tlm_text_list *channels, uint32_t index, tlm_error *error)
{
    const char *name = channels->items[index];
    size_t size = strlen(name);
    bool is_valid = true;

    if (size == 0 || size > TLM_MOCK_NAME_SIZE_MAX)
        return tlm_error_set(error, -EINVAL, "channels: entry %" PRIu32 " has %zu bytes, a stream id has 1 to %d",
                             index + 1, size, TLM_MOCK_NAME_SIZE_MAX);
    for (size_t at = 0; is_valid && at < size;) {
        bool is_control = (unsigned char)name[at] < ' ';
        at += tlm_utf8_next(name + at, size - at, &is_valid);
        is_valid = is_valid && !is_control;
    }
    if (!is_valid)
        return tlm_error_set(error, -EINVAL, "channels: entry %" PRIu32 " is not UTF-8 or has control characters in it",
                             index + 1);
    for (uint32_t i = 0; i < index; i++) {
        if (strcmp(channels->items[i], name) == 0)
            return tlm_error_set(error, -EINVAL, "channels: \"%s\" is listed twice", name);
    }
    return 0;
}

static double streams_of(const tlm_mock_settings *settings)
{
    return settings->streams > 0 ? (double)settings->streams : settings->channels.count;
}

int tlm_mock_settings_check(const tlm_mock_settings *settings, tlm_error *error)
{
    if (settings->rate < TLM_MOCK_RATE_MIN || settings->rate > TLM_MOCK_RATE_MAX)
        return tlm_error_set(error, -EINVAL, "rate: %g is not between %g and %g events per second", settings->rate,
                             TLM_MOCK_RATE_MIN, TLM_MOCK_RATE_MAX);
    if (settings->episodes < 0 || settings->episodes > TLM_MOCK_EPISODES_MAX)
        return tlm_error_set(error, -EINVAL, "episodes: %g is not between 0 and %d an hour and stream",
                             settings->episodes, TLM_MOCK_EPISODES_MAX);
    if (settings->model == TLM_MODEL_LIFELIKE && settings->rate * streams_of(settings) > TLM_MOCK_LIFELIKE_RATE_MAX)
        return tlm_error_set(
            error, -EINVAL,
            "rate: the lifelike model makes at most %g messages per second over all streams; lower it, "
            "or set model = \"flat\"",
            TLM_MOCK_LIFELIKE_RATE_MAX);
    if (settings->model == TLM_MODEL_FLAT && settings->planted_file && *settings->planted_file)
        return tlm_error_set(error, -EINVAL,
                             "planted_file: the flat model plants nothing; take it out, or set model = \"lifelike\"");
    if (settings->streams > 0)
        return 0;
    if (settings->channels.count == 0)
        return tlm_error_set(error, -EINVAL, "channels: is empty; name a stream, or set `streams`");
    if (settings->channels.count > TLM_MOCK_STREAMS_MAX)
        return tlm_error_set(error, -EINVAL, "channels: lists more than %d streams", TLM_MOCK_STREAMS_MAX);
    for (uint32_t i = 0; i < settings->channels.count; i++) {
        int result = check_channel(&settings->channels, i, error);
        if (result < 0)
            return result;
    }
    return 0;
}

int tlm_mock_names_escape(const tlm_text_list *channels, tlm_text **ret_names, char **ret_bytes)
{
    size_t size = 0;

    for (uint32_t i = 0; i < channels->count; i++)
        size += 2 * strlen(channels->items[i]);
    tlm_text *names = calloc(channels->count, sizeof *names);
    char *bytes = malloc(size);
    if (!names || !bytes) {
        free(names);
        free(bytes);
        return -ENOMEM;
    }
    char *at = bytes;
    for (uint32_t i = 0; i < channels->count; i++) {
        char *begin = at;
        for (const char *from = channels->items[i]; *from; from++) {
            if (*from == '"' || *from == '\\')
                *at++ = '\\';
            *at++ = *from;
        }
        names[i] = (tlm_text){begin, (size_t)(at - begin)};
    }
    *ret_names = names;
    *ret_bytes = bytes;
    return 0;
}

const tlm_option tlm_mock_option_table[TLM_MOCK_OPTIONS] = {
    {.name = "channels",
     .type = TLM_OPTION_LIST,
     .offset = offsetof(tlm_mock_settings, channels),
     .default_text = "demo_stream",
     .doc = "Stream ids to make events for."},
    {.name = "streams",
     .type = TLM_OPTION_INTEGER,
     .offset = offsetof(tlm_mock_settings, streams),
     .default_text = "0",
     .min = 0,
     .max = TLM_MOCK_STREAMS_MAX,
     .doc = "When above 0: so many streams stream_0001, stream_0002 ... take the place of `channels`."},
    {.name = "model",
     .type = TLM_OPTION_CHOICE,
     .offset = offsetof(tlm_mock_settings, model),
     .default_text = "lifelike",
     .choices = models,
     .doc = "lifelike: messages excite messages, users and emotes are heavy-tailed, and moments are planted. flat: "
            "events at equal steps, cheap for any number of streams, to measure with. lifelike takes up to a "
            "millisecond a "
            "stream to start."},
    {.name = "rate",
     .type = TLM_OPTION_REAL,
     .offset = offsetof(tlm_mock_settings, rate),
     .default_text = "10",
     .min = 0,
     .max = 1000000,
     .doc = "Events per second and stream, at least 0.001. lifelike: messages in the long run, with 2,000,000 over all "
            "streams at most; other events come besides."},
    {.name = "seed",
     .type = TLM_OPTION_INTEGER,
     .offset = offsetof(tlm_mock_settings, seed),
     .default_text = "1",
     .doc = "Equal seed, start_time and other settings give equal bytes."},
    {.name = "start_time",
     .type = TLM_OPTION_TIME,
     .offset = offsetof(tlm_mock_settings, start_time_ns),
     .doc = "Time of the first events; without it the time of the first start, which a checkpoint remembers. "
            "With realtime, events from before now, such as those of a pause, come at once."},
    {.name = "realtime",
     .type = TLM_OPTION_BOOL,
     .offset = offsetof(tlm_mock_settings, realtime),
     .default_text = "true",
     .doc = "true: events come when the clock reaches their time. false: as fast as possible, however far ahead."},
    {.name = "count",
     .type = TLM_OPTION_INTEGER,
     .offset = offsetof(tlm_mock_settings, count),
     .default_text = "0",
     .min = 0,
     .max = INT64_MAX,
     .doc = "Events in all; 0 is without end."},
    {.name = "chatters",
     .type = TLM_OPTION_INTEGER,
     .offset = offsetof(tlm_mock_settings, chatters),
     .default_text = "500",
     .min = 1,
     .max = 1000000000,
     .doc = "flat: distinct users a stream. lifelike: the core crowd of a stream; others come as long as it runs."},
    {.name = "chat_only",
     .type = TLM_OPTION_BOOL,
     .offset = offsetof(tlm_mock_settings, chat_only),
     .default_text = "false",
     .doc = "true: chat events and nothing else, to measure with."},
    {.name = "emotes",
     .type = TLM_OPTION_BOOL,
     .offset = offsetof(tlm_mock_settings, emotes),
     .default_text = "true",
     .doc = "false: messages without emotes, to measure with."},
    {.name = "episodes",
     .type = TLM_OPTION_REAL,
     .offset = offsetof(tlm_mock_settings, episodes),
     .default_text = "3",
     .min = 0,
     .max = TLM_MOCK_EPISODES_MAX,
     .doc =
         "lifelike: spikes, surges, drops, gift bombs, raids and turns of mood per hour and stream, none in the first "
         "five minutes; 0: quiet streams."},
    {.name = "planted_file",
     .type = TLM_OPTION_TEXT,
     .offset = offsetof(tlm_mock_settings, planted_file),
     .doc = "lifelike: file to write with a JSON line for each episode (stream_id, moment_type, start, peak, end, "
            "magnitude, event_id), to compare with what is detected."},
};
