/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file redis.h
 * What all rooms of the plugin share: settings, names of keys and metrics.
 *
 * Keys, each after `PREFIX:PIPELINE:`
 *   marker               the fill is complete: everything below is as true as the store behind it ("complete"), or
 *                        nobody could fill it ("partial"); without it nothing here is believed
 *   fill                 token of the process that fills just now
 *   lanes                hash: lane -> "epoch sequence" of the last flush written here
 *   dataset:ID           column table of a dataset (common/rows_wire.h)
 *   last:ID:STREAM       newest row of a stream: 60 digits of order, then a message of one row
 *   recent:ID:STREAM     hash: "floor", and a field for each row by its key; all rows later than `floor` are there
 *   feed:ID              channel: messages of rows, early and final
 */
#ifndef TLM_REDIS_REDIS_H
#define TLM_REDIS_REDIS_H

#include "condition.h"
#include "url.h"

#include <telemetra/telemetra.h>

/** Streams written by one command; a script holds up the whole server for as long as it runs. */
#define TLM_REDIS_KEYS_PER_COMMAND 64u
/** Longest pause between two looks at the marker, and between two signs of life. */
#define TLM_REDIS_LOOK_MS 1000

enum { TLM_REDIS_ROLE_AUTO = 1, TLM_REDIS_ROLE_WRITER = 2, TLM_REDIS_ROLE_READER = 3 };

typedef struct tlm_redis_settings {
    const char *url, *prefix, *store;
    uint32_t role;
    int64_t expiry_ms, recent_age_ms;
    int64_t recent_rows;
    int64_t timeout_ms, query_timeout_ms;
    int64_t connections;
    int64_t early_queue_bytes;
    int64_t refill_page;
} tlm_redis_settings;

typedef struct tlm_redis_metrics {
    const tlm_metrics_service *service;
    tlm_metric *commands, *published, *received, *refused, *early_dropped, *refills, *hits, *misses, *reconnects;
} tlm_redis_metrics;

/** Constant once the instance is started, apart from what guards itself. */
typedef struct tlm_redis_shared {
    const tlm_host *host;
    const tlm_redis_settings *settings;
    tlm_redis_url url;
    char *base; /**< "PREFIX:PIPELINE:" */
    tlm_redis_condition condition;
    tlm_redis_metrics metrics;
} tlm_redis_shared;

static inline void tlm_redis_count(const tlm_redis_shared *shared, tlm_metric *metric, uint64_t amount)
{
    if (shared->metrics.service && amount > 0)
        shared->metrics.service->add(metric, (int64_t)amount);
}

#endif
