/* SPDX-License-Identifier: Apache-2.0 */
#include "journal.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

/** Of a frame: magic, size of the payload, CRC-32 of the payload, CRC-32 of these twelve bytes; little-endian. */
enum { HEADER_SIZE = 16, SCAN_CHUNK = 65536 };

static const char magic[4] = {'T', 'L', 'M', 'J'};

typedef struct {
    uint32_t size, checksum;
} frame_header;

static int fail(const char *path, const char *what, tlm_error *error)
{
    int code = errno;
    return tlm_error_set(error, -code, "%s: %s: %s", path, what, strerror(code));
}

static void put_word(unsigned char *at, uint32_t word)
{
    for (int i = 0; i < 4; i++)
        at[i] = (unsigned char)(word >> (8 * i));
}

static uint32_t get_word(const unsigned char *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static uint32_t checksum_of(const void *bytes, size_t size)
{
    return (uint32_t)crc32_z(0, bytes, size);
}

static void write_header(unsigned char header[static HEADER_SIZE], const tlm_buffer *entries)
{
    memcpy(header, magic, sizeof magic);
    put_word(header + 4, (uint32_t)entries->size);
    put_word(header + 8, checksum_of(entries->data, entries->size));
    put_word(header + 12, checksum_of(header, 12));
}

static bool read_header(const unsigned char header[static HEADER_SIZE], frame_header *ret_header)
{
    if (memcmp(header, magic, sizeof magic) != 0 || get_word(header + 12) != checksum_of(header, 12))
        return false;
    ret_header->size = get_word(header + 4);
    ret_header->checksum = get_word(header + 8);
    return ret_header->size <= TLM_JOURNAL_FRAME_MAX;
}

/* All or nothing but a failure; the end of the file counts as one. */
static int read_at(int fd, void *bytes, size_t size, uint64_t at)
{
    char *to = bytes;
    while (size > 0) {
        ssize_t got = pread(fd, to, size, (off_t)at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got < 0 ? -errno : -EIO;
        to += got;
        at += (uint64_t)got;
        size -= (size_t)got;
    }
    return 0;
}

static int write_at(int fd, const void *bytes, size_t size, uint64_t at)
{
    const char *from = bytes;
    while (size > 0) {
        ssize_t written = pwrite(fd, from, size, (off_t)at);
        if (written < 0 && errno != EINTR)
            return -errno;
        if (written > 0) {
            from += written;
            at += (uint64_t)written;
            size -= (size_t)written;
        }
    }
    return 0;
}

/* --- reading ----------------------------------------------------------------------------------------------------- */

/* Whether a frame begins anywhere from `at` on: then what lies before it is damaged, not unfinished. 1, 0, negative. */
static int has_frame_after(const tlm_journal *journal, uint64_t at)
{
    unsigned char bytes[SCAN_CHUNK];
    frame_header header;
    while (at + HEADER_SIZE <= journal->size) {
        size_t size = journal->size - at < sizeof bytes ? (size_t)(journal->size - at) : sizeof bytes;
        int result = read_at(journal->fd, bytes, size, at);
        if (result < 0)
            return result;
        for (size_t i = 0; i + HEADER_SIZE <= size; i++) {
            if (read_header(bytes + i, &header))
                return 1;
        }
        at += size - HEADER_SIZE + 1;
    }
    return 0;
}

/* Reads the frame at `kept`: 1, 0 when there is no whole one, negative on failure. */
static int read_frame(const tlm_journal *journal, tlm_buffer *payload)
{
    unsigned char bytes[HEADER_SIZE];
    frame_header header;
    uint64_t left = journal->size - journal->kept;
    if (left < HEADER_SIZE)
        return 0;
    int result = read_at(journal->fd, bytes, sizeof bytes, journal->kept);
    if (result < 0)
        return result;
    if (!read_header(bytes, &header) || left - HEADER_SIZE < header.size)
        return 0;
    tlm_buffer_clear(payload);
    char *room = tlm_buffer_reserve(payload, header.size + 1u);
    if (!room)
        return -ENOMEM;
    result = read_at(journal->fd, room, header.size, journal->kept + HEADER_SIZE);
    if (result < 0)
        return result;
    payload->size = header.size;
    return checksum_of(room, header.size) == header.checksum;
}

static int read_frames(tlm_journal *journal, tlm_ledger *ledger)
{
    tlm_buffer payload = TLM_BUFFER_INIT;
    int result;
    while ((result = read_frame(journal, &payload)) > 0) {
        result = tlm_ledger_apply(ledger, payload.data, payload.size);
        if (result < 0)
            break;
        journal->kept += HEADER_SIZE + payload.size;
    }
    tlm_buffer_finish(&payload);
    return result;
}

static int cut(tlm_journal *journal, tlm_error *error)
{
    if (journal->size != journal->kept && ftruncate(journal->fd, (off_t)journal->kept) < 0)
        return fail(journal->path, "cut away an unfinished frame", error);
    journal->size = journal->kept;
    return 0;
}

static void plan_rewrite(tlm_journal *journal, const tlm_ledger *ledger)
{
    journal->rewrite_at = 2 * tlm_ledger_size_bytes(ledger) + TLM_JOURNAL_SLACK_BYTES;
}

static int load(tlm_journal *journal, tlm_ledger *ledger, uint64_t *ret_cut, tlm_error *error)
{
    struct stat about;
    if (fstat(journal->fd, &about) < 0)
        return fail(journal->path, "look at", error);
    journal->size = (uint64_t)about.st_size;
    journal->kept = 0;
    int result = read_frames(journal, ledger);
    /* The file comes into being with its first frame whole, so nothing before that is merely unfinished. */
    if (result == 0 && journal->kept < journal->size)
        result = journal->kept == 0 ? 1 : has_frame_after(journal, journal->kept + 1);
    if (result > 0 || result == -EBADMSG || (result == 0 && !tlm_ledger_pipeline(ledger)))
        return tlm_error_set(error, -EINVAL,
                             "%s: it is damaged at byte %llu, or no checkpoint of Telemetra; restore it, or move it "
                             "away together with the output to start anew",
                             journal->path, (unsigned long long)journal->kept);
    if (result < 0)
        return tlm_error_set(error, result, "%s: read: %s", journal->path, strerror(-result));
    *ret_cut = journal->size - journal->kept;
    plan_rewrite(journal, ledger);
    return cut(journal, error);
}

int tlm_journal_load(tlm_journal *journal, tlm_ledger *ledger, uint64_t *ret_cut, tlm_error *error)
{
    journal->fd = open(journal->path, O_RDWR | O_CLOEXEC);
    if (journal->fd < 0)
        return errno == ENOENT ? 0 : fail(journal->path, "open", error);
    int result = load(journal, ledger, ret_cut, error);
    if (result < 0) {
        tlm_journal_close(journal);
        return result;
    }
    return 1;
}

void tlm_journal_close(tlm_journal *journal)
{
    if (journal->fd >= 0)
        close(journal->fd);
    journal->fd = -1;
}

/* --- writing ----------------------------------------------------------------------------------------------------- */

static int append_frame(tlm_journal *journal, const tlm_buffer *entries, tlm_error *error)
{
    unsigned char header[HEADER_SIZE];
    if (entries->size > TLM_JOURNAL_FRAME_MAX)
        return tlm_error_set(error, -EBADMSG, "%s: a commit of %zu bytes of state is larger than a frame may be",
                             journal->path, entries->size);
    write_header(header, entries);
    journal->size = journal->kept + HEADER_SIZE + entries->size; /* at most, if a write fails */
    int result = write_at(journal->fd, header, sizeof header, journal->kept);
    if (result == 0)
        result = write_at(journal->fd, entries->data, entries->size, journal->kept + HEADER_SIZE);
    if (result < 0) {
        errno = -result;
        return fail(journal->path, "write", error);
    }
    return 0;
}

int tlm_journal_append(tlm_journal *journal, const tlm_buffer *entries, tlm_error *error)
{
    int result = cut(journal, error);
    if (result == 0)
        result = append_frame(journal, entries, error);
    if (result == 0 && journal->sync && fdatasync(journal->fd) < 0)
        result = fail(journal->path, "sync", error);
    if (result < 0) {
        (void)cut(journal, NULL); /* else before the next frame, which needs it */
        return result;
    }
    journal->kept = journal->size;
    return 0;
}

bool tlm_journal_is_due(const tlm_journal *journal)
{
    return journal->kept > journal->rewrite_at;
}

static int take_piece(void *context, const tlm_buffer *entries, tlm_error *error)
{
    tlm_journal *fresh = context;
    int result = append_frame(fresh, entries, error);
    fresh->kept = fresh->size;
    return result;
}

/* Makes a rename durable. */
static int sync_folder(const char *path, tlm_error *error)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    int size = !slash || slash == path ? 1 : (int)(slash - path);
    snprintf(folder, sizeof folder, "%.*s", size, slash ? path : ".");
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return fail(folder, "open", error);
    /* Some file systems cannot sync folders and say EINVAL: they promise nothing that could be kept. */
    int result = fsync(fd) < 0 && errno != EINVAL ? fail(folder, "sync", error) : 0;
    close(fd);
    return result;
}

static int write_beside(tlm_journal *fresh, const tlm_ledger *ledger, const char *temporary, tlm_error *error)
{
    int result = tlm_ledger_dump(ledger, take_piece, fresh, error);
    if (result < 0)
        return result;
    if (fresh->sync && fsync(fresh->fd) < 0)
        return fail(temporary, "sync", error);
    if (rename(temporary, fresh->path) < 0)
        return fail(fresh->path, "replace", error);
    return 0;
}

int tlm_journal_rewrite(tlm_journal *journal, const tlm_ledger *ledger, tlm_error *error)
{
    char temporary[PATH_MAX];
    tlm_journal fresh = {.path = journal->path, .sync = journal->sync};
    if ((size_t)snprintf(temporary, sizeof temporary, "%s.new", journal->path) >= sizeof temporary)
        return tlm_error_set(error, -ENAMETOOLONG, "%s: the name is too long", journal->path);
    /* Should this fail, the next attempt is some way off: commits go on meanwhile. */
    journal->rewrite_at = journal->kept + journal->kept / 2 + TLM_JOURNAL_SLACK_BYTES;
    fresh.fd = open(temporary, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fresh.fd < 0)
        return fail(temporary, "open", error);
    int result = write_beside(&fresh, ledger, temporary, error);
    if (result < 0) {
        close(fresh.fd);
        unlink(temporary);
        return result;
    }
    tlm_journal_close(journal);
    *journal = fresh;
    plan_rewrite(journal, ledger);
    return journal->sync ? sync_folder(journal->path, error) : 0;
}
