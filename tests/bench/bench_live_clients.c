/* SPDX-License-Identifier: Apache-2.0 */
/* Many WebSocket clients on one thread: connects them, says "ready", and on each line of standard input measures for so
 * many seconds how late updates arrive. Prints one line of JSON a measurement; ends at the end of its input.
 *
 *   bench_live_clients PORT CLIENTS ROOMS ADDRESSES ORDER
 *
 * Client i connects from 127.0.0.(2 + i mod ADDRESSES) to /live/room-N. ORDER `spread`: room by room, so that the
 * rooms' updates are spread over time as the connecting was; `lockstep`: all rooms open at once, and all updates of a
 * second fall together. An update's age is the clock when it has been read less the `timestamp` it begins with, which
 * the server took in whole milliseconds when it made it: so up to one millisecond too much, for every server alike.
 * Pings are answered. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define READ_SIZE 65536
/* What one client may leave unfinished: a frame and the beginning of the next. */
#define REST_MAX 8192
/* Connections on their way at a time: less than any backlog. */
#define OPENING_MAX 64
/* A whole number of updates' intervals. */
#define CONNECT_SECONDS 6
/* Ages in tenths of a millisecond, up to 20 s. */
#define BINS 200000

typedef struct client {
    int fd;
    bool is_open;
    uint32_t rest_size;
    char *rest;
} client;

typedef struct load {
    uint16_t port;
    uint32_t client_count, rooms, addresses;
    bool is_lockstep;
    client *clients;
    uint32_t begun, open, closed;
    int epoll_fd;
    bool is_measuring;
    uint64_t messages, bytes;
    double age_sum_ms;
    uint32_t bins[BINS];
} load;

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static double clock_ms(clockid_t id)
{
    struct timespec now;

    clock_gettime(id, &now);
    return (double)now.tv_sec * 1000 + (double)now.tv_nsec / 1000000;
}

static void begin_client(load *self)
{
    uint32_t index = self->begun++;
    client *one = &self->clients[index];
    struct sockaddr_in from = {.sin_family = AF_INET}, to = {.sin_family = AF_INET, .sin_port = htons(self->port)};
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = index};
    char request[256];
    int on = 1;

    from.sin_addr.s_addr = htonl(0x7f000002 + index % self->addresses);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    one->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (one->fd < 0)
        die("socket");
    setsockopt(one->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    setsockopt(one->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (bind(one->fd, (struct sockaddr *)&from, sizeof from) != 0 ||
        connect(one->fd, (struct sockaddr *)&to, sizeof to) != 0)
        die("connect");
    int size = snprintf(request, sizeof request,
                        "GET /live/room-%u HTTP/1.1\r\nHost: bench\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
                        self->is_lockstep ? index % self->rooms : index / (self->client_count / self->rooms + 1));
    if (send(one->fd, request, (size_t)size, MSG_NOSIGNAL) != size)
        die("send");
    if (epoll_ctl(self->epoll_fd, EPOLL_CTL_ADD, one->fd, &event) != 0)
        die("epoll_ctl");
}

static void lose(load *self, client *one)
{
    close(one->fd);
    one->fd = -1;
    self->closed++;
    self->open -= one->is_open;
}

static void use_text(load *self, const char *text, size_t size, double now_ms)
{
    static const char begin[] = "{\"type\":\"metrics\",\"timestamp\":";

    if (!self->is_measuring || size < sizeof begin + 13 || memcmp(text, begin, sizeof begin - 1) != 0)
        return;
    double age_ms = now_ms - (double)strtoll(text + sizeof begin - 1, NULL, 10);
    age_ms = age_ms > 0 ? age_ms : 0;
    uint32_t bin = (uint32_t)(age_ms * 10);
    self->bins[bin < BINS ? bin : BINS - 1]++;
    self->age_sum_ms += age_ms;
    self->messages++;
    self->bytes += size;
}

/* One frame or head off the front; its size, or 0 when it is not whole yet. */
static size_t take(load *self, client *one, const char *bytes, size_t size, double now_ms)
{
    static const char pong[] = "\x8a\x80\0\0\0";

    if (!one->is_open) {
        const char *end = memmem(bytes, size, "\r\n\r\n", 4);
        if (!end)
            return 0;
        if (size < 12 || memcmp(bytes + 9, "101", 3) != 0) {
            fprintf(stderr, "refused: %.*s\n", (int)(end - bytes), bytes);
            exit(1);
        }
        one->is_open = true;
        self->open++;
        return (size_t)(end - bytes) + 4;
    }
    size_t head = 2, length = size >= 2 ? (size_t)(bytes[1] & 0x7f) : 0;
    if (length == 126) {
        head = 4;
        length = size >= 4 ? (size_t)((uint8_t)bytes[2] << 8 | (uint8_t)bytes[3]) : 0;
    }
    if (size < head || size < head + length)
        return 0;
    if ((bytes[0] & 0x0f) == 1)
        use_text(self, bytes + head, length, now_ms);
    else if ((bytes[0] & 0x0f) == 9 && send(one->fd, pong, 6, MSG_NOSIGNAL | MSG_DONTWAIT) != 6)
        die("pong");
    return head + length;
}

static void serve(load *self, client *one)
{
    static char buffer[READ_SIZE];
    size_t size = one->rest_size, at = 0, part;

    memcpy(buffer, one->rest ? one->rest : "", size);
    ssize_t got = recv(one->fd, buffer + size, sizeof buffer - size, MSG_DONTWAIT);
    if (got <= 0) {
        if (got == 0 || errno != EAGAIN)
            lose(self, one);
        return;
    }
    double now_ms = clock_ms(CLOCK_REALTIME);
    size += (size_t)got;
    while (at < size && (part = take(self, one, buffer + at, size - at, now_ms)) > 0)
        at += part;
    one->rest_size = (uint32_t)(size - at);
    if (one->rest_size > REST_MAX)
        die("a frame is too large");
    if (one->rest_size > 0 && !one->rest && !(one->rest = malloc(REST_MAX)))
        die("malloc");
    if (one->rest_size > 0)
        memcpy(one->rest, buffer + at, one->rest_size);
}

static void serve_ready(load *self, int timeout_ms)
{
    struct epoll_event events[512];
    int ready = epoll_wait(self->epoll_fd, events, 512, timeout_ms);

    for (int i = 0; i < ready; i++)
        if (self->clients[events[i].data.u32].fd >= 0)
            serve(self, &self->clients[events[i].data.u32]);
}

/* Paced, so that the updates of both servers are spread alike, however fast they take connections. */
static void connect_all(load *self)
{
    double begin_ms = clock_ms(CLOCK_MONOTONIC);

    while (self->open < self->client_count) {
        double due = (clock_ms(CLOCK_MONOTONIC) - begin_ms) / (CONNECT_SECONDS * 1000) * self->client_count;
        while (self->begun < self->client_count && self->begun - self->open < OPENING_MAX &&
               (self->is_lockstep || self->begun < due))
            begin_client(self);
        serve_ready(self, 1);
        if (self->closed > 0)
            die("a connection was closed");
    }
}

static double percentile_ms(const load *self, double share)
{
    uint64_t wanted = (uint64_t)(share * (double)self->messages), seen = 0;
    uint32_t bin = 0;

    while (bin < BINS - 1 && (seen += self->bins[bin]) < wanted)
        bin++;
    return (bin + 1) / 10.0;
}

static void measure(load *self, double seconds)
{
    double end_ms = clock_ms(CLOCK_MONOTONIC) + seconds * 1000, left_ms;

    memset(self->bins, 0, sizeof self->bins);
    self->messages = self->bytes = 0;
    self->age_sum_ms = 0;
    self->is_measuring = true;
    while ((left_ms = end_ms - clock_ms(CLOCK_MONOTONIC)) > 0)
        serve_ready(self, (int)left_ms + 1);
    self->is_measuring = false;
    printf("{\"open\":%u,\"closed\":%u,\"messages\":%llu,\"size\":%.0f,\"mean_ms\":%.2f,\"p50_ms\":%.1f,"
           "\"p99_ms\":%.1f,\"p999_ms\":%.1f,\"max_ms\":%.1f}\n",
           self->open, self->closed, (unsigned long long)self->messages,
           self->messages ? (double)self->bytes / (double)self->messages : 0,
           self->messages ? self->age_sum_ms / (double)self->messages : 0, percentile_ms(self, .5),
           percentile_ms(self, .99), percentile_ms(self, .999), percentile_ms(self, 1));
    fflush(stdout);
}

/* Goes on reading while it waits for the next command; -1: there is none. */
static double next_command(load *self)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = self->client_count};
    char line[64];

    if (epoll_ctl(self->epoll_fd, EPOLL_CTL_ADD, STDIN_FILENO, &event) != 0)
        die("epoll_ctl");
    for (bool is_ready = false; !is_ready;) {
        struct epoll_event events[512];
        int ready = epoll_wait(self->epoll_fd, events, 512, -1);
        for (int i = 0; i < ready; i++) {
            if (events[i].data.u32 == self->client_count)
                is_ready = true;
            else if (self->clients[events[i].data.u32].fd >= 0)
                serve(self, &self->clients[events[i].data.u32]);
        }
    }
    epoll_ctl(self->epoll_fd, EPOLL_CTL_DEL, STDIN_FILENO, NULL);
    return fgets(line, sizeof line, stdin) ? strtod(line, NULL) : -1;
}

int main(int argc, char **argv)
{
    static load self;
    struct rlimit limit;
    double seconds;

    if (argc != 6) {
        fprintf(stderr, "usage: bench_live_clients PORT CLIENTS ROOMS ADDRESSES spread|lockstep\n");
        return 2;
    }
    self.port = (uint16_t)atoi(argv[1]);
    self.client_count = (uint32_t)atoi(argv[2]);
    self.rooms = (uint32_t)atoi(argv[3]);
    self.addresses = (uint32_t)atoi(argv[4]);
    self.is_lockstep = strcmp(argv[5], "lockstep") == 0;
    self.clients = calloc(self.client_count, sizeof *self.clients);
    self.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (!self.clients || self.epoll_fd < 0 || getrlimit(RLIMIT_NOFILE, &limit) != 0)
        die("start");
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur < self.client_count + 16)
        die("the limit of open files is too low for so many clients");
    connect_all(&self);
    printf("ready\n");
    fflush(stdout);
    while ((seconds = next_command(&self)) > 0)
        measure(&self, seconds);
    return 0;
}
