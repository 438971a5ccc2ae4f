/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file http_answer.h
 * An HTTP answer before it is known who sends it: libmicrohttpd, or a frontend on a bare socket. One thread at a time.
 */
#ifndef TLM_COMMON_HTTP_ANSWER_H
#define TLM_COMMON_HTTP_ANSWER_H

#include "common/buffer.h"

#include <stdbool.h>
#include <telemetra/telemetra.h>

#define TLM_HTTP_ANSWER_HEADERS_MAX 12

typedef struct tlm_http_header {
    const char *name, *value;
} tlm_http_header;

/** Start from tlm_http_answer_init, end with tlm_http_answer_finish. */
typedef struct tlm_http_answer {
    unsigned status;
    bool must_close; /**< the connection is closed after it */
    tlm_buffer body;
    const char *content_type;                             /**< static; NULL: no body */
    tlm_http_header headers[TLM_HTTP_ANSWER_HEADERS_MAX]; /**< static texts, or as long-lived as the plugin's options */
    uint32_t header_count;
} tlm_http_answer;

/** 200 with no body and the headers that every answer has. */
void tlm_http_answer_init(tlm_http_answer *answer);
void tlm_http_answer_finish(tlm_http_answer *answer);

void tlm_http_answer_header(tlm_http_answer *answer, const char *name, const char *value);

/** Turns it into an error answer: `{error, detail, timestamp}`, whatever its body was. */
TLM_PRINTF(3, 4) void tlm_http_answer_error(tlm_http_answer *answer, unsigned status, const char *detail, ...);

/** The reason phrase of a status that frontends send. */
const char *tlm_http_reason(unsigned status);

/** Now, in milliseconds since 1970 as nanoseconds: answers show no finer time. */
int64_t tlm_http_now_ns(void);

/**
 * Sends the answer on a non-blocking socket, drops what has arrived there, and closes it. `without_body`: the request
 * was HEAD. A peer that does not take it at once does not get it: nothing blocks.
 */
void tlm_http_answer_send(tlm_http_answer *answer, int fd, bool without_body);

#endif
