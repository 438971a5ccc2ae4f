/* SPDX-License-Identifier: Apache-2.0 */
/* The truth about a run: a file with a line for each planted episode, to measure with what a detector finds.
 *
 * {"stream_id":"...","moment_type":"raid","start":"...","peak":"...","end":"...","magnitude":2.5,"cause":null,
 *  "event_id":"..."}
 *
 * One line, without the break. `moment_type` is one of the contract's six. Times are RFC 3339; what falls slowly ends
 * at a quarter of its height. `magnitude`: chat_spike the messages at the height, in usual rates; viewer_surge and
 * viewer_drop the viewers, in those there would be without it; donation_burst the number of transactions; raid the
 * raid's viewers; sentiment_shift how far the mood turns, -1 .. 1. A raid's lift of viewers, and the chat burst of a
 * raid or donation burst where it is large, have lines of their own, which name their `cause`; it is null for what was
 * planted itself. `event_id` is that of a raid's event, null for the rest. Lines come in order of start, then of
 * stream; the file holds what began before the end of what was generated, so it is at most half a second ahead of the
 * events. A run that goes on writes it anew from the run's start. */
#ifndef TLM_MOCK_PLANTED_H
#define TLM_MOCK_PLANTED_H

#include "episodes.h"
#include "options.h"

typedef struct tlm_planted tlm_planted;

/* Begins the file anew. 0, or negative errno with a sentence. */
int tlm_planted_create(const char *path, const tlm_mock_options *options, tlm_planted **ret_planted, tlm_error *error);

/* Adds an episode. A failed write shows at tlm_planted_flush. */
void tlm_planted_add(tlm_planted *planted, uint32_t stream, uint64_t stream_seed, const tlm_episode *episode);

/* Adds all that begin before `run_ms` since the run's start. 0 or -ENOMEM. */
int tlm_planted_add_past(tlm_planted *planted, const tlm_episode_plan *plan, int64_t run_ms);

/* Writes out what was added. 0, or negative errno with a sentence. */
int tlm_planted_flush(tlm_planted *planted, tlm_error *error);

/* Closes the file; NULL is fine. */
void tlm_planted_destroy(tlm_planted *planted);

#endif
