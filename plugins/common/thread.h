/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file thread.h
 * Starting a plugin's own thread, and what it waits on.
 */
#ifndef TLM_COMMON_THREAD_H
#define TLM_COMMON_THREAD_H

#include <pthread.h>

/**
 * Starts a thread that takes no signals but those of its own faults: signals are the host's, and a broken pipe or a
 * file too large is a result of write(2) there, never the end of the process. 0 or a negative errno. Any thread.
 */
int tlm_thread_start(pthread_t *ret_thread, void *(*run)(void *context), void *context);

/** A condition whose waits end by CLOCK_MONOTONIC (common/clock.h). 0 or a negative errno. */
int tlm_condition_init(pthread_cond_t *ret_condition);

#endif
