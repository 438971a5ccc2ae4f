/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file rest_host.h
 * A small host around the built `rest` plugin: the real listening socket, services that the test sets, a store in
 * memory. One test at a time.
 */
#ifndef TLM_TEST_REST_HOST_H
#define TLM_TEST_REST_HOST_H

#include "../../core/listen.h"
#include "../api/http_client.h"
#include "rest_rows.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>

typedef void (*rest_receive)(void *context, const tlm_rows *rows);

struct tlm_subscription {
    const char *dataset;
    rest_receive receive;
    void *context;
};

typedef struct rest_host {
    tlm_host host; /* first, so that services find the rest */
    void *object;
    const tlm_component *component;
    tlm_instance *instance;
    void *config;
    tlm_listener *listener;
    uint16_t port;
    fake_store store;
    tlm_subscription subscriptions[4];
    const tlm_health_item *health;
    uint32_t health_count, health_status;
    const tlm_page *pages;
    const tlm_text *page_bodies; /* of each page; a test may replace them */
    uint32_t page_count;
    atomic_int log_count;
    char log[256]; /* the last message */
    atomic_int page_calls, page_releases;
    int page_failure; /* what `body` gives instead */
} rest_host;

/** What a test sets; zero is usual. */
typedef struct rest_setup {
    const char *const (*options)[2]; /* name and text, ended by NULL */
    bool without_store;
    uint32_t table_count; /* of rows_tables; 0: all */
    int64_t head_timeout_ms;
    const tlm_page *pages; /* of another component */
    const tlm_text *page_bodies;
    uint32_t page_count;
} rest_setup;

/* Stands in for core/log.c. */
void tlm_log_write(const tlm_log *log, uint32_t level, const char *who, const char *format, ...)
{
    (void)log;
    (void)level;
    (void)who;
    (void)format;
}

/* --- services -------------------------------------------------------------------------------------------------- */

static void rest_log(const tlm_host *host, uint32_t level, tlm_text message)
{
    rest_host *rest = (rest_host *)host;

    (void)level;
    snprintf(rest->log, sizeof rest->log, "%.*s", (int)message.size, message.data);
    rest->log_count++;
}

static uint32_t rest_report(const tlm_host *host, void (*visit)(void *context, const tlm_health_item *item),
                            void *context)
{
    const rest_host *rest = (const rest_host *)host;

    for (uint32_t i = 0; i < rest->health_count; i++)
        visit(context, &rest->health[i]);
    return rest->health_status;
}

static tlm_metric *rest_metric_open(const tlm_host *host, uint32_t kind, const char *name, const char *help)
{
    (void)host;
    (void)kind;
    (void)name;
    (void)help;
    return NULL;
}

static void rest_metric_change(tlm_metric *metric, int64_t value)
{
    (void)metric;
    (void)value;
}

static char *rest_metrics_render(const tlm_host *host, size_t *ret_size)
{
    static const char text[] = "# TYPE telemetra_events_consumed_total counter\ntelemetra_events_consumed_total 5\n";
    char *copy = strdup(text);

    (void)host;
    if (copy)
        *ret_size = sizeof text - 1;
    return copy;
}

static void rest_metrics_release(char *text)
{
    free(text);
}

static tlm_subscription *rest_subscribe(const tlm_host *host, const char *dataset, rest_receive receive, void *context)
{
    rest_host *rest = (rest_host *)host;

    for (size_t i = 0; i < TLM_COUNT(rest->subscriptions); i++) {
        if (rest->subscriptions[i].dataset)
            continue;
        rest->subscriptions[i] = (tlm_subscription){dataset, receive, context};
        return &rest->subscriptions[i];
    }
    return NULL;
}

static void rest_unsubscribe(tlm_subscription *subscription)
{
    *subscription = (tlm_subscription){0};
}

static int rest_find_store(const tlm_host *host, const char *name, const tlm_store **ret_store,
                           tlm_instance **ret_instance)
{
    static const tlm_store interface = {fake_query};
    rest_host *rest = (rest_host *)host;

    if (!rest->store.tables || (name && name[0] && strcmp(name, "fake") != 0))
        return -ENOENT;
    *ret_store = &interface;
    *ret_instance = (tlm_instance *)(void *)&rest->store;
    return 0;
}

/* The component that offers pages is the host itself. */
static const tlm_page *rest_page_list(tlm_instance *instance, uint32_t *ret_count)
{
    const rest_host *rest = (const rest_host *)(void *)instance;

    *ret_count = rest->page_count;
    return rest->pages;
}

static void rest_page_release(tlm_page_body *body)
{
    rest_host *rest = body->context;

    atomic_fetch_add(&rest->page_releases, 1);
}

static int rest_page_body(tlm_instance *instance, uint32_t index, tlm_page_body *ret_body)
{
    rest_host *rest = (rest_host *)(void *)instance;

    if (rest->page_failure)
        return rest->page_failure;
    atomic_fetch_add(&rest->page_calls, 1);
    *ret_body = (tlm_page_body){rest->page_bodies[index].data, rest->page_bodies[index].size, rest, rest_page_release};
    return 0;
}

static int rest_each_pages(const tlm_host *host,
                           int (*visit)(void *context, const tlm_pages *pages, tlm_instance *instance), void *context)
{
    static const tlm_pages pages = {rest_page_list, rest_page_body};
    rest_host *rest = (rest_host *)host;

    return rest->page_count ? visit(context, &pages, (tlm_instance *)(void *)rest) : 0;
}

static const void *rest_service(const tlm_host *host, const char *id)
{
    static const tlm_log_service log = {rest_log};
    static const tlm_health_service health = {.report = rest_report};
    static const tlm_metrics_service metrics = {rest_metric_open, rest_metric_change, rest_metric_change,
                                                rest_metrics_render, rest_metrics_release};
    static const tlm_feed_service feed = {rest_subscribe, rest_unsubscribe};
    static const tlm_stores_service stores = {rest_find_store};
    static const tlm_pages_service pages = {rest_each_pages};
    const struct {
        const char *id;
        const void *service;
    } services[] = {{TLM_SERVICE_LOG, &log},   {TLM_SERVICE_HEALTH, &health}, {TLM_SERVICE_METRICS, &metrics},
                    {TLM_SERVICE_FEED, &feed}, {TLM_SERVICE_STORES, &stores}, {TLM_SERVICE_PAGES, &pages}};

    (void)host;
    for (size_t i = 0; i < TLM_COUNT(services); i++)
        if (strcmp(services[i].id, id) == 0)
            return services[i].service;
    return NULL;
}

/** Publishes rows of a dataset on the feed. */
static inline void rest_publish(rest_host *rest, const tlm_dataset *dataset, uint32_t flags, const tlm_cell *cells,
                                uint32_t row_count)
{
    const tlm_rows rows = {
        .struct_size = sizeof rows, .flags = flags, .dataset = dataset, .cells = cells, .row_count = row_count};

    for (size_t i = 0; i < TLM_COUNT(rest->subscriptions); i++)
        if (rest->subscriptions[i].dataset && strcmp(rest->subscriptions[i].dataset, dataset->id) == 0)
            rest->subscriptions[i].receive(rest->subscriptions[i].context, &rows);
}

/* --- options --------------------------------------------------------------------------------------------------- */

/* A list of one item, or none. */
static void rest_set_list(tlm_text_list *list, const char *text)
{
    const char **items = calloc(1, sizeof *items);

    items[0] = text;
    *list = (tlm_text_list){items, 1};
}

static void rest_set(void *config, const tlm_option *option, const char *text)
{
    char *member = (char *)config + option->offset;
    int64_t value = text ? strtoll(text, NULL, 10) : 0;

    if (!text)
        return;
    if (option->type == TLM_OPTION_DURATION && !strstr(text, "ms"))
        value *= 1000;
    if (option->type == TLM_OPTION_SIZE && strstr(text, "MiB"))
        value <<= 20;
    if (option->type == TLM_OPTION_TEXT)
        *(const char **)(void *)member = text;
    else if (option->type == TLM_OPTION_LIST)
        rest_set_list((tlm_text_list *)(void *)member, text);
    else
        *(int64_t *)(void *)member = value;
}

static void *rest_configure(const tlm_component *component, const char *const (*options)[2])
{
    void *config = calloc(1, component->config_size);

    for (uint32_t i = 0; i < component->option_count; i++) {
        const char *text = component->options[i].default_text;
        for (uint32_t j = 0; options && options[j][0]; j++)
            if (strcmp(options[j][0], component->options[i].name) == 0)
                text = options[j][1];
        rest_set(config, &component->options[i], text);
    }
    return config;
}

static void rest_free_config(const tlm_component *component, void *config)
{
    for (uint32_t i = 0; i < component->option_count; i++)
        if (component->options[i].type == TLM_OPTION_LIST)
            free((void *)((tlm_text_list *)(void *)((char *)config + component->options[i].offset))->items);
    free(config);
}

/* --- life ------------------------------------------------------------------------------------------------------ */

/** Loads and makes the plugin; not started. */
static inline rest_host *rest_make(const rest_setup *setup)
{
    rest_host *rest = calloc(1, sizeof *rest);
    tlm_error error = {{0}};

    rest->host = (tlm_host){.struct_size = sizeof(tlm_host),
                            .version = "1.2.3",
                            .instance = "rest",
                            .pipeline = "test",
                            .hash_seed = 42,
                            .get_service = rest_service};
    rest->health_status = TLM_HEALTH_OK;
    rest->pages = setup->pages;
    rest->page_bodies = setup->page_bodies;
    rest->page_count = setup->page_count;
    if (!setup->without_store) {
        rest->store.tables = rows_tables;
        rest->store.table_count = setup->table_count ? setup->table_count : TLM_COUNT(rows_tables);
    }
    rest->object = dlopen(TLM_PLUGIN_DIR "/rest.so", RTLD_NOW | RTLD_LOCAL);
    if (!rest->object) {
        fprintf(stderr, "%s\n", dlerror());
        abort();
    }
    const tlm_plugin *plugin = dlsym(rest->object, TLM_PLUGIN_SYMBOL);
    rest->component = plugin->components[0];
    rest->config = rest_configure(rest->component, setup->options);
    if (rest->component->create(&rest->host, rest->config, &rest->instance, &error) != 0) {
        fprintf(stderr, "%s\n", error.text);
        abort();
    }
    return rest;
}

static inline void rest_serve(rest_host *rest, int64_t head_timeout_ms)
{
    static const tlm_log no_log = {.level = TLM_LOG_ERROR, .fd = -1};
    const tlm_frontend *frontend = rest->component->get_interface(TLM_INTERFACE_FRONTEND);
    const tlm_listen_route route = {frontend->prefixes[0], frontend, rest->instance};
    const tlm_listen_options options = {"127.0.0.1", 0, head_timeout_ms ? head_timeout_ms : 10000, 1024};
    tlm_error error = {{0}};

    if (rest->component->start(rest->instance, &error) != 0 ||
        tlm_listener_create(&route, 1, &options, &no_log, &rest->listener, &error) != 0 ||
        tlm_listener_start(rest->listener, &error) != 0) {
        fprintf(stderr, "%s\n", error.text);
        abort();
    }
    rest->port = (uint16_t)atoi(strrchr(tlm_listener_address(rest->listener), ':') + 1);
}

static inline rest_host *rest_begin(const rest_setup *setup)
{
    rest_host *rest = rest_make(setup);

    rest_serve(rest, setup->head_timeout_ms);
    return rest;
}

static inline void rest_end(rest_host *rest)
{
    tlm_listener_stop(rest->listener);
    if (rest->listener)
        rest->component->stop(rest->instance);
    tlm_listener_destroy(rest->listener);
    /* What was borrowed is back before anybody is destroyed. */
    if (atomic_load(&rest->page_calls) != atomic_load(&rest->page_releases)) {
        fprintf(stderr, "borrowed bodies of pages were not given back\n");
        abort();
    }
    rest->component->destroy(rest->instance);
    rest_free_config(rest->component, rest->config);
    /* A started object is never closed (its libraries keep threads of their own). */
    free(rest);
}

#endif
