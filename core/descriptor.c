/* SPDX-License-Identifier: Apache-2.0 */
#include "descriptor.h"
#include "interfaces.h"
#include "option_table.h"

/* The sizes of the structs of ABI 0.1: later ones are longer, and what they have added is not looked at. */
#define PLUGIN_SIZE_MIN (offsetof(tlm_plugin, reserved) + sizeof(uint32_t))
#define COMPONENT_SIZE_MIN (offsetof(tlm_component, get_interface) + sizeof(void *))

static int check_abi(const tlm_plugin *plugin, uint64_t symbol_size, tlm_error *error)
{
    if (symbol_size < PLUGIN_SIZE_MIN)
        return tlm_error_set(error, -EINVAL, TLM_PLUGIN_SYMBOL ": size: expected at least %zu bytes, found %llu",
                             PLUGIN_SIZE_MIN, (unsigned long long)symbol_size);
    if (plugin->magic != TLM_PLUGIN_MAGIC)
        return tlm_error_set(error, -EINVAL, "magic: expected 0x%08x, found 0x%08x", TLM_PLUGIN_MAGIC, plugin->magic);
    if (plugin->abi_major != TLM_ABI_MAJOR)
        return tlm_error_set(error, -EINVAL,
                             "abi_major: expected %d, found %u; build the plugin with this host's headers",
                             TLM_ABI_MAJOR, plugin->abi_major);
    if (plugin->struct_size < PLUGIN_SIZE_MIN || plugin->struct_size > symbol_size)
        return tlm_error_set(error, -EINVAL, "struct_size: expected %zu to %llu, found %u", PLUGIN_SIZE_MIN,
                             (unsigned long long)symbol_size, plugin->struct_size);
    if (plugin->host_minor_min > TLM_ABI_MINOR)
        return tlm_error_set(error, -EINVAL,
                             "host_minor_min: expected at most %d, found %u; the plugin needs a newer host",
                             TLM_ABI_MINOR, plugin->host_minor_min);
    return 0;
}

static int check_plugin_fields(const tlm_plugin *plugin, tlm_error *error)
{
    if (!plugin->id || !tlm_name_is_legal(plugin->id))
        return tlm_error_set(error, -EINVAL,
                             "id: expected lower case, digits and underscores after a letter, found %.70s",
                             plugin->id ? plugin->id : "NULL");
    if (!plugin->version || !*plugin->version)
        return tlm_error_set(error, -EINVAL, "version: expected a text, found %s",
                             plugin->version ? "an empty one" : "NULL");
    if (!plugin->components || plugin->component_count == 0 || plugin->component_count > TLM_DESCRIPTOR_COMPONENTS_MAX)
        return tlm_error_set(error, -EINVAL, "component_count: expected 1 to %d, found %u%s",
                             TLM_DESCRIPTOR_COMPONENTS_MAX, plugin->component_count,
                             plugin->components ? "" : " and no components");
    return 0;
}

static int check_callbacks(const tlm_component *component, tlm_error *error)
{
    const char *missing = !component->create          ? "create"
                          : !component->start         ? "start"
                          : !component->stop          ? "stop"
                          : !component->destroy       ? "destroy"
                          : !component->get_interface ? "get_interface"
                                                      : NULL;
    if (missing)
        return tlm_error_set(error, -EINVAL, "%s: expected a function, found NULL", missing);
    return 0;
}

/** A known interface is an array of pointers (interfaces.c asserts it); none of them may be missing. */
static int check_interfaces(const tlm_component *component, tlm_error *error)
{
    for (uint32_t i = 0; i < tlm_interface_count; i++) {
        const char *offered = component->get_interface(tlm_interfaces[i].id);
        for (uint32_t j = 0; offered && j < tlm_interfaces[i].member_count; j++) {
            const void *pointer;
            memcpy(&pointer, offered + j * sizeof pointer, sizeof pointer);
            if (!pointer)
                return tlm_error_set(error, -EINVAL, "%s: %s: expected a pointer, found NULL", tlm_interfaces[i].id,
                                     tlm_interfaces[i].members[j]);
        }
    }
    return 0;
}

static int check_datasets(const tlm_component *component, tlm_error *error)
{
    if (component->dataset_count > TLM_DESCRIPTOR_DATASETS_MAX ||
        (component->dataset_count > 0 && !component->datasets))
        return tlm_error_set(error, -EINVAL, "dataset_count: expected at most %d, found %u%s",
                             TLM_DESCRIPTOR_DATASETS_MAX, component->dataset_count,
                             component->datasets ? "" : " and no datasets");
    for (uint32_t i = 0; i < component->dataset_count; i++) {
        int result = tlm_dataset_check(component->datasets[i], error);
        if (result < 0)
            return result;
        for (uint32_t j = 0; j < i; j++) {
            if (strcmp(component->datasets[i]->id, component->datasets[j]->id) == 0)
                return tlm_error_set(error, -EINVAL, "dataset '%s': id: expected one of that id, found two",
                                     component->datasets[i]->id);
        }
    }
    return 0;
}

static int check_component_body(const tlm_component *component, tlm_error *error)
{
    if (!component->summary)
        return tlm_error_set(error, -EINVAL, "summary: expected a sentence, found NULL");
    if (component->config_size > TLM_DESCRIPTOR_CONFIG_SIZE_MAX)
        return tlm_error_set(error, -EINVAL, "config_size: expected at most %u, found %u",
                             TLM_DESCRIPTOR_CONFIG_SIZE_MAX, component->config_size);
    int result = check_callbacks(component, error);
    if (result == 0)
        result = check_interfaces(component, error);
    if (result == 0)
        result = tlm_option_table_check(component->options, component->option_count, component->config_size, error);
    return result < 0 ? result : check_datasets(component, error);
}

static int check_component(const tlm_plugin *plugin, uint32_t index, tlm_error *error)
{
    const tlm_component *component = plugin->components[index];
    tlm_error cause;
    if (!component)
        return tlm_error_set(error, -EINVAL, "component %u: expected a component, found NULL", index + 1);
    if (component->struct_size < COMPONENT_SIZE_MIN)
        return tlm_error_set(error, -EINVAL, "component %u: struct_size: expected at least %zu, found %u", index + 1,
                             COMPONENT_SIZE_MIN, component->struct_size);
    if (!component->id || !tlm_name_is_legal(component->id))
        return tlm_error_set(
            error, -EINVAL, "component %u: id: expected lower case, digits and underscores after a letter, found %.70s",
            index + 1, component->id ? component->id : "NULL");
    for (uint32_t i = 0; i < index; i++) {
        if (strcmp(plugin->components[i]->id, component->id) == 0)
            return tlm_error_set(error, -EINVAL, "component '%s': id: expected one component of that id, found two",
                                 component->id);
    }
    int result = check_component_body(component, &cause);
    if (result < 0)
        return tlm_error_set(error, result, "component '%s': %.900s", component->id, cause.text);
    return 0;
}

int tlm_descriptor_check(const tlm_plugin *plugin, uint64_t symbol_size, tlm_error *error)
{
    int result = check_abi(plugin, symbol_size, error);
    if (result == 0)
        result = check_plugin_fields(plugin, error);
    for (uint32_t i = 0; result == 0 && i < plugin->component_count; i++)
        result = check_component(plugin, i, error);
    return result;
}
