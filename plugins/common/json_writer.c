#include "common/json_writer.h"

#include "common/utf8.h"

#include <assert.h>
#include <string.h>

void tlm_json_init(tlm_json_writer *writer, tlm_buffer *buffer)
{
    *writer = (tlm_json_writer){.buffer = buffer};
}

static uint64_t level_bit(const tlm_json_writer *writer)
{
    return UINT64_C(1) << (writer->depth - 1);
}

static bool in_object(const tlm_json_writer *writer)
{
    return writer->depth > 0 && (writer->objects & level_bit(writer));
}

/* Every member but the first of its level has a comma before it. */
static void separate(tlm_json_writer *writer)
{
    if (writer->depth == 0)
        return;
    if (writer->filled & level_bit(writer))
        tlm_buffer_append_char(writer->buffer, ',');
    writer->filled |= level_bit(writer);
}

static void before_value(tlm_json_writer *writer)
{
    assert(in_object(writer) == writer->keyed);
    if (!in_object(writer)) /* there the key has done it */
        separate(writer);
    writer->keyed = false;
}

static void begin(tlm_json_writer *writer, bool object, char bracket)
{
    before_value(writer);
    assert(writer->depth < TLM_JSON_DEPTH);
    tlm_buffer_append_char(writer->buffer, bracket);
    writer->depth++;
    writer->filled &= ~level_bit(writer);
    writer->objects &= ~level_bit(writer);
    if (object)
        writer->objects |= level_bit(writer);
}

static void end(tlm_json_writer *writer, char bracket)
{
    assert(writer->depth > 0 && !writer->keyed);
    tlm_buffer_append_char(writer->buffer, bracket);
    writer->depth--;
}

void tlm_json_begin_object(tlm_json_writer *writer)
{
    begin(writer, true, '{');
}

void tlm_json_end_object(tlm_json_writer *writer)
{
    assert(in_object(writer));
    end(writer, '}');
}

void tlm_json_begin_array(tlm_json_writer *writer)
{
    begin(writer, false, '[');
}

void tlm_json_end_array(tlm_json_writer *writer)
{
    assert(!in_object(writer));
    end(writer, ']');
}

static bool is_plain(unsigned char byte)
{
    return byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
}

/* Whether eight bytes are all plain. In each byte the high bit is raised by: a byte of 0x80 or more itself; a borrow
 * of x - 0x20 (below space); a borrow of x - 1 where x is the difference to a quote or backslash. Borrows can raise
 * bits of higher bytes wrongly, never hide one: then the byte loop decides. */
static bool is_plain_word(const char *text)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    uint64_t word;

    memcpy(&word, text, sizeof(word));
    uint64_t quote = word ^ ones * '"';
    uint64_t backslash = word ^ ones * '\\';
    uint64_t raised = word | (word - ones * 0x20) | (quote - ones) | (backslash - ones);
    return (raised & ones * 0x80) == 0;
}

/* Bytes from the start of `text` that can be copied as they are. */
static size_t plain_run(const char *text, size_t size)
{
    size_t at = 0;

    while (at < size) {
        bool valid = true;
        if (size - at >= sizeof(uint64_t) && is_plain_word(text + at)) {
            at += sizeof(uint64_t);
        } else if (is_plain((unsigned char)text[at])) {
            at++;
        } else {
            size_t length = (unsigned char)text[at] < 0x80 ? 0 : tlm_utf8_next(text + at, size - at, &valid);
            if (!length || !valid)
                return at;
            at += length;
        }
    }
    return at;
}

/* Appends the escape for an ASCII byte that is not plain. */
static void append_escape(tlm_buffer *buffer, unsigned char byte)
{
    static const char hex[] = "0123456789abcdef";
    static const char letters[] = "btn\0fr"; /* U+0008..U+000D but U+000B */
    char escape[6] = {'\\', 'u', '0', '0', hex[byte >> 4], hex[byte & 15]};
    size_t size = sizeof(escape);

    if (byte >= 0x20)
        escape[1] = (char)byte;
    else if (byte >= '\b' && byte <= '\r' && byte != '\v')
        escape[1] = letters[byte - '\b'];
    if (escape[1] != 'u')
        size = 2;
    tlm_buffer_append(buffer, escape, size);
}

/* Appends the replacement for what starts at `text` and cannot be copied; returns the bytes that it stands for. */
static size_t append_replaced(tlm_buffer *buffer, const char *text, size_t size)
{
    bool valid;

    if ((unsigned char)text[0] < 0x80) {
        append_escape(buffer, (unsigned char)text[0]);
        return 1;
    }
    tlm_buffer_append(buffer, "\xEF\xBF\xBD", 3);
    return tlm_utf8_next(text, size, &valid);
}

static void append_quoted(tlm_buffer *buffer, const char *text, size_t size)
{
    tlm_buffer_append_char(buffer, '"');
    while (size > 0) {
        size_t run = plain_run(text, size);
        tlm_buffer_append(buffer, text, run);
        if (run < size)
            run += append_replaced(buffer, text + run, size - run);
        text += run;
        size -= run;
    }
    tlm_buffer_append_char(buffer, '"');
}

void tlm_json_key(tlm_json_writer *writer, const char *text, size_t size)
{
    assert(in_object(writer) && !writer->keyed);
    separate(writer);
    append_quoted(writer->buffer, text, size);
    tlm_buffer_append_char(writer->buffer, ':');
    writer->keyed = true;
}

void tlm_json_string(tlm_json_writer *writer, const char *text, size_t size)
{
    before_value(writer);
    append_quoted(writer->buffer, text, size);
}

static void append_integer(tlm_json_writer *writer, bool negative, uint64_t magnitude)
{
    char text[20]; /* digits of 2^64, or of 2^63 and its sign */
    size_t at = sizeof(text);

    do {
        text[--at] = (char)('0' + magnitude % 10);
        magnitude /= 10;
    } while (magnitude > 0);
    if (negative)
        text[--at] = '-';
    tlm_json_raw(writer, text + at, sizeof(text) - at);
}

void tlm_json_int(tlm_json_writer *writer, int64_t value)
{
    append_integer(writer, value < 0, value < 0 ? -(uint64_t)value : (uint64_t)value);
}

void tlm_json_uint(tlm_json_writer *writer, uint64_t value)
{
    append_integer(writer, false, value);
}

void tlm_json_bool(tlm_json_writer *writer, bool value)
{
    tlm_json_raw(writer, value ? "true" : "false", value ? 4 : 5);
}

void tlm_json_null(tlm_json_writer *writer)
{
    tlm_json_raw(writer, "null", 4);
}

void tlm_json_raw(tlm_json_writer *writer, const char *text, size_t size)
{
    before_value(writer);
    tlm_buffer_append(writer->buffer, text, size);
}
