/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file postgres_proxy.h
 * A way to the server that can be cut: passes on bytes both ways, and when told to, cuts at the next COMMIT of a
 * client, before the server sees it or before the client sees the answer.
 */
#ifndef TLM_TESTS_PLUGIN_POSTGRES_PROXY_H
#define TLM_TESTS_PLUGIN_POSTGRES_PROXY_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PROXY_PASS = 0, PROXY_CUT_BEFORE_COMMIT = 1, PROXY_CUT_AFTER_COMMIT = 2 };
enum { PROXY_CLIENTS_MAX = 64 };

typedef struct proxy {
    int listening, port, server_port;
    atomic_int mode; /* back to PROXY_PASS once it has cut */
    atomic_int cuts;
    atomic_bool is_ending;
    pthread_t thread, clients[PROXY_CLIENTS_MAX];
    int client_count;
} proxy;

typedef struct proxy_pair {
    proxy *owner;
    int client, server;
} proxy_pair;

static inline int proxy_connect(int port)
{
    int end = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in place = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(end, (struct sockaddr *)&place, sizeof place) < 0) {
        close(end);
        return -1;
    }
    return end;
}

static inline bool proxy_write(int end, const char *bytes, ssize_t size)
{
    for (ssize_t at = 0, written; at < size; at += written) {
        written = send(end, bytes + at, (size_t)(size - at), MSG_NOSIGNAL);
        if (written <= 0)
            return false;
    }
    return true;
}

/* A simple query message that is COMMIT: 'Q', length, text, NUL. */
static inline bool proxy_is_commit(const char *bytes, ssize_t size)
{
    return memmem(bytes, (size_t)size,
                  "Q\0\0\0\x0b"
                  "COMMIT",
                  12) != NULL;
}

/* Bytes from the client; false: the pair is to be cut. */
static inline bool proxy_forward(proxy_pair *pair, const char *bytes, ssize_t size)
{
    char told[4096];
    bool is_commit = proxy_is_commit(bytes, size);
    int mode = PROXY_CUT_BEFORE_COMMIT;
    if (is_commit && atomic_compare_exchange_strong(&pair->owner->mode, &mode, PROXY_PASS)) {
        atomic_fetch_add(&pair->owner->cuts, 1);
        return false;
    }
    if (!proxy_write(pair->server, bytes, size))
        return false;
    mode = PROXY_CUT_AFTER_COMMIT;
    if (is_commit && atomic_compare_exchange_strong(&pair->owner->mode, &mode, PROXY_PASS)) {
        (void)!read(pair->server, told, sizeof told); /* it has committed */
        atomic_fetch_add(&pair->owner->cuts, 1);
        return false;
    }
    return true;
}

static inline void *proxy_serve(void *context)
{
    proxy_pair *pair = context;
    char bytes[65536];
    bool goes_on = pair->server >= 0;
    while (goes_on && !atomic_load(&pair->owner->is_ending)) {
        struct pollfd ends[2] = {{.fd = pair->client, .events = POLLIN}, {.fd = pair->server, .events = POLLIN}};
        if (poll(ends, 2, 50) <= 0)
            continue;
        if (ends[0].revents) {
            ssize_t size = read(pair->client, bytes, sizeof bytes);
            goes_on = size > 0 && proxy_forward(pair, bytes, size);
        }
        if (goes_on && ends[1].revents) {
            ssize_t size = read(pair->server, bytes, sizeof bytes);
            goes_on = size > 0 && proxy_write(pair->client, bytes, size);
        }
    }
    close(pair->client);
    if (pair->server >= 0)
        close(pair->server);
    free(pair);
    return NULL;
}

static inline void *proxy_accept(void *context)
{
    proxy *self = context;
    while (!atomic_load(&self->is_ending)) {
        struct pollfd end = {.fd = self->listening, .events = POLLIN};
        if (poll(&end, 1, 50) <= 0 || self->client_count == PROXY_CLIENTS_MAX)
            continue;
        proxy_pair *pair = calloc(1, sizeof *pair);
        pair->owner = self;
        pair->client = accept(self->listening, NULL, NULL);
        pair->server = proxy_connect(self->server_port);
        pthread_create(&self->clients[self->client_count++], NULL, proxy_serve, pair);
    }
    return NULL;
}

static inline void proxy_start(proxy *self, int server_port)
{
    struct sockaddr_in place = {.sin_family = AF_INET};
    socklen_t size = sizeof place;
    memset(self, 0, sizeof *self);
    self->server_port = server_port;
    place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    self->listening = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(self->listening, (struct sockaddr *)&place, sizeof place), 0);
    assert_int_equal(listen(self->listening, 64), 0);
    assert_int_equal(getsockname(self->listening, (struct sockaddr *)&place, &size), 0);
    self->port = ntohs(place.sin_port);
    assert_int_equal(pthread_create(&self->thread, NULL, proxy_accept, self), 0);
}

static inline void proxy_stop(proxy *self)
{
    atomic_store(&self->is_ending, true);
    pthread_join(self->thread, NULL);
    for (int i = 0; i < self->client_count; i++)
        pthread_join(self->clients[i], NULL);
    close(self->listening);
}

#endif
