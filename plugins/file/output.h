/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file output.h
 * The file, pipe or terminal that lines go to. What is appended can be taken back until it is kept: from a regular file
 * by cutting it; from a stream nothing can be taken back. Of the writer thread alone, but for tlm_output_interrupt.
 */
#ifndef TLM_FILE_OUTPUT_H
#define TLM_FILE_OUTPUT_H

#include <telemetra/base.h>

#include <stdbool.h>

typedef struct tlm_output {
    const char *path; /**< for sentences */
    int fd;           /**< -1: closed */
    int wake_fd;      /**< readable once writing is interrupted */
    bool is_own;      /**< not standard output */
    bool is_regular;
    bool is_midline; /**< a stream was left in the middle of a line */
    uint64_t kept;   /**< length of a regular file that is never taken back */
    uint64_t size;   /**< its true length: more than `kept` while a group is written, or when it could not be cut */
} tlm_output;

/**
 * Opens the path, "-" for standard output. A regular file is locked against other processes; a line that a killed
 * process left unfinished is cut away; foreign text without a line end is refused.
 */
int tlm_output_open(tlm_output *output, const char *path, tlm_error *error);
void tlm_output_close(tlm_output *output);

/** What it is called in sentences: the path, or "standard output". */
const char *tlm_output_name(const tlm_output *output);

/** Appends bytes, all or a failure; waits while a pipe is full. -EBADMSG when nobody reads the pipe any more. */
int tlm_output_append(tlm_output *output, const char *bytes, size_t size, tlm_error *error);
/** Makes what was appended durable (regular files). */
int tlm_output_sync(tlm_output *output, tlm_error *error);
/** What was appended stays. */
void tlm_output_keep(tlm_output *output);
/** Takes back what was appended since tlm_output_keep. On failure it is to be called again before the next append. */
int tlm_output_take_back(tlm_output *output, tlm_error *error);

/** Cuts a regular file to the length a checkpoint recorded; -EINVAL when it is shorter. */
int tlm_output_cut(tlm_output *output, uint64_t length, tlm_error *error);

/** Ends a wait for a full pipe, now and later: -ECANCELED. Any thread. */
void tlm_output_interrupt(tlm_output *output);

#endif
