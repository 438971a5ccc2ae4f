/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file json.h
 * The messages that clients get, each as a frame ready to be sent. All of them: NULL when memory is short; the buffer
 * is a scratch pad whose content does not matter. One thread.
 */
#ifndef TLM_WEBSOCKET_JSON_H
#define TLM_WEBSOCKET_JSON_H

#include "common/buffer.h"
#include "frame.h"
#include "row.h"

/** What is known of a stream; borrowed. */
typedef struct tlm_ws_values {
    tlm_text stream_id;
    const tlm_ws_row *window;         /**< the newest; NULL: none */
    const tlm_ws_row *status;         /**< row of `streams`; NULL: none */
    const tlm_ws_row *const *moments; /**< recent ones, newest first */
    uint32_t moment_count;
} tlm_ws_values;

/** Now, in whole milliseconds: no message shows a finer time. */
int64_t tlm_ws_json_now_ns(void);

tlm_ws_frame *tlm_ws_json_connected(tlm_buffer *scratch, tlm_text stream_id);

/**
 * The newest values, in the form of that path (TLM_WS_FLAT, TLM_WS_ENVELOPES). `timestamp` of the values is the end of
 * their window, as in REST, and the present where there is none; `viewer_count` is the window's last one, else that of
 * the stream.
 */
tlm_ws_frame *tlm_ws_json_update(tlm_buffer *scratch, uint32_t path, const tlm_ws_values *values);

/** A moment in its envelope. */
tlm_ws_frame *tlm_ws_json_moment(tlm_buffer *scratch, const tlm_ws_row *moment);

tlm_ws_frame *tlm_ws_json_error(tlm_buffer *scratch, const char *code, const char *message);
tlm_ws_frame *tlm_ws_json_pong(tlm_buffer *scratch);

#endif
