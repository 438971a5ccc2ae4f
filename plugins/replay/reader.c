/* SPDX-License-Identifier: Apache-2.0 */
#include "reader_state.h"

#include "common/clock.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#define NS_PER_MS INT64_C(1000000)

/* How often a followed file is looked at. */
#define FOLLOW_SLICE_NS (100 * NS_PER_MS)

/* Shortest wait for a line that is not due: lines due close together are passed on together. */
#define PACE_SLICE_NS (10 * NS_PER_MS)

/* A read that has come across no record this long after its timeout says so (blank lines without end, many files). */
#define GRACE_NS (100 * NS_PER_MS)

void tlm_reader_warn(const tlm_reader *reader, const char *format, ...)
{
    const tlm_log_service *log = reader->options.host->get_service(reader->options.host, TLM_SERVICE_LOG);
    char sentence[TLM_ERROR_SIZE];
    va_list arguments;

    if (!log)
        return;
    va_start(arguments, format);
    (void)vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    log->write(reader->options.host, TLM_LOG_WARNING, tlm_text_of(sentence));
}

/* --- progress -------------------------------------------------------------------------------------------------- */

/* Adds up the files: all of them, and those before the one that is read first. */
static void measure(tlm_reader *reader)
{
    uint64_t total = 0;
    bool is_known = !reader->options.follow;

    reader->passed_bytes = 0;
    for (uint32_t i = 0; i < reader->options.path_count; i++) {
        struct stat status;
        is_known = is_known && !tlm_reader_is_stream(reader, i);
        if (tlm_reader_is_stream(reader, i) || stat(reader->options.paths[i], &status) < 0)
            continue; /* opening it tells what is wrong */
        total += (uint64_t)status.st_size;
        if (i < reader->index)
            reader->passed_bytes += (uint64_t)status.st_size;
    }
    atomic_store_explicit(&reader->total_bytes, is_known ? total : 0, memory_order_relaxed);
}

static void note_progress(tlm_reader *reader)
{
    uint64_t done = reader->passed_bytes + reader->file.input.taken_bytes;

    atomic_store_explicit(&reader->done_bytes, done, memory_order_relaxed);
}

/* --- reading --------------------------------------------------------------------------------------------------- */

/* Reads more of the open file. TLM_READER_GO_ON, TLM_READ_QUIET or negative. */
static int advance(tlm_reader *reader, tlm_error *error)
{
    bool follows = tlm_reader_is_followed(reader, reader->index);

    /* New bytes may be those of a file that was emptied and written again. */
    if (follows && reader->is_quiet &&
        tlm_file_check(&reader->file, reader->options.paths[reader->index]) == TLM_FILE_TRUNCATED) {
        reader->is_ended = true;
        return TLM_READER_GO_ON;
    }
    ssize_t size = tlm_lines_refill(&reader->lines, &reader->file, error);
    note_progress(reader);
    if (size == -EAGAIN)
        return TLM_READ_QUIET;
    if (size != 0)
        return size < 0 ? (int)size : TLM_READER_GO_ON;
    if (follows)
        return tlm_reader_look_after(reader, error);
    reader->is_ended = true;
    return TLM_READER_GO_ON;
}

/* One step: TLM_READ_..., negative, or TLM_READER_GO_ON. */
static int step(tlm_reader *reader, uint32_t max_records, const tlm_records **ret_records, int64_t *ret_wait_ns,
                tlm_error *error)
{
    if (!tlm_file_is_open(&reader->file)) {
        int result = tlm_reader_open_next(reader, error);
        if (result != 0)
            return result;
    }
    int result = tlm_lines_cut(&reader->lines, &reader->file, reader->is_ended, max_records, &reader->pace, ret_records,
                               ret_wait_ns);
    if (result == -ENOMEM)
        return tlm_error_set(error, result, "%s: no memory for its records", reader->file.input.path);
    if (result != TLM_READER_GO_ON)
        return result;
    if (!reader->is_ended)
        return advance(reader, error);
    tlm_reader_leave_file(reader);
    return TLM_READER_GO_ON;
}

/* Waits up to `wait_ns` for a call of wake and, when standard input is read, for bytes. Whether it was woken. */
static bool pause_reading(tlm_reader *reader, int64_t wait_ns, bool wants_bytes)
{
    bool has_stream = wants_bytes && reader->file.input.is_stream && tlm_file_is_open(&reader->file);
    struct pollfd fds[2] = {{.fd = reader->wake_fd, .events = POLLIN},
                            {.fd = has_stream ? reader->file.input.fd : -1, .events = POLLIN}};
    struct timespec timeout = {.tv_sec = wait_ns / 1000000000, .tv_nsec = wait_ns % 1000000000};
    uint64_t count;

    if (ppoll(fds, TLM_COUNT(fds), &timeout, NULL) <= 0)
        return false; /* time is over, or a signal: the caller looks at the clock */
    return (fds[0].revents & POLLIN) && read(reader->wake_fd, &count, sizeof count) == sizeof count;
}

static int64_t pick_wait(const tlm_reader *reader, int result, int64_t wait_ns, int64_t left_ns)
{
    if (result == TLM_READ_WAITING)
        wait_ns = wait_ns > PACE_SLICE_NS ? wait_ns : PACE_SLICE_NS;
    else
        wait_ns = reader->options.follow ? FOLLOW_SLICE_NS : left_ns;
    return wait_ns < left_ns ? wait_ns : left_ns;
}

int tlm_reader_read(tlm_reader *reader, uint32_t max_records, int32_t timeout_ms, const tlm_records **ret_records,
                    tlm_error *error)
{
    int64_t deadline_ns = tlm_clock_ns() + timeout_ms * NS_PER_MS;

    for (;;) {
        int64_t wait_ns = 0;
        int result = step(reader, max_records, ret_records, &wait_ns, error);
        if (result < 0 || result == TLM_READ_RECORDS || result == TLM_READ_END)
            return result;
        int64_t left_ns = deadline_ns - tlm_clock_ns();
        if (result == TLM_READER_GO_ON && left_ns > -GRACE_NS)
            continue;
        if (result == TLM_READER_GO_ON)
            return TLM_READ_WAITING;
        if (left_ns <= 0)
            return result;
        if (pause_reading(reader, pick_wait(reader, result, wait_ns, left_ns), result == TLM_READ_QUIET))
            return result;
    }
}

/* --- life ------------------------------------------------------------------------------------------------------ */

int tlm_reader_create(const tlm_reader_options *options, tlm_reader **ret_reader, tlm_error *error)
{
    tlm_reader *reader = calloc(1, sizeof *reader);

    if (!reader)
        return tlm_error_set(error, -ENOMEM, "no memory for a reader");
    reader->options = *options;
    reader->file = (tlm_file)TLM_FILE_INIT;
    reader->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    int result = reader->wake_fd < 0 ? -errno : 0;
    if (result == 0)
        result = tlm_pool_create(TLM_LINES_BLOCK_SIZE(options->read_bytes), options->paths, options->path_count,
                                 &reader->pool);
    if (result < 0) {
        tlm_reader_destroy(reader);
        return tlm_error_set(error, result, "a reader cannot be made: %s", strerror(-result));
    }
    tlm_lines_init(&reader->lines, reader->pool, options->read_bytes);
    *ret_reader = reader;
    return 0;
}

void tlm_reader_destroy(tlm_reader *reader)
{
    if (!reader)
        return;
    tlm_reader_close(reader);
    tlm_pool_unref(reader->pool);
    if (reader->wake_fd >= 0)
        (void)close(reader->wake_fd);
    free(reader);
}

int tlm_reader_open(tlm_reader *reader, const tlm_position *from, tlm_error *error)
{
    int result = 0;

    tlm_reader_close(reader);
    tlm_lines_begin(&reader->lines, (tlm_position){0});
    tlm_pace_init(&reader->pace, reader->options.speed);
    reader->index = 0;
    reader->is_ended = reader->is_quiet = reader->is_rotated = false;
    if (from)
        result = tlm_reader_resume(reader, from, error);
    if (result < 0)
        return result;
    measure(reader);
    note_progress(reader);
    return 0;
}

void tlm_reader_close(tlm_reader *reader)
{
    tlm_file_close(&reader->file);
    tlm_lines_finish(&reader->lines);
    free(reader->rotated_path);
    reader->rotated_path = NULL;
}

void tlm_reader_wake(tlm_reader *reader)
{
    uint64_t one = 1;

    /* Fails only when the counter is full, and then the reader is being woken already. */
    if (write(reader->wake_fd, &one, sizeof one) < 0)
        return;
}

void tlm_reader_progress(tlm_reader *reader, uint64_t *ret_done, uint64_t *ret_total)
{
    *ret_done = atomic_load_explicit(&reader->done_bytes, memory_order_relaxed);
    *ret_total = atomic_load_explicit(&reader->total_bytes, memory_order_relaxed);
}
