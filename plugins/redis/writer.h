/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file writer.h
 * The sink: a thread that writes and publishes the rows of flushes, and looks after the marker.
 */
#ifndef TLM_REDIS_WRITER_H
#define TLM_REDIS_WRITER_H

#include "refill.h"
#include "rows.h"

#include <telemetra/sink.h>

typedef struct tlm_redis_writer tlm_redis_writer;

/** Starts it. `refill` must outlive it. */
int tlm_redis_writer_create(tlm_redis_shared *shared, tlm_redis_refill *refill, tlm_redis_writer **ret_writer,
                            tlm_error *error);
/** Handles what still waits. Accepts NULL. */
void tlm_redis_writer_destroy(tlm_redis_writer *writer);

/** As tlm_sink.submit. While the server is gone each is answered at once, negative: the host decides what next. */
void tlm_redis_writer_submit(tlm_redis_writer *writer, const tlm_flush *flush, tlm_done done, void *token);

#endif
