/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file output.h
 * What still has to be sent to one client. A client that keeps up never has anything in here; for one that lags, only
 * the newest update waits, and at most TLM_WS_OUTPUT_MAX frames in all. One thread.
 */
#ifndef TLM_WEBSOCKET_OUTPUT_H
#define TLM_WEBSOCKET_OUTPUT_H

#include "frame.h"

/** Frames that wait for one client: the update, moments, pongs, the close frame. */
#define TLM_WS_OUTPUT_MAX 32

/** All zero is empty. */
typedef struct tlm_ws_output {
    tlm_ws_frame **frames; /**< in their order; NULL until something had to wait */
    uint32_t count, capacity;
    size_t sent; /**< bytes of the first one that are sent */
} tlm_ws_output;

/** Gives all references back. */
void tlm_ws_output_finish(tlm_ws_output *output);

/**
 * Takes a reference of its own. 0: it waits in its turn; 1: it took the place of an older update; -ENOBUFS: as many
 * wait as may; -ENOMEM.
 */
int tlm_ws_output_push(tlm_ws_output *output, tlm_ws_frame *frame);

/** Forgets all frames of which nothing was sent yet. */
void tlm_ws_output_drop(tlm_ws_output *output);

/**
 * Sends what the socket takes. 1: nothing waits any more; 0: the socket takes no more now; negative: the connection is
 * broken. `*ret_sent` counts frames that were sent whole.
 */
int tlm_ws_output_flush(tlm_ws_output *output, int fd, uint64_t *ret_sent);

/** Sends a frame at once, or as much as the socket takes and lets the rest wait. Results as of push and flush. */
int tlm_ws_output_send(tlm_ws_output *output, int fd, tlm_ws_frame *frame, uint64_t *ret_sent, uint64_t *ret_dropped);

#endif
