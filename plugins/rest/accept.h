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

/** Whether a list of Accept or Accept-Encoding names a word: 1 yes, 0 with a weight of 0, -1 not at all. */
int tlm_rest_accept(tlm_text list, const char *word);

/** Whether a body compressed with gzip can be sent. A client that says nothing gets none. */
bool tlm_rest_accepts_gzip(tlm_text accept_encoding);

/** Whether If-None-Match holds a tag (given with its quotes), weak or not, or is `*`. */
bool tlm_rest_tag_matches(tlm_text if_none_match, const char *tag);

#endif
