/* SPDX-License-Identifier: Apache-2.0 */
/* Finds a place again: in its file of the list, else in what that was renamed to, else in another file of the list. */
#include "reader_state.h"
#include "rotation.h"

#include <inttypes.h>
#include <stdlib.h>

/* Each run over standard input, or over a followed file whose place is gone, counts on from a multiple of this: its
 * records are other ones than those of the run before, and the host may have decided more of those than the place it
 * reads from tells. */
#define NEW_ORDINALS (INT64_C(1) << 40)

/* The file is the one, but was changed: other than -ESTALE nothing that looking elsewhere could mend. */
enum { PLACE_CHANGED = -EUCLEAN };

/* Bytes that two files must have in common to be taken for one when the list was changed. */
enum { TELLING_SIZE = 64 };

/* What is read from now on are new records. */
static int renumber_records(tlm_reader *reader, const tlm_position *from, tlm_error *error)
{
    if (from->ordinal >= INT64_MAX - NEW_ORDINALS)
        return tlm_error_set(error, -EOVERFLOW, "%s: the numbers for its records are used up",
                             reader->options.paths[reader->index]);
    reader->lines.next.ordinal = (from->ordinal / NEW_ORDINALS + 1) * NEW_ORDINALS;
    return 0;
}

/* Standard input cannot be read again: what comes now are new records. */
static int resume_stream(tlm_reader *reader, const tlm_position *from, tlm_error *error)
{
    tlm_reader_warn(
        reader, "standard input cannot be read again from where the last run stopped: it is read anew, windows that "
                "were open then stay incomplete, and events older than the watermark count as late");
    return renumber_records(reader, from, error);
}

/* The followed file was emptied or replaced, and what was read before is in no rotated file: goes on with what is there
 * now, as a process that was running meanwhile does. */
static int resume_emptied(tlm_reader *reader, uint32_t index, const tlm_position *from, const tlm_error *why,
                          tlm_error *error)
{
    tlm_reader_warn(reader,
                    "%s; what it held before cannot be read again, windows that were open then stay incomplete, and it "
                    "is read from its beginning: what was read of it already counts again",
                    why->text);
    reader->index = index;
    return renumber_records(reader, from, error);
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
    return tlm_error_set(
        error, PLACE_CHANGED,
        "%s: was changed: byte %" PRId64
        ", where reading stopped, is now in the middle of a line; restore the file, or begin anew with "
        "a new database",
        path, from->offset);
}

/* Opens `path` as file `index` at the place. 0, -ESTALE, PLACE_CHANGED or another negative with a sentence. */
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

/* Looks for the place among the rotated files of the followed one. -ESTALE, with no sentence, when none has it; when
 * one cannot be read, which might have it, the negative for that. */
static int resume_rotated(tlm_reader *reader, const char *path, uint32_t index, const tlm_position *from,
                          tlm_error *error)
{
    tlm_rotation rotation;
    int result = tlm_rotation_list(path, &rotation, error);

    if (result < 0)
        return result;
    int found = -ESTALE;
    for (uint32_t i = 0; found < 0 && i < rotation.count; i++) {
        tlm_error fault;
        result = resume_at(reader, rotation.files[i].path, index, from, &fault);
        if (result < 0 && result != -ESTALE && result != -ENOENT) {
            found = result;
            *error = fault;
        }
        if (result == 0) {
            found = 0;
            reader->rotated_path = strdup(rotation.files[i].path);
            reader->file.input.path = reader->rotated_path;
        }
    }
    tlm_rotation_finish(&rotation);
    if (found == 0 && !reader->rotated_path) {
        tlm_file_close(&reader->file);
        return tlm_error_set(error, -ENOMEM, "%s: no memory to open it", path);
    }
    return found;
}

/* Looks for the place in the other files of the list, which may have been changed since. */
static int resume_elsewhere(tlm_reader *reader, uint32_t index, const tlm_position *from)
{
    tlm_error ignored;

    for (uint32_t i = 0; i < reader->options.path_count && from->offset >= TELLING_SIZE; i++) {
        const char *path = reader->options.paths[i];
        if (i == index || tlm_reader_is_stream(reader, i) || resume_at(reader, path, i, from, &ignored) < 0)
            continue;
        tlm_reader_warn(reader,
                        "the list of files was changed: reading goes on in %s, now number %" PRIu32
                        " of it and number %" PRIu32 " before; files that stand before it are not read",
                        path, i + 1, index + 1);
        return 0;
    }
    return -ESTALE;
}

static int resume_file(tlm_reader *reader, uint32_t index, const tlm_position *from, tlm_error *error)
{
    tlm_error why;

    if (index >= reader->options.path_count) {
        if (resume_elsewhere(reader, index, from) == 0)
            return 0;
        return tlm_error_set(error, -ESTALE,
                             "reading stopped in file number %" PRIu32 " of `path`, which lists only %" PRIu32
                             "; restore `path`, or begin anew with a new database",
                             index + 1, reader->options.path_count);
    }
    const char *path = reader->options.paths[index];
    bool is_followed = tlm_reader_is_followed(reader, index);
    int result = resume_at(reader, path, index, from, &why);
    if (result != 0 && result != -ESTALE && result != -ENOENT) {
        *error = why;
        return result;
    }
    if (result < 0 && is_followed) {
        result = resume_rotated(reader, path, index, from, error);
        if (result != -ESTALE)
            return result;
    }
    if (result == 0 || resume_elsewhere(reader, index, from) == 0)
        return 0;
    if (is_followed)
        return resume_emptied(reader, index, from, &why, error);
    return tlm_error_set(error, -ESTALE,
                         "%s; restore the file; a further file comes after the first one in `path`; or begin anew with "
                         "a new database",
                         why.text);
}

int tlm_reader_resume(tlm_reader *reader, const tlm_position *from, tlm_error *error)
{
    uint32_t index = tlm_fingerprint_index(from->generation);

    reader->lines.next.ordinal = from->ordinal;
    if (from->generation == 0)
        return 0; /* nothing was read yet */
    if (index < reader->options.path_count && tlm_reader_is_stream(reader, index)) {
        reader->index = index;
        return resume_stream(reader, from, error);
    }
    int result = resume_file(reader, index, from, error);
    if (result == PLACE_CHANGED)
        return -ESTALE;
    return result < 0 || !tlm_file_is_open(&reader->file) ? result : tlm_reader_refuse_gzip(reader, error);
}
