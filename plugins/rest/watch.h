/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file watch.h
 * The deadline of every open connection. libmicrohttpd's own timeout counts silence only, so a peer that sends or reads
 * a byte now and then would stay for ever: here a connection that has completed no request for the whole timeout, be it
 * idle or slow, is shut down. One thread that sleeps until the next deadline. Any thread may call.
 */
#ifndef TLM_REST_WATCH_H
#define TLM_REST_WATCH_H

#include <stdint.h>
#include <telemetra/telemetra.h>

typedef struct tlm_rest_watch tlm_rest_watch;
typedef struct tlm_rest_watched tlm_rest_watched;

int tlm_rest_watch_create(int64_t timeout_ms, tlm_rest_watch **ret_watch);
/** Every connection must have been removed. Accepts NULL. */
void tlm_rest_watch_destroy(tlm_rest_watch *watch);

/** Begins to watch a descriptor, which must stay open until it is removed. NULL when memory is short. */
tlm_rest_watched *tlm_rest_watch_add(tlm_rest_watch *watch, int fd);
/** It has completed a request: the timeout begins anew. Accepts NULL. */
void tlm_rest_watch_renew(tlm_rest_watch *watch, tlm_rest_watched *watched);
/** Call before the descriptor is closed. Accepts NULL. */
void tlm_rest_watch_remove(tlm_rest_watch *watch, tlm_rest_watched *watched);

/** Connections watched now. */
uint32_t tlm_rest_watch_count(tlm_rest_watch *watch);

#endif
