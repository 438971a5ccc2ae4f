/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file documents.h
 * The descriptions of the API, written once from the route table: for programs (openapi.c) and for people (docs.c,
 * redoc.c).
 */
#ifndef TLM_REST_DOCUMENTS_H
#define TLM_REST_DOCUMENTS_H

#include "route.h"

/** What the descriptions say besides the route table. */
typedef struct tlm_rest_about {
    const char *title, *version;
    bool has_front; /**< a browser that asks for "/" is sent elsewhere */
    bool has_live;  /**< somebody serves the WebSocket paths */
} tlm_rest_about;

/* Each appends a whole document; running out of memory shows in out->error. */
void tlm_rest_openapi_write(const tlm_rest_about *about, tlm_buffer *out);
void tlm_rest_docs_write(const tlm_rest_about *about, tlm_buffer *out);
void tlm_rest_redoc_write(const tlm_rest_about *about, tlm_buffer *out);

/** What holds for all routes, as sentences of plain text. */
extern const char tlm_rest_general_doc[], tlm_rest_live_doc[];

/** An answer of a route besides 200. */
typedef struct tlm_rest_outcome {
    uint32_t may; /**< TLM_REST_MAY_... */
    const char *status;
    const char *name; /**< in components/responses */
    const char *doc;
    bool has_error; /**< its body is an Error */
} tlm_rest_outcome;

/** All there are, in the order of their statuses. */
const tlm_rest_outcome *tlm_rest_outcomes(uint32_t *ret_count);

/** Whether a route can give an outcome in this process. */
bool tlm_rest_route_may(const tlm_rest_route *route, const tlm_rest_outcome *outcome, const tlm_rest_about *about);

/** Appends the example of a route's answer as JSON; nothing for a route without a shape. */
void tlm_rest_route_write_example(const tlm_rest_route *route, tlm_buffer *out);

#endif
