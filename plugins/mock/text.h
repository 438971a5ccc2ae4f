/* SPDX-License-Identifier: Apache-2.0 */
/* What a message says: a phrase, sometimes shouted, drawn out or addressed to somebody, with emotes in it. */
#ifndef TLM_MOCK_TEXT_H
#define TLM_MOCK_TEXT_H

#include "emotes.h"

#include <stdbool.h>
#include <stdint.h>

#define TLM_MESSAGE_SIZE_MAX 512
#define TLM_MESSAGE_EMOTES_MAX 4

/* Why somebody writes. */
enum { TLM_TALK_USUAL, TLM_TALK_HYPE, TLM_TALK_THANKS, TLM_TALK_RAID, TLM_TALK_GIVING };

/* What sways a message. */
typedef struct tlm_talk {
    uint32_t kind; /* TLM_TALK_... */
    bool no_emotes;
    double mood;          /* -1 .. 1: how far chat has turned */
    uint64_t stream_seed; /* for its emotes */
    uint64_t topic;       /* what all repeat while it is exciting */
} tlm_talk;

typedef struct tlm_message {
    char text[TLM_MESSAGE_SIZE_MAX]; /* without quotes and backslashes */
    size_t size;
    tlm_emote_name emotes[TLM_MESSAGE_EMOTES_MAX]; /* in the order of the text */
    uint32_t emote_count;
} tlm_message;

/* Makes the message that the random number stands for. */
void tlm_message_make(tlm_message *message, const tlm_talk *talk, uint64_t random);

#endif
