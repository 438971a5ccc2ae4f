/* SPDX-License-Identifier: Apache-2.0 */
/* C11 threads over POSIX threads, for builds with the thread sanitizer: GCC 12's does not know thrd_create, by which
 * librdkafka makes its threads, and breaks in the first callback that comes from one of them
 * (https://github.com/google/sanitizers/issues/1352). Exported by the test, it stands before glibc's. glibc's own types
 * are the same bytes as those of POSIX. */
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <threads.h>
#include <time.h>

#define EXPORT __attribute__((visibility("default"), used))

_Static_assert(sizeof(mtx_t) == sizeof(pthread_mutex_t), "glibc's mtx_t is a pthread_mutex_t");
_Static_assert(sizeof(cnd_t) == sizeof(pthread_cond_t), "glibc's cnd_t is a pthread_cond_t");

typedef struct {
    thrd_start_t run;
    void *context;
} start;

static void *run_start(void *context)
{
    start given = *(start *)context;
    free(context);
    return (void *)(intptr_t)given.run(given.context);
}

EXPORT int thrd_create(thrd_t *thread, thrd_start_t run, void *context)
{
    start *given = malloc(sizeof *given);
    if (!given)
        return thrd_nomem;
    *given = (start){run, context};
    if (pthread_create(thread, NULL, run_start, given) == 0)
        return thrd_success;
    free(given);
    return thrd_error;
}

EXPORT int thrd_join(thrd_t thread, int *ret_result)
{
    void *result;
    if (pthread_join(thread, &result) != 0)
        return thrd_error;
    if (ret_result)
        *ret_result = (int)(intptr_t)result;
    return thrd_success;
}

EXPORT int thrd_detach(thrd_t thread)
{
    return pthread_detach(thread) == 0 ? thrd_success : thrd_error;
}

EXPORT int mtx_init(mtx_t *mutex, int type)
{
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    if (type & mtx_recursive)
        pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
    int result = pthread_mutex_init((pthread_mutex_t *)mutex, &attributes);
    pthread_mutexattr_destroy(&attributes);
    return result == 0 ? thrd_success : thrd_error;
}

EXPORT void mtx_destroy(mtx_t *mutex)
{
    pthread_mutex_destroy((pthread_mutex_t *)mutex);
}

EXPORT int mtx_lock(mtx_t *mutex)
{
    return pthread_mutex_lock((pthread_mutex_t *)mutex) == 0 ? thrd_success : thrd_error;
}

EXPORT int mtx_trylock(mtx_t *mutex)
{
    int result = pthread_mutex_trylock((pthread_mutex_t *)mutex);
    return result == 0 ? thrd_success : result == EBUSY ? thrd_busy : thrd_error;
}

EXPORT int mtx_unlock(mtx_t *mutex)
{
    return pthread_mutex_unlock((pthread_mutex_t *)mutex) == 0 ? thrd_success : thrd_error;
}

EXPORT int cnd_init(cnd_t *condition)
{
    return pthread_cond_init((pthread_cond_t *)condition, NULL) == 0 ? thrd_success : thrd_error;
}

EXPORT void cnd_destroy(cnd_t *condition)
{
    pthread_cond_destroy((pthread_cond_t *)condition);
}

EXPORT int cnd_signal(cnd_t *condition)
{
    return pthread_cond_signal((pthread_cond_t *)condition) == 0 ? thrd_success : thrd_error;
}

EXPORT int cnd_broadcast(cnd_t *condition)
{
    return pthread_cond_broadcast((pthread_cond_t *)condition) == 0 ? thrd_success : thrd_error;
}

EXPORT int cnd_wait(cnd_t *condition, mtx_t *mutex)
{
    return pthread_cond_wait((pthread_cond_t *)condition, (pthread_mutex_t *)mutex) == 0 ? thrd_success : thrd_error;
}

EXPORT int cnd_timedwait(cnd_t *restrict condition, mtx_t *restrict mutex, const struct timespec *restrict until)
{
    int result = pthread_cond_timedwait((pthread_cond_t *)condition, (pthread_mutex_t *)mutex, until);
    return result == 0 ? thrd_success : result == ETIMEDOUT ? thrd_timedout : thrd_error;
}

/* librdkafka's counters of references are atomics that the sanitizer, which has not compiled them, does not see: frees
 * behind them look like races. What is freed too early the address sanitizer finds. */
EXPORT const char *__tsan_default_suppressions(void);

EXPORT const char *__tsan_default_suppressions(void)
{
    return "race_top:pthread_rwlock_destroy\nrace:rd_kafka_header_add\nrace_top:free\n";
}
