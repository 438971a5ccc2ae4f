/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file host.h
 * A small host for tests of one plugin: loads its object, fills a config struct from the option table, and offers the
 * services log, health, metrics and datasets, recording what comes. Single-threaded but for what the plugin does.
 */
#ifndef TLM_TEST_HOST_H
#define TLM_TEST_HOST_H

#include <telemetra/telemetra.h>

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define TEST_HOST_SEED UINT64_C(0x5eed5eed5eed5eed)

typedef struct test_host {
    tlm_host host; /**< first member: services find the rest through it */
    pthread_mutex_t lock;
    char last_log[TLM_ERROR_SIZE];
    uint32_t log_count;
    uint32_t health;
    char health_message[TLM_ERROR_SIZE];
    int64_t metric_sum; /**< of all `add` */
    const tlm_dataset *const *datasets;
    uint32_t dataset_count;
} test_host;

static inline void test_copy_text(char *room, tlm_text text)
{
    (void)snprintf(room, TLM_ERROR_SIZE, "%.*s", (int)text.size, text.data ? text.data : "");
}

static inline void test_log_write(const tlm_host *host, uint32_t level, tlm_text message)
{
    test_host *self = (test_host *)host;
    (void)level;
    pthread_mutex_lock(&self->lock);
    test_copy_text(self->last_log, message);
    self->log_count++;
    pthread_mutex_unlock(&self->lock);
}

static inline void test_health_set(const tlm_host *host, uint32_t status, tlm_text message)
{
    test_host *self = (test_host *)host;
    pthread_mutex_lock(&self->lock);
    self->health = status;
    test_copy_text(self->health_message, message);
    pthread_mutex_unlock(&self->lock);
}

static inline uint32_t test_health_report(const tlm_host *host, void (*visit)(void *, const tlm_health_item *),
                                          void *context)
{
    const test_host *self = (const test_host *)host;
    tlm_health_item item = {host->instance, "test", 0, self->health, tlm_text_of(self->health_message)};
    visit(context, &item);
    return self->health;
}

static inline tlm_metric *test_metric_open(const tlm_host *host, uint32_t kind, const char *name, const char *help)
{
    (void)kind;
    (void)name;
    (void)help;
    return (tlm_metric *)host;
}

static inline void test_metric_add(tlm_metric *metric, int64_t amount)
{
    test_host *self = (test_host *)metric;
    if (!self)
        return;
    pthread_mutex_lock(&self->lock);
    self->metric_sum += amount;
    pthread_mutex_unlock(&self->lock);
}

static inline void test_metric_set(tlm_metric *metric, int64_t value)
{
    (void)metric;
    (void)value;
}

static inline char *test_metric_render(const tlm_host *host, size_t *ret_size)
{
    (void)host;
    *ret_size = 0;
    return (char *)calloc(1, 1);
}

static inline void test_metric_release(char *text)
{
    free(text);
}

static inline int test_datasets_each(const tlm_host *host, int (*visit)(void *, const tlm_dataset *), void *context)
{
    const test_host *self = (const test_host *)host;
    int result = 0;
    for (uint32_t i = 0; i < self->dataset_count && result == 0; i++)
        result = visit(context, self->datasets[i]);
    return result;
}

static inline const void *test_get_service(const tlm_host *host, const char *id)
{
    static const tlm_log_service log = {test_log_write};
    static const tlm_health_service health = {test_health_set, test_health_report};
    static const tlm_metrics_service metrics = {test_metric_open, test_metric_add, test_metric_set, test_metric_render,
                                                test_metric_release};
    static const tlm_datasets_service datasets = {test_datasets_each};

    (void)host;
    if (strcmp(id, TLM_SERVICE_LOG) == 0)
        return &log;
    if (strcmp(id, TLM_SERVICE_HEALTH) == 0)
        return &health;
    if (strcmp(id, TLM_SERVICE_METRICS) == 0)
        return &metrics;
    if (strcmp(id, TLM_SERVICE_DATASETS) == 0)
        return &datasets;
    return NULL;
}

/** Fills a host that stays where it is. */
static inline void test_host_init(test_host *self)
{
    memset(self, 0, sizeof *self);
    pthread_mutex_init(&self->lock, NULL);
    self->host.struct_size = sizeof self->host;
    self->host.version = "0.1.0";
    self->host.instance = "test";
    self->host.pipeline = "test";
    self->host.hash_seed = TEST_HOST_SEED;
    self->host.get_service = test_get_service;
    self->health = TLM_HEALTH_OK;
}

static inline void test_host_finish(test_host *self)
{
    pthread_mutex_destroy(&self->lock);
}

/** The descriptor of TLM_PLUGIN_DIR/NAME.so, which stays loaded; ends the program with a sentence if it has none. */
static inline const tlm_plugin *test_plugin_load(const char *directory, const char *name)
{
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/%s.so", directory, name);
    void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    const tlm_plugin *plugin = object ? (const tlm_plugin *)dlsym(object, TLM_PLUGIN_SYMBOL) : NULL;
    if (!plugin || plugin->magic != TLM_PLUGIN_MAGIC) {
        (void)fprintf(stderr, "%s is no plugin: %s\n", path, object ? "no descriptor" : dlerror());
        exit(EXIT_FAILURE);
    }
    return plugin;
}

static inline const tlm_component *test_component_find(const tlm_plugin *plugin, const char *id)
{
    for (uint32_t i = 0; i < plugin->component_count; i++)
        if (strcmp(plugin->components[i]->id, id) == 0)
            return plugin->components[i];
    (void)fprintf(stderr, "plugin %s has no component %s\n", plugin->id, id);
    exit(EXIT_FAILURE);
}

/** Where the option lies in the config struct; ends the program for a name that the component does not have. */
static inline void *test_config_at(const tlm_component *component, void *config, const char *name)
{
    for (uint32_t i = 0; i < component->option_count; i++)
        if (strcmp(component->options[i].name, name) == 0)
            return (char *)config + component->options[i].offset;
    (void)fprintf(stderr, "component %s has no option %s\n", component->id, name);
    exit(EXIT_FAILURE);
}

/** A config struct with the defaults of text options; everything else is zero. Free it with free(). */
static inline void *test_config_create(const tlm_component *component)
{
    void *config = calloc(1, component->config_size ? component->config_size : 1);
    if (!config)
        exit(EXIT_FAILURE);
    for (uint32_t i = 0; i < component->option_count; i++)
        if (component->options[i].type == TLM_OPTION_TEXT)
            memcpy((char *)config + component->options[i].offset, &component->options[i].default_text,
                   sizeof(const char *));
    return config;
}

#endif
