/* SPDX-License-Identifier: Apache-2.0 */
/* `telemetra run` and `telemetra check`: one way up to the point where one of them stops. */
#include "cli.h"
#include "host.h"
#include "log.h"
#include "plan.h"
#include "run.h"

#include <inttypes.h>
#include <unistd.h>

/** Prints all mistakes of the file. */
static void print_problems(const char *path, const tlm_problems *problems)
{
    for (size_t i = 0; i < problems->count; i++)
        fprintf(stderr, "%s\n", problems->sentences[i]);
    size_t count = problems->count + problems->lost;
    if (problems->lost > 0)
        fprintf(stderr, "... and %zu more\n", problems->lost);
    fprintf(stderr, "telemetra: %s: %zu mistake%s\n", path, count, count == 1 ? "" : "s");
}

/** An exit code for what the engine said. */
static int exit_code(int result)
{
    return result == 0 ? TLM_EXIT_GOOD : result == -EINVAL ? TLM_EXIT_CONFIG : TLM_EXIT_FAILED;
}

static int load(const tlm_cli *cli, tlm_plan **ret_plan)
{
    tlm_problems problems = {0};
    int result = tlm_plan_load(cli->subject, cli->registry, tlm_shared_try, ret_plan, &problems);
    if (result < 0)
        print_problems(cli->subject, &problems);
    tlm_problems_finish(&problems);
    /* A file that cannot be read is a wrong configuration too: starting again would not help. */
    return result == 0 ? TLM_EXIT_GOOD : result == -ENOMEM ? TLM_EXIT_FAILED : TLM_EXIT_CONFIG;
}

static void log_warning(void *context, const char *warning)
{
    tlm_log_write(context, TLM_LOG_WARNING, "core", "%s", warning);
}

static void print_warning(void *context, const char *warning)
{
    (void)context;
    fprintf(stderr, "telemetra: warning: %s\n", warning);
}

int tlm_cli_run(const tlm_cli *cli)
{
    tlm_plan *plan = NULL;
    tlm_error error = {.text = ""};
    int code = load(cli, &plan);
    if (code != TLM_EXIT_GOOD)
        return code;
    tlm_log log = {.level = plan->log.level, .format = plan->log.format, .fd = STDERR_FILENO};
    tlm_registry_warnings(cli->registry, log_warning, &log);
    int result = tlm_run(plan, &log, &error);
    if (result < 0)
        tlm_log_write(&log, TLM_LOG_ERROR, "core", "%s", error.text);
    tlm_plan_destroy(plan);
    return exit_code(result);
}

static const char *section_name(uint32_t section)
{
    for (uint32_t i = 0; i < tlm_plan_section_count; i++) {
        if (tlm_plan_sections[i].section == section)
            return tlm_plan_sections[i].singular;
    }
    return "component";
}

static void print_instance(const tlm_plan_instance *at)
{
    static const char *const deliveries[] = {"", ", checkpoint", ", required", ", best effort"};
    int is_renamed = strcmp(at->name, at->component->id) != 0;
    printf("  %-10s %s", section_name(at->section), at->name);
    if (is_renamed)
        printf(" (%s)", at->component->id);
    printf("%s", deliveries[at->delivery]);
    for (uint32_t i = 0; i < at->component->dataset_count; i++)
        printf("%s%s", i == 0 ? " -> " : ", ", at->component->datasets[i]->id);
    printf("\n");
}

/* How many lanes there are: said by the file, by the log that is read, or none where nothing is. */
static void print_lanes(const tlm_plan *plan)
{
    const tlm_plan_instance *source = NULL;
    for (uint32_t i = 0; i < plan->instance_count && !source; i++)
        if (plan->instances[i].section == TLM_SECTION_SOURCE)
            source = &plan->instances[i];
    if (source && source->component->get_interface(TLM_INTERFACE_PARTITIONS))
        printf(", a lane for each partition\n");
    else if (source)
        printf(", %" PRId64 " lane%s\n", plan->pipeline.lanes, plan->pipeline.lanes == 1 ? "" : "s");
    else
        printf("\n");
}

static void print_summary(const char *path, const tlm_plan *plan)
{
    int serves = 0;
    printf("%s: ok\npipeline %s", path, plan->pipeline.name);
    print_lanes(plan);
    for (uint32_t i = 0; i < plan->instance_count; i++) {
        print_instance(&plan->instances[i]);
        serves |= plan->instances[i].section == TLM_SECTION_FRONTEND;
    }
    if (serves)
        printf("  listens on %s, port %" PRId64 "\n", plan->listen.address, plan->listen.port);
}

int tlm_cli_check(const tlm_cli *cli)
{
    tlm_plan *plan = NULL;
    int code = load(cli, &plan);
    if (code != TLM_EXIT_GOOD)
        return code;
    tlm_registry_warnings(cli->registry, print_warning, NULL);
    print_summary(cli->subject, plan);
    tlm_plan_destroy(plan);
    return TLM_EXIT_GOOD;
}
