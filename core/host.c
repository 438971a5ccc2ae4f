/* SPDX-License-Identifier: Apache-2.0 */
#include "host.h"

#include <stdlib.h>
#include <sys/random.h>

static const tlm_living *living_of(const tlm_host *host)
{
    return (const tlm_living *)(const void *)host;
}

static void log_write(const tlm_host *host, uint32_t level, tlm_text message)
{
    tlm_log_write(living_of(host)->shared->log, level, host->instance, "%.*s", (int)message.size, message.data);
}

static void health_set(const tlm_host *host, uint32_t status, tlm_text message)
{
    tlm_health_set(living_of(host)->health, status, message);
}

static uint32_t health_report(const tlm_host *host, void (*visit)(void *context, const tlm_health_item *item),
                              void *context)
{
    return tlm_health_report(living_of(host)->shared->health, visit, context);
}

static tlm_metric *metrics_open(const tlm_host *host, uint32_t kind, const char *name, const char *help)
{
    return tlm_metrics_open(living_of(host)->shared->metrics, host->instance, kind, name, help);
}

static char *metrics_render(const tlm_host *host, size_t *ret_size)
{
    return tlm_metrics_render(living_of(host)->shared->metrics, ret_size);
}

static void metrics_release(char *text)
{
    free(text);
}

static tlm_subscription *feed_subscribe(const tlm_host *host, const char *dataset,
                                        void (*receive)(void *context, const tlm_rows *rows), void *context)
{
    return tlm_feed_subscribe(living_of(host)->shared->feed, dataset, receive, context);
}

static void feed_publish(const tlm_host *host, const tlm_rows *rows)
{
    tlm_feed_publish(living_of(host)->shared->feed, rows);
}

static int stores_find(const tlm_host *host, const char *name, const tlm_store **ret_store, tlm_instance **ret_instance)
{
    const tlm_shared *shared = living_of(host)->shared;
    for (uint32_t i = 0; i < shared->plan->instance_count; i++) {
        const tlm_living *living = &shared->living[i];
        const tlm_store *store = tlm_living_interface(living, TLM_INTERFACE_STORE);
        if (!store || living == living_of(host) || (name && *name && strcmp(name, living->host.instance)))
            continue;
        if (!atomic_load(&living->is_started))
            return -EAGAIN;
        *ret_store = store;
        *ret_instance = living->instance;
        return 0;
    }
    return -ENOENT;
}

static int datasets_each(const tlm_host *host, int (*visit)(void *context, const tlm_dataset *dataset), void *context)
{
    const tlm_plan *plan = living_of(host)->shared->plan;
    int has_source = 0;
    for (uint32_t i = 0; i < plan->instance_count; i++) {
        const tlm_component *component = plan->instances[i].component;
        has_source |= plan->instances[i].section == TLM_SECTION_SOURCE;
        for (uint32_t j = 0; j < component->dataset_count; j++) {
            int result = visit(context, component->datasets[j]);
            if (result)
                return result;
        }
    }
    return has_source ? visit(context, &tlm_dead_letters) : 0;
}

static int pages_each(const tlm_host *host, int (*visit)(void *context, const tlm_pages *pages, tlm_instance *instance),
                      void *context)
{
    const tlm_shared *shared = living_of(host)->shared;
    for (uint32_t i = 0; i < shared->plan->instance_count; i++) {
        const tlm_pages *pages = tlm_living_interface(&shared->living[i], TLM_INTERFACE_PAGES);
        int result = pages ? visit(context, pages, shared->living[i].instance) : 0;
        if (result)
            return result;
    }
    return 0;
}

static const void *get_service(const tlm_host *host, const char *id)
{
    static const tlm_log_service log = {log_write};
    static const tlm_health_service health = {health_set, health_report};
    static const tlm_metrics_service metrics = {metrics_open, tlm_metric_add, tlm_metric_set, metrics_render,
                                                metrics_release};
    static const tlm_feed_service feed = {feed_subscribe, tlm_feed_unsubscribe};
    static const tlm_feed_publish_service publish = {feed_publish};
    static const tlm_stores_service stores = {stores_find};
    static const tlm_datasets_service datasets = {datasets_each};
    static const tlm_pages_service pages = {pages_each};
    static const struct {
        const char *id;
        const void *service;
    } table[] = {
        {TLM_SERVICE_LOG, &log},     {TLM_SERVICE_HEALTH, &health},        {TLM_SERVICE_METRICS, &metrics},
        {TLM_SERVICE_FEED, &feed},   {TLM_SERVICE_STORES, &stores},        {TLM_SERVICE_DATASETS, &datasets},
        {TLM_SERVICE_PAGES, &pages}, {TLM_SERVICE_FEED_PUBLISH, &publish},
    };
    (void)host;
    for (size_t i = 0; i < TLM_COUNT(table); i++)
        if (!strcmp(table[i].id, id))
            return table[i].service;
    return NULL;
}

const void *tlm_living_interface(const tlm_living *living, const char *id)
{
    return living->planned->component->get_interface(id);
}

static int add_living(tlm_shared *shared, tlm_living *living, const tlm_plan_instance *planned)
{
    living->shared = shared;
    living->planned = planned;
    living->host = (tlm_host){.struct_size = (uint32_t)sizeof living->host,
                              .version = TELEMETRA_VERSION,
                              .instance = planned->name,
                              .pipeline = shared->plan->pipeline.name,
                              .hash_seed = shared->hash_seed,
                              .get_service = get_service};
    uint32_t is_store = tlm_living_interface(living, TLM_INTERFACE_STORE) != NULL;
    living->health = tlm_health_add(shared->health, planned->name, planned->component->id, is_store);
    return living->health ? 0 : -ENOMEM;
}

int tlm_shared_create(const tlm_plan *plan, const tlm_log *log, tlm_shared **ret_shared, tlm_error *error)
{
    int result = -ENOMEM;
    tlm_shared *shared = calloc(1, sizeof *shared);
    if (!shared)
        return tlm_error_set(error, -ENOMEM, "out of memory");
    shared->plan = plan;
    shared->log = log;
    shared->living = calloc(plan->instance_count, sizeof *shared->living);
    if (!shared->living || (result = tlm_health_create(log, &shared->health)) < 0 ||
        (result = tlm_metrics_create(&shared->metrics)) < 0 || (result = tlm_feed_create(&shared->feed)) < 0)
        goto fail;
    if (getrandom(&shared->hash_seed, sizeof shared->hash_seed, 0) != sizeof shared->hash_seed) {
        result = -EIO;
        goto fail;
    }
    for (uint32_t i = 0; i < plan->instance_count; i++)
        if ((result = add_living(shared, &shared->living[i], &plan->instances[i])) < 0)
            goto fail;
    *ret_shared = shared;
    return 0;
fail:
    tlm_shared_destroy(shared);
    return tlm_error_set(error, result, "cannot set up the host: %s", strerror(-result));
}

void tlm_shared_destroy(tlm_shared *shared)
{
    if (!shared)
        return;
    for (uint32_t i = shared->living ? shared->plan->instance_count : 0; i-- > 0;) {
        tlm_living *living = &shared->living[i];
        if (living->instance)
            living->planned->component->destroy(living->instance);
    }
    free(shared->living);
    tlm_feed_destroy(shared->feed);
    tlm_metrics_destroy(shared->metrics);
    tlm_health_destroy(shared->health);
    free(shared);
}

static int create_instance(tlm_living *living, tlm_error *error)
{
    return living->planned->component->create(&living->host, living->planned->config, &living->instance, error);
}

int tlm_shared_create_instances(tlm_shared *shared, tlm_error *error)
{
    for (uint32_t i = 0; i < shared->plan->instance_count; i++) {
        tlm_living *living = &shared->living[i];
        const tlm_plan_instance *planned = living->planned;
        tlm_error reason = {"no reason was given"};
        int result = create_instance(living, &reason);
        if (result < 0)
            return tlm_error_set(error, result, "%s:%u: %s: %.900s", planned->file, planned->line, planned->name,
                                 reason.text);
    }
    return 0;
}

int tlm_shared_try(const tlm_plan *plan, uint32_t index, tlm_error *error)
{
    static const tlm_log silence = {.level = TLM_LOG_ERROR, .fd = -1};
    tlm_shared *shared = NULL;
    int result = tlm_shared_create(plan, &silence, &shared, error);
    if (!result)
        result = create_instance(&shared->living[index], error);
    tlm_shared_destroy(shared);
    return result;
}
