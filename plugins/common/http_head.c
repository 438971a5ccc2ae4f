/* SPDX-License-Identifier: Apache-2.0 */
#include "common/http_head.h"

#include <strings.h>

/* Digits of a Content-Length that surely fit into 64 bits. */
#define LENGTH_DIGITS_MAX 18

/* What is counted while the header lines are walked over. */
typedef struct tally {
    tlm_http_request *request;
    unsigned lines, hosts, lengths, encodings;
} tally;

static bool refuse(unsigned status, const char *detail, tlm_http_refusal *ret_refusal)
{
    *ret_refusal = (tlm_http_refusal){status, detail};
    return false;
}

bool tlm_http_text_equal_caseless(tlm_text text, const char *other)
{
    size_t size = strlen(other);

    return text.size == size && strncasecmp(text.data, other, size) == 0;
}

static bool is_token_byte(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
           (byte != '\0' && strchr("!#$%&'*+-.^_`|~", byte) != NULL);
}

bool tlm_http_is_token(tlm_text text)
{
    for (size_t i = 0; i < text.size; i++)
        if (!is_token_byte(text.data[i]))
            return false;
    return text.size > 0;
}

/* Takes the next line off `rest`; false when it does not end in CR LF or holds either of them inside. */
static bool take_line(tlm_text *rest, tlm_text *ret_line)
{
    const char *end = rest->size > 0 ? memchr(rest->data, '\n', rest->size) : NULL;

    if (!end || end == rest->data || end[-1] != '\r')
        return false;
    tlm_text line = {rest->data, (size_t)(end - rest->data) - 1};
    if (line.size > 0 && memchr(line.data, '\r', line.size))
        return false;
    rest->size -= line.size + 2;
    rest->data = end + 1;
    *ret_line = line;
    return true;
}

/* Takes the text up to the next space off `line`. */
static bool take_word(tlm_text *line, tlm_text *ret_word)
{
    const char *end = line->size > 0 ? memchr(line->data, ' ', line->size) : NULL;

    if (!end)
        return false;
    *ret_word = (tlm_text){line->data, (size_t)(end - line->data)};
    line->size -= ret_word->size + 1;
    line->data = end + 1;
    return true;
}

static bool is_target(tlm_text method, tlm_text target)
{
    for (size_t i = 0; i < target.size; i++)
        if (target.data[i] <= ' ' || target.data[i] > '~')
            return false;
    if (target.size == 1 && target.data[0] == '*')
        return tlm_text_equal(method, tlm_text_of("OPTIONS"));
    return target.size > 0 &&
           (target.data[0] == '/' || (target.size > 7 && strncasecmp(target.data, "http://", 7) == 0) ||
            (target.size > 8 && strncasecmp(target.data, "https://", 8) == 0));
}

static bool judge_request_line(tlm_text line, tally *counts, tlm_http_refusal *ret_refusal)
{
    tlm_http_request *request = counts->request;
    tlm_text method, target;

    if (!take_word(&line, &method) || !take_word(&line, &target) || !tlm_http_is_token(method))
        return refuse(400, "the first line is no HTTP request line", ret_refusal);
    request->method = method;
    request->target = target;
    if (!tlm_text_equal(line, tlm_text_of("HTTP/1.1")) && !tlm_text_equal(line, tlm_text_of("HTTP/1.0"))) {
        if (line.size == 8 && memcmp(line.data, "HTTP/", 5) == 0)
            return refuse(505, "only HTTP/1.1 and HTTP/1.0 are spoken here", ret_refusal);
        return refuse(400, "the first line is no HTTP request line", ret_refusal);
    }
    request->is_http_1_0 = line.data[7] == '0';
    if (!is_target(method, target))
        return refuse(400, "the request target is malformed", ret_refusal);
    return true;
}

static tlm_text trim(tlm_text text)
{
    while (text.size > 0 && (text.data[0] == ' ' || text.data[0] == '\t')) {
        text.data++;
        text.size--;
    }
    while (text.size > 0 && (text.data[text.size - 1] == ' ' || text.data[text.size - 1] == '\t'))
        text.size--;
    return text;
}

static bool judge_length(tlm_text value, tally *counts, tlm_http_refusal *ret_refusal)
{
    if (counts->lengths++ > 0)
        return refuse(400, "more than one Content-Length", ret_refusal);
    if (value.size == 0 || value.size > LENGTH_DIGITS_MAX)
        return refuse(400, "the Content-Length is no number of at most 18 digits", ret_refusal);
    for (size_t i = 0; i < value.size; i++) {
        if (value.data[i] < '0' || value.data[i] > '9')
            return refuse(400, "the Content-Length is no number of at most 18 digits", ret_refusal);
        counts->request->has_body |= value.data[i] != '0';
    }
    counts->request->has_length = true;
    return true;
}

static bool judge_encoding(tlm_text value, tally *counts, tlm_http_refusal *ret_refusal)
{
    if (counts->encodings++ > 0 || counts->request->is_http_1_0)
        return refuse(400, "Transfer-Encoding is repeated, or in HTTP/1.0", ret_refusal);
    if (!tlm_http_text_equal_caseless(value, "chunked"))
        return refuse(501, "the only Transfer-Encoding is chunked", ret_refusal);
    counts->request->has_body = counts->request->has_length = true;
    return true;
}

/* A list over several lines is taken for none: what a client says it takes is never more than it said. */
static void note_list(tlm_text value, tlm_text *list)
{
    *list = list->data ? (tlm_text){"", 0} : value;
}

void tlm_http_head_note(tlm_text name, tlm_text value, tlm_http_request *request)
{
    if (tlm_http_text_equal_caseless(name, "Upgrade"))
        request->has_upgrade = true;
    else if (tlm_http_text_equal_caseless(name, "Origin"))
        request->origin = value;
    else if (tlm_http_text_equal_caseless(name, "Accept"))
        note_list(value, &request->accept);
    else if (tlm_http_text_equal_caseless(name, "Accept-Encoding"))
        note_list(value, &request->accept_encoding);
    else if (tlm_http_text_equal_caseless(name, "If-None-Match"))
        note_list(value, &request->if_none_match);
    else if (tlm_http_text_equal_caseless(name, "Access-Control-Request-Method"))
        request->is_preflight = true;
}

static bool judge_field(tlm_text name, tlm_text value, tally *counts, tlm_http_refusal *ret_refusal)
{
    if (tlm_http_text_equal_caseless(name, "Content-Length"))
        return judge_length(value, counts, ret_refusal);
    if (tlm_http_text_equal_caseless(name, "Transfer-Encoding"))
        return judge_encoding(value, counts, ret_refusal);
    counts->hosts += tlm_http_text_equal_caseless(name, "Host");
    tlm_http_head_note(name, value, counts->request);
    return true;
}

/* Visible ASCII, blanks, and bytes above 127 (obs-text). */
static bool is_field_value(tlm_text value)
{
    for (size_t i = 0; i < value.size; i++) {
        unsigned char byte = (unsigned char)value.data[i];
        if ((byte < ' ' && byte != '\t') || byte == 0x7f)
            return false;
    }
    return true;
}

static bool judge_line(tlm_text line, tally *counts, tlm_http_refusal *ret_refusal)
{
    const char *colon = memchr(line.data, ':', line.size);

    if (++counts->lines > TLM_HTTP_HEADERS_MAX)
        return refuse(431, "more than 100 header lines", ret_refusal);
    if (line.data[0] == ' ' || line.data[0] == '\t')
        return refuse(400, "a header line begins with a blank (folded headers are obsolete)", ret_refusal);
    if (!colon)
        return refuse(400, "a header line without a colon", ret_refusal);
    tlm_text name = {line.data, (size_t)(colon - line.data)};
    tlm_text value = {colon + 1, line.size - name.size - 1};
    if (!tlm_http_is_token(name))
        return refuse(400, "a header name is malformed (no blank may stand before the colon)", ret_refusal);
    if (!is_field_value(value))
        return refuse(400, "a header holds a control character", ret_refusal);
    return judge_field(name, trim(value), counts, ret_refusal);
}

static bool judge_whole(const tally *counts, tlm_http_refusal *ret_refusal)
{
    if (counts->hosts > 1 || (counts->hosts == 0 && !counts->request->is_http_1_0))
        return refuse(400, "exactly one Host header is needed", ret_refusal);
    if (counts->lengths > 0 && counts->encodings > 0)
        return refuse(400, "Content-Length and Transfer-Encoding contradict each other", ret_refusal);
    return true;
}

bool tlm_http_head_judge(tlm_text head, tlm_http_request *ret_request, tlm_http_refusal *ret_refusal)
{
    tally counts = {.request = ret_request};
    tlm_text line;

    *ret_request = (tlm_http_request){0};
    if (!take_line(&head, &line))
        return refuse(400, "lines of a head end in CR LF", ret_refusal);
    if (!judge_request_line(line, &counts, ret_refusal))
        return false;
    for (;;) {
        if (!take_line(&head, &line))
            return refuse(400, "lines of a head end in CR LF", ret_refusal);
        if (line.size == 0)
            return judge_whole(&counts, ret_refusal);
        if (!judge_line(line, &counts, ret_refusal))
            return false;
    }
}

bool tlm_http_head_field(tlm_text head, const char *name, size_t *at, tlm_text *ret_value)
{
    tlm_text rest = {head.data + *at, head.size - *at};
    tlm_text line;

    while (take_line(&rest, &line) && line.size > 0) {
        const char *colon = memchr(line.data, ':', line.size);
        *at = head.size - rest.size;
        /* The request line may hold a colon too, but its method is followed by a blank. */
        if (!colon || !tlm_http_text_equal_caseless((tlm_text){line.data, (size_t)(colon - line.data)}, name))
            continue;
        *ret_value = trim((tlm_text){colon + 1, (size_t)(line.data + line.size - colon) - 1});
        return true;
    }
    return false;
}

bool tlm_http_list_next(tlm_text *value, tlm_text *ret_element)
{
    while (value->size > 0) {
        const char *comma = memchr(value->data, ',', value->size);
        tlm_text element = {value->data, comma ? (size_t)(comma - value->data) : value->size};
        size_t used = element.size + (comma ? 1 : 0);
        *value = (tlm_text){value->data + used, value->size - used};
        element = trim(element);
        if (element.size > 0) {
            *ret_element = element;
            return true;
        }
    }
    return false;
}
