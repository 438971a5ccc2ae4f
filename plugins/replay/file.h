/* SPDX-License-Identifier: Apache-2.0 */
/* One file of the list: its bytes, what it is known by, and whether it is still the one it was. One thread. */
#ifndef TLM_REPLAY_FILE_H
#define TLM_REPLAY_FILE_H

#include "fingerprint.h"
#include "input.h"

#include <telemetra/event.h>

typedef struct tlm_file {
    tlm_input input;
    tlm_fingerprint print;
    uint64_t stream_generation; /* of standard input: this run; 0 for files */
    uint32_t index;             /* in the list */
    bool is_mid_line;           /* opened where the byte before is no line feed */
} tlm_file;

#define TLM_FILE_INIT                                                                                                  \
    {                                                                                                                  \
        .input = TLM_INPUT_INIT                                                                                        \
    }

/* What became of a file that is being followed. */
enum {
    TLM_FILE_SAME = 1,
    TLM_FILE_REPLACED = 2,  /* another file, which has bytes already, has its path */
    TLM_FILE_TRUNCATED = 3, /* it is shorter than what was read, or begins with other bytes */
};

/* Opens a file (or "-") at its beginning. `path` must outlive the file. Negative with a sentence. */
int tlm_file_open(tlm_file *file, const char *path, uint32_t index, tlm_error *error);

/* Opens a file (not "-") at a place. -ESTALE with a sentence when it is another file or shorter than that; other
 * negatives as above. */
int tlm_file_open_at(tlm_file *file, const char *path, uint32_t index, const tlm_position *from, tlm_error *error);

bool tlm_file_is_open(const tlm_file *file);

void tlm_file_close(tlm_file *file);

/* As tlm_input_read. */
ssize_t tlm_file_read(tlm_file *file, char *into, size_t room, tlm_error *error);

/* Generation of the place `offset`; the bytes before it must have been read. */
uint64_t tlm_file_generation(tlm_file *file, int64_t offset);

/* TLM_FILE_... of a plain file that was opened under `path` or under a rotated name of it. */
int tlm_file_check(const tlm_file *file, const char *path);

/* Whether it is the file of that identity. */
bool tlm_file_is(const tlm_file *file, dev_t device, ino_t inode);

/* Whether the file at `path` is empty, or begins with the bytes of `print`. Negative with a sentence when it cannot be
 * read. */
int tlm_file_resembles(const tlm_fingerprint *print, const char *path, tlm_error *error);

/* When it was last written, 0 when that is not known. */
int64_t tlm_file_written_ns(const tlm_file *file);

#endif
