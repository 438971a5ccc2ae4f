/* SPDX-License-Identifier: Apache-2.0 */
/** A pipeline over scripted components, for tests of the core. */
#ifndef TLM_TESTS_RIG_H
#define TLM_TESTS_RIG_H

#include "core_test.h"

#include <pthread.h>

#include "clock.h"
#include "pipeline.h"
#include "scripted.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define PATIENCE_MS 30000

/* One pipeline over scripted components. */
struct rig {
    script script, other; /* a second source, where a test adds it */
    script_log log_script;
    notes notes;
    vault vault;
    void *configs[8]; /* the config structs: one pointer each */
    tlm_plan_instance instances[8];
    tlm_plan plan;
    tlm_log log;
    tlm_shared *shared;
    tlm_pipeline *pipeline;
    int wake_fd;
};

static inline void rig_init(struct rig *rig, const script_event *events, uint32_t count, int ends)
{
    memset(rig, 0, sizeof *rig);
    rig->script = (script){.events = events, .count = count, .ends = ends};
    pthread_mutex_init(&rig->notes.mutex, NULL);
    pthread_mutex_init(&rig->vault.mutex, NULL);
    rig->log = (tlm_log){.level = TLM_LOG_ERROR + 1, .format = 1, .fd = STDERR_FILENO};
    rig->plan.pipeline = (tlm_pipeline_options){.name = "test",
                                                .lanes = 1,
                                                .allowed_lateness = 10000,
                                                .idle_timeout = 20,
                                                .max_future = 300000,
                                                .at_idle = TLM_AT_IDLE_CLOCK,
                                                .flush_interval = 10,
                                                .early_interval = 500,
                                                .stall_timeout = 30000,
                                                .stop_timeout = 5000,
                                                .batch_records = 7,
                                                .queue_batches = 4,
                                                .queue_bytes = 1 << 20,
                                                .flush_rows = 20000,
                                                .flush_bytes = 1 << 25,
                                                .max_streams = 1000};
    rig->plan.instances = rig->instances;
}

static inline void rig_add(struct rig *rig, const char *name, const tlm_component *component, uint32_t section,
                           uint32_t delivery, void *what)
{
    uint32_t i = rig->plan.instance_count++;
    rig->configs[i] = what;
    rig->instances[i] = (tlm_plan_instance){.name = name,
                                            .component = component,
                                            .config = &rig->configs[i],
                                            .section = section,
                                            .delivery = delivery,
                                            .file = "test",
                                            .line = 1};
}

static inline void rig_add_all(struct rig *rig)
{
    rig_add(rig, "source", &script_source, TLM_SECTION_SOURCE, 0, &rig->script);
    rig_add(rig, "codec", &script_codec, TLM_SECTION_CODEC, 0, NULL);
    rig_add(rig, "processor", &script_processor, TLM_SECTION_PROCESSOR, 0, &rig->notes);
    rig_add(rig, "checkpoint", &script_checkpoint, TLM_SECTION_SINK, TLM_DELIVERY_CHECKPOINT, &rig->vault);
}

static inline int never(void *context)
{
    (void)context;
    return 0;
}

static inline int rig_start(struct rig *rig, tlm_error *error)
{
    rig->wake_fd = eventfd(0, EFD_CLOEXEC);
    assert_true(rig->wake_fd >= 0);
    assert_int_equal(tlm_shared_create(&rig->plan, &rig->log, &rig->shared, error), 0);
    assert_int_equal(tlm_shared_create_instances(rig->shared, error), 0);
    int result = tlm_pipeline_create(rig->shared, rig->wake_fd, never, NULL, &rig->pipeline, error);
    return result ? result : tlm_pipeline_start(rig->pipeline, error);
}

/* Waits until the pipeline is over or has failed. */
static inline tlm_pipeline_news rig_wait(struct rig *rig)
{
    tlm_pipeline_news news;
    struct pollfd fd = {.fd = rig->wake_fd, .events = POLLIN};
    for (;;) {
        tlm_pipeline_look(rig->pipeline, &news);
        if (news.is_over || news.is_failed)
            return news;
        uint64_t count;
        assert_int_equal(poll(&fd, 1, PATIENCE_MS), 1);
        assert_int_equal(read(rig->wake_fd, &count, sizeof count), sizeof count);
    }
}

static inline int rig_stop(struct rig *rig)
{
    int is_kept = rig->pipeline ? tlm_pipeline_stop(rig->pipeline) : 0;
    vault_release(&rig->vault);
    tlm_pipeline_destroy(rig->pipeline);
    tlm_shared_destroy(rig->shared);
    close(rig->wake_fd);
    rig->pipeline = NULL;
    rig->shared = NULL;
    return is_kept;
}

static inline tlm_accounting rig_accounting(struct rig *rig)
{
    tlm_accounting accounting;
    tlm_pipeline_accounting(rig->pipeline, &accounting);
    return accounting;
}

#endif
