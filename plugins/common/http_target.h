/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file http_target.h
 * A request target taken apart: path segments and parameters, percent-decoded exactly once. `+` stays `+`, since the
 * parameters are numbers and timestamps with offsets. No state, any thread.
 */
#ifndef TLM_COMMON_HTTP_TARGET_H
#define TLM_COMMON_HTTP_TARGET_H

#include <stdbool.h>
#include <telemetra/telemetra.h>

/** Longest target (RFC 9110 section 4.1 recommends 8,000), most segments and parameters. */
#define TLM_HTTP_TARGET_MAX 8000
#define TLM_HTTP_SEGMENTS_MAX 8
#define TLM_HTTP_PARAMETERS_MAX 64

typedef struct tlm_http_parameter {
    tlm_text name, value;
    bool is_valid; /**< its percent-encoding is */
} tlm_http_parameter;

/** Texts point into `text`. */
typedef struct tlm_http_target {
    tlm_text segments[TLM_HTTP_SEGMENTS_MAX]; /**< of "/a/b": "a", "b"; of "/": one empty one */
    tlm_http_parameter parameters[TLM_HTTP_PARAMETERS_MAX];
    uint32_t segment_count, parameter_count;
    char text[TLM_HTTP_TARGET_MAX];
} tlm_http_target;

/**
 * Takes a target apart; absolute-form too, and "*" gives no segments. -ENAMETOOLONG: longer than TLM_HTTP_TARGET_MAX;
 * -ENOENT: more segments than any route has; -E2BIG: too many parameters; -EINVAL: a `%` of the path is not followed by
 * two hexadecimal digits.
 */
int tlm_http_target_parse(tlm_text raw, tlm_http_target *ret_target);

/** The one parameter of that name. -ENOENT: none; -EEXIST: repeated; -EINVAL: badly percent-encoded. */
int tlm_http_target_parameter(const tlm_http_target *target, const char *name, tlm_text *ret_value);

#endif
