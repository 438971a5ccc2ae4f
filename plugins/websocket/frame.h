/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file frame.h
 * Bytes ready to be sent: made once, counted, shared by every client they go to. One thread.
 */
#ifndef TLM_WEBSOCKET_FRAME_H
#define TLM_WEBSOCKET_FRAME_H

#include <stdbool.h>
#include <telemetra/telemetra.h>

/** What becomes of it where a client lags. */
enum {
    TLM_WS_FRAME_KEPT = 1,   /**< is delivered in its turn */
    TLM_WS_FRAME_UPDATE = 2, /**< a newer one takes its place */
    TLM_WS_FRAME_CLOSE = 3   /**< the last one of its connection */
};

typedef struct tlm_ws_frame {
    uint32_t references;
    uint32_t kind; /**< TLM_WS_FRAME_... */
    size_t size;
    char bytes[];
} tlm_ws_frame;

/** Close codes of RFC 6455 section 7.4.1 that this frontend begins with. */
enum {
    TLM_WS_CLOSE_GOING_AWAY = 1001,
    TLM_WS_CLOSE_PROTOCOL = 1002,
    TLM_WS_CLOSE_UNSUPPORTED = 1003,
    TLM_WS_CLOSE_POLICY = 1008,
    TLM_WS_CLOSE_INTERNAL = 1011
};

/** Bytes as they are. One reference, the caller's. NULL: no memory. */
tlm_ws_frame *tlm_ws_frame_of_bytes(uint32_t kind, const void *bytes, size_t size);
/** A text message in one frame. */
tlm_ws_frame *tlm_ws_frame_of_text(uint32_t kind, const char *text, size_t size);
/** A ping without payload. */
tlm_ws_frame *tlm_ws_frame_ping(void);
/** A close frame; the reason has at most 123 bytes. */
tlm_ws_frame *tlm_ws_frame_close(uint16_t code, const char *reason);

void tlm_ws_frame_ref(tlm_ws_frame *frame);
/** Accepts NULL. */
void tlm_ws_frame_unref(tlm_ws_frame *frame);

#endif
