/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file feed.h
 * What the feed brought, by stream: the place where lanes leave rows and the loop takes them.
 *
 * Lanes never wait for a client: a row is looked up by its stream and copied, under a lock that is held for no more
 * than that. Of a stream with clients ("open") the newest window, the newest status and the moments not yet taken are
 * kept; of other streams the newest early window only, since what is final can be asked of the store. Bounds:
 * `max_streams` streams without clients, TLM_WS_MOMENTS_WAITING moments of a stream that the loop has not taken.
 *
 * `tlm_ws_feed_receive_...`: any thread. The rest: the loop's thread, unless it says otherwise.
 */
#ifndef TLM_WEBSOCKET_FEED_H
#define TLM_WEBSOCKET_FEED_H

#include "common/json_writer.h"
#include "row.h"

#define TLM_WS_MOMENTS_WAITING 64

typedef struct tlm_ws_feed tlm_ws_feed;
/** A stream. */
typedef struct tlm_ws_slot tlm_ws_slot;

/** `wake` is called from lanes when there are moments to take and were none before; it must not block. */
int tlm_ws_feed_create(uint32_t max_streams, uint64_t seed, void (*wake)(void *context), void *context,
                       tlm_ws_feed **ret_feed);
/** Nobody may call any more. Accepts NULL. */
void tlm_ws_feed_destroy(tlm_ws_feed *feed);

/** As tlm_feed_service.subscribe calls them; `feed` is a tlm_ws_feed. */
void tlm_ws_feed_receive_windows(void *feed, const tlm_rows *rows);
void tlm_ws_feed_receive_streams(void *feed, const tlm_rows *rows);
void tlm_ws_feed_receive_moments(void *feed, const tlm_rows *rows);

/** The room of an open stream, or NULL. */
void *tlm_ws_feed_find(tlm_ws_feed *feed, tlm_text stream_id);
/** Opens a stream that is not open. NULL: no memory. */
tlm_ws_slot *tlm_ws_feed_open(tlm_ws_feed *feed, tlm_text stream_id, void *room);
/** Closes it; `window` is what was taken last, or NULL, and the feed's from now on. */
void tlm_ws_feed_close(tlm_ws_feed *feed, tlm_ws_slot *slot, tlm_ws_row *window);
/** Tells how many clients it has. */
void tlm_ws_feed_count(tlm_ws_feed *feed, tlm_ws_slot *slot, uint32_t connections);

/** What came since the last call: each is NULL (nothing) or the caller's to free. */
void tlm_ws_feed_take(tlm_ws_feed *feed, tlm_ws_slot *slot, tlm_ws_row **ret_window, tlm_ws_row **ret_status);
/** One moment of any open stream that was not taken yet, the caller's, and its room. NULL: none. */
tlm_ws_row *tlm_ws_feed_take_moment(tlm_ws_feed *feed, void **ret_room);

/**
 * The time by the feed: that of the newest window, going on with the clock from there; the clock where nothing came
 * yet, and never ahead of it. A recording's moments are recent by the time of the recording. Any thread.
 */
int64_t tlm_ws_feed_now_ns(tlm_ws_feed *feed);
/** For how long no window has come, or since the feed was made. Any thread. */
int64_t tlm_ws_feed_silent_ms(tlm_ws_feed *feed);
/** Moments that were given up because the loop did not take them. */
uint64_t tlm_ws_feed_lost(tlm_ws_feed *feed);

/** Writes the members `active_streams`, `total_connections` and `streams`. Any thread. */
void tlm_ws_feed_census(tlm_ws_feed *feed, tlm_json_writer *writer);

#endif
