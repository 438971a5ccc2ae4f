/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file describe.h
 * Options, interfaces and datasets printed from their tables. Main thread; to standard output, whose errors are noticed
 * when it is flushed.
 */
#ifndef TLM_CORE_DESCRIBE_H
#define TLM_CORE_DESCRIBE_H

#include "plan.h"

/** All components of the registry in byte order of their ids; a later one of an id already seen is left out. */
typedef struct tlm_describe_list {
    const tlm_component **components;
    uint32_t count;
} tlm_describe_list;

/** Prints columns in a terminal. */
void tlm_describe_list_text(const tlm_describe_list *list);
void tlm_describe_group_text(const tlm_plan_group *group);
void tlm_describe_component_text(const tlm_component *component);

/** Prints Markdown. */
void tlm_describe_reference_markdown(const tlm_describe_list *list);
void tlm_describe_group_markdown(const tlm_plan_group *group);
void tlm_describe_component_markdown(const tlm_component *component);

/** Name of a column type: "decimal". */
const char *tlm_describe_column_type(uint32_t type);

/** A column's flags in words, "key, stream", or an empty text; returns `out`. */
const char *tlm_describe_column_flags(uint32_t flags, char out[static 64]);

#endif
