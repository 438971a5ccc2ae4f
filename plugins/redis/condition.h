/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file condition.h
 * The health of an instance, put together from what its threads see. Any thread.
 */
#ifndef TLM_REDIS_CONDITION_H
#define TLM_REDIS_CONDITION_H

#include <pthread.h>
#include <stdbool.h>
#include <telemetra/host.h>

/** Who sees something; the first of them that is in trouble gives the sentence. */
enum {
    TLM_REDIS_SEES_SERVER = 0, /**< whether the server answers */
    TLM_REDIS_SEES_WRITES = 1,
    TLM_REDIS_SEES_FEED = 2,
    TLM_REDIS_SEES_FILL = 3,
    TLM_REDIS_SEERS = 4
};

typedef struct tlm_redis_condition {
    const tlm_host *host;
    const tlm_health_service *health;
    pthread_mutex_t mutex;               /* guards the sentences */
    tlm_error troubles[TLM_REDIS_SEERS]; /* empty: none */
} tlm_redis_condition;

void tlm_redis_condition_init(tlm_redis_condition *condition, const tlm_host *host);
void tlm_redis_condition_finish(tlm_redis_condition *condition);

/** Tells of a trouble, or with NULL that there is none. */
void tlm_redis_condition_set(tlm_redis_condition *condition, uint32_t who, const tlm_error *trouble);

#endif
