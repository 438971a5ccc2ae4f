/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file thread_name.h
 * Names for threads, as profilers and `top -H` show them.
 */
#ifndef TLM_CORE_THREAD_NAME_H
#define TLM_CORE_THREAD_NAME_H

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>

/** Names the calling thread, "lane 3"; the kernel keeps 15 bytes. */
static inline void tlm_thread_name(const char *what, uint32_t number)
{
    char name[16];
    (void)snprintf(name, sizeof name, "%s %u", what, number);
    (void)pthread_setname_np(pthread_self(), name);
}

#endif
