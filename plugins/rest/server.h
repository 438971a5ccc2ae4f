/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file server.h
 * The API on sockets: the guard, then libmicrohttpd in poll mode without a listening socket. Directly, not through
 * ulfius: taking apart and copying what our own route table takes apart again cost it a third of a request's CPU time.
 *
 * Only the first head of a connection passes the guard raw. Later ones on a kept-alive connection are read by
 * libmicrohttpd first, so what it could misread there never decides where the next request begins: a request with a
 * Content-Length or Transfer-Encoding, with two Hosts or with a blank in a header's name is answered and the connection
 * closed. It takes bare LF, folded headers and control bytes there, which hide no other request. What libmicrohttpd
 * refuses by itself there (a line that is no request line, no Host, a head beyond its 32 KiB) it answers in its own
 * words and closes; what it waits for in vain ends with the request timeout.
 */
#ifndef TLM_REST_SERVER_H
#define TLM_REST_SERVER_H

#include "api.h"

#include <stdint.h>

typedef struct tlm_rest_server tlm_rest_server;

typedef struct tlm_rest_server_options {
    uint32_t threads;
    uint32_t max_connections, max_connections_per_address;
    int64_t request_timeout_ms;
    size_t max_unsent_bytes; /**< of bodies above 16 KiB; an answer beyond it is 503 */
} tlm_rest_server_options;

/** Starts the threads. `api` must outlive the server. */
int tlm_rest_server_start(const tlm_rest_api *api, const tlm_rest_server_options *options, tlm_rest_server **ret_server,
                          tlm_error *error);

/** Closes every connection and ends the threads; no tlm_rest_server_adopt may be under way. Accepts NULL. */
void tlm_rest_server_stop(tlm_rest_server *server);

/** Takes a connection over, as tlm_frontend's `adopt`. Does not block. */
void tlm_rest_server_adopt(tlm_rest_server *server, int fd, const void *peer, uint32_t peer_size, tlm_text head);

#endif
