/* SPDX-License-Identifier: Apache-2.0 */
/* Counts of emotes: of a pane, and the ten highest of several panes.
 *
 * An emote is known by the seeded hash of its name; the first name seen is kept with its count. One thread at a time.
 */
#ifndef TLM_WINDOW_EMOTES_H
#define TLM_WINDOW_EMOTES_H

#include <telemetra/event.h>

#include "common/buffer.h"

/* Emotes that a row shows. */
#define TLM_EMOTES_TOP 10

typedef struct {
    uint64_t hash;
    int64_t count; /* 0: a free slot */
    uint32_t name; /* offset in `names` */
    uint32_t name_size;
} tlm_emote_slot;

/* Start from all zero. Frozen, it is an array of exactly its emotes: only then it is full. */
typedef struct {
    tlm_emote_slot *slots; /* owned; open addressing, a power of two, at most 3/4 full */
    uint32_t capacity;
    uint32_t count;
    tlm_buffer names;
} tlm_emote_counts;

/* One of the highest; the name is borrowed from the counts. */
typedef struct {
    const char *name;
    uint32_t name_size;
    int64_t count;
    uint64_t hash;
} tlm_emote_total;

/* Memory for adding up; start from all zero. */
typedef struct {
    tlm_emote_total *slots; /* owned */
    uint32_t capacity;
} tlm_emote_work;

/* Counts one element. 0 or -ENOMEM. */
int tlm_emote_counts_add(tlm_emote_counts *counts, uint64_t hash, tlm_text name);
/* Packs the counts of a pane that rarely gets another emote; the next one thaws them. 0, or -ENOMEM, which does no
 * harm. */
int tlm_emote_counts_freeze(tlm_emote_counts *counts);
void tlm_emote_counts_finish(tlm_emote_counts *counts);
static inline size_t tlm_emote_counts_size_bytes(const tlm_emote_counts *counts)
{
    return counts->capacity * sizeof *counts->slots + counts->names.capacity;
}

/* Adds up `counts` and writes the highest into `top`, highest first, ties by the bytes of their names; *ret_count of
 * them. 0 or -ENOMEM. */
int tlm_emote_work_top(tlm_emote_work *work, const tlm_emote_counts *const *counts, uint32_t counts_count,
                       tlm_emote_total top[static TLM_EMOTES_TOP], uint32_t *ret_count);
void tlm_emote_work_finish(tlm_emote_work *work);
size_t tlm_emote_work_size_bytes(const tlm_emote_work *work);

#endif
