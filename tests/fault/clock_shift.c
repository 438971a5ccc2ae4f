/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For LD_PRELOAD: the clock as if somebody had set it, by as many seconds as the first eight bytes of the file
 * TELEMETRA_CLOCK_SHIFT_FILE say at that moment. The monotonic clock goes on as ever. A wait for a point in time of the
 * real clock ends when that clock, shifted, has come to it, as the kernel's would.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

/* Points in time after this are the real clock's: no machine is up for so long. */
#define REAL_FROM_S 1000000000
/* How often a wait looks whether the clock was set meanwhile. */
#define LOOK_NS 50000000

static const _Atomic int64_t no_shift;
static const _Atomic int64_t *shift_s = &no_shift;

static int (*real_gettime)(clockid_t clock, struct timespec *now);
static int (*real_wait)(pthread_cond_t *cond, pthread_mutex_t *mutex, const struct timespec *until);

/* ISO C has no cast from what dlsym gives to a function. */
static void set(void *ret_function, void *symbol)
{
    memcpy(ret_function, &symbol, sizeof symbol);
}

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("TELEMETRA_CLOCK_SHIFT_FILE");
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    void *bytes = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof *shift_s, PROT_READ, MAP_SHARED, fd, 0);
    set(&real_gettime, dlsym(RTLD_NEXT, "clock_gettime"));
    /* On x86-64 the oldest version of this symbol is another function. */
    set(&real_wait, dlvsym(RTLD_NEXT, "pthread_cond_timedwait", "GLIBC_2.3.2"));
    if (!real_wait)
        set(&real_wait, dlsym(RTLD_NEXT, "pthread_cond_timedwait"));
    if (bytes == MAP_FAILED || !real_gettime || !real_wait)
        abort();
    shift_s = bytes;
    close(fd);
}

EXPORT int clock_gettime(clockid_t clock, struct timespec *now)
{
    int result = real_gettime(clock, now);
    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        now->tv_sec += atomic_load(shift_s);
    return result;
}

EXPORT int timespec_get(struct timespec *now, int base)
{
    return base == TIME_UTC && clock_gettime(CLOCK_REALTIME, now) == 0 ? base : 0;
}

EXPORT int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    struct timespec shifted;
    (void)zone;
    if (clock_gettime(CLOCK_REALTIME, &shifted))
        return -1;
    *now = (struct timeval){.tv_sec = shifted.tv_sec, .tv_usec = shifted.tv_nsec / 1000};
    return 0;
}

EXPORT time_t time(time_t *ret_now)
{
    struct timespec now;
    if (clock_gettime(CLOCK_REALTIME, &now))
        return -1;
    if (ret_now)
        *ret_now = now.tv_sec;
    return now.tv_sec;
}

static int is_before(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec != b->tv_sec ? a->tv_sec < b->tv_sec : a->tv_nsec < b->tv_nsec;
}

EXPORT int pthread_cond_timedwait(pthread_cond_t *restrict cond, pthread_mutex_t *restrict mutex,
                                  const struct timespec *restrict until)
{
    struct timespec now, next, own;
    if (until->tv_sec < REAL_FROM_S)
        return real_wait(cond, mutex, until);
    if (clock_gettime(CLOCK_REALTIME, &now) || !is_before(&now, until))
        return ETIMEDOUT;
    own = (struct timespec){.tv_sec = until->tv_sec - atomic_load(shift_s), .tv_nsec = until->tv_nsec};
    real_gettime(CLOCK_REALTIME, &next);
    next.tv_nsec += LOOK_NS;
    if (next.tv_nsec >= 1000000000)
        next = (struct timespec){.tv_sec = next.tv_sec + 1, .tv_nsec = next.tv_nsec - 1000000000};
    if (is_before(&own, &next))
        return real_wait(cond, mutex, &own);
    /* A wake-up for nothing, which callers must expect: to wait on here could miss one that came in between. */
    int result = real_wait(cond, mutex, &next);
    return result == ETIMEDOUT ? 0 : result;
}

/* librdkafka waits by the threads of C11, which in glibc are those of POSIX under other names (nptl/cnd_timedwait.c).
 */
EXPORT int cnd_timedwait(cnd_t *restrict cond, mtx_t *restrict mutex, const struct timespec *restrict until)
{
    int result = pthread_cond_timedwait((pthread_cond_t *)cond, (pthread_mutex_t *)mutex, until);
    return result == 0 ? thrd_success : result == ETIMEDOUT ? thrd_timedout : thrd_error;
}
