/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file message.h
 * What a client asks in a text message: a JSON object with a `type`. No state, any thread.
 */
#ifndef TLM_WEBSOCKET_MESSAGE_H
#define TLM_WEBSOCKET_MESSAGE_H

#include <telemetra/telemetra.h>

/** Levels of arrays and objects that are looked into. */
#define TLM_WS_MESSAGE_DEPTH_MAX 32

enum {
    TLM_WS_MESSAGE_PING = 1,
    TLM_WS_MESSAGE_OTHER = 2, /**< an object whose `type` is another text */
    TLM_WS_MESSAGE_BROKEN = 3 /**< no JSON object (RFC 8259) with a text `type`, or too deep */
};

/** The text is UTF-8 already. Of repeated types the last one counts. */
uint32_t tlm_ws_message_read(tlm_text text);

#endif
