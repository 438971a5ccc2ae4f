/* SPDX-License-Identifier: Apache-2.0 */
#include "lines.h"

#include "common/clock.h"

#include <telemetra/source.h>

/* A block filled to less than this part of its capacity is copied, so that a batch of few lines holds few bytes. */
enum { SMALL_PART = 16 };

typedef struct {
    const char *bytes;
    size_t held;        /* bytes of it in the block */
    uint64_t full_size; /* its length in the file */
    size_t feed;        /* 1 with a line feed, 0 at the end of the file */
} raw_line;

void tlm_lines_init(tlm_lines *lines, tlm_pool *pool, size_t read_bytes)
{
    *lines = (tlm_lines){.pool = pool, .read_bytes = read_bytes};
}

static void drop_block(tlm_lines *lines)
{
    if (lines->block != lines->stage)
        tlm_block_unref(lines->block);
    lines->block = NULL;
}

void tlm_lines_begin(tlm_lines *lines, tlm_position next)
{
    drop_block(lines);
    lines->next = next;
    lines->at = lines->scanned = 0;
    lines->dropped = 0;
    lines->dropped_text = false;
}

void tlm_lines_finish(tlm_lines *lines)
{
    drop_block(lines);
    tlm_block_unref(lines->stage);
    lines->stage = NULL;
}

static bool is_blank(const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != ' ' && bytes[i] != '\t' && bytes[i] != '\r')
            return false;
    }
    return true;
}

/* Leaves the unfinished line alone at the beginning of a stage that nobody else holds. 0 or -ENOMEM. */
static int make_room(tlm_lines *lines)
{
    bool is_shared = !lines->stage || tlm_block_is_shared(lines->stage);
    tlm_block *target = is_shared ? tlm_pool_block(lines->pool) : lines->stage;

    if (!target)
        return -ENOMEM;
    size_t kept = lines->block ? lines->block->size - lines->at : 0;
    if (kept > TLM_RECORD_SIZE_MAX) {
        size_t surplus = kept - TLM_RECORD_SIZE_MAX;
        const char *dropped = lines->block->bytes + lines->at + TLM_RECORD_SIZE_MAX;
        lines->dropped += surplus;
        lines->dropped_text = lines->dropped_text || !is_blank(dropped, surplus);
        kept = TLM_RECORD_SIZE_MAX;
    }
    if (kept > 0 && lines->block->bytes + lines->at != target->bytes)
        memmove(target->bytes, lines->block->bytes + lines->at, kept);
    drop_block(lines);
    if (target != lines->stage)
        tlm_block_unref(lines->stage);
    target->size = kept;
    lines->stage = lines->block = target;
    lines->at = 0;
    lines->scanned = kept;
    return 0;
}

/* Reads until `room` is full or nothing more is there; a fault after some bytes is met again by the next call. */
static ssize_t read_much(tlm_file *file, char *into, size_t room, tlm_error *error)
{
    size_t size = 0;

    while (size < room) {
        ssize_t more = tlm_file_read(file, into + size, room - size, error);
        if (more <= 0)
            return size > 0 ? (ssize_t)size : more;
        size += (size_t)more;
    }
    return (ssize_t)size;
}

ssize_t tlm_lines_refill(tlm_lines *lines, tlm_file *file, tlm_error *error)
{
    int result = make_room(lines);

    if (result < 0)
        return tlm_error_set(error, result, "%s: no memory to read it", file->input.path);
    tlm_block *stage = lines->stage;
    ssize_t size = read_much(file, stage->bytes + stage->size, lines->read_bytes, error);
    if (size <= 0)
        return size;
    const char *fresh = stage->bytes + stage->size;
    stage->size += (size_t)size;
    memset(stage->bytes + stage->size, 0, TLM_PADDING);
    if (stage->size < stage->capacity / SMALL_PART && memchr(fresh, '\n', (size_t)size)) {
        lines->block = tlm_pool_copy(lines->pool, stage->bytes, stage->size);
        if (!lines->block)
            lines->block = stage; /* the copy only saves memory */
    }
    return size;
}

/* Finds the next line. False when it is unfinished (and not at the end), or there is none. */
static inline bool find_line(tlm_lines *lines, bool at_end, raw_line *ret_line)
{
    const tlm_block *block = lines->block;
    const char *begin = block->bytes + lines->at;
    size_t left = block->size - lines->at;
    const char *feed = memchr(begin + lines->scanned, '\n', left - lines->scanned);

    if (!feed) {
        lines->scanned = left;
        if (!at_end || left == 0)
            return false;
    }
    size_t held = feed ? (size_t)(feed - begin) : left;
    *ret_line = (raw_line){begin, held, held + lines->dropped, feed != NULL};
    return true;
}

static inline void pass_line(tlm_lines *lines, tlm_file *file, const raw_line *line)
{
    int64_t offset = lines->next.offset;

    lines->at += line->held + line->feed;
    lines->scanned = 0;
    lines->dropped = 0;
    lines->dropped_text = false;
    lines->next.offset += (int64_t)(line->full_size + line->feed);
    lines->next.line += (int64_t)line->feed;
    if (offset < TLM_FINGERPRINT_SIZE)
        lines->next.generation = tlm_file_generation(file, lines->next.offset);
}

static inline void note_record(tlm_lines *lines, tlm_file *file, const raw_line *line, tlm_record *record)
{
    uint64_t size = line->full_size < TLM_RECORD_SIZE_MAX ? line->full_size : TLM_RECORD_SIZE_MAX;

    *record = (tlm_record){.position = lines->next,
                           .full_size = line->full_size,
                           .start = (uint32_t)(line->bytes - lines->block->bytes),
                           .size = (uint32_t)size};
    /* The bytes before the first place tell no file from another: those of the line itself do. */
    if (lines->next.offset < TLM_FINGERPRINT_SIZE)
        record->position.generation = tlm_file_generation(file, lines->next.offset + (int64_t)line->full_size);
    lines->next.ordinal++;
}

int tlm_lines_cut(tlm_lines *lines, tlm_file *file, bool at_end, uint32_t max_records, tlm_pace *pace,
                  const tlm_records **ret_records, int64_t *ret_wait_ns)
{
    raw_line line;
    uint32_t count = 0;
    int64_t wait_ns = 0;
    int64_t now_ns = pace->speed > 0 ? tlm_clock_ns() : 0;

    if (!lines->block || !find_line(lines, at_end, &line))
        return 0;
    tlm_batch *batch = tlm_pool_batch(lines->pool, max_records);
    if (!batch)
        return -ENOMEM;
    do {
        if (!lines->dropped_text && is_blank(line.bytes, line.held)) {
            pass_line(lines, file, &line);
            continue;
        }
        wait_ns = pace->speed > 0 ? tlm_pace_wait(pace, line.bytes, line.held, now_ns) : 0;
        if (wait_ns > 0)
            break;
        note_record(lines, file, &line, &batch->items[count++]);
        pass_line(lines, file, &line);
    } while (count < max_records && find_line(lines, at_end, &line));
    if (count > 0) {
        tlm_batch_finish(batch, count, lines->block, file->index, lines->next);
        *ret_records = &batch->public;
        return TLM_READ_RECORDS;
    }
    tlm_batch_drop(batch);
    *ret_wait_ns = wait_ns;
    return wait_ns > 0 ? TLM_READ_WAITING : 0;
}

int tlm_lines_peek(const tlm_lines *lines)
{
    if (!lines->block || lines->at == lines->block->size)
        return -1;
    return (unsigned char)lines->block->bytes[lines->at];
}
