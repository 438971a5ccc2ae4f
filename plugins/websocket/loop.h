/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file loop.h
 * The thread that serves all clients: one epoll, no waiting for anybody.
 */
#ifndef TLM_WEBSOCKET_LOOP_H
#define TLM_WEBSOCKET_LOOP_H

#include "feed.h"
#include "handshake.h"

#include <telemetra/telemetra.h>

typedef struct tlm_ws_options {
    int64_t interval_ms;      /**< between two updates of a stream */
    int64_t ping_interval_ms; /**< of silence, then a ping */
    int64_t pong_timeout_ms;  /**< for an answer to it */
    int64_t stall_timeout_ms; /**< without taking a byte while something waits */
    uint32_t max_connections, max_connections_per_address;
    uint32_t max_message_rate; /**< frames a second from one client */
    uint32_t max_streams;      /**< streams without clients whose early window is kept */
    size_t max_message_bytes;
    int send_buffer_bytes;
} tlm_ws_options;

typedef struct tlm_ws_loop tlm_ws_loop;

/** What becomes of a connection that is handed over. */
enum { TLM_WS_TAKEN = 1, TLM_WS_FULL = 2, TLM_WS_NO_MEMORY = 3 };

/** Opens nothing that reaches outside. The feed is the loop's own, for subscriptions. */
int tlm_ws_loop_create(const tlm_host *host, const tlm_ws_options *options, tlm_ws_loop **ret_loop);
/** Not while it runs. Accepts NULL. */
void tlm_ws_loop_destroy(tlm_ws_loop *loop);

tlm_ws_feed *tlm_ws_loop_feed(tlm_ws_loop *loop);

/** Starts the thread, and that which asks `store` (NULL: there is none). Main thread. */
int tlm_ws_loop_start(tlm_ws_loop *loop, const tlm_store *store, tlm_instance *store_instance, tlm_error *error);
/** Tells every client that the server goes away (1001), gives them half a second, and ends the threads. Main thread. */
void tlm_ws_loop_stop(tlm_ws_loop *loop);

/**
 * Hands a connection over whose handshake is in order; its head still waits in the socket. TLM_WS_TAKEN: `fd` is the
 * loop's; otherwise it is still the caller's. Any thread; does not block.
 */
uint32_t tlm_ws_loop_adopt(tlm_ws_loop *loop, int fd, const void *peer, uint32_t peer_size,
                           const tlm_ws_handshake *handshake);

/** Counts a connection that got an HTTP answer instead of a WebSocket. Any thread. */
void tlm_ws_loop_count_refused(tlm_ws_loop *loop);

#endif
