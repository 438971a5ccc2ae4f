/* SPDX-License-Identifier: Apache-2.0 */
#include "probe.h"

#include "common/clock.h"
#include "common/thread.h"

#include <stdlib.h>
#include <time.h>

#define NAME_SIZE 128

struct tlm_rest_probe {
    const tlm_host *host;
    pthread_t thread;
    pthread_mutex_t mutex; /* guards all below */
    pthread_cond_t changed;
    bool is_stopping, is_asking;
    char name[NAME_SIZE]; /* of the store that is being asked */
    int64_t asked_ms;
    uint64_t answers; /* questions that have come to an end */
    bool has_answered;
};

/* A store without that dataset has answered too. */
static bool ask(const tlm_host *host, const char *name)
{
    static const char *const columns[] = {"stream_id"};
    const tlm_query query = {
        .struct_size = sizeof query, .limit = 1, .dataset = "streams", .columns = columns, .column_count = 1};
    const tlm_stores_service *stores = host->get_service(host, TLM_SERVICE_STORES);
    const tlm_store *store;
    tlm_instance *instance;
    tlm_result *result = NULL;
    tlm_error error;

    if (!stores || stores->find(host, name, &store, &instance) < 0)
        return false;
    int code = store->query(instance, &query, &result, &error);
    if (code >= 0)
        result->release(result);
    return code >= 0 || code == -ENOENT;
}

static void *run(void *context)
{
    tlm_rest_probe *probe = context;
    char name[NAME_SIZE];

    pthread_mutex_lock(&probe->mutex);
    while (!probe->is_stopping) {
        if (!probe->is_asking) {
            pthread_cond_wait(&probe->changed, &probe->mutex);
            continue;
        }
        memcpy(name, probe->name, sizeof name);
        pthread_mutex_unlock(&probe->mutex);
        bool has_answered = ask(probe->host, name);
        pthread_mutex_lock(&probe->mutex);
        probe->has_answered = has_answered;
        probe->is_asking = false;
        probe->answers++;
        pthread_cond_broadcast(&probe->changed);
    }
    pthread_mutex_unlock(&probe->mutex);
    return NULL;
}

int tlm_rest_probe_create(const tlm_host *host, tlm_rest_probe **ret_probe)
{
    tlm_rest_probe *probe = calloc(1, sizeof *probe);
    int result = probe ? tlm_condition_init(&probe->changed) : -ENOMEM;

    if (result < 0) {
        free(probe);
        return result;
    }
    probe->host = host;
    pthread_mutex_init(&probe->mutex, NULL); /* with default attributes nothing can fail */
    result = tlm_thread_start(&probe->thread, run, probe);
    if (result < 0) {
        pthread_cond_destroy(&probe->changed);
        pthread_mutex_destroy(&probe->mutex);
        free(probe);
        return result;
    }
    *ret_probe = probe;
    return 0;
}

void tlm_rest_probe_destroy(tlm_rest_probe *probe)
{
    if (!probe)
        return;
    pthread_mutex_lock(&probe->mutex);
    probe->is_stopping = true;
    pthread_cond_broadcast(&probe->changed);
    pthread_mutex_unlock(&probe->mutex);
    pthread_join(probe->thread, NULL);
    pthread_cond_destroy(&probe->changed);
    pthread_mutex_destroy(&probe->mutex);
    free(probe);
}

/* Mutex held. Waits until the question that is under way has an answer, or the store's time is over. */
static bool await_answer(tlm_rest_probe *probe)
{
    int64_t until_ms = probe->asked_ms + TLM_REST_PROBE_PATIENCE_MS;
    struct timespec until = tlm_clock_timespec(until_ms);
    uint64_t before = probe->answers;

    for (int result = 0; result == 0 && probe->answers == before && !probe->is_stopping;)
        result = pthread_cond_timedwait(&probe->changed, &probe->mutex, &until);
    return probe->answers != before && probe->has_answered;
}

bool tlm_rest_probe_answers(tlm_rest_probe *probe, const char *name)
{
    bool has_answered = false;

    pthread_mutex_lock(&probe->mutex);
    if (!probe->is_asking) {
        snprintf(probe->name, sizeof probe->name, "%s", name);
        probe->asked_ms = tlm_clock_ms();
        probe->is_asking = true;
        pthread_cond_broadcast(&probe->changed);
    }
    if (strcmp(probe->name, name) == 0)
        has_answered = await_answer(probe);
    pthread_mutex_unlock(&probe->mutex);
    return has_answered;
}
