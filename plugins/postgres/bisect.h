/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file bisect.h
 * Writes rows of which some are refused: halves what fails behind savepoints until single rows are left, which go to
 * telemetra_rejects, while all others are written.
 */
#ifndef TLM_POSTGRES_BISECT_H
#define TLM_POSTGRES_BISECT_H

#include "write.h"

#include <telemetra/sink.h>

typedef struct tlm_bisection {
    tlm_link *link;
    const char *pipeline;
    const tlm_flush *flush;
    uint32_t rejects_max;
    uint32_t rejects;   /* until now, over all datasets of the flush */
    tlm_error sentence; /* of the first one */
} tlm_bisection;

/** tlm_write_slice, but rows that are refused for themselves are set aside; -EBADMSG when they become too many. */
int tlm_bisect_write(tlm_bisection *bisection, const tlm_target *target, const tlm_slice *slice, bool replace,
                     tlm_error *error);

#endif
