/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file input.h
 * What one client sends, parsed by wslay: frames, fragments, masks, UTF-8, control frames, close codes (RFC 6455). A
 * parser takes 8 KB, so a client has one only while a message or a frame of it is unfinished. One thread.
 */
#ifndef TLM_WEBSOCKET_INPUT_H
#define TLM_WEBSOCKET_INPUT_H

#include "common/buffer.h"

#include <stdbool.h>
#include <telemetra/telemetra.h>

typedef struct tlm_ws_input tlm_ws_input;

/** Who is told of what has arrived. */
typedef struct tlm_ws_reader {
    /** A frame begins, a control frame too. False: enough, the rest is not read. */
    bool (*frame)(void *context);
    /** A whole message; borrowed. */
    void (*message)(void *context, bool is_text, tlm_text payload);
    /** A whole frame has arrived: the peer lives. */
    void (*alive)(void *context);
    void *context;
    tlm_buffer *replies; /**< pongs and the close frame, as they have to be sent */
} tlm_ws_reader;

enum {
    TLM_WS_INPUT_OPEN = 0,    /**< more may come */
    TLM_WS_INPUT_OVER = 1,    /**< a close frame came, or a violation; the answer to it is among the replies */
    TLM_WS_INPUT_REFUSED = 2, /**< `frame` said that it is enough */
    TLM_WS_INPUT_BROKEN = 3   /**< no frame can begin like this: a protocol error without an answer among the replies */
};

/**
 * Parses bytes that were received. `*input` is NULL between messages. Returns TLM_WS_INPUT_..., or -ENOMEM. Messages
 * longer than `message_max` are a violation.
 */
int tlm_ws_input_feed(tlm_ws_input **input, const tlm_ws_reader *reader, size_t message_max, tlm_text bytes);

/** Accepts NULL. */
void tlm_ws_input_destroy(tlm_ws_input *input);

#endif
