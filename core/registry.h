/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file registry.h
 * The plugins of the trusted folders: found, checked, loaded. Main thread only.
 */
#ifndef TLM_CORE_REGISTRY_H
#define TLM_CORE_REGISTRY_H

#include <telemetra/telemetra.h>

typedef struct tlm_registry tlm_registry;

/**
 * Makes a registry over plugin folders, searched in order; the first plugin that has a component's id wins. Nothing is
 * loaded yet. The strings must outlive it.
 */
int tlm_registry_create(const char *const *folders, uint32_t folder_count, tlm_registry **ret_registry);
/** Frees the registry. Objects whose components were started stay loaded. Accepts NULL. */
void tlm_registry_destroy(tlm_registry *registry);

/**
 * The component of that id: FOLDER/ID.so is tried first, then every other object of the folders. NULL: there is none;
 * `error` then says which object was refused and why, or names a near id.
 */
const tlm_component *tlm_registry_find(tlm_registry *registry, const char *id, tlm_error *error);

/** One object of a folder: loaded (`plugin` set) or refused (`refusal` set: a sentence naming file, field, expected,
 * found). */
typedef struct tlm_registry_entry {
    const char *path;
    const tlm_plugin *plugin;
    const char *refusal;
} tlm_registry_entry;

/** Loads every object and calls `visit` for each, in order of folder and name; stops at a non-zero result. */
int tlm_registry_each(tlm_registry *registry, int (*visit)(void *context, const tlm_registry_entry *entry),
                      void *context);

#endif
