/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file source_end.h
 * Ends the source's handles under a deadline: leaving a group and joining librdkafka's threads can hang (its issues
 * 4187 and 4724), and a stop must not.
 */
#ifndef TLM_KAFKA_SOURCE_END_H
#define TLM_KAFKA_SOURCE_END_H

#include "source.h"

/** Seconds that leaving the group and ending all handles may take. */
#define TLM_KAFKA_END_S 8

/**
 * Ends group and readers, whichever are there, and sets them to NULL. When time is over they go on ending by
 * themselves, `is_overdue` is set, and nothing of the source may be freed any more. Nobody may poll them.
 */
void tlm_kafka_source_end(tlm_instance *source);

#endif
