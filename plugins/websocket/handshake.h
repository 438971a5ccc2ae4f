/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file handshake.h
 * What the head of a request asks of this frontend: to open a WebSocket (RFC 6455 section 4.2), or anything else, which
 * gets an HTTP answer. No state, any thread.
 */
#ifndef TLM_WEBSOCKET_HANDSHAKE_H
#define TLM_WEBSOCKET_HANDSHAKE_H

#include "common/http_answer.h"

#include <telemetra/telemetra.h>

#define TLM_WS_STREAM_ID_MAX 255
/** Base64 of a SHA-1 digest and its NUL. */
#define TLM_WS_ACCEPT_SIZE 29

#define TLM_WS_HEALTH_PATH "/ws/live/health"

/** The two ways in which the same feed is written. */
enum {
    TLM_WS_FLAT = 0,      /**< /ws/live/{stream_id}: flat objects */
    TLM_WS_ENVELOPES = 1, /**< /live/{stream_id}: `{type, timestamp, data}` */
    TLM_WS_PATHS = 2
};

/** An opening handshake that is in order. */
typedef struct tlm_ws_handshake {
    uint32_t path; /**< TLM_WS_FLAT or TLM_WS_ENVELOPES */
    uint32_t head_size;
    uint32_t id_size;
    char stream_id[TLM_WS_STREAM_ID_MAX];
    char accept[TLM_WS_ACCEPT_SIZE]; /**< value of Sec-WebSocket-Accept, NUL-terminated */
} tlm_ws_handshake;

enum {
    TLM_WS_UPGRADE = 1, /**< `*ret_handshake` is set */
    TLM_WS_HEALTH = 2,  /**< the page TLM_WS_HEALTH_PATH is wanted */
    TLM_WS_ANSWERED = 3 /**< the answer says what is wrong */
};

/**
 * Judges a whole head. `answer` has been initialised; headers that go with it are added. `*ret_is_head`: its method is
 * HEAD. Returns TLM_WS_UPGRADE, ...
 *
 * A browser's page may connect when its origin is one of `origins`, compared byte by byte, or that of the request's own
 * Host; a request without Origin is no browser's and is let in (RFC 6455 section 10.2).
 */
uint32_t tlm_ws_handshake_judge(tlm_text head, const tlm_text_list *origins, tlm_ws_handshake *ret_handshake,
                                bool *ret_is_head, tlm_http_answer *answer);

/** Writes the answer that opens the WebSocket; returns its size, less than TLM_WS_OPENING_SIZE. */
#define TLM_WS_OPENING_SIZE 160
size_t tlm_ws_handshake_write(const tlm_ws_handshake *handshake, char ret_text[static TLM_WS_OPENING_SIZE]);

#endif
