/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file metrics.h
 * The process' metrics in Prometheus' text format. Any thread.
 */
#ifndef TLM_CORE_METRICS_H
#define TLM_CORE_METRICS_H

#include <telemetra/telemetra.h>

typedef struct tlm_metrics tlm_metrics;

/** A growing text. `error` is -ENOMEM once memory was short; what was written before stays. */
typedef struct tlm_metrics_text {
    char *data;
    size_t size, capacity;
    int error;
} tlm_metrics_text;

int tlm_metrics_create(tlm_metrics **ret_metrics);
void tlm_metrics_destroy(tlm_metrics *metrics);

/** As tlm_metrics_service.open; `instance` is the label's value and must outlive the metrics. At most 1,000 series. */
tlm_metric *tlm_metrics_open(tlm_metrics *metrics, const char *instance, uint32_t kind, const char *name,
                             const char *help);
void tlm_metric_add(tlm_metric *metric, int64_t amount);
void tlm_metric_set(tlm_metric *metric, int64_t value);

/** Whole families that are written when asked for: `collect` appends them. One a process; before threads start. */
void tlm_metrics_collect(tlm_metrics *metrics, void (*collect)(void *context, tlm_metrics_text *text), void *context);

/** Appends a formatted piece. */
TLM_PRINTF(2, 3) void tlm_metrics_print(tlm_metrics_text *text, const char *format, ...);

/** Everything; free(3) the result. NULL when memory is short. */
char *tlm_metrics_render(tlm_metrics *metrics, size_t *ret_size);

#endif
