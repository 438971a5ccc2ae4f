/* SPDX-License-Identifier: Apache-2.0 */
#include "file.h"

#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Standard input is another one in each run. */
static uint64_t new_generation(uint32_t index)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_REALTIME, &now); /* cannot fail for this clock */
    uint64_t run = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
    return tlm_fingerprint_renumber(run / 1000 ^ (uint64_t)getpid() << 32, index);
}

int tlm_file_open(tlm_file *file, const char *path, uint32_t index, tlm_error *error)
{
    int result = tlm_input_open(&file->input, path, error);

    if (result < 0)
        return result;
    tlm_fingerprint_init(&file->print);
    file->index = index;
    file->is_mid_line = false;
    file->stream_generation = file->input.is_stream ? new_generation(index) : 0;
    return 0;
}

bool tlm_file_is_open(const tlm_file *file)
{
    return file->input.fd >= 0;
}

void tlm_file_close(tlm_file *file)
{
    tlm_input_close(&file->input);
}

ssize_t tlm_file_read(tlm_file *file, char *into, size_t room, tlm_error *error)
{
    ssize_t size = tlm_input_read(&file->input, into, room, error);

    if (size > 0)
        tlm_fingerprint_feed(&file->print, into, (size_t)size);
    return size;
}

uint64_t tlm_file_generation(tlm_file *file, int64_t offset)
{
    return file->stream_generation ? file->stream_generation
                                   : tlm_fingerprint_generation(&file->print, file->index, offset);
}

/* Reads the beginning of the file up to `offset` or as far as fingerprints go: bytes read, less at the file's end. */
static int64_t read_beginning(tlm_file *file, int64_t offset, tlm_error *error)
{
    char bytes[TLM_FINGERPRINT_SIZE];
    size_t wanted = offset < TLM_FINGERPRINT_SIZE ? (size_t)offset : TLM_FINGERPRINT_SIZE;

    while (file->print.size < wanted) {
        ssize_t size = tlm_file_read(file, bytes, wanted - file->print.size, error);
        if (size < 0)
            return size;
        if (size == 0)
            break;
    }
    return (int64_t)file->print.size;
}

/* Passes on to `offset`, the beginning having been read, and notes the byte before it. The place reached. */
static int64_t pass_on(tlm_file *file, int64_t offset, tlm_error *error)
{
    int64_t at = (int64_t)file->print.size;
    char last = at > 0 ? file->print.bytes[at - 1] : '\n';

    if (at < offset) {
        int64_t skipped = tlm_input_skip(&file->input, offset - 1 - at, error);
        if (skipped < 0)
            return skipped;
        at += skipped;
        ssize_t size = tlm_input_read(&file->input, &last, 1, error);
        if (size < 0)
            return size;
        at += size;
    }
    file->is_mid_line = last != '\n';
    return at;
}

static int refuse(const tlm_file *file, const tlm_position *from, tlm_error *error)
{
    const char *path = file->input.path;
    size_t size = file->print.size;

    if (size < TLM_FINGERPRINT_SIZE && (int64_t)size < from->offset)
        return tlm_error_set(error, -ESTALE, "%s: has only %zu bytes, but was read up to byte %lld before", path, size,
                             (long long)from->offset);
    return tlm_error_set(error, -ESTALE, "%s: is another file now: it begins with other bytes than were read before",
                         path);
}

static int reach(tlm_file *file, const tlm_position *from, tlm_error *error)
{
    int64_t at = read_beginning(file, TLM_FINGERPRINT_SIZE, error);

    if (at < 0 && !file->input.failure) /* a fault of the content is told where reading comes to it */
        return (int)at;
    if (!tlm_fingerprint_has_place(&file->print, from->generation, from->offset))
        return refuse(file, from, error);
    int result = tlm_input_rewind(&file->input, error);
    if (result < 0)
        return result;
    tlm_fingerprint_init(&file->print);
    at = read_beginning(file, from->offset, error);
    if (at >= 0)
        at = pass_on(file, from->offset, error);
    if (at < 0)
        return (int)at;
    if (at < from->offset)
        return tlm_error_set(error, -ESTALE, "%s: has only %lld bytes, but was read up to byte %lld before",
                             file->input.path, (long long)at, (long long)from->offset);
    return 0;
}

int tlm_file_open_at(tlm_file *file, const char *path, uint32_t index, const tlm_position *from, tlm_error *error)
{
    int result = tlm_file_open(file, path, index, error);

    if (result < 0)
        return result;
    result = reach(file, from, error);
    if (result < 0)
        tlm_file_close(file);
    return result;
}

/* Whether the file still begins with the bytes that were read from it. What cannot be read now is told by reading. */
static bool begins_as_read(const tlm_file *file)
{
    char bytes[TLM_FINGERPRINT_SIZE];
    ssize_t size = pread(file->input.fd, bytes, file->print.size, 0);

    return size < 0 || ((size_t)size == file->print.size && memcmp(bytes, file->print.bytes, file->print.size) == 0);
}

int tlm_file_check(const tlm_file *file, const char *path)
{
    struct stat here, there;

    if (file->input.is_gzip || fstat(file->input.fd, &here) < 0)
        return TLM_FILE_SAME;
    if (here.st_size < (off_t)file->input.taken_bytes || !begins_as_read(file))
        return TLM_FILE_TRUNCATED;
    if (stat(path, &there) < 0 || (there.st_dev == here.st_dev && there.st_ino == here.st_ino))
        return TLM_FILE_SAME; /* nothing has come to its place yet */
    return there.st_size > 0 ? TLM_FILE_REPLACED : TLM_FILE_SAME;
}

bool tlm_file_is(const tlm_file *file, dev_t device, ino_t inode)
{
    struct stat status;

    return fstat(file->input.fd, &status) == 0 && status.st_dev == device && status.st_ino == inode;
}

int tlm_file_resembles(const tlm_fingerprint *print, const char *path, tlm_error *error)
{
    tlm_file other = TLM_FILE_INIT;
    int result = tlm_file_open(&other, path, 0, error);

    if (result < 0)
        return result;
    int64_t size = read_beginning(&other, (int64_t)print->size, error);
    tlm_file_close(&other);
    if (size <= 0)
        return size < 0 ? (int)size : 1;
    return (size_t)size == print->size && memcmp(other.print.bytes, print->bytes, print->size) == 0;
}

int64_t tlm_file_written_ns(const tlm_file *file)
{
    struct stat status;

    if (fstat(file->input.fd, &status) < 0)
        return 0;
    return (int64_t)status.st_mtim.tv_sec * 1000000000 + status.st_mtim.tv_nsec;
}
