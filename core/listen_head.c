/* SPDX-License-Identifier: Apache-2.0 */
#include "listen_head.h"

#include <stdbool.h>
#include <strings.h>

/* tchar of RFC 9110 section 5.6.2. */
static bool is_token_byte(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
           (byte != '\0' && strchr("!#$%&'*+-.^_`|~", byte) != NULL);
}

static bool is_version(tlm_text text)
{
    return text.size == 8 && memcmp(text.data, "HTTP/", 5) == 0 && text.data[5] >= '0' && text.data[5] <= '9' &&
           text.data[6] == '.' && text.data[7] >= '0' && text.data[7] <= '9';
}

/* Splits `method SP target SP version`; false when the line is anything else. */
static bool split_request_line(tlm_text line, tlm_text *ret_target)
{
    const char *first = memchr(line.data, ' ', line.size);
    const char *last = memrchr(line.data, ' ', line.size);
    const char *end = line.data + line.size;

    if (!first || first == line.data || first == last)
        return false;
    for (const char *at = line.data; at < first; at++)
        if (!is_token_byte(*at))
            return false;
    tlm_text target = {first + 1, (size_t)(last - first - 1)};
    if (target.size == 0 || memchr(target.data, ' ', target.size))
        return false;
    if (!is_version((tlm_text){last + 1, (size_t)(end - last - 1)}))
        return false;
    *ret_target = target;
    return true;
}

/* The first line without its end; NULL data when it has not arrived whole. */
static tlm_text first_line(tlm_text bytes)
{
    const char *end = bytes.size > 0 ? memchr(bytes.data, '\n', bytes.size) : NULL;

    if (!end)
        return (tlm_text){NULL, 0};
    size_t size = (size_t)(end - bytes.data);
    if (size > 0 && bytes.data[size - 1] == '\r')
        size--;
    return (tlm_text){bytes.data, size};
}

/* Size up to and with the first blank line, 0 when there is none. Bare LF ends a line too: a frontend that wants CR LF
 * refuses it sooner than a timeout would. */
static size_t size_with_blank_line(tlm_text bytes)
{
    const char *end = bytes.data + bytes.size;

    for (const char *at = bytes.data; (at = memchr(at, '\n', (size_t)(end - at))) != NULL; at++) {
        if (end - at > 1 && at[1] == '\n')
            return (size_t)(at - bytes.data) + 2;
        if (end - at > 2 && at[1] == '\r' && at[2] == '\n')
            return (size_t)(at - bytes.data) + 3;
    }
    return 0;
}

uint32_t tlm_head_look(tlm_text bytes, size_t *ret_size)
{
    tlm_text line = first_line(bytes);
    tlm_text target;

    if (bytes.size > 0 && !is_token_byte(bytes.data[0]))
        return TLM_HEAD_BAD;
    if (!line.data)
        return TLM_HEAD_PARTIAL;
    if (!split_request_line(line, &target))
        return TLM_HEAD_BAD;
    size_t size = size_with_blank_line(bytes);
    if (size == 0)
        return TLM_HEAD_PARTIAL;
    *ret_size = size;
    return TLM_HEAD_WHOLE;
}

/* Cuts `scheme://authority` off an absolute-form target. */
static tlm_text without_authority(tlm_text target)
{
    static const char *const schemes[] = {"http://", "https://"};

    for (size_t i = 0; i < TLM_COUNT(schemes); i++) {
        size_t size = strlen(schemes[i]);
        if (target.size < size || strncasecmp(target.data, schemes[i], size) != 0)
            continue;
        while (size < target.size && target.data[size] != '/' && target.data[size] != '?')
            size++;
        return (tlm_text){target.data + size, target.size - size};
    }
    return target;
}

tlm_text tlm_head_path(tlm_text head)
{
    tlm_text line = first_line(head);
    tlm_text target;

    if (!line.data || !split_request_line(line, &target))
        return tlm_text_of("/");
    target = without_authority(target);
    if (target.size == 0 || target.data[0] != '/')
        return tlm_text_of("/");
    const char *query = memchr(target.data, '?', target.size);
    if (query)
        target.size = (size_t)(query - target.data);
    return target;
}
