/* SPDX-License-Identifier: Apache-2.0 */
#include "handshake.h"

#include "common/http_head.h"
#include "common/http_target.h"
#include "common/utf8.h"

#include <nettle/base64.h>
#include <nettle/sha1.h>
#include <strings.h>

/* RFC 6455 section 1.3. */
#define GUID "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
/* 16 bytes in base64. */
#define KEY_SIZE 24

static const char base64_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static uint32_t refuse(tlm_http_answer *answer, unsigned status, const char *detail)
{
    tlm_http_answer_error(answer, status, "%s", detail);
    return TLM_WS_ANSWERED;
}

/* --- the path -------------------------------------------------------------------------------------------------- */

static bool is_stream_id(tlm_text id)
{
    bool is_valid = id.size >= 1 && id.size <= TLM_WS_STREAM_ID_MAX && !memchr(id.data, '\0', id.size);

    for (size_t at = 0; at < id.size && is_valid;)
        at += tlm_utf8_next(id.data + at, id.size - at, &is_valid);
    return is_valid;
}

/* The stream's id if the path is one of a WebSocket. */
static bool match_path(const tlm_http_target *target, uint32_t *ret_path, tlm_text *ret_id)
{
    const tlm_text *segments = target->segments;

    if (target->segment_count == 3 && tlm_text_equal(segments[0], tlm_text_of("ws")) &&
        tlm_text_equal(segments[1], tlm_text_of("live"))) {
        *ret_path = TLM_WS_FLAT;
        *ret_id = segments[2];
        return true;
    }
    if (target->segment_count == 2 && tlm_text_equal(segments[0], tlm_text_of("live"))) {
        *ret_path = TLM_WS_ENVELOPES;
        *ret_id = segments[1];
        return true;
    }
    return false;
}

/* False: the answer says why. `*ret_is_page`: the path is that of the health page too. */
static bool judge_path(tlm_text raw, tlm_ws_handshake *handshake, bool *ret_is_page, tlm_http_answer *answer)
{
    tlm_http_target target;
    tlm_text id;

    switch (tlm_http_target_parse(raw, &target)) {
    case 0:
        break;
    case -ENAMETOOLONG:
        refuse(answer, 414, "the request target is too long");
        return false;
    case -EINVAL:
        refuse(answer, 422, "a % in the path is not followed by two hexadecimal digits");
        return false;
    default:
        refuse(answer, 404, "there are WebSockets under /ws/live/{stream_id} and /live/{stream_id}");
        return false;
    }
    if (!match_path(&target, &handshake->path, &id)) {
        refuse(answer, 404, "there are WebSockets under /ws/live/{stream_id} and /live/{stream_id}");
        return false;
    }
    if (!is_stream_id(id)) {
        refuse(answer, 422, "stream id: expected 1 to 255 bytes of UTF-8");
        return false;
    }
    handshake->id_size = (uint32_t)id.size;
    memcpy(handshake->stream_id, id.data, id.size);
    *ret_is_page = handshake->path == TLM_WS_FLAT && tlm_text_equal(id, tlm_text_of("health"));
    return true;
}

/* --- headers of the handshake ---------------------------------------------------------------------------------- */

/* Whether any line of a list-valued header holds a token; case does not count. */
static bool has_token(tlm_text head, const char *name, const char *token)
{
    tlm_text value, element;
    size_t at = 0;

    while (tlm_http_head_field(head, name, &at, &value))
        while (tlm_http_list_next(&value, &element))
            if (tlm_http_text_equal_caseless(element, token))
                return true;
    return false;
}

/* The value of a header that may stand once. -ENOENT, or -EEXIST when it is repeated. */
static int single_field(tlm_text head, const char *name, tlm_text *ret_value)
{
    tlm_text value, further;
    size_t at = 0;

    if (!tlm_http_head_field(head, name, &at, &value))
        return -ENOENT;
    if (tlm_http_head_field(head, name, &at, &further))
        return -EEXIST;
    *ret_value = value;
    return 0;
}

/* 16 bytes in base64: 22 digits, of which the last has four zero bits, and two signs of padding. */
static bool is_key(tlm_text key)
{
    if (key.size != KEY_SIZE || key.data[22] != '=' || key.data[23] != '=')
        return false;
    for (size_t i = 0; i < 22; i++)
        if (key.data[i] == '\0' || !strchr(base64_digits, key.data[i]))
            return false;
    return strchr("AQgw", key.data[21]) != NULL;
}

static void write_accept(tlm_text key, char ret_accept[static TLM_WS_ACCEPT_SIZE])
{
    char text[KEY_SIZE + sizeof GUID - 1];
    uint8_t digest[SHA1_DIGEST_SIZE];
    struct sha1_ctx sha;

    memcpy(text, key.data, KEY_SIZE);
    memcpy(text + KEY_SIZE, GUID, sizeof GUID - 1);
    sha1_init(&sha);
    sha1_update(&sha, sizeof text, (const uint8_t *)text);
    sha1_digest(&sha, sizeof digest, digest);
    _Static_assert(BASE64_ENCODE_RAW_LENGTH(SHA1_DIGEST_SIZE) == TLM_WS_ACCEPT_SIZE - 1, "it fits with its NUL");
    base64_encode_raw(ret_accept, sizeof digest, digest);
    ret_accept[TLM_WS_ACCEPT_SIZE - 1] = '\0';
}

static bool is_same_origin(tlm_text origin, tlm_text host)
{
    static const char *const schemes[] = {"http://", "https://"};

    for (size_t i = 0; i < TLM_COUNT(schemes); i++) {
        size_t size = strlen(schemes[i]);
        if (host.size > 0 && origin.size == size + host.size && memcmp(origin.data, schemes[i], size) == 0 &&
            strncasecmp(origin.data + size, host.data, host.size) == 0)
            return true;
    }
    return false;
}

static bool is_listed(tlm_text origin, const tlm_text_list *origins)
{
    for (uint32_t i = 0; i < origins->count; i++)
        if (tlm_text_equal(origin, tlm_text_of(origins->items[i])))
            return true;
    return false;
}

static bool is_allowed_origin(tlm_text head, const tlm_text_list *origins)
{
    tlm_text origin, host = {0};
    int result = single_field(head, "Origin", &origin);

    if (result == -ENOENT)
        return true;
    return result == 0 &&
           (is_listed(origin, origins) || (single_field(head, "Host", &host) == 0 && is_same_origin(origin, host)));
}

static uint32_t want_upgrade(tlm_http_answer *answer, const char *detail)
{
    tlm_http_answer_header(answer, "Upgrade", "websocket");
    tlm_http_answer_header(answer, "Sec-WebSocket-Version", "13");
    return refuse(answer, 426, detail);
}

/* RFC 6455 section 4.2.1, item by item. */
static uint32_t judge_upgrade(tlm_text head, const tlm_http_request *request, const tlm_text_list *origins,
                              tlm_ws_handshake *handshake, tlm_http_answer *answer)
{
    tlm_text version, key;

    if (request->is_http_1_0)
        return refuse(answer, 400, "a WebSocket needs HTTP/1.1");
    if (request->has_body)
        return refuse(answer, 400, "the request for a WebSocket has no body");
    if (!has_token(head, "Connection", "Upgrade"))
        return refuse(answer, 400, "the header Connection does not name Upgrade");
    if (single_field(head, "Sec-WebSocket-Version", &version) != 0 || !tlm_text_equal(version, tlm_text_of("13")))
        return want_upgrade(answer, "version 13 of WebSocket is spoken here");
    if (single_field(head, "Sec-WebSocket-Key", &key) != 0 || !is_key(key))
        return refuse(answer, 400, "Sec-WebSocket-Key is not 16 bytes in base64");
    if (!is_allowed_origin(head, origins))
        return refuse(answer, 403, "pages of this origin may not connect; see the option origins");
    write_accept(key, handshake->accept);
    return TLM_WS_UPGRADE;
}

/* A page of an allowed origin may read the answer. */
static void put_cors(const tlm_http_request *request, const tlm_text_list *origins, tlm_http_answer *answer)
{
    if (origins->count == 0)
        return;
    tlm_http_answer_header(answer, "Vary", "Origin");
    for (uint32_t i = 0; i < origins->count; i++)
        if (tlm_text_equal(request->origin, tlm_text_of(origins->items[i])))
            tlm_http_answer_header(answer, "Access-Control-Allow-Origin", origins->items[i]);
}

uint32_t tlm_ws_handshake_judge(tlm_text head, const tlm_text_list *origins, tlm_ws_handshake *ret_handshake,
                                bool *ret_is_head, tlm_http_answer *answer)
{
    tlm_http_request request;
    tlm_http_refusal refusal;
    bool is_page = false;

    bool is_good = tlm_http_head_judge(head, &request, &refusal);
    *ret_is_head = tlm_text_equal(request.method, tlm_text_of("HEAD"));
    if (!is_good)
        return refuse(answer, refusal.status, refusal.detail);
    put_cors(&request, origins, answer);
    ret_handshake->head_size = (uint32_t)head.size;
    if (!judge_path(request.target, ret_handshake, &is_page, answer))
        return TLM_WS_ANSWERED;
    bool is_get = tlm_text_equal(request.method, tlm_text_of("GET"));
    if (!is_get && !(is_page && *ret_is_head)) {
        tlm_http_answer_header(answer, "Allow", is_page ? "GET, HEAD" : "GET");
        return refuse(answer, 405, "only GET is served here");
    }
    if (is_get && has_token(head, "Upgrade", "websocket"))
        return judge_upgrade(head, &request, origins, ret_handshake, answer);
    if (is_page)
        return TLM_WS_HEALTH;
    return want_upgrade(answer, "only WebSockets are served under this path");
}

size_t tlm_ws_handshake_write(const tlm_ws_handshake *handshake, char ret_text[static TLM_WS_OPENING_SIZE])
{
    int size = snprintf(ret_text, TLM_WS_OPENING_SIZE,
                        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        "Sec-WebSocket-Accept: %s\r\n\r\n",
                        handshake->accept);

    return (size_t)size;
}
