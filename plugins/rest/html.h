/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file html.h
 * Writes HTML. Running out of memory shows in out->error.
 */
#ifndef TLM_REST_HTML_H
#define TLM_REST_HTML_H

#include "documents.h"

/** Appends markup; each %s takes a text, which is escaped. There is no other conversion. */
TLM_PRINTF(2, 3) void tlm_rest_html(tlm_buffer *out, const char *markup, ...);

/** Appends valid JSON, indented and escaped. */
void tlm_rest_html_json(tlm_buffer *out, tlm_text json);

/* Parts that both pages have. */
void tlm_rest_html_begin(const tlm_rest_about *about, const char *page, tlm_buffer *out);
void tlm_rest_html_outcomes(const tlm_rest_route *route, const tlm_rest_about *about, tlm_buffer *out);

#endif
