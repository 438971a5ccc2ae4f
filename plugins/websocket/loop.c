/* SPDX-License-Identifier: Apache-2.0 */
#include "loop.h"

#include "loop_inside.h"

#include "common/clock.h"
#include "common/thread.h"

#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define EVENTS_MAX 256
/* How long clients have to take the close frame when all of it stops. */
#define STOP_TIMEOUT_MS 500

/* An event counter far from its limit takes one more without fail. */
static void wake(void *context)
{
    const tlm_ws_loop *loop = context;
    const uint64_t one = 1;

    (void)!write(loop->wake_fd, &one, sizeof one);
}

/* --- what other threads bring ---------------------------------------------------------------------------------- */

uint32_t tlm_ws_loop_adopt(tlm_ws_loop *loop, int fd, const void *peer, uint32_t peer_size,
                           const tlm_ws_handshake *handshake)
{
    if (atomic_fetch_add(&loop->connection_count, 1) >= loop->options.max_connections) {
        atomic_fetch_sub(&loop->connection_count, 1);
        return TLM_WS_FULL;
    }
    tlm_ws_arrival *arrival = malloc(sizeof *arrival);
    if (!arrival) {
        atomic_fetch_sub(&loop->connection_count, 1);
        return TLM_WS_NO_MEMORY;
    }
    arrival->fd = fd;
    arrival->address = tlm_ws_address_of(peer, peer_size);
    arrival->handshake = *handshake;
    pthread_mutex_lock(&loop->inbox_mutex);
    bool was_empty = STAILQ_EMPTY(&loop->arrivals);
    STAILQ_INSERT_TAIL(&loop->arrivals, arrival, link);
    pthread_mutex_unlock(&loop->inbox_mutex);
    if (was_empty)
        wake(loop);
    return TLM_WS_TAKEN;
}

static void take_answer(void *context, tlm_ws_question *question)
{
    tlm_ws_loop *loop = context;

    pthread_mutex_lock(&loop->inbox_mutex);
    STAILQ_INSERT_TAIL(&loop->answers, question, link);
    pthread_mutex_unlock(&loop->inbox_mutex);
    wake(loop);
}

void tlm_ws_loop_count_refused(tlm_ws_loop *loop)
{
    if (loop->metrics)
        loop->metrics->add(loop->refused, 1);
}

static tlm_ws_arrival *next_arrival(tlm_ws_loop *loop)
{
    pthread_mutex_lock(&loop->inbox_mutex);
    tlm_ws_arrival *arrival = STAILQ_FIRST(&loop->arrivals);
    if (arrival)
        STAILQ_REMOVE_HEAD(&loop->arrivals, link);
    pthread_mutex_unlock(&loop->inbox_mutex);
    return arrival;
}

static tlm_ws_question *next_answer(tlm_ws_loop *loop)
{
    pthread_mutex_lock(&loop->inbox_mutex);
    tlm_ws_question *question = STAILQ_FIRST(&loop->answers);
    if (question)
        STAILQ_REMOVE_HEAD(&loop->answers, link);
    pthread_mutex_unlock(&loop->inbox_mutex);
    return question;
}

static void begin_stop(tlm_ws_loop *loop)
{
    pthread_mutex_lock(&loop->inbox_mutex);
    bool must_stop = loop->must_stop;
    pthread_mutex_unlock(&loop->inbox_mutex);
    if (!must_stop || loop->stop_ms != 0)
        return;
    loop->stop_ms = loop->now_ms + STOP_TIMEOUT_MS;
    for (uint32_t beat = 0; beat < TLM_WS_BEAT_CLOSE; beat++) {
        tlm_ws_client *client;
        while ((client = TAILQ_FIRST(&loop->beats[beat])) != NULL)
            tlm_ws_client_close(loop, client, TLM_WS_CLOSE_GOING_AWAY, "the server is stopping");
    }
}

static void empty_inbox(tlm_ws_loop *loop)
{
    tlm_ws_arrival *arrival;
    tlm_ws_question *answer;
    uint64_t count;

    /* EAGAIN: somebody else's wake-up was read already. */
    (void)!read(loop->wake_fd, &count, sizeof count);
    while ((arrival = next_arrival(loop)) != NULL)
        tlm_ws_client_open(loop, arrival);
    while ((answer = next_answer(loop)) != NULL)
        tlm_ws_room_answer(loop, answer);
    tlm_ws_rooms_tell(loop);
    begin_stop(loop);
}

/* --- the thread ------------------------------------------------------------------------------------------------ */

static int64_t sooner(int64_t a_ms, int64_t b_ms)
{
    return a_ms == 0 || b_ms < a_ms ? b_ms : a_ms;
}

/* Until the next deadline of anybody; -1: there is none. */
static int next_timeout_ms(const tlm_ws_loop *loop)
{
    int64_t next_ms = loop->stop_ms;

    for (uint32_t beat = 0; beat < TLM_WS_BEATS; beat++)
        if (!TAILQ_EMPTY(&loop->beats[beat]))
            next_ms = sooner(next_ms, TAILQ_FIRST(&loop->beats[beat])->beat_ms);
    if (!TAILQ_EMPTY(&loop->stalled))
        next_ms = sooner(next_ms, TAILQ_FIRST(&loop->stalled)->stall_ms);
    if (!TAILQ_EMPTY(&loop->due))
        next_ms = sooner(next_ms, TAILQ_FIRST(&loop->due)->due_ms);
    if (!TAILQ_EMPTY(&loop->asking))
        next_ms = sooner(next_ms, TAILQ_FIRST(&loop->asking)->due_ms);
    if (next_ms == 0)
        return -1;
    int64_t delay_ms = next_ms - tlm_clock_ms();
    return delay_ms < 0 ? 0 : delay_ms > INT32_MAX ? INT32_MAX : (int)delay_ms;
}

static void count(const tlm_ws_loop *loop, tlm_metric *metric, uint64_t *amount)
{
    if (*amount > 0)
        loop->metrics->add(metric, (int64_t)*amount);
    *amount = 0;
}

static void tell_log(const tlm_ws_loop *loop, uint32_t level, const char *message)
{
    const tlm_log_service *log = loop->host->get_service(loop->host, TLM_SERVICE_LOG);

    if (log)
        log->write(loop->host, level, tlm_text_of(message));
}

/* Health follows whether another client could connect, with some room before it is well again. */
static void tell_health(tlm_ws_loop *loop, uint32_t connections)
{
    static const char full[] = "all connections are taken; see max_connections";
    const tlm_health_service *health = loop->host->get_service(loop->host, TLM_SERVICE_HEALTH);
    uint32_t max = loop->options.max_connections;
    bool is_full = connections >= max || (loop->is_full_told && connections > max - max / 10);

    if (!health || is_full == loop->is_full_told)
        return;
    loop->is_full_told = is_full;
    health->set(loop->host, is_full ? TLM_HEALTH_DEGRADED : TLM_HEALTH_OK, tlm_text_of(is_full ? full : ""));
}

static void report(tlm_ws_loop *loop)
{
    uint32_t connections = atomic_load(&loop->connection_count);

    tell_health(loop, connections);
    uint64_t lost = tlm_ws_feed_lost(loop->feed);
    if (lost > loop->lost_told)
        tell_log(loop, TLM_LOG_WARNING, "moments came faster than they could be told; the oldest were not told live");
    if (loop->metrics) {
        uint64_t newly_lost = lost - loop->lost_told;
        loop->metrics->set(loop->connections, connections);
        count(loop, loop->sent, &loop->sent_count);
        count(loop, loop->dropped, &loop->dropped_count);
        count(loop, loop->dropped, &newly_lost);
    }
    loop->lost_told = lost;
}

static bool is_done(const tlm_ws_loop *loop)
{
    return loop->stop_ms != 0 && (loop->now_ms >= loop->stop_ms || atomic_load(&loop->connection_count) == 0);
}

static void end_all(tlm_ws_loop *loop)
{
    for (uint32_t beat = 0; beat < TLM_WS_BEATS; beat++)
        while (!TAILQ_EMPTY(&loop->beats[beat]))
            tlm_ws_client_end(loop, TAILQ_FIRST(&loop->beats[beat]));
    tlm_ws_clients_bury(loop);
}

static void *run(void *argument)
{
    tlm_ws_loop *loop = argument;
    struct epoll_event events[EVENTS_MAX];

    loop->now_ms = tlm_clock_ms();
    while (!is_done(loop)) {
        int ready = epoll_wait(loop->epoll_fd, events, EVENTS_MAX, next_timeout_ms(loop));
        bool has_news = false;
        loop->now_ms = tlm_clock_ms();
        for (int i = 0; i < ready; i++) {
            if (events[i].data.ptr == loop)
                has_news = true;
            else
                tlm_ws_client_serve(loop, events[i].data.ptr, events[i].events);
        }
        if (has_news)
            empty_inbox(loop);
        tlm_ws_clients_look(loop);
        tlm_ws_rooms_update(loop);
        tlm_ws_clients_bury(loop);
        report(loop);
    }
    end_all(loop);
    report(loop);
    return NULL;
}

/* --- life ------------------------------------------------------------------------------------------------------ */

static int open_polling(tlm_ws_loop *loop)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = loop};

    loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    loop->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (loop->epoll_fd < 0 || loop->wake_fd < 0 || epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, loop->wake_fd, &event) != 0)
        return -errno;
    return 0;
}

static void init_lists(tlm_ws_loop *loop)
{
    STAILQ_INIT(&loop->arrivals);
    STAILQ_INIT(&loop->answers);
    for (uint32_t beat = 0; beat < TLM_WS_BEATS; beat++)
        TAILQ_INIT(&loop->beats[beat]);
    TAILQ_INIT(&loop->stalled);
    TAILQ_INIT(&loop->dead);
    TAILQ_INIT(&loop->due);
    TAILQ_INIT(&loop->asking);
}

int tlm_ws_loop_create(const tlm_host *host, const tlm_ws_options *options, tlm_ws_loop **ret_loop)
{
    tlm_ws_loop *loop = calloc(1, sizeof *loop);

    if (!loop)
        return -ENOMEM;
    loop->host = host;
    loop->options = *options;
    loop->epoll_fd = loop->wake_fd = -1;
    pthread_mutex_init(&loop->inbox_mutex, NULL);
    init_lists(loop);
    loop->ping = tlm_ws_frame_ping();
    if (!loop->ping || tlm_ws_feed_create(options->max_streams, host->hash_seed, wake, loop, &loop->feed) < 0) {
        tlm_ws_loop_destroy(loop);
        return -ENOMEM;
    }
    *ret_loop = loop;
    return 0;
}

void tlm_ws_loop_destroy(tlm_ws_loop *loop)
{
    if (!loop)
        return;
    if (loop->epoll_fd >= 0)
        close(loop->epoll_fd);
    if (loop->wake_fd >= 0)
        close(loop->wake_fd);
    tlm_ws_feed_destroy(loop->feed);
    tlm_ws_frame_unref(loop->ping);
    tlm_buffer_finish(&loop->scratch);
    tlm_buffer_finish(&loop->replies);
    tlm_hash_map_finish(&loop->addresses);
    pthread_mutex_destroy(&loop->inbox_mutex);
    free(loop);
}

tlm_ws_feed *tlm_ws_loop_feed(tlm_ws_loop *loop)
{
    return loop->feed;
}

static void open_metrics(tlm_ws_loop *loop)
{
    const tlm_host *host = loop->host;
    const tlm_metrics_service *metrics = host->get_service(host, TLM_SERVICE_METRICS);

    loop->metrics = metrics;
    if (!metrics)
        return;
    loop->connections = metrics->open(host, TLM_METRIC_GAUGE, "telemetra_websocket_connections", "WebSockets open now");
    loop->sent = metrics->open(host, TLM_METRIC_COUNTER, "telemetra_websocket_frames_sent_total", "Frames sent whole");
    loop->dropped = metrics->open(host, TLM_METRIC_COUNTER, "telemetra_websocket_updates_dropped_total",
                                  "Updates that a newer one replaced before a client took them");
    loop->refused = metrics->open(host, TLM_METRIC_COUNTER, "telemetra_websocket_refused_total",
                                  "Connections that got an HTTP answer instead of a WebSocket");
}

int tlm_ws_loop_start(tlm_ws_loop *loop, const tlm_store *store, tlm_instance *store_instance, tlm_error *error)
{
    open_metrics(loop);
    int result = open_polling(loop);
    if (result == 0 && store)
        result = tlm_ws_asker_create(loop->host, store, store_instance, take_answer, loop, &loop->asker);
    if (result == 0)
        result = tlm_thread_start(&loop->thread, run, loop);
    if (result < 0) {
        tlm_ws_asker_destroy(loop->asker);
        loop->asker = NULL;
        return tlm_error_set(error, result, "the live connections cannot be served: %s", strerror(-result));
    }
    loop->is_started = true;
    return 0;
}

/* What came after the thread had ended. */
static void drop_inbox(tlm_ws_loop *loop)
{
    tlm_ws_arrival *arrival;
    tlm_ws_question *answer;

    while ((arrival = next_arrival(loop)) != NULL) {
        close(arrival->fd);
        free(arrival);
    }
    while ((answer = next_answer(loop)) != NULL)
        tlm_ws_question_destroy(answer);
}

void tlm_ws_loop_stop(tlm_ws_loop *loop)
{
    if (!loop || !loop->is_started)
        return;
    pthread_mutex_lock(&loop->inbox_mutex);
    loop->must_stop = true;
    pthread_mutex_unlock(&loop->inbox_mutex);
    wake(loop);
    pthread_join(loop->thread, NULL);
    loop->is_started = false;
    tlm_ws_asker_destroy(loop->asker);
    loop->asker = NULL;
    drop_inbox(loop);
}
