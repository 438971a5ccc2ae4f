/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TLM_SENTIMENT_SCORER_H
#define TLM_SENTIMENT_SCORER_H

#include "words.h"

/**
 * The sentiment of a chat event in 0.0001, or TLM_SIDE_ABSENT when nothing in its message could be scored. Depends on
 * the message, the event's emotes and the lexicon alone; `room` is overwritten. Allocates nothing, takes time linear in
 * the message.
 */
int16_t tlm_score(tlm_words *room, const tlm_lexicon *lexicon, const tlm_events *batch, const tlm_event *event);

#endif
