/* SPDX-License-Identifier: Apache-2.0 */
/* From one file to the next, and what becomes of the one that is followed. */
#include "reader_state.h"
#include "rotation.h"

#include <telemetra/source.h>

#include <stdlib.h>

/* Files that are renamed just while they are looked for are looked for so often before the next slice of waiting. */
enum { SEARCHES_MAX = 8 };

int tlm_reader_refuse_gzip(tlm_reader *reader, tlm_error *error)
{
    if (!reader->file.input.is_gzip || !tlm_reader_is_followed(reader, reader->index) || reader->rotated_path)
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

/* The oldest rotated file that was written after the one just left and is no copy of it: 1 and *ret_found, whose path
 * the caller owns; 0 when there is none; -EAGAIN when files were renamed meanwhile. */
static int find_rotated(tlm_reader *reader, const char *path, tlm_rotated *ret_found, tlm_error *error)
{
    tlm_rotation rotation;
    int result = tlm_rotation_list(path, &rotation, error);

    if (result < 0)
        return result;
    for (uint32_t i = 0; result == 0 && i < rotation.count; i++) {
        tlm_rotated *rotated = &rotation.files[i];
        if (rotated->written_ns <= reader->left_written_ns)
            continue;
        int resembles = tlm_file_resembles(&reader->left, rotated->path, error);
        if (resembles < 0)
            result = resembles == -ENOENT ? -EAGAIN : resembles;
        if (resembles == 0) {
            *ret_found = *rotated;
            rotated->path = NULL;
            result = 1;
        }
    }
    tlm_rotation_finish(&rotation);
    return result;
}

/* Opens what was written after the file just left: the rotated file found, else the followed one. Between finding and
 * opening it may have been given another name, and a newer file its old one: so what is open must be what a second
 * search finds. 0, -EAGAIN when it is not, other negatives. */
static int open_after(tlm_reader *reader, const char *path, tlm_error *error)
{
    tlm_rotated found = {0}, again = {0};
    int result = find_rotated(reader, path, &found, error);

    if (result < 0)
        return result;
    free(reader->rotated_path);
    reader->rotated_path = found.path;
    result = tlm_file_open(&reader->file, found.path ? found.path : path, reader->index, error);
    if (result < 0)
        return result == -ENOENT && found.path ? -EAGAIN : result;
    result = find_rotated(reader, path, &again, error);
    bool is_it = result == 0 ? !found.path : tlm_file_is(&reader->file, again.device, again.inode);
    free(again.path);
    if (result >= 0 && is_it)
        return 0;
    tlm_file_close(&reader->file);
    return result < 0 ? result : -EAGAIN;
}

int tlm_reader_open_next(tlm_reader *reader, tlm_error *error)
{
    if (reader->index == reader->options.path_count)
        return TLM_READ_END;
    const char *path = reader->options.paths[reader->index];
    bool is_followed = tlm_reader_is_followed(reader, reader->index);
    int result = -EAGAIN;
    if (is_followed && reader->is_rotated) {
        for (int searches = 0; result == -EAGAIN && searches < SEARCHES_MAX; searches++)
            result = open_after(reader, path, error);
    } else {
        result = tlm_file_open(&reader->file, path, reader->index, error);
    }
    if (is_followed && (result == -ENOENT || result == -EAGAIN))
        return TLM_READ_QUIET;
    result = result < 0 ? result : tlm_reader_refuse_gzip(reader, error);
    if (result == 0)
        begin_file(reader);
    return result;
}

int tlm_reader_look_after(tlm_reader *reader, tlm_error *error)
{
    int state = tlm_file_check(&reader->file, reader->options.paths[reader->index]);

    reader->is_quiet = true;
    if (reader->file.input.is_gzip || state == TLM_FILE_TRUNCATED) {
        reader->is_ended = true;
        return TLM_READER_GO_ON;
    }
    if (state == TLM_FILE_SAME)
        return TLM_READ_QUIET;
    /* Written between the last read and the renaming: read before it is left. */
    ssize_t size = tlm_lines_refill(&reader->lines, &reader->file, error);
    reader->is_ended = size == 0;
    return size < 0 ? (int)size : TLM_READER_GO_ON;
}

void tlm_reader_leave_file(tlm_reader *reader)
{
    reader->passed_bytes += reader->file.input.taken_bytes;
    if (tlm_reader_is_followed(reader, reader->index)) {
        reader->left = reader->file.print;
        reader->left_written_ns = tlm_file_written_ns(&reader->file);
        reader->is_rotated = true;
    } else {
        reader->index++;
    }
    tlm_file_close(&reader->file);
}
