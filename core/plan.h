/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file plan.h
 * A validated configuration file: everything `telemetra check` says yes to and all that `telemetra run` starts from.
 */
#ifndef TLM_CORE_PLAN_H
#define TLM_CORE_PLAN_H

#include "registry.h"

#include <telemetra/telemetra.h>

/** Section of the file an instance stands in. */
enum {
    TLM_SECTION_SOURCE = 1,
    TLM_SECTION_CODEC = 2,
    TLM_SECTION_PROCESSOR = 3,
    TLM_SECTION_SINK = 4,
    TLM_SECTION_STORE = 5,
    TLM_SECTION_FRONTEND = 6
};

/** Bounds of a file. */
enum {
    TLM_NAME_SIZE_MAX = 64,  /**< bytes of an instance's name */
    TLM_INPUTS_MAX = 16,     /**< sources */
    TLM_PROCESSORS_MAX = 16, /**< processors */
    TLM_SIDES_MAX = 16,      /**< side columns of all processors */
    TLM_PREFIXES_MAX = 64,   /**< path prefixes of all frontends */
    TLM_DATASETS_MAX = 64    /**< datasets of all processors, and dead letters */
};

/** How a sink's answer counts for a flush. */
enum { TLM_DELIVERY_CHECKPOINT = 1, TLM_DELIVERY_REQUIRED = 2, TLM_DELIVERY_BEST_EFFORT = 3 };

/** What to do when all inputs are idle. */
enum { TLM_AT_IDLE_CLOCK = 1, TLM_AT_IDLE_FINISH = 2 };

/** Group `pipeline`. Durations are milliseconds. */
typedef struct tlm_pipeline_options {
    const char *name;
    int64_t lanes;
    int64_t allowed_lateness, idle_timeout, max_future;
    uint32_t at_idle;
    int64_t flush_interval, early_interval, stall_timeout, stop_timeout;
    int64_t batch_records; /**< records a batch */
    int64_t queue_batches; /**< batches waiting before a lane */
    int64_t queue_bytes;   /**< bytes waiting before a lane */
    int64_t flush_rows;    /**< rows of a lane that start a flush before its time */
    int64_t flush_bytes;
    int64_t max_streams; /**< a lane */
} tlm_pipeline_options;

/** Group `listen`. */
typedef struct tlm_listen_options {
    const char *address;
    int64_t port;
    int64_t head_timeout; /**< milliseconds for the first head to arrive */
    int64_t max_pending;  /**< connections whose head has not arrived */
} tlm_listen_options;

/** Group `log`. */
typedef struct tlm_log_options {
    uint32_t level;  /**< TLM_LOG_DEBUG ... */
    uint32_t format; /**< TLM_LOG_FORMAT_... */
} tlm_log_options;

/** One component of the file with its filled config struct. */
typedef struct tlm_plan_instance {
    const char *name; /**< `name`, else the component's id; unique in the file */
    const tlm_component *component;
    void *config;
    uint32_t section;  /**< TLM_SECTION_... */
    uint32_t delivery; /**< sinks: TLM_DELIVERY_..., else 0 */
    const char *file;
    uint32_t line;
} tlm_plan_instance;

typedef struct tlm_plan {
    tlm_pipeline_options pipeline;
    tlm_listen_options listen;
    tlm_log_options log;
    tlm_plan_instance *instances; /**< in the order of the sections above, then of the file */
    uint32_t instance_count;
    struct tlm_arena *memory; /**< what all of the above lives in */
} tlm_plan;

/** Most mistakes that are told of one file. */
#define TLM_PROBLEMS_MAX 1000

/** All mistakes of a file, in the order they were found. Zero-initialised; free with tlm_problems_finish. */
typedef struct tlm_problems {
    char **sentences; /**< "conf/x.cfg:12: ..." */
    size_t count;
    size_t lost; /**< further ones, beyond TLM_PROBLEMS_MAX or when memory was short */
} tlm_problems;

/** Makes one instance of a plan and frees it again: what its component's own checks say, as a negative errno. */
typedef int (*tlm_plan_try)(const tlm_plan *plan, uint32_t index, tlm_error *error);

/**
 * Reads and checks a file. Components come from `registry`, which must outlive the plan. `try_instance` (NULL: nothing
 * is tried) is asked for each instance whose options are right, also when there are mistakes elsewhere. On failure
 * `problems` holds every mistake found: -EINVAL; one sentence when the file cannot be read (-ENOENT and others);
 * -ENOMEM. The environment is read (expand.h): main thread.
 */
int tlm_plan_load(const char *path, tlm_registry *registry, tlm_plan_try try_instance, tlm_plan **ret_plan,
                  tlm_problems *problems);

/** Frees a plan with its config structs; accepts NULL. */
void tlm_plan_destroy(tlm_plan *plan);

/** Adds a formatted sentence, or counts it as lost. */
TLM_PRINTF(2, 3) void tlm_problems_add(tlm_problems *problems, const char *format, ...);
void tlm_problems_finish(tlm_problems *problems);

/** A group of the file that belongs to the host: its options, for reading, `describe` and the reference. */
typedef struct tlm_plan_group {
    const char *name; /**< "pipeline" */
    const char *doc;
    const tlm_option *options;
    uint32_t option_count;
    uint32_t offset; /**< of its struct in tlm_plan */
} tlm_plan_group;

extern const tlm_plan_group tlm_plan_groups[];
extern const uint32_t tlm_plan_group_count;

/** A section of the file that names components. */
typedef struct tlm_plan_section {
    const char *name;      /**< "sources" */
    const char *singular;  /**< "source" */
    const char *interface; /**< what its components must offer */
    uint32_t section;      /**< TLM_SECTION_... */
    uint32_t is_list;      /**< a list of groups, else one group */
} tlm_plan_section;

extern const tlm_plan_section tlm_plan_sections[];
extern const uint32_t tlm_plan_section_count;

#endif
