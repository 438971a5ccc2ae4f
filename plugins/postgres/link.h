/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file link.h
 * One connection to the server: opened when it is needed, opened anew when it was lost, and its failures put into
 * results and sentences that begin with the server's place. Nothing waits longer than a deadline. One thread at a time.
 */
#ifndef TLM_POSTGRES_LINK_H
#define TLM_POSTGRES_LINK_H

#include "failure.h"
#include "params.h"
#include "server.h"

#include <libpq-fe.h>
#include <stdbool.h>

/** Statements that a connection keeps prepared; the one unused for longest makes room. */
#define TLM_LINK_STATEMENTS_MAX 64

typedef struct tlm_kept_statement {
    char *sql; /* NULL: free */
    uint64_t used;
} tlm_kept_statement;

typedef struct tlm_link {
    tlm_server *server;
    PGconn *connection; /* NULL: there is none */
    bool is_reader;     /* read-only, and planned for each query's values */
    bool has_worked;
    char sqlstate[TLM_SQLSTATE_SIZE + 1]; /* of the last statement's failure; "": none, or the connection was lost */
    int64_t deadline_ms;                  /* for each statement; 0: as the server's settings say */
    tlm_kept_statement kept[TLM_LINK_STATEMENTS_MAX];
    uint64_t clock;
} tlm_link;

void tlm_link_init(tlm_link *link, tlm_server *server, bool is_reader);
void tlm_link_finish(tlm_link *link);

/** Connects unless it is connected; notices when the server has closed it meanwhile. */
int tlm_link_open(tlm_link *link, tlm_error *error);
/** Whether the last call has found the connection dead. */
static inline bool tlm_link_is_lost(const tlm_link *link)
{
    return !link->connection;
}

/** Runs statements without parameters and results; `what` they are for stands in the sentence. */
int tlm_link_run(tlm_link *link, const char *sql, const char *what, tlm_error *error);
/** Ends whatever transaction is open, if the connection is. */
void tlm_link_rollback(tlm_link *link);

/** Runs a statement, kept prepared, and returns its rows in binary form; free with PQclear. */
int tlm_link_ask(tlm_link *link, const char *sql, const tlm_params *params, const char *what, PGresult **ret_rows,
                 tlm_error *error);
/** The same for statements whose count of changed rows is all there is to know: returned. */
int tlm_link_change(tlm_link *link, const char *sql, const tlm_params *params, const char *what, tlm_error *error);
/** The same, calling `row` with every row as it comes, so that an answer is never held twice; negative ends it. */
int tlm_link_each(tlm_link *link, const char *sql, const tlm_params *params, const char *what,
                  int (*row)(void *context, const PGresult *row), void *context, tlm_error *error);

/** Sends the bytes of a COPY ... FROM STDIN in binary form, header and trailer among them. */
int tlm_link_copy(tlm_link *link, const char *sql, const char *bytes, size_t size, const char *what, tlm_error *error);

/** Sets a sentence that begins with the server's place. */
TLM_PRINTF(4, 5) int tlm_link_fail(const tlm_link *link, tlm_error *error, int result, const char *format, ...);

#endif
