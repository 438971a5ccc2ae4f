/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file failure.h
 * From SQLSTATE codes (PostgreSQL 15, appendix A) to results and to what a user can do. No state, any thread.
 */
#ifndef TLM_POSTGRES_FAILURE_H
#define TLM_POSTGRES_FAILURE_H

#include <stdbool.h>
#include <stddef.h>

/** Characters of a code. */
#define TLM_SQLSTATE_SIZE 5

/**
 * The result for a code; "" stands for a server that cannot be reached or went away. -EBADMSG: what is written causes
 * it (classes 22 and 23). Everything else may pass, or be mended at the server.
 */
int tlm_failure_result(const char *sqlstate);

/** What to do about it, to be put behind the server's own words; "" where those have to do. */
const char *tlm_failure_advice(const char *sqlstate);

/** Whether a single row can cause it, so that the others may be written without: 22 and 23, but no second row of a key.
 */
bool tlm_failure_is_of_a_row(const char *sqlstate);

/** Whether waiting does not mend it when connecting: wrong password, no such database, no permission. */
bool tlm_failure_is_lasting(const char *sqlstate);

/**
 * Finds the code in what libpq says about a failed connection in verbose form ("FATAL:  28P01: ..."): it has no other
 * way to tell, and the words are in the server's language. Leaves "" when there is none.
 */
void tlm_failure_find(const char *message, char ret_sqlstate[static TLM_SQLSTATE_SIZE + 1]);

/** One line from a message of several: line ends and tabs become spaces, the verbose form's code and place go. */
void tlm_failure_flatten(const char *message, char *text, size_t room);

#endif
