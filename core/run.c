/* SPDX-License-Identifier: Apache-2.0 */
#include "run.h"

#include <stdlib.h>

static const void *get_no_service(const tlm_host *host, const char *id)
{
    (void)host;
    (void)id;
    return NULL;
}

static int create_and_destroy(const tlm_plan *plan, const tlm_plan_instance *at, tlm_error *error)
{
    tlm_instance *instance = NULL;
    tlm_error cause = {.text = "no reason given"};
    const tlm_host host = {.struct_size = sizeof host,
                           .version = TELEMETRA_VERSION,
                           .instance = at->name,
                           .pipeline = plan->pipeline.name,
                           .get_service = get_no_service};
    int result = at->component->create(&host, at->config, &instance, &cause);
    if (result < 0)
        return tlm_error_set(error, result, "%s:%u: %s: %.800s", at->file, at->line, at->name, cause.text);
    at->component->destroy(instance);
    return 0;
}

int tlm_check(const tlm_plan *plan, tlm_error *error)
{
    for (uint32_t i = 0; i < plan->instance_count; i++) {
        int result = create_and_destroy(plan, &plan->instances[i], error);
        if (result < 0)
            return result;
    }
    return 0;
}

int tlm_run(const tlm_plan *plan, tlm_log *log, tlm_error *error)
{
    (void)plan;
    (void)log;
    return tlm_error_set(error, -ENOSYS, "this build has no engine: it can check a file, not run it");
}
