/* SPDX-License-Identifier: Apache-2.0 */
/* raid: told by an event of its own, so nothing has to be inferred. */
#ifndef TLM_MOMENTS_RAID_H
#define TLM_MOMENTS_RAID_H

#include "common/buffer.h"

#include <telemetra/telemetra.h>

static inline int tlm_raid_is(const tlm_events *batch, const tlm_event *event)
{
    if (event->kind != TLM_EVENT_STREAM_META)
        return 0;
    const tlm_stream_meta *detail = (const void *)(batch->arena + event->as.detail.offset);
    return detail->type == TLM_META_RAID_INCOMING;
}

/* Emits the moment of a raid event. `metadata` is room to write in. 0 or -ENOMEM. */
int tlm_raid_emit(const tlm_lane *lane, double threshold, const tlm_events *batch, const tlm_event *event,
                  tlm_buffer *metadata);

#endif
