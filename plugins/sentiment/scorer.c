/* SPDX-License-Identifier: Apache-2.0 */
#include "scorer.h"

#include "compound.h"
#include "rules.h"

int16_t tlm_score(tlm_words *room, const tlm_lexicon *lexicon, const tlm_events *batch, const tlm_event *event)
{
    int64_t sum;

    tlm_words_read(room, lexicon, batch, event);
    if (!tlm_rules_sum(room, tlm_events_text(batch, event->as.chat.message), &sum))
        return TLM_SIDE_ABSENT;
    return tlm_compound(sum);
}
