/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file ws_client.h
 * A WebSocket client on plain sockets for tests, which can break every rule of RFC 6455. Waits end after
 * HTTP_TIMEOUT_S. Include cmocka first.
 */
#ifndef TLM_TEST_WS_CLIENT_H
#define TLM_TEST_WS_CLIENT_H

#include "http_client.h"

#define WS_PAYLOAD_MAX 65536

enum { WS_CONTINUATION = 0, WS_TEXT = 1, WS_BINARY = 2, WS_CLOSE = 8, WS_PING = 9, WS_PONG = 10, WS_FIN = 0x80 };

/** One frame as it came. */
typedef struct ws_frame {
    uint8_t first; /* FIN, reserved bits, opcode */
    bool is_masked;
    size_t size;
    char payload[WS_PAYLOAD_MAX + 1]; /* NUL-terminated */
} ws_frame;

#define WS_HEAD                                                                                                        \
    "Host: test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"                         \
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
/* RFC 6455 section 1.3 has this pair. */
#define WS_ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

/** A head asked for on a new connection: the answer; `*ret_fd` is the connection. Reads not a byte more than the head
 * when it is a 101. */
static inline http_answer ws_ask(uint16_t port, const char *target, const char *lines, int *ret_fd)
{
    char request[16384];
    http_answer answer = {0};

    snprintf(request, sizeof request, "GET %s HTTP/1.1\r\n%s\r\n", target, lines);
    *ret_fd = http_connect(port);
    if (*ret_fd >= 0 && http_send(*ret_fd, request, strlen(request)))
        answer = http_read(*ret_fd, false);
    return answer;
}

/** An open WebSocket. */
static inline int ws_open(uint16_t port, const char *target)
{
    int fd;
    http_answer answer = ws_ask(port, target, WS_HEAD, &fd);

    assert_int_equal(answer.status, 101);
    http_answer_finish(&answer);
    return fd;
}

static inline bool ws_read_bytes(int fd, void *out, size_t size)
{
    for (size_t done = 0; done < size;) {
        ssize_t part = recv(fd, (char *)out + done, size - done, 0);
        if (part <= 0)
            return false;
        done += (size_t)part;
    }
    return true;
}

/** Reads one frame; false when the connection ends or the time runs out before. Lengths must be in shortest form. */
static inline bool ws_read(int fd, ws_frame *frame)
{
    uint8_t head[2], more[8];
    unsigned extended;
    uint64_t size = 0;

    if (!ws_read_bytes(fd, head, sizeof head))
        return false;
    frame->first = head[0];
    frame->is_masked = (head[1] & 0x80) != 0;
    size = head[1] & 0x7f;
    extended = size == 127 ? 8 : size == 126 ? 2 : 0;
    if (extended > 0) {
        if (!ws_read_bytes(fd, more, extended))
            return false;
        size = 0;
        for (unsigned i = 0; i < extended; i++)
            size = size << 8 | more[i];
        assert_true(size > (extended == 2 ? 125 : 65535));
    }
    assert_true(size <= WS_PAYLOAD_MAX);
    frame->size = (size_t)size;
    if (!ws_read_bytes(fd, frame->payload, frame->size))
        return false;
    frame->payload[frame->size] = '\0';
    return true;
}

/** Sends a frame with these first byte and payload; the length takes `extended` bytes (0, 2, 8). */
static inline void ws_send_raw(int fd, uint8_t first, bool is_masked, unsigned extended, const void *payload,
                               size_t size)
{
    static const uint8_t mask[4] = {0x37, 0xfa, 0x21, 0x3d};
    uint8_t bytes[WS_PAYLOAD_MAX + 16];
    size_t at = 0;

    bytes[at++] = first;
    bytes[at++] = (uint8_t)((is_masked ? 0x80 : 0) | (extended == 8 ? 127 : extended == 2 ? 126 : (unsigned)size));
    for (unsigned i = extended; i-- > 0;)
        bytes[at++] = (uint8_t)((uint64_t)size >> (8 * i));
    if (is_masked) {
        memcpy(bytes + at, mask, sizeof mask);
        at += sizeof mask;
    }
    for (size_t i = 0; i < size; i++)
        bytes[at + i] = (uint8_t)(((const uint8_t *)payload)[i] ^ (is_masked ? mask[i % 4] : 0));
    /* A server that has closed already answers with a reset; what it said before is what counts. */
    (void)http_send(fd, bytes, at + size);
}

static inline void ws_send(int fd, uint8_t first, const void *payload, size_t size)
{
    ws_send_raw(fd, first, true, size <= 125 ? 0 : size <= 65535 ? 2 : 8, payload, size);
}

static inline void ws_send_text(int fd, const char *text)
{
    ws_send(fd, WS_FIN | WS_TEXT, text, strlen(text));
}

/** Reads frames until one of that opcode has come, and checks that what the server sends is well-formed. */
static inline bool ws_read_opcode(int fd, uint8_t opcode, ws_frame *frame)
{
    while (ws_read(fd, frame)) {
        assert_int_equal(frame->first & 0xf0, WS_FIN);
        assert_false(frame->is_masked);
        if ((frame->first & 0x0f) == opcode)
            return true;
        assert_int_not_equal(frame->first & 0x0f, WS_CLOSE);
    }
    return false;
}

/** Reads text messages until one holds a text. */
static inline void ws_wait_for(int fd, const char *text, ws_frame *frame)
{
    do {
        assert_true(ws_read_opcode(fd, WS_TEXT, frame));
    } while (!strstr(frame->payload, text));
}

/** Waits for the close frame with that code (0: none) and for the end of the connection. */
static inline void ws_assert_close(int fd, unsigned code)
{
    ws_frame *frame = malloc(sizeof *frame);

    assert_non_null(frame);
    assert_true(ws_read_opcode(fd, WS_CLOSE, frame));
    unsigned found = frame->size < 2 ? 0 : (unsigned)(uint8_t)frame->payload[0] << 8 | (uint8_t)frame->payload[1];
    assert_int_equal(found, code);
    assert_true(http_is_closed(fd));
    free(frame);
    close(fd);
}

#endif
