/* SPDX-License-Identifier: Apache-2.0 */
#include "common/http_origin.h"

#include <stdbool.h>
#include <stdlib.h>

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"
#define PORT_DIGITS_MAX 5

/* The rest of `text` after its scheme and "://"; NULL: it has none. */
static const char *skip_scheme(const char *text)
{
    size_t size = strspn(text, LOWER DIGITS "+-.");
    bool has_letter = text[0] >= 'a' && text[0] <= 'z';

    return has_letter && strncmp(text + size, "://", 3) == 0 ? text + size + 3 : NULL;
}

/* A name, an IPv4 address, or an IPv6 address in brackets. */
static const char *skip_host(const char *text)
{
    if (*text == '[') {
        size_t inside = strspn(text + 1, DIGITS "abcdef:.");
        return inside > 0 && text[inside + 1] == ']' ? text + inside + 2 : NULL;
    }
    size_t size = strspn(text, LOWER DIGITS "-._");
    return size > 0 ? text + size : NULL;
}

static bool is_port(const char *text)
{
    size_t size = strspn(text, DIGITS);

    return size > 0 && size <= PORT_DIGITS_MAX && !text[size] && text[0] != '0' && atoi(text) <= UINT16_MAX;
}

static int check(const char *text, tlm_error *error)
{
    const char *at = skip_scheme(text);

    if (strcmp(text, "*") == 0)
        return tlm_error_set(error, -EINVAL,
                             "\"*\" is not allowed; name each origin whose pages may read the API, such as "
                             "\"http://localhost:3000\"");
    if (at)
        at = skip_host(at);
    if (at && (!*at || (*at == ':' && is_port(at + 1))))
        return 0;
    return tlm_error_set(error, -EINVAL,
                         "expected origins as browsers send them, scheme://host[:port] in lower case with nothing "
                         "after it, found '%.80s'",
                         text);
}

int tlm_http_origins_check(const tlm_text_list *origins, const char *option, tlm_error *error)
{
    tlm_error reason;

    for (uint32_t i = 0; i < origins->count; i++)
        if (check(origins->items[i], &reason) < 0)
            return tlm_error_set(error, -EINVAL, "%s: %.900s", option, reason.text);
    return 0;
}
