/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file link.h
 * A connection to the server that comes back by itself, and pipelines over it. One thread a link.
 *
 * Every wait is bounded by the link's timeout. What goes wrong with the connection closes it; the next open is tried
 * after a pause that doubles from TLM_REDIS_PAUSE_FIRST_MS to TLM_REDIS_PAUSE_LAST_MS; after a good connection the
 * first one is made at once.
 */
#ifndef TLM_REDIS_LINK_H
#define TLM_REDIS_LINK_H

#include "command.h"
#include "redis.h"

#include <hiredis/hiredis.h>

#define TLM_REDIS_PAUSE_FIRST_MS 100
#define TLM_REDIS_PAUSE_LAST_MS 5000
/** What is sent before its replies are read: bounds memory here and in the server. */
#define TLM_REDIS_PIPE_BYTES ((size_t)512 * 1024)
#define TLM_REDIS_PIPE_COMMANDS 1000u

typedef struct tlm_redis_link {
    tlm_redis_shared *shared;
    int64_t timeout_ms;
    redisContext *context; /**< NULL: closed */
    bool is_greeted;       /**< it was good once */
    int64_t pause_ms, try_at_ms;
    uint64_t opened;   /**< times it was opened */
    tlm_error trouble; /**< why it is closed; empty: it was not tried yet */
    /* the pipeline under way */
    uint32_t waiting; /**< commands without their reply */
    size_t waiting_bytes;
    int64_t last_integer;   /**< of the last integer reply that tlm_redis_link_drain read */
    int refused;            /**< 0, or the worst that a reply said since tlm_redis_link_begin */
    tlm_error refusal;      /**< its sentence */
    bool is_script_missing; /**< the server does not know a script */
} tlm_redis_link;

void tlm_redis_link_init(tlm_redis_link *link, tlm_redis_shared *shared, int64_t timeout_ms);
void tlm_redis_link_finish(tlm_redis_link *link);

/** Opens it if it is closed and the pause is over. 0: it is open; negative with the sentence of the last failure. */
int tlm_redis_link_open(tlm_redis_link *link, tlm_error *error);
void tlm_redis_link_close(tlm_redis_link *link);

/** Sends one command and waits for its reply, the caller's to free with freeReplyObject. An error reply is returned as
 * -EIO with its sentence (-EACCES when the server refuses who asks). */
int tlm_redis_link_call(tlm_redis_link *link, tlm_redis_command *command, redisReply **ret_reply, tlm_error *error);

/** Begins a pipeline. */
void tlm_redis_link_begin(tlm_redis_link *link);
/** Adds a command; reads replies when enough of them wait. Negative: the connection is lost. */
int tlm_redis_link_add(tlm_redis_link *link, tlm_redis_command *command, tlm_error *error);
/** Reads all replies. Negative: the connection is lost. What single replies say is in `refused`. */
int tlm_redis_link_drain(tlm_redis_link *link, tlm_error *error);
/** Adds a command whose reply the caller reads itself with tlm_redis_link_reply, in order; nothing else may wait. */
int tlm_redis_link_send(tlm_redis_link *link, tlm_redis_command *command, tlm_error *error);
int tlm_redis_link_reply(tlm_redis_link *link, redisReply **ret_reply, tlm_error *error);

/** Closes the link after `context` has failed, and keeps and copies the sentence for it: -ENOTCONN. */
int tlm_redis_link_lost(tlm_redis_link *link, tlm_error *error);

/** A negative errno and a sentence for an error reply. */
int tlm_redis_reply_error(const tlm_redis_link *link, const redisReply *reply, tlm_error *error);

#endif
