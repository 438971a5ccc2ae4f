/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file health.h
 * The state of every instance and lane, as they report it and as the core sees it. Any thread.
 */
#ifndef TLM_CORE_HEALTH_H
#define TLM_CORE_HEALTH_H

#include "log.h"

#include <telemetra/telemetra.h>

typedef struct tlm_health tlm_health;
typedef struct tlm_health_entry tlm_health_entry;

int tlm_health_create(const tlm_log *log, tlm_health **ret_health);
void tlm_health_destroy(tlm_health *health);

/** Adds an entry, ok at first; the name is copied, `component` must outlive the health. NULL when memory is short. */
tlm_health_entry *tlm_health_add(tlm_health *health, const char *name, const char *component, uint32_t is_store);

/** Sets an entry's state. A change is logged once: a worse one as a warning or an error, a recovery as information. */
void tlm_health_set(tlm_health_entry *entry, uint32_t status, tlm_text message);

/**
 * As tlm_health_set, for a failure that another entry may have told of already: if that one is not ok, neither this
 * change nor the recovery from it is logged again.
 */
void tlm_health_follow(tlm_health_entry *entry, const tlm_health_entry *cause, uint32_t status, tlm_text message);

/** Whether the last state set was ok: 1 or 0. */
int tlm_health_is_ok(const tlm_health_entry *entry);

/**
 * An entry whose state is looked up when a report is made: `probe` fills a message and returns the status. It must not
 * block. Replaces what tlm_health_set said only if it is worse.
 */
void tlm_health_probe(tlm_health_entry *entry, uint32_t (*probe)(void *context, tlm_error *message), void *context);

/**
 * Whether an entry is told of while it is ok: 1, at first, or 0 for one whose subject is not this process' business
 * now, as a lane that another process has. What is not ok is always told.
 */
void tlm_health_show(tlm_health_entry *entry, uint32_t is_shown);

/** As tlm_health_service.report. */
uint32_t tlm_health_report(tlm_health *health, void (*visit)(void *context, const tlm_health_item *item),
                           void *context);

#endif
