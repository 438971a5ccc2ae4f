/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes in which a status is kept as slow state: the same status gives the same bytes on every machine. */
#ifndef TLM_WINDOW_STATUS_CODE_H
#define TLM_WINDOW_STATUS_CODE_H

#include "status.h"

/* A status as it is saved. */
typedef struct {
    tlm_status status;
    bool live;         /* whether it was live when it was saved */
    int64_t *admitted; /* owned; `admitted_count` numbers (tlm_stream.admitted), or NULL */
    uint32_t admitted_count;
} tlm_saved_status;

/* Appends the bytes; running out of memory shows in buffer->error. Takes nothing over. */
void tlm_status_write(const tlm_saved_status *saved, tlm_buffer *buffer);

/* From bytes of unknown origin. -EINVAL for what tlm_status_write never writes, -ENOMEM. Free the result with
 * tlm_saved_status_finish. */
int tlm_status_read(tlm_text bytes, tlm_saved_status *ret_saved);
void tlm_saved_status_finish(tlm_saved_status *saved);

#endif
