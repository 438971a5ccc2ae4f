/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes in which a stream's baselines and open moments are saved: exact, the same on every machine. */
#ifndef TLM_MOMENTS_STATE_CODE_H
#define TLM_MOMENTS_STATE_CODE_H

#include "stream.h"

#include "common/buffer.h"

/* Appends them; running out of memory shows in buffer->error. */
void tlm_moments_state_write(const tlm_moments_stream *stream, tlm_buffer *buffer);
/* Reads them into a stream without rows. 0, or -EINVAL for other bytes, with the stream in any state. */
int tlm_moments_state_read(tlm_text bytes, tlm_moments_stream *stream);

#endif
