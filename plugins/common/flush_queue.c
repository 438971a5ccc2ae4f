/* SPDX-License-Identifier: Apache-2.0 */
#include "common/flush_queue.h"
#include "common/clock.h"

#include "common/thread.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

/** A call that its caller waits for. */
typedef struct {
    int (*run)(void *context, tlm_error *error);
    void *context;
    tlm_error *error;
    int result;
    bool finished;
} call;

/** A place in the queue: a call, or else a flush. */
typedef struct {
    call *call;
    const tlm_flush *flush;
    const tlm_commit *commit;
    tlm_done done;
    void *token;
} waiting;

/** A writer thread and the group that it has in hand. */
typedef struct {
    tlm_flush_queue *queue;
    pthread_t thread;
    tlm_flush_job *group;
} writer;

struct tlm_flush_queue {
    tlm_flush_worker worker;
    writer writers[TLM_FLUSH_THREADS_MAX];
    uint32_t writer_count;
    pthread_mutex_t mutex; /* guards what follows, up to `idle_at_ms` */
    pthread_cond_t work, called;
    waiting ring[TLM_FLUSH_QUEUE_MAX];
    uint32_t first, count;
    bool stopping;
    int64_t idle_at_ms; /* of the writer thread alone */
};

static void run_idle(tlm_flush_queue *queue)
{
    int64_t wait_ms = queue->worker.idle(queue->worker.context);
    queue->idle_at_ms = tlm_clock_ms() + wait_ms;
}

static void wait_until(tlm_flush_queue *queue, int64_t at_ms)
{
    struct timespec until = tlm_clock_timespec(at_ms);
    pthread_cond_timedwait(&queue->work, &queue->mutex, &until);
}

/* Waits, mutex held, until something is in the queue; false when it is empty for good. */
static bool wait_for_work(tlm_flush_queue *queue)
{
    while (queue->count == 0 && !queue->stopping) {
        if (!queue->worker.idle) {
            pthread_cond_wait(&queue->work, &queue->mutex);
        } else if (tlm_clock_ms() >= queue->idle_at_ms) {
            pthread_mutex_unlock(&queue->mutex);
            run_idle(queue);
            pthread_mutex_lock(&queue->mutex);
        } else {
            wait_until(queue, queue->idle_at_ms);
        }
    }
    return queue->count > 0;
}

static waiting pop(tlm_flush_queue *queue)
{
    waiting taken = queue->ring[queue->first];
    queue->first = (queue->first + 1) % TLM_FLUSH_QUEUE_MAX;
    queue->count--;
    return taken;
}

/* Moves the flushes at the head of the queue into the group, up to the next call. */
static uint32_t take_group(tlm_flush_queue *queue, tlm_flush_job *group)
{
    uint32_t count = 0;
    while (count < queue->worker.group_max && queue->count > 0 && !queue->ring[queue->first].call) {
        waiting taken = pop(queue);
        tlm_flush_job *job = &group[count++];
        job->flush = taken.flush;
        job->commit = taken.commit;
        job->result = 1;
        job->error.text[0] = '\0';
        job->done = taken.done;
        job->token = taken.token;
    }
    return count;
}

static void handle_group(tlm_flush_queue *queue, tlm_flush_job *group, uint32_t count)
{
    queue->worker.handle(queue->worker.context, group, count);
    for (uint32_t i = 0; i < count; i++) {
        tlm_flush_job *job = &group[i];
        job->done(job->token, job->result, tlm_text_of(job->result < 0 ? job->error.text : NULL));
    }
}

static void handle_call(tlm_flush_queue *queue, call *asked)
{
    int result = asked->run(asked->context, asked->error);
    pthread_mutex_lock(&queue->mutex);
    asked->result = result;
    asked->finished = true;
    pthread_cond_broadcast(&queue->called);
    pthread_mutex_unlock(&queue->mutex);
}

static void *write_flushes(void *argument)
{
    const writer *self = argument;
    tlm_flush_queue *queue = self->queue;
    pthread_mutex_lock(&queue->mutex);
    while (wait_for_work(queue)) {
        call *asked = queue->ring[queue->first].call;
        uint32_t count = take_group(queue, self->group);
        if (asked)
            pop(queue);
        pthread_mutex_unlock(&queue->mutex);
        if (asked)
            handle_call(queue, asked);
        else
            handle_group(queue, self->group, count);
        if (queue->worker.idle && tlm_clock_ms() >= queue->idle_at_ms + TLM_FLUSH_IDLE_PATIENCE_MS)
            run_idle(queue);
        pthread_mutex_lock(&queue->mutex);
    }
    pthread_mutex_unlock(&queue->mutex);
    return NULL;
}

static int init_locks(tlm_flush_queue *queue)
{
    int result = tlm_condition_init(&queue->work);
    if (result < 0)
        return result;
    /* With default attributes these two have nothing to fail at on Linux. */
    pthread_cond_init(&queue->called, NULL);
    pthread_mutex_init(&queue->mutex, NULL);
    return 0;
}

static void finish_locks(tlm_flush_queue *queue)
{
    pthread_mutex_destroy(&queue->mutex);
    pthread_cond_destroy(&queue->called);
    pthread_cond_destroy(&queue->work);
}

static void end_writers(tlm_flush_queue *queue)
{
    pthread_mutex_lock(&queue->mutex);
    queue->stopping = true;
    pthread_cond_broadcast(&queue->work);
    pthread_mutex_unlock(&queue->mutex);
    for (uint32_t i = 0; i < queue->writer_count; i++) {
        pthread_join(queue->writers[i].thread, NULL);
        free(queue->writers[i].group);
    }
}

static int add_writer(tlm_flush_queue *queue)
{
    writer *added = &queue->writers[queue->writer_count];
    added->queue = queue;
    added->group = calloc(queue->worker.group_max, sizeof *added->group);
    int result = added->group ? tlm_thread_start(&added->thread, write_flushes, added) : -ENOMEM;
    if (result < 0)
        free(added->group);
    else
        queue->writer_count++;
    return result;
}

int tlm_flush_queue_create(const tlm_flush_worker *worker, tlm_flush_queue **ret_queue)
{
    tlm_flush_queue *queue = calloc(1, sizeof *queue);
    if (!queue)
        return -ENOMEM;
    queue->worker = *worker;
    if (!queue->worker.group_max || queue->worker.group_max > TLM_FLUSH_GROUP_MAX)
        queue->worker.group_max = TLM_FLUSH_GROUP_MAX;
    queue->idle_at_ms = tlm_clock_ms();
    int result = init_locks(queue);
    if (result < 0)
        goto fail_memory;
    do
        result = add_writer(queue);
    while (result == 0 && queue->writer_count < worker->threads && queue->writer_count < TLM_FLUSH_THREADS_MAX);
    if (result < 0)
        goto fail_writers;
    *ret_queue = queue;
    return 0;

fail_writers:
    end_writers(queue);
    finish_locks(queue);
fail_memory:
    free(queue);
    return result;
}

void tlm_flush_queue_destroy(tlm_flush_queue *queue)
{
    if (!queue)
        return;
    end_writers(queue);
    finish_locks(queue);
    free(queue);
}

/* Mutex held. */
static bool push(tlm_flush_queue *queue, waiting item)
{
    if (queue->count == TLM_FLUSH_QUEUE_MAX)
        return false;
    queue->ring[(queue->first + queue->count) % TLM_FLUSH_QUEUE_MAX] = item;
    queue->count++;
    pthread_cond_signal(&queue->work);
    return true;
}

static void add_flush(tlm_flush_queue *queue, waiting item)
{
    pthread_mutex_lock(&queue->mutex);
    bool added = push(queue, item);
    pthread_mutex_unlock(&queue->mutex);
    if (!added)
        item.done(item.token, -EAGAIN, tlm_text_of("too many flushes wait for the writer already"));
}

void tlm_flush_queue_submit(tlm_flush_queue *queue, const tlm_flush *flush, tlm_done done, void *token)
{
    add_flush(queue, (waiting){.flush = flush, .done = done, .token = token});
}

void tlm_flush_queue_commit(tlm_flush_queue *queue, const tlm_commit *commit, tlm_done done, void *token)
{
    add_flush(queue, (waiting){.flush = &commit->flush, .commit = commit, .done = done, .token = token});
}

int tlm_flush_queue_call(tlm_flush_queue *queue, int (*run)(void *context, tlm_error *error), void *context,
                         tlm_error *error)
{
    call asked = {.run = run, .context = context, .error = error};
    pthread_mutex_lock(&queue->mutex);
    if (!push(queue, (waiting){.call = &asked})) {
        pthread_mutex_unlock(&queue->mutex);
        return tlm_error_set(error, -EAGAIN, "too many flushes wait for the writer already");
    }
    while (!asked.finished)
        pthread_cond_wait(&queue->called, &queue->mutex);
    pthread_mutex_unlock(&queue->mutex);
    return asked.result;
}
