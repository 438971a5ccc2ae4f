/* SPDX-License-Identifier: Apache-2.0 */
#include "input.h"

#include <stdlib.h>
#include <wslay/wslay.h>

struct tlm_ws_input {
    wslay_event_context_ptr parser;
    const tlm_ws_reader *reader; /* during a feed */
    tlm_text bytes;              /* what is left of those fed */
    uint64_t begun;              /* bytes of the frames that have begun */
    uint64_t fed;                /* bytes given to the parser */
    bool is_in_message;          /* a fragment came, its last one not yet */
    bool is_in_frame;
    bool is_refused, is_broken;
};

/* --- wslay's callbacks ----------------------------------------------------------------------------------------- */

static ssize_t receive(wslay_event_context_ptr parser, uint8_t *out, size_t size, int flags, void *context)
{
    tlm_ws_input *input = context;
    size_t part = size < input->bytes.size ? size : input->bytes.size;

    (void)flags;
    if (part == 0 || input->is_refused || input->is_broken) {
        wslay_event_set_error(parser, WSLAY_ERR_WOULDBLOCK);
        return -1;
    }
    memcpy(out, input->bytes.data, part);
    input->bytes.data += part;
    input->bytes.size -= part;
    input->fed += part;
    return (ssize_t)part;
}

static ssize_t reply(wslay_event_context_ptr parser, const uint8_t *bytes, size_t size, int flags, void *context)
{
    const tlm_ws_input *input = context;

    (void)flags;
    if (tlm_buffer_append(input->reader->replies, bytes, size) < 0) {
        wslay_event_set_error(parser, WSLAY_ERR_CALLBACK_FAILURE);
        return -1;
    }
    return (ssize_t)size;
}

/* Bytes of a masked frame: wslay has refused lengths that are not written in their shortest form. */
static uint64_t frame_size(uint64_t payload_size)
{
    return 2 + 4 + payload_size + (payload_size <= 125 ? 0 : payload_size <= UINT16_MAX ? 2 : 8);
}

static void frame_begins(wslay_event_context_ptr parser, const struct wslay_event_on_frame_recv_start_arg *frame,
                         void *context)
{
    tlm_ws_input *input = context;

    input->begun += frame_size(frame->payload_length);
    input->is_in_frame = true;
    if (!wslay_is_ctrl_frame(frame->opcode))
        input->is_in_message = !frame->fin;
    /* RFC 6455 section 5.5.1: a body begins with two bytes of status; wslay takes a single byte for none. */
    input->is_broken = frame->opcode == WSLAY_CONNECTION_CLOSE && frame->payload_length == 1;
    input->is_refused = !input->reader->frame(input->reader->context);
    if (input->is_refused || input->is_broken)
        wslay_event_shutdown_read(parser);
}

static void frame_ends(wslay_event_context_ptr parser, void *context)
{
    tlm_ws_input *input = context;

    (void)parser;
    input->is_in_frame = false;
    input->reader->alive(input->reader->context);
}

static void message_ends(wslay_event_context_ptr parser, const struct wslay_event_on_msg_recv_arg *message,
                         void *context)
{
    const tlm_ws_input *input = context;

    (void)parser;
    if (wslay_is_ctrl_frame(message->opcode) || input->is_refused)
        return;
    input->reader->message(input->reader->context, message->opcode == WSLAY_TEXT_FRAME,
                           (tlm_text){(const char *)message->msg, message->msg_length});
}

/* --- life ------------------------------------------------------------------------------------------------------ */

static tlm_ws_input *create(size_t message_max)
{
    static const struct wslay_event_callbacks callbacks = {
        .recv_callback = receive,
        .send_callback = reply,
        .on_frame_recv_start_callback = frame_begins,
        .on_frame_recv_end_callback = frame_ends,
        .on_msg_recv_callback = message_ends,
    };
    tlm_ws_input *input = calloc(1, sizeof *input);

    if (!input || wslay_event_context_server_init(&input->parser, &callbacks, input) != 0) {
        free(input);
        return NULL;
    }
    wslay_event_config_set_max_recv_msg_length(input->parser, message_max);
    return input;
}

void tlm_ws_input_destroy(tlm_ws_input *input)
{
    if (!input)
        return;
    wslay_event_context_free(input->parser);
    free(input);
}

/* Whether the parser knows nothing that it would have to remember. */
static bool is_between_messages(const tlm_ws_input *input)
{
    return !input->is_in_frame && !input->is_in_message && input->begun == input->fed;
}

static int parse(tlm_ws_input *input)
{
    int result = wslay_event_recv(input->parser);

    if (result == WSLAY_ERR_NOMEM)
        return -ENOMEM;
    if (input->is_refused)
        return TLM_WS_INPUT_REFUSED;
    /* Our own callback never fails, so it is the head of a frame that is wrong, for which wslay closes without a code.
     */
    if (result != 0 || input->is_broken)
        return TLM_WS_INPUT_BROKEN;
    if (wslay_event_want_write(input->parser) && wslay_event_send(input->parser) != 0)
        return -ENOMEM;
    return wslay_event_get_read_enabled(input->parser) ? TLM_WS_INPUT_OPEN : TLM_WS_INPUT_OVER;
}

int tlm_ws_input_feed(tlm_ws_input **input, const tlm_ws_reader *reader, size_t message_max, tlm_text bytes)
{
    if (!*input)
        *input = create(message_max);
    if (!*input)
        return -ENOMEM;
    (*input)->reader = reader;
    (*input)->bytes = bytes;
    int result = parse(*input);
    (*input)->reader = NULL;
    if (result == TLM_WS_INPUT_OPEN && is_between_messages(*input)) {
        tlm_ws_input_destroy(*input);
        *input = NULL;
    }
    return result;
}
