/* SPDX-License-Identifier: Apache-2.0 */
#include "circle.h"

#include "common/clock.h"
#include "common/thread.h"

static void wait_for(tlm_redis_circle *circle, int64_t pause_ms)
{
    struct timespec until = tlm_clock_timespec(tlm_clock_ms() + pause_ms);
    int result = 0;
    while (!circle->is_kicked && !circle->is_stopping && result == 0)
        result = pthread_cond_timedwait(&circle->changed, &circle->mutex, &until);
}

static void *go_round(void *argument)
{
    tlm_redis_circle *circle = argument;
    pthread_mutex_lock(&circle->mutex);
    while (!circle->is_stopping) {
        circle->is_kicked = false;
        pthread_mutex_unlock(&circle->mutex);
        int64_t pause_ms = circle->round(circle->context);
        pthread_mutex_lock(&circle->mutex);
        if (pause_ms > 0)
            wait_for(circle, pause_ms);
    }
    pthread_mutex_unlock(&circle->mutex);
    return NULL;
}

int tlm_redis_circle_start(tlm_redis_circle *circle, int64_t (*round)(void *context), void *context)
{
    *circle = (tlm_redis_circle){.round = round, .context = context};
    int result = tlm_condition_init(&circle->changed);
    if (result < 0)
        return result;
    pthread_mutex_init(&circle->mutex, NULL); /* with default attributes nothing can fail */
    result = tlm_thread_start(&circle->thread, go_round, circle);
    if (result < 0) {
        pthread_mutex_destroy(&circle->mutex);
        pthread_cond_destroy(&circle->changed);
        return result;
    }
    circle->is_running = true;
    return 0;
}

void tlm_redis_circle_stop(tlm_redis_circle *circle)
{
    if (!circle->is_running)
        return;
    pthread_mutex_lock(&circle->mutex);
    circle->is_stopping = true;
    pthread_cond_signal(&circle->changed);
    pthread_mutex_unlock(&circle->mutex);
    pthread_join(circle->thread, NULL);
    pthread_mutex_destroy(&circle->mutex);
    pthread_cond_destroy(&circle->changed);
    circle->is_running = false;
}

void tlm_redis_circle_kick(tlm_redis_circle *circle)
{
    if (!circle->is_running)
        return;
    pthread_mutex_lock(&circle->mutex);
    circle->is_kicked = true;
    pthread_cond_signal(&circle->changed);
    pthread_mutex_unlock(&circle->mutex);
}

bool tlm_redis_circle_is_stopping(tlm_redis_circle *circle)
{
    pthread_mutex_lock(&circle->mutex);
    bool is_stopping = circle->is_stopping;
    pthread_mutex_unlock(&circle->mutex);
    return is_stopping;
}
