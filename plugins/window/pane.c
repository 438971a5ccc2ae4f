/* SPDX-License-Identifier: Apache-2.0 */
#include "pane.h"

#include <stdlib.h>

_Static_assert(sizeof(tlm_pane) == 64, "a pane is one cache line");

/* Slots below which a set is packed whatever it saves: there may be very many such sets. */
enum { PACK_ALWAYS_BELOW = 512 };

enum { BLOCK_PANES = 511 }; /* and one line for the list of blocks: 32 KiB */

typedef struct pool_block {
    struct pool_block *next;
} pool_block;

typedef union free_pane {
    tlm_pane pane;
    union free_pane *next;
} free_pane;

static int grow_pool(tlm_pane_pool *pool)
{
    size_t size = (BLOCK_PANES + 1) * sizeof(tlm_pane);
    pool_block *block = aligned_alloc(sizeof(tlm_pane), size);
    if (!block)
        return -ENOMEM;
    block->next = pool->blocks;
    pool->blocks = block;
    pool->size_bytes += size;
    free_pane *panes = (void *)((tlm_pane *)(void *)block + 1);
    for (size_t i = BLOCK_PANES; i-- > 0;) {
        panes[i].next = (void *)pool->free;
        pool->free = &panes[i].pane;
    }
    return 0;
}

tlm_pane *tlm_pane_open(tlm_pane_pool *pool)
{
    if (!pool->free && grow_pool(pool) < 0)
        return NULL;
    tlm_pane *pane = pool->free;
    pool->free = (void *)((free_pane *)(void *)pane)->next;
    *pane = (tlm_pane){0};
    return pane;
}

static void finish_sketch(tlm_sketch *sketch)
{
    tlm_sketch_finish(sketch);
    free(sketch);
}

void tlm_pane_close(tlm_pane_pool *pool, tlm_pane *pane)
{
    if (!pane)
        return;
    tlm_id_set_finish(&pane->ids);
    tlm_chatter_set_finish(&pane->chatters);
    finish_sketch(pane->sketch);
    if (pane->viewers)
        tlm_stamp_finish(&pane->viewers->stamp);
    free(pane->viewers);
    if (pane->rare) {
        tlm_amounts_finish(&pane->rare->amounts);
        tlm_emote_counts_finish(&pane->rare->emotes);
    }
    free(pane->rare);
    free_pane *slot = (void *)pane;
    slot->next = (void *)pool->free;
    pool->free = pane;
}

void tlm_pane_pool_finish(tlm_pane_pool *pool)
{
    for (pool_block *block = pool->blocks, *next; block; block = next) {
        next = block->next;
        free(block);
    }
    *pool = (tlm_pane_pool){0};
}

/* The identity of an event: its id's hash is uniform, so mixing time and kind in by any one-to-one step keeps both
 * uniform and apart. The multiplier is 2^64 divided by the golden ratio (Knuth, TAOCP vol. 3, 6.4). */
static tlm_id id_of(const tlm_event *event)
{
    const uint64_t odd = UINT64_C(0x9E3779B97F4A7C15);
    return (tlm_id){.low = event->id_low ^ (uint64_t)event->time_ns * odd, .high = event->id_high + event->kind * odd};
}

int tlm_pane_add_id(tlm_pane *pane, const tlm_event *event)
{
    return tlm_id_set_add(&pane->ids, id_of(event));
}

static uint32_t mark_of(const tlm_events *batch, const tlm_event *event)
{
    tlm_text user = tlm_events_text(batch, event->user);
    return tlm_sketch_mark(tlm_sketch_hash(user.data, user.size));
}

/* Replaces the exact set, which has grown too large, by a sketch. */
static int make_sketch(tlm_pane *pane)
{
    tlm_sketch *sketch = calloc(1, sizeof *sketch);
    if (!sketch)
        return -ENOMEM;
    tlm_chatter chatter;
    for (uint32_t cursor = 0; tlm_chatter_set_next(&pane->chatters, &cursor, &chatter);) {
        if (tlm_sketch_add(sketch, chatter.mark) < 0) {
            finish_sketch(sketch);
            return -ENOMEM;
        }
    }
    tlm_chatter_set_finish(&pane->chatters);
    pane->sketch = sketch;
    return 0;
}

static int add_chatter(tlm_pane *pane, const tlm_events *batch, const tlm_event *event)
{
    if (pane->sketch)
        return tlm_sketch_add(pane->sketch, mark_of(batch, event));
    if (tlm_chatter_set_has(&pane->chatters, event->user_hash))
        return 0;
    int added = tlm_chatter_set_add(&pane->chatters, event->user_hash, mark_of(batch, event));
    if (added < 0)
        return added;
    return tlm_chatter_set_count(&pane->chatters) > TLM_CHATTERS_EXACT_MAX ? make_sketch(pane) : 0;
}

static int need_rare(tlm_pane *pane)
{
    if (!pane->rare)
        pane->rare = calloc(1, sizeof *pane->rare);
    return pane->rare ? 0 : -ENOMEM;
}

static int add_emotes(tlm_pane *pane, const tlm_events *batch, tlm_span span)
{
    const tlm_emote *emotes = (const void *)(batch->arena + span.offset);
    if (need_rare(pane) < 0)
        return -ENOMEM;
    for (uint32_t i = 0; i < span.size; i++)
        if (tlm_emote_counts_add(&pane->rare->emotes, emotes[i].hash, tlm_events_text(batch, emotes[i].name)) < 0)
            return -ENOMEM;
    return 0;
}

static int add_viewers(tlm_pane *pane, const tlm_events *batch, const tlm_event *event)
{
    int64_t count = event->as.viewer.viewer_count;
    tlm_text id = tlm_events_text(batch, event->event_id);
    if (!pane->viewers) {
        pane->viewers = calloc(1, sizeof *pane->viewers);
        if (!pane->viewers)
            return -ENOMEM;
        pane->viewers->min = INT64_MAX;
        pane->viewers->max = INT64_MIN;
    }
    tlm_pane_viewers *viewers = pane->viewers;
    if (tlm_stamp_compare(&viewers->stamp, event->time_ns, id) < 0) {
        if (tlm_stamp_set(&viewers->stamp, event->time_ns, id) < 0)
            return -ENOMEM;
        viewers->last = count;
    }
    viewers->count++;
    viewers->sum += count;
    viewers->min = count < viewers->min ? count : viewers->min;
    viewers->max = count > viewers->max ? count : viewers->max;
    return 0;
}

/* Of a gift_sub the number of its gifts, at least 1; of any other transaction 1. */
static int64_t payments_of(const tlm_events *batch, const tlm_transaction *detail)
{
    bool is_gift = tlm_text_equal(tlm_events_text(batch, detail->type), tlm_text_of("gift_sub"));
    return is_gift && detail->gift_count > 1 ? detail->gift_count : 1;
}

static int add_transaction(tlm_pane *pane, const tlm_events *batch, const tlm_event *event)
{
    const tlm_transaction *detail = (const void *)(batch->arena + event->as.detail.offset);
    if (need_rare(pane) < 0)
        return -ENOMEM;
    pane->rare->transaction_count++;
    pane->rare->payment_count += payments_of(batch, detail);
    if (!detail->is_bits)
        return tlm_amounts_add(&pane->rare->amounts, detail->currency, tlm_wide_of(detail->amount));
    pane->rare->bits += tlm_wide_of(detail->amount);
    return 0;
}

static int add_score(tlm_pane *pane, int16_t score)
{
    if (need_rare(pane) < 0)
        return -ENOMEM;
    tlm_pane_scores *scores = &pane->rare->scores;
    scores->count++;
    scores->sum += score;
    scores->positive_count += score >= TLM_SCORE_POSITIVE_MIN;
    scores->negative_count += score <= TLM_SCORE_NEGATIVE_MAX;
    return 0;
}

int tlm_pane_add(tlm_pane *pane, const tlm_events *batch, const tlm_event *event, int16_t score)
{
    if (event->kind == TLM_EVENT_VIEWER)
        return add_viewers(pane, batch, event);
    if (event->kind == TLM_EVENT_TRANSACTION)
        return add_transaction(pane, batch, event);
    if (event->kind != TLM_EVENT_CHAT)
        return 0;
    pane->message_count++;
    if (event->as.chat.emotes.size && add_emotes(pane, batch, event->as.chat.emotes) < 0)
        return -ENOMEM;
    if (score != TLM_SIDE_ABSENT && add_score(pane, score) < 0)
        return -ENOMEM;
    return event->user_hash ? add_chatter(pane, batch, event) : 0;
}

int tlm_pane_expect(tlm_pane *pane, const tlm_pane *like)
{
    int result = tlm_id_set_reserve(&pane->ids, tlm_id_set_count(&like->ids));
    return result < 0 ? result : tlm_chatter_set_reserve(&pane->chatters, tlm_chatter_set_count(&like->chatters));
}

/* Packing costs time for each entry and makes adding dear, so a large set is left alone unless it is rather empty. */
static bool is_worth_packing(const tlm_flat_set *set)
{
    return set->capacity < PACK_ALWAYS_BELOW || set->capacity - set->capacity / 3 > set->stored;
}

int tlm_pane_freeze(tlm_pane *pane)
{
    int result = is_worth_packing(&pane->ids.flat) ? tlm_id_set_freeze(&pane->ids) : 0;
    if (result == 0 && is_worth_packing(&pane->chatters.flat))
        result = tlm_chatter_set_freeze(&pane->chatters);
    if (result == 0 && pane->rare)
        result = tlm_emote_counts_freeze(&pane->rare->emotes);
    return result;
}

static void prefetch_flat(const tlm_flat_set *set, uint64_t key, size_t entry_size)
{
    if (set->capacity)
        __builtin_prefetch(set->slots + tlm_flat_home(key, set->capacity) * entry_size, 1);
}

void tlm_pane_prefetch(const tlm_pane *pane, const tlm_event *event)
{
    prefetch_flat(&pane->ids.flat, id_of(event).high, TLM_FLAT_WHOLE);
    prefetch_flat(&pane->chatters.flat, event->user_hash, TLM_FLAT_KEYED);
}

size_t tlm_pane_parts_size_bytes(const tlm_pane *pane)
{
    size_t size = 0;
    if (pane->sketch)
        size += sizeof *pane->sketch + tlm_sketch_size_bytes(pane->sketch);
    if (pane->viewers)
        size += sizeof *pane->viewers + pane->viewers->stamp.capacity;
    if (pane->rare)
        size += sizeof *pane->rare + tlm_amounts_size_bytes(&pane->rare->amounts) +
                tlm_emote_counts_size_bytes(&pane->rare->emotes);
    return size;
}
