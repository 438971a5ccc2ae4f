/* SPDX-License-Identifier: Apache-2.0 */
#include "interfaces.h"
#include "plan_build.h"

static const char *const host_keys[] = {"component", "name", NULL};
static const char *const sink_keys[] = {"component", "name", "delivery", NULL};

/** `delivery` of a sink, read like any option; its member stands alone. */
static const char *const delivery_choices[] = {"checkpoint", "required", "best_effort", NULL}; /* TLM_DELIVERY_... */
static const tlm_option delivery_option = {.name = "delivery", .type = TLM_OPTION_CHOICE, .choices = delivery_choices};

/** One entry of a section while it is read. */
typedef struct entry {
    const tlm_plan_section *section;
    const config_setting_t *group;
    const char *where; /**< how sentences name it */
    tlm_plan_instance instance;
} entry;

int tlm_plan_name_is_legal(const char *name)
{
    size_t size = strlen(name);
    static const char legal[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
    return size > 0 && size <= TLM_NAME_SIZE_MAX && strspn(name, legal) == size;
}

void tlm_plan_name_refuse(const tlm_plan_build *build, const config_setting_t *place, const char *where,
                          const char *found)
{
    static const tlm_option name_option = {.name = "name", .type = TLM_OPTION_TEXT};
    char shown[TLM_OPTION_TEXT_SIZE];
    tlm_config_problem(build->file, place, "%s.name: expected 1 to %d letters, digits, '_', '-' or '.', found %s",
                       where, TLM_NAME_SIZE_MAX, tlm_option_found(&name_option, found, shown));
}

static const tlm_plan_instance *find_name(const tlm_plan *plan, const char *name)
{
    for (uint32_t i = 0; i < plan->instance_count; i++) {
        if (strcmp(plan->instances[i].name, name) == 0)
            return &plan->instances[i];
    }
    return NULL;
}

/** Whether a component may stand in a section: a checkpoint may be no sink, a frontend may have pages only. */
static int fits(const tlm_component *component, const tlm_plan_section *section)
{
    return component->get_interface(section->interface) ||
           (section->section == TLM_SECTION_SOURCE && component->get_interface(TLM_INTERFACE_PARTITIONS)) ||
           (section->section == TLM_SECTION_SINK && component->get_interface(TLM_INTERFACE_CHECKPOINT)) ||
           (section->section == TLM_SECTION_FRONTEND && component->get_interface(TLM_INTERFACE_PAGES));
}

/** Finds the component and checks that it offers what the section asks for. Sets `instance.component` if so. */
static int read_component(tlm_plan_build *build, entry *in)
{
    const char *id;
    int result = tlm_config_text(build->file, in->group, in->where, "component", &id);
    const config_setting_t *place = config_setting_get_member(in->group, "component");
    if (result < 0)
        return result;
    if (!place)
        tlm_config_problem(build->file, in->group, "%s: 'component' is missing: expected the id of a %s", in->where,
                           in->section->singular);
    if (!id)
        return 0; /* told */
    in->where = tlm_arena_print(build->plan->memory, "%s.%.64s", in->section->name, id);
    if (!in->where)
        return -ENOMEM;
    tlm_error error;
    char offers[TLM_OFFERS_TEXT_SIZE];
    const tlm_component *component = tlm_registry_find(build->registry, id, &error);
    if (!component) {
        tlm_config_problem(build->file, place, "%s: %s", in->where, error.text);
        return 0;
    }
    if (fits(component, in->section))
        in->instance.component = component;
    else
        tlm_config_problem(build->file, place, "%s: expected a component that offers %s, found one that offers %s",
                           in->where, in->section->interface, tlm_interfaces_offered(component, offers));
    return 0;
}

/** Sets the instance's name, unique in the file. */
static int read_name(tlm_plan_build *build, entry *in)
{
    const char *name;
    int result = tlm_config_text(build->file, in->group, in->where, "name", &name);
    if (result < 0)
        return result;
    const config_setting_t *place = config_setting_get_member(in->group, "name");
    in->instance.name = name ? name : in->instance.component->id;
    if (!tlm_plan_name_is_legal(in->instance.name)) {
        tlm_plan_name_refuse(build, place ? place : in->group, in->where, in->instance.name);
        return 0;
    }
    const tlm_plan_instance *other = find_name(build->plan, in->instance.name);
    if (other)
        tlm_config_problem(
            build->file, place ? place : in->group,
            "%s: expected a name of its own, found '%s', which %s:%u has; give one of them another 'name'", in->where,
            in->instance.name, other->file, other->line);
    else if (name)
        in->where = tlm_arena_print(build->plan->memory, "%s.%s", in->section->name, name);
    return in->where ? 0 : -ENOMEM;
}

static int read_delivery(tlm_plan_build *build, entry *in)
{
    const char *text;
    tlm_error error;
    char offers[TLM_OFFERS_TEXT_SIZE];
    int result = tlm_config_text(build->file, in->group, in->where, "delivery", &text);
    if (result < 0 || !text)
        return result;
    const config_setting_t *place = config_setting_get_member(in->group, "delivery");
    if (tlm_option_parse(&delivery_option, text, build->plan->memory, &in->instance.delivery, &error) < 0) {
        tlm_config_problem(build->file, place, "%s.delivery: %s", in->where, error.text);
        return 0;
    }
    int is_checkpoint = in->instance.delivery == TLM_DELIVERY_CHECKPOINT;
    const char *wanted = is_checkpoint ? TLM_INTERFACE_CHECKPOINT : TLM_INTERFACE_SINK;
    if (!in->instance.component->get_interface(wanted))
        tlm_config_problem(build->file, place,
                           "%s.delivery: '%s' needs a component that offers %s, found one that offers %s", in->where,
                           delivery_choices[in->instance.delivery - 1], wanted,
                           tlm_interfaces_offered(in->instance.component, offers));
    return 0;
}

static int read_options(tlm_plan_build *build, entry *in)
{
    const tlm_component *component = in->instance.component;
    /* A component without options still gets a struct of its own. */
    in->instance.config = tlm_arena_alloc(build->plan->memory, component->config_size + 1u);
    if (!in->instance.config)
        return -ENOMEM;
    const tlm_config_target target = {
        .where = in->where,
        .options = component->options,
        .option_count = component->option_count,
        .host_keys = in->section->section == TLM_SECTION_SINK ? sink_keys : host_keys,
        .config = in->instance.config,
    };
    return tlm_config_fill(build->file, in->group, in->group, &target);
}

/** Reads one entry and adds it to the plan, or counts it as refused. */
static int read_entry(tlm_plan_build *build, entry *in)
{
    tlm_plan *plan = build->plan;
    const tlm_problems *problems = build->file->problems;
    size_t problem_count = problems->count + problems->lost;
    if (!config_setting_is_group(in->group)) {
        tlm_config_problem(build->file, in->group, "%s: expected a group { component = \"...\" }, found %s", in->where,
                           tlm_config_type_name(in->group));
        build->refused[in->section->section]++;
        return 0;
    }
    int result = read_component(build, in);
    if (result < 0)
        return result;
    if (!in->instance.component) {
        build->refused[in->section->section]++;
        return 0;
    }
    result = read_name(build, in);
    if (result == 0 && in->section->section == TLM_SECTION_SINK)
        result = read_delivery(build, in);
    if (result == 0)
        result = read_options(build, in);
    if (result < 0)
        return result;
    const char *shown = tlm_config_file_shown(build->file, config_setting_source_file(in->group));
    in->instance.file = tlm_arena_copy(plan->memory, shown, strlen(shown));
    in->instance.line = config_setting_source_line(in->group);
    in->instance.section = in->section->section;
    if (!in->instance.file)
        return -ENOMEM;
    build->entries[plan->instance_count] = (tlm_plan_entry){
        .group = in->group, .where = in->where, .is_sound = problems->count + problems->lost == problem_count};
    plan->instances[plan->instance_count++] = in->instance;
    return 0;
}

static int read_section(tlm_plan_build *build, const tlm_plan_section *section, const config_setting_t *part)
{
    entry in = {.section = section, .group = part, .where = section->name};
    if (section->is_list ? !config_setting_is_list(part) : !config_setting_is_group(part))
        build->refused[section->section]++; /* told by check_parts */
    if (!section->is_list)
        return config_setting_is_group(part) ? read_entry(build, &in) : 0;
    for (int i = 0; config_setting_is_list(part) && i < config_setting_length(part); i++) {
        in = (entry){.section = section, .group = config_setting_get_elem(part, (unsigned)i)};
        in.where = tlm_arena_print(build->plan->memory, "%s[%d]", section->name, i + 1);
        int result = in.where ? read_entry(build, &in) : -ENOMEM;
        if (result < 0)
            return result;
    }
    return 0;
}

int tlm_plan_build_instances(tlm_plan_build *build)
{
    size_t most = 1; /* the codec */
    for (uint32_t i = 0; i < tlm_plan_section_count; i++) {
        const config_setting_t *part = config_setting_get_member(build->root, tlm_plan_sections[i].name);
        most += part && config_setting_is_list(part) ? (size_t)config_setting_length(part) : 0;
    }
    build->plan->instances = tlm_arena_alloc(build->plan->memory, most * sizeof(tlm_plan_instance));
    build->entries = tlm_arena_alloc(build->plan->memory, most * sizeof *build->entries);
    if (!build->plan->instances || !build->entries)
        return -ENOMEM;
    for (uint32_t i = 0; i < tlm_plan_section_count; i++) {
        const config_setting_t *part = config_setting_get_member(build->root, tlm_plan_sections[i].name);
        int result = part ? read_section(build, &tlm_plan_sections[i], part) : 0;
        if (result < 0)
            return result;
    }
    return 0;
}

/** The option that a component's sentence begins with, "NAME: ...", or NULL. */
static const tlm_option *option_named(const tlm_component *component, const char *sentence)
{
    for (uint32_t i = 0; i < component->option_count; i++) {
        size_t size = strlen(component->options[i].name);
        if (strncmp(component->options[i].name, sentence, size) == 0 && strncmp(sentence + size, ": ", 2) == 0)
            return &component->options[i];
    }
    return NULL;
}

int tlm_plan_build_try(tlm_plan_build *build)
{
    const tlm_plan *plan = build->plan;
    for (uint32_t i = 0; i < plan->instance_count && build->try_instance; i++) {
        const tlm_plan_entry *at = &build->entries[i];
        tlm_error error = {.text = "no reason was given"};
        int result = at->is_sound ? build->try_instance(plan, i, &error) : 0;
        if (result >= 0)
            continue;
        if (result == -ENOMEM)
            return result;
        const tlm_option *option = option_named(plan->instances[i].component, error.text);
        const config_setting_t *place = option ? config_setting_get_member(at->group, option->name) : NULL;
        tlm_config_problem(build->file, place ? place : at->group, "%s%s%s", at->where, option ? "." : ": ",
                           error.text);
    }
    return 0;
}
