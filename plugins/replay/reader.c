/* SPDX-License-Identifier: Apache-2.0 */
#include "reader.h"

#include "clock.h"
#include "lines.h"
#include "rotation.h"

#include <inttypes.h>
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

/* Each run over standard input counts on from a multiple of this: its records are other ones, whatever was decided. */
#define STREAM_ORDINALS (INT64_C(1) << 40)

/* Bytes that two files must have in common to be taken for one when the list was changed. */
enum { TELLING_SIZE = 64 };

/* Results of a step beside TLM_READ_... and negative ones. */
enum { GO_ON = 0 };

struct tlm_reader {
    tlm_reader_options options;
    tlm_pool *pool;
    tlm_lines lines;
    tlm_file file;
    tlm_pace pace;
    int wake_fd;
    uint32_t index;        /* the file of the list that is read, or is opened next */
    bool is_ended;         /* nothing more will come from the open file */
    bool is_quiet;         /* the followed file was read to its end before */
    bool is_rotated;       /* the followed file was read under this or another name: look for what came after it */
    int64_t written_ns;    /* when that one was last written */
    char *rotated_path;    /* owned: the rotated file that is open */
    uint64_t passed_bytes; /* in files before the open one */
    _Atomic uint64_t done_bytes, total_bytes;
};

static void warn(const tlm_reader *reader, const char *format, ...) TLM_PRINTF(2, 3);

static void warn(const tlm_reader *reader, const char *format, ...)
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

static bool is_stream(const tlm_reader *reader, uint32_t index)
{
    return strcmp(reader->options.paths[index], TLM_INPUT_STANDARD) == 0;
}

/* Whether file `index` is the one that is followed. */
static bool is_followed(const tlm_reader *reader, uint32_t index)
{
    return reader->options.follow && index + 1 == reader->options.path_count;
}

/* --- opening --------------------------------------------------------------------------------------------------- */

/* A gzip file can be read to its end only: refuses it where it should be followed. */
static int refuse_gzip(tlm_reader *reader, tlm_error *error)
{
    if (!reader->file.input.is_gzip || !is_followed(reader, reader->index) || reader->rotated_path)
        return 0;
    const char *path = reader->file.input.path;
    int result = tlm_error_set(error, -EINVAL, "%s: is gzip, which cannot be followed; set follow = false", path);
    tlm_file_close(&reader->file);
    return result;
}

/* Goes over to the beginning of the file just opened. */
static void begin_file(tlm_reader *reader)
{
    tlm_position next = {.ordinal = reader->lines.next.ordinal, .line = 1};

    next.generation = tlm_file_generation(&reader->file, 0);
    tlm_lines_begin(&reader->lines, next);
    reader->is_ended = reader->is_quiet = false;
}

/* The oldest rotated file that was written after the one just finished and is no copy of it: 1 and *ret_path, owned by
 * the caller; 0 when there is none. */
static int find_rotated(tlm_reader *reader, const char *path, char **ret_path, tlm_error *error)
{
    tlm_rotation rotation;
    int result = tlm_rotation_list(path, &rotation, error);

    if (result < 0)
        return result;
    for (uint32_t i = 0; result == 0 && i < rotation.count; i++) {
        tlm_rotated *rotated = &rotation.files[i];
        if (rotated->written_ns <= reader->written_ns)
            continue;
        int resembles = tlm_file_resembles(&reader->file, rotated->path, error);
        if (resembles < 0 && resembles != -ENOENT)
            result = resembles;
        if (resembles == 0) {
            *ret_path = rotated->path;
            rotated->path = NULL;
            result = 1;
        }
    }
    tlm_rotation_finish(&rotation);
    return result;
}

/* Opens the file that comes next: 0, TLM_READ_QUIET when the followed one is not there (yet), TLM_READ_END. */
static int open_next(tlm_reader *reader, tlm_error *error)
{
    if (reader->index == reader->options.path_count)
        return TLM_READ_END;
    const char *path = reader->options.paths[reader->index];
    bool waits = is_followed(reader, reader->index);
    free(reader->rotated_path);
    reader->rotated_path = NULL;
    if (waits && reader->is_rotated) {
        int result = find_rotated(reader, path, &reader->rotated_path, error);
        if (result < 0)
            return result;
    }
    int result = tlm_file_open(&reader->file, reader->rotated_path ? reader->rotated_path : path, reader->index, error);
    if (result == -ENOENT && waits)
        return TLM_READ_QUIET;
    result = result < 0 ? result : refuse_gzip(reader, error);
    if (result == 0)
        begin_file(reader);
    return result;
}

/* Closes the file that has come to its end; its fingerprint stays to tell its copies. */
static void leave_file(tlm_reader *reader)
{
    reader->passed_bytes += reader->file.input.taken_bytes;
    if (is_followed(reader, reader->index)) {
        reader->written_ns = tlm_file_written_ns(&reader->file);
        reader->is_rotated = true;
    } else {
        reader->index++;
    }
    tlm_file_close(&reader->file);
}

/* --- opening at a place ---------------------------------------------------------------------------------------- */

/* Standard input cannot be read again: what comes now are new records. */
static int resume_stream(tlm_reader *reader, const tlm_position *from, tlm_error *error)
{
    warn(reader, "standard input cannot be read again from where the last run stopped: it is read anew, and windows "
                 "that were open then stay incomplete");
    if (from->ordinal >= INT64_MAX - STREAM_ORDINALS)
        return tlm_error_set(error, -EOVERFLOW, "standard input: the numbers for its records are used up");
    reader->lines.next.ordinal = (from->ordinal / STREAM_ORDINALS + 1) * STREAM_ORDINALS;
    return 0;
}

/* A file that was cut off in the middle of a line, or changed before the place, does not go on with a new line. */
static int check_line(tlm_reader *reader, const tlm_position *from, tlm_error *error)
{
    const char *path = reader->file.input.path;

    if (!reader->file.is_mid_line)
        return 0;
    ssize_t size = tlm_lines_refill(&reader->lines, &reader->file, error);
    int first = tlm_lines_peek(&reader->lines);
    if (size <= 0 || first == '\n' || first == '\r')
        return size < 0 ? (int)size : 0;
    return tlm_error_set(error, -ESTALE,
                         "%s: was changed: byte %" PRId64 ", where reading stopped, is now in the middle of a line",
                         path, from->offset);
}

/* Opens `path` as file `index` at the place. 0, -ESTALE or another negative with a sentence. */
static int resume_at(tlm_reader *reader, const char *path, uint32_t index, const tlm_position *from, tlm_error *error)
{
    int result = tlm_file_open_at(&reader->file, path, index, from, error);

    if (result < 0)
        return result;
    tlm_position next = *from;
    next.generation = tlm_file_generation(&reader->file, from->offset);
    reader->index = index;
    tlm_lines_begin(&reader->lines, next);
    result = check_line(reader, from, error);
    if (result < 0)
        tlm_file_close(&reader->file);
    return result;
}

/* Looks for the place among the rotated files of the followed one. -ESTALE when none has it. */
static int resume_rotated(tlm_reader *reader, const char *path, uint32_t index, const tlm_position *from,
                          tlm_error *error)
{
    tlm_rotation rotation;
    int result = tlm_rotation_list(path, &rotation, error);

    if (result < 0)
        return result;
    result = -ESTALE;
    for (uint32_t i = 0; result == -ESTALE && i < rotation.count; i++) {
        tlm_error ignored; /* the sentence about the followed file itself is the one to tell */
        result = resume_at(reader, rotation.files[i].path, index, from, &ignored);
        if (result == 0) {
            reader->rotated_path = strdup(rotation.files[i].path);
            reader->file.input.path = reader->rotated_path;
        }
        if (result == 0 && !reader->rotated_path) {
            tlm_file_close(&reader->file);
            result = tlm_error_set(error, -ENOMEM, "%s: no memory to open it", path);
        } else if (result < 0 && result != -ENOMEM) {
            result = -ESTALE;
        }
    }
    tlm_rotation_finish(&rotation);
    return result;
}

/* Looks for the place in the other files of the list, which may have been changed since. */
static int resume_elsewhere(tlm_reader *reader, uint32_t index, const tlm_position *from)
{
    tlm_error ignored;

    for (uint32_t i = 0; i < reader->options.path_count && from->offset >= TELLING_SIZE; i++) {
        const char *path = reader->options.paths[i];
        if (i == index || is_stream(reader, i) || resume_at(reader, path, i, from, &ignored) < 0)
            continue;
        warn(reader,
             "the list of files was changed: reading goes on in %s, now number %" PRIu32 " of it and number %" PRIu32
             " before; files that stand before it are not read",
             path, i + 1, index + 1);
        return 0;
    }
    return -ESTALE;
}

static int resume_file(tlm_reader *reader, uint32_t index, const tlm_position *from, tlm_error *error)
{
    int result =
        tlm_error_set(error, -ESTALE, "reading stopped in file number %" PRIu32 " of `path`, which lists only %" PRIu32,
                      index + 1, reader->options.path_count);

    if (index < reader->options.path_count) {
        const char *path = reader->options.paths[index];
        result = resume_at(reader, path, index, from, error);
        if (result == -ENOENT && is_followed(reader, index) && from->offset == 0) {
            reader->index = index;
            reader->lines.next = *from;
            return 0; /* nothing was read of it, and it is waited for */
        }
        bool is_gone = result == -ESTALE || result == -ENOENT;
        if (is_gone && is_followed(reader, index) && resume_rotated(reader, path, index, from, error) == 0)
            return 0;
        if (!is_gone)
            return result;
    }
    return resume_elsewhere(reader, index, from) == 0 ? 0 : -ESTALE;
}

static int resume(tlm_reader *reader, const tlm_position *from, tlm_error *error)
{
    uint32_t index = tlm_fingerprint_index(from->generation);

    reader->lines.next.ordinal = from->ordinal;
    if (from->generation == 0)
        return 0; /* nothing was read yet */
    if (index < reader->options.path_count && is_stream(reader, index)) {
        reader->index = index;
        return resume_stream(reader, from, error);
    }
    int result = resume_file(reader, index, from, error);
    return result < 0 || !tlm_file_is_open(&reader->file) ? result : refuse_gzip(reader, error);
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
        is_known = is_known && !is_stream(reader, i);
        if (is_stream(reader, i) || stat(reader->options.paths[i], &status) < 0)
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

/* The followed file gave no more bytes: GO_ON when it is at its end for good or gave some after all. */
static int look_after(tlm_reader *reader, tlm_error *error)
{
    int state = tlm_file_check(&reader->file, reader->options.paths[reader->index]);

    reader->is_quiet = true;
    if (reader->file.input.is_gzip || state == TLM_FILE_TRUNCATED) {
        reader->is_ended = true;
        return GO_ON;
    }
    if (state == TLM_FILE_SAME)
        return TLM_READ_QUIET;
    /* Written between the last read and the renaming: read before it is left. */
    ssize_t size = tlm_lines_refill(&reader->lines, &reader->file, error);
    reader->is_ended = size == 0;
    return size < 0 ? (int)size : GO_ON;
}

/* Reads more of the open file. GO_ON, TLM_READ_QUIET or negative. */
static int advance(tlm_reader *reader, tlm_error *error)
{
    bool follows = is_followed(reader, reader->index);

    /* New bytes may be those of a file that was emptied and written again. */
    if (follows && reader->is_quiet &&
        tlm_file_check(&reader->file, reader->options.paths[reader->index]) == TLM_FILE_TRUNCATED) {
        reader->is_ended = true;
        return GO_ON;
    }
    ssize_t size = tlm_lines_refill(&reader->lines, &reader->file, error);
    note_progress(reader);
    if (size == -EAGAIN)
        return TLM_READ_QUIET;
    if (size != 0)
        return size < 0 ? (int)size : GO_ON;
    if (follows)
        return look_after(reader, error);
    reader->is_ended = true;
    return GO_ON;
}

/* One step: TLM_READ_..., negative, or GO_ON. */
static int step(tlm_reader *reader, uint32_t max_records, const tlm_records **ret_records, int64_t *ret_wait_ns,
                tlm_error *error)
{
    if (!tlm_file_is_open(&reader->file)) {
        int result = open_next(reader, error);
        if (result != 0)
            return result;
    }
    int result = tlm_lines_cut(&reader->lines, &reader->file, reader->is_ended, max_records, &reader->pace, ret_records,
                               ret_wait_ns);
    if (result == -ENOMEM)
        return tlm_error_set(error, result, "%s: no memory for its records", reader->file.input.path);
    if (result != GO_ON)
        return result;
    if (!reader->is_ended)
        return advance(reader, error);
    leave_file(reader);
    return GO_ON;
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
        if (result == GO_ON && left_ns > -GRACE_NS)
            continue;
        if (result == GO_ON)
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
        return tlm_error_set(error, -ENOMEM, "replay: no memory for a reader");
    reader->options = *options;
    reader->file = (tlm_file)TLM_FILE_INIT;
    reader->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    int result = reader->wake_fd < 0 ? -errno : 0;
    if (result == 0)
        result = tlm_pool_create(TLM_LINES_BLOCK_SIZE(options->read_bytes), options->paths, options->path_count,
                                 &reader->pool);
    if (result < 0) {
        tlm_reader_destroy(reader);
        return tlm_error_set(error, result, "replay: a reader cannot be made: %s", strerror(-result));
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
        result = resume(reader, from, error);
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
