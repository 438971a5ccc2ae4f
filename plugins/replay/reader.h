/* SPDX-License-Identifier: Apache-2.0 */
/* Several files read one after another as one input, from any place, to the end or following the last one. */
#ifndef TLM_REPLAY_READER_H
#define TLM_REPLAY_READER_H

#include <telemetra/telemetra.h>

#include <stdbool.h>

typedef struct tlm_reader tlm_reader;

typedef struct tlm_reader_options {
    const tlm_host *host; /* for the log */
    const char *const *paths;
    uint32_t path_count;
    bool follow;
    double speed;
    size_t read_bytes;
} tlm_reader_options;

/* Nothing is opened yet. What the options point to must outlive the reader. 0, -ENOMEM or what eventfd(2) says. */
int tlm_reader_create(const tlm_reader_options *options, tlm_reader **ret_reader, tlm_error *error);
void tlm_reader_destroy(tlm_reader *reader);

/* These are the functions of tlm_source: the same threads, results and ownership. A new `open` begins anew. */
int tlm_reader_open(tlm_reader *reader, const tlm_position *from, tlm_error *error);
int tlm_reader_read(tlm_reader *reader, uint32_t max_records, int32_t timeout_ms, const tlm_records **ret_records,
                    tlm_error *error);
void tlm_reader_close(tlm_reader *reader);
void tlm_reader_wake(tlm_reader *reader);
void tlm_reader_progress(tlm_reader *reader, uint64_t *ret_done, uint64_t *ret_total);

#endif
