/* SPDX-License-Identifier: Apache-2.0 */
#include "source_clock.h"

#include "common/clock.h"
#include "common/thread.h"
#include "source_group.h"
#include "source_reader.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum { LOOK_MS = 1000 };

/* A clock that is set back by less makes waits longer by less, which nobody notices. */
#define STEP_MIN_NS (500 * INT64_C(1000000))

struct tlm_kafka_clock {
    tlm_instance *source;
    pthread_t thread;
    int end_fd; /* readable: it is over */
};

/* How far the wall clock is ahead of the monotonic one. */
static int64_t lead_ns(void)
{
    struct timespec wall;

    (void)clock_gettime(CLOCK_REALTIME, &wall); /* cannot fail for this clock */
    return (int64_t)wall.tv_sec * 1000000000 + wall.tv_nsec - tlm_clock_ns();
}

static void wake_all(const tlm_instance *source)
{
    tlm_kafka_client_log(source->client, TLM_LOG_WARNING,
                         "the clock was set back; threads that waited by it are woken");
    tlm_kafka_group_wake(source->group);
    bool has_readers = atomic_load(&source->has_readers);
    for (uint32_t i = 0; has_readers && i < TLM_KAFKA_INPUTS; i++)
        tlm_kafka_reader_wake(source->readers[i]);
}

static void *run(void *context)
{
    const tlm_kafka_clock *clock = context;
    struct pollfd end = {.fd = clock->end_fd, .events = POLLIN};
    int64_t before_ns = lead_ns();

    while (poll(&end, 1, LOOK_MS) <= 0) {
        int64_t now_ns = lead_ns();
        if (now_ns < before_ns - STEP_MIN_NS)
            wake_all(clock->source);
        before_ns = now_ns;
    }
    return NULL;
}

int tlm_kafka_clock_create(tlm_instance *source, tlm_kafka_clock **ret_clock, tlm_error *error)
{
    tlm_kafka_clock *clock = calloc(1, sizeof *clock);

    if (!clock)
        return tlm_error_set(error, -ENOMEM, "no memory");
    clock->source = source;
    clock->end_fd = eventfd(0, EFD_CLOEXEC);
    if (clock->end_fd < 0) {
        int code = errno;
        free(clock);
        return tlm_error_set(error, -code, "no eventfd for Kafka: %s", strerror(code));
    }
    int result = tlm_thread_start(&clock->thread, run, clock);
    if (result < 0) {
        close(clock->end_fd);
        free(clock);
        return tlm_error_set(error, result, "no thread for Kafka: %s", strerror(-result));
    }
    *ret_clock = clock;
    return 0;
}

void tlm_kafka_clock_destroy(tlm_kafka_clock *clock)
{
    if (!clock)
        return;
    (void)eventfd_write(clock->end_fd, 1);
    (void)pthread_join(clock->thread, NULL);
    close(clock->end_fd);
    free(clock);
}
