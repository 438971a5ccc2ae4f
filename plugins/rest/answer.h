/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file answer.h
 * An answer before it is known who sends it: libmicrohttpd, or the guard on a bare socket. One thread at a time.
 */
#ifndef TLM_REST_ANSWER_H
#define TLM_REST_ANSWER_H

#include "common/buffer.h"

#include <stdbool.h>
#include <telemetra/telemetra.h>

#define TLM_REST_ANSWER_HEADERS_MAX 12

/** Longest Location that carries the query of the request along. */
#define TLM_REST_LOCATION_SIZE 1024

/** Headers of the request that the answer depends on: a set, for Vary. */
enum { TLM_REST_VARY_ORIGIN = 1u << 0, TLM_REST_VARY_ACCEPT = 1u << 1, TLM_REST_VARY_ENCODING = 1u << 2 };

typedef struct tlm_rest_header {
    const char *name, *value;
} tlm_rest_header;

/** Start from tlm_rest_answer_init, end with tlm_rest_answer_finish. */
typedef struct tlm_rest_answer {
    unsigned status;
    bool must_close; /**< the connection is closed after it */
    tlm_buffer body;
    const char *content_type;                             /**< static; NULL: no body */
    tlm_rest_header headers[TLM_REST_ANSWER_HEADERS_MAX]; /**< static texts, or as long-lived as the plugin's options */
    uint32_t header_count;
    uint32_t vary;                         /**< TLM_REST_VARY_...: becomes a header in tlm_rest_answer_vary */
    char location[TLM_REST_LOCATION_SIZE]; /**< of a redirection */
} tlm_rest_answer;

/** 200 with no body and the headers that every answer has. */
void tlm_rest_answer_init(tlm_rest_answer *answer);
void tlm_rest_answer_finish(tlm_rest_answer *answer);

/** Adds a header, or replaces the one of that name. */
void tlm_rest_answer_header(tlm_rest_answer *answer, const char *name, const char *value);

/** Writes Vary from the set; call it once, when the answer is complete. */
void tlm_rest_answer_vary(tlm_rest_answer *answer);

/**
 * Turns it into a redirection to a path, which the query of the request's raw target follows where it is harmless in a
 * header and there is room.
 */
void tlm_rest_answer_redirect(tlm_rest_answer *answer, unsigned status, const char *path, tlm_text raw_target);

/** Turns it into an error answer: `{error, detail, timestamp}`, whatever its body was. */
TLM_PRINTF(3, 4) void tlm_rest_answer_error(tlm_rest_answer *answer, unsigned status, const char *detail, ...);

/** The reason phrase of a status that this plugin sends. */
const char *tlm_rest_reason(unsigned status);

/** Now, in milliseconds since 1970 as nanoseconds: answers show no finer time. */
int64_t tlm_rest_now_ns(void);

/**
 * Sends the answer on a non-blocking socket, drops what has arrived there, and closes it. `without_body`: the request
 * was HEAD. A peer that does not take it at once does not get it: nothing blocks.
 */
void tlm_rest_answer_send(tlm_rest_answer *answer, int fd, bool without_body);

#endif
