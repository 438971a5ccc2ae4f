/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file writer.h
 * Writes flushes to the output and commits them to the journal, as a group: all lines, then one frame. Of the writer
 * thread alone.
 */
#ifndef TLM_FILE_WRITER_H
#define TLM_FILE_WRITER_H

#include "common/flush_queue.h"
#include "journal.h"
#include "ledger.h"
#include "output.h"

#include <telemetra/option.h>

/** Lines are written when this much has gathered. */
#define TLM_WRITER_SLICE_BYTES (1024u * 1024u)

typedef struct tlm_writer {
    tlm_output output;
    tlm_journal journal; /* closed while nothing was taken, and for streams */
    tlm_ledger *ledger;
    const char *pipeline;
    tlm_text_list datasets; /* empty: all */
    bool sync;
    bool is_checkpoint; /* a lane was taken: the ledger is in use */
    bool is_behind;     /* `entries` are durable but not all in effect: memory was short */
    tlm_buffer lines, entries;
} tlm_writer;

/** What is worth a line in the log, once. */
typedef struct tlm_writer_news {
    uint32_t level; /**< TLM_LOG_...; 0: there is none */
    tlm_error sentence;
} tlm_writer_news;

/** What `take` found; `record` is to be finished by the caller. */
typedef struct tlm_writer_taken {
    uint64_t epoch, sequence;
    tlm_buffer record;
} tlm_writer_taken;

/** tlm_checkpoint.take. The first one reads the journal and cuts the output to what was committed. */
int tlm_writer_take(tlm_writer *writer, uint32_t lane, const char *settings, tlm_writer_taken *ret_taken,
                    tlm_writer_news *news, tlm_error *error);

/**
 * Writes the jobs and sets every result. 0 when the files work (single jobs may have been refused), else the failure
 * that all other jobs got too. `ret_rows`: rows written.
 */
int tlm_writer_write(tlm_writer *writer, tlm_flush_job *jobs, uint32_t count, uint64_t *ret_rows, tlm_writer_news *news,
                     tlm_error *error);

/** Frees buffers and closes files. */
void tlm_writer_finish(tlm_writer *writer);

#endif
