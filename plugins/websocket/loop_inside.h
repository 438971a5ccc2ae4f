/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file loop_inside.h
 * What the rooms of the loop share: loop.c (the thread), client*.c (one connection), room.c (one stream). The loop's
 * thread alone, unless a member says otherwise.
 */
#ifndef TLM_WEBSOCKET_LOOP_INSIDE_H
#define TLM_WEBSOCKET_LOOP_INSIDE_H

#include "asker.h"
#include "common/buffer.h"
#include "common/hash_map.h"
#include "input.h"
#include "loop.h"
#include "output.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/queue.h>

/** Bytes read from one client at a time. */
#define TLM_WS_READ_SIZE TLM_REQUEST_HEAD_MAX
/** How long a connection may take to end once the last frame is to be sent. */
#define TLM_WS_CLOSE_TIMEOUT_MS 1000
/** How long the first update waits for the store. */
#define TLM_WS_ASK_TIMEOUT_MS 1000
/**
 * A feed that brings no windows for so long may be cut off from whoever makes them: from then on the store is asked for
 * a room's newest values as often. At most TLM_WS_ASK_AGAIN_MAX such questions wait.
 */
#define TLM_WS_ASK_AGAIN_MS 5000
#define TLM_WS_ASK_AGAIN_MAX 64
/** Moments of a stream of which it is remembered that they were told. */
#define TLM_WS_TOLD_MAX 64

typedef struct tlm_ws_client tlm_ws_client;
typedef struct tlm_ws_room tlm_ws_room;

/** Which deadline a client waits for; each list is in the order of its deadlines, since all of one list wait as long.
 */
enum {
    TLM_WS_BEAT_PING = 0,  /**< then it is pinged */
    TLM_WS_BEAT_PONG = 1,  /**< then it is closed, unless it answers */
    TLM_WS_BEAT_CLOSE = 2, /**< then it is cut off */
    TLM_WS_BEATS = 3
};

enum {
    TLM_WS_CLIENT_OPEN = 1,
    TLM_WS_CLIENT_CLOSING = 2,  /**< the close frame is on its way */
    TLM_WS_CLIENT_LINGERING = 3 /**< all is sent; the peer has to close */
};

struct tlm_ws_client {
    int fd;
    uint8_t state, path, beat;
    bool wants_output; /**< epoll tells when the socket takes more */
    bool is_dead;      /**< in the graveyard */
    uint32_t frames;   /**< received in `second` */
    int64_t second;
    int64_t beat_ms, stall_ms; /**< deadlines */
    uint64_t address;
    tlm_ws_room *room; /**< NULL unless open */
    tlm_ws_output output;
    tlm_ws_input *input;
    TAILQ_ENTRY(tlm_ws_client) in_room, in_beat, in_stall;
};

TAILQ_HEAD(tlm_ws_clients, tlm_ws_client);

struct tlm_ws_room {
    uint64_t serial;
    tlm_ws_slot *slot;
    struct tlm_ws_clients clients[TLM_WS_PATHS];
    uint32_t client_count;
    uint32_t busy;    /**< being walked over: not freed */
    bool is_asking;   /**< waits for the store */
    int64_t asked_ms; /**< when it asked last */
    int64_t due_ms;   /**< of its next update, or the end of its waiting */
    TAILQ_ENTRY(tlm_ws_room) in_due;
    tlm_ws_row *window, *status;            /**< the newest; NULL: none */
    tlm_ws_row *moments[TLM_WS_RECENT_MAX]; /**< newest first */
    uint32_t moment_count;
    uint64_t told[TLM_WS_TOLD_MAX]; /**< hashes of the moments told last, a ring */
    uint32_t told_count;
    uint32_t id_size;
    char id[];
};

TAILQ_HEAD(tlm_ws_rooms, tlm_ws_room);

/** A connection on its way to the loop. */
typedef struct tlm_ws_arrival {
    STAILQ_ENTRY(tlm_ws_arrival) link;
    int fd;
    uint64_t address;
    tlm_ws_handshake handshake;
} tlm_ws_arrival;

struct tlm_ws_loop {
    const tlm_host *host;
    tlm_ws_options options;
    tlm_ws_feed *feed;
    tlm_ws_asker *asker; /**< NULL: there is no store */
    int epoll_fd, wake_fd;
    pthread_t thread;
    bool is_started;
    _Atomic uint32_t connection_count; /**< any thread: those of clients and arrivals */
    const tlm_metrics_service *metrics;
    tlm_metric *connections, *sent, *dropped, *refused;

    pthread_mutex_t inbox_mutex; /**< any thread; guards the next four */
    STAILQ_HEAD(, tlm_ws_arrival) arrivals;
    struct tlm_ws_questions answers;
    bool must_stop;

    int64_t now_ms;  /**< when this round began */
    int64_t stop_ms; /**< deadline of the stop; 0: none */
    struct tlm_ws_clients beats[TLM_WS_BEATS], stalled, dead;
    struct tlm_ws_rooms due, asking;
    uint64_t serial;
    tlm_hash_map addresses; /**< clients by address */
    tlm_ws_frame *ping;
    tlm_buffer scratch, replies;
    uint64_t sent_count, dropped_count; /**< not yet in the metrics */
    uint64_t lost_told;
    bool is_full_told;
    char bytes[TLM_WS_READ_SIZE];
};

/* --- client_open.c, client_read.c, client.c -------------------------------------------------------------------- */

/** Makes a client of an arrival, which is freed; or answers and closes it. */
void tlm_ws_client_open(tlm_ws_loop *loop, tlm_ws_arrival *arrival);
/** Sends a frame, now or when the socket takes it. May end the client. */
void tlm_ws_client_send(tlm_ws_loop *loop, tlm_ws_client *client, tlm_ws_frame *frame);
/** Begins to close: nothing but the close frame is sent any more. May end the client. */
void tlm_ws_client_close(tlm_ws_loop *loop, tlm_ws_client *client, uint16_t code, const char *reason);
/** Takes the last frame, which may be NULL (no memory), and sends it after what is half sent. May end the client. */
void tlm_ws_client_finish(tlm_ws_loop *loop, tlm_ws_client *client, tlm_ws_frame *frame);
/** Sends what waits. May end the client. */
void tlm_ws_client_flush(tlm_ws_loop *loop, tlm_ws_client *client);
/** Begins to wait for another deadline (TLM_WS_BEAT_...). */
void tlm_ws_client_wait(tlm_ws_loop *loop, tlm_ws_client *client, uint8_t beat);
/** Reads and writes. May end the client. */
void tlm_ws_client_serve(tlm_ws_loop *loop, tlm_ws_client *client, uint32_t events);
/** Cuts it off; it is freed at the end of the round. */
void tlm_ws_client_end(tlm_ws_loop *loop, tlm_ws_client *client);
/** Pings, closes and cuts off whose time has come. */
void tlm_ws_clients_look(tlm_ws_loop *loop);
/** Frees those that ended. */
void tlm_ws_clients_bury(tlm_ws_loop *loop);
/** What a peer counts as: an IPv4 address, or the first 64 bits of an IPv6 address, which one site has as a whole. */
uint64_t tlm_ws_address_of(const void *peer, uint32_t peer_size);

/* --- room.c ---------------------------------------------------------------------------------------------------- */

/** Puts an open client into the room of its stream and sends what it gets first. */
void tlm_ws_room_join(tlm_ws_loop *loop, tlm_ws_client *client, tlm_text stream_id);
/** Takes it out; a room without clients is freed. */
void tlm_ws_room_leave(tlm_ws_loop *loop, tlm_ws_client *client);
/** Uses an answer of the store and frees it. */
void tlm_ws_room_answer(tlm_ws_loop *loop, tlm_ws_question *question);
/** Sends the moments that the feed brought. */
void tlm_ws_rooms_tell(tlm_ws_loop *loop);
/** Sends the updates that are due. */
void tlm_ws_rooms_update(tlm_ws_loop *loop);

#endif
