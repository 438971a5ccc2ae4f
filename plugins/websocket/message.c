/* SPDX-License-Identifier: Apache-2.0 */
#include "message.h"

#include <stdbool.h>

typedef struct reader {
    const char *at, *end;
    uint32_t depth;
} reader;

static bool skip_value(reader *in);

static void skip_blanks(reader *in)
{
    while (in->at < in->end && (*in->at == ' ' || *in->at == '\t' || *in->at == '\n' || *in->at == '\r'))
        in->at++;
}

static bool take(reader *in, char byte)
{
    skip_blanks(in);
    if (in->at == in->end || *in->at != byte)
        return false;
    in->at++;
    return true;
}

static bool take_word(reader *in, const char *word)
{
    size_t size = strlen(word);

    if ((size_t)(in->end - in->at) < size || memcmp(in->at, word, size) != 0)
        return false;
    in->at += size;
    return true;
}

static bool is_digit(const reader *in)
{
    return in->at < in->end && *in->at >= '0' && *in->at <= '9';
}

static bool is_hex_digit(const reader *in)
{
    return is_digit(in) ||
           (in->at < in->end && ((*in->at >= 'a' && *in->at <= 'f') || (*in->at >= 'A' && *in->at <= 'F')));
}

/* What follows a backslash. */
static bool take_escape(reader *in)
{
    if (in->at == in->end || *in->at == '\0' || !strchr("\"\\/bfnrtu", *in->at))
        return false;
    if (*in->at++ != 'u')
        return true;
    for (int i = 0; i < 4; i++, in->at++)
        if (!is_hex_digit(in))
            return false;
    return true;
}

/* A string; its bytes between the quotes, escapes as they stand. */
static bool take_string(reader *in, tlm_text *ret_text)
{
    if (!take(in, '"'))
        return false;
    const char *start = in->at;
    while (in->at < in->end && *in->at != '"') {
        if ((unsigned char)*in->at < ' ')
            return false;
        if (*in->at++ == '\\' && !take_escape(in))
            return false;
    }
    *ret_text = (tlm_text){start, (size_t)(in->at - start)};
    return take_word(in, "\"");
}

static bool skip_digits(reader *in)
{
    const char *start = in->at;

    while (is_digit(in))
        in->at++;
    return in->at > start;
}

static bool skip_number(reader *in)
{
    (void)take_word(in, "-");
    if (!take_word(in, "0") && !skip_digits(in))
        return false;
    if (take_word(in, ".") && !skip_digits(in))
        return false;
    if (take_word(in, "e") || take_word(in, "E")) {
        if (!take_word(in, "+"))
            (void)take_word(in, "-");
        return skip_digits(in);
    }
    return true;
}

static bool skip_array(reader *in)
{
    if (take(in, ']'))
        return true;
    do {
        if (!skip_value(in))
            return false;
    } while (take(in, ','));
    return take(in, ']');
}

/* An object after its brace; the text of its last member "type", empty when that is no text. */
static bool take_members(reader *in, tlm_text *ret_type)
{
    if (take(in, '}'))
        return true;
    do {
        tlm_text name, value = {0};
        if (!take_string(in, &name) || !take(in, ':'))
            return false;
        skip_blanks(in);
        bool is_text = in->at < in->end && *in->at == '"';
        if (is_text ? !take_string(in, &value) : !skip_value(in))
            return false;
        if (tlm_text_equal(name, tlm_text_of("type")))
            *ret_type = value;
    } while (take(in, ','));
    return take(in, '}');
}

/* Nested values are only looked at for their form. */
static bool skip_nested(reader *in)
{
    tlm_text ignored;

    if (++in->depth > TLM_WS_MESSAGE_DEPTH_MAX)
        return false;
    bool is_good = take(in, '{') ? take_members(in, &ignored) : take(in, '[') && skip_array(in);
    in->depth--;
    return is_good;
}

static bool skip_value(reader *in)
{
    tlm_text ignored;

    skip_blanks(in);
    if (in->at == in->end)
        return false;
    switch (*in->at) {
    case '{':
    case '[':
        return skip_nested(in);
    case '"':
        return take_string(in, &ignored);
    case 't':
        return take_word(in, "true");
    case 'f':
        return take_word(in, "false");
    case 'n':
        return take_word(in, "null");
    default:
        return skip_number(in);
    }
}

uint32_t tlm_ws_message_read(tlm_text text)
{
    tlm_text type = {0};

    if (text.size == 0)
        return TLM_WS_MESSAGE_BROKEN; /* and may have no address to count from */
    reader in = {text.data, text.data + text.size, 0};
    if (!take(&in, '{') || !take_members(&in, &type))
        return TLM_WS_MESSAGE_BROKEN;
    skip_blanks(&in);
    if (in.at != in.end || !type.data)
        return TLM_WS_MESSAGE_BROKEN;
    return tlm_text_equal(type, tlm_text_of("ping")) ? TLM_WS_MESSAGE_PING : TLM_WS_MESSAGE_OTHER;
}
