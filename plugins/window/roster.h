/* SPDX-License-Identifier: Apache-2.0 */
/* The distinct chatters of a stream's window, kept from one window to the next, so that the cost of counting does not
 * grow with the overlap: each chatter is noted with the last pane that had it, each pane with how many it is the last
 * of, and a window is the sum over its panes. Only for streams with many chatters: a few are counted as fast by
 * looking through the panes. One thread at a time. */
#ifndef TLM_WINDOW_ROSTER_H
#define TLM_WINDOW_ROSTER_H

#include "geometry.h"
#include "pane.h"

/* Chatters in the panes of a window, each pane's own, above which a roster is begun and below which it is given up. */
#define TLM_ROSTER_BEGIN 512
#define TLM_ROSTER_END 128
/* Above so many it is given up as well: windows beyond TLM_CHATTERS_EXACT_MAX are estimated anyway. */
#define TLM_ROSTER_MAX (6 * TLM_CHATTERS_EXACT_MAX)

/* A pane and when it begins. */
typedef struct {
    int64_t start_ns;
    tlm_pane *pane;
} tlm_pane_ref;

typedef struct tlm_roster tlm_roster;

/*
 * Counts the chatters of the window that ends at `end_ns`, which must not be before that of the last call, from its
 * panes in ascending order. 1 and the number; 0 when it is not for this window, *roster being NULL then; -ENOMEM.
 */
int tlm_roster_count(tlm_roster **roster, const tlm_geometry *geometry, const tlm_pane_ref *panes, uint32_t pane_count,
                     int64_t end_ns, uint64_t *ret_count);

/* Notes a chatter of a pane that was counted already, or was not yet; again does no harm. NULL is fine. 0 or -ENOMEM.
 */
int tlm_roster_note(tlm_roster *roster, const tlm_geometry *geometry, int64_t pane_start_ns, uint64_t user);

void tlm_roster_destroy(tlm_roster *roster);
size_t tlm_roster_size_bytes(const tlm_roster *roster);

#endif
