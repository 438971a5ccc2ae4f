/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file accounting.h
 * What became of every record: consumed = applied + duplicate + late + dead-lettered, a topic.
 */
#ifndef TLM_CORE_ACCOUNTING_H
#define TLM_CORE_ACCOUNTING_H

#include <telemetra/telemetra.h>

/** Counts of one lane since its pipeline began, by TLM_EVENT_... kind. Moves with the positions. */
typedef struct tlm_accounting {
    uint64_t consumed[TLM_EVENT_KINDS]; /**< counted by the reader */
    uint64_t applied[TLM_EVENT_KINDS];
    uint64_t duplicate[TLM_EVENT_KINDS];
    uint64_t late[TLM_EVENT_KINDS];
    uint64_t dead_lettered[TLM_EVENT_KINDS];
} tlm_accounting;

/** Name of a kind in metrics and checkpoints: "chat", ..., "unknown". */
static inline const char *tlm_kind_name(uint32_t kind)
{
    static const char *const names[TLM_EVENT_KINDS] = {"unknown", "chat", "viewer", "transactions", "stream_meta"};
    return kind < TLM_EVENT_KINDS ? names[kind] : names[0];
}

/** Adds the counts of `more` to `sum`. */
static inline void tlm_accounting_add(tlm_accounting *sum, const tlm_accounting *more)
{
    for (uint32_t kind = 0; kind < TLM_EVENT_KINDS; kind++) {
        sum->consumed[kind] += more->consumed[kind];
        sum->applied[kind] += more->applied[kind];
        sum->duplicate[kind] += more->duplicate[kind];
        sum->late[kind] += more->late[kind];
        sum->dead_lettered[kind] += more->dead_lettered[kind];
    }
}

#endif
