/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file write.h
 * Rows into their table inside an open transaction: by COPY where each is written once, by upsert where rows replace
 * others. One thread a connection.
 */
#ifndef TLM_POSTGRES_WRITE_H
#define TLM_POSTGRES_WRITE_H

#include "targets.h"

/** Bytes that go into one statement, a single row apart: so bounded are memory and the time of a statement. */
#define TLM_WRITE_BYTES_MAX (8u * 1024u * 1024u)

/** Rows of a batch from `first` on, `count` of them. */
typedef struct tlm_slice {
    const tlm_rows *rows;
    uint32_t first, count;
} tlm_slice;

/**
 * Writes a slice. `replace`: a second row of a key replaces the first, in the slice and in the table; else it is a
 * conflict, 23505. After a failure the transaction is aborted; link->sqlstate has the code.
 */
int tlm_write_slice(tlm_link *link, const tlm_target *target, const tlm_slice *slice, bool replace, tlm_error *error);

#endif
