/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file http_origin.h
 * Origins as browsers send them in `Origin` (RFC 6454, section 6.2). No state, any thread.
 */
#ifndef TLM_COMMON_HTTP_ORIGIN_H
#define TLM_COMMON_HTTP_ORIGIN_H

#include <telemetra/telemetra.h>

/** Whether each of a list can ever be an `Origin` header: -EINVAL with a sentence that begins with `option` when not.
 */
int tlm_http_origins_check(const tlm_text_list *origins, const char *option, tlm_error *error);

#endif
