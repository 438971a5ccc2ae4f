/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file asker.h
 * Asks the store what is known of a stream whose first client has come, on a thread of its own, since a query blocks.
 */
#ifndef TLM_WEBSOCKET_ASKER_H
#define TLM_WEBSOCKET_ASKER_H

#include "handshake.h"
#include "row.h"

#include <sys/queue.h>

/** Moments that an update shows, and how far they reach back. */
#define TLM_WS_RECENT_MAX 10
#define TLM_WS_RECENT_NS (INT64_C(300) * 1000000000)

typedef struct tlm_ws_asker tlm_ws_asker;

/** A question and, once it comes back, its answer. */
typedef struct tlm_ws_question {
    STAILQ_ENTRY(tlm_ws_question) link;
    uint64_t serial;                        /**< whatever the asker wants to know it by */
    int64_t since_ns;                       /**< moments with a peak not before it */
    tlm_ws_row *window;                     /**< the newest final one; NULL: none */
    tlm_ws_row *status;                     /**< NULL: none */
    tlm_ws_row *moments[TLM_WS_RECENT_MAX]; /**< newest first */
    uint32_t moment_count;
    int result; /**< 0, or why the store did not answer */
    uint32_t id_size;
    char stream_id[TLM_WS_STREAM_ID_MAX];
} tlm_ws_question;

STAILQ_HEAD(tlm_ws_questions, tlm_ws_question);

/**
 * `answered` gets each question back, on the asker's thread, and owns it from then on. A failing store is told to the
 * log once until it answers again.
 */
int tlm_ws_asker_create(const tlm_host *host, const tlm_store *store, tlm_instance *instance,
                        void (*answered)(void *context, tlm_ws_question *question), void *context,
                        tlm_ws_asker **ret_asker);
/** Waits for the question it is at, drops the others. Accepts NULL. */
void tlm_ws_asker_destroy(tlm_ws_asker *asker);

/** Asks; at most `max` questions may wait. -ENOBUFS, -ENOMEM: it is not asked. */
int tlm_ws_asker_ask(tlm_ws_asker *asker, tlm_text stream_id, uint64_t serial, int64_t since_ns, uint32_t max);

/** With all that it still owns. Accepts NULL. */
void tlm_ws_question_destroy(tlm_ws_question *question);

#endif
