/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file registry_load.h
 * One object: opened, checked, loaded. Main thread.
 */
#ifndef TLM_CORE_REGISTRY_LOAD_H
#define TLM_CORE_REGISTRY_LOAD_H

#include <telemetra/telemetra.h>

/**
 * Opens the object once and loads what it checked, through "/proc/self/fd/N". A loaded object is never unloaded and
 * keeps its descriptor. `path` is in `folder`, the real path of a folder that is trusted. Refusals are sentences that
 * name file, field, expected and found. `warning` is left empty unless a group may write to it.
 */
int tlm_registry_load(const char *folder, const char *path, const tlm_plugin **ret_plugin, tlm_error *warning,
                      tlm_error *error);

#endif
