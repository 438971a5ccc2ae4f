/* SPDX-License-Identifier: Apache-2.0 */
#include "listen.h"

#include "listen_head.h"
#include "listen_socket.h"
#include "listen_waiting.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

/* How long a refused connection may take to read its answer; closing at once could destroy it (RFC 9112, 9.6). */
#define CLOSE_TIMEOUT_MS 1000
/* How long accepting pauses when the process has no descriptor left. */
#define ACCEPT_PAUSE_MS 100
#define EVENTS_MAX 128
/* Connections accepted before those that wait are looked at again. */
#define ACCEPTS_MAX 64

struct tlm_listener {
    tlm_listen_route *routes;
    uint32_t route_count;
    tlm_listen_options options;
    const tlm_log *log;
    char address[TLM_ADDRESS_SIZE];
    int listen_fd, epoll_fd, stop_fd;
    tlm_waiting_table waiting;
    int64_t resume_ms;    /* when accepting goes on; 0: it is going on */
    bool shortage_logged; /* one warning per shortage of descriptors */
    bool started;
    pthread_t thread;
    char head[TLM_REQUEST_HEAD_MAX + 1];
};

static int64_t now_ms(void)
{
    struct timespec now;

    /* Cannot fail: the clock exists on every Linux. */
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Answers a connection that no frontend gets, and lets the peer read that before it is closed. */
static void refuse(tlm_listener *listener, tlm_waiting *waiting, const char *status, const char *detail)
{
    char body[512], answer[1024], timestamp[32];
    time_t now = time(NULL);
    struct tm parts;

    gmtime_r(&now, &parts);
    strftime(timestamp, sizeof timestamp, "%Y-%m-%dT%H:%M:%SZ", &parts);
    int body_size = snprintf(body, sizeof body, "{\"error\":\"%s\",\"detail\":\"%s\",\"timestamp\":\"%s\"}", status + 4,
                             detail, timestamp);
    int size = snprintf(answer, sizeof answer,
                        "HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n"
                        "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n%s",
                        status, body_size, body);
    /* A fresh socket's buffer takes this much; a peer that is gone needs no answer. */
    if (send(waiting->fd, answer, (size_t)size, MSG_NOSIGNAL | MSG_DONTWAIT) != size ||
        shutdown(waiting->fd, SHUT_WR) != 0) {
        tlm_waiting_close(&listener->waiting, waiting);
        return;
    }
    tlm_waiting_move(&listener->waiting, waiting, TLM_WAIT_CLOSE, now_ms());
}

static const tlm_listen_route *find_route(const tlm_listener *listener, tlm_text path)
{
    const tlm_listen_route *found = NULL;
    size_t longest = 0;

    for (uint32_t i = 0; i < listener->route_count; i++) {
        const tlm_listen_route *route = &listener->routes[i];
        size_t size = strlen(route->prefix);
        if (size <= path.size && memcmp(route->prefix, path.data, size) == 0 && (!found || size > longest)) {
            found = route;
            longest = size;
        }
    }
    return found;
}

static void hand_over(tlm_listener *listener, tlm_waiting *waiting, tlm_text head)
{
    const tlm_listen_route *route = find_route(listener, tlm_head_path(head));
    struct sockaddr_storage peer = waiting->peer;
    socklen_t peer_size = waiting->peer_size;
    int on = 1;

    if (!route) {
        refuse(listener, waiting, "404 Not Found", "nothing is served under this path");
        return;
    }
    int fd = tlm_waiting_release(&listener->waiting, waiting);
    if (epoll_ctl(listener->epoll_fd, EPOLL_CTL_DEL, fd, NULL) != 0) {
        close(fd);
        return;
    }
    /* Only latency is lost where this cannot be set. */
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    route->frontend->adopt(route->instance, fd, &peer, peer_size, head);
}

/* Looks at what has arrived without reading it. True: the connection still waits for its head. */
static bool look(tlm_listener *listener, tlm_waiting *waiting)
{
    ssize_t size = recv(waiting->fd, listener->head, sizeof listener->head, MSG_PEEK | MSG_DONTWAIT);
    size_t head_size = 0;

    if (size < 0 && (errno == EAGAIN || errno == EINTR))
        return true;
    if (size <= 0) {
        tlm_waiting_close(&listener->waiting, waiting);
        return false;
    }
    uint32_t verdict = tlm_head_look((tlm_text){listener->head, (size_t)size}, &head_size);
    if (verdict == TLM_HEAD_BAD) {
        refuse(listener, waiting, "400 Bad Request", "the first line is no HTTP request line");
        return false;
    }
    if (verdict == TLM_HEAD_WHOLE && head_size <= TLM_REQUEST_HEAD_MAX) {
        hand_over(listener, waiting, (tlm_text){listener->head, head_size});
        return false;
    }
    if ((size_t)size > TLM_REQUEST_HEAD_MAX) {
        refuse(listener, waiting, "431 Request Header Fields Too Large", "the head of a request is at most 16 KiB");
        return false;
    }
    return true;
}

/* Reads and drops what a refused peer still sends; closes when it has closed, or sends without end. */
static void discard(tlm_listener *listener, tlm_waiting *waiting)
{
    for (int i = 0; i < EVENTS_MAX; i++) {
        ssize_t size = recv(waiting->fd, listener->head, sizeof listener->head, MSG_DONTWAIT);
        if (size < 0 && errno == EINTR)
            continue;
        if (size < 0 && errno == EAGAIN)
            return;
        if (size <= 0)
            break;
    }
    tlm_waiting_close(&listener->waiting, waiting);
}

static void serve(tlm_listener *listener, tlm_waiting *waiting, uint32_t events)
{
    if (waiting->wait == TLM_WAIT_CLOSE)
        discard(listener, waiting);
    else if (look(listener, waiting) && (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)))
        tlm_waiting_close(&listener->waiting, waiting);
}

/* Edge-triggered: a peeked byte stays in the socket and a level-triggered wait would return for it for ever. */
static void take(tlm_listener *listener, int fd, const struct sockaddr_storage *peer, socklen_t peer_size)
{
    tlm_waiting *waiting = tlm_waiting_add(&listener->waiting, fd, now_ms());
    struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP | EPOLLET, .data.ptr = waiting};

    waiting->peer = *peer;
    waiting->peer_size = peer_size;
    if (epoll_ctl(listener->epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0)
        tlm_waiting_close(&listener->waiting, waiting);
}

static int watch_listen_fd(tlm_listener *listener, int operation, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = listener};

    return epoll_ctl(listener->epoll_fd, operation, listener->listen_fd, &event) == 0 ? 0 : -errno;
}

static void pause_accepting(tlm_listener *listener, int code)
{
    if (!listener->shortage_logged)
        tlm_log_write(listener->log, TLM_LOG_WARNING, "core",
                      "no new connection can be accepted: %s; raise the limit of open files (ulimit -n)",
                      strerror(code));
    listener->shortage_logged = true;
    if (watch_listen_fd(listener, EPOLL_CTL_MOD, 0) == 0)
        listener->resume_ms = now_ms() + ACCEPT_PAUSE_MS;
}

static void resume_accepting(tlm_listener *listener)
{
    if (listener->resume_ms != 0 && now_ms() >= listener->resume_ms &&
        watch_listen_fd(listener, EPOLL_CTL_MOD, EPOLLIN) == 0)
        listener->resume_ms = 0;
}

static void accept_some(tlm_listener *listener)
{
    for (int i = 0; i < ACCEPTS_MAX; i++) {
        struct sockaddr_storage peer;
        socklen_t peer_size = sizeof peer;
        int fd = accept4(listener->listen_fd, (struct sockaddr *)&peer, &peer_size, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd >= 0) {
            take(listener, fd, &peer, peer_size);
            listener->shortage_logged = false;
        } else if (errno == EAGAIN) {
            return;
        } else if (errno != EINTR && errno != ECONNABORTED) {
            pause_accepting(listener, errno);
            return;
        }
    }
}

static void close_overdue(tlm_listener *listener)
{
    int64_t now = now_ms();
    tlm_waiting *waiting;

    while ((waiting = tlm_waiting_overdue(&listener->waiting, now)) != NULL) {
        if (waiting->wait == TLM_WAIT_HEAD)
            refuse(listener, waiting, "408 Request Timeout", "the head of the request took too long to arrive");
        else
            tlm_waiting_close(&listener->waiting, waiting);
    }
}

static int next_timeout_ms(const tlm_listener *listener)
{
    int64_t now = now_ms();
    int64_t delay = tlm_waiting_delay_ms(&listener->waiting, now);

    if (listener->resume_ms != 0) {
        int64_t pause = listener->resume_ms > now ? listener->resume_ms - now : 0;
        delay = delay < 0 || pause < delay ? pause : delay;
    }
    return delay > INT32_MAX ? INT32_MAX : (int)delay;
}

static void *run(void *argument)
{
    tlm_listener *listener = argument;
    struct epoll_event events[EVENTS_MAX];
    bool stopping = false;

    while (!stopping) {
        bool accepting = false;
        int count = epoll_wait(listener->epoll_fd, events, EVENTS_MAX, next_timeout_ms(listener));
        for (int i = 0; i < count; i++) {
            if (events[i].data.ptr == &listener->stop_fd)
                stopping = true;
            else if (events[i].data.ptr == listener)
                accepting = true;
            else
                serve(listener, events[i].data.ptr, events[i].events);
        }
        /* Last, since a slot that it takes over may still have an event in this round. */
        if (accepting && !stopping)
            accept_some(listener);
        resume_accepting(listener);
        close_overdue(listener);
    }
    return NULL;
}

static int init_polling(tlm_listener *listener, tlm_error *error)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = &listener->stop_fd};

    listener->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    listener->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (listener->epoll_fd < 0 || listener->stop_fd < 0 ||
        epoll_ctl(listener->epoll_fd, EPOLL_CTL_ADD, listener->stop_fd, &event) != 0)
        return tlm_error_set(error, -errno, "listen: cannot wait for connections: %s", strerror(errno));
    return 0;
}

static int init(tlm_listener *listener, const tlm_listen_route *routes, tlm_error *error)
{
    int result = tlm_listen_socket_bind(&listener->options, &listener->listen_fd, error);

    if (result == 0)
        result = tlm_listen_socket_address(listener->listen_fd, listener->address, error);
    if (result == 0)
        result = init_polling(listener, error);
    if (result < 0)
        return result;
    listener->routes = calloc(listener->route_count + 1, sizeof *routes);
    if (!listener->routes || tlm_waiting_init(&listener->waiting, (uint32_t)listener->options.max_pending,
                                              listener->options.head_timeout, CLOSE_TIMEOUT_MS) < 0)
        return tlm_error_set(error, -ENOMEM, "listen: not enough memory for %lld waiting connections",
                             (long long)listener->options.max_pending);
    if (listener->route_count > 0)
        memcpy(listener->routes, routes, listener->route_count * sizeof *routes);
    return 0;
}

int tlm_listener_create(const tlm_listen_route *routes, uint32_t route_count, const tlm_listen_options *options,
                        const tlm_log *log, tlm_listener **ret_listener, tlm_error *error)
{
    if (options->max_pending < 1 || options->max_pending > INT32_MAX || options->head_timeout < 1)
        return tlm_error_set(error, -EINVAL, "listen: max_pending and head_timeout must be positive");
    tlm_listener *listener = calloc(1, sizeof *listener);
    if (!listener)
        return tlm_error_set(error, -ENOMEM, "listen: not enough memory");
    listener->route_count = route_count;
    listener->options = *options;
    listener->log = log;
    listener->listen_fd = listener->epoll_fd = listener->stop_fd = -1;
    int result = init(listener, routes, error);
    if (result < 0) {
        tlm_listener_destroy(listener);
        return result;
    }
    *ret_listener = listener;
    return 0;
}

const char *tlm_listener_address(const tlm_listener *listener)
{
    return listener->address;
}

int tlm_listener_start(tlm_listener *listener, tlm_error *error)
{
    int result = tlm_listen_socket_listen(listener->listen_fd, &listener->options, error);

    if (result < 0)
        return result;
    result = watch_listen_fd(listener, EPOLL_CTL_ADD, EPOLLIN);
    if (result == 0)
        result = -pthread_create(&listener->thread, NULL, run, listener);
    if (result < 0)
        return tlm_error_set(error, result, "listen: cannot start to serve: %s", strerror(-result));
    listener->started = true;
    return 0;
}

void tlm_listener_stop(tlm_listener *listener)
{
    const uint64_t one = 1;

    if (!listener || !listener->started)
        return;
    /* An event counter far from its limit takes one more without fail. */
    if (write(listener->stop_fd, &one, sizeof one) == sizeof one)
        pthread_join(listener->thread, NULL);
    listener->started = false;
    tlm_waiting_finish(&listener->waiting);
    close(listener->listen_fd);
    listener->listen_fd = -1;
}

void tlm_listener_destroy(tlm_listener *listener)
{
    if (!listener)
        return;
    tlm_listener_stop(listener);
    tlm_waiting_finish(&listener->waiting);
    const int fds[] = {listener->listen_fd, listener->epoll_fd, listener->stop_fd};
    for (size_t i = 0; i < TLM_COUNT(fds); i++)
        if (fds[i] >= 0)
            close(fds[i]);
    free(listener->routes);
    free(listener);
}
