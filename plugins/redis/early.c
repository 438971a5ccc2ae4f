/* SPDX-License-Identifier: Apache-2.0 */
#include "early.h"

#include "circle.h"
#include "common/hash_map.h"

#include <stdlib.h>

#define BATCHES_MAX 1024u
#define DATASETS_MAX 64u
/** Where nothing waits, the thread sleeps until it is kicked. */
#define SLEEP_MS 60000

struct tlm_redis_early {
    tlm_redis_shared *shared;
    const tlm_feed_service *feed;
    tlm_subscription *subscriptions[DATASETS_MAX];
    uint32_t subscription_count;
    tlm_redis_circle circle;
    pthread_mutex_t mutex; /* guards the ring */
    const tlm_rows *ring[BATCHES_MAX];
    uint32_t first, count;
    uint64_t size_bytes;
    /* of the thread alone */
    const tlm_rows *taken[BATCHES_MAX];
    tlm_hash_map seen; /* hash of a stream of a dataset -> nothing */
    tlm_redis_link link;
    tlm_redis_scripts scripts; /* never used: nothing is kept of early rows */
    tlm_redis_command command;
    tlm_redis_packer packer;
};

/* --- lanes ------------------------------------------------------------------------------------------------------- */

/* Mutex held. */
static const tlm_rows *pop(tlm_redis_early *early)
{
    const tlm_rows *rows = early->ring[early->first];
    early->first = (early->first + 1) % BATCHES_MAX;
    early->count--;
    early->size_bytes -= rows->size_bytes;
    return rows;
}

static void drop(tlm_redis_early *early, const tlm_rows *rows)
{
    tlm_redis_count(early->shared, early->shared->metrics.early_dropped, rows->row_count);
    rows->unref(rows);
}

static void receive(void *context, const tlm_rows *rows)
{
    tlm_redis_early *early = context;
    uint64_t max_bytes = (uint64_t)early->shared->settings->early_queue_bytes;
    if (!(rows->flags & TLM_ROWS_EARLY) || rows->row_count == 0)
        return;
    rows->ref(rows);
    pthread_mutex_lock(&early->mutex);
    while (early->count > 0 && (early->count == BATCHES_MAX || early->size_bytes + rows->size_bytes > max_bytes))
        drop(early, pop(early));
    early->ring[(early->first + early->count++) % BATCHES_MAX] = rows;
    early->size_bytes += rows->size_bytes;
    pthread_mutex_unlock(&early->mutex);
    tlm_redis_circle_kick(&early->circle);
}

/* --- the thread -------------------------------------------------------------------------------------------------- */

static uint32_t take_all(tlm_redis_early *early)
{
    uint32_t count = 0;
    pthread_mutex_lock(&early->mutex);
    while (early->count > 0)
        early->taken[count++] = pop(early);
    pthread_mutex_unlock(&early->mutex);
    return count;
}

/* Whether a later batch had the stream. Two streams of one hash, seldom as that is, cost one of them an early row. */
static bool is_seen(tlm_redis_early *early, const tlm_redis_layout *layout, const tlm_cell *row)
{
    const tlm_cell *stream = &row[layout->stream];
    uint64_t key = tlm_wire_hash(stream->as.text, stream->size) ^ (uint64_t)(uintptr_t)layout->dataset;
    return tlm_hash_map_put(&early->seen, key, 0) == 0;
}

static int publish_batch(tlm_redis_early *early, const tlm_rows *rows, bool is_alone, tlm_error *error)
{
    const tlm_redis_origin nowhere = {.lane = TLM_WIRE_NO_LANE};
    tlm_redis_layout layout = tlm_redis_layout_of(rows->dataset);
    uint64_t dropped = 0;
    int result = tlm_redis_packer_begin(&early->packer, &layout, &nowhere, error);
    for (uint32_t i = rows->row_count; i-- > 0 && result == 0;) {
        const tlm_cell *row = tlm_rows_at(rows, i);
        if (!is_alone && is_seen(early, &layout, row))
            dropped++;
        else
            result = tlm_redis_pack_message(&early->packer, rows->flags, row, error);
    }
    tlm_redis_count(early->shared, early->shared->metrics.early_dropped, dropped);
    return result < 0 ? result : tlm_redis_pack_publish(&early->packer, error);
}

static int publish_all(tlm_redis_early *early, uint32_t count, tlm_error *error)
{
    int result = tlm_redis_link_open(&early->link, error);
    if (result < 0)
        return result;
    tlm_redis_link_begin(&early->link);
    for (uint32_t i = count; i-- > 0 && result == 0;)
        result = publish_batch(early, early->taken[i], count == 1, error);
    if (result == 0)
        return tlm_redis_link_drain(&early->link, error);
    tlm_redis_link_close(&early->link);
    return result;
}

/* The writer tells of the server's troubles; here they only cost rows that are soon outdated. */
static int64_t publish_round(void *context)
{
    tlm_redis_early *early = context;
    tlm_error error;
    uint32_t count = take_all(early);
    int result = count > 0 ? publish_all(early, count, &error) : 0;
    for (uint32_t i = 0; i < count; i++) {
        if (result < 0)
            drop(early, early->taken[i]);
        else
            early->taken[i]->unref(early->taken[i]);
    }
    tlm_hash_map_finish(&early->seen);
    return SLEEP_MS;
}

/* --- life -------------------------------------------------------------------------------------------------------- */

static int subscribe(void *context, const tlm_dataset *dataset)
{
    tlm_redis_early *early = context;
    if (tlm_redis_layout_of(dataset).stream == TLM_REDIS_NO_COLUMN)
        return 0;
    if (early->subscription_count == DATASETS_MAX)
        return -ENOBUFS;
    tlm_subscription *subscription = early->feed->subscribe(early->shared->host, dataset->id, receive, early);
    if (!subscription)
        return -ENOMEM;
    early->subscriptions[early->subscription_count++] = subscription;
    return 0;
}

int tlm_redis_early_create(tlm_redis_shared *shared, tlm_redis_early **ret_early, tlm_error *error)
{
    const tlm_datasets_service *datasets = shared->host->get_service(shared->host, TLM_SERVICE_DATASETS);
    tlm_redis_early *early = calloc(1, sizeof *early);
    if (!early)
        return tlm_error_set(error, -ENOMEM, "out of memory");
    early->shared = shared;
    early->feed = shared->host->get_service(shared->host, TLM_SERVICE_FEED);
    pthread_mutex_init(&early->mutex, NULL); /* with default attributes nothing can fail */
    tlm_redis_link_init(&early->link, shared, shared->settings->timeout_ms);
    early->packer = (tlm_redis_packer){
        .link = &early->link, .command = &early->command, .scripts = &early->scripts, .settings = shared->settings};
    int result = tlm_redis_circle_start(&early->circle, publish_round, early);
    if (result == 0 && datasets && early->feed)
        result = datasets->each(shared->host, subscribe, early);
    if (result < 0) {
        tlm_redis_early_destroy(early);
        return tlm_error_set(error, result, "the feed of early rows cannot be set up: %s", strerror(-result));
    }
    *ret_early = early;
    return 0;
}

void tlm_redis_early_destroy(tlm_redis_early *early)
{
    if (!early)
        return;
    for (uint32_t i = 0; i < early->subscription_count; i++)
        early->feed->unsubscribe(early->subscriptions[i]);
    tlm_redis_circle_stop(&early->circle);
    while (early->count > 0)
        drop(early, pop(early));
    tlm_redis_packer_finish(&early->packer);
    tlm_redis_command_finish(&early->command);
    tlm_redis_link_finish(&early->link);
    pthread_mutex_destroy(&early->mutex);
    free(early);
}
