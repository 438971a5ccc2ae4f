/* SPDX-License-Identifier: Apache-2.0 */
#include "status.h"

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
        status->health->set(status->host, sentence ? TLM_HEALTH_DEGRADED : TLM_HEALTH_OK, tlm_text_of(sentence));
}

void tlm_status_note(tlm_status *status, uint32_t who, int result, const tlm_error *error)
{
    pthread_mutex_lock(&status->mutex);
    status->results[who] = result;
    if (result < 0)
        status->sentences[who] = *error;
    /* Readers ask only now and then, and a lane may have gone elsewhere: that the keeper finds the server well clears
     * what the first saw, and that it was not there. */
    if (who == TLM_SEEN_BY_KEEPER && result == 0) {
        status->results[TLM_SEEN_BY_READERS] = 0;
        if (status->results[TLM_SEEN_BY_WRITERS] == -EAGAIN)
            status->results[TLM_SEEN_BY_WRITERS] = 0;
    }
    tell(status);
    pthread_mutex_unlock(&status->mutex);
}
