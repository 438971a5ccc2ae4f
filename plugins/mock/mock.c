/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file mock.c
 * Source `mock`: generated events of all four kinds (generator.h), in real time or as fast as possible.
 *
 * What it reads is a log that is computed: a place is the number of an event, and as generation the run's start (low 44
 * bits, epoch milliseconds) and a hash of the settings that the log depends on (high 20 bits). A restart from a place
 * goes on with the same log and, in real time, catches up what was missed. A record's append time is the event's time.
 */
#include <telemetra/telemetra.h>

#include "batch.h"
#include "generator.h"

#include "common/utf8.h"

#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S INT64_C(1000000000)

/* Shortest wait in real time: events due close together are passed on together. */
#define TICK_NS (10 * NS_PER_MS)

/* Parts of a generation. */
#define START_BITS 44
#define START_MASK ((UINT64_C(1) << START_BITS) - 1)

enum {
    EVENT_SIZE_USUAL = 448,           /* room in a batch for each event */
    BATCH_SIZE_MAX = 4 * 1024 * 1024, /* bytes of a batch, whatever its number of records */
};

typedef struct {
    tlm_text_list channels;
    int64_t streams;
    double rate;
    int64_t seed;
    int64_t start_time_ns;
    uint32_t realtime;
    int64_t count;
    int64_t chatters;
    uint32_t chat_only;
    uint32_t emotes;
} mock_config;

struct tlm_instance {
    const mock_config *config;
    tlm_text *names; /* escaped channels; NULL with generated streams */
    char *name_bytes;
    uint32_t stream_count;
    tlm_mock_pool *pool; /* from start to stop, as the next */
    int wake_fd;
    tlm_generator generator; /* from open */
    int64_t end;             /* number behind the last event */
    _Atomic int64_t next;    /* number of the next one */
};

/* --- settings -------------------------------------------------------------------------------------------------- */

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

static int check_config(const mock_config *config, tlm_error *error)
{
    if (config->rate < TLM_MOCK_RATE_MIN || config->rate > TLM_MOCK_RATE_MAX)
        return tlm_error_set(error, -EINVAL, "rate: %g is not between %g and %g events per second", config->rate,
                             TLM_MOCK_RATE_MIN, TLM_MOCK_RATE_MAX);
    if (config->streams > 0)
        return 0;
    if (config->channels.count == 0)
        return tlm_error_set(error, -EINVAL, "channels: is empty; name a stream, or set `streams`");
    if (config->channels.count > TLM_MOCK_STREAMS_MAX)
        return tlm_error_set(error, -EINVAL, "channels: lists more than %d streams", TLM_MOCK_STREAMS_MAX);
    for (uint32_t i = 0; i < config->channels.count; i++) {
        int result = check_channel(&config->channels, i, error);
        if (result < 0)
            return result;
    }
    return 0;
}

/* Keeps the channels' names as they stand in JSON strings. 0 or -ENOMEM. */
static int escape_channels(tlm_instance *instance, const tlm_text_list *channels)
{
    size_t size = 0;

    for (uint32_t i = 0; i < channels->count; i++)
        size += 2 * strlen(channels->items[i]);
    instance->names = calloc(channels->count, sizeof *instance->names);
    instance->name_bytes = malloc(size);
    if (!instance->names || !instance->name_bytes)
        return -ENOMEM;
    char *at = instance->name_bytes;
    for (uint32_t i = 0; i < channels->count; i++) {
        char *begin = at;
        for (const char *from = channels->items[i]; *from; from++) {
            if (*from == '"' || *from == '\\')
                *at++ = '\\';
            *at++ = *from;
        }
        instance->names[i] = (tlm_text){begin, (size_t)(at - begin)};
    }
    return 0;
}

/* --- the log --------------------------------------------------------------------------------------------------- */

static int64_t now_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_REALTIME, &now); /* cannot fail for this clock */
    return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

static tlm_generator_options options_of(const tlm_instance *instance, int64_t start_ms)
{
    const mock_config *config = instance->config;

    return (tlm_generator_options){.seed = (uint64_t)config->seed,
                                   .start_ms = start_ms,
                                   .stream_count = instance->stream_count,
                                   .chatters = (uint32_t)config->chatters,
                                   .chat_only = config->chat_only != 0,
                                   .no_emotes = config->emotes == 0,
                                   .rate = config->rate,
                                   .names = instance->names};
}

static uint64_t generation_of(const tlm_generator_options *options)
{
    return (tlm_generator_hash(options) & ~START_MASK) | (uint64_t)options->start_ms;
}

static tlm_position position_of(const tlm_generator *generator, int64_t number)
{
    return (tlm_position){.ordinal = number, .offset = number, .generation = generation_of(&generator->options)};
}

/* Whether the place is one of the log that the settings describe. */
static int check_place(const tlm_instance *instance, const tlm_position *from, tlm_error *error)
{
    const mock_config *config = instance->config;
    int64_t start_ms = (int64_t)(from->generation & START_MASK);
    tlm_generator_options options = options_of(instance, start_ms);

    if (config->start_time_ns != INT64_MIN && config->start_time_ns / NS_PER_MS != start_ms)
        return tlm_error_set(error, -ESTALE,
                             "start_time: the run to go on with began at %" PRId64 " ms since 1970, not at %" PRId64
                             " ms; take start_time out, or begin with an empty checkpoint",
                             start_ms, config->start_time_ns / NS_PER_MS);
    if (from->ordinal < 0 || generation_of(&options) != from->generation)
        return tlm_error_set(error, -ESTALE,
                             "the run to go on with had other settings; put seed, rate, channels, streams, chatters, "
                             "chat_only and emotes "
                             "back to what they were, or begin with an empty checkpoint");
    return 0;
}

static int mock_open(tlm_instance *instance, const tlm_position *from, tlm_error *error)
{
    const mock_config *config = instance->config;
    bool is_given = config->start_time_ns != INT64_MIN;
    int64_t start_ms = (is_given ? config->start_time_ns : now_ns()) / NS_PER_MS;
    int64_t next = 0;

    if (from && from->generation != 0) {
        int result = check_place(instance, from, error);
        if (result < 0)
            return result;
        start_ms = (int64_t)(from->generation & START_MASK);
        next = from->ordinal;
    }
    tlm_generator_options options = options_of(instance, start_ms);
    tlm_generator_init(&instance->generator, &options);
    instance->end = tlm_generator_count(&instance->generator);
    if (config->count > 0 && config->count < instance->end)
        instance->end = config->count;
    atomic_store_explicit(&instance->next, next, memory_order_relaxed);
    return 0;
}

/* Number behind the last event that may be read now, at most `limit`. */
static int64_t due_end(const tlm_instance *instance, int64_t next, int64_t limit)
{
    int64_t low = next, high = limit;

    if (!instance->config->realtime)
        return limit;
    int64_t now = now_ns();
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (tlm_generator_time_ns(&instance->generator, middle) <= now)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Generates events next .. end, or as many as a batch has room for. NULL when memory is short. */
static const tlm_records *generate(tlm_instance *instance, int64_t next, int64_t end)
{
    uint64_t wanted = (uint64_t)(end - next);
    size_t capacity = wanted < BATCH_SIZE_MAX / EVENT_SIZE_USUAL ? wanted * EVENT_SIZE_USUAL : BATCH_SIZE_MAX;
    tlm_mock_batch *batch = tlm_mock_pool_take(instance->pool, (uint32_t)wanted, capacity + TLM_MOCK_EVENT_SIZE_MAX);
    tlm_position position = position_of(&instance->generator, next);
    uint32_t count = 0;
    size_t at = 0;

    if (!batch)
        return NULL;
    for (; position.ordinal < end && at <= capacity; count++) {
        uint32_t kind;
        size_t size = tlm_generator_write(&instance->generator, position.ordinal, batch->bytes + at, &kind);
        batch->items[count] =
            (tlm_record){.position = position,
                         .full_size = size,
                         .append_time_ns = tlm_generator_time_ns(&instance->generator, position.ordinal),
                         .start = (uint32_t)at,
                         .size = (uint32_t)size,
                         .kind = kind};
        at += size;
        position.offset = ++position.ordinal;
    }
    return tlm_mock_batch_finish(batch, count, at, position);
}

/* Waits until event `next` is due, `wait_ns` are over, or a call of wake. */
static void pause_reading(const tlm_instance *instance, int64_t wait_ns)
{
    struct pollfd wake = {.fd = instance->wake_fd, .events = POLLIN};
    struct timespec timeout = {.tv_sec = wait_ns / NS_PER_S, .tv_nsec = wait_ns % NS_PER_S};
    uint64_t count;

    if (ppoll(&wake, 1, &timeout, NULL) <= 0)
        return; /* time is over, or a signal: the caller looks at the clock */
    if (read(instance->wake_fd, &count, sizeof count) < 0)
        return; /* another read took it */
}

static int mock_read(tlm_instance *instance, uint32_t max_records, int32_t timeout_ms, const tlm_records **ret_records,
                     tlm_error *error)
{
    int64_t next = atomic_load_explicit(&instance->next, memory_order_relaxed);

    if (next >= instance->end)
        return TLM_READ_END;
    int64_t limit = instance->end - next < max_records ? instance->end : next + max_records;
    int64_t end = due_end(instance, next, limit);
    if (end == next && timeout_ms > 0) {
        int64_t wait_ns = tlm_generator_time_ns(&instance->generator, next) - now_ns();
        wait_ns = wait_ns > TICK_NS ? wait_ns : TICK_NS;
        pause_reading(instance, wait_ns < timeout_ms * NS_PER_MS ? wait_ns : timeout_ms * NS_PER_MS);
        end = due_end(instance, next, limit);
    }
    if (end == next)
        return TLM_READ_WAITING;
    const tlm_records *records = generate(instance, next, end);
    if (!records)
        return tlm_error_set(error, -ENOMEM, "no memory for a batch of events");
    atomic_store_explicit(&instance->next, records->next.ordinal, memory_order_relaxed);
    *ret_records = records;
    return TLM_READ_RECORDS;
}

static void mock_close(tlm_instance *instance)
{
    (void)instance; /* a computed log holds nothing open */
}

static void mock_wake(tlm_instance *instance)
{
    uint64_t one = 1;

    /* Fails only when the counter is full, and then the reader is being woken already. */
    if (write(instance->wake_fd, &one, sizeof one) < 0)
        return;
}

static void mock_progress(tlm_instance *instance, uint64_t *ret_done, uint64_t *ret_total)
{
    *ret_done = (uint64_t)atomic_load_explicit(&instance->next, memory_order_relaxed);
    *ret_total = (uint64_t)instance->config->count;
}

/* --- life ------------------------------------------------------------------------------------------------------ */

static void mock_stop(tlm_instance *instance)
{
    tlm_mock_pool_unref(instance->pool);
    instance->pool = NULL;
    if (instance->wake_fd >= 0)
        (void)close(instance->wake_fd);
    instance->wake_fd = -1;
}

static void mock_destroy(tlm_instance *instance)
{
    if (!instance)
        return;
    mock_stop(instance);
    free(instance->names);
    free(instance->name_bytes);
    free(instance);
}

static int mock_create(const tlm_host *host, const void *settings, tlm_instance **ret_instance, tlm_error *error)
{
    const mock_config *config = settings;
    int result = check_config(config, error);

    (void)host;
    if (result < 0)
        return result;
    tlm_instance *instance = calloc(1, sizeof *instance);
    if (!instance)
        return tlm_error_set(error, -ENOMEM, "no memory");
    instance->config = config;
    instance->wake_fd = -1;
    instance->stream_count = config->streams > 0 ? (uint32_t)config->streams : config->channels.count;
    if (config->streams == 0 && escape_channels(instance, &config->channels) < 0) {
        mock_destroy(instance);
        return tlm_error_set(error, -ENOMEM, "no memory for %" PRIu32 " names", config->channels.count);
    }
    *ret_instance = instance;
    return 0;
}

static int mock_start(tlm_instance *instance, tlm_error *error)
{
    instance->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    int result = instance->wake_fd < 0 ? -errno : tlm_mock_pool_create(&instance->pool);

    if (result < 0)
        mock_stop(instance);
    return result < 0 ? tlm_error_set(error, result, "cannot start: %s", strerror(-result)) : 0;
}

static const void *mock_interface(const char *id)
{
    static const tlm_source source = {
        .open = mock_open, .read = mock_read, .close = mock_close, .wake = mock_wake, .progress = mock_progress};

    return strcmp(id, TLM_INTERFACE_SOURCE) == 0 ? &source : NULL;
}

static const tlm_option options[] = {
    {.name = "channels",
     .type = TLM_OPTION_LIST,
     .offset = offsetof(mock_config, channels),
     .default_text = "demo_stream",
     .doc = "Stream ids to make events for."},
    {.name = "streams",
     .type = TLM_OPTION_INTEGER,
     .offset = offsetof(mock_config, streams),
     .default_text = "0",
     .min = 0,
     .max = TLM_MOCK_STREAMS_MAX,
     .doc = "When above 0: so many streams stream_0001, stream_0002 ... take the place of `channels`."},
    {.name = "rate",
     .type = TLM_OPTION_REAL,
     .offset = offsetof(mock_config, rate),
     .default_text = "10",
     .min = 0,
     .max = 1000000,
     .doc = "Events per second and stream, at least 0.001."},
    {.name = "seed",
     .type = TLM_OPTION_INTEGER,
     .offset = offsetof(mock_config, seed),
     .default_text = "1",
     .doc = "Equal seed, start_time and other settings give equal bytes."},
    {.name = "start_time",
     .type = TLM_OPTION_TIME,
     .offset = offsetof(mock_config, start_time_ns),
     .doc = "Time of the first events; without it the time of the first start, which a checkpoint remembers. "
            "With realtime, events from before now, such as those of a pause, come at once."},
    {.name = "realtime",
     .type = TLM_OPTION_BOOL,
     .offset = offsetof(mock_config, realtime),
     .default_text = "true",
     .doc = "true: events come when the clock reaches their time. false: as fast as possible, however far ahead."},
    {.name = "count",
     .type = TLM_OPTION_INTEGER,
     .offset = offsetof(mock_config, count),
     .default_text = "0",
     .min = 0,
     .max = INT64_MAX,
     .doc = "Events in all; 0 is without end."},
    {.name = "chatters",
     .type = TLM_OPTION_INTEGER,
     .offset = offsetof(mock_config, chatters),
     .default_text = "500",
     .min = 1,
     .max = 1000000000,
     .doc = "Distinct users a stream."},
    {.name = "chat_only",
     .type = TLM_OPTION_BOOL,
     .offset = offsetof(mock_config, chat_only),
     .default_text = "false",
     .doc = "true: chat events and nothing else, to measure with."},
    {.name = "emotes",
     .type = TLM_OPTION_BOOL,
     .offset = offsetof(mock_config, emotes),
     .default_text = "true",
     .doc = "false: messages without emotes, to measure with."},
};

static const tlm_component component = {
    .struct_size = sizeof(tlm_component),
    .config_size = sizeof(mock_config),
    .id = "mock",
    .summary = "Generates events of all four kinds for any number of streams.",
    .options = options,
    .option_count = TLM_COUNT(options),
    .create = mock_create,
    .start = mock_start,
    .stop = mock_stop,
    .destroy = mock_destroy,
    .get_interface = mock_interface,
};

static const tlm_component *const components[] = {&component};

TLM_PLUGIN("mock", TELEMETRA_VERSION, components);
