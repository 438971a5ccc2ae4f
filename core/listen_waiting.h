/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file listen_waiting.h
 * The connections that the listening thread holds: a fixed table in two queues ordered by deadline. Listening thread
 * only.
 */
#ifndef TLM_CORE_LISTEN_WAITING_H
#define TLM_CORE_LISTEN_WAITING_H

#include <stdint.h>
#include <sys/queue.h>
#include <sys/socket.h>

/** What a held connection is waited on for. */
enum {
    TLM_WAIT_HEAD = 0,  /**< its first head */
    TLM_WAIT_CLOSE = 1, /**< that the peer reads the refusal and closes */
    TLM_WAITS = 2
};

typedef struct tlm_waiting {
    TAILQ_ENTRY(tlm_waiting) entry;
    int fd;
    uint32_t wait; /**< TLM_WAIT_... */
    int64_t deadline_ms;
    struct sockaddr_storage peer;
    socklen_t peer_size;
} tlm_waiting;

TAILQ_HEAD(tlm_waiting_queue, tlm_waiting);

typedef struct tlm_waiting_table {
    tlm_waiting *slots;
    struct tlm_waiting_queue free;
    struct tlm_waiting_queue queues[TLM_WAITS]; /**< earliest deadline first */
    int64_t timeout_ms[TLM_WAITS];
} tlm_waiting_table;

/** A table of `capacity` connections. 0 or -ENOMEM. */
int tlm_waiting_init(tlm_waiting_table *table, uint32_t capacity, int64_t head_timeout_ms, int64_t close_timeout_ms);
/** Closes every connection and frees the table; a zeroed one too. */
void tlm_waiting_finish(tlm_waiting_table *table);

/** Takes a slot for `fd`, waiting for its head. When none is free the connection with the earliest deadline is closed.
 */
tlm_waiting *tlm_waiting_add(tlm_waiting_table *table, int fd, int64_t now_ms);
/** Moves a connection to the end of the other queue, with that queue's deadline. */
void tlm_waiting_move(tlm_waiting_table *table, tlm_waiting *waiting, uint32_t wait, int64_t now_ms);
/** Gives the slot back; the descriptor is the caller's. */
int tlm_waiting_release(tlm_waiting_table *table, tlm_waiting *waiting);
/** Gives the slot back and closes. */
void tlm_waiting_close(tlm_waiting_table *table, tlm_waiting *waiting);

/** A connection whose deadline has passed, or NULL. */
tlm_waiting *tlm_waiting_overdue(tlm_waiting_table *table, int64_t now_ms);
/** Milliseconds to the next deadline, at least 0; -1 when nothing is held. */
int64_t tlm_waiting_delay_ms(const tlm_waiting_table *table, int64_t now_ms);

#endif
