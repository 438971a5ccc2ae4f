/* SPDX-License-Identifier: Apache-2.0 */
/* A connection: what its client sends. */
#include "json.h"
#include "loop_inside.h"
#include "message.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#define MS_PER_SECOND 1000

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
        tlm_ws_client_wait(at->loop, at->client, TLM_WS_BEAT_PING);
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
        tlm_ws_client_finish(loop, client, frame);
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
        tlm_ws_client_flush(loop, client);
    if (!client->is_dead && (events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
        receive(loop, client);
}
