/* SPDX-License-Identifier: Apache-2.0 */
/* Everything that reads a request before a library does: the listening socket's look at a head, the guard of `rest`,
 * and request targets; and the scanner over lists of emotes, which come from a store. */
#include "../../core/listen_head.h"
#include "common/http_head.h"
#include "common/http_target.h"
#include "common/row_json.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void read_target(tlm_text raw)
{
    static tlm_http_target target;
    tlm_text value;

    if (tlm_http_target_parse(raw, &target) < 0)
        return;
    assert(target.segment_count <= TLM_HTTP_SEGMENTS_MAX && target.parameter_count <= TLM_HTTP_PARAMETERS_MAX);
    for (uint32_t i = 0; i < target.segment_count; i++)
        assert(target.segments[i].data + target.segments[i].size <= target.text + sizeof target.text);
    (void)tlm_http_target_parameter(&target, "limit", &value);
}

static void read_emotes(tlm_text json)
{
    tlm_buffer buffer = TLM_BUFFER_INIT;
    tlm_json_writer writer;

    tlm_json_init(&writer, &buffer);
    tlm_emotes_write(&writer, json);
    tlm_buffer_finish(&buffer);
}

/* What passes both looks is a head: it begins with a method and ends in a blank line. */
static void read_head(tlm_text bytes)
{
    tlm_http_request request;
    tlm_http_refusal refusal;
    size_t head_size = 0;

    if (tlm_head_look(bytes, &head_size) != TLM_HEAD_WHOLE)
        return;
    assert(head_size <= bytes.size);
    bytes.size = head_size;
    tlm_text path = tlm_head_path(bytes);
    assert(path.size > 0 && path.data[0] == '/');
    if (!tlm_http_head_judge(bytes, &request, &refusal)) {
        assert(refusal.status >= 400 && refusal.detail);
        return;
    }
    assert(tlm_http_is_token(request.method) && request.target.size > 0);
    assert(memcmp(bytes.data + bytes.size - 4, "\r\n\r\n", 4) == 0);
    read_target(request.target);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    /* A copy of exactly this size, so that a read past its end is seen. */
    char *copy = malloc(size ? size : 1);

    if (!copy)
        return 0;
    memcpy(copy, bytes, size);
    read_head((tlm_text){copy, size});
    read_target((tlm_text){copy, size});
    read_emotes((tlm_text){copy, size});
    free(copy);
    return 0;
}
