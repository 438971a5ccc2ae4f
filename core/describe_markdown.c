/* SPDX-License-Identifier: Apache-2.0 */
#include "describe.h"
#include "interfaces.h"
#include "option.h"

/** Prints a text inside a table's cell: what would end the cell is escaped. */
static void print_cell(const char *text)
{
    for (; *text; text++) {
        if (*text == '|')
            printf("\\|");
        else
            putchar(*text == '\n' ? ' ' : *text);
    }
}

static void print_default(const tlm_option *option)
{
    if (option->flags & TLM_OPTION_REQUIRED)
        printf("*required*");
    else if (option->default_text && (option->flags & TLM_OPTION_SECRET))
        printf("***");
    else if (option->default_text && *option->default_text) {
        printf("`");
        print_cell(option->default_text);
        printf("`");
    } else if (option->default_text)
        printf("`\"\"`");
}

static void print_option(const tlm_option *option)
{
    char bounds[TLM_OPTION_TEXT_SIZE];
    printf("| `%s` | %s%s | ", option->name, tlm_option_type_name(option->type),
           option->flags & TLM_OPTION_SECRET ? ", secret" : "");
    print_default(option);
    printf(" | ");
    print_cell(tlm_option_bounds(option, bounds));
    printf(" | ");
    print_cell(option->doc);
    printf(" |\n");
}

static void print_options(const tlm_option *options, uint32_t count)
{
    if (count == 0) {
        printf("No options.\n\n");
        return;
    }
    printf("| option | type | default | bounds | what it does |\n|---|---|---|---|---|\n");
    for (uint32_t i = 0; i < count; i++)
        print_option(&options[i]);
    printf("\n");
}

static void print_column(const tlm_column *column)
{
    char flags[64];
    printf("| `%s` | %s", column->name, tlm_describe_column_type(column->type));
    if (column->type == TLM_COLUMN_DECIMAL)
        printf("(%u)", column->scale);
    printf(" | ");
    print_cell(column->unit ? column->unit : "");
    printf(" | %s | ", tlm_describe_column_flags(column->flags, flags));
    print_cell(column->doc);
    printf(" |\n");
}

static void print_dataset(const tlm_dataset *dataset)
{
    printf("#### Dataset `%s`\n\n%s %s\n\n", dataset->id, dataset->doc,
           dataset->mode == TLM_DATASET_APPEND ? "A key is written once." : "The latest row of a key counts.");
    printf("| column | type | unit | | what it is |\n|---|---|---|---|---|\n");
    for (uint32_t i = 0; i < dataset->column_count; i++)
        print_column(&dataset->columns[i]);
    printf("\n");
}

void tlm_describe_group_markdown(const tlm_plan_group *group)
{
    printf("### `%s`\n\n%s\n\n", group->name, group->doc);
    print_options(group->options, group->option_count);
}

void tlm_describe_component_markdown(const tlm_component *component)
{
    char offers[TLM_OFFERS_TEXT_SIZE];
    printf("### `%s`\n\n%s Offers %s.\n\n", component->id, component->summary,
           tlm_interfaces_offered(component, offers));
    print_options(component->options, component->option_count);
    for (uint32_t i = 0; i < component->dataset_count; i++)
        print_dataset(component->datasets[i]);
}

static void print_sections(void)
{
    printf("## Sections of the file\n\n"
           "Every entry names its `component`; `name` (default: the component's id) must be unique in the file; an "
           "entry of\n"
           "`sinks` may say `delivery = \"checkpoint\"`, `\"required\"` or `\"best_effort\"`. All other keys are "
           "options of the\n"
           "component.\n\n| section | shape | its components offer |\n|---|---|---|\n");
    for (uint32_t i = 0; i < tlm_plan_section_count; i++)
        printf("| `%s` | %s | `%s` |\n", tlm_plan_sections[i].name,
               tlm_plan_sections[i].is_list ? "list of groups" : "group", tlm_plan_sections[i].interface);
    printf("\n");
}

void tlm_describe_reference_markdown(const tlm_describe_list *list)
{
    printf("# Option reference\n\nWritten by `telemetra describe --markdown`: do not edit it by hand.\n\n"
           "Durations are written `\"500ms\"`, `\"10s\"`, `\"5m\"`, `\"2h\"`, `\"7d\"` or as a number of seconds; "
           "sizes `\"64KiB\"`,\n"
           "`\"1MiB\"`, `\"2GiB\"` or as a number of bytes. Any value may be a text, in which `${NAME}`, "
           "`${NAME:-default}` and\n"
           "`${file:PATH}` are replaced (`$${` is a literal `${`).\n\n");
    print_sections();
    printf("## Groups of the host\n\n");
    for (uint32_t i = 0; i < tlm_plan_group_count; i++)
        tlm_describe_group_markdown(&tlm_plan_groups[i]);
    printf("## Components\n\n");
    for (uint32_t i = 0; i < list->count; i++)
        tlm_describe_component_markdown(list->components[i]);
}
