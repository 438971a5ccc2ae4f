/* SPDX-License-Identifier: Apache-2.0 */
/* `telemetra plugin list` and `telemetra version`. */
#include "cli.h"

static int print_entry(void *context, const tlm_registry_entry *entry)
{
    int *refused = context;
    if (entry->refusal) {
        ++*refused;
        printf("refused  %s\n", entry->refusal);
        return 0;
    }
    printf("%s %s  %s\n", entry->plugin->id, entry->plugin->version, entry->path);
    for (uint32_t i = 0; i < entry->plugin->component_count; i++)
        printf("  %-16s %s\n", entry->plugin->components[i]->id, entry->plugin->components[i]->summary);
    return 0;
}

static void print_warning(void *context, const char *warning)
{
    (void)context;
    fprintf(stderr, "telemetra: warning: %s\n", warning);
}

int tlm_cli_plugin_list(const tlm_cli *cli)
{
    int refused = 0;
    int result = tlm_registry_each(cli->registry, print_entry, &refused);
    tlm_registry_warnings(cli->registry, print_warning, NULL);
    if (result < 0)
        fprintf(stderr, "telemetra: plugin list: %s\n", strerror(-result));
    return result < 0 || refused > 0 ? TLM_EXIT_FAILED : TLM_EXIT_GOOD;
}

int tlm_cli_version(const tlm_cli *cli)
{
    (void)cli;
    printf("telemetra %s (plugin ABI %d.%d)\n", TELEMETRA_VERSION, TLM_ABI_MAJOR, TLM_ABI_MINOR);
    return TLM_EXIT_GOOD;
}
