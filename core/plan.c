/* SPDX-License-Identifier: Apache-2.0 */
#include "listen_socket.h"
#include "plan_build.h"
#include "suggest.h"

#include <stdlib.h>

static const tlm_plan_group *find_group(const char *name)
{
    for (uint32_t i = 0; i < tlm_plan_group_count; i++) {
        if (strcmp(tlm_plan_groups[i].name, name) == 0)
            return &tlm_plan_groups[i];
    }
    return NULL;
}

static const tlm_plan_section *find_section(const char *name)
{
    for (uint32_t i = 0; i < tlm_plan_section_count; i++) {
        if (strcmp(tlm_plan_sections[i].name, name) == 0)
            return &tlm_plan_sections[i];
    }
    return NULL;
}

static void tell_unknown_part(const tlm_config_file *file, const config_setting_t *part)
{
    char more[TLM_SUGGEST_TEXT_SIZE];
    tlm_suggest near = tlm_suggest_begin(config_setting_name(part));
    for (uint32_t i = 0; i < tlm_plan_group_count; i++)
        tlm_suggest_offer(&near, tlm_plan_groups[i].name);
    for (uint32_t i = 0; i < tlm_plan_section_count; i++)
        tlm_suggest_offer(&near, tlm_plan_sections[i].name);
    tlm_config_problem(file, part, "unknown section '%.64s'%s", config_setting_name(part),
                       tlm_suggest_format(&near, more));
}

/** Checks that each part of the file is known and of the right shape. */
static void check_parts(const tlm_plan_build *build)
{
    for (int i = 0; i < config_setting_length(build->root); i++) {
        const config_setting_t *part = config_setting_get_elem(build->root, (unsigned)i);
        const char *name = config_setting_name(part);
        const tlm_plan_section *section = find_section(name);
        if (!section && !find_group(name))
            tell_unknown_part(build->file, part);
        else if (section && section->is_list && !config_setting_is_list(part))
            tlm_config_problem(build->file, part, "%s: expected a list of groups ( { component = \"...\" } ), found %s",
                               name, tlm_config_type_name(part));
        else if ((!section || !section->is_list) && !config_setting_is_group(part))
            tlm_config_problem(build->file, part, "%s: expected a group { ... }, found %s", name,
                               tlm_config_type_name(part));
    }
}

/** Reads `pipeline`, `listen` and `log`. */
static int read_groups(const tlm_plan_build *build)
{
    for (uint32_t i = 0; i < tlm_plan_group_count; i++) {
        const tlm_plan_group *group = &tlm_plan_groups[i];
        const config_setting_t *setting = config_setting_get_member(build->root, group->name);
        if (setting && !config_setting_is_group(setting))
            setting = NULL; /* told by check_parts */
        const tlm_config_target target = {.where = group->name,
                                          .options = group->options,
                                          .option_count = group->option_count,
                                          .config = (char *)build->plan + group->offset};
        int result = tlm_config_fill(build->file, setting, setting ? setting : build->root, &target);
        if (result < 0)
            return result;
    }
    return 0;
}

/** What the tables of the groups cannot say. Defaults are right, so that what is wrong stands in the file. */
static void check_groups(const tlm_plan_build *build)
{
    const tlm_plan *plan = build->plan;
    const config_setting_t *pipeline = config_setting_get_member(build->root, "pipeline"),
                           *listen = config_setting_get_member(build->root, "listen");
    if (!tlm_plan_name_is_legal(plan->pipeline.name))
        tlm_plan_name_refuse(build, config_setting_get_member(pipeline, "name"), "pipeline", plan->pipeline.name);
    if (!tlm_listen_socket_is_address(plan->listen.address))
        tlm_config_problem(build->file, config_setting_get_member(listen, "address"),
                           "listen.address: expected an IPv4 or IPv6 address or \"localhost\", found '%.255s'",
                           plan->listen.address);
}

static int build_plan(tlm_plan_build *build, tlm_problems *problems)
{
    build->root = config_root_setting(&build->file->config);
    check_parts(build);
    int result = read_groups(build);
    if (result < 0)
        return result;
    check_groups(build);
    result = tlm_plan_build_instances(build);
    if (result < 0)
        return result;
    tlm_plan_build_relations(build);
    result = tlm_plan_build_try(build);
    if (result < 0)
        return result;
    return problems->count + problems->lost > 0 ? -EINVAL : 0;
}

/** A plan whose memory holds itself. */
static tlm_plan *create_plan(void)
{
    tlm_arena *memory = tlm_arena_create();
    tlm_plan *plan = memory ? tlm_arena_alloc(memory, sizeof *plan) : NULL;
    if (!plan) {
        tlm_arena_destroy(memory);
        return NULL;
    }
    plan->memory = memory;
    return plan;
}

int tlm_plan_load(const char *path, tlm_registry *registry, tlm_plan_try try_instance, tlm_plan **ret_plan,
                  tlm_problems *problems)
{
    tlm_config_file file;
    int result = -ENOMEM;
    tlm_plan *plan = create_plan();
    if (plan) {
        tlm_plan_build build = {.plan = plan, .registry = registry, .try_instance = try_instance, .file = &file};
        result = tlm_config_file_init(&file, path, plan->memory, problems);
        if (result == 0)
            result = build_plan(&build, problems);
        tlm_config_file_finish(&file);
    }
    if (result == -ENOMEM)
        tlm_problems_add(problems, "%s: out of memory", path);
    if (result < 0) {
        tlm_plan_destroy(plan);
        return result;
    }
    *ret_plan = plan;
    return 0;
}

void tlm_plan_destroy(tlm_plan *plan)
{
    if (plan)
        tlm_arena_destroy(plan->memory);
}
