/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file link_inside.h
 * What link.c and link_open.c share.
 */
#ifndef TLM_POSTGRES_LINK_INSIDE_H
#define TLM_POSTGRES_LINK_INSIDE_H

#include "link.h"

/** Closes the connection and forgets what was prepared on it. */
void tlm_link_drop(tlm_link *link);

/** What libpq says, as one line and with advice; `failed` may be NULL. The connection goes when it is dead. */
int tlm_link_fail_last(tlm_link *link, const PGresult *failed, const char *what, tlm_error *error);

/** Waits for the socket: 0, or -ETIMEDOUT. A stop shortens the wait; `now`: and ends it at once. */
int tlm_link_wait(const tlm_link *link, short events, int64_t deadline_ms, bool now);

#endif
