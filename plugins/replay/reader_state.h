/* SPDX-License-Identifier: Apache-2.0 */
/* What the three rooms of the reader share: reader.c reads, follow.c goes from file to file, resume.c finds a place
 * again. For them only. */
#ifndef TLM_REPLAY_READER_STATE_H
#define TLM_REPLAY_READER_STATE_H

#include "lines.h"
#include "reader.h"

#include <stdatomic.h>

/* Result of a step beside TLM_READ_... and negative ones: something was done, take the next step. */
enum { TLM_READER_GO_ON = 0 };

struct tlm_reader {
    tlm_reader_options options;
    tlm_pool *pool;
    tlm_lines lines;
    tlm_file file;
    tlm_pace pace;
    int wake_fd;
    uint32_t index;  /* the file of the list that is read, or is opened next */
    bool is_ended;   /* nothing more will come from the open file */
    bool is_quiet;   /* the followed file was read to its end before */
    bool is_rotated; /* a followed file was left: `left` and `left_written_ns` tell which */
    tlm_fingerprint left;
    int64_t left_written_ns;
    char *rotated_path;    /* owned: the rotated file that is open; NULL: a file of the list is */
    uint64_t passed_bytes; /* in files before the open one */
    _Atomic uint64_t done_bytes, total_bytes;
};

static inline bool tlm_reader_is_stream(const tlm_reader *reader, uint32_t index)
{
    return strcmp(reader->options.paths[index], TLM_INPUT_STANDARD) == 0;
}

/* Whether file `index` is the one that is followed. */
static inline bool tlm_reader_is_followed(const tlm_reader *reader, uint32_t index)
{
    return reader->options.follow && index + 1 == reader->options.path_count;
}

/* Logs a warning. */
void tlm_reader_warn(const tlm_reader *reader, const char *format, ...) TLM_PRINTF(2, 3);

/* A gzip file can be read to its end only: -EINVAL with a sentence, and closed, where it should be followed; else 0. */
int tlm_reader_refuse_gzip(tlm_reader *reader, tlm_error *error);

/* Opens the file that comes next: 0, TLM_READ_QUIET when the followed one is not there (yet), TLM_READ_END, negative.
 */
int tlm_reader_open_next(tlm_reader *reader, tlm_error *error);

/* The followed file gave no more bytes: GO_ON when it is at its end for good or gave some after all, else
 * TLM_READ_QUIET or negative. */
int tlm_reader_look_after(tlm_reader *reader, tlm_error *error);

/* Closes the file that has come to its end. */
void tlm_reader_leave_file(tlm_reader *reader);

/* Goes to the place `from`; the file may be left to tlm_reader_open_next. 0 or negative with a sentence. */
int tlm_reader_resume(tlm_reader *reader, const tlm_position *from, tlm_error *error);

#endif
