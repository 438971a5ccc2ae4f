/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file host.h
 * A small host for plugin tests: loads a plugin by dlopen, fills a component's config struct from its option table, and
 * offers the services log, health, metrics and datasets, which remember what they were told. Include cmocka first.
 */
#ifndef TLM_TESTS_PLUGIN_HOST_H
#define TLM_TESTS_PLUGIN_HOST_H

#include <telemetra/telemetra.h>

#include "common/time.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#ifndef TLM_PLUGIN_DIR
#error "TLM_PLUGIN_DIR is the folder of the built plugins"
#endif

enum { TEST_TEXT_SIZE = 4096, TEST_METRICS_MAX = 32, TEST_DATASETS_MAX = 16, TEST_LIST_MAX = 64 };

struct tlm_metric {
    const char *name;
    int64_t value;
};

/** What services were told; `lock` guards all of it. */
typedef struct test_host {
    tlm_host public; /* first */
    pthread_mutex_t lock;
    char log[TEST_TEXT_SIZE]; /* the last message */
    uint32_t log_level, log_count;
    char health[TEST_TEXT_SIZE]; /* the last message */
    uint32_t health_status;
    tlm_metric metrics[TEST_METRICS_MAX];
    uint32_t metric_count;
    const tlm_dataset *datasets[TEST_DATASETS_MAX]; /* what the datasets service shows */
    uint32_t dataset_count;
} test_host;

static inline test_host *test_host_of(const tlm_host *host)
{
    return (test_host *)(uintptr_t)host;
}

static inline void test_host_keep(char *room, tlm_text text)
{
    size_t size = text.size < TEST_TEXT_SIZE - 1 ? text.size : TEST_TEXT_SIZE - 1;

    if (size > 0)
        memcpy(room, text.data, size);
    room[size] = '\0';
}

static inline void test_host_log(const tlm_host *host, uint32_t level, tlm_text message)
{
    test_host *self = test_host_of(host);

    pthread_mutex_lock(&self->lock);
    test_host_keep(self->log, message);
    self->log_level = level;
    self->log_count++;
    pthread_mutex_unlock(&self->lock);
}

static inline void test_host_set_health(const tlm_host *host, uint32_t status, tlm_text message)
{
    test_host *self = test_host_of(host);

    pthread_mutex_lock(&self->lock);
    test_host_keep(self->health, message);
    self->health_status = status;
    pthread_mutex_unlock(&self->lock);
}

static inline uint32_t test_host_report(const tlm_host *host, void (*visit)(void *context, const tlm_health_item *item),
                                        void *context)
{
    test_host *self = test_host_of(host);
    tlm_health_item item = {.name = "test", .component = "test", .status = self->health_status};

    item.message = tlm_text_of(self->health);
    visit(context, &item);
    return self->health_status;
}

static inline tlm_metric *test_host_metric(const tlm_host *host, uint32_t kind, const char *name, const char *help)
{
    test_host *self = test_host_of(host);
    tlm_metric *metric = NULL;

    (void)kind;
    (void)help;
    pthread_mutex_lock(&self->lock);
    if (self->metric_count < TEST_METRICS_MAX) {
        metric = &self->metrics[self->metric_count++];
        metric->name = name;
        metric->value = 0;
    }
    pthread_mutex_unlock(&self->lock);
    return metric;
}

static inline void test_host_add(tlm_metric *metric, int64_t amount)
{
    if (metric)
        __atomic_add_fetch(&metric->value, amount, __ATOMIC_RELAXED);
}

static inline void test_host_set(tlm_metric *metric, int64_t value)
{
    if (metric)
        __atomic_store_n(&metric->value, value, __ATOMIC_RELAXED);
}

static inline char *test_host_render(const tlm_host *host, size_t *ret_size)
{
    (void)host;
    *ret_size = 0;
    return strdup("");
}

static inline void test_host_release(char *text)
{
    free(text);
}

static inline int test_host_each_dataset(const tlm_host *host, int (*visit)(void *context, const tlm_dataset *dataset),
                                         void *context)
{
    test_host *self = test_host_of(host);
    int result = 0;

    for (uint32_t i = 0; result == 0 && i < self->dataset_count; i++)
        result = visit(context, self->datasets[i]);
    return result;
}

static inline const void *test_host_service(const tlm_host *host, const char *id)
{
    static const tlm_log_service log = {test_host_log};
    static const tlm_health_service health = {test_host_set_health, test_host_report};
    static const tlm_metrics_service metrics = {test_host_metric, test_host_add, test_host_set, test_host_render,
                                                test_host_release};
    static const tlm_datasets_service datasets = {test_host_each_dataset};

    (void)host;
    if (strcmp(id, TLM_SERVICE_LOG) == 0)
        return &log;
    if (strcmp(id, TLM_SERVICE_HEALTH) == 0)
        return &health;
    if (strcmp(id, TLM_SERVICE_METRICS) == 0)
        return &metrics;
    return strcmp(id, TLM_SERVICE_DATASETS) == 0 ? &datasets : NULL;
}

static inline void test_host_init(test_host *self)
{
    memset(self, 0, sizeof *self);
    pthread_mutex_init(&self->lock, NULL);
    self->public.struct_size = sizeof self->public;
    self->public.version = "0.1.0";
    self->public.instance = "test";
    self->public.pipeline = "test";
    self->public.hash_seed = UINT64_C(0x243f6a8885a308d3);
    self->public.get_service = test_host_service;
    self->health_status = TLM_HEALTH_OK;
}

/** The component of a built plugin, which stays loaded. */
static inline const tlm_component *test_component(const char *plugin_id, const char *component_id)
{
    char path[TEST_TEXT_SIZE];

    snprintf(path, sizeof path, "%s/%s.so", TLM_PLUGIN_DIR, plugin_id);
    void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!object)
        fail_msg("%s", dlerror());
    const tlm_plugin *plugin = (const tlm_plugin *)dlsym(object, TLM_PLUGIN_SYMBOL);
    assert_non_null(plugin);
    assert_int_equal(plugin->magic, TLM_PLUGIN_MAGIC);
    for (uint32_t i = 0; i < plugin->component_count; i++) {
        if (strcmp(plugin->components[i]->id, component_id) == 0)
            return plugin->components[i];
    }
    fail_msg("%s has no component %s", path, component_id);
    return NULL;
}

static inline const tlm_option *test_option(const tlm_component *component, const char *name)
{
    for (uint32_t i = 0; i < component->option_count; i++) {
        if (strcmp(component->options[i].name, name) == 0)
            return &component->options[i];
    }
    fail_msg("%s has no option %s", component->id, name);
    return NULL;
}

/** A number with one of these units behind it ("" for none), as the option types have them. */
static inline int64_t test_scaled(const char *text, const char *const *units, const int64_t *factors, size_t count)
{
    char *end;
    int64_t number = strtoll(text, &end, 10);

    for (size_t i = 0; i < count; i++) {
        if (strcmp(end, units[i]) == 0)
            return number * factors[i];
    }
    fail_msg("%s is no value with a unit", text);
    return 0;
}

static inline int64_t test_duration_ms(const char *text)
{
    static const char *const units[] = {"", "ms", "s", "m", "h", "d"};
    static const int64_t factors[] = {1000, 1, 1000, 60000, 3600000, 86400000};

    return test_scaled(text, units, factors, TLM_COUNT(units));
}

static inline int64_t test_size_bytes(const char *text)
{
    static const char *const units[] = {"", "KiB", "MiB", "GiB"};
    static const int64_t factors[] = {1, 1 << 10, 1 << 20, 1 << 30};

    return test_scaled(text, units, factors, TLM_COUNT(units));
}

static inline uint32_t test_choice(const tlm_option *option, const char *text)
{
    for (uint32_t i = 0; option->choices[i]; i++) {
        if (strcmp(option->choices[i], text) == 0)
            return i + 1;
    }
    fail_msg("%s is no choice of %s", text, option->name);
    return 0;
}

/** A list made of a text with commas; freed by test_config_free. */
static inline tlm_text_list test_list(const char *text)
{
    const char **items = calloc(TEST_LIST_MAX, sizeof *items);
    tlm_text_list list = {items, 0};

    for (; text && *text; text += *text == ',') {
        size_t size = strcspn(text, ",");
        assert_true(list.count < TEST_LIST_MAX);
        items[list.count++] = strndup(text, size);
        text += size;
    }
    return list;
}

static inline void test_list_free(const tlm_text_list *list)
{
    for (uint32_t i = 0; i < list->count; i++)
        free((void *)(uintptr_t)list->items[i]);
    free((void *)(uintptr_t)list->items);
}

/** Adds a key to a group of free keys; all is copied, and freed by test_config_free. */
static inline void test_config_add(const tlm_component *component, void *config, const char *name, const char *key,
                                   const char *value)
{
    tlm_text_map *map = (tlm_text_map *)(void *)((char *)config + test_option(component, name)->offset);
    const char **names = calloc(map->count + 1, sizeof *names), **values = calloc(map->count + 1, sizeof *values);

    assert_true(names && values);
    for (uint32_t i = 0; i < map->count; i++) {
        names[i] = map->names[i];
        values[i] = map->values[i];
    }
    names[map->count] = strdup(key);
    values[map->count] = strdup(value);
    free((void *)(uintptr_t)map->names);
    free((void *)(uintptr_t)map->values);
    *map = (tlm_text_map){names, values, map->count + 1};
}

static inline void test_map_free(const tlm_text_map *map)
{
    for (uint32_t i = 0; i < map->count; i++) {
        free((void *)(uintptr_t)map->names[i]);
        free((void *)(uintptr_t)map->values[i]);
    }
    free((void *)(uintptr_t)map->names);
    free((void *)(uintptr_t)map->values);
}

/** Sets an option from a text as it could stand in a file. Lists and texts are copied. */
static inline void test_config_set(const tlm_component *component, void *config, const char *name, const char *text)
{
    const tlm_option *option = test_option(component, name);
    char *member = (char *)config + option->offset;
    int64_t integer = 0;

    switch (option->type) {
    case TLM_OPTION_BOOL:
        *(uint32_t *)(void *)member = strcmp(text, "true") == 0;
        return;
    case TLM_OPTION_CHOICE:
        *(uint32_t *)(void *)member = test_choice(option, text);
        return;
    case TLM_OPTION_REAL:
        *(double *)(void *)member = strtod(text, NULL);
        return;
    case TLM_OPTION_TEXT:
        free(*(char **)(void *)member);
        *(char **)(void *)member = strdup(text);
        return;
    case TLM_OPTION_LIST:
        test_list_free((tlm_text_list *)(void *)member);
        *(tlm_text_list *)(void *)member = test_list(text);
        return;
    case TLM_OPTION_DURATION:
        integer = test_duration_ms(text);
        break;
    case TLM_OPTION_SIZE:
        integer = test_size_bytes(text);
        break;
    case TLM_OPTION_TIME:
        assert_int_equal(tlm_time_parse(text, strlen(text), &integer), 0);
        break;
    default:
        integer = strtoll(text, NULL, 10);
        break;
    }
    *(int64_t *)(void *)member = integer;
}

/** A config struct with the defaults of the option table; free with test_config_free. */
static inline void *test_config(const tlm_component *component)
{
    void *config = calloc(1, component->config_size);

    assert_non_null(config);
    for (uint32_t i = 0; i < component->option_count; i++) {
        const tlm_option *option = &component->options[i];
        if (option->default_text)
            test_config_set(component, config, option->name, option->default_text);
        else if (option->type == TLM_OPTION_TIME)
            *(int64_t *)(void *)((char *)config + option->offset) = INT64_MIN;
        else if (option->type == TLM_OPTION_LIST)
            test_config_set(component, config, option->name, "");
    }
    return config;
}

static inline void test_config_free(const tlm_component *component, void *config)
{
    for (uint32_t i = 0; i < component->option_count; i++) {
        char *member = (char *)config + component->options[i].offset;
        if (component->options[i].type == TLM_OPTION_TEXT)
            free(*(char **)(void *)member);
        if (component->options[i].type == TLM_OPTION_GROUP)
            test_map_free((tlm_text_map *)(void *)member);
        if (component->options[i].type == TLM_OPTION_LIST)
            test_list_free((tlm_text_list *)(void *)member);
    }
    free(config);
}

#endif
