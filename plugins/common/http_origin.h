/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file http_origin.h
 * Origins as browsers send them in `Origin` (RFC 6454, section 6.2). No state, any thread.
 */
#ifndef TLM_COMMON_HTTP_ORIGIN_H
#define TLM_COMMON_HTTP_ORIGIN_H

#include <telemetra/telemetra.h>

/** Whether an `Origin` header can ever be this text: -EINVAL with a sentence when not. */
int tlm_http_origin_check(const char *text, tlm_error *error);

#endif
