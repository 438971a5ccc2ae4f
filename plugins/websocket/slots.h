/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file slots.h
 * The feed's table of streams, by their ids. One thread at a time: the feed has the lock.
 */
#ifndef TLM_WEBSOCKET_SLOTS_H
#define TLM_WEBSOCKET_SLOTS_H

#include "row.h"

#include <sys/queue.h>

/** A moment that the loop has not taken yet. */
typedef struct tlm_ws_moment {
    STAILQ_ENTRY(tlm_ws_moment) link;
    tlm_ws_row *row;
} tlm_ws_moment;

typedef struct tlm_ws_slot tlm_ws_slot;

/** What waits of one stream. */
struct tlm_ws_slot {
    tlm_ws_slot *next; /**< in its bucket */
    uint64_t key;
    void *room; /**< NULL: it has no clients */
    uint32_t connections;
    tlm_ws_row *window; /**< not taken yet; of a stream without clients, its early one */
    int64_t newest_end_ns;
    bool has_newest, is_newest_final;
    tlm_ws_row *status; /**< not taken yet */
    STAILQ_HEAD(, tlm_ws_moment) moments;
    uint32_t moment_count;
    TAILQ_ENTRY(tlm_ws_slot) news; /**< while it has moments */
    LIST_ENTRY(tlm_ws_slot) open;  /**< while it has a room */
    uint32_t id_size;
    char id[];
};

typedef struct tlm_ws_slots {
    uint64_t seed;
    tlm_ws_slot **buckets;
    uint32_t bucket_count, count;
} tlm_ws_slots;

/** -ENOMEM. */
int tlm_ws_slots_init(tlm_ws_slots *slots, uint64_t seed);
/** It must be empty. */
void tlm_ws_slots_finish(tlm_ws_slots *slots);

/** Hash of an id; it does not change and needs no lock. */
uint64_t tlm_ws_slots_key(const tlm_ws_slots *slots, tlm_text id);
/** NULL: the id is not there. */
tlm_ws_slot *tlm_ws_slots_find(const tlm_ws_slots *slots, tlm_text id, uint64_t key);
/** Any one, for taking all apart; NULL: it is empty. */
tlm_ws_slot *tlm_ws_slots_any(const tlm_ws_slots *slots);
/** A new, empty one under an id that is not there. NULL: no memory. */
tlm_ws_slot *tlm_ws_slots_add(tlm_ws_slots *slots, tlm_text id, uint64_t key);
/** Frees it with its rows; its moments must have been taken. */
void tlm_ws_slots_remove(tlm_ws_slots *slots, tlm_ws_slot *slot);

#endif
