/* SPDX-License-Identifier: Apache-2.0 */
#include "common/http_answer.h"

#include "common/json_writer.h"
#include "common/time.h"

#include <assert.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define DETAIL_SIZE 512
/* What a refused peer may have sent already: a head and then some. */
#define DISCARD_SIZE 4096
#define DISCARD_READS_MAX 16

void tlm_http_answer_init(tlm_http_answer *answer)
{
    *answer = (tlm_http_answer){.status = 200, .body = TLM_BUFFER_INIT};
    tlm_http_answer_header(answer, "Cache-Control", "no-store");
    tlm_http_answer_header(answer, "X-Content-Type-Options", "nosniff");
}

void tlm_http_answer_finish(tlm_http_answer *answer)
{
    tlm_buffer_finish(&answer->body);
}

void tlm_http_answer_header(tlm_http_answer *answer, const char *name, const char *value)
{
    assert(answer->header_count < TLM_HTTP_ANSWER_HEADERS_MAX);
    answer->headers[answer->header_count++] = (tlm_http_header){name, value};
}

const char *tlm_http_reason(unsigned status)
{
    static const struct {
        unsigned status;
        const char *reason;
    } reasons[] = {
        {200, "OK"},
        {204, "No Content"},
        {400, "Bad Request"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {422, "Unprocessable Content"},
        {426, "Upgrade Required"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {503, "Service Unavailable"},
        {505, "HTTP Version Not Supported"},
    };

    for (size_t i = 0; i < TLM_COUNT(reasons); i++)
        if (reasons[i].status == status)
            return reasons[i].reason;
    return "Error";
}

int64_t tlm_http_now_ns(void)
{
    struct timespec now;

    /* Cannot fail: the clock exists on every Linux. */
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return ((int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000) * 1000000;
}

void tlm_http_answer_error(tlm_http_answer *answer, unsigned status, const char *detail, ...)
{
    char text[DETAIL_SIZE], timestamp[TLM_TIME_SIZE];
    const char *reason = tlm_http_reason(status);
    tlm_json_writer writer;
    va_list arguments;

    va_start(arguments, detail);
    int size = vsnprintf(text, sizeof text, detail, arguments);
    va_end(arguments);
    answer->status = status;
    tlm_buffer_clear(&answer->body);
    tlm_json_init(&writer, &answer->body);
    tlm_json_begin_object(&writer);
    TLM_JSON_KEY(&writer, "error");
    tlm_json_string(&writer, reason, strlen(reason));
    TLM_JSON_KEY(&writer, "detail");
    tlm_json_string(&writer, text, size < 0 ? 0 : strnlen(text, sizeof text));
    TLM_JSON_KEY(&writer, "timestamp");
    tlm_json_string(&writer, timestamp, tlm_time_format(tlm_http_now_ns(), timestamp));
    tlm_json_end_object(&writer);
    answer->content_type = "application/json";
}

static void write_head(const tlm_http_answer *answer, tlm_buffer *out)
{
    char line[128];

    int size = snprintf(line, sizeof line, "HTTP/1.1 %u %s\r\n", answer->status, tlm_http_reason(answer->status));
    tlm_buffer_append(out, line, (size_t)size);
    for (uint32_t i = 0; i < answer->header_count; i++) {
        const tlm_http_header *header = &answer->headers[i];
        tlm_buffer_append(out, header->name, strlen(header->name));
        tlm_buffer_append(out, ": ", 2);
        tlm_buffer_append(out, header->value, strlen(header->value));
        tlm_buffer_append(out, "\r\n", 2);
    }
    if (answer->content_type) {
        size = snprintf(line, sizeof line, "Content-Type: %s\r\n", answer->content_type);
        tlm_buffer_append(out, line, (size_t)size);
    }
    size = snprintf(line, sizeof line, "Content-Length: %zu\r\nConnection: close\r\n\r\n", answer->body.size);
    tlm_buffer_append(out, line, (size_t)size);
}

void tlm_http_answer_send(tlm_http_answer *answer, int fd, bool without_body)
{
    tlm_buffer out = TLM_BUFFER_INIT;
    char dropped[DISCARD_SIZE];

    write_head(answer, &out);
    if (!without_body)
        tlm_buffer_append(&out, answer->body.data, answer->body.size);
    /* A fresh socket takes a short answer whole; to a peer whose does not, closing says enough. */
    if (out.error == 0 && answer->body.error == 0 && send(fd, out.data, out.size, MSG_NOSIGNAL | MSG_DONTWAIT) > 0)
        (void)shutdown(fd, SHUT_WR);
    /* Unread bytes would make close send a reset, which can overtake the answer. */
    for (int i = 0; i < DISCARD_READS_MAX && recv(fd, dropped, sizeof dropped, MSG_DONTWAIT) > 0; i++)
        continue;
    close(fd);
    tlm_buffer_finish(&out);
}
