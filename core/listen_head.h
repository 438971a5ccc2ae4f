/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file listen_head.h
 * What the listening socket has to know of HTTP: where a head ends, whether its first line is a request line, and the
 * path it asks for (RFC 9112 sections 2 and 3). No state, any thread.
 */
#ifndef TLM_CORE_LISTEN_HEAD_H
#define TLM_CORE_LISTEN_HEAD_H

#include <telemetra/telemetra.h>

enum {
    TLM_HEAD_PARTIAL = 1, /**< may become a head when more arrives */
    TLM_HEAD_WHOLE = 2,   /**< a request line, and a blank line after it */
    TLM_HEAD_BAD = 3      /**< the first line is no HTTP request line */
};

/** Judges the first bytes of a connection; with TLM_HEAD_WHOLE `*ret_size` is the head's size with its blank line. */
uint32_t tlm_head_look(tlm_text bytes, size_t *ret_size);

/**
 * The path of a request line's target, up to `?`, not decoded: of `/a?b` and `http://host/a?b` it is `/a`. What has no
 * path (`*`, `host:port`, `http://host`) gives "/".
 */
tlm_text tlm_head_path(tlm_text head);

#endif
