/* SPDX-License-Identifier: Apache-2.0 */
#include "url.h"

#include <stdbool.h>
#include <stdlib.h>

#define EXPECTED "url: expected redis://[[user]:password@]host[:port][/database]"

static int hex_value(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    digit = (char)(digit | 0x20);
    return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

/* NULL: no memory, or `*ret_is_bad`. */
static char *percent_decode(tlm_text text, bool *ret_is_bad)
{
    char *decoded = malloc(text.size + 1);
    size_t size = 0;
    for (size_t i = 0; decoded && i < text.size; i++) {
        char byte = text.data[i];
        if (byte == '%') {
            int high = i + 2 < text.size ? hex_value(text.data[i + 1]) : -1;
            int low = i + 2 < text.size ? hex_value(text.data[i + 2]) : -1;
            if (high < 0 || low < 0 || (high | low) == 0) {
                *ret_is_bad = true;
                break;
            }
            byte = (char)(high * 16 + low);
            i += 2;
        }
        decoded[size++] = byte;
    }
    if (!decoded || *ret_is_bad) {
        free(decoded);
        return NULL;
    }
    decoded[size] = '\0';
    return decoded;
}

/* A number of nothing but digits, at most `max`; -1 when it is none. */
static int32_t parse_number(tlm_text text, int32_t max)
{
    int64_t number = 0;
    if (text.size == 0 || text.size > 9)
        return -1;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return -1;
        number = number * 10 + (text.data[i] - '0');
    }
    return number <= max ? (int32_t)number : -1;
}

/* What stands before the last '@'. */
static int parse_user(tlm_redis_url *url, tlm_text text, tlm_error *error)
{
    bool is_bad = false;
    const char *colon = memchr(text.data, ':', text.size);
    size_t user_size = colon ? (size_t)(colon - text.data) : text.size;
    if (!colon)
        return tlm_error_set(error, -EINVAL, EXPECTED ", found a user without a password; write user:password@");
    if (user_size > 0)
        url->user = percent_decode((tlm_text){text.data, user_size}, &is_bad);
    url->password = percent_decode((tlm_text){colon + 1, text.size - user_size - 1}, &is_bad);
    if (is_bad)
        return tlm_error_set(error, -EINVAL,
                             EXPECTED ", found a '%%' in user or password that no two hex digits follow; write %%25 "
                                      "for a percent sign");
    return url->password && (user_size == 0 || url->user) ? 0 : tlm_error_set(error, -ENOMEM, "out of memory");
}

/* "host", "host:port", "[v6]:port". */
static int parse_place(tlm_redis_url *url, tlm_text text, tlm_error *error)
{
    bool is_v6 = text.size > 0 && text.data[0] == '[';
    const char *end = is_v6 ? memchr(text.data, ']', text.size) : memchr(text.data, ':', text.size);
    if (is_v6 && !end)
        return tlm_error_set(error, -EINVAL, EXPECTED ", found '[' without ']'");
    size_t host_size = end ? (size_t)(end - text.data) - is_v6 : text.size;
    tlm_text rest = {text.data + text.size, 0};
    if (end)
        rest = (tlm_text){end + is_v6, text.size - (size_t)(end + is_v6 - text.data)};
    if (host_size == 0)
        return tlm_error_set(error, -EINVAL, EXPECTED ", found no host");
    url->port = TLM_REDIS_PORT;
    if (rest.size > 0)
        url->port = rest.data[0] == ':' ? parse_number((tlm_text){rest.data + 1, rest.size - 1}, 65535) : -1;
    if (url->port <= 0)
        return tlm_error_set(error, -EINVAL, EXPECTED ", found no port from 1 to 65535 after the host");
    url->host = strndup(text.data + is_v6, host_size);
    return url->host ? 0 : tlm_error_set(error, -ENOMEM, "out of memory");
}

static int parse(tlm_redis_url *url, const char *text, tlm_error *error)
{
    static const char scheme[] = "redis://";
    if (strncmp(text, "rediss://", 9) == 0)
        return tlm_error_set(error, -EINVAL,
                             "url: rediss:// (TLS) is not spoken here; run stunnel beside telemetra in client mode, "
                             "let it connect to the server, and write redis:// with the address stunnel listens on");
    if (strncmp(text, scheme, sizeof scheme - 1) != 0)
        return tlm_error_set(error, -EINVAL, EXPECTED ", found another scheme");
    text += sizeof scheme - 1;
    const char *at = strrchr(text, '@');
    if (at) {
        int result = parse_user(url, (tlm_text){text, (size_t)(at - text)}, error);
        if (result < 0)
            return result;
        text = at + 1;
    }
    size_t place_size = strcspn(text, "/?#");
    int result = parse_place(url, (tlm_text){text, place_size}, error);
    if (result < 0)
        return result;
    text += place_size;
    url->database = text[0] == '\0' || strcmp(text, "/") == 0 ? 0
                    : text[0] == '/'                          ? parse_number(tlm_text_of(text + 1), 1000000)
                                                              : -1;
    if (url->database < 0)
        return tlm_error_set(error, -EINVAL, EXPECTED ", found no number of a database after the host");
    return 0;
}

int tlm_redis_url_init(tlm_redis_url *url, const char *text, tlm_error *error)
{
    *url = (tlm_redis_url){0};
    int result = parse(url, text, error);
    if (result < 0)
        tlm_redis_url_finish(url);
    return result;
}

void tlm_redis_url_finish(tlm_redis_url *url)
{
    if (!url)
        return;
    if (url->password)
        explicit_bzero(url->password, strlen(url->password));
    free(url->password);
    free(url->user);
    free(url->host);
    *url = (tlm_redis_url){0};
}
