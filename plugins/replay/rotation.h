/* SPDX-License-Identifier: Apache-2.0 */
/* The files that a followed one leaves behind when it is rotated: NAME.1, NAME-20260101, NAME.2026-01-01.gz, that is
 * its name, a dot or dash, then digits, dots and dashes, then perhaps `.gz`, in the same folder. */
#ifndef TLM_REPLAY_ROTATION_H
#define TLM_REPLAY_ROTATION_H

#include <telemetra/base.h>

#include <stdint.h>
#include <sys/types.h>

/* Rotated files that are looked at; more are refused, never passed over. */
#define TLM_ROTATION_MAX 4096

typedef struct tlm_rotated {
    char *path;
    dev_t device;
    ino_t inode;
    int64_t written_ns; /* last time of writing, which renaming and gzip keep */
} tlm_rotated;

typedef struct tlm_rotation {
    tlm_rotated *files; /* the one written first comes first */
    uint32_t count;
} tlm_rotation;

/* Lists the rotated files of `path`. 0, or negative with a sentence. Free with tlm_rotation_finish. */
int tlm_rotation_list(const char *path, tlm_rotation *ret_rotation, tlm_error *error);

void tlm_rotation_finish(tlm_rotation *rotation);

#endif
