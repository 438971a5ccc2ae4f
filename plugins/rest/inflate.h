/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file inflate.h
 * Undoes gzip. No state, any thread.
 */
#ifndef TLM_REST_INFLATE_H
#define TLM_REST_INFLATE_H

#include "common/buffer.h"

#include <telemetra/telemetra.h>

/** Appends the content of one whole gzip member to `out`. -EINVAL: it is none; -EFBIG: more than `size_max`; -ENOMEM.
 */
int tlm_rest_inflate(tlm_text gzip, size_t size_max, tlm_buffer *out);

#endif
