/* SPDX-License-Identifier: Apache-2.0 */
#include "progress.h"

#include "clock.h"

#include <inttypes.h>
#include <unistd.h>

#define INTERVAL_MS 500

void tlm_progress_init(tlm_progress *progress)
{
    *progress = (tlm_progress){.is_terminal = isatty(STDERR_FILENO) == 1, .started_ns = tlm_monotonic_ns()};
}

int tlm_progress_show(tlm_progress *progress, tlm_pipeline *pipeline)
{
    if (!progress->is_terminal)
        return -1;
    int64_t now_ns = tlm_monotonic_ns();
    int64_t due_ns = progress->shown_ns + INTERVAL_MS * TLM_NS_PER_MS;
    if (progress->shown_ns && now_ns < due_ns)
        return (int)((due_ns - now_ns) / TLM_NS_PER_MS) + 1;
    uint64_t done, total, records;
    tlm_pipeline_progress(pipeline, &done, &total, &records);
    double seconds = (double)(now_ns - progress->started_ns) / (double)TLM_NS_PER_SECOND;
    progress->shown_ns = now_ns;
    if (!total)
        return -1; /* an input without an end has no progress */
    progress->is_shown = 1;
    fprintf(stderr, "\r\033[K%3.0f %%  %" PRIu64 " records, %.0f a second", 100.0 * (double)done / (double)total,
            records, seconds > 0 ? (double)records / seconds : 0.0);
    fflush(stderr);
    return INTERVAL_MS;
}

void tlm_progress_clear(tlm_progress *progress)
{
    if (progress->is_shown)
        fputs("\r\033[K", stderr);
    progress->is_shown = 0;
}
