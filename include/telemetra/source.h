/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file source.h
 * A source: one input that can be read again from a position. Since 0.1.
 */
#ifndef TELEMETRA_SOURCE_H
#define TELEMETRA_SOURCE_H

#include "event.h"
#include "plugin.h"

#ifdef __cplusplus
extern "C" {
#endif

#define TLM_INTERFACE_SOURCE "telemetra.source/1"

/** What a read found (positive), next to negative errno values. */
enum {
    TLM_READ_RECORDS = 1, /**< `ret_records` is set */
    TLM_READ_WAITING = 2, /**< there is more, but it is not due yet: the input is not idle */
    TLM_READ_QUIET = 3,   /**< read to its end, more may come: the input becomes idle after `idle_timeout` */
    TLM_READ_END = 4      /**< read to its end for good */
};

/**
 * The host opens and closes a source on its main thread and reads it on one other thread in between; `wake` and
 * `progress` come from any.
 */
typedef struct tlm_source {
    /**
     * Begins reading at `from`, or at the beginning when it is NULL. -ESTALE with a sentence when that place is no
     * more: the host stops rather than jump.
     */
    int (*open)(tlm_instance *instance, const tlm_position *from, tlm_error *error);
    /**
     * Reads at most `max_records` records, waiting at most `timeout_ms` for the first one; returns early with what
     * there is. TLM_READ_...; with TLM_READ_RECORDS the caller owns one reference to `*ret_records`, which holds 1 to
     * `max_records` records. Negative: a fault that waiting does not mend, with its sentence.
     */
    int (*read)(tlm_instance *instance, uint32_t max_records, int32_t timeout_ms, const tlm_records **ret_records,
                tlm_error *error);
    void (*close)(tlm_instance *instance);
    /** Makes a waiting `read` return soon. */
    void (*wake)(tlm_instance *instance);
    /** How far reading has come: bytes or records done and in all; total 0 when not known. */
    void (*progress)(tlm_instance *instance, uint64_t *ret_done, uint64_t *ret_total);
} tlm_source;

#ifdef __cplusplus
}
#endif
#endif
