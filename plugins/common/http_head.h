/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file http_head.h
 * The guard in front of whoever serves HTTP: judges the raw head of a request by RFC 9112, strictly, and tells what a
 * frontend wants to know of it. libmicrohttpd 0.9.75 accepts or hangs on much of what is refused here. No state.
 */
#ifndef TLM_COMMON_HTTP_HEAD_H
#define TLM_COMMON_HTTP_HEAD_H

#include <stdbool.h>
#include <telemetra/telemetra.h>

/** Header lines of one head, which fit into libmicrohttpd's memory for a connection. */
#define TLM_HTTP_HEADERS_MAX 100

/** A request as far as its head tells; texts point into the head. */
typedef struct tlm_http_request {
    tlm_text method;
    tlm_text target; /**< raw */
    tlm_text origin; /**< header Origin; this and the next three are empty when absent */
    tlm_text accept, accept_encoding, if_none_match; /**< empty too when they come in several lines */
    bool is_http_1_0;
    bool has_upgrade;  /**< header Upgrade */
    bool is_preflight; /**< header Access-Control-Request-Method */
    bool has_body;     /**< Content-Length above 0, or Transfer-Encoding */
    bool has_length;   /**< any Content-Length or Transfer-Encoding */
} tlm_http_request;

/** Why a request is refused: status 400, 431, 501 or 505, and a sentence. */
typedef struct tlm_http_refusal {
    unsigned status;
    const char *detail;
} tlm_http_refusal;

/**
 * Judges a whole head, its blank line included. True: `*ret_request` is set and libmicrohttpd reads the head the same
 * way. False: `*ret_refusal` is set, and of `*ret_request` the method if there is one.
 */
bool tlm_http_head_judge(tlm_text head, tlm_http_request *ret_request, tlm_http_refusal *ret_refusal);

/** Notes a header that routes look at in a request; any other is passed over. */
void tlm_http_head_note(tlm_text name, tlm_text value, tlm_http_request *request);

/**
 * The values of all header lines of one name (case does not count), one a call, in their order: `*at` starts at 0. The
 * head must have been judged good. False: there is no further one.
 */
bool tlm_http_head_field(tlm_text head, const char *name, size_t *at, tlm_text *ret_value);

/**
 * Takes the next element off a comma-separated header value (RFC 9110 section 5.6.1); empty ones are passed over.
 * False: there is no further one.
 */
bool tlm_http_list_next(tlm_text *value, tlm_text *ret_element);

/** Whether a text is a token of RFC 9110 section 5.6.2: at least one byte, all of them allowed in names. */
bool tlm_http_is_token(tlm_text text);

/** Whether two texts are the same but for ASCII case. */
bool tlm_http_text_equal_caseless(tlm_text text, const char *other);

#endif
