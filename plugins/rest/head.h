/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file head.h
 * The guard in front of libmicrohttpd: judges the raw head of a request by RFC 9112, strictly, and tells what the rest
 * of the plugin wants to know of it. libmicrohttpd 0.9.75 accepts or hangs on much of what is refused here. No state.
 */
#ifndef TLM_REST_HEAD_H
#define TLM_REST_HEAD_H

#include <stdbool.h>
#include <telemetra/telemetra.h>

/** Header lines of one head, which fit into libmicrohttpd's memory for a connection. */
#define TLM_REST_HEADERS_MAX 100

/** A request as far as its head tells; texts point into the head. */
typedef struct tlm_rest_request {
    tlm_text method;
    tlm_text target; /**< raw */
    tlm_text origin; /**< header Origin; this and the next three are empty when absent */
    tlm_text accept, accept_encoding, if_none_match;
    bool has_upgrade;  /**< header Upgrade */
    bool is_preflight; /**< header Access-Control-Request-Method */
    bool has_body;     /**< Content-Length above 0, or Transfer-Encoding */
    bool has_length;   /**< any Content-Length or Transfer-Encoding */
} tlm_rest_request;

/** Why a request is refused: status 400, 431, 501 or 505, and a sentence. */
typedef struct tlm_rest_refusal {
    unsigned status;
    const char *detail;
} tlm_rest_refusal;

/**
 * Judges a whole head, its blank line included. True: `*ret_request` is set and libmicrohttpd reads the head the same
 * way. False: `*ret_refusal` is set, and of `*ret_request` the method if there is one.
 */
bool tlm_rest_head_judge(tlm_text head, tlm_rest_request *ret_request, tlm_rest_refusal *ret_refusal);

/** Notes a header that routes look at in a request; any other is passed over. */
void tlm_rest_head_note(tlm_text name, tlm_text value, tlm_rest_request *request);

/** Whether a text is a token of RFC 9110 section 5.6.2: at least one byte, all of them allowed in names. */
bool tlm_rest_is_token(tlm_text text);

/** Whether two texts are the same but for ASCII case. */
bool tlm_rest_text_equal_caseless(tlm_text text, const char *other);

#endif
