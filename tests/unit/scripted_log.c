/* SPDX-License-Identifier: Apache-2.0 */
#include "core_test.h"

#include <pthread.h>

#include "scripted.h"

#include <poll.h>
#include <stdlib.h>

typedef struct config {
    script_log *log;
} config;

struct tlm_instance {
    script_log *log;
};

struct tlm_partition {
    script_log *log;
    uint32_t lane;
    int64_t next[LOG_INPUTS];
};

static int create(const tlm_host *host, const void *options, tlm_instance **ret_instance, tlm_error *error)
{
    (void)host, (void)error;
    tlm_instance *instance = calloc(1, sizeof *instance);
    instance->log = ((const config *)options)->log;
    *ret_instance = instance;
    return 0;
}

static int start(tlm_instance *instance, tlm_error *error)
{
    (void)instance, (void)error;
    return 0;
}

static void stop(tlm_instance *instance)
{
    (void)instance;
}

static void destroy(tlm_instance *instance)
{
    free(instance);
}

static int log_open(tlm_instance *instance, const tlm_partitions_listener *listener, int (*cancelled)(void *context),
                    uint32_t *ret_lane_count, const char *const **ret_inputs, tlm_error *error)
{
    static const char *const inputs[] = {"first", "second", NULL};
    (void)cancelled, (void)error;
    instance->log->listener = *listener;
    atomic_store(&instance->log->is_open, 1);
    *ret_lane_count = LOG_LANES;
    *ret_inputs = inputs;
    return 0;
}

static void log_close(tlm_instance *instance)
{
    assert_int_equal(atomic_load(&instance->log->open_lanes), 0);
    atomic_store(&instance->log->is_open, 0);
}

static int lane_open(tlm_instance *instance, uint32_t lane, const tlm_position *const *from, tlm_position *ret_start,
                     tlm_partition **ret_partition, tlm_error *error)
{
    tlm_partition *partition = calloc(1, sizeof *partition);
    *partition = (tlm_partition){.log = instance->log, .lane = lane};
    for (uint32_t i = 0; i < LOG_INPUTS; i++) {
        partition->next[i] = from[i] ? from[i]->ordinal : instance->log->expired[lane][i];
        ret_start[i] = (tlm_position){.ordinal = partition->next[i], .offset = partition->next[i]};
        if (partition->next[i] >= instance->log->expired[lane][i])
            continue;
        free(partition);
        return tlm_error_set(error, -ESTALE, "record %lld is no more", (long long)from[i]->ordinal);
    }
    atomic_fetch_add(&instance->log->open_lanes, 1);
    *ret_partition = partition;
    return 0;
}

static int lane_read(tlm_partition *partition, uint32_t input, uint32_t max_records, const tlm_records **ret_records,
                     tlm_error *error)
{
    (void)error;
    const script_log *log = partition->log;
    if (atomic_load(&log->is_away))
        return TLM_READ_WAITING;
    uint32_t left = atomic_load(&log->counts[partition->lane][input]) - (uint32_t)partition->next[input];
    if (!left)
        return TLM_READ_QUIET;
    uint32_t count = left < max_records ? left : max_records;
    *ret_records = script_batch(log->events[partition->lane][input], partition->next[input], count);
    partition->next[input] += count;
    return TLM_READ_RECORDS;
}

static void lane_wait(tlm_partition *partition, int32_t timeout_ms)
{
    (void)partition, (void)timeout_ms;
    (void)poll(NULL, 0, 1);
}

static void lane_wake(tlm_partition *partition)
{
    (void)partition;
}

static void lane_close(tlm_partition *partition)
{
    atomic_fetch_sub(&partition->log->open_lanes, 1);
    free(partition);
}

void script_log_assign(script_log *log, const uint32_t *lanes, uint32_t count)
{
    while (!atomic_load(&log->is_open))
        (void)poll(NULL, 0, 1);
    log->listener.assigned(log->listener.context, lanes, count);
}

static const void *get_interface(const char *id)
{
    static const tlm_partitions partitions = {log_open,  log_close, lane_open, lane_read,
                                              lane_wait, lane_wake, lane_close};
    return strcmp(id, TLM_INTERFACE_PARTITIONS) ? NULL : &partitions;
}

const tlm_component script_log_source = {.struct_size = sizeof(tlm_component),
                                         .config_size = sizeof(config),
                                         .id = "script_log",
                                         .create = create,
                                         .start = start,
                                         .stop = stop,
                                         .destroy = destroy,
                                         .get_interface = get_interface};
