/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file answers.h
 * The store: answers from Redis what it can answer exactly, and passes everything else to the store behind.
 *
 * From here come, while the marker says that the fill is complete: the newest row of a stream, by time, limit 1; the
 * status of a stream; and the recent rows of a stream, newest first, as far as all of them are known to be here. One
 * failure opens the circuit: until the keeper's round finds the server well again, Redis is not asked.
 */
#ifndef TLM_REDIS_ANSWERS_H
#define TLM_REDIS_ANSWERS_H

#include "redis.h"
#include "tables.h"

#include <telemetra/store.h>

#define TLM_REDIS_CONNECTIONS_MAX 64

typedef struct tlm_redis_answers tlm_redis_answers;

int tlm_redis_answers_create(tlm_redis_shared *shared, tlm_redis_tables *tables, tlm_redis_answers **ret_answers,
                             tlm_error *error);
/** No query may be under way. Accepts NULL. */
void tlm_redis_answers_destroy(tlm_redis_answers *answers);

/** As tlm_store.query. Any thread. */
int tlm_redis_answers_query(tlm_redis_answers *answers, const tlm_query *query, tlm_result **ret_result,
                            tlm_error *error);

#endif
