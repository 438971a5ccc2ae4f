/* SPDX-License-Identifier: Apache-2.0 */
#include "accept.h"

#include "common/http_head.h"

enum { WEIGHT_MAX = 1000 };

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

/* The weight of a parameter "q=0.5" in thousandths (RFC 9110 section 12.4.2); -1: it is no weight. */
static int weight_of(tlm_text parameter)
{
    int weight = 0, unit = 1000;

    if (parameter.size < 3 || (parameter.data[0] != 'q' && parameter.data[0] != 'Q') || parameter.data[1] != '=')
        return -1;
    for (size_t i = 2; i < parameter.size && unit > 0; i++) {
        if (parameter.data[i] == '.' && i == 3)
            continue;
        if (parameter.data[i] < '0' || parameter.data[i] > '9')
            return WEIGHT_MAX;
        weight += (parameter.data[i] - '0') * unit;
        unit /= 10;
    }
    return weight < WEIGHT_MAX ? weight : WEIGHT_MAX;
}

int tlm_rest_accept(tlm_text list, const char *word)
{
    tlm_text item, part;

    while (take_part(&list, ',', &item)) {
        if (!take_part(&item, ';', &part) || !tlm_http_text_equal_caseless(part, word))
            continue;
        int weight = WEIGHT_MAX;
        while (take_part(&item, ';', &part)) {
            int found = weight_of(part);
            weight = found >= 0 ? found : weight;
        }
        return weight;
    }
    return -1;
}

bool tlm_rest_accepts_gzip(tlm_text accept_encoding)
{
    int weight = tlm_rest_accept(accept_encoding, "gzip");

    if (weight < 0)
        weight = tlm_rest_accept(accept_encoding, "*");
    return weight > 0 && weight >= tlm_rest_accept(accept_encoding, "identity");
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
