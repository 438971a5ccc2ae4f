/* SPDX-License-Identifier: Apache-2.0 */
#include "source_end.h"

#include "common/clock.h"
#include "common/thread.h"

#include "source_group.h"
#include "source_reader.h"

#include <stdlib.h>

/* Shared by who waits and the thread that ends; the last one frees it. */
typedef struct {
    pthread_mutex_t mutex;
    pthread_cond_t done;
    uint32_t refs;
    bool is_done;
    tlm_kafka_group *group;
    tlm_kafka_reader *readers[TLM_KAFKA_INPUTS];
} ending;

static void ending_unref(ending *self)
{
    (void)pthread_mutex_lock(&self->mutex);
    bool is_last = --self->refs == 0;
    (void)pthread_mutex_unlock(&self->mutex);
    if (!is_last)
        return;
    (void)pthread_cond_destroy(&self->done);
    (void)pthread_mutex_destroy(&self->mutex);
    free(self);
}

/* The group first: it is what others wait for. */
static void end_handles(ending *self)
{
    tlm_kafka_group_destroy(self->group);
    for (int i = 0; i < TLM_KAFKA_INPUTS; i++)
        tlm_kafka_reader_destroy(self->readers[i]);
}

static void *run(void *context)
{
    ending *self = context;

    end_handles(self);
    (void)pthread_mutex_lock(&self->mutex);
    self->is_done = true;
    (void)pthread_cond_signal(&self->done);
    (void)pthread_mutex_unlock(&self->mutex);
    ending_unref(self);
    return NULL;
}

static bool wait_done(ending *self)
{
    struct timespec deadline = tlm_clock_timespec(tlm_clock_ms() + TLM_KAFKA_END_S * 1000);

    (void)pthread_mutex_lock(&self->mutex);
    int code = 0;
    while (!self->is_done && code == 0)
        code = pthread_cond_timedwait(&self->done, &self->mutex, &deadline);
    bool is_done = self->is_done;
    (void)pthread_mutex_unlock(&self->mutex);
    return is_done;
}

static bool start_thread(ending *self)
{
    pthread_t thread;
    bool is_started = tlm_thread_start(&thread, run, self) == 0;

    if (is_started)
        (void)pthread_detach(thread); /* it is there and joinable */
    return is_started;
}

static void forget(tlm_instance *source)
{
    source->group = NULL;
    memset(source->readers, 0, sizeof source->readers);
}

void tlm_kafka_source_end(tlm_instance *source)
{
    if (source->is_overdue)
        return;
    ending here = {.group = source->group}, *self = calloc(1, sizeof *self);

    memcpy(here.readers, source->readers, sizeof here.readers);
    if (!self || tlm_condition_init(&self->done) < 0) {
        free(self);
        end_handles(&here); /* without memory for a deadline there is none */
        forget(source);
        return;
    }
    self->group = here.group;
    memcpy(self->readers, here.readers, sizeof here.readers);
    self->refs = 2;
    (void)pthread_mutex_init(&self->mutex, NULL); /* with default attributes nothing can fail */
    if (!start_thread(self)) {
        end_handles(self);
        self->refs = 1;
    } else if (!wait_done(self)) {
        source->is_overdue = true;
        tlm_kafka_client_log(source->client, TLM_LOG_WARNING,
                             "librdkafka did not end within %d s; the process goes on without waiting for it",
                             TLM_KAFKA_END_S);
        tlm_kafka_client_abandon(source->client);
    }
    if (!source->is_overdue)
        forget(source); /* not before: leaving the group calls back */
    ending_unref(self);
}
