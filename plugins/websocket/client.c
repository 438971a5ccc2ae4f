/* SPDX-License-Identifier: Apache-2.0 */
#include "common/http_answer.h"
#include "json.h"
#include "loop_inside.h"
#include "message.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define MS_PER_SECOND 1000

/* --- deadlines ------------------------------------------------------------------------------------------------- */

static void wait_for(tlm_ws_loop *loop, tlm_ws_client *client, uint8_t beat)
{
    const int64_t delays_ms[TLM_WS_BEATS] = {
        [TLM_WS_BEAT_PING] = loop->options.ping_interval_ms,
        [TLM_WS_BEAT_PONG] = loop->options.pong_timeout_ms,
        [TLM_WS_BEAT_CLOSE] = TLM_WS_CLOSE_TIMEOUT_MS,
    };

    if (client->beat_ms != 0)
        TAILQ_REMOVE(&loop->beats[client->beat], client, in_beat);
    client->beat = beat;
    client->beat_ms = loop->now_ms + delays_ms[beat];
    TAILQ_INSERT_TAIL(&loop->beats[beat], client, in_beat);
}

static void clear_stall(tlm_ws_loop *loop, tlm_ws_client *client)
{
    if (client->stall_ms != 0)
        TAILQ_REMOVE(&loop->stalled, client, in_stall);
    client->stall_ms = 0;
}

/* It has taken something, or something waits for the first time. */
static void renew_stall(tlm_ws_loop *loop, tlm_ws_client *client)
{
    clear_stall(loop, client);
    client->stall_ms = loop->now_ms + loop->options.stall_timeout_ms;
    TAILQ_INSERT_TAIL(&loop->stalled, client, in_stall);
}

/* --- the end of a connection ----------------------------------------------------------------------------------- */

void tlm_ws_client_end(tlm_ws_loop *loop, tlm_ws_client *client)
{
    uint32_t count = 0;

    if (client->is_dead)
        return;
    client->is_dead = true;
    client->state = TLM_WS_CLIENT_LINGERING;
    tlm_ws_room_leave(loop, client);
    clear_stall(loop, client);
    TAILQ_REMOVE(&loop->beats[client->beat], client, in_beat);
    if (tlm_hash_map_get(&loop->addresses, client->address, &count)) {
        if (count > 1)
            (void)tlm_hash_map_put(&loop->addresses, client->address, count - 1);
        else
            tlm_hash_map_remove(&loop->addresses, client->address);
    }
    close(client->fd); /* leaves the epoll set with it */
    tlm_ws_output_finish(&client->output);
    atomic_fetch_sub(&loop->connection_count, 1);
    TAILQ_INSERT_TAIL(&loop->dead, client, in_beat);
}

/* A peer that reads nothing would leave what it was sent in the kernel for minutes: reset it instead. */
static void cut_off(tlm_ws_loop *loop, tlm_ws_client *client)
{
    const struct linger reset = {.l_onoff = 1, .l_linger = 0};

    /* Where it cannot be set only memory is lost for a while. */
    (void)setsockopt(client->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    tlm_ws_client_end(loop, client);
}

void tlm_ws_clients_bury(tlm_ws_loop *loop)
{
    tlm_ws_client *client;

    while ((client = TAILQ_FIRST(&loop->dead)) != NULL) {
        TAILQ_REMOVE(&loop->dead, client, in_beat);
        tlm_ws_input_destroy(client->input);
        free(client);
    }
}

/* --- writing --------------------------------------------------------------------------------------------------- */

static void watch(tlm_ws_loop *loop, tlm_ws_client *client, bool wants_output)
{
    struct epoll_event event = {.events = EPOLLIN | (wants_output ? (uint32_t)EPOLLOUT : 0), .data.ptr = client};

    if (client->wants_output == wants_output)
        return;
    client->wants_output = wants_output;
    if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_MOD, client->fd, &event) != 0)
        tlm_ws_client_end(loop, client);
}

/* All is sent. */
static void settle(tlm_ws_loop *loop, tlm_ws_client *client)
{
    clear_stall(loop, client);
    watch(loop, client, false);
    if (client->is_dead || client->state != TLM_WS_CLIENT_CLOSING)
        return;
    /* RFC 6455 section 7.1.1: the server closes, after which the peer does. */
    client->state = TLM_WS_CLIENT_LINGERING;
    if (shutdown(client->fd, SHUT_WR) != 0)
        tlm_ws_client_end(loop, client);
}

/* After an attempt to send: 1 all is sent, 0 something waits, negative it cannot be served. */
static void after_send(tlm_ws_loop *loop, tlm_ws_client *client, int result)
{
    if (result == 1) {
        settle(loop, client);
    } else if (result == 0) {
        if (client->stall_ms == 0)
            renew_stall(loop, client);
        watch(loop, client, true);
    } else if (result == -ENOBUFS) {
        tlm_ws_client_close(loop, client, TLM_WS_CLOSE_POLICY, "too slow: moments wait for it");
    } else {
        tlm_ws_client_end(loop, client);
    }
}

void tlm_ws_client_send(tlm_ws_loop *loop, tlm_ws_client *client, tlm_ws_frame *frame)
{
    if (client->state != TLM_WS_CLIENT_OPEN)
        return;
    after_send(loop, client,
               tlm_ws_output_send(&client->output, client->fd, frame, &loop->sent_count, &loop->dropped_count));
}

static void flush(tlm_ws_loop *loop, tlm_ws_client *client)
{
    uint32_t count = client->output.count;
    size_t sent = client->output.sent;
    int result = tlm_ws_output_flush(&client->output, client->fd, &loop->sent_count);

    if (result == 0 && (client->output.count != count || client->output.sent != sent))
        renew_stall(loop, client);
    after_send(loop, client, result);
}

/* Sends the last frame, and nothing that has not begun. Takes the frame, which may be NULL: no memory. */
static void begin_close(tlm_ws_loop *loop, tlm_ws_client *client, tlm_ws_frame *frame)
{
    client->state = TLM_WS_CLIENT_CLOSING;
    tlm_ws_room_leave(loop, client);
    tlm_ws_output_drop(&client->output);
    wait_for(loop, client, TLM_WS_BEAT_CLOSE);
    int result = frame ? tlm_ws_output_push(&client->output, frame) : -ENOMEM;
    tlm_ws_frame_unref(frame);
    if (result < 0)
        tlm_ws_client_end(loop, client);
    else
        flush(loop, client);
}

void tlm_ws_client_close(tlm_ws_loop *loop, tlm_ws_client *client, uint16_t code, const char *reason)
{
    if (client->state == TLM_WS_CLIENT_OPEN)
        begin_close(loop, client, tlm_ws_frame_close(code, reason));
}

/* --- reading --------------------------------------------------------------------------------------------------- */

/* Whom wslay tells of what a client sent. */
typedef struct reading {
    tlm_ws_loop *loop;
    tlm_ws_client *client;
    bool is_binary; /* a binary message has come */
} reading;

/* Frames of each second are counted, those of control too. */
static bool count_frame(void *context)
{
    const reading *at = context;
    tlm_ws_client *client = at->client;
    int64_t second = at->loop->now_ms / MS_PER_SECOND;

    if (client->second != second) {
        client->second = second;
        client->frames = 0;
    }
    return ++client->frames <= at->loop->options.max_message_rate;
}

static void note_life(void *context)
{
    const reading *at = context;

    if (at->client->state == TLM_WS_CLIENT_OPEN)
        wait_for(at->loop, at->client, TLM_WS_BEAT_PING);
}

static void use_message(void *context, bool is_text, tlm_text payload)
{
    reading *at = context;
    tlm_ws_frame *frame = NULL;

    if (!is_text) {
        at->is_binary = true;
        return;
    }
    switch (tlm_ws_message_read(payload)) {
    case TLM_WS_MESSAGE_PING:
        frame = tlm_ws_json_pong(&at->loop->scratch);
        break;
    case TLM_WS_MESSAGE_OTHER:
        frame = tlm_ws_json_error(&at->loop->scratch, "unknown_type", "the only type that is understood is ping");
        break;
    default:
        frame = tlm_ws_json_error(&at->loop->scratch, "bad_message", "expected a JSON object with a type");
        break;
    }
    if (frame)
        tlm_ws_client_send(at->loop, at->client, frame);
    tlm_ws_frame_unref(frame);
}

/* Pongs, or the close frame that answers the peer's or its mistake. */
static void send_replies(tlm_ws_loop *loop, tlm_ws_client *client, bool is_over)
{
    const tlm_buffer *replies = &loop->replies;
    uint32_t kind = is_over ? TLM_WS_FRAME_CLOSE : TLM_WS_FRAME_KEPT;
    tlm_ws_frame *frame = replies->size > 0 ? tlm_ws_frame_of_bytes(kind, replies->data, replies->size) : NULL;

    if (is_over) {
        begin_close(loop, client, frame);
        return;
    }
    if (frame)
        tlm_ws_client_send(loop, client, frame);
    tlm_ws_frame_unref(frame);
}

static void parse(tlm_ws_loop *loop, tlm_ws_client *client, tlm_text bytes)
{
    reading at = {.loop = loop, .client = client};
    const tlm_ws_reader reader = {count_frame, use_message, note_life, &at, &loop->replies};

    tlm_buffer_clear(&loop->replies);
    int result = tlm_ws_input_feed(&client->input, &reader, loop->options.max_message_bytes, bytes);
    if (client->state != TLM_WS_CLIENT_OPEN)
        return; /* an answer could not be sent */
    if (result == TLM_WS_INPUT_REFUSED)
        tlm_ws_client_close(loop, client, TLM_WS_CLOSE_POLICY, "too many frames a second");
    else if (result == TLM_WS_INPUT_BROKEN)
        tlm_ws_client_close(loop, client, TLM_WS_CLOSE_PROTOCOL, "malformed frame");
    else if (result < 0)
        tlm_ws_client_close(loop, client, TLM_WS_CLOSE_INTERNAL, "not enough memory");
    else if (at.is_binary && result == TLM_WS_INPUT_OPEN)
        tlm_ws_client_close(loop, client, TLM_WS_CLOSE_UNSUPPORTED, "only text messages are understood");
    else
        send_replies(loop, client, result == TLM_WS_INPUT_OVER);
}

/* One piece a round, so that nobody is kept waiting by one that sends much; what follows a close is thrown away. */
static void receive(tlm_ws_loop *loop, tlm_ws_client *client)
{
    ssize_t size = recv(client->fd, loop->bytes, sizeof loop->bytes, MSG_DONTWAIT);

    if (size > 0) {
        if (client->state == TLM_WS_CLIENT_OPEN)
            parse(loop, client, (tlm_text){loop->bytes, (size_t)size});
    } else if (size == 0 || (errno != EAGAIN && errno != EINTR)) {
        tlm_ws_client_end(loop, client);
    }
}

void tlm_ws_client_serve(tlm_ws_loop *loop, tlm_ws_client *client, uint32_t events)
{
    if (!client->is_dead && (events & EPOLLOUT))
        flush(loop, client);
    if (!client->is_dead && (events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
        receive(loop, client);
}

/* --- the beginning of a connection ----------------------------------------------------------------------------- */

uint64_t tlm_ws_address_of(const void *peer, uint32_t peer_size)
{
    struct sockaddr_storage address = {0};
    uint64_t bits = 0;
    uint32_t v4;

    memcpy(&address, peer, peer_size < sizeof address ? peer_size : sizeof address);
    const struct sockaddr_in *in4 = (const struct sockaddr_in *)&address;
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&address;
    if (address.ss_family == AF_INET)
        return in4->sin_addr.s_addr;
    if (address.ss_family != AF_INET6)
        return 0;
    if (IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr)) {
        memcpy(&v4, &in6->sin6_addr.s6_addr[12], sizeof v4);
        return v4;
    }
    memcpy(&bits, in6->sin6_addr.s6_addr, sizeof bits);
    return bits;
}

static void refuse(tlm_ws_loop *loop, int fd, unsigned status, const char *detail)
{
    tlm_http_answer answer;

    tlm_http_answer_init(&answer);
    tlm_http_answer_error(&answer, status, "%s", detail);
    tlm_http_answer_send(&answer, fd, false);
    tlm_http_answer_finish(&answer);
    atomic_fetch_sub(&loop->connection_count, 1);
    tlm_ws_loop_count_refused(loop);
}

/* Takes the head, which has been judged, out of the socket. */
static bool read_head(tlm_ws_loop *loop, int fd, size_t size)
{
    for (size_t done = 0; done < size;) {
        ssize_t part = recv(fd, loop->bytes, size - done, MSG_DONTWAIT);
        if (part < 0 && errno == EINTR)
            continue;
        if (part <= 0)
            return false;
        done += (size_t)part;
    }
    return true;
}

/* Counts it by its address; false: there are as many as may be, or no memory. */
static bool count_address(tlm_ws_loop *loop, uint64_t address)
{
    uint32_t count = 0;

    (void)tlm_hash_map_get(&loop->addresses, address, &count);
    return count < loop->options.max_connections_per_address &&
           tlm_hash_map_put(&loop->addresses, address, count + 1) >= 0;
}

/* The client has no room yet and waits for its first ping. NULL: the connection is closed or answered. */
static tlm_ws_client *create(tlm_ws_loop *loop, int fd, uint64_t address)
{
    struct epoll_event event = {.events = EPOLLIN};
    tlm_ws_client *client = calloc(1, sizeof *client);

    if (!client || !count_address(loop, address)) {
        refuse(loop, fd, client ? 429 : 503,
               client ? "too many connections from this address" : "not enough memory for a connection");
        free(client);
        return NULL;
    }
    client->fd = fd;
    client->state = TLM_WS_CLIENT_OPEN;
    client->address = address;
    wait_for(loop, client, TLM_WS_BEAT_PING);
    event.data.ptr = client;
    if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0) {
        tlm_ws_client_end(loop, client);
        return NULL;
    }
    return client;
}

static void open_websocket(tlm_ws_loop *loop, tlm_ws_client *client, const tlm_ws_handshake *handshake)
{
    char opening[TLM_WS_OPENING_SIZE];
    size_t size = tlm_ws_handshake_write(handshake, opening);
    tlm_ws_frame *frame = tlm_ws_frame_of_bytes(TLM_WS_FRAME_KEPT, opening, size);

    client->path = (uint8_t)handshake->path;
    if (!frame || !read_head(loop, client->fd, handshake->head_size)) {
        tlm_ws_client_end(loop, client);
    } else {
        tlm_ws_client_send(loop, client, frame);
        if (client->state == TLM_WS_CLIENT_OPEN)
            tlm_ws_room_join(loop, client, (tlm_text){handshake->stream_id, handshake->id_size});
    }
    tlm_ws_frame_unref(frame);
}

void tlm_ws_client_open(tlm_ws_loop *loop, tlm_ws_arrival *arrival)
{
    int size = loop->options.send_buffer_bytes;

    if (loop->stop_ms != 0) {
        refuse(loop, arrival->fd, 503, "the server is stopping");
    } else {
        /* The kernel's own choice costs a stalled client a hundred times as much memory; it still works. */
        (void)setsockopt(arrival->fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
        tlm_ws_client *client = create(loop, arrival->fd, arrival->address);
        if (client)
            open_websocket(loop, client, &arrival->handshake);
    }
    free(arrival);
}

/* --- time ------------------------------------------------------------------------------------------------------ */

static tlm_ws_client *first_due(const tlm_ws_loop *loop, uint32_t beat)
{
    tlm_ws_client *client = TAILQ_FIRST(&loop->beats[beat]);

    return client && client->beat_ms <= loop->now_ms ? client : NULL;
}

void tlm_ws_clients_look(tlm_ws_loop *loop)
{
    tlm_ws_client *client;

    while ((client = first_due(loop, TLM_WS_BEAT_PING)) != NULL) {
        wait_for(loop, client, TLM_WS_BEAT_PONG);
        tlm_ws_client_send(loop, client, loop->ping);
    }
    while ((client = first_due(loop, TLM_WS_BEAT_PONG)) != NULL)
        tlm_ws_client_close(loop, client, TLM_WS_CLOSE_POLICY, "no answer to a ping");
    while ((client = TAILQ_FIRST(&loop->stalled)) != NULL && client->stall_ms <= loop->now_ms)
        cut_off(loop, client);
    while ((client = first_due(loop, TLM_WS_BEAT_CLOSE)) != NULL)
        cut_off(loop, client);
}
