/* SPDX-License-Identifier: Apache-2.0 */
#include "watch.h"

#include "common/clock.h"
#include "common/thread.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <time.h>

struct tlm_rest_watched {
    TAILQ_ENTRY(tlm_rest_watched) entry;
    int64_t deadline_ms;
    int fd;
    bool is_shut; /* out of the queue, waiting to be removed */
};

struct tlm_rest_watch {
    int64_t timeout_ms;
    pthread_t thread;
    pthread_mutex_t mutex; /* guards all below */
    pthread_cond_t changed;
    /* One timeout for all: the order of renewal is the order of deadlines. */
    TAILQ_HEAD(, tlm_rest_watched) queue;
    uint32_t count;
    bool stopping;
};

static void wait_until(tlm_rest_watch *watch, int64_t deadline_ms)
{
    struct timespec until = tlm_clock_timespec(deadline_ms);

    pthread_cond_timedwait(&watch->changed, &watch->mutex, &until);
}

/* libmicrohttpd sees the end of the stream and closes on its own thread. */
static void shut(tlm_rest_watch *watch, tlm_rest_watched *watched)
{
    TAILQ_REMOVE(&watch->queue, watched, entry);
    watched->is_shut = true;
    (void)shutdown(watched->fd, SHUT_RDWR);
}

static void *run(void *argument)
{
    tlm_rest_watch *watch = argument;

    pthread_mutex_lock(&watch->mutex);
    while (!watch->stopping) {
        tlm_rest_watched *first = TAILQ_FIRST(&watch->queue);
        if (!first)
            pthread_cond_wait(&watch->changed, &watch->mutex);
        else if (first->deadline_ms > tlm_clock_ms())
            wait_until(watch, first->deadline_ms);
        else
            shut(watch, first);
    }
    pthread_mutex_unlock(&watch->mutex);
    return NULL;
}

int tlm_rest_watch_create(int64_t timeout_ms, tlm_rest_watch **ret_watch)
{
    tlm_rest_watch *watch = calloc(1, sizeof *watch);
    int result = watch ? tlm_condition_init(&watch->changed) : -ENOMEM;

    if (result < 0) {
        free(watch);
        return result;
    }
    watch->timeout_ms = timeout_ms;
    TAILQ_INIT(&watch->queue);
    pthread_mutex_init(&watch->mutex, NULL); /* with default attributes nothing can fail */
    result = tlm_thread_start(&watch->thread, run, watch);
    if (result < 0) {
        pthread_cond_destroy(&watch->changed);
        pthread_mutex_destroy(&watch->mutex);
        free(watch);
        return result;
    }
    *ret_watch = watch;
    return 0;
}

void tlm_rest_watch_destroy(tlm_rest_watch *watch)
{
    if (!watch)
        return;
    pthread_mutex_lock(&watch->mutex);
    watch->stopping = true;
    pthread_cond_signal(&watch->changed);
    pthread_mutex_unlock(&watch->mutex);
    pthread_join(watch->thread, NULL);
    pthread_cond_destroy(&watch->changed);
    pthread_mutex_destroy(&watch->mutex);
    free(watch);
}

tlm_rest_watched *tlm_rest_watch_add(tlm_rest_watch *watch, int fd)
{
    tlm_rest_watched *watched = calloc(1, sizeof *watched);

    if (!watched)
        return NULL;
    watched->fd = fd;
    watched->deadline_ms = tlm_clock_ms() + watch->timeout_ms;
    pthread_mutex_lock(&watch->mutex);
    if (TAILQ_EMPTY(&watch->queue))
        pthread_cond_signal(&watch->changed);
    TAILQ_INSERT_TAIL(&watch->queue, watched, entry);
    watch->count++;
    pthread_mutex_unlock(&watch->mutex);
    return watched;
}

void tlm_rest_watch_renew(tlm_rest_watch *watch, tlm_rest_watched *watched)
{
    if (!watched)
        return;
    pthread_mutex_lock(&watch->mutex);
    if (!watched->is_shut) {
        watched->deadline_ms = tlm_clock_ms() + watch->timeout_ms;
        TAILQ_REMOVE(&watch->queue, watched, entry);
        TAILQ_INSERT_TAIL(&watch->queue, watched, entry);
    }
    pthread_mutex_unlock(&watch->mutex);
}

void tlm_rest_watch_remove(tlm_rest_watch *watch, tlm_rest_watched *watched)
{
    if (!watched)
        return;
    pthread_mutex_lock(&watch->mutex);
    if (!watched->is_shut)
        TAILQ_REMOVE(&watch->queue, watched, entry);
    watch->count--;
    pthread_mutex_unlock(&watch->mutex);
    free(watched);
}

uint32_t tlm_rest_watch_count(tlm_rest_watch *watch)
{
    pthread_mutex_lock(&watch->mutex);
    uint32_t count = watch->count;
    pthread_mutex_unlock(&watch->mutex);
    return count;
}
