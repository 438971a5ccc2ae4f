/* SPDX-License-Identifier: Apache-2.0 */
#include "decoder.h"

#include "common/utf8.h"

#include <stdio.h>

bool tlm_decoder_reject(tlm_decoder *decoder, const char *format, ...)
{
    tlm_batch *batch = decoder->batch;
    char reason[TLM_REASON_SIZE] = {0};
    va_list arguments;

    va_start(arguments, format);
    int size = vsnprintf(reason, sizeof reason, format, arguments);
    va_end(arguments);
    if (size < 0)
        size = 0;
    if ((size_t)size >= sizeof reason)
        size = (int)sizeof reason - 1;

    batch->arena_size = decoder->arena_mark;
    batch->rejects[batch->reject_count++] = (tlm_reject){
        .record = (uint32_t)(decoder->record - batch->events.records->records),
        .kind = decoder->kind,
        .reason = tlm_batch_copy(batch, (tlm_text){reason, (size_t)size}),
    };
    return false;
}

static const char *type_at(const uint64_t *tape, uint32_t at)
{
    switch (tlm_tape_type(tape, at)) {
    case '{':
        return "an object";
    case '[':
        return "an array";
    case '"':
        return "a string";
    case 'l':
        return "an integer";
    case 'u':
        return "an integer above 9223372036854775807";
    case 'd':
        return "a number with a fraction or an exponent";
    case 't':
        return "true";
    case 'f':
        return "false";
    default:
        return "null";
    }
}

bool tlm_decoder_reject_type(tlm_decoder *decoder, const char *name, const char *wanted, uint32_t at)
{
    return tlm_decoder_reject(decoder, "%s must be %s, but is %s.", name, wanted, type_at(decoder->document.tape, at));
}

tlm_reason_quote tlm_reason_quote_of(tlm_text text)
{
    tlm_reason_quote quote = {{0}};
    size_t room = sizeof quote.text - sizeof "\"...\"";
    size_t size = text.size < room ? text.size : room;

    for (size_t i = 0; i < size; i++)
        quote.text[i + 1] = text.data[i] >= ' ' && text.data[i] <= '~' ? text.data[i] : '?';
    quote.text[0] = '"';
    strcpy(quote.text + size + 1, size < text.size ? "...\"" : "\"");
    return quote;
}

/* The first byte of what is not UTF-8; `size` when all of it is. */
static size_t utf8_fault(const char *text, size_t size)
{
    size_t at = 0;
    bool valid = true;

    while (at < size) {
        size_t step = tlm_utf8_next(text + at, size - at, &valid);
        if (!valid)
            break;
        at += step;
    }
    return at;
}

bool tlm_decoder_reject_text(tlm_decoder *decoder, const char *fault)
{
    size_t at = utf8_fault(decoder->text, decoder->record->size);

    if (at < decoder->record->size)
        return tlm_decoder_reject(decoder, "The text is not UTF-8: byte %zu, 0x%02x, is out of place.", at,
                                  (unsigned)(unsigned char)decoder->text[at]);
    if (decoder->record->size >= 3 && memcmp(decoder->text, "\xef\xbb\xbf", 3) == 0)
        return tlm_decoder_reject(decoder, "The text is not JSON: it begins with a byte order mark.");
    return tlm_decoder_reject(decoder, "The text is not JSON: %s.", fault);
}
