/* SPDX-License-Identifier: Apache-2.0 */
#include "describe.h"
#include "interfaces.h"
#include "option.h"

#define WIDTH 96
#define INDENT 6

/** Prints a sentence in lines of at most WIDTH columns. */
static void print_wrapped(const char *text)
{
    size_t column = INDENT;
    printf("%*s", INDENT, "");
    while (*text) {
        size_t size = strcspn(text, " ");
        if (column > INDENT && column + size + 1 > WIDTH) {
            printf("\n%*s", INDENT, "");
            column = INDENT;
        }
        column += (size_t)printf("%s%.*s", column > INDENT ? " " : "", (int)size, text);
        text += size;
        text += strspn(text, " ");
    }
    printf("\n");
}

static void print_option(const tlm_option *option)
{
    char bounds[TLM_OPTION_TEXT_SIZE];
    printf("  %s  %s", option->name, tlm_option_type_name(option->type));
    if (*tlm_option_bounds(option, bounds))
        printf(", %s", bounds);
    if (option->default_text && (option->flags & TLM_OPTION_SECRET))
        printf(", has a default");
    else if (option->default_text)
        printf(", default %s%s%s", *option->default_text ? "" : "\"", option->default_text,
               *option->default_text ? "" : "\"");
    if (option->flags & TLM_OPTION_REQUIRED)
        printf(", required");
    if (option->flags & TLM_OPTION_SECRET)
        printf(", secret");
    printf("\n");
    print_wrapped(option->doc);
}

static void print_options(const tlm_option *options, uint32_t count)
{
    printf("\nOptions%s\n", count == 0 ? ": none" : "");
    for (uint32_t i = 0; i < count; i++)
        print_option(&options[i]);
}

static void print_dataset(const tlm_dataset *dataset)
{
    char flags[64], scale[16] = "";
    printf("\nDataset %s (%s)\n  %s\n", dataset->id,
           dataset->mode == TLM_DATASET_APPEND ? "a key is written once" : "the latest row of a key counts",
           dataset->doc);
    for (uint32_t i = 0; i < dataset->column_count; i++) {
        const tlm_column *column = &dataset->columns[i];
        if (column->type == TLM_COLUMN_DECIMAL)
            (void)snprintf(scale, sizeof scale, "(%u)", column->scale);
        printf("  %s  %s%s", column->name, tlm_describe_column_type(column->type),
               column->type == TLM_COLUMN_DECIMAL ? scale : "");
        if (column->unit)
            printf(", %s", column->unit);
        if (*tlm_describe_column_flags(column->flags, flags))
            printf(", %s", flags);
        printf("\n");
        print_wrapped(column->doc);
    }
}

void tlm_describe_list_text(const tlm_describe_list *list)
{
    printf("Components%s\n", list->count == 0 ? ": none; say where plugins are with --plugin-dir" : "");
    for (uint32_t i = 0; i < list->count; i++)
        printf("  %-16s %s\n", list->components[i]->id, list->components[i]->summary);
    printf("\nGroups of the host\n");
    for (uint32_t i = 0; i < tlm_plan_group_count; i++)
        printf("  %-16s %s\n", tlm_plan_groups[i].name, tlm_plan_groups[i].doc);
    printf("\n'telemetra describe NAME' tells more of one.\n");
}

void tlm_describe_group_text(const tlm_plan_group *group)
{
    printf("%s: %s\n", group->name, group->doc);
    print_options(group->options, group->option_count);
}

void tlm_describe_component_text(const tlm_component *component)
{
    char offers[TLM_OFFERS_TEXT_SIZE];
    printf("%s: %s\n\nInterfaces: %s\n", component->id, component->summary, tlm_interfaces_offered(component, offers));
    print_options(component->options, component->option_count);
    for (uint32_t i = 0; i < component->dataset_count; i++)
        print_dataset(component->datasets[i]);
}
