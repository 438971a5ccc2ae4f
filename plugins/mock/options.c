/* SPDX-License-Identifier: Apache-2.0 */
#include "options.h"

#include "random.h"

uint64_t tlm_mock_options_hash(const tlm_mock_options *options)
{
    uint64_t rate, episodes;
    uint64_t hash = tlm_mix(options->seed + TLM_GOLDEN_GAMMA);

    memcpy(&rate, &options->rate, sizeof rate);
    hash = tlm_mix(hash ^ rate);
    hash = tlm_mix(hash ^ ((uint64_t)options->stream_count << 32 | options->chatters));
    hash = options->chat_only ? tlm_mix(hash ^ 1) : hash;
    hash = options->no_emotes ? tlm_mix(hash ^ 2) : hash;
    if (options->model == TLM_MODEL_LIFELIKE) {
        memcpy(&episodes, &options->episodes, sizeof episodes);
        hash = tlm_mix(tlm_mix(hash ^ 4) ^ episodes);
    }
    for (uint32_t i = 0; options->names && i < options->stream_count; i++) {
        for (size_t at = 0; at < options->names[i].size; at++)
            hash = tlm_mix(hash ^ (unsigned char)options->names[i].data[at]);
        hash = tlm_mix(hash ^ 256); /* between two names */
    }
    return hash;
}
