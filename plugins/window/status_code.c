/* SPDX-License-Identifier: Apache-2.0 */
#include "status_code.h"

#include <stdlib.h>

/* Layout: version, flags, first, last, then what the flags announce: viewer (count, stamp), revived (stamp), ended
 * (stamp), started (time, stamp), the fields in order (size as 4 bytes, text, stamp), and where the stream was let in
 * (count as 2 bytes, as many numbers). A stamp is a time, a size of one byte and the id. Numbers are little-endian,
 * times and counts 8 bytes. */
enum { VERSION = 1 };
enum {
    FLAG_LIVE = 1u << 0,
    FLAG_VIEWER = 1u << 1,
    FLAG_REVIVED = 1u << 2,
    FLAG_ENDED = 1u << 3,
    FLAG_STARTED = 1u << 4,
    FLAG_FIELD = 1u << 5, /* and the bits above it, one a field */
    FLAG_ADMITTED = FLAG_FIELD << TLM_FIELD_COUNT,
    FLAGS_END = FLAG_ADMITTED << 1
};

static void write_number(tlm_buffer *buffer, uint64_t value, unsigned size)
{
    unsigned char bytes[8];
    for (unsigned i = 0; i < size; i++)
        bytes[i] = (unsigned char)(value >> (8 * i));
    tlm_buffer_append(buffer, bytes, size);
}

static void write_stamp(tlm_buffer *buffer, const tlm_stamp *stamp)
{
    write_number(buffer, (uint64_t)stamp->time_ns, 8);
    write_number(buffer, stamp->size, 1);
    tlm_buffer_append(buffer, stamp->id, stamp->size);
}

static unsigned flags_of(const tlm_saved_status *saved)
{
    const tlm_status *status = &saved->status;
    unsigned flags = saved->live ? FLAG_LIVE : 0;
    flags |= saved->admitted ? (unsigned)FLAG_ADMITTED : 0;
    flags |= status->viewer.is_set ? FLAG_VIEWER : 0;
    flags |= status->revived.is_set ? FLAG_REVIVED : 0;
    if (!status->meta)
        return flags;
    flags |= status->meta->ended.is_set ? FLAG_ENDED : 0;
    flags |= status->meta->started.is_set ? FLAG_STARTED : 0;
    for (unsigned i = 0; i < TLM_FIELD_COUNT; i++)
        flags |= status->meta->fields[i].stamp.is_set ? (unsigned)FLAG_FIELD << i : 0;
    return flags;
}

static void write_meta(tlm_buffer *buffer, unsigned flags, const tlm_status_meta *meta)
{
    if (flags & FLAG_ENDED)
        write_stamp(buffer, &meta->ended);
    if (flags & FLAG_STARTED) {
        write_number(buffer, (uint64_t)meta->started_at_ns, 8);
        write_stamp(buffer, &meta->started);
    }
    for (unsigned i = 0; i < TLM_FIELD_COUNT; i++) {
        if (!(flags & (unsigned)FLAG_FIELD << i))
            continue;
        write_number(buffer, meta->fields[i].size, 4);
        tlm_buffer_append(buffer, meta->fields[i].text, meta->fields[i].size);
        write_stamp(buffer, &meta->fields[i].stamp);
    }
}

void tlm_status_write(const tlm_saved_status *saved, tlm_buffer *buffer)
{
    const tlm_status *status = &saved->status;
    unsigned flags = flags_of(saved);
    write_number(buffer, VERSION, 1);
    write_number(buffer, flags, 2);
    write_number(buffer, (uint64_t)status->first_ns, 8);
    write_number(buffer, (uint64_t)status->last_ns, 8);
    if (flags & FLAG_VIEWER) {
        write_number(buffer, (uint64_t)status->viewer_count, 8);
        write_stamp(buffer, &status->viewer);
    }
    if (flags & FLAG_REVIVED)
        write_stamp(buffer, &status->revived);
    write_meta(buffer, flags, status->meta);
    if (!(flags & FLAG_ADMITTED))
        return;
    write_number(buffer, saved->admitted_count, 2);
    for (uint32_t i = 0; i < saved->admitted_count; i++)
        write_number(buffer, (uint64_t)saved->admitted[i], 8);
}

/* What is still to be read; `error` is sticky. */
typedef struct {
    tlm_text left;
    int error;
} reader;

static tlm_text read_bytes(reader *in, size_t size)
{
    if (in->error || size > in->left.size) {
        in->error = in->error ? in->error : -EINVAL;
        return (tlm_text){0};
    }
    tlm_text bytes = {.data = in->left.data, .size = size};
    in->left.data += size;
    in->left.size -= size;
    return bytes;
}

static uint64_t read_number(reader *in, unsigned size)
{
    tlm_text bytes = read_bytes(in, size);
    uint64_t value = 0;
    for (unsigned i = 0; i < bytes.size; i++)
        value |= (uint64_t)(unsigned char)bytes.data[i] << (8 * i);
    return value;
}

static void read_stamp(reader *in, tlm_stamp *stamp)
{
    int64_t time_ns = (int64_t)read_number(in, 8);
    size_t size = read_number(in, 1);
    tlm_text id = read_bytes(in, size);
    if (!in->error && (size < 1 || size > TLM_STAMP_ID_MAX))
        in->error = -EINVAL;
    if (!in->error)
        in->error = tlm_stamp_set(stamp, time_ns, id);
}

static void read_field(reader *in, tlm_status_field *field)
{
    size_t size = read_number(in, 4);
    tlm_text text = read_bytes(in, size);
    if (in->error)
        return;
    field->text = malloc(size + 1);
    if (!field->text) {
        in->error = -ENOMEM;
        return;
    }
    memcpy(field->text, text.data, size);
    field->size = (uint32_t)size;
    read_stamp(in, &field->stamp);
}

static void read_meta(reader *in, unsigned flags, tlm_status *status)
{
    if (in->error || !(flags & ~((unsigned)FLAG_LIVE | FLAG_VIEWER | FLAG_REVIVED | FLAG_ADMITTED)))
        return;
    status->meta = calloc(1, sizeof *status->meta);
    if (!status->meta) {
        in->error = -ENOMEM;
        return;
    }
    if (flags & FLAG_ENDED)
        read_stamp(in, &status->meta->ended);
    if (flags & FLAG_STARTED) {
        status->meta->started_at_ns = (int64_t)read_number(in, 8);
        read_stamp(in, &status->meta->started);
    }
    for (unsigned i = 0; i < TLM_FIELD_COUNT; i++)
        if (flags & (unsigned)FLAG_FIELD << i)
            read_field(in, &status->meta->fields[i]);
}

static void read_admitted(reader *in, tlm_saved_status *saved)
{
    saved->admitted_count = (uint32_t)read_number(in, 2);
    if (!in->error && saved->admitted_count == 0)
        in->error = -EINVAL;
    if (in->error)
        return;
    saved->admitted = malloc(saved->admitted_count * sizeof *saved->admitted);
    if (!saved->admitted)
        in->error = -ENOMEM;
    for (uint32_t i = 0; i < saved->admitted_count && !in->error; i++)
        saved->admitted[i] = (int64_t)read_number(in, 8);
}

static void read_status(reader *in, unsigned flags, tlm_status *status)
{
    status->first_ns = (int64_t)read_number(in, 8);
    status->last_ns = (int64_t)read_number(in, 8);
    if (!in->error && status->last_ns > INT64_MAX - TLM_STATUS_QUIET_NS)
        in->error = -EINVAL;
    if (flags & FLAG_VIEWER) {
        status->viewer_count = (int64_t)read_number(in, 8);
        read_stamp(in, &status->viewer);
    }
    if (flags & FLAG_REVIVED)
        read_stamp(in, &status->revived);
    read_meta(in, flags, status);
}

int tlm_status_read(tlm_text bytes, tlm_saved_status *ret_saved)
{
    reader in = {.left = bytes};
    tlm_saved_status saved = {.status = TLM_STATUS_INIT};
    uint64_t version = read_number(&in, 1);
    unsigned flags = (unsigned)read_number(&in, 2);
    if (!in.error && (version != VERSION || flags >= FLAGS_END))
        in.error = -EINVAL;
    saved.live = flags & FLAG_LIVE;
    read_status(&in, flags, &saved.status);
    if (flags & FLAG_ADMITTED)
        read_admitted(&in, &saved);
    if (!in.error && in.left.size > 0)
        in.error = -EINVAL;
    if (in.error) {
        tlm_saved_status_finish(&saved);
        return in.error;
    }
    *ret_saved = saved;
    return 0;
}

void tlm_saved_status_finish(tlm_saved_status *saved)
{
    if (!saved)
        return;
    tlm_status_finish(&saved->status);
    free(saved->admitted);
    *saved = (tlm_saved_status){.status = TLM_STATUS_INIT};
}
