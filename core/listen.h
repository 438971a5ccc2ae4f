/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file listen.h
 * The host's one public port: a listening socket and a table of path prefixes.
 *
 * One thread accepts connections, waits until the whole head of the first request has arrived without reading it
 * (MSG_PEEK), and hands the socket to the frontend whose prefix is the longest that the request's path begins with,
 * whatever the method. Prefixes are compared with the raw path: `/ws/` is not reached by `/%77s/`.
 *
 * What never reaches a frontend: a first line that is no HTTP request line (400), a head longer than
 * TLM_REQUEST_HEAD_MAX (431), one that took longer than `head_timeout` (408), a path that no prefix takes (404). These
 * are answered with the JSON error of the API and the connection is closed.
 *
 * Bounds: `max_pending` connections wait at a time; when one more comes the oldest is shut without an answer, since a
 * usual client sends its head at once and what waits longest is slow on purpose or gone. When the process runs out of
 * descriptors, accepting pauses for a tenth of a second at a time and one warning is logged.
 */
#ifndef TLM_CORE_LISTEN_H
#define TLM_CORE_LISTEN_H

#include "log.h"
#include "plan.h"

#include <telemetra/telemetra.h>

typedef struct tlm_listener tlm_listener;

/** One prefix of one started frontend. All of it must outlive the listener. */
typedef struct tlm_listen_route {
    const char *prefix;
    const tlm_frontend *frontend;
    tlm_instance *instance;
} tlm_listen_route;

/**
 * Binds the port; nobody can connect yet. The address is an IPv4 or IPv6 literal or `localhost` (127.0.0.1); `::` takes
 * IPv4 too; port 0 takes a free one. Routes and options are copied, the strings in them must outlive the listener.
 * Fails with a sentence that says what to do: port taken, privileged, or the address not of this machine.
 */
int tlm_listener_create(const tlm_listen_route *routes, uint32_t route_count, const tlm_listen_options *options,
                        const tlm_log *log, tlm_listener **ret_listener, tlm_error *error);

/** The bound address as it stands in a URL: "127.0.0.1:8000", "[::1]:8000". Valid as long as the listener. */
const char *tlm_listener_address(const tlm_listener *listener);

/** Begins to serve, on a thread of its own; every frontend must have started. */
int tlm_listener_start(tlm_listener *listener, tlm_error *error);

/** Ends the thread and closes what waits; afterwards no frontend is called. May be called again, or without a start. */
void tlm_listener_stop(tlm_listener *listener);

/** Stops and frees; accepts NULL. */
void tlm_listener_destroy(tlm_listener *listener);

#endif
