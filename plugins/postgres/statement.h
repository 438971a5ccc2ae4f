/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file statement.h
 * Pieces of SQL texts. Names are quoted here and nowhere else. No state, any thread.
 */
#ifndef TLM_POSTGRES_STATEMENT_H
#define TLM_POSTGRES_STATEMENT_H

#include "common/buffer.h"
#include "link.h"

/** Room for what begins a session. */
#define TLM_STATEMENT_SESSION_SIZE 1024

/** The statements that a fresh connection begins with: the schema, and timeouts against owners that froze. */
int tlm_statement_session(const tlm_link *link, char sql[static TLM_STATEMENT_SESSION_SIZE], tlm_error *error);

/** Appends to an SQL text; the buffer keeps a failure. */
void tlm_statement_add(tlm_buffer *sql, const char *text);
TLM_PRINTF(2, 3) void tlm_statement_addf(tlm_buffer *sql, const char *format, ...);
/** Appends `before` and the quoted name, which has no quotes in it. */
void tlm_statement_add_name(tlm_buffer *sql, const char *before, const char *name);

/** A notice processor for libpq that lets them pass: what matters comes as a result. */
void tlm_statement_ignore_notice(void *context, const char *message);

#endif
