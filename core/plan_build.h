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

typedef struct tlm_plan_build {
    tlm_plan *plan;
    tlm_registry *registry;
    tlm_config_file *file;
    const config_setting_t *root;
    uint32_t
        refused[TLM_SECTION_FRONTEND + 1]; /**< entries of each section that are no instance because of a mistake */
} tlm_plan_build;

/** Reads the instances of all sections into the plan. */
int tlm_plan_build_instances(tlm_plan_build *build);

/** Settles the deliveries and checks what instances need of each other. Adds to the file's problems. */
void tlm_plan_build_relations(tlm_plan_build *build);

#endif
