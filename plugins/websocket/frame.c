/* SPDX-License-Identifier: Apache-2.0 */
#include "frame.h"

#include <assert.h>
#include <stdlib.h>

/* RFC 6455 section 5.2: FIN and the opcode, then the length; what a server sends is not masked. */
#define FIN 0x80
#define OPCODE_TEXT 0x1
#define OPCODE_CLOSE 0x8
#define OPCODE_PING 0x9
#define HEADER_MAX 10
#define CONTROL_PAYLOAD_MAX 125

static tlm_ws_frame *allocate(uint32_t kind, size_t size)
{
    tlm_ws_frame *frame = malloc(sizeof *frame + size);

    if (frame)
        *frame = (tlm_ws_frame){.references = 1, .kind = kind, .size = size};
    return frame;
}

tlm_ws_frame *tlm_ws_frame_of_bytes(uint32_t kind, const void *bytes, size_t size)
{
    tlm_ws_frame *frame = allocate(kind, size);

    if (frame && size > 0)
        memcpy(frame->bytes, bytes, size);
    return frame;
}

static size_t write_header(uint8_t opcode, size_t size, uint8_t out[static HEADER_MAX])
{
    unsigned extended = size <= 125 ? 0 : size <= UINT16_MAX ? 2 : 8;

    out[0] = (uint8_t)(FIN | opcode);
    out[1] = (uint8_t)(extended == 0 ? size : extended == 2 ? 126 : 127);
    for (unsigned i = 0; i < extended; i++)
        out[2 + i] = (uint8_t)((uint64_t)size >> (8 * (extended - 1 - i)));
    return 2 + extended;
}

static tlm_ws_frame *create(uint32_t kind, uint8_t opcode, const void *payload, size_t size)
{
    uint8_t header[HEADER_MAX];
    size_t header_size = write_header(opcode, size, header);
    tlm_ws_frame *frame = allocate(kind, header_size + size);

    if (!frame)
        return NULL;
    memcpy(frame->bytes, header, header_size);
    if (size > 0)
        memcpy(frame->bytes + header_size, payload, size);
    return frame;
}

tlm_ws_frame *tlm_ws_frame_of_text(uint32_t kind, const char *text, size_t size)
{
    return create(kind, OPCODE_TEXT, text, size);
}

tlm_ws_frame *tlm_ws_frame_ping(void)
{
    return create(TLM_WS_FRAME_KEPT, OPCODE_PING, NULL, 0);
}

tlm_ws_frame *tlm_ws_frame_close(uint16_t code, const char *reason)
{
    char payload[CONTROL_PAYLOAD_MAX];
    size_t size = strlen(reason);

    assert(size <= sizeof payload - 2);
    payload[0] = (char)(code >> 8);
    payload[1] = (char)(code & 0xff);
    memcpy(payload + 2, reason, size);
    return create(TLM_WS_FRAME_CLOSE, OPCODE_CLOSE, payload, size + 2);
}

void tlm_ws_frame_ref(tlm_ws_frame *frame)
{
    frame->references++;
}

void tlm_ws_frame_unref(tlm_ws_frame *frame)
{
    if (frame && --frame->references == 0)
        free(frame);
}
