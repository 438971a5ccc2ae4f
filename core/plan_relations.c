/* SPDX-License-Identifier: Apache-2.0 */
#include "plan_build.h"
#include "suggest.h"

static const config_setting_t *part(const tlm_plan_build *build, const char *name)
{
    return config_setting_get_member(build->root, name);
}

/** Whether a list section has entries, good or not. */
static int has_entries(const tlm_plan_build *build, const char *name)
{
    const config_setting_t *setting = part(build, name);
    return setting && (!config_setting_is_list(setting) || config_setting_length(setting) > 0);
}

static int offers_checkpoint(const tlm_plan_instance *instance)
{
    return instance->section == TLM_SECTION_SINK && instance->component->get_interface(TLM_INTERFACE_CHECKPOINT);
}

/** Counts sinks that say "checkpoint", and those that offer one and say nothing; each with its first. */
static void count_checkpoints(tlm_plan *plan, uint32_t *ret_said, uint32_t *ret_silent,
                              tlm_plan_instance **ret_silent_first)
{
    for (uint32_t i = 0; i < plan->instance_count; i++) {
        tlm_plan_instance *instance = &plan->instances[i];
        *ret_said += instance->delivery == TLM_DELIVERY_CHECKPOINT;
        if (!offers_checkpoint(instance) || instance->delivery != 0)
            continue;
        if ((*ret_silent)++ == 0)
            *ret_silent_first = instance;
    }
}

/** Gives each sink that says nothing its delivery. */
static void settle_deliveries(tlm_plan_build *build)
{
    tlm_plan *plan = build->plan;
    uint32_t said = 0, silent = 0;
    tlm_plan_instance *first = NULL;
    count_checkpoints(plan, &said, &silent, &first);
    if (said == 0 && silent == 1)
        first->delivery = TLM_DELIVERY_CHECKPOINT;
    for (uint32_t i = 0; i < plan->instance_count; i++) {
        tlm_plan_instance *sink = &plan->instances[i];
        if (sink->section != TLM_SECTION_SINK || sink->delivery != 0)
            continue;
        sink->delivery = TLM_DELIVERY_REQUIRED;
        if (!sink->component->get_interface(TLM_INTERFACE_SINK) && said > 0)
            tlm_problems_add(
                build->file->problems,
                "%s:%u: sinks.%s: expected a component that offers %s, found one that is a checkpoint only, and "
                "there is another checkpoint",
                sink->file, sink->line, sink->name, TLM_INTERFACE_SINK);
    }
}

/** Exactly one checkpoint where there are sources. */
static void check_checkpoint(tlm_plan_build *build)
{
    const tlm_plan *plan = build->plan;
    const tlm_plan_instance *first = NULL, *offering = NULL;
    for (uint32_t i = 0; i < plan->instance_count; i++) {
        const tlm_plan_instance *instance = &plan->instances[i];
        if (!offering && offers_checkpoint(instance))
            offering = instance;
        if (instance->delivery != TLM_DELIVERY_CHECKPOINT)
            continue;
        if (first)
            tlm_problems_add(build->file->problems,
                             "%s:%u: sinks.%s.delivery: expected one checkpoint in the file, found a second one after "
                             "'%s' (%s:%u); write delivery = \"required\" in one of them",
                             instance->file, instance->line, instance->name, first->name, first->file, first->line);
        else
            first = instance;
    }
    if (first || !has_entries(build, "sources") || build->refused[TLM_SECTION_SINK] > 0)
        return;
    const config_setting_t *place = part(build, has_entries(build, "sinks") ? "sinks" : "sources");
    if (offering)
        tlm_config_problem(build->file, place,
                           "sinks: expected one checkpoint, found none; write delivery = \"checkpoint\" in '%s'",
                           offering->name);
    else
        tlm_config_problem(build->file, place,
                           "sinks: expected one that offers %s, found none; sources need a checkpoint",
                           TLM_INTERFACE_CHECKPOINT);
}

/** A log with partitions of its own says how many lanes there are, and nothing else is read beside it. */
static void check_partitions(tlm_plan_build *build)
{
    const tlm_plan *plan = build->plan;
    const tlm_plan_instance *partitioned = NULL, *other = NULL;
    for (uint32_t i = 0; i < plan->instance_count; i++) {
        const tlm_plan_instance *instance = &plan->instances[i];
        if (instance->section != TLM_SECTION_SOURCE)
            continue;
        if (!partitioned && instance->component->get_interface(TLM_INTERFACE_PARTITIONS))
            partitioned = instance;
        else
            other = instance;
    }
    if (!partitioned)
        return;
    if (other)
        tlm_problems_add(build->file->problems,
                         "%s:%u: sources.%s: expected no other source beside '%s' (%s:%u), whose log has partitions of "
                         "its own; use a pipeline for each",
                         other->file, other->line, other->name, partitioned->name, partitioned->file,
                         partitioned->line);
    if (plan->pipeline.lanes != 1)
        tlm_problems_add(build->file->problems,
                         "%s:%u: sources.%s: expected no pipeline.lanes in the file, found %lld; each partition of its "
                         "log is a lane",
                         partitioned->file, partitioned->line, partitioned->name, (long long)plan->pipeline.lanes);
}

static void check_sources(tlm_plan_build *build)
{
    const config_setting_t *sources = part(build, "sources");
    if (has_entries(build, "sources") && !part(build, "codec"))
        tlm_config_problem(build->file, sources,
                           "codec: expected a group { component = \"...\" }, found none; sources need a codec");
    if (!has_entries(build, "sources") && !has_entries(build, "frontends"))
        tlm_config_problem(build->file, build->root,
                           "expected at least one source or frontend, found neither: there is nothing to run");
}

/** Pages need somebody who speaks HTTP: the frontend that takes what no longer prefix does. */
static void check_pages(const tlm_plan_build *build)
{
    const tlm_plan *plan = build->plan;
    const tlm_plan_instance *pages = NULL;
    for (uint32_t i = 0; i < plan->instance_count; i++) {
        const tlm_plan_instance *instance = &plan->instances[i];
        if (instance->section != TLM_SECTION_FRONTEND)
            continue;
        const tlm_frontend *frontend = instance->component->get_interface(TLM_INTERFACE_FRONTEND);
        if (frontend && tlm_plan_lists(frontend->prefixes, "/"))
            return;
        pages = pages || frontend ? pages : instance;
    }
    if (pages && !build->refused[TLM_SECTION_FRONTEND])
        tlm_problems_add(build->file->problems,
                         "%s:%u: frontends.%s: expected a frontend beside it that takes the path \"/\", found "
                         "none; it has pages only",
                         pages->file, pages->line, pages->name);
}

static const tlm_frontend *frontend_of(const tlm_plan_instance *instance)
{
    return instance->section == TLM_SECTION_FRONTEND ? instance->component->get_interface(TLM_INTERFACE_FRONTEND)
                                                     : NULL;
}

static const tlm_plan_instance *find_prefix(const tlm_plan *plan, const tlm_plan_instance *end, const char *prefix)
{
    for (const tlm_plan_instance *instance = plan->instances; instance < end; instance++) {
        const tlm_frontend *frontend = frontend_of(instance);
        for (const char *const *own = frontend ? frontend->prefixes : NULL; own && *own; own++)
            if (!strcmp(*own, prefix))
                return instance;
    }
    return NULL;
}

/** A path prefix has one frontend: a second one would get no connection. */
static void check_prefixes(const tlm_plan_build *build)
{
    const tlm_plan *plan = build->plan;
    uint32_t count = 0;
    for (uint32_t i = 0; i < plan->instance_count; i++) {
        const tlm_plan_instance *instance = &plan->instances[i];
        const tlm_frontend *frontend = frontend_of(instance);
        for (const char *const *prefix = frontend ? frontend->prefixes : NULL; prefix && *prefix; prefix++) {
            const tlm_plan_instance *first = find_prefix(plan, instance, *prefix);
            if (first)
                tlm_problems_add(build->file->problems,
                                 "%s:%u: frontends.%s: expected path prefixes of its own, found '%s', which '%s' "
                                 "(%s:%u) serves too",
                                 instance->file, instance->line, instance->name, *prefix, first->name, first->file,
                                 first->line);
            if (count++ == TLM_PREFIXES_MAX)
                tlm_problems_add(build->file->problems,
                                 "%s:%u: frontends.%s: expected at most %d path prefixes in a file, found more with "
                                 "this one",
                                 instance->file, instance->line, instance->name, TLM_PREFIXES_MAX);
        }
    }
}

/** Tells of the first instance of a section that is one too many. */
static void check_count(tlm_plan_build *build, uint32_t section, const char *name, uint32_t most)
{
    const tlm_plan *plan = build->plan;
    uint32_t count = 0;
    for (uint32_t i = 0; i < plan->instance_count; i++) {
        const tlm_plan_instance *instance = &plan->instances[i];
        if (instance->section == section && count++ == most)
            tlm_problems_add(build->file->problems, "%s:%u: %s.%s: expected at most %u in a file, found one more",
                             instance->file, instance->line, name, instance->name, most);
    }
}

static int is_store(const tlm_plan_instance *instance)
{
    return instance->component->get_interface(TLM_INTERFACE_STORE) != NULL;
}

/** Whether an option that names a store ("": the first other one of the file) names one; tells when it does not. */
static void check_store(const tlm_plan_build *build, uint32_t index, const tlm_option *option, const char *wanted)
{
    const tlm_plan *plan = build->plan;
    const tlm_plan_entry *at = &build->entries[index];
    const config_setting_t *place = config_setting_get_member(at->group, option->name);
    char more[TLM_SUGGEST_TEXT_SIZE];
    tlm_suggest near = tlm_suggest_begin(wanted);
    for (uint32_t i = 0; i < plan->instance_count; i++) {
        const tlm_plan_instance *other = &plan->instances[i];
        int is_named = strcmp(other->name, wanted) == 0;
        if (i == index && !is_named)
            continue;
        if (i == index) {
            tlm_config_problem(build->file, place, "%s.%s: expected the name of another store, found its own",
                               at->where, option->name);
            return;
        }
        if (is_store(other) && (is_named || !*wanted))
            return;
        if (is_store(other))
            tlm_suggest_offer(&near, other->name);
        if (is_named) {
            tlm_config_problem(build->file, place,
                               "%s.%s: expected the name of a store of this file, found '%s', which offers no %s",
                               at->where, option->name, wanted, TLM_INTERFACE_STORE);
            return;
        }
    }
    if (*wanted)
        tlm_config_problem(build->file, place, "%s.%s: expected the name of a store of this file, found '%.80s'%s",
                           at->where, option->name, wanted, tlm_suggest_format(&near, more));
    else if (!(option->flags & TLM_OPTION_STORE_BEHIND))
        tlm_config_problem(build->file, at->group,
                           "%s: expected a store in this file, found none; add a sink or an entry of 'stores' that "
                           "offers %s",
                           at->where, TLM_INTERFACE_STORE);
}

/** The name that an option of an instance has, "" when it has none. */
static const char *text_of(const tlm_plan_instance *instance, const tlm_option *option)
{
    const char *text;
    memcpy(&text, (const char *)instance->config + option->offset, sizeof text);
    return text ? text : "";
}

/** The store that an instance asks for what it does not hold; NULL: it asks none. */
static const tlm_plan_instance *store_behind(const tlm_plan *plan, const tlm_plan_instance *asking)
{
    const tlm_component *component = asking->component;
    for (uint32_t i = 0; i < component->option_count; i++) {
        if (!(component->options[i].flags & TLM_OPTION_STORE_BEHIND))
            continue;
        const char *wanted = text_of(asking, &component->options[i]);
        for (const tlm_plan_instance *other = plan->instances; other < plan->instances + plan->instance_count; other++)
            if (other != asking && is_store(other) && (!*wanted || strcmp(other->name, wanted) == 0))
                return other;
    }
    return NULL;
}

/** A question must come to an end: no chain of stores leads back to its beginning. */
static void check_chain(const tlm_plan_build *build, uint32_t index)
{
    const tlm_plan *plan = build->plan;
    const tlm_plan_instance *begin = &plan->instances[index], *at = begin;
    for (uint32_t i = 0; i < plan->instance_count && at; i++) {
        const tlm_plan_instance *next = store_behind(plan, at);
        if (next == begin) {
            tlm_problems_add(build->file->problems,
                             "%s:%u: %s: expected stores behind it that come to an end, found that '%s' asks '%s' "
                             "again; name another one in `store`",
                             begin->file, begin->line, begin->name, at->name, begin->name);
            return;
        }
        at = next;
    }
}

static void check_stores(const tlm_plan_build *build)
{
    const tlm_plan *plan = build->plan;
    if (build->refused[TLM_SECTION_SINK] > 0 || build->refused[TLM_SECTION_STORE] > 0)
        return; /* it may be the one that is meant */
    for (uint32_t i = 0; i < plan->instance_count; i++) {
        const tlm_component *component = plan->instances[i].component;
        for (uint32_t j = 0; j < component->option_count; j++) {
            const tlm_option *option = &component->options[j];
            if (option->flags & TLM_OPTION_STORE)
                check_store(build, i, option, text_of(&plan->instances[i], option));
        }
        check_chain(build, i);
    }
}

void tlm_plan_build_relations(tlm_plan_build *build)
{
    check_count(build, TLM_SECTION_SOURCE, "sources", TLM_INPUTS_MAX);
    check_count(build, TLM_SECTION_PROCESSOR, "processors", TLM_PROCESSORS_MAX);
    settle_deliveries(build);
    check_sources(build);
    check_partitions(build);
    check_checkpoint(build);
    tlm_plan_build_processors(build);
    check_pages(build);
    check_prefixes(build);
    check_stores(build);
}
