/* SPDX-License-Identifier: Apache-2.0 */
#include "condition.h"

void tlm_redis_condition_init(tlm_redis_condition *condition, const tlm_host *host)
{
    memset(condition, 0, sizeof *condition);
    condition->host = host;
    condition->health = host->get_service(host, TLM_SERVICE_HEALTH);
    pthread_mutex_init(&condition->mutex, NULL); /* with default attributes nothing can fail */
}

void tlm_redis_condition_finish(tlm_redis_condition *condition)
{
    pthread_mutex_destroy(&condition->mutex);
}

void tlm_redis_condition_set(tlm_redis_condition *condition, uint32_t who, const tlm_error *trouble)
{
    const char *first = NULL;
    if (!condition->health)
        return;
    pthread_mutex_lock(&condition->mutex);
    condition->troubles[who] = trouble ? *trouble : (tlm_error){.text = ""};
    for (uint32_t i = 0; i < TLM_REDIS_SEERS && !first; i++)
        if (condition->troubles[i].text[0])
            first = condition->troubles[i].text;
    /* Under the lock, so that the last one told is the last one seen. */
    condition->health->set(condition->host, first ? TLM_HEALTH_DEGRADED : TLM_HEALTH_OK, tlm_text_of(first));
    pthread_mutex_unlock(&condition->mutex);
}
