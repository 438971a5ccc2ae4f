/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file host.h
 * What the host offers to a plugin. A plugin links nothing of the core: it asks for a service by id and gets a const
 * table of functions, or NULL from a host that does not have it. All functions may be called from any thread between
 * `create` and the return of `destroy`, unless they say otherwise. Since 0.1.
 */
#ifndef TELEMETRA_HOST_H
#define TELEMETRA_HOST_H

#include "dataset.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tlm_instance tlm_instance;

/** The host as one configured instance sees it. Owned by the host; valid until `destroy` returns. */
typedef struct tlm_host {
    uint32_t struct_size;
    uint32_t reserved;
    const char *version;  /**< of the host, "0.1.0" */
    const char *instance; /**< name of the instance, unique in the process */
    const char *pipeline; /**< name of the pipeline */
    uint64_t hash_seed;   /**< per process and secret: for hashes that never leave it */
    /** The service of that id, or NULL. */
    const void *(*get_service)(const struct tlm_host *host, const char *id);
} tlm_host;

/* --- log --------------------------------------------------------------------------------------------------------- */

#define TLM_SERVICE_LOG "telemetra.log/1"

enum { TLM_LOG_DEBUG = 1, TLM_LOG_INFO = 2, TLM_LOG_WARNING = 3, TLM_LOG_ERROR = 4 };

/** One failure is logged once, by whoever handles it. Never call it per event. */
typedef struct tlm_log_service {
    void (*write)(const tlm_host *host, uint32_t level, tlm_text message);
} tlm_log_service;

/* --- health ------------------------------------------------------------------------------------------------------ */

#define TLM_SERVICE_HEALTH "telemetra.health/1"

enum { TLM_HEALTH_OK = 1, TLM_HEALTH_DEGRADED = 2, TLM_HEALTH_ERROR = 3 };

/** One line of the health report; texts are valid during the callback. */
typedef struct tlm_health_item {
    const char *name;      /**< instance, or "lane 3" */
    const char *component; /**< "sqlite"; "core" for lanes */
    uint32_t is_store;     /**< it offers a store interface */
    uint32_t status;       /**< TLM_HEALTH_... */
    tlm_text message;      /**< when ok: empty, or what is worth knowing all the same */
} tlm_health_item;

typedef struct tlm_health_service {
    /** Sets the state of this instance; the same state again is free. */
    void (*set)(const tlm_host *host, uint32_t status, tlm_text message);
    /** Calls `visit` for every instance, and every lane of this process, and returns the worst status. `visit` must not
     * call back. */
    uint32_t (*report)(const tlm_host *host, void (*visit)(void *context, const tlm_health_item *item), void *context);
} tlm_health_service;

/* --- metrics ----------------------------------------------------------------------------------------------------- */

#define TLM_SERVICE_METRICS "telemetra.metrics/1"

enum { TLM_METRIC_COUNTER = 1, TLM_METRIC_GAUGE = 2 };

typedef struct tlm_metric tlm_metric;

typedef struct tlm_metrics_service {
    /**
     * Registers a series, labelled with the instance's name. `name` begins with "telemetra_", counters end in "_total".
     * NULL when memory is short or the name breaks the rule; the other functions accept NULL.
     */
    tlm_metric *(*open)(const tlm_host *host, uint32_t kind, const char *name, const char *help);
    void (*add)(tlm_metric *metric, int64_t amount);
    void (*set)(tlm_metric *metric, int64_t value);
    /** The whole process' metrics in Prometheus' text format; free with `release`. NULL when memory is short. */
    char *(*render)(const tlm_host *host, size_t *ret_size);
    void (*release)(char *text);
} tlm_metrics_service;

/* --- feed -------------------------------------------------------------------------------------------------------- */

#define TLM_SERVICE_FEED "telemetra.feed/1"

typedef struct tlm_subscription tlm_subscription;

/** Rows as they are made, early and final, in this process. */
typedef struct tlm_feed_service {
    /**
     * Calls `receive` with every batch of that dataset from now on, on the thread that made it: it must return at
     * once, never block, and take a reference to keep rows. NULL when memory is short.
     */
    tlm_subscription *(*subscribe)(const tlm_host *host, const char *dataset,
                                   void (*receive)(void *context, const tlm_rows *rows), void *context);
    /** When it returns, `receive` is not running and will not be called again. Not from within `receive`. */
    void (*unsubscribe)(tlm_subscription *subscription);
} tlm_feed_service;

#define TLM_SERVICE_FEED_PUBLISH "telemetra.feed_publish/1"

/** For one who brings rows of another process. */
typedef struct tlm_feed_publish_service {
    /** Hands a batch to every subscriber of its dataset in this process, on this thread. */
    void (*publish)(const tlm_host *host, const tlm_rows *rows);
} tlm_feed_publish_service;

/* --- stores ------------------------------------------------------------------------------------------------------ */

#define TLM_SERVICE_STORES "telemetra.stores/1"

struct tlm_store;

typedef struct tlm_stores_service {
    /**
     * The configured instance of that name that offers a store; with `name` NULL or empty, the first one of the file.
     * The asking instance itself never counts. -ENOENT: there is none; -EAGAIN: it is not started yet, or stopped
     * already. Call it from `start` or later; all stores are started before frontends.
     */
    int (*find)(const tlm_host *host, const char *name, const struct tlm_store **ret_store,
                tlm_instance **ret_instance);
} tlm_stores_service;

/* --- datasets ---------------------------------------------------------------------------------------------------- */

#define TLM_SERVICE_DATASETS "telemetra.datasets/1"

typedef struct tlm_datasets_service {
    /** Calls `visit` for every dataset that this process emits; a non-zero result ends the walk and is returned. */
    int (*each)(const tlm_host *host, int (*visit)(void *context, const tlm_dataset *dataset), void *context);
} tlm_datasets_service;

/* --- pages ------------------------------------------------------------------------------------------------------- */

#define TLM_SERVICE_PAGES "telemetra.pages/1"

struct tlm_pages;

typedef struct tlm_pages_service {
    /**
     * Calls `visit` for every instance of the file that offers pages, in its order; a non-zero result ends the walk and
     * is returned. Call it from an `adopt` or later: instances start one after the other.
     */
    int (*each)(const tlm_host *host,
                int (*visit)(void *context, const struct tlm_pages *pages, tlm_instance *instance), void *context);
} tlm_pages_service;

#ifdef __cplusplus
}
#endif
#endif
