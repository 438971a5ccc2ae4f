/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file host.h
 * What a plugin sees of the core: one tlm_host an instance, and the services behind it.
 */
#ifndef TLM_CORE_HOST_H
#define TLM_CORE_HOST_H

#include "feed.h"
#include "health.h"
#include "log.h"
#include "metrics.h"
#include "plan.h"

#include <stdatomic.h>

/** What all instances of a process share. */
typedef struct tlm_shared {
    const tlm_plan *plan;
    const tlm_log *log;
    tlm_health *health;
    tlm_metrics *metrics;
    tlm_feed *feed;
    struct tlm_living *living; /**< plan->instance_count of them */
    uint64_t hash_seed;
} tlm_shared;

/** An instance of the plan, come to life. Its address is its host's, which stays until the process' shared part ends.
 */
typedef struct tlm_living {
    tlm_host host; /**< first: services find the rest through it */
    const tlm_shared *shared;
    const tlm_plan_instance *planned;
    tlm_instance *instance; /**< NULL before create */
    tlm_health_entry *health;
    atomic_bool is_started; /**< written by the main thread; a store may be looked for from any */
} tlm_living;

/** Makes the shared part with a host for every planned instance; nothing is created yet. */
int tlm_shared_create(const tlm_plan *plan, const tlm_log *log, tlm_shared **ret_shared, tlm_error *error);
void tlm_shared_destroy(tlm_shared *shared);

/** Creates every instance, in order. On failure those created are destroyed again by tlm_shared_destroy. */
int tlm_shared_create_instances(tlm_shared *shared, tlm_error *error);

/** Creates one instance of a plan in a host of its own and destroys it again: a tlm_plan_try. Nothing is logged. */
int tlm_shared_try(const tlm_plan *plan, uint32_t index, tlm_error *error);

/** The interface of a living instance, or NULL. */
const void *tlm_living_interface(const tlm_living *living, const char *id);

/** The dataset of dead letters, which the core itself emits. */
extern const tlm_dataset tlm_dead_letters;

#endif
