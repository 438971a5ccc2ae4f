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
 * loaded yet. A folder that does not exist is an empty one. The strings must outlive it.
 */
int tlm_registry_create(const char *const *folders, uint32_t folder_count, tlm_registry **ret_registry);
/**
 * Frees the registry. Loaded objects stay loaded, since threads may still be in their code, and so does the descriptor
 * each was loaded through: glibc knows an object by its "/proc/self/fd/N", so N must not come to mean another one.
 * Accepts NULL.
 */
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

/** Loads every object and calls `visit` for each, in order of folder and name; stops at a non-zero result. -ENOMEM. */
int tlm_registry_each(tlm_registry *registry, int (*visit)(void *context, const tlm_registry_entry *entry),
                      void *context);

/** Calls `visit` for each thing about the objects loaded so far that is doubtful but no reason to refuse them. */
void tlm_registry_warnings(const tlm_registry *registry, void (*visit)(void *context, const char *warning),
                           void *context);

#endif
