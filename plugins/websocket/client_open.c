/* SPDX-License-Identifier: Apache-2.0 */
/* A connection: from the handshake, which has been judged, to the room of its stream. */
#include "common/http_answer.h"
#include "loop_inside.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>

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
    tlm_ws_client_wait(loop, client, TLM_WS_BEAT_PING);
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
