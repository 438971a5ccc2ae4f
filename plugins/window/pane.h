/* SPDX-License-Identifier: Apache-2.0 */
/* What one stream has had within one slide. A window is the sum of its panes, so an event is counted once however many
 * windows it falls in. One cache line; what most panes do not have is allocated apart. One thread at a time. */
#ifndef TLM_WINDOW_PANE_H
#define TLM_WINDOW_PANE_H

#include "amounts.h"
#include "emotes.h"
#include "status.h"

#include "common/chatter_set.h"
#include "common/id_set.h"
#include "common/sketch.h"

#include <telemetra/processor.h>

/* Chatters up to which a window's number of them is exact (contract section 2). */
#define TLM_CHATTERS_EXACT_MAX 4096

/* Viewer events of a pane: at least one. */
typedef struct {
    int64_t count;
    tlm_wide sum;
    int64_t min, max, last;
    tlm_stamp stamp; /* of the last one */
} tlm_pane_viewers;

/* Sentiment of the messages that were scored, in 0.0001. */
typedef struct {
    int64_t count, sum;
    int64_t positive_count, negative_count;
} tlm_pane_scores;

/* A message counts as positive, or negative, from this score on (contract section 2). */
#define TLM_SCORE_POSITIVE_MIN 500
#define TLM_SCORE_NEGATIVE_MAX (-500)

/* Transactions, emotes and sentiment. */
typedef struct {
    tlm_pane_scores scores;
    int64_t transaction_count;
    tlm_wide bits;
    tlm_wide payment_count; /* transactions, each gift_sub as often as it gives */
    tlm_amounts amounts;
    tlm_emote_counts emotes;
} tlm_pane_rare;

typedef struct tlm_pane {
    int64_t message_count;
    tlm_id_set ids;            /* of everything applied, stream_meta too */
    tlm_chatter_set chatters;  /* exact as long as `sketch` is NULL */
    tlm_sketch *sketch;        /* owned; takes the set's place when there are more than TLM_CHATTERS_EXACT_MAX */
    tlm_pane_viewers *viewers; /* owned; NULL without viewer events */
    tlm_pane_rare *rare;       /* owned; NULL without transactions, emotes and scores */
} tlm_pane;

/* Memory for panes: they come and go all the time and all have one size. Start from all zero. */
typedef struct {
    void *blocks;   /* owned list */
    tlm_pane *free; /* list through message_count's place */
    size_t size_bytes;
} tlm_pane_pool;

/* An empty pane on a cache line of its own, or NULL. */
tlm_pane *tlm_pane_open(tlm_pane_pool *pool);
/* Frees what the pane holds and gives it back; NULL is fine. */
void tlm_pane_close(tlm_pane_pool *pool, tlm_pane *pane);
void tlm_pane_pool_finish(tlm_pane_pool *pool);

/* Whether a window has a row because of this pane: stream_meta alone makes none. */
static inline bool tlm_pane_has_events(const tlm_pane *pane)
{
    return pane->message_count > 0 || pane->viewers || (pane->rare && pane->rare->transaction_count > 0);
}

/* 1 when the event is new in the pane and now known, 0 when it was applied before, -ENOMEM. */
int tlm_pane_add_id(tlm_pane *pane, const tlm_event *event);
/* Adds a new event's values, and of a message its sentiment or TLM_SIDE_ABSENT; does nothing for stream_meta. 0, or
 * -ENOMEM with the event added in part. */
int tlm_pane_add(tlm_pane *pane, const tlm_events *batch, const tlm_event *event, int16_t score);
/* Makes room in an empty pane for about as much as another one holds. 0 or -ENOMEM. */
int tlm_pane_expect(tlm_pane *pane, const tlm_pane *like);
/* Packs the sets of a pane that rarely gets another event, where that saves enough. 0 or -ENOMEM, which does no harm.
 */
int tlm_pane_freeze(tlm_pane *pane);
/* Asks the processor to fetch what adding the event will touch. */
void tlm_pane_prefetch(const tlm_pane *pane, const tlm_event *event);
/* Bytes allocated by a pane's rarer parts. */
size_t tlm_pane_parts_size_bytes(const tlm_pane *pane);

/* Bytes allocated by a pane's sets. */
static inline size_t tlm_pane_sets_size_bytes(const tlm_pane *pane)
{
    return tlm_id_set_size_bytes(&pane->ids) + tlm_chatter_set_size_bytes(&pane->chatters);
}

/* Bytes allocated, the pane itself apart. */
static inline size_t tlm_pane_size_bytes(const tlm_pane *pane)
{
    return tlm_pane_sets_size_bytes(pane) + tlm_pane_parts_size_bytes(pane);
}

/* Whether adding the event may change what tlm_pane_parts_size_bytes tells. Most do not, and looking costs a miss of
 * the cache. */
static inline bool tlm_pane_may_grow_parts(const tlm_pane *pane, const tlm_event *event, int16_t score)
{
    return event->kind != TLM_EVENT_CHAT || event->as.chat.emotes.size || pane->sketch ||
           (score != TLM_SIDE_ABSENT && !pane->rare) ||
           tlm_chatter_set_count(&pane->chatters) == TLM_CHATTERS_EXACT_MAX;
}

#endif
