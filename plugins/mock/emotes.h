/* SPDX-License-Identifier: Apache-2.0 */
/* Emotes by Zipf's law: the one of rank k is used 1/k as often as the first. Each stream has an order of its own, in
 * which the world's favourites stay likely, and a few emotes of its own. */
#ifndef TLM_MOCK_EMOTES_H
#define TLM_MOCK_EMOTES_H

#include <stddef.h>
#include <stdint.h>

#define TLM_EMOTE_SIZE_MAX 24

typedef struct tlm_emote_name {
    char text[TLM_EMOTE_SIZE_MAX];
    size_t size;
} tlm_emote_name;

/* Kinds of emotes by what they say. */
enum { TLM_EMOTE_ANY, TLM_EMOTE_GLAD, TLM_EMOTE_SAD };

/* An emote of the stream with this seed. */
void tlm_emote_pick(uint64_t stream_seed, uint32_t kind, uint64_t random, tlm_emote_name *ret_emote);

#endif
