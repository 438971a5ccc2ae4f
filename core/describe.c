/* SPDX-License-Identifier: Apache-2.0 */
/* `telemetra describe`: finds what is to be described. */
#include "describe.h"
#include "cli.h"
#include "suggest.h"

#include <stdlib.h>

const char *tlm_describe_column_type(uint32_t type)
{
    static const char *const names[] = {"?", "text", "integer", "decimal", "time", "bool", "json", "bytes"};
    return type < TLM_COUNT(names) ? names[type] : names[0];
}

const char *tlm_describe_column_flags(uint32_t flags, char out[static 64])
{
    static const char *const names[] = {"key", "nullable", "stream", "timeline"}; /* in the order of their bits */
    size_t used = 0;
    out[0] = '\0';
    for (uint32_t i = 0; i < TLM_COUNT(names); i++) {
        if (!(flags & (1u << i)))
            continue;
        int size = snprintf(out + used, 64 - used, "%s%s", used > 0 ? ", " : "", names[i]);
        used += size > 0 ? (size_t)size : 0;
    }
    return out;
}

static int is_listed(const tlm_describe_list *list, const char *id)
{
    for (uint32_t i = 0; i < list->count; i++) {
        if (strcmp(list->components[i]->id, id) == 0)
            return 1;
    }
    return 0;
}

static int add_components(void *context, const tlm_registry_entry *entry)
{
    tlm_describe_list *list = context;
    if (entry->refusal) {
        fprintf(stderr, "telemetra: warning: plugin refused: %s\n", entry->refusal);
        return 0;
    }
    for (uint32_t i = 0; i < entry->plugin->component_count; i++) {
        const tlm_component *component = entry->plugin->components[i];
        if (is_listed(list, component->id))
            continue;
        const tlm_component **grown = realloc(list->components, (list->count + 1) * sizeof *grown);
        if (!grown)
            return -ENOMEM;
        list->components = grown;
        list->components[list->count++] = component;
    }
    return 0;
}

static int compare_ids(const void *a, const void *b)
{
    const tlm_component *const *left = a, *const *right = b;
    return strcmp((*left)->id, (*right)->id);
}

static int describe_all(const tlm_cli *cli)
{
    tlm_describe_list list = {0};
    int result = tlm_registry_each(cli->registry, add_components, &list);
    if (result < 0) {
        fprintf(stderr, "telemetra: describe: %s\n", strerror(-result));
        free(list.components);
        return TLM_EXIT_FAILED;
    }
    if (list.count > 0)
        qsort(list.components, list.count, sizeof *list.components, compare_ids);
    if (cli->is_markdown)
        tlm_describe_reference_markdown(&list);
    else
        tlm_describe_list_text(&list);
    free(list.components);
    return TLM_EXIT_GOOD;
}

static const tlm_plan_group *find_group(const char *name)
{
    for (uint32_t i = 0; i < tlm_plan_group_count; i++) {
        if (strcmp(tlm_plan_groups[i].name, name) == 0)
            return &tlm_plan_groups[i];
    }
    return NULL;
}

/** The registry's sentence knows of components only. */
static void tell_missing(const char *name, const char *sentence)
{
    tlm_suggest near = tlm_suggest_begin(name);
    for (uint32_t i = 0; i < tlm_plan_group_count; i++)
        tlm_suggest_offer(&near, tlm_plan_groups[i].name);
    fprintf(stderr, "telemetra: describe: %s", sentence);
    if (near.nearest)
        fprintf(stderr, "%s the group '%s'?", strstr(sentence, "; did you mean") ? " Or" : "; did you mean",
                near.nearest);
    fprintf(stderr, "\n");
}

int tlm_cli_describe(const tlm_cli *cli)
{
    if (!cli->subject)
        return describe_all(cli);
    const tlm_plan_group *group = find_group(cli->subject);
    if (group) {
        (cli->is_markdown ? tlm_describe_group_markdown : tlm_describe_group_text)(group);
        return TLM_EXIT_GOOD;
    }
    tlm_error error;
    const tlm_component *component = tlm_registry_find(cli->registry, cli->subject, &error);
    if (!component) {
        tell_missing(cli->subject, error.text);
        return TLM_EXIT_FAILED;
    }
    (cli->is_markdown ? tlm_describe_component_markdown : tlm_describe_component_text)(component);
    return TLM_EXIT_GOOD;
}
