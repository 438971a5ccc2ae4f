/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file partitions.h
 * A source whose log is divided into partitions that come and go: several processes share them, each partition being
 * one lane in one of them at a time. Since 0.1.
 */
#ifndef TELEMETRA_PARTITIONS_H
#define TELEMETRA_PARTITIONS_H

#include "event.h"
#include "plugin.h"
#include "source.h"

#ifdef __cplusplus
extern "C" {
#endif

#define TLM_INTERFACE_PARTITIONS "telemetra.partitions/1"

/** Most inputs of a lane. */
#define TLM_PARTITION_INPUTS_MAX 16

/** What the source tells the host, from `open` to the return of `close`; any thread, never at once. */
typedef struct tlm_partitions_listener {
    void *context;
    /**
     * These lanes are this process' from now on and no others. Returns at once: the host takes and drops lanes in the
     * background, and the checkpoint sees to it that a lane whose next owner is quicker loses nothing.
     */
    void (*assigned)(void *context, const uint32_t *lanes, uint32_t count);
    /** A fault that waiting does not mend, with its sentence: the run has failed, and ends unless a frontend serves. */
    void (*failed)(void *context, tlm_text sentence);
} tlm_partitions_listener;

/** An open lane of the source. Each source defines the struct. */
typedef struct tlm_partition tlm_partition;

typedef struct tlm_partitions {
    /**
     * Connects and learns how many lanes there are and which inputs each has: `*ret_inputs` is a NULL-terminated list
     * of at most TLM_PARTITION_INPUTS_MAX names, valid until `close`. Joins the others; `assigned` follows. Waits for a
     * log that is not there for as long as `cancelled` says 0, and tells so in its health. Blocks; any one thread.
     * -ECANCELED; other negative: a fault that waiting does not mend, with its sentence.
     */
    int (*open)(tlm_instance *instance, const tlm_partitions_listener *listener, int (*cancelled)(void *context),
                uint32_t *ret_lane_count, const char *const **ret_inputs, tlm_error *error);
    /** Leaves the others and disconnects; all lanes are closed. */
    void (*close)(tlm_instance *instance);
    /**
     * Begins reading a lane: input i at `from[i]`, or where the source's options say when that is NULL. `ret_start[i]`
     * is the place where that is. -ESTALE with a sentence when a place is no more; -EAGAIN with one when the log cannot
     * be reached now. Any thread; different lanes at once.
     */
    int (*lane_open)(tlm_instance *instance, uint32_t lane, const tlm_position *const *from, tlm_position *ret_start,
                     tlm_partition **ret_partition, tlm_error *error);
    /**
     * Reads what there is of one input without waiting. TLM_READ_RECORDS: the caller owns one reference to
     * `*ret_records`, 1 to `max_records` records. TLM_READ_WAITING: more is to come, or it is not known.
     * TLM_READ_QUIET: read to its end. Negative: -ESTALE when the place is no more, or another fault that waiting does
     * not mend, with its sentence. One thread a lane.
     */
    int (*read)(tlm_partition *partition, uint32_t input, uint32_t max_records, const tlm_records **ret_records,
                tlm_error *error);
    /** Waits until an input may have something that `read` did not give yet, `wake`, or the time is over. */
    void (*wait)(tlm_partition *partition, int32_t timeout_ms);
    /** Makes a `wait` return. Any thread. */
    void (*wake)(tlm_partition *partition);
    void (*lane_close)(tlm_partition *partition);
} tlm_partitions;

#ifdef __cplusplus
}
#endif
#endif
