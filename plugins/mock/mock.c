/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file mock.c
 * Source `mock`: generated events of all four kinds, in real time or as fast as possible.
 *
 * What it reads is a log that is computed (log.h), by one of two models: `lifelike` (lifelike.h) and `flat` (flat.h). A
 * place has as ordinal the number of an event, as offset the model's own way to it, and as generation the run's start
 * and a hash of the settings that the log depends on. A restart from a place goes on with the same log and, in real
 * time, catches up what was missed. A record's append time is the event's time.
 */
#include <telemetra/telemetra.h>

#include "batch.h"
#include "log.h"
#include "settings.h"

#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

/* Shortest wait in real time: events due close together are passed on together. */
#define TICK_NS (10 * TLM_NS_PER_MS)

enum {
    EVENT_SIZE_USUAL = 448,           /* room in a batch for each event */
    BATCH_SIZE_MAX = 4 * 1024 * 1024, /* bytes of a batch, whatever its number of records */
};

struct tlm_instance {
    const tlm_mock_settings *settings;
    tlm_text *names; /* escaped channels; NULL with generated streams */
    char *name_bytes;
    uint32_t stream_count;
    tlm_mock_pool *pool; /* from start to stop, as the next */
    int wake_fd;
    tlm_log log;          /* from open to close */
    _Atomic int64_t done; /* events read */
};

/* --- the log --------------------------------------------------------------------------------------------------- */

static int64_t now_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_REALTIME, &now); /* cannot fail for this clock */
    return (int64_t)now.tv_sec * TLM_NS_PER_S + now.tv_nsec;
}

static tlm_mock_options options_of(const tlm_instance *instance, int64_t start_ms)
{
    const tlm_mock_settings *settings = instance->settings;

    return (tlm_mock_options){.model = settings->model,
                              .seed = (uint64_t)settings->seed,
                              .start_ms = start_ms,
                              .stream_count = instance->stream_count,
                              .chatters = (uint32_t)settings->chatters,
                              .chat_only = settings->chat_only != 0,
                              .no_emotes = settings->emotes == 0,
                              .rate = settings->rate,
                              .episodes = settings->episodes,
                              .names = instance->names};
}

/* Whether the place is one of the log that the settings describe. */
static int check_place(const tlm_instance *instance, const tlm_position *from, tlm_error *error)
{
    int64_t given_ns = instance->settings->start_time_ns;
    int64_t start_ms = tlm_log_start_ms(from);
    tlm_mock_options options = options_of(instance, start_ms);

    if (given_ns != INT64_MIN && given_ns / TLM_NS_PER_MS != start_ms)
        return tlm_error_set(error, -ESTALE,
                             "start_time: the run to go on with began at %" PRId64 " ms since 1970, not at %" PRId64
                             " ms; take start_time out, or begin with an empty checkpoint",
                             start_ms, given_ns / TLM_NS_PER_MS);
    if (from->ordinal < 0 || tlm_log_generation(&options) != from->generation)
        return tlm_error_set(error, -ESTALE,
                             "the run to go on with had other settings; put seed, model, rate, channels, streams, "
                             "chatters, episodes, chat_only and emotes back to what they were, or begin with an empty "
                             "checkpoint");
    return 0;
}

static int mock_open(tlm_instance *instance, const tlm_position *from, tlm_error *error)
{
    const tlm_mock_settings *settings = instance->settings;
    bool is_given = settings->start_time_ns != INT64_MIN;
    int64_t start_ms = (is_given ? settings->start_time_ns : now_ns()) / TLM_NS_PER_MS;
    int result = 0;

    if (from && from->generation != 0) {
        result = check_place(instance, from, error);
        start_ms = tlm_log_start_ms(from);
    } else {
        from = NULL;
    }
    if (result < 0)
        return result;
    tlm_mock_options options = options_of(instance, start_ms);
    tlm_log_finish(&instance->log);
    result = tlm_log_init(&instance->log, &options, from, settings->count, settings->planted_file, error);
    atomic_store_explicit(&instance->done, instance->log.ordinal, memory_order_relaxed);
    return result;
}

/* Generates the events up to `until_ns`, of which the first is at `time_ns`, as far as a batch has room. */
static int generate(tlm_instance *instance, int64_t time_ns, int64_t until_ns, uint32_t max_records,
                    const tlm_records **ret_records, tlm_error *error)
{
    tlm_log *log = &instance->log;
    uint32_t wanted = tlm_log_guess(log, time_ns, until_ns, max_records), count = 0;
    size_t capacity = wanted < BATCH_SIZE_MAX / EVENT_SIZE_USUAL ? wanted * EVENT_SIZE_USUAL : BATCH_SIZE_MAX;
    tlm_mock_batch *batch = tlm_mock_pool_take(instance->pool, wanted, capacity + TLM_MOCK_EVENT_SIZE_MAX);
    size_t at = 0;
    int result = 0;

    if (!batch)
        return -ENOMEM;
    while (result == 0 && count < wanted && at <= capacity && time_ns <= until_ns && time_ns != INT64_MAX) {
        tlm_log_write(log, time_ns, batch->bytes + at, &batch->items[count]);
        batch->items[count].start = (uint32_t)at;
        at += batch->items[count++].size;
        if (count < wanted)
            result = tlm_log_peek(log, until_ns, &time_ns);
    }
    /* Short memory for what comes next shows again at the next read. */
    const tlm_records *records = tlm_mock_batch_finish(batch, count, at, tlm_log_position(log));
    atomic_store_explicit(&instance->done, log->ordinal, memory_order_relaxed);
    result = tlm_log_flush(log, error);
    if (result < 0) {
        records->unref(records);
        return result;
    }
    *ret_records = records;
    return TLM_READ_RECORDS;
}

/* Waits for `wait_ns` or a call of wake. */
static void pause_reading(const tlm_instance *instance, int64_t wait_ns)
{
    struct pollfd wake = {.fd = instance->wake_fd, .events = POLLIN};
    struct timespec timeout = {.tv_sec = wait_ns / TLM_NS_PER_S, .tv_nsec = wait_ns % TLM_NS_PER_S};
    uint64_t count;

    if (ppoll(&wake, 1, &timeout, NULL) <= 0)
        return; /* time is over, or a signal: the caller looks at the clock */
    if (read(instance->wake_fd, &count, sizeof count) < 0)
        return; /* another read took it */
}

static int mock_read(tlm_instance *instance, uint32_t max_records, int32_t timeout_ms, const tlm_records **ret_records,
                     tlm_error *error)
{
    tlm_log *log = &instance->log;
    bool is_realtime = instance->settings->realtime != 0;
    int64_t until_ns = is_realtime ? now_ns() : INT64_MAX, time_ns;

    if (log->ordinal >= log->end)
        return TLM_READ_END;
    int result = tlm_log_peek(log, until_ns, &time_ns);
    if (result == 0 && time_ns > until_ns && time_ns != INT64_MAX && timeout_ms > 0) {
        int64_t wait_ns = time_ns - until_ns > TICK_NS ? time_ns - until_ns : TICK_NS;
        pause_reading(instance, wait_ns < timeout_ms * TLM_NS_PER_MS ? wait_ns : timeout_ms * TLM_NS_PER_MS);
        until_ns = now_ns();
        result = tlm_log_peek(log, until_ns, &time_ns);
    }
    if (result == 0 && time_ns == INT64_MAX)
        return TLM_READ_END;
    if (result == 0 && time_ns > until_ns)
        return TLM_READ_WAITING;
    if (result == 0)
        result = generate(instance, time_ns, until_ns, max_records, ret_records, error);
    return result == -ENOMEM ? tlm_error_set(error, -ENOMEM, "no memory for a batch of events") : result;
}

static void mock_close(tlm_instance *instance)
{
    tlm_log_finish(&instance->log);
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
    *ret_done = (uint64_t)atomic_load_explicit(&instance->done, memory_order_relaxed);
    *ret_total = (uint64_t)instance->settings->count;
}

/* --- life ------------------------------------------------------------------------------------------------------ */

static void mock_stop(tlm_instance *instance)
{
    tlm_log_finish(&instance->log);
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

static int mock_create(const tlm_host *host, const void *options, tlm_instance **ret_instance, tlm_error *error)
{
    const tlm_mock_settings *settings = options;
    int result = tlm_mock_settings_check(settings, error);

    (void)host;
    if (result < 0)
        return result;
    tlm_instance *instance = calloc(1, sizeof *instance);
    if (!instance)
        return tlm_error_set(error, -ENOMEM, "no memory");
    instance->settings = settings;
    instance->wake_fd = -1;
    instance->stream_count = settings->streams > 0 ? (uint32_t)settings->streams : settings->channels.count;
    if (settings->streams == 0)
        result = tlm_mock_names_escape(&settings->channels, &instance->names, &instance->name_bytes);
    if (result < 0) {
        mock_destroy(instance);
        return tlm_error_set(error, result, "no memory for %" PRIu32 " names", settings->channels.count);
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

static const tlm_component component = {
    .struct_size = sizeof(tlm_component),
    .config_size = sizeof(tlm_mock_settings),
    .id = "mock",
    .summary = "Generates events of all four kinds for any number of streams.",
    .options = tlm_mock_option_table,
    .option_count = TLM_MOCK_OPTIONS,
    .create = mock_create,
    .start = mock_start,
    .stop = mock_stop,
    .destroy = mock_destroy,
    .get_interface = mock_interface,
};

static const tlm_component *const components[] = {&component};

TLM_PLUGIN("mock", TELEMETRA_VERSION, components);
