/* SPDX-License-Identifier: Apache-2.0 */
#include "common/fault_point.h"

#ifdef TELEMETRA_FAULT_POINTS

#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void tlm_fault_point(const char *name)
{
    static atomic_ulong passed;
    const char *wanted = getenv("TELEMETRA_DIE_AT");
    size_t size = strlen(name);

    if (!wanted || strncmp(wanted, name, size) != 0 || (wanted[size] != '\0' && wanted[size] != ':'))
        return;
    unsigned long turn = wanted[size] == ':' ? strtoul(wanted + size + 1, NULL, 10) : 1;
    if (atomic_fetch_add(&passed, 1) + 1 == turn)
        (void)kill(getpid(), SIGKILL);
}

#else
/* ISO C wants a declaration in every file. */
typedef int tlm_fault_points_are_off;
#endif
