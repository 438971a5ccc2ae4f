/* SPDX-License-Identifier: Apache-2.0 */
#include "stream.h"

#include "rate.h"

#include <stdlib.h>

static void init_track(tlm_track *track)
{
    *track = (tlm_track){0};
    tlm_episode_init(&track->episode);
}

void tlm_moments_stream_reset(tlm_moments_stream *stream)
{
    stream->first_ns = stream->last_end_ns = INT64_MIN;
    stream->chat = (tlm_chat){0};
    init_track(&stream->chat.slides);
    init_track(&stream->viewers);
    init_track(&stream->sentiment);
    stream->donations = (tlm_donations){.gift_rate = tlm_rate_least};
    init_track(&stream->donations.count);
}

tlm_moments_stream *tlm_moments_stream_create(tlm_text id, uint64_t hash)
{
    tlm_moments_stream *stream = calloc(1, sizeof *stream + id.size);
    if (!stream)
        return NULL;
    stream->hash = hash;
    stream->changed_index = TLM_NOT_CHANGED;
    stream->id_size = (uint32_t)id.size;
    if (id.size)
        memcpy(stream->id, id.data, id.size);
    tlm_moments_stream_reset(stream);
    return stream;
}

void tlm_moments_stream_destroy(tlm_moments_stream *stream)
{
    free(stream);
}
