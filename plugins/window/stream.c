/* SPDX-License-Identifier: Apache-2.0 */
#include "stream.h"

#include <assert.h>
#include <stdlib.h>

tlm_stream *tlm_stream_create(tlm_text id, uint64_t hash)
{
    assert(id.size <= UINT8_MAX);
    tlm_stream *stream = malloc(sizeof *stream + id.size);
    if (!stream)
        return NULL;
    *stream = (tlm_stream){
        .recent_start_ns = INT64_MIN,
        .early_index = TLM_LIST_NONE,
        .changed_index = TLM_LIST_NONE,
        .id_size = (uint8_t)id.size,
        .save_by_ns = INT64_MAX,
        .status = TLM_STATUS_INIT,
        .agenda = {{.day_ns = TLM_AGENDA_NONE}, {.day_ns = TLM_AGENDA_NONE}},
        .hash = hash,
    };
    memcpy(stream->id, id.data, id.size);
    return stream;
}

void tlm_stream_destroy(tlm_stream *stream, tlm_pane_pool *pool)
{
    if (!stream)
        return;
    for (uint32_t i = 0; i < stream->pane_count; i++)
        tlm_pane_close(pool, stream->panes[i].pane);
    free(stream->panes);
    tlm_roster_destroy(stream->roster);
    free(stream->admitted);
    tlm_status_finish(&stream->status);
    free(stream);
}

uint32_t tlm_stream_panes_before(const tlm_stream *stream, int64_t time_ns)
{
    uint32_t first = 0;
    uint32_t left = stream->pane_count;
    while (left > 0) {
        uint32_t half = left / 2;
        bool is_before = stream->panes[first + half].start_ns < time_ns;
        first = is_before ? first + half + 1 : first;
        left = is_before ? left - half - 1 : half;
    }
    return first;
}

tlm_pane *tlm_stream_find_pane(tlm_stream *stream, int64_t start_ns)
{
    if (stream->recent_start_ns == start_ns)
        return stream->recent;
    uint32_t at = tlm_stream_panes_before(stream, start_ns);
    if (at == stream->pane_count || stream->panes[at].start_ns != start_ns)
        return NULL;
    stream->recent_start_ns = start_ns;
    stream->recent = stream->panes[at].pane;
    return stream->recent;
}

static int grow(tlm_stream *stream)
{
    uint32_t capacity = stream->pane_capacity ? stream->pane_capacity + stream->pane_capacity / 2 : 2;
    capacity = capacity < stream->pane_capacity + 2 ? stream->pane_capacity + 2 : capacity;
    tlm_pane_ref *panes = realloc(stream->panes, capacity * sizeof *panes);
    if (!panes)
        return -ENOMEM;
    stream->panes = panes;
    stream->pane_capacity = capacity;
    return 0;
}

tlm_pane *tlm_stream_need_pane(tlm_stream *stream, tlm_pane_pool *pool, int64_t start_ns)
{
    tlm_pane *pane = tlm_stream_find_pane(stream, start_ns);
    if (pane)
        return pane;
    if (stream->pane_count == stream->pane_capacity && grow(stream) < 0)
        return NULL;
    uint32_t at = tlm_stream_panes_before(stream, start_ns);
    pane = tlm_pane_open(pool);
    if (!pane)
        return NULL;
    if (at > 0 && tlm_pane_expect(pane, stream->panes[at - 1].pane) < 0) {
        tlm_pane_close(pool, pane);
        return NULL;
    }
    memmove(stream->panes + at + 1, stream->panes + at, (stream->pane_count - at) * sizeof *stream->panes);
    stream->panes[at] = (tlm_pane_ref){.start_ns = start_ns, .pane = pane};
    stream->pane_count++;
    stream->recent_start_ns = start_ns;
    stream->recent = pane;
    return pane;
}

void tlm_stream_drop_panes(tlm_stream *stream, tlm_pane_pool *pool, uint32_t count)
{
    if (count == 0)
        return;
    for (uint32_t i = 0; i < count; i++)
        tlm_pane_close(pool, stream->panes[i].pane);
    stream->pane_count -= count;
    memmove(stream->panes, stream->panes + count, stream->pane_count * sizeof *stream->panes);
    stream->recent_start_ns = INT64_MIN;
    stream->recent = NULL;
}

size_t tlm_stream_size_bytes(const tlm_stream *stream)
{
    size_t size = sizeof *stream + stream->id_size + stream->pane_capacity * sizeof *stream->panes;
    for (uint32_t i = 0; i < stream->pane_count; i++)
        size += tlm_pane_size_bytes(stream->panes[i].pane);
    return size + tlm_roster_size_bytes(stream->roster) + tlm_status_size_bytes(&stream->status);
}
