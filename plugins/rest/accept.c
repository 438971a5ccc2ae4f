/* SPDX-License-Identifier: Apache-2.0 */
#include "accept.h"

#include "common/http_head.h"

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t';
}

/* Takes the text up to the next `separator` off `rest`, without blanks around it; false at the end. */
static bool take_part(tlm_text *rest, char separator, tlm_text *ret_part)
{
    if (rest->size == 0)
        return false;
    const char *end = memchr(rest->data, separator, rest->size);
    tlm_text part = {rest->data, end ? (size_t)(end - rest->data) : rest->size};
    size_t taken = part.size + (end ? 1 : 0);
    rest->data += taken;
    rest->size -= taken;
    for (; part.size > 0 && is_blank(part.data[0]); part.data++)
        part.size--;
    while (part.size > 0 && is_blank(part.data[part.size - 1]))
        part.size--;
    *ret_part = part;
    return true;
}

/* "q=0", "q=0.", "q=0.000" */
static bool is_zero_weight(tlm_text parameter)
{
    if (parameter.size < 3 || (parameter.data[0] != 'q' && parameter.data[0] != 'Q') || parameter.data[1] != '=')
        return false;
    for (size_t i = 2; i < parameter.size; i++)
        if (parameter.data[i] != '0' && parameter.data[i] != '.')
            return false;
    return true;
}

int tlm_rest_accept(tlm_text list, const char *word)
{
    tlm_text item, part;

    while (take_part(&list, ',', &item)) {
        if (!take_part(&item, ';', &part) || !tlm_http_text_equal_caseless(part, word))
            continue;
        bool is_refused = false;
        while (take_part(&item, ';', &part))
            is_refused |= is_zero_weight(part);
        return !is_refused;
    }
    return -1;
}

bool tlm_rest_accepts_gzip(tlm_text accept_encoding)
{
    int answer = tlm_rest_accept(accept_encoding, "gzip");

    return (answer < 0 ? tlm_rest_accept(accept_encoding, "*") : answer) > 0;
}

bool tlm_rest_tag_matches(tlm_text if_none_match, const char *tag)
{
    tlm_text item;

    /* The tags compared with hold no comma, so one inside a foreign tag splits it into parts that match nothing. */
    while (take_part(&if_none_match, ',', &item)) {
        if (item.size > 2 && item.data[0] == 'W' && item.data[1] == '/')
            item = (tlm_text){item.data + 2, item.size - 2};
        if (tlm_text_equal(item, tlm_text_of(tag)) || tlm_text_equal(item, tlm_text_of("*")))
            return true;
    }
    return false;
}
