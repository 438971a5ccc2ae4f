/* SPDX-License-Identifier: Apache-2.0 */
/* How the processors of a file go together: datasets, side columns, rows that one reads of another. */
#include "plan_build.h"

/** Whether two processors declare one dataset; stores would mix their rows. */
static void check_datasets(const tlm_plan_build *build, const tlm_plan_instance *a, const tlm_plan_instance *b)
{
    for (uint32_t i = 0; i < a->component->dataset_count; i++) {
        for (uint32_t j = 0; j < b->component->dataset_count; j++) {
            const char *id = a->component->datasets[i]->id;
            if (strcmp(id, b->component->datasets[j]->id) == 0)
                tlm_problems_add(
                    build->file->problems,
                    "%s:%u: processors.%s: expected datasets of its own, found '%s', which '%s' (%s:%u) emits too",
                    b->file, b->line, b->name, id, a->name, a->file, a->line);
        }
    }
}

int tlm_plan_lists(const char *const *ids, const char *id)
{
    for (; ids && *ids; ids++)
        if (!strcmp(*ids, id))
            return 1;
    return 0;
}

static const tlm_sides *sides_of(const tlm_plan_instance *instance)
{
    return instance->component->get_interface(TLM_INTERFACE_SIDES);
}

/** Whether two processors, the first before the second, agree on side columns: one writer, before its readers. */
static void check_sides(const tlm_plan_build *build, const tlm_plan_instance *a, const tlm_plan_instance *b)
{
    const tlm_sides *first = sides_of(a), *second = sides_of(b);
    for (const char *const *id = first && second ? second->writes : NULL; id && *id; id++) {
        if (tlm_plan_lists(first->writes, *id))
            tlm_problems_add(build->file->problems,
                             "%s:%u: processors.%s: expected side columns of its own, found '%s', which '%s' (%s:%u) "
                             "writes too",
                             b->file, b->line, b->name, *id, a->name, a->file, a->line);
        if (tlm_plan_lists(first->reads, *id))
            tlm_problems_add(build->file->problems,
                             "%s:%u: processors.%s: expected it before '%s' (%s:%u), which reads the side column '%s' "
                             "that it writes",
                             b->file, b->line, b->name, a->name, a->file, a->line, *id);
    }
}

static int emits(const tlm_plan_instance *instance, const char *dataset)
{
    for (uint32_t i = 0; i < instance->component->dataset_count; i++)
        if (!strcmp(instance->component->datasets[i]->id, dataset))
            return 1;
    return 0;
}

/** Whether a processor that reads rows stands after one that emits them. */
static void check_reader(const tlm_plan_build *build, const tlm_plan_instance *reader)
{
    const tlm_plan *plan = build->plan;
    const tlm_rows_reader *rows = reader->component->get_interface(TLM_INTERFACE_ROWS_READER);
    for (const char *const *id = rows ? rows->datasets : NULL; id && *id; id++) {
        const tlm_plan_instance *emitter = NULL;
        for (uint32_t i = 0; i < plan->instance_count && !emitter; i++)
            if (plan->instances[i].section == TLM_SECTION_PROCESSOR && emits(&plan->instances[i], *id))
                emitter = &plan->instances[i];
        if (!emitter)
            tlm_problems_add(build->file->problems,
                             "%s:%u: processors.%s: expected a processor before it that emits the dataset '%s', found "
                             "none",
                             reader->file, reader->line, reader->name, *id);
        else if (emitter >= reader)
            tlm_problems_add(build->file->problems,
                             "%s:%u: processors.%s: expected it after '%s' (%s:%u), which emits the dataset '%s' that "
                             "it reads",
                             reader->file, reader->line, reader->name, emitter->name, emitter->file, emitter->line,
                             *id);
    }
}

static void check_side_count(const tlm_plan_build *build)
{
    const tlm_plan *plan = build->plan;
    uint32_t count = 0;
    for (uint32_t i = 0; i < plan->instance_count; i++) {
        const tlm_plan_instance *instance = &plan->instances[i];
        const tlm_sides *sides = instance->section == TLM_SECTION_PROCESSOR ? sides_of(instance) : NULL;
        uint32_t before = count;
        for (const char *const *id = sides ? sides->writes : NULL; id && *id; id++)
            count++;
        if (before <= TLM_SIDES_MAX && count > TLM_SIDES_MAX)
            tlm_problems_add(build->file->problems,
                             "%s:%u: processors.%s: expected at most %d side columns in a file, found more with this "
                             "one",
                             instance->file, instance->line, instance->name, TLM_SIDES_MAX);
    }
}

static void check_dataset_count(tlm_plan_build *build)
{
    const tlm_plan *plan = build->plan;
    uint32_t count = 1; /* dead letters */
    for (uint32_t i = 0; i < plan->instance_count; i++) {
        const tlm_plan_instance *instance = &plan->instances[i];
        if (instance->section != TLM_SECTION_PROCESSOR)
            continue;
        if (count <= TLM_DATASETS_MAX && count + instance->component->dataset_count > TLM_DATASETS_MAX)
            tlm_problems_add(build->file->problems,
                             "%s:%u: processors.%s: expected at most %d datasets in a file, found more with this one",
                             instance->file, instance->line, instance->name, TLM_DATASETS_MAX - 1);
        count += instance->component->dataset_count;
    }
}

void tlm_plan_build_processors(tlm_plan_build *build)
{
    const tlm_plan *plan = build->plan;
    for (uint32_t i = 0; i < plan->instance_count; i++) {
        const tlm_plan_instance *first = &plan->instances[i];
        if (first->section != TLM_SECTION_PROCESSOR)
            continue;
        if (!build->refused[TLM_SECTION_PROCESSOR]) /* one of them may be the one that is missed */
            check_reader(build, first);
        for (uint32_t j = i + 1; j < plan->instance_count; j++) {
            if (plan->instances[j].section != TLM_SECTION_PROCESSOR)
                continue;
            check_datasets(build, first, &plan->instances[j]);
            check_sides(build, first, &plan->instances[j]);
        }
    }
    check_side_count(build);
    check_dataset_count(build);
}
