/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file circle.h
 * A thread that goes round: it is called again after the pause it asked for, or at once when somebody kicks it.
 */
#ifndef TLM_REDIS_CIRCLE_H
#define TLM_REDIS_CIRCLE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct tlm_redis_circle {
    /** One round; returns the milliseconds until the next. */
    int64_t (*round)(void *context);
    void *context;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool is_running, is_kicked, is_stopping;
} tlm_redis_circle;

/** Starts it; the thread takes no signals. -EAGAIN and others: it does not run, and stop and kick do nothing. */
int tlm_redis_circle_start(tlm_redis_circle *circle, int64_t (*round)(void *context), void *context);
/** Waits for the round it is at. Of a zeroed struct: nothing. */
void tlm_redis_circle_stop(tlm_redis_circle *circle);
/** Any thread. */
void tlm_redis_circle_kick(tlm_redis_circle *circle);
/** For a long round: whether it should end. */
bool tlm_redis_circle_is_stopping(tlm_redis_circle *circle);

#endif
