/* SPDX-License-Identifier: Apache-2.0 */
#include "metrics.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#define SERIES_MAX 1000

struct tlm_metric {
    tlm_metric *next;
    const char *instance;
    uint32_t kind;
    char *name, *help;
    _Atomic int64_t value;
};

struct tlm_metrics {
    pthread_mutex_t mutex;
    tlm_metric *first;
    uint32_t count;
    void (*collect)(void *context, tlm_metrics_text *text);
    void *collect_context;
};

int tlm_metrics_create(tlm_metrics **ret_metrics)
{
    tlm_metrics *metrics = calloc(1, sizeof *metrics);
    if (!metrics)
        return -ENOMEM;
    pthread_mutex_init(&metrics->mutex, NULL);
    *ret_metrics = metrics;
    return 0;
}

static void metric_destroy(tlm_metric *metric)
{
    if (!metric)
        return;
    free(metric->name);
    free(metric->help);
    free(metric);
}

void tlm_metrics_destroy(tlm_metrics *metrics)
{
    if (!metrics)
        return;
    for (tlm_metric *each = metrics->first, *next; each; each = next) {
        next = each->next;
        metric_destroy(each);
    }
    pthread_mutex_destroy(&metrics->mutex);
    free(metrics);
}

static int name_is_good(const char *name, uint32_t kind)
{
    static const char prefix[] = "telemetra_", suffix[] = "_total";
    size_t size = strlen(name);
    if (strncmp(name, prefix, sizeof prefix - 1) || strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") != size)
        return 0;
    int is_total = size >= sizeof suffix - 1 && !strcmp(name + size - (sizeof suffix - 1), suffix);
    return (kind == TLM_METRIC_COUNTER && is_total) || (kind == TLM_METRIC_GAUGE && !is_total);
}

/* Series of one name stand together, as the format asks. */
static void insert(tlm_metrics *metrics, tlm_metric *metric)
{
    tlm_metric **link = &metrics->first;
    while (*link && strcmp((*link)->name, metric->name) < 0)
        link = &(*link)->next;
    metric->next = *link;
    *link = metric;
    metrics->count++;
}

tlm_metric *tlm_metrics_open(tlm_metrics *metrics, const char *instance, uint32_t kind, const char *name,
                             const char *help)
{
    if (!name_is_good(name, kind))
        return NULL;
    tlm_metric *metric = calloc(1, sizeof *metric);
    if (!metric)
        return NULL;
    metric->instance = instance;
    metric->kind = kind;
    metric->name = strdup(name);
    metric->help = strdup(help);
    int is_kept = 0;
    pthread_mutex_lock(&metrics->mutex);
    if (metric->name && metric->help && metrics->count < SERIES_MAX) {
        insert(metrics, metric);
        is_kept = 1;
    }
    pthread_mutex_unlock(&metrics->mutex);
    if (is_kept)
        return metric;
    metric_destroy(metric);
    return NULL;
}

void tlm_metric_add(tlm_metric *metric, int64_t amount)
{
    if (metric)
        atomic_fetch_add_explicit(&metric->value, amount, memory_order_relaxed);
}

void tlm_metric_set(tlm_metric *metric, int64_t value)
{
    if (metric)
        atomic_store_explicit(&metric->value, value, memory_order_relaxed);
}

void tlm_metrics_collect(tlm_metrics *metrics, void (*collect)(void *context, tlm_metrics_text *text), void *context)
{
    pthread_mutex_lock(&metrics->mutex);
    metrics->collect = collect;
    metrics->collect_context = context;
    pthread_mutex_unlock(&metrics->mutex);
}

void tlm_metrics_print(tlm_metrics_text *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char piece[512];
    int size = vsnprintf(piece, sizeof piece, format, arguments);
    va_end(arguments);
    if (text->error || size < 0 || (size_t)size >= sizeof piece)
        return;
    if (text->capacity - text->size < (size_t)size + 1) {
        size_t capacity = (text->capacity + (size_t)size) * 2 + 4096;
        char *data = realloc(text->data, capacity);
        if (!data) {
            text->error = -ENOMEM;
            return;
        }
        text->data = data;
        text->capacity = capacity;
    }
    memcpy(text->data + text->size, piece, (size_t)size + 1);
    text->size += (size_t)size;
}

static void print_series(tlm_metrics_text *text, const tlm_metric *metric, const tlm_metric *before)
{
    if (!before || strcmp(before->name, metric->name))
        tlm_metrics_print(text, "# HELP %s %s\n# TYPE %s %s\n", metric->name, metric->help, metric->name,
                          metric->kind == TLM_METRIC_COUNTER ? "counter" : "gauge");
    tlm_metrics_print(text, "%s{instance=\"%s\"} %" PRId64 "\n", metric->name, metric->instance,
                      atomic_load_explicit(&metric->value, memory_order_relaxed));
}

char *tlm_metrics_render(tlm_metrics *metrics, size_t *ret_size)
{
    tlm_metrics_text text = {0};
    pthread_mutex_lock(&metrics->mutex);
    if (metrics->collect)
        metrics->collect(metrics->collect_context, &text);
    const tlm_metric *before = NULL;
    for (const tlm_metric *each = metrics->first; each; each = each->next) {
        print_series(&text, each, before);
        before = each;
    }
    pthread_mutex_unlock(&metrics->mutex);
    if (text.error || !text.data) {
        free(text.data);
        return NULL;
    }
    *ret_size = text.size;
    return text.data;
}
