/* SPDX-License-Identifier: Apache-2.0 */
#include "output.h"

#include "rows.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/** Bytes looked at from a file's end for its last line end, at a time. */
enum { TAIL_CHUNK = 4096 };

const char *tlm_output_name(const tlm_output *output)
{
    return output->is_own ? output->path : "standard output";
}

static int fail(const tlm_output *output, const char *what, tlm_error *error)
{
    int code = errno;
    if (code == EPIPE) /* for good: who reads a pipe does not come back */
        return tlm_error_set(error, -EBADMSG, "nobody reads %s any more", tlm_output_name(output));
    const char *advice = code == ENOSPC || code == EDQUOT ? "; make room on its disk"
                         : code == EFBIG                  ? "; the file has reached the largest size it may have"
                                                          : "";
    return tlm_error_set(error, -code, "%s: %s: %s%s", tlm_output_name(output), what, strerror(code), advice);
}

/* Finds where the last line ends: behind the last line feed. */
static int find_line_end(const tlm_output *output, uint64_t size, uint64_t *ret_end)
{
    char bytes[TAIL_CHUNK];
    while (size > 0) {
        size_t wanted = size < sizeof bytes ? (size_t)size : sizeof bytes;
        ssize_t got = pread(output->fd, bytes, wanted, (off_t)(size - wanted));
        if (got != (ssize_t)wanted)
            return got < 0 ? -errno : -EIO;
        const char *feed = memrchr(bytes, '\n', wanted);
        if (feed) {
            *ret_end = size - wanted + (size_t)(feed - bytes) + 1;
            return 0;
        }
        size -= wanted;
    }
    *ret_end = 0;
    return 0;
}

/* Whether the unfinished line from `start` is one of ours. */
static bool is_own_line(const tlm_output *output, uint64_t start, uint64_t end)
{
    char bytes[sizeof TLM_ROWS_PREFIX - 1];
    size_t wanted = end - start < sizeof bytes ? (size_t)(end - start) : sizeof bytes;
    return pread(output->fd, bytes, wanted, (off_t)start) == (ssize_t)wanted &&
           memcmp(bytes, TLM_ROWS_PREFIX, wanted) == 0;
}

static int mend_last_line(tlm_output *output, tlm_error *error)
{
    uint64_t end = 0;
    int result = find_line_end(output, output->size, &end);
    if (result < 0) {
        errno = -result;
        return fail(output, "read", error);
    }
    if (end == output->size)
        return 0;
    if (!is_own_line(output, end, output->size))
        return tlm_error_set(error, -EINVAL,
                             "%s: it ends in the middle of a line that Telemetra did not write; name another path",
                             output->path);
    output->kept = end;
    return tlm_output_take_back(output, error);
}

static int open_own(tlm_output *output, tlm_error *error)
{
    /* Not to wait for a reader of a named pipe. Regular files do not care. */
    output->fd = open(output->path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0644);
    if (output->fd < 0)
        return fail(output, "open", error);
    return 0;
}

static int look_at_kind(tlm_output *output, tlm_error *error)
{
    struct stat about;
    if (fstat(output->fd, &about) < 0)
        return fail(output, "look at", error);
    output->is_regular = S_ISREG(about.st_mode);
    if (!output->is_regular)
        return 0;
    /* Standard output may be a file that a shell has already written to. */
    off_t at =
        output->is_own || (fcntl(output->fd, F_GETFL) & O_APPEND) ? about.st_size : lseek(output->fd, 0, SEEK_CUR);
    if (at < 0)
        return fail(output, "find the end", error);
    output->size = output->kept = (uint64_t)at;
    if (!output->is_own)
        return 0;
    if (flock(output->fd, LOCK_EX | LOCK_NB) < 0)
        return errno == EWOULDBLOCK
                   ? tlm_error_set(error, -EBUSY, "%s: another process writes to it; name another path", output->path)
                   : fail(output, "lock", error);
    return mend_last_line(output, error);
}

int tlm_output_open(tlm_output *output, const char *path, tlm_error *error)
{
    *output = (tlm_output){.path = path, .fd = STDOUT_FILENO, .is_own = strcmp(path, "-") != 0};
    output->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (output->wake_fd < 0) {
        output->fd = -1;
        return fail(output, "make an event", error);
    }
    int result = output->is_own ? open_own(output, error) : 0;
    if (result == 0)
        result = look_at_kind(output, error);
    if (result < 0)
        tlm_output_close(output);
    return result;
}

void tlm_output_close(tlm_output *output)
{
    if (output->is_own && output->fd >= 0)
        close(output->fd);
    if (output->wake_fd >= 0)
        close(output->wake_fd);
    output->fd = output->wake_fd = -1;
}

void tlm_output_interrupt(tlm_output *output)
{
    /* The counter of an event cannot be full after one. */
    (void)eventfd_write(output->wake_fd, 1);
}

/* Waits until a stream takes PIPE_BUF bytes without blocking. */
static int wait_for_room(tlm_output *output, tlm_error *error)
{
    struct pollfd polled[] = {{.fd = output->fd, .events = POLLOUT}, {.fd = output->wake_fd, .events = POLLIN}};
    while (poll(polled, TLM_COUNT(polled), -1) < 0) {
        if (errno != EINTR)
            return fail(output, "wait", error);
    }
    if (polled[1].revents && !polled[0].revents)
        return tlm_error_set(error, -ECANCELED, "%s: its reader stalls and the host stops", tlm_output_name(output));
    return 0;
}

static int write_some(tlm_output *output, const char *bytes, size_t size, size_t *ret_written, tlm_error *error)
{
    int result = output->is_regular ? 0 : wait_for_room(output, error);
    if (result < 0)
        return result;
    /* No more than a pipe with room takes at once, so that a stalled reader cannot hold the thread in write(2). */
    size_t most = output->is_regular || size < PIPE_BUF ? size : PIPE_BUF;
    ssize_t written = write(output->fd, bytes, most);
    if (written < 0 && errno != EINTR && errno != EAGAIN)
        return fail(output, "write", error);
    *ret_written = written < 0 ? 0 : (size_t)written;
    return 0;
}

static int write_all(tlm_output *output, const char *bytes, size_t size, tlm_error *error)
{
    while (size > 0) {
        size_t written = 0;
        int result = write_some(output, bytes, size, &written, error);
        if (result < 0)
            return result;
        if (written > 0)
            output->is_midline = bytes[written - 1] != '\n';
        output->size += written;
        bytes += written;
        size -= written;
    }
    return 0;
}

int tlm_output_append(tlm_output *output, const char *bytes, size_t size, tlm_error *error)
{
    /* A new reader of a named pipe shall not find the rest of a line that the last one has not read. */
    if (!output->is_regular && output->is_midline && size > 0) {
        int result = write_all(output, "\n", 1, error);
        if (result < 0)
            return result;
    }
    return write_all(output, bytes, size, error);
}

int tlm_output_sync(tlm_output *output, tlm_error *error)
{
    if (output->is_regular && fdatasync(output->fd) < 0)
        return fail(output, "sync", error);
    return 0;
}

void tlm_output_keep(tlm_output *output)
{
    output->kept = output->size;
}

int tlm_output_take_back(tlm_output *output, tlm_error *error)
{
    if (!output->is_regular || output->size == output->kept) {
        output->kept = output->size;
        return 0;
    }
    if (ftruncate(output->fd, (off_t)output->kept) < 0)
        return fail(output, "take back an unfinished line", error);
    if (lseek(output->fd, (off_t)output->kept, SEEK_SET) < 0)
        return fail(output, "find the end", error);
    output->size = output->kept;
    return 0;
}

int tlm_output_cut(tlm_output *output, uint64_t length, tlm_error *error)
{
    if (output->size < length)
        return tlm_error_set(error, -EINVAL,
                             "%s: it has %llu bytes, its checkpoint has recorded %llu; restore the file, or move its "
                             "checkpoint away to start anew",
                             output->path, (unsigned long long)output->size, (unsigned long long)length);
    output->kept = length;
    return tlm_output_take_back(output, error);
}
