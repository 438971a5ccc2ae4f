/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of one file or of standard input, with gzip taken off. Never blocks on a pipe. One thread. */
#ifndef TLM_REPLAY_INPUT_H
#define TLM_REPLAY_INPUT_H

#include <telemetra/base.h>

#include <stdbool.h>
#include <sys/types.h>
#include <zlib.h>

/* What a list of files calls standard input. */
#define TLM_INPUT_STANDARD "-"

typedef struct tlm_input {
    const char *path; /* borrowed */
    int fd;           /* -1: closed */
    bool is_stream;   /* standard input: neither sought nor closed */
    bool is_probed;   /* it is known whether it is gzip */
    bool is_gzip;
    bool in_member; /* inside a gzip member; between two of them otherwise */
    bool fd_ended;  /* the descriptor gave its end (streams and gzip only: a plain file may grow) */
    bool has_inflater;
    unsigned char *raw; /* compressed bytes, and the first bytes of a stream; NULL for plain files */
    size_t raw_at, raw_size;
    uint64_t taken_bytes; /* read from the descriptor; a plain file's place counts from its beginning */
    z_stream inflater;
    int failure; /* a fault of the content, told once what came before it was handed out */
    tlm_error failure_text;
} tlm_input;

/* A closed input; tlm_input_close is fine with it. */
#define TLM_INPUT_INIT                                                                                                 \
    {                                                                                                                  \
        .fd = -1                                                                                                       \
    }

/* Opens a regular file, or standard input for "-". `path` must outlive the input. Negative with a sentence. */
int tlm_input_open(tlm_input *input, const char *path, tlm_error *error);

/* Closes; what is closed already or TLM_INPUT_INIT stays so. */
void tlm_input_close(tlm_input *input);

/* Goes back to the beginning of a file. Negative with a sentence. Not for streams. */
int tlm_input_rewind(tlm_input *input, tlm_error *error);

/* Up to `room` bytes: their number, 0 at the end (a plain file may grow afterwards), -EAGAIN when a pipe has none right
 * now, other negatives with a sentence: repeated for ever, but only after all bytes before the fault were handed out.
 */
ssize_t tlm_input_read(tlm_input *input, char *into, size_t room, tlm_error *error);

/* Passes over up to `count` bytes of a file, seeking where that is possible: their number, less than `count` only at
 * its end, or negative as in tlm_input_read. Not for streams. */
int64_t tlm_input_skip(tlm_input *input, int64_t count, tlm_error *error);

#endif
