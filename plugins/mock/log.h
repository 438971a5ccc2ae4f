/* SPDX-License-Identifier: Apache-2.0 */
/* A generated log of either model and the place in it where reading goes on. One thread at a time. */
#ifndef TLM_MOCK_LOG_H
#define TLM_MOCK_LOG_H

#include "flat.h"
#include "lifelike.h"

typedef struct tlm_log {
    tlm_mock_options options;
    tlm_flat flat;
    tlm_lifelike *lifelike; /* NULL with the flat model */
    tlm_planted *planted;   /* NULL without a file */
    uint64_t generation;
    int64_t ordinal, end; /* of the next event, and behind the last one */
} tlm_log;

/* The generation of the log with these options: which run and which settings its places belong to. */
uint64_t tlm_log_generation(const tlm_mock_options *options);

/* When the run of a place began, in epoch milliseconds. */
int64_t tlm_log_start_ms(const tlm_position *place);

/* Opens the log at `from` (of this log), or at its beginning when that is NULL. `count`: events in all, 0: no end.
 * `planted_path`: NULL or empty for none. 0, or negative errno with a sentence. tlm_log_finish in any case. */
int tlm_log_init(tlm_log *log, const tlm_mock_options *options, const tlm_position *from, int64_t count,
                 const char *planted_path, tlm_error *error);

/* Idempotent; fine for a zeroed log. */
void tlm_log_finish(tlm_log *log);

/* The place of the next event. */
tlm_position tlm_log_position(const tlm_log *log);

/* The time of the next event, looking no further than `until_ns`: a time behind that means that there is none before.
 * INT64_MAX at the end of the last year. 0 or -ENOMEM. */
int tlm_log_peek(tlm_log *log, int64_t until_ns, int64_t *ret_time_ns);

/* About how many events come up to `until_ns`: at least 1, at most `limit`. */
uint32_t tlm_log_guess(const tlm_log *log, int64_t time_ns, int64_t until_ns, uint32_t limit);

/* Writes the next event, whose time peek has told, to `out` of TLM_MOCK_EVENT_SIZE_MAX bytes: all of the record but its
 * start. */
void tlm_log_write(tlm_log *log, int64_t time_ns, char *out, tlm_record *ret_record);

/* Makes the planted truth of what was written durable in its file. 0, or negative errno with a sentence. */
int tlm_log_flush(tlm_log *log, tlm_error *error);

#endif
