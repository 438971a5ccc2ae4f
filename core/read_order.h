/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file read_order.h
 * Keeps the inputs of a pipeline together in event time: an input that is far ahead of another is not read meanwhile,
 * so that a catch-up of hours opens no more windows than live reading. Any thread.
 */
#ifndef TLM_CORE_READ_ORDER_H
#define TLM_CORE_READ_ORDER_H

#include "plan.h"

#include <pthread.h>

/** How far an input may be ahead of the one furthest behind, in seconds of event time, and still be read. */
#define TLM_READ_AHEAD_SECONDS 60

typedef struct tlm_read_order {
    pthread_mutex_t mutex;
    pthread_cond_t moved;
    struct {
        int64_t highest_ns; /**< INT64_MIN: nothing was read yet */
        uint32_t is_active; /**< neither idle nor at its end */
    } inputs[TLM_INPUTS_MAX];
    uint32_t input_count, is_over;
} tlm_read_order;

/** All inputs are active at first, with nothing read. */
void tlm_read_order_init(tlm_read_order *order, uint32_t input_count);
void tlm_read_order_finish(tlm_read_order *order);

/** Tells how far an input has come. */
void tlm_read_order_note(tlm_read_order *order, uint32_t input, int64_t highest_ns, uint32_t is_active);
/** Waits until no other active input is too far behind this one. */
void tlm_read_order_wait(tlm_read_order *order, uint32_t input);
/** From now on nobody waits. */
void tlm_read_order_end(tlm_read_order *order);

#endif
