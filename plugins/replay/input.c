/* SPDX-License-Identifier: Apache-2.0 */
#include "input.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    RAW_SIZE = 128 * 1024,
    GZIP_WINDOW_BITS = 15 + 16, /* the largest window, gzip's header required (zlib.h, inflateInit2) */
    MAGIC_SIZE = 2,
    SKIP_SIZE = 64 * 1024,
};

/* First two bytes of every gzip member (RFC 1952 section 2.3.1). */
static bool has_gzip_magic(const unsigned char *bytes, size_t size)
{
    return size >= MAGIC_SIZE && bytes[0] == 0x1f && bytes[1] == 0x8b;
}

static const char *name_of(const tlm_input *input)
{
    return input->is_stream ? "standard input" : input->path;
}

static int begin_gzip(tlm_input *input, tlm_error *error)
{
    int result = inflateInit2(&input->inflater, GZIP_WINDOW_BITS);

    if (result != Z_OK)
        return tlm_error_set(error, -ENOMEM, "%s: no memory to decompress it", name_of(input));
    input->has_inflater = true;
    input->is_gzip = true;
    input->in_member = true;
    return 0;
}

static int make_raw(tlm_input *input, tlm_error *error)
{
    input->raw = malloc(RAW_SIZE);
    return input->raw ? 0 : tlm_error_set(error, -ENOMEM, "%s: no memory for a buffer", name_of(input));
}

/* Looks at the first bytes of a regular file without moving in it. */
static int probe_file(tlm_input *input, tlm_error *error)
{
    unsigned char magic[MAGIC_SIZE];
    ssize_t size;

    do
        size = pread(input->fd, magic, sizeof magic, 0);
    while (size < 0 && errno == EINTR);
    if (size < 0)
        return tlm_error_set(error, -errno, "%s: cannot be read: %s", input->path, strerror(errno));
    input->is_probed = true;
    if (!has_gzip_magic(magic, (size_t)size))
        return 0;
    int result = make_raw(input, error);
    return result < 0 ? result : begin_gzip(input, error);
}

static int open_file(tlm_input *input, tlm_error *error)
{
    struct stat status;

    /* O_NONBLOCK: opening a FIFO that nobody writes to must not hang before it is refused. */
    input->fd = open(input->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (input->fd < 0)
        return tlm_error_set(error, -errno, "%s: cannot be opened: %s", input->path, strerror(errno));
    if (fstat(input->fd, &status) < 0)
        return tlm_error_set(error, -errno, "%s: cannot be examined: %s", input->path, strerror(errno));
    if (S_ISDIR(status.st_mode))
        return tlm_error_set(error, -EISDIR, "%s: is a folder; name the files in it", input->path);
    if (!S_ISREG(status.st_mode))
        return tlm_error_set(error, -EINVAL, "%s: is not a regular file; pipes are read from standard input: \"-\"",
                             input->path);
    return probe_file(input, error);
}

int tlm_input_open(tlm_input *input, const char *path, tlm_error *error)
{
    int result;

    *input = (tlm_input)TLM_INPUT_INIT;
    input->path = path;
    input->is_stream = strcmp(path, TLM_INPUT_STANDARD) == 0;
    if (input->is_stream) {
        input->fd = STDIN_FILENO;
        result = make_raw(input, error);
    } else {
        result = open_file(input, error);
    }
    if (result < 0)
        tlm_input_close(input);
    return result;
}

void tlm_input_close(tlm_input *input)
{
    if (input->fd >= 0 && !input->is_stream)
        (void)close(input->fd); /* opened for reading: nothing can be lost */
    if (input->has_inflater)
        (void)inflateEnd(&input->inflater);
    free(input->raw);
    *input = (tlm_input)TLM_INPUT_INIT;
}

/* Whether reading a stream would not block. A closed pipe is ready: it reads as the end. */
static bool is_ready(const tlm_input *input)
{
    struct pollfd wanted = {.fd = input->fd, .events = POLLIN};

    return !input->is_stream || poll(&wanted, 1, 0) > 0;
}

/* One read of the descriptor: bytes, 0 at its end, -EAGAIN. */
static ssize_t take(tlm_input *input, void *into, size_t room, tlm_error *error)
{
    ssize_t size;

    if (!is_ready(input))
        return -EAGAIN;
    do
        size = read(input->fd, into, room);
    while (size < 0 && errno == EINTR);
    if (size < 0 && errno == EAGAIN)
        return -EAGAIN;
    if (size < 0)
        return tlm_error_set(error, -errno, "%s: cannot be read at byte %llu: %s", name_of(input),
                             (unsigned long long)input->taken_bytes, strerror(errno));
    input->taken_bytes += (uint64_t)size;
    return size;
}

/* Adds to the raw bytes once: their number, 0 at the end, -EAGAIN. */
static ssize_t take_raw(tlm_input *input, tlm_error *error)
{
    if (input->raw_at == input->raw_size)
        input->raw_at = input->raw_size = 0;
    ssize_t size = take(input, input->raw + input->raw_size, RAW_SIZE - input->raw_size, error);
    if (size > 0)
        input->raw_size += (size_t)size;
    input->fd_ended = size == 0;
    return size;
}

/* Finds out from the first bytes of a stream whether it is gzip: 0 when known, -EAGAIN when more bytes must come. */
static int probe_stream(tlm_input *input, tlm_error *error)
{
    while (input->raw_size < MAGIC_SIZE && !input->fd_ended) {
        ssize_t size = take_raw(input, error);
        if (size < 0)
            return (int)size;
    }
    input->is_probed = true;
    return has_gzip_magic(input->raw, input->raw_size) ? begin_gzip(input, error) : 0;
}

static ssize_t read_plain(tlm_input *input, char *into, size_t room, tlm_error *error)
{
    size_t held = input->raw_size - input->raw_at;

    if (held > 0) {
        held = held < room ? held : room;
        memcpy(into, input->raw + input->raw_at, held);
        input->raw_at += held;
        return (ssize_t)held;
    }
    return input->fd_ended ? 0 : take(input, into, room, error);
}

static int fail(tlm_input *input, const char *what)
{
    unsigned long long at = input->taken_bytes - (input->raw_size - input->raw_at);

    input->failure = tlm_error_set(&input->failure_text, -EBADMSG, "%s: damaged gzip data at byte %llu: %s",
                                   name_of(input), at, what);
    return input->failure;
}

/* Between two members: zeros are padding (gzip(1), "trailing zeros"), anything else must be the next member. Returns
 * whether one begins. */
static bool next_member(tlm_input *input)
{
    while (input->raw_at < input->raw_size && input->raw[input->raw_at] == 0)
        input->raw_at++;
    if (input->raw_at == input->raw_size)
        return false;
    input->in_member = inflateReset(&input->inflater) == Z_OK;
    if (!input->in_member)
        (void)fail(input, "the decompressor is in disorder");
    return input->in_member;
}

/* Inflates what raw bytes there are: the number of bytes made, maybe 0. A fault is left in input->failure. */
static size_t inflate_raw(tlm_input *input, char *into, size_t room)
{
    z_stream *stream = &input->inflater;

    if (!input->in_member && !next_member(input))
        return 0;
    stream->next_in = input->raw + input->raw_at;
    stream->avail_in = (uInt)(input->raw_size - input->raw_at);
    stream->next_out = (unsigned char *)into;
    stream->avail_out = (uInt)room;
    int result = inflate(stream, Z_NO_FLUSH);
    input->raw_at = input->raw_size - stream->avail_in;
    if (result == Z_STREAM_END)
        input->in_member = false;
    else if (result != Z_OK && result != Z_BUF_ERROR)
        (void)fail(input, stream->msg ? stream->msg : result == Z_MEM_ERROR ? "no memory" : "not decompressible");
    return room - stream->avail_out;
}

static ssize_t read_gzip(tlm_input *input, char *into, size_t room, tlm_error *error)
{
    size_t made = 0;

    while (made == 0 && !input->failure) {
        if (input->raw_at == input->raw_size && !input->fd_ended) {
            ssize_t size = take_raw(input, error);
            if (size < 0)
                return size;
        }
        /* Called at the end of the raw bytes too: the inflater may still hold some of its output back. */
        made = inflate_raw(input, into, room);
        if (made == 0 && input->fd_ended && input->raw_at == input->raw_size && !input->failure) {
            if (!input->in_member)
                return 0;
            (void)fail(input, "it ends in the middle; the file is cut off or still being written");
        }
    }
    return made > 0 ? (ssize_t)made : tlm_error_set(error, input->failure, "%s", input->failure_text.text);
}

ssize_t tlm_input_read(tlm_input *input, char *into, size_t room, tlm_error *error)
{
    if (!input->is_probed) {
        int result = probe_stream(input, error);
        if (result < 0)
            return result;
    }
    return input->is_gzip ? read_gzip(input, into, room, error) : read_plain(input, into, room, error);
}

int tlm_input_rewind(tlm_input *input, tlm_error *error)
{
    if (lseek(input->fd, 0, SEEK_SET) < 0)
        return tlm_error_set(error, -errno, "%s: cannot be sought in: %s", input->path, strerror(errno));
    input->taken_bytes = 0;
    input->raw_at = input->raw_size = 0;
    input->fd_ended = false;
    input->failure = 0;
    if (!input->is_gzip)
        return 0;
    input->in_member = inflateReset(&input->inflater) == Z_OK;
    return input->in_member ? 0 : fail(input, "the decompressor is in disorder");
}

static int64_t skip_plain(tlm_input *input, int64_t count, tlm_error *error)
{
    struct stat status;

    if (fstat(input->fd, &status) < 0)
        return tlm_error_set(error, -errno, "%s: cannot be examined: %s", input->path, strerror(errno));
    int64_t left = status.st_size - (int64_t)input->taken_bytes;
    int64_t step = count < left ? count : left > 0 ? left : 0;
    if (lseek(input->fd, step, SEEK_CUR) < 0)
        return tlm_error_set(error, -errno, "%s: cannot be sought in: %s", input->path, strerror(errno));
    input->taken_bytes += (uint64_t)step;
    return step;
}

int64_t tlm_input_skip(tlm_input *input, int64_t count, tlm_error *error)
{
    char passed[SKIP_SIZE];
    int64_t skipped = 0;

    if (!input->is_gzip)
        return skip_plain(input, count, error);
    while (skipped < count) {
        int64_t left = count - skipped;
        ssize_t size = tlm_input_read(input, passed, left < SKIP_SIZE ? (size_t)left : SKIP_SIZE, error);
        if (size < 0)
            return size;
        if (size == 0)
            break;
        skipped += size;
    }
    return skipped;
}
