/* SPDX-License-Identifier: Apache-2.0 */
#include "run.h"

#include "clock.h"
#include "host.h"
#include "listen.h"
#include "pipeline.h"
#include "progress.h"

#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

/* All that a run consists of, in the order in which it comes up. */
struct run {
    const tlm_plan *plan;
    const tlm_log *log;
    int signal_fd, wake_fd;
    tlm_shared *shared;
    tlm_pipeline *pipeline;
    tlm_listener *listener;
    tlm_progress progress;
    uint32_t is_end_told; /* that all inputs have ended */
};

/* --- up ---------------------------------------------------------------------------------------------------------- */

static int open_signals(struct run *run, tlm_error *error)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP); /* a terminal that closes must not cost the last flush */
    int result = pthread_sigmask(SIG_BLOCK, &set, NULL);
    if (result)
        return tlm_error_set(error, -result, "cannot block signals: %s", strerror(result));
    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR || signal(SIGXFSZ, SIG_IGN) == SIG_ERR)
        return tlm_error_set(error, -errno, "cannot ignore signals: %s", strerror(errno));
    run->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    run->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (run->signal_fd < 0 || run->wake_fd < 0)
        return tlm_error_set(error, -errno, "cannot open a signalfd or eventfd: %s", strerror(errno));
    return 0;
}

static int has_section(const tlm_plan *plan, uint32_t section)
{
    for (uint32_t i = 0; i < plan->instance_count; i++)
        if (plan->instances[i].section == section)
            return 1;
    return 0;
}

static int start_section(struct run *run, uint32_t section, tlm_error *error)
{
    for (uint32_t i = 0; i < run->plan->instance_count; i++) {
        tlm_living *living = &run->shared->living[i];
        if (living->planned->section != section)
            continue;
        tlm_error reason = {"no reason was given"};
        int result = living->planned->component->start(living->instance, &reason);
        if (result < 0)
            return tlm_error_set(error, result, "%s: %.900s", living->host.instance, reason.text);
        living->is_started = 1;
    }
    return 0;
}

/* The plan has seen to their number. */
static uint32_t find_routes(const struct run *run, tlm_listen_route *routes)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < run->plan->instance_count; i++) {
        const tlm_living *living = &run->shared->living[i];
        if (living->planned->section != TLM_SECTION_FRONTEND)
            continue;
        const tlm_frontend *frontend = tlm_living_interface(living, TLM_INTERFACE_FRONTEND);
        for (const char *const *prefix = frontend ? frontend->prefixes : NULL; prefix && *prefix; prefix++)
            routes[count++] = (tlm_listen_route){.prefix = *prefix, .frontend = frontend, .instance = living->instance};
    }
    return count;
}

static int open_listener(struct run *run, tlm_error *error)
{
    tlm_listen_route routes[TLM_PREFIXES_MAX];
    uint32_t count = find_routes(run, routes);
    return tlm_listener_create(routes, count, &run->plan->listen, run->log, &run->listener, error);
}

static int start_listener(struct run *run, tlm_error *error)
{
    int result = start_section(run, TLM_SECTION_FRONTEND, error);
    if (!result)
        result = tlm_listener_start(run->listener, error);
    if (!result)
        tlm_log_write(run->log, TLM_LOG_INFO, "core", "listening on http://%s", tlm_listener_address(run->listener));
    return result;
}

/* Whether a signal to stop waits; it is taken later. */
static int is_stop_asked(void *context)
{
    const struct run *run = context;
    struct pollfd fd = {.fd = run->signal_fd, .events = POLLIN};
    return poll(&fd, 1, 0) > 0;
}

/*
 * Stores and sinks first, then the lanes that need them, then whoever asks, and the readers last. The port is taken
 * before the lanes: one that cannot serve takes no lane away from another process.
 */
static int start(struct run *run, tlm_error *error)
{
    static const uint32_t order[] = {TLM_SECTION_SINK, TLM_SECTION_STORE, TLM_SECTION_PROCESSOR, TLM_SECTION_CODEC,
                                     TLM_SECTION_SOURCE};
    int result = tlm_shared_create_instances(run->shared, error);
    for (size_t i = 0; i < TLM_COUNT(order) && !result; i++)
        result = start_section(run, order[i], error);
    if (!result && has_section(run->plan, TLM_SECTION_FRONTEND))
        result = open_listener(run, error);
    if (!result && has_section(run->plan, TLM_SECTION_SOURCE))
        result = tlm_pipeline_create(run->shared, run->wake_fd, is_stop_asked, run, &run->pipeline, error);
    if (!result && has_section(run->plan, TLM_SECTION_FRONTEND))
        result = start_listener(run, error);
    if (!result && run->pipeline)
        result = tlm_pipeline_start(run->pipeline, error);
    return result;
}

/* --- down -------------------------------------------------------------------------------------------------------- */

static int asks_store(const tlm_component *component)
{
    for (uint32_t i = 0; i < component->option_count; i++)
        if (component->options[i].flags & TLM_OPTION_STORE_BEHIND)
            return 1;
    return 0;
}

static void stop_some(struct run *run, uint32_t section, int is_asking)
{
    for (uint32_t i = run->plan->instance_count; i-- > 0;) {
        tlm_living *living = &run->shared->living[i];
        const tlm_component *component = living->planned->component;
        if (living->planned->section != section || !living->is_started || asks_store(component) != is_asking)
            continue;
        component->stop(living->instance);
        living->is_started = 0;
    }
}

/* Those that may be asking a store of the section first, whatever their order in the file. */
static void stop_section(struct run *run, uint32_t section)
{
    stop_some(run, section, 1);
    stop_some(run, section, 0);
}

/*
 * 1: everything that was processed is kept. No answer of a sink can come afterwards. A store that may be asking a sink
 * stops before it, as it does before a store.
 */
static int stop(struct run *run)
{
    tlm_listener_stop(run->listener);
    int is_kept = run->pipeline ? tlm_pipeline_stop(run->pipeline) : 1;
    stop_section(run, TLM_SECTION_FRONTEND);
    stop_some(run, TLM_SECTION_SINK, 1);
    stop_some(run, TLM_SECTION_STORE, 1);
    stop_some(run, TLM_SECTION_SINK, 0);
    return is_kept;
}

/* Lanes and decoders are closed before what they came from is stopped. */
static void finish(struct run *run)
{
    static const uint32_t order[] = {TLM_SECTION_SOURCE, TLM_SECTION_CODEC, TLM_SECTION_PROCESSOR, TLM_SECTION_STORE};
    tlm_pipeline_destroy(run->pipeline);
    for (size_t i = 0; i < TLM_COUNT(order) && run->shared; i++)
        stop_section(run, order[i]);
    tlm_listener_destroy(run->listener);
    tlm_shared_destroy(run->shared);
    if (run->signal_fd >= 0)
        close(run->signal_fd);
    if (run->wake_fd >= 0)
        close(run->wake_fd);
}

/* --- in between -------------------------------------------------------------------------------------------------- */

static int take_signal(const struct run *run)
{
    struct signalfd_siginfo info;
    if (read(run->signal_fd, &info, sizeof info) != sizeof info)
        return 0;
    tlm_log_write(run->log, TLM_LOG_INFO, "core", "%s: stopping", strsignal((int)info.ssi_signo));
    return 1;
}

/* Whether the run is over by itself. A failed pipeline ends it too, unless somebody is still being served. */
static int is_over(struct run *run)
{
    tlm_pipeline_news news;
    if (!run->pipeline || run->listener)
        return 0;
    tlm_pipeline_look(run->pipeline, &news);
    return news.is_over || news.is_failed;
}

static void log_accounting(const struct run *run)
{
    tlm_accounting counts;
    uint64_t sums[5] = {0};
    tlm_pipeline_accounting(run->pipeline, &counts);
    for (uint32_t kind = 0; kind < TLM_EVENT_KINDS; kind++) {
        sums[0] += counts.consumed[kind];
        sums[1] += counts.applied[kind];
        sums[2] += counts.duplicate[kind];
        sums[3] += counts.late[kind];
        sums[4] += counts.dead_lettered[kind];
    }
    tlm_log_write(run->log, TLM_LOG_INFO, "core",
                  "kept: consumed %" PRIu64 " = applied %" PRIu64 " + duplicate %" PRIu64 " + late %" PRIu64
                  " + dead-lettered %" PRIu64,
                  sums[0], sums[1], sums[2], sums[3], sums[4]);
    if (sums[4])
        tlm_log_write(run->log, TLM_LOG_WARNING, "core",
                      "%" PRIu64 " records are dead letters; the dataset dead_letters has each with its reason",
                      sums[4]);
}

/* Once all inputs have ended while somebody is still being served: says so, and what has come of it. */
static void tell_end_of_inputs(struct run *run)
{
    tlm_pipeline_news news;
    if (!run->pipeline || !run->listener || run->is_end_told)
        return;
    tlm_pipeline_look(run->pipeline, &news);
    if (!news.is_over || news.is_failed)
        return;
    run->is_end_told = 1;
    tlm_progress_clear(&run->progress);
    tlm_log_write(run->log, TLM_LOG_INFO, "core",
                  "all inputs have ended; what they gave is served until this is stopped");
    log_accounting(run);
}

static void wait_for_end(struct run *run)
{
    struct pollfd fds[] = {{.fd = run->signal_fd, .events = POLLIN}, {.fd = run->wake_fd, .events = POLLIN}};
    while (!is_over(run)) {
        tell_end_of_inputs(run);
        int timeout_ms = run->pipeline && !run->is_end_told ? tlm_progress_show(&run->progress, run->pipeline) : -1;
        int ready = poll(fds, TLM_COUNT(fds), timeout_ms);
        if (ready > 0 && fds[0].revents && take_signal(run))
            break;
        uint64_t count;
        if (ready > 0 && fds[1].revents && read(run->wake_fd, &count, sizeof count) < 0 && errno != EAGAIN)
            break;
    }
    tlm_progress_clear(&run->progress);
}

/* What the run has come to, once it is stopped. */
static int outcome(struct run *run, int is_kept, tlm_error *error)
{
    if (!run->pipeline)
        return 0;
    tlm_pipeline_news news;
    tlm_pipeline_look(run->pipeline, &news);
    if (!run->is_end_told)
        log_accounting(run);
    if (news.is_failed) /* health has logged the sentence of whoever failed */
        return tlm_error_set(error, -EIO, "stopped by the failure above; what was not kept will be read again");
    return is_kept ? 0 : tlm_error_set(error, -EIO, "not everything was kept; it will be read again");
}

int tlm_run(const tlm_plan *plan, const tlm_log *log, tlm_error *error)
{
    struct run run = {.plan = plan, .log = log, .signal_fd = -1, .wake_fd = -1};
    tlm_progress_init(&run.progress);
    int result = open_signals(&run, error);
    if (!result)
        result = tlm_shared_create(plan, log, &run.shared, error);
    if (!result) {
        result = start(&run, error);
        if (!result)
            wait_for_end(&run);
        int is_kept = stop(&run);
        if (!result)
            result = outcome(&run, is_kept, error);
    }
    finish(&run);
    return result;
}
