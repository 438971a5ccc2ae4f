/* SPDX-License-Identifier: Apache-2.0 */
#include "registry.h"
#include "arena.h"
#include "registry_load.h"
#include "suggest.h"
#include "trust.h"

#include <dirent.h>
#include <stdlib.h>

/** Most objects of all folders. */
#define OBJECTS_MAX 1024

/** An object of a folder; neither plugin nor refusal: not looked at yet. */
typedef struct object {
    const char *folder; /**< real path */
    const char *path;
    const char *stem; /**< file name without ".so" */
    const tlm_plugin *plugin;
    const char *refusal;
} object;

typedef struct warning {
    struct warning *next;
    const char *sentence;
} warning;

struct tlm_registry {
    const char *const *folders;
    uint32_t folder_count;
    uint32_t object_count;
    int is_listed;
    tlm_arena *memory;
    warning *warnings;
    object objects[OBJECTS_MAX];
};

int tlm_registry_create(const char *const *folders, uint32_t folder_count, tlm_registry **ret_registry)
{
    tlm_registry *registry = calloc(1, sizeof *registry);
    if (!registry)
        return -ENOMEM;
    registry->folders = folders;
    registry->folder_count = folder_count;
    registry->memory = tlm_arena_create();
    if (!registry->memory) {
        free(registry);
        return -ENOMEM;
    }
    *ret_registry = registry;
    return 0;
}

void tlm_registry_destroy(tlm_registry *registry)
{
    if (!registry)
        return;
    tlm_arena_destroy(registry->memory);
    free(registry);
}

/** Keeps a sentence, once. */
static int add_warning(tlm_registry *registry, const char *sentence)
{
    for (const warning *at = registry->warnings; at; at = at->next) {
        if (strcmp(at->sentence, sentence) == 0)
            return 0;
    }
    warning *new = tlm_arena_alloc(registry->memory, sizeof *new);
    if (!new)
        return -ENOMEM;
    new->sentence = tlm_arena_copy(registry->memory, sentence, strlen(sentence));
    new->next = registry->warnings;
    if (!new->sentence)
        return -ENOMEM;
    registry->warnings = new;
    return 0;
}

/** Adds an object; `refusal` (copied, may be NULL) is why it will not even be opened. */
static int add_object(tlm_registry *registry, const char *folder, const char *file_name, const char *refusal)
{
    if (registry->object_count == OBJECTS_MAX)
        return add_warning(registry, "the plugin folders hold more objects than are looked at (1024)");
    object *new = &registry->objects[registry->object_count];
    size_t size = strlen(file_name);
    size_t stem_size = size > 3 ? size - 3 : size; /* without ".so" */
    *new = (object){.folder = folder};
    new->path = *file_name ? tlm_arena_print(registry->memory, "%s/%s", folder, file_name) : folder;
    new->stem = tlm_arena_copy(registry->memory, file_name, stem_size);
    new->refusal = refusal ? tlm_arena_copy(registry->memory, refusal, strlen(refusal)) : NULL;
    if (!new->path || !new->stem || (refusal && !new->refusal))
        return -ENOMEM;
    registry->object_count++;
    return 0;
}

static int is_object_name(const struct dirent *entry)
{
    size_t size = strlen(entry->d_name);
    return size > 3 && entry->d_name[0] != '.' && strcmp(entry->d_name + size - 3, ".so") == 0;
}

/** By bytes: alphasort would go by the locale. */
static int compare_names(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int list_folder(tlm_registry *registry, const char *folder, const char *refusal)
{
    struct dirent **entries = NULL;
    int count = scandir(folder, &entries, is_object_name, compare_names);
    if (count < 0 && errno == ENOMEM)
        return -ENOMEM;
    if (count < 0) {
        tlm_error error;
        (void)tlm_error_set(&error, 0, "folder %s: cannot list it: %s", folder, strerror(errno));
        return add_object(registry, folder, "", error.text);
    }
    int result = 0;
    for (int i = 0; i < count; i++) {
        if (result == 0)
            result = add_object(registry, folder, entries[i]->d_name, refusal);
        free(entries[i]);
    }
    free(entries);
    return result;
}

static int is_listed_already(const tlm_registry *registry, const char *folder)
{
    for (uint32_t i = 0; i < registry->object_count; i++) {
        if (strcmp(registry->objects[i].folder, folder) == 0)
            return 1;
    }
    return 0;
}

static int list_trusted_folder(tlm_registry *registry, const char *path)
{
    tlm_error caution = {.text = ""}, error;
    char *real = realpath(path, NULL);
    if (!real && errno == ENOENT)
        return 0;
    if (!real) {
        (void)tlm_error_set(&error, 0, "folder %s: %s", path, strerror(errno));
        return add_object(registry, path, "", error.text);
    }
    const char *folder = tlm_arena_copy(registry->memory, real, strlen(real));
    free(real);
    if (!folder)
        return -ENOMEM;
    if (is_listed_already(registry, folder))
        return 0;
    int trusted = tlm_trust_folder(folder, &caution, &error);
    int result = list_folder(registry, folder, trusted < 0 ? error.text : NULL);
    return result == 0 && caution.text[0] ? add_warning(registry, caution.text) : result;
}

static int list_folders(tlm_registry *registry)
{
    if (registry->is_listed)
        return 0;
    registry->is_listed = 1;
    for (uint32_t i = 0; i < registry->folder_count; i++) {
        int result = list_trusted_folder(registry, registry->folders[i]);
        if (result < 0)
            return result;
    }
    return 0;
}

/** Loads an object unless that was tried before; a refusal is a result, only -ENOMEM is a failure. */
static int load_object(tlm_registry *registry, object *at)
{
    tlm_error caution = {.text = ""}, error;
    if (at->plugin || at->refusal)
        return 0;
    int result = tlm_registry_load(at->folder, at->path, &at->plugin, &caution, &error);
    if (result == 0)
        return caution.text[0] ? add_warning(registry, caution.text) : 0;
    at->refusal = tlm_arena_copy(registry->memory, error.text, strlen(error.text));
    return at->refusal ? 0 : -ENOMEM;
}

static const tlm_component *component_of(const tlm_plugin *plugin, const char *id)
{
    for (uint32_t i = 0; plugin && i < plugin->component_count; i++) {
        if (strcmp(plugin->components[i]->id, id) == 0)
            return plugin->components[i];
    }
    return NULL;
}

/** Loads objects until one has the component; only those named after it when `is_named` is set. */
static int search(tlm_registry *registry, const char *id, int is_named, const tlm_component **ret_component)
{
    for (uint32_t i = 0; i < registry->object_count && !*ret_component; i++) {
        object *at = &registry->objects[i];
        if (is_named && strcmp(at->stem, id) != 0)
            continue;
        int result = load_object(registry, at);
        if (result < 0)
            return result;
        *ret_component = component_of(at->plugin, id);
    }
    return 0;
}

static void tell_missing(const tlm_registry *registry, const char *id, tlm_error *error)
{
    char more[TLM_SUGGEST_TEXT_SIZE];
    uint32_t refused = 0;
    tlm_suggest near = tlm_suggest_begin(id);
    for (uint32_t i = 0; i < registry->object_count; i++) {
        const object *at = &registry->objects[i];
        refused += at->refusal != NULL;
        if (at->refusal && strcmp(at->stem, id) == 0) {
            (void)tlm_error_set(error, 0, "component '%s' is not there, its plugin was refused: %s", id, at->refusal);
            return;
        }
        for (uint32_t j = 0; at->plugin && j < at->plugin->component_count; j++)
            tlm_suggest_offer(&near, at->plugin->components[j]->id);
    }
    (void)tlm_error_set(error, 0, "no plugin has a component '%.64s'%s%s", id, tlm_suggest_format(&near, more),
                        registry->object_count == 0
                            ? "; there is no plugin at all: say where they are with --plugin-dir"
                        : refused > 0 ? " ('telemetra plugin list' tells of refused plugins)"
                                      : "");
}

const tlm_component *tlm_registry_find(tlm_registry *registry, const char *id, tlm_error *error)
{
    const tlm_component *component = NULL;
    int result = list_folders(registry);
    if (result == 0)
        result = search(registry, id, 1, &component);
    if (result == 0 && !component)
        result = search(registry, id, 0, &component);
    if (result < 0)
        (void)tlm_error_set(error, result, "looking for component '%.64s': out of memory", id);
    else if (!component)
        tell_missing(registry, id, error);
    return result < 0 ? NULL : component;
}

int tlm_registry_each(tlm_registry *registry, int (*visit)(void *context, const tlm_registry_entry *entry),
                      void *context)
{
    int result = list_folders(registry);
    for (uint32_t i = 0; result == 0 && i < registry->object_count; i++) {
        object *at = &registry->objects[i];
        result = load_object(registry, at);
        const tlm_registry_entry entry = {.path = at->path, .plugin = at->plugin, .refusal = at->refusal};
        if (result == 0)
            result = visit(context, &entry);
    }
    return result;
}

void tlm_registry_warnings(const tlm_registry *registry, void (*visit)(void *context, const char *warning),
                           void *context)
{
    for (const warning *at = registry->warnings; at; at = at->next)
        visit(context, at->sentence);
}
