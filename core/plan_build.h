/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file plan_build.h
 * The steps between a parsed file and a plan. Mistakes become problems of the file; only -ENOMEM is a failure. Main
 * thread.
 */
#ifndef TLM_CORE_PLAN_BUILD_H
#define TLM_CORE_PLAN_BUILD_H

#include "config_options.h"
#include "plan.h"

/** Where an instance of the plan stands in the file. */
typedef struct tlm_plan_entry {
    const config_setting_t *group;
    const char *where; /**< how sentences name it: "sources.mock" */
    int is_sound;      /**< nothing is wrong with its own keys */
} tlm_plan_entry;

typedef struct tlm_plan_build {
    tlm_plan *plan;
    tlm_registry *registry;
    tlm_plan_try try_instance; /**< NULL: nothing is tried */
    tlm_config_file *file;
    const config_setting_t *root;
    tlm_plan_entry *entries; /**< one for each of plan->instances */
    uint32_t
        refused[TLM_SECTION_FRONTEND + 1]; /**< entries of each section that are no instance because of a mistake */
} tlm_plan_build;

/** Whether a text can be the name of an instance or of the pipeline: a label of metrics, a word of sentences. */
int tlm_plan_name_is_legal(const char *name);

/** Tells that `found`, the value of a setting, is no such name: "WHERE.name: expected ...". */
void tlm_plan_name_refuse(const tlm_plan_build *build, const config_setting_t *place, const char *where,
                          const char *found);

/** Whether a NULL-terminated list has `id`; NULL is an empty one. */
int tlm_plan_lists(const char *const *ids, const char *id);

/** Reads the instances of all sections into the plan. */
int tlm_plan_build_instances(tlm_plan_build *build);

/** Settles the deliveries and checks what instances need of each other. Adds to the file's problems. */
void tlm_plan_build_relations(tlm_plan_build *build);

/** Checks what processors need of each other. Adds to the file's problems. */
void tlm_plan_build_processors(tlm_plan_build *build);

/** Tries each sound instance. */
int tlm_plan_build_try(tlm_plan_build *build);

#endif
