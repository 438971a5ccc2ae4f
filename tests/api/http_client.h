/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file http_client.h
 * A small HTTP client on plain sockets for tests: sends exactly the bytes it is given. Every wait ends after
 * HTTP_TIMEOUT_S, so that a server which never answers fails a test instead of hanging it.
 */
#ifndef TLM_TEST_HTTP_CLIENT_H
#define TLM_TEST_HTTP_CLIENT_H

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define HTTP_TIMEOUT_S 20
#define HTTP_SIZE_MAX (1024 * 1024)

/** One answer. `status` 0: the connection ended, or the time ran out, before a whole one had come. */
typedef struct http_answer {
    int status;
    char *text; /* head and body, NUL-terminated; freed by http_answer_finish */
    size_t size;
    char *body; /* in text */
} http_answer;

static inline void http_answer_finish(http_answer *answer)
{
    free(answer->text);
    *answer = (http_answer){0};
}

/** A connected socket, or -1. */
static inline int http_connect(uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct timeval timeout = {.tv_sec = HTTP_TIMEOUT_S};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0)
        return -1;
    if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout) != 0 ||
        connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static inline bool http_send(int fd, const void *bytes, size_t size)
{
    for (size_t sent = 0; sent < size;) {
        ssize_t part = send(fd, (const char *)bytes + sent, size - sent, MSG_NOSIGNAL);
        if (part <= 0)
            return false;
        sent += (size_t)part;
    }
    return true;
}

/** The value of a header of an answer, in a buffer of the thread; NULL when it has none. */
static inline const char *http_header(const http_answer *answer, const char *name)
{
    static _Thread_local char value[1024];
    size_t size = strlen(name);
    const char *end = strstr(answer->text, "\r\n\r\n");

    for (const char *line = strstr(answer->text, "\r\n"); line && line < end; line = strstr(line + 2, "\r\n")) {
        if (strncasecmp(line + 2, name, size) == 0 && line[2 + size] == ':') {
            const char *start = line + 3 + size;
            start += strspn(start, " ");
            snprintf(value, sizeof value, "%.*s", (int)strcspn(start, "\r"), start);
            return value;
        }
    }
    return NULL;
}

/** Reads until `wanted` bytes have come; false when the connection ends before. */
static inline bool http_read_until(int fd, http_answer *answer, size_t wanted)
{
    while (answer->size < wanted) {
        ssize_t part = recv(fd, answer->text + answer->size, wanted - answer->size, 0);
        if (part <= 0)
            return false;
        answer->size += (size_t)part;
        answer->text[answer->size] = '\0';
    }
    return true;
}

/** Reads one answer and not a byte of the next; `without_body`: it is one to HEAD. 304 never has one. */
static inline http_answer http_read(int fd, bool without_body)
{
    http_answer answer = {.text = calloc(1, HTTP_SIZE_MAX + 1)};

    if (!answer.text)
        return answer;
    while (answer.size < HTTP_SIZE_MAX && !strstr(answer.text, "\r\n\r\n"))
        if (!http_read_until(fd, &answer, answer.size + 1))
            return answer;
    const char *length = http_header(&answer, "Content-Length");
    size_t head_size = answer.size;
    without_body |= atoi(answer.text + strlen("HTTP/1.1 ")) == 304;
    size_t body_size = length && !without_body ? strtoul(length, NULL, 10) : 0;
    if (head_size + body_size > HTTP_SIZE_MAX || !http_read_until(fd, &answer, head_size + body_size))
        return answer;
    answer.body = answer.text + head_size;
    answer.status = atoi(answer.text + strlen("HTTP/1.1 "));
    return answer;
}

/** Whether the server has closed: no byte more comes. */
static inline bool http_is_closed(int fd)
{
    char byte;
    ssize_t size = recv(fd, &byte, 1, 0);

    return size == 0 || (size < 0 && errno == ECONNRESET);
}

/** Sends bytes on a new connection and reads one answer. */
static inline http_answer http_exchange_bytes(uint16_t port, const void *bytes, size_t size)
{
    int fd = http_connect(port);
    http_answer answer = {0};

    if (fd < 0)
        return answer;
    if (http_send(fd, bytes, size))
        answer = http_read(fd, size > 5 && memcmp(bytes, "HEAD ", 5) == 0);
    close(fd);
    return answer;
}

static inline http_answer http_exchange(uint16_t port, const char *request)
{
    return http_exchange_bytes(port, request, strlen(request));
}

/** A request without a body; `headers` is "" or whole lines. */
static inline http_answer http_request(uint16_t port, const char *method, const char *target, const char *headers)
{
    char request[16384];

    snprintf(request, sizeof request, "%s %s HTTP/1.1\r\nHost: test\r\n%s\r\n", method, target, headers);
    return http_exchange(port, request);
}

static inline http_answer http_get(uint16_t port, const char *target)
{
    return http_request(port, "GET", target, "");
}

#endif
