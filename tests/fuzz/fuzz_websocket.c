/* SPDX-License-Identifier: Apache-2.0 */
/* What a client of the live socket sends: the head of its handshake, its frames in pieces of any size, its messages. */
#include "../../plugins/websocket/handshake.h"
#include "../../plugins/websocket/input.h"
#include "../../plugins/websocket/message.h"

#include <assert.h>
#include <stdlib.h>

#define MESSAGE_MAX 4096

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void read_head(tlm_text bytes)
{
    static const char *const items[] = {"http://localhost:3000"};
    static const tlm_text_list origins = {items, 1};
    tlm_ws_handshake handshake;
    tlm_http_answer answer;
    bool is_head;

    tlm_http_answer_init(&answer);
    uint32_t verdict = tlm_ws_handshake_judge(bytes, &origins, &handshake, &is_head, &answer);
    if (verdict == TLM_WS_UPGRADE)
        assert(handshake.id_size >= 1 && handshake.id_size <= TLM_WS_STREAM_ID_MAX && strlen(handshake.accept) == 28);
    else
        assert(verdict == TLM_WS_HEALTH || answer.status >= 400);
    tlm_http_answer_finish(&answer);
}

static bool begin_frame(void *context)
{
    (void)context;
    return true;
}

static void note_life(void *context)
{
    (void)context;
}

static void use_message(void *context, bool is_text, tlm_text payload)
{
    (void)context;
    assert(payload.size <= MESSAGE_MAX);
    if (is_text)
        (void)tlm_ws_message_read(payload);
}

/* The first byte tells how large the pieces are. */
static void read_frames(tlm_text bytes)
{
    tlm_buffer replies = TLM_BUFFER_INIT;
    const tlm_ws_reader reader = {begin_frame, use_message, note_life, NULL, &replies};
    tlm_ws_input *input = NULL;
    size_t step = bytes.size > 0 ? (size_t)(uint8_t)bytes.data[0] + 1 : 1;
    int result = TLM_WS_INPUT_OPEN;

    for (size_t at = 1; at < bytes.size && result == TLM_WS_INPUT_OPEN; at += step) {
        size_t part = bytes.size - at < step ? bytes.size - at : step;
        result = tlm_ws_input_feed(&input, &reader, MESSAGE_MAX, (tlm_text){bytes.data + at, part});
        assert(result >= 0);
    }
    tlm_ws_input_destroy(input);
    tlm_buffer_finish(&replies);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    /* A copy of exactly this size, so that a read past its end is seen. */
    char *copy = malloc(size ? size : 1);

    if (!copy)
        return 0;
    memcpy(copy, bytes, size);
    read_head((tlm_text){copy, size});
    read_frames((tlm_text){copy, size});
    (void)tlm_ws_message_read((tlm_text){copy, size});
    free(copy);
    return 0;
}
