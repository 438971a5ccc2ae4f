/* SPDX-License-Identifier: Apache-2.0 */
#include "output.h"

#include <stdlib.h>
#include <sys/socket.h>

#define CAPACITY_FIRST 4

void tlm_ws_output_finish(tlm_ws_output *output)
{
    for (uint32_t i = 0; i < output->count; i++)
        tlm_ws_frame_unref(output->frames[i]);
    free(output->frames);
    *output = (tlm_ws_output){0};
}

void tlm_ws_output_drop(tlm_ws_output *output)
{
    uint32_t kept = output->sent > 0 ? 1 : 0;

    for (uint32_t i = kept; i < output->count; i++)
        tlm_ws_frame_unref(output->frames[i]);
    output->count = output->count < kept ? output->count : kept;
}

/* The first frame may be half sent and has to stay. */
static bool replace_update(tlm_ws_output *output, tlm_ws_frame *frame)
{
    for (uint32_t i = output->sent > 0 ? 1 : 0; i < output->count; i++) {
        if (output->frames[i]->kind != TLM_WS_FRAME_UPDATE)
            continue;
        tlm_ws_frame_unref(output->frames[i]);
        tlm_ws_frame_ref(frame);
        output->frames[i] = frame;
        return true;
    }
    return false;
}

static int grow(tlm_ws_output *output)
{
    uint32_t capacity = output->capacity ? output->capacity * 2 : CAPACITY_FIRST;
    tlm_ws_frame **frames = realloc(output->frames, capacity * sizeof *frames);

    if (!frames)
        return -ENOMEM;
    output->frames = frames;
    output->capacity = capacity;
    return 0;
}

int tlm_ws_output_push(tlm_ws_output *output, tlm_ws_frame *frame)
{
    if (frame->kind == TLM_WS_FRAME_UPDATE && replace_update(output, frame))
        return 1;
    if (output->count == TLM_WS_OUTPUT_MAX)
        return -ENOBUFS;
    if (output->count == output->capacity && grow(output) < 0)
        return -ENOMEM;
    tlm_ws_frame_ref(frame);
    output->frames[output->count++] = frame;
    return 0;
}

/* Bytes that the socket took, 0 when it takes none now. */
static ssize_t send_some(int fd, const char *bytes, size_t size)
{
    for (;;) {
        ssize_t sent = send(fd, bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent >= 0)
            return sent;
        if (errno == EAGAIN || errno == EWOULDBLOCK)
            return 0;
        if (errno != EINTR)
            return -errno;
    }
}

static void remove_first(tlm_ws_output *output)
{
    tlm_ws_frame_unref(output->frames[0]);
    output->count--;
    memmove(output->frames, output->frames + 1, output->count * sizeof(tlm_ws_frame *));
    output->sent = 0;
}

int tlm_ws_output_flush(tlm_ws_output *output, int fd, uint64_t *ret_sent)
{
    while (output->count > 0) {
        const tlm_ws_frame *frame = output->frames[0];
        ssize_t sent = send_some(fd, frame->bytes + output->sent, frame->size - output->sent);
        if (sent <= 0)
            return (int)sent;
        output->sent += (size_t)sent;
        if (output->sent < frame->size)
            return 0;
        remove_first(output);
        (*ret_sent)++;
    }
    free(output->frames);
    output->frames = NULL;
    output->capacity = 0;
    return 1;
}

int tlm_ws_output_send(tlm_ws_output *output, int fd, tlm_ws_frame *frame, uint64_t *ret_sent, uint64_t *ret_dropped)
{
    ssize_t sent = 0;

    if (output->count == 0) {
        sent = send_some(fd, frame->bytes, frame->size);
        if (sent < 0)
            return (int)sent;
        if ((size_t)sent == frame->size) {
            (*ret_sent)++;
            return 1;
        }
    }
    int result = tlm_ws_output_push(output, frame);
    if (result < 0)
        return result;
    if (result == 1)
        (*ret_dropped)++;
    else if (output->count == 1)
        output->sent = (size_t)sent;
    return 0;
}
