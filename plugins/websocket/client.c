/* SPDX-License-Identifier: Apache-2.0 */
/* A connection: what it is sent, its deadlines, its end. */
#include "loop_inside.h"

#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* --- deadlines ------------------------------------------------------------------------------------------------- */

void tlm_ws_client_wait(tlm_ws_loop *loop, tlm_ws_client *client, uint8_t beat)
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

void tlm_ws_client_flush(tlm_ws_loop *loop, tlm_ws_client *client)
{
    uint32_t count = client->output.count;
    size_t sent = client->output.sent;
    int result = tlm_ws_output_flush(&client->output, client->fd, &loop->sent_count);

    if (result == 0 && (client->output.count != count || client->output.sent != sent))
        renew_stall(loop, client);
    after_send(loop, client, result);
}

void tlm_ws_client_finish(tlm_ws_loop *loop, tlm_ws_client *client, tlm_ws_frame *frame)
{
    client->state = TLM_WS_CLIENT_CLOSING;
    tlm_ws_room_leave(loop, client);
    tlm_ws_output_drop(&client->output);
    tlm_ws_client_wait(loop, client, TLM_WS_BEAT_CLOSE);
    int result = frame ? tlm_ws_output_push(&client->output, frame) : -ENOMEM;
    tlm_ws_frame_unref(frame);
    if (result < 0)
        tlm_ws_client_end(loop, client);
    else
        tlm_ws_client_flush(loop, client);
}

void tlm_ws_client_close(tlm_ws_loop *loop, tlm_ws_client *client, uint16_t code, const char *reason)
{
    if (client->state == TLM_WS_CLIENT_OPEN)
        tlm_ws_client_finish(loop, client, tlm_ws_frame_close(code, reason));
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
        tlm_ws_client_wait(loop, client, TLM_WS_BEAT_PONG);
        tlm_ws_client_send(loop, client, loop->ping);
    }
    while ((client = first_due(loop, TLM_WS_BEAT_PONG)) != NULL)
        tlm_ws_client_close(loop, client, TLM_WS_CLOSE_POLICY, "no answer to a ping");
    while ((client = TAILQ_FIRST(&loop->stalled)) != NULL && client->stall_ms <= loop->now_ms)
        cut_off(loop, client);
    while ((client = first_due(loop, TLM_WS_BEAT_CLOSE)) != NULL)
        cut_off(loop, client);
}
