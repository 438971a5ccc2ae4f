/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file plugin.h
 * The one symbol of a plugin and what it leads to.
 *
 * A shared object exports a const `tlm_plugin` named `telemetra_plugin` (TLM_PLUGIN). It lists components. A component
 * is what a configuration file names: an option table, a life cycle, and interfaces. What a component can be in a
 * pipeline is which interfaces it offers. Since 0.1.
 */
#ifndef TELEMETRA_PLUGIN_H
#define TELEMETRA_PLUGIN_H

#include "dataset.h"
#include "host.h"
#include "option.h"

#ifdef __cplusplus
extern "C" {
#endif

#define TLM_PLUGIN_MAGIC 0x504d4c54u /**< "TLMP" in little-endian bytes */
#define TLM_PLUGIN_SYMBOL "telemetra_plugin"

/** Another major is refused; a newer minor is refused only if the plugin's `host_minor_min` asks for it. */
#define TLM_ABI_MAJOR 0
#define TLM_ABI_MINOR 1

/** A configured, living component. Each component defines the struct in its own source file. */
typedef struct tlm_instance tlm_instance;

/** A component; static storage. Life: create, start, (interface calls), stop, destroy. */
typedef struct tlm_component {
    uint32_t struct_size;
    uint32_t config_size; /**< size of the component's config struct, at most 64 KiB */
    const char *id;       /**< name in configuration files: lower case, digits, underscores */
    const char *summary;  /**< one sentence */
    const tlm_option *options;
    uint32_t option_count;
    uint32_t dataset_count;
    const tlm_dataset *const *datasets; /**< what it emits */
    /**
     * Makes an instance. `config` was allocated and filled by the host from the option table and stays until `destroy`
     * has returned, as does `host`. No input or output here: `telemetra check` calls it too. Checks what no single
     * option's bounds can (-EINVAL). Main thread.
     */
    int (*create)(const tlm_host *host, const void *config, tlm_instance **ret_instance, tlm_error *error);
    /** Opens files, servers, threads. Main thread; interface calls begin after it succeeded. */
    int (*start)(tlm_instance *instance, tlm_error *error);
    /** Ends what `start` began; no `done` and no callback afterwards. Main thread, only after a good `start`. */
    void (*stop)(tlm_instance *instance);
    /** Frees the instance, started or not; accepts NULL. Main thread. */
    void (*destroy)(tlm_instance *instance);
    /** The const interface struct of that id ("telemetra.sink/1"), or NULL. Needs no instance; any thread. */
    const void *(*get_interface)(const char *id);
} tlm_component;

/** What a shared object exports. */
typedef struct tlm_plugin {
    uint32_t magic; /**< TLM_PLUGIN_MAGIC */
    uint16_t abi_major, abi_minor;
    uint32_t struct_size;
    uint32_t host_minor_min; /**< smallest TLM_ABI_MINOR of a host that it can live in */
    const char *id;
    const char *version;
    const tlm_component *const *components;
    uint32_t component_count;
    uint32_t reserved;
} tlm_plugin;

/** Defines the exported descriptor of a plugin from its id, its version and an array of pointers to its components. */
#ifdef __cplusplus
#define TLM_PLUGIN_LINKAGE extern "C"
#else
#define TLM_PLUGIN_LINKAGE extern
#endif
#define TLM_PLUGIN(plugin_id, plugin_version, component_array)                                                         \
    TLM_PLUGIN_LINKAGE TLM_EXPORT const tlm_plugin telemetra_plugin;                                                   \
    const tlm_plugin telemetra_plugin = {                                                                              \
        TLM_PLUGIN_MAGIC, TLM_ABI_MAJOR,  TLM_ABI_MINOR,   (uint32_t)sizeof(tlm_plugin),         TLM_ABI_MINOR,        \
        plugin_id,        plugin_version, component_array, (uint32_t)TLM_COUNT(component_array), 0}

#ifdef __cplusplus
}
#endif
#endif
