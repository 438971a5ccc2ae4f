/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file feed.h
 * Rows as they are made, handed to subscribers in this process (service telemetra.feed/1). Any thread.
 */
#ifndef TLM_CORE_FEED_H
#define TLM_CORE_FEED_H

#include <telemetra/telemetra.h>

typedef struct tlm_feed tlm_feed;

int tlm_feed_create(tlm_feed **ret_feed);
/** All subscriptions must have ended. Accepts NULL. */
void tlm_feed_destroy(tlm_feed *feed);

/** Calls every subscriber of the batch's dataset, on this thread. */
void tlm_feed_publish(tlm_feed *feed, const tlm_rows *rows);

/** Whether anybody listens: 1 or 0. */
int tlm_feed_is_heard(tlm_feed *feed);

/** As tlm_feed_service.subscribe and unsubscribe. */
tlm_subscription *tlm_feed_subscribe(tlm_feed *feed, const char *dataset,
                                     void (*receive)(void *context, const tlm_rows *rows), void *context);
void tlm_feed_unsubscribe(tlm_subscription *subscription);

#endif
