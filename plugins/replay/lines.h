/* SPDX-License-Identifier: Apache-2.0 */
/* Cuts a file's bytes into records, in place: big blocks are read, records point into them, and only the unfinished
 * line at a block's end is moved on. Memory: one block of TLM_RECORD_SIZE_MAX + read_bytes, besides those that batches
 * hold; what a longer line has more than TLM_RECORD_SIZE_MAX is counted and dropped. One thread. */
#ifndef TLM_REPLAY_LINES_H
#define TLM_REPLAY_LINES_H

#include "file.h"
#include "pace.h"
#include "pool.h"

typedef struct tlm_lines {
    tlm_pool *pool;
    size_t read_bytes;
    tlm_position next; /* of the first byte not cut yet */
    tlm_block *stage;  /* what is read into */
    tlm_block *block;  /* what is cut: the stage, or a copy of its content when there is little */
    size_t at;         /* in the block: the first byte not cut yet */
    size_t scanned;    /* bytes from there that hold no line feed */
    uint64_t dropped;  /* bytes of the unfinished line that are not held */
    bool dropped_text; /* some of those are not blank */
} tlm_lines;

/* Capacity that the blocks of `pool` need. */
#define TLM_LINES_BLOCK_SIZE(read_bytes) (TLM_RECORD_SIZE_MAX + (read_bytes))

void tlm_lines_init(tlm_lines *lines, tlm_pool *pool, size_t read_bytes);
void tlm_lines_finish(tlm_lines *lines);

/* Forgets what is not cut and goes on at `next`, where the file stands that is read from now on. */
void tlm_lines_begin(tlm_lines *lines, tlm_position next);

/* Reads more behind the unfinished line: as tlm_input_read. */
ssize_t tlm_lines_refill(tlm_lines *lines, tlm_file *file, tlm_error *error);

/* Cuts up to `max_records` records out of what was read; with `at_end` an unfinished line is one too. TLM_READ_RECORDS
 * with *ret_records; TLM_READ_WAITING and *ret_wait_ns when the next one is not due; 0 when more must be read; -ENOMEM.
 */
int tlm_lines_cut(tlm_lines *lines, tlm_file *file, bool at_end, uint32_t max_records, tlm_pace *pace,
                  const tlm_records **ret_records, int64_t *ret_wait_ns);

/* The first byte not cut yet, or -1 when none is held. */
int tlm_lines_peek(const tlm_lines *lines);

#endif
