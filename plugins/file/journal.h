/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file journal.h
 * The checkpoint file: frames of ledger entries, each behind a header with checksums, one appended for each group of
 * commits. What a killed process left unfinished at its end is no frame and is cut away; damage anywhere else is
 * refused. When superseded entries outweigh the rest, the file is written anew beside it and renamed over it. Of the
 * writer thread alone.
 */
#ifndef TLM_FILE_JOURNAL_H
#define TLM_FILE_JOURNAL_H

#include "ledger.h"

#include <telemetra/base.h>

/** The file is written anew when it is this much larger than twice what it has to hold. */
#define TLM_JOURNAL_SLACK_BYTES (4u * 1024u * 1024u)

/** Largest payload of a frame. */
#define TLM_JOURNAL_FRAME_MAX (1024u * 1024u * 1024u)

typedef struct tlm_journal {
    const char *path;
    int fd; /**< -1: not open */
    bool sync;
    uint64_t kept;       /**< length of whole frames */
    uint64_t size;       /**< true length: more than `kept` when a failed frame could not be cut away */
    uint64_t rewrite_at; /**< length at which it is written anew */
} tlm_journal;

/** Reads an existing file into the ledger: 1, or 0 when there is none. `ret_cut`: bytes of an unfinished frame cut. */
int tlm_journal_load(tlm_journal *journal, tlm_ledger *ledger, uint64_t *ret_cut, tlm_error *error);
/** Appends one frame, durable when it returns. On failure the file is as before. */
int tlm_journal_append(tlm_journal *journal, const tlm_buffer *entries, tlm_error *error);
/** Writes all of the ledger to a new file that takes the old one's place, whole or not at all. */
int tlm_journal_rewrite(tlm_journal *journal, const tlm_ledger *ledger, tlm_error *error);
/** Whether it is time for that. */
bool tlm_journal_is_due(const tlm_journal *journal);
void tlm_journal_close(tlm_journal *journal);

#endif
