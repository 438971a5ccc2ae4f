/* SPDX-License-Identifier: Apache-2.0 */
/* The grid of windows: starts are multiples of the slide since 1970, a window is [start, start + duration), and the
 * duration is a multiple of the slide. A pane is [start, start + slide): all events in it share their windows. */
#ifndef TLM_WINDOW_GEOMETRY_H
#define TLM_WINDOW_GEOMETRY_H

#include <stdbool.h>
#include <stdint.h>

#define TLM_NS_PER_MS INT64_C(1000000)
#define TLM_NS_PER_SECOND INT64_C(1000000000)

typedef struct {
    int64_t duration_ns;
    int64_t slide_ns;
} tlm_geometry;

/* The last multiple of the slide at or before a time; times are far from the ends of int64_t. */
static inline int64_t tlm_geometry_floor(const tlm_geometry *geometry, int64_t time_ns)
{
    int64_t rest = time_ns % geometry->slide_ns;
    return time_ns - (rest < 0 ? rest + geometry->slide_ns : rest);
}

/* Whether the last window that a pane belongs to is still open. */
static inline bool tlm_geometry_is_open(const tlm_geometry *geometry, int64_t pane_start_ns, int64_t watermark_ns)
{
    return pane_start_ns + geometry->duration_ns > watermark_ns;
}

/* End of the first open window that an open pane belongs to. */
static inline int64_t tlm_geometry_next_end(const tlm_geometry *geometry, int64_t pane_start_ns, int64_t watermark_ns)
{
    if (pane_start_ns + geometry->slide_ns > watermark_ns)
        return pane_start_ns + geometry->slide_ns;
    return tlm_geometry_floor(geometry, watermark_ns) + geometry->slide_ns;
}

#endif
