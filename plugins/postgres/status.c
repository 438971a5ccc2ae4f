/* SPDX-License-Identifier: Apache-2.0 */
#include "status.h"

#include "common/clock.h"

#include "server.h"

#include <stdbool.h>

void tlm_status_init(tlm_status *status, const tlm_host *host)
{
    *status = (tlm_status){.host = host};
    status->health = host->get_service(host, TLM_SERVICE_HEALTH);
    pthread_mutex_init(&status->mutex, NULL);
}

void tlm_status_finish(tlm_status *status)
{
    pthread_mutex_destroy(&status->mutex);
}

/* Mutex held, so that two threads do not tell the host in the wrong order. */
static void tell(const tlm_status *status)
{
    const char *sentence = NULL;
    for (uint32_t i = 0; i < TLM_SEEN_COUNT && !sentence; i++) {
        if (status->results[i] < 0)
            sentence = status->sentences[i].text;
    }
    if (status->health)
        status->health->set(status->host, sentence ? TLM_HEALTH_DEGRADED : TLM_HEALTH_OK,
                            tlm_text_of(sentence ? sentence : status->remark.text));
}

/*
 * Readers ask only now and then, and a lane may have gone to another process: that the keeper finds the server well
 * clears what the first saw, and of writers that it was not there or what nobody has seen for long.
 */
static void clear_past(tlm_status *status, int64_t now_ms)
{
    status->results[TLM_SEEN_BY_READERS] = 0;
    if (status->results[TLM_SEEN_BY_WRITERS] == -EAGAIN ||
        now_ms - status->noted_ms[TLM_SEEN_BY_WRITERS] > TLM_STATUS_STALE_MS)
        status->results[TLM_SEEN_BY_WRITERS] = 0;
}

void tlm_status_note(tlm_status *status, uint32_t who, int result, const tlm_error *error)
{
    int64_t now_ms = tlm_clock_ms();
    pthread_mutex_lock(&status->mutex);
    status->results[who] = result;
    status->noted_ms[who] = now_ms;
    if (result < 0)
        status->sentences[who] = *error;
    if (who == TLM_SEEN_BY_KEEPER && result == 0)
        clear_past(status, now_ms);
    tell(status);
    pthread_mutex_unlock(&status->mutex);
}

void tlm_status_remark(tlm_status *status, const tlm_error *remark)
{
    pthread_mutex_lock(&status->mutex);
    status->remark = remark ? *remark : (tlm_error){{0}};
    tell(status);
    pthread_mutex_unlock(&status->mutex);
}

int tlm_status_refuses(tlm_status *status, tlm_error *error)
{
    pthread_mutex_lock(&status->mutex);
    int result = status->results[TLM_SEEN_BY_KEEPER];
    bool is_gone = result == -ETIMEDOUT || result == -EAGAIN;
    bool is_news = tlm_clock_ms() - status->noted_ms[TLM_SEEN_BY_KEEPER] < TLM_STATUS_STALE_MS;
    if (is_gone && is_news)
        *error = status->sentences[TLM_SEEN_BY_KEEPER];
    pthread_mutex_unlock(&status->mutex);
    return is_gone && is_news ? result : 0;
}
