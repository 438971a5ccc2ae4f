/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file accept.h
 * What a client says that it takes: Accept, Accept-Encoding and If-None-Match (RFC 9110 sections 12.5 and 13.1.2). No
 * state, any thread.
 */
#ifndef TLM_REST_ACCEPT_H
#define TLM_REST_ACCEPT_H

#include <stdbool.h>
#include <telemetra/telemetra.h>

/** The weight of a word in a list of Accept or Accept-Encoding, 0 (refused) to 1000; -1: it is not named. */
int tlm_rest_accept(tlm_text list, const char *word);

/** Whether a body is sent compressed with gzip. A client that says nothing, or would rather have it plain, gets none.
 */
bool tlm_rest_accepts_gzip(tlm_text accept_encoding);

/** Whether If-None-Match holds a tag (given with its quotes), weak or not, or is `*`. */
bool tlm_rest_tag_matches(tlm_text if_none_match, const char *tag);

#endif
