/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file source_clock.h
 * Looks after the wall clock. librdkafka 2.0.2 waits for points of its time (cnd_timedwait, rdposix.h), so that a clock
 * which is set back by an hour would let each of its threads that waits just then sleep for that hour: no heartbeat, no
 * statistics. A thread that goes by the monotonic clock sees the step within a second and wakes them all.
 */
#ifndef TLM_KAFKA_SOURCE_CLOCK_H
#define TLM_KAFKA_SOURCE_CLOCK_H

#include "source.h"

/** Starts the thread, which wakes the source's group and, once it `has_readers`, these. */
int tlm_kafka_clock_create(tlm_instance *source, tlm_kafka_clock **ret_clock, tlm_error *error);
/** Ends the thread; the handles are still there. Accepts NULL. */
void tlm_kafka_clock_destroy(tlm_kafka_clock *clock);

#endif
