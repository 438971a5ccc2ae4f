/* SPDX-License-Identifier: Apache-2.0 */
#include "value.h"

#include "common/time.h"

#include <stdio.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

static const char *const names[FIELD_COUNT] = {
#define FIELD_NAME(identifier, name) [FIELD_##identifier] = name,
    TLM_JSON_FIELDS(FIELD_NAME)
#undef FIELD_NAME
};

tlm_field_name tlm_field_name_of(const fields *named, field wanted)
{
    tlm_field_name name;

    snprintf(name.text, sizeof name.text, "%s%s", named->prefix, names[wanted]);
    return name;
}

static bool reject_type(tlm_decoder *decoder, const fields *named, field wanted, const char *type, uint32_t at)
{
    return tlm_decoder_reject_type(decoder, tlm_field_name_of(named, wanted).text, type, at);
}

static bool reject_size(tlm_decoder *decoder, const fields *named, field wanted, size_t size_max, size_t size)
{
    return tlm_decoder_reject(decoder, "%s must have at most %zu bytes, but has %zu.",
                              tlm_field_name_of(named, wanted).text, size_max, size);
}

static bool holds_nul(const tlm_decoder *decoder, tlm_text text)
{
    return decoder->may_hold_nul && text.size > 0 && memchr(text.data, 0, text.size);
}

static bool reject_nul(tlm_decoder *decoder, const fields *named, field wanted)
{
    return tlm_decoder_reject(decoder, "%s holds U+0000, which only a message may.",
                              tlm_field_name_of(named, wanted).text);
}

/* The string at `at`, of at most size_max bytes, without U+0000. */
static inline bool take_text(tlm_decoder *decoder, const fields *named, field wanted, uint32_t at, size_t size_max,
                             tlm_text *ret_text)
{
    if (tlm_tape_type(decoder->document.tape, at) != '"')
        return reject_type(decoder, named, wanted, "a string", at);
    tlm_text text = tlm_tape_text(&decoder->document, at);
    if (text.size > size_max)
        return reject_size(decoder, named, wanted, size_max, text.size);
    if (holds_nul(decoder, text))
        return reject_nul(decoder, named, wanted);
    *ret_text = text;
    return true;
}

bool tlm_value_text(tlm_decoder *decoder, const fields *named, field wanted, size_t size_max, tlm_span *ret_span)
{
    uint32_t at = fields_at(&decoder->document, named, wanted);
    tlm_text text = {NULL, 0};

    if (at && !take_text(decoder, named, wanted, at, size_max, &text))
        return false;
    *ret_span = tlm_batch_copy(decoder->batch, text);
    return true;
}

bool tlm_value_message(tlm_decoder *decoder, const fields *named, field wanted, tlm_span *ret_span)
{
    uint32_t at = fields_at(&decoder->document, named, wanted);
    tlm_text text = {NULL, 0};

    if (at) {
        if (tlm_tape_type(decoder->document.tape, at) != '"')
            return reject_type(decoder, named, wanted, "a string", at);
        text = tlm_tape_text(&decoder->document, at);
        if (text.size > TLM_MESSAGE_SIZE_MAX)
            return reject_size(decoder, named, wanted, TLM_MESSAGE_SIZE_MAX, text.size);
    }
    *ret_span = tlm_batch_copy(decoder->batch, text);
    return true;
}

bool tlm_value_id(tlm_decoder *decoder, const fields *named, field wanted, field alias, size_t size_max,
                  tlm_text *ret_id)
{
    uint32_t at = fields_at(&decoder->document, named, wanted);
    field found = wanted;
    tlm_text text = {NULL, 0};

    if (!at && alias != FIELD_NONE) {
        found = alias;
        at = fields_at(&decoder->document, named, alias);
    }
    if (!at)
        return tlm_decoder_reject(decoder, "%s is required, but is absent or null.", names[wanted]);
    if (!take_text(decoder, named, found, at, size_max, &text))
        return false;
    if (text.size == 0)
        return tlm_decoder_reject(decoder, "%s must have 1 to %zu bytes, but is empty.", names[found], size_max);
    *ret_id = text;
    return true;
}

bool tlm_value_integer(tlm_decoder *decoder, const fields *named, field wanted, int64_t *ret_value)
{
    uint32_t at = fields_at(&decoder->document, named, wanted);

    if (!at)
        return true;
    if (tlm_tape_type(decoder->document.tape, at) != 'l')
        return reject_type(decoder, named, wanted, "a signed 64-bit integer", at);
    *ret_value = (int64_t)decoder->document.tape[at + 1];
    return true;
}

bool tlm_value_bool(tlm_decoder *decoder, const fields *named, field wanted, uint32_t *ret_value)
{
    uint32_t at = fields_at(&decoder->document, named, wanted);
    char type = at ? tlm_tape_type(decoder->document.tape, at) : 'f';

    if (type != 't' && type != 'f')
        return reject_type(decoder, named, wanted, "true or false", at);
    *ret_value = type == 't';
    return true;
}

static bool reject_time(tlm_decoder *decoder, const fields *named, field wanted, int fault, const char *shown)
{
    if (fault == -ERANGE)
        return tlm_decoder_reject(decoder, "%s must lie in the years 1970 to 2261, but is %s.",
                                  tlm_field_name_of(named, wanted).text, shown);
    return tlm_decoder_reject(decoder, "%s must be a time in RFC 3339 with Z or an offset, but is %s.",
                              tlm_field_name_of(named, wanted).text, shown);
}

/* Adds the digits of [at, end) to *value; false when one of them is none. */
static bool read_digits(const char *at, const char *end, int64_t *value)
{
    unsigned largest = 0;

    for (; at < end; at++) {
        unsigned digit = (unsigned)(unsigned char)*at - '0';
        largest = digit > largest ? digit : largest;
        *value = *value * 10 + (int64_t)(digit & 15);
    }
    return largest <= 9;
}

/* Reads `SS.fffZ` after the minute that is known; false: not for this short way. */
static bool read_in_minute(const tlm_minute *minute, tlm_text text, int64_t *ret_time_ns)
{
    static const int64_t scales[] = {1000000000, 100000000, 10000000, 1000000, 100000, 10000, 1000, 100, 10, 1};
    const char *seconds = text.data + sizeof minute->text;
    size_t digits = text.size - sizeof "2026-01-01T00:00:00.Z" + 1; /* of the fraction */
    int64_t second = 0;
    int64_t fraction = 0;

    if (text.size < sizeof "2026-01-01T00:00:00.0Z" - 1 || digits >= TLM_COUNT(scales) ||
        memcmp(text.data, minute->text, sizeof minute->text) != 0 || text.data[text.size - 1] != 'Z' ||
        seconds[2] != '.' || !read_digits(seconds, seconds + 2, &second) || second > 59 ||
        !read_digits(seconds + 3, text.data + text.size - 1, &fraction))
        return false;
    *ret_time_ns = minute->time_ns + second * 1000000000 + fraction * scales[digits];
    return true;
}

static int parse_time(tlm_decoder *decoder, tlm_text text, int64_t *ret_time_ns)
{
    static const int64_t minute_ns = INT64_C(60000000000);

    if (read_in_minute(&decoder->minute, text, ret_time_ns))
        return 0;
    int result = tlm_time_parse(text.data, text.size, ret_time_ns);
    /* A second 60 already counts as the next minute. */
    if (result == 0 && text.data[text.size - 1] == 'Z' && text.data[sizeof decoder->minute.text] != '6') {
        memcpy(decoder->minute.text, text.data, sizeof decoder->minute.text);
        decoder->minute.time_ns = *ret_time_ns - *ret_time_ns % minute_ns;
    }
    return result;
}

bool tlm_value_time(tlm_decoder *decoder, const fields *named, field wanted, int64_t *ret_time_ns)
{
    uint32_t at = fields_at(&decoder->document, named, wanted);

    if (!at)
        return true;
    char type = tlm_tape_type(decoder->document.tape, at);
    if (type == '"') {
        tlm_text text = tlm_tape_text(&decoder->document, at);
        int result = parse_time(decoder, text, ret_time_ns);
        return result == 0 || reject_time(decoder, named, wanted, result, tlm_reason_quote_of(text).text);
    }
    if (type != 'l')
        return reject_type(decoder, named, wanted, "a string in RFC 3339 or integer milliseconds", at);
    int64_t ms = (int64_t)decoder->document.tape[at + 1];
    if (tlm_time_from_ms(ms, ret_time_ns) == 0)
        return true;
    char shown[48];
    snprintf(shown, sizeof shown, "%lld ms", (long long)ms);
    return reject_time(decoder, named, wanted, -ERANGE, shown);
}

/* The array's index on the tape, 0 when absent. */
static bool take_array(tlm_decoder *decoder, const fields *named, field wanted, uint32_t *ret_at)
{
    uint32_t at = fields_at(&decoder->document, named, wanted);

    if (at && tlm_tape_type(decoder->document.tape, at) != '[')
        return reject_type(decoder, named, wanted, "an array of strings", at);
    *ret_at = at;
    return true;
}

static bool take_element(tlm_decoder *decoder, const fields *named, field wanted, uint32_t number, uint32_t at,
                         tlm_text *ret_text)
{
    if (tlm_tape_type(decoder->document.tape, at) != '"') {
        char name[64];
        snprintf(name, sizeof name, "Element %u of %s", (unsigned)number, tlm_field_name_of(named, wanted).text);
        return tlm_decoder_reject_type(decoder, name, "a string", at);
    }
    *ret_text = tlm_tape_text(&decoder->document, at);
    return !holds_nul(decoder, *ret_text) || reject_nul(decoder, named, wanted);
}

bool tlm_value_texts(tlm_decoder *decoder, const fields *named, field wanted, tlm_span *ret_texts)
{
    uint32_t at = 0;

    if (!take_array(decoder, named, wanted, &at))
        return false;
    uint32_t count = at ? tlm_tape_count(decoder->document.tape, at) : 0;
    tlm_span *spans = NULL;
    tlm_span result = {0, count};
    if (count && ret_texts)
        spans = tlm_batch_place(decoder->batch, count * sizeof *spans, &result.offset);
    for (uint32_t i = 0; i < count; i++) {
        tlm_text text = {NULL, 0};
        at = i ? tlm_tape_after(decoder->document.tape, at) : at + 1;
        if (!take_element(decoder, named, wanted, i, at, &text))
            return false;
        if (spans)
            spans[i] = tlm_batch_copy(decoder->batch, text);
    }
    if (ret_texts)
        *ret_texts = result;
    return true;
}

bool tlm_value_emotes(tlm_decoder *decoder, const fields *named, field wanted, tlm_span *ret_emotes)
{
    uint32_t at = 0;

    if (!take_array(decoder, named, wanted, &at))
        return false;
    uint32_t count = at ? tlm_tape_count(decoder->document.tape, at) : 0;
    tlm_emote *emotes = NULL;
    tlm_span result = {0, count};
    if (count > TLM_EMOTES_MAX)
        return tlm_decoder_reject(decoder, "%s must have at most %d elements, but has %u.", names[wanted],
                                  TLM_EMOTES_MAX, (unsigned)count);
    if (count)
        emotes = tlm_batch_place(decoder->batch, count * sizeof *emotes, &result.offset);
    for (uint32_t i = 0; i < count; i++) {
        tlm_text text = {NULL, 0};
        at = i ? tlm_tape_after(decoder->document.tape, at) : at + 1;
        if (!take_element(decoder, named, wanted, i, at, &text))
            return false;
        if (text.size < 1 || text.size > TLM_EMOTE_SIZE_MAX)
            return tlm_decoder_reject(decoder, "Element %u of %s must have 1 to %d bytes, but has %zu.", (unsigned)i,
                                      names[wanted], TLM_EMOTE_SIZE_MAX, text.size);
        emotes[i].hash = XXH3_64bits_withSeed(text.data, text.size, decoder->hash_seed);
        emotes[i].name = tlm_batch_copy(decoder->batch, text);
    }
    *ret_emotes = result;
    return true;
}

bool tlm_value_object(tlm_decoder *decoder, const fields *named, field wanted, uint32_t *ret_at)
{
    uint32_t at = fields_at(&decoder->document, named, wanted);

    if (at && tlm_tape_type(decoder->document.tape, at) != '{')
        return reject_type(decoder, named, wanted, "an object", at);
    *ret_at = at;
    return true;
}

/* The text of a number, or of a string that should hold one. */
static bool take_number_text(tlm_decoder *decoder, const fields *named, field wanted, uint32_t at, tlm_text *ret_text)
{
    switch (tlm_tape_type(decoder->document.tape, at)) {
    case '"':
        *ret_text = tlm_tape_text(&decoder->document, at);
        return true;
    case 'l':
    case 'u':
    case 'd':
        *ret_text = tlm_tape_number_text(decoder->document.tape, at, decoder->text, decoder->record->size);
        return true;
    default:
        return reject_type(decoder, named, wanted, "a number or a string holding one", at);
    }
}

static bool parse_decimal(tlm_decoder *decoder, field wanted, tlm_text text, tlm_wide *ret_units)
{
    int result = tlm_decimal_parse(text.data, text.size, ret_units);

    if (result == -ERANGE)
        return tlm_decoder_reject(decoder, "%s must have at most 18 digits before and 9 after the point, but is %s.",
                                  names[wanted], tlm_reason_quote_of(text).text);
    if (result < 0)
        return tlm_decoder_reject(decoder, "%s must be a number or a string holding one, but is %s.", names[wanted],
                                  tlm_reason_quote_of(text).text);
    return true;
}

bool tlm_value_decimal(tlm_decoder *decoder, const fields *named, field wanted, tlm_wide *ret_units)
{
    uint32_t at = fields_at(&decoder->document, named, wanted);
    tlm_text text = {NULL, 0};

    *ret_units = 0;
    return !at ||
           (take_number_text(decoder, named, wanted, at, &text) && parse_decimal(decoder, wanted, text, ret_units));
}

bool tlm_value_bits(tlm_decoder *decoder, const fields *named, field wanted, tlm_wide *ret_bits)
{
    static const tlm_wide one = 1000000000;
    uint32_t at = fields_at(&decoder->document, named, wanted);
    tlm_wide units = 0;
    tlm_text text = {NULL, 0};

    if (at && (!take_number_text(decoder, named, wanted, at, &text) || !parse_decimal(decoder, wanted, text, &units)))
        return false;
    bool is_plain = true; /* in a number, these only begin a fraction or an exponent */
    for (size_t i = 0; i < text.size; i++)
        is_plain = is_plain && text.data[i] != '.' && text.data[i] != 'e' && text.data[i] != 'E';
    if (units < 0 || !is_plain)
        return tlm_decoder_reject(decoder, "%s of bits must be an integer of at least 0, but is %s.", names[wanted],
                                  tlm_reason_quote_of(text).text);
    *ret_bits = units / one;
    return true;
}

static bool is_currency(tlm_text text)
{
    bool capitals = text.size == 3;

    for (size_t i = 0; capitals && i < text.size; i++)
        capitals = text.data[i] >= 'A' && text.data[i] <= 'Z';
    return capitals;
}

bool tlm_value_currency(tlm_decoder *decoder, const fields *named, field wanted, char ret_currency[static 4])
{
    uint32_t at = fields_at(&decoder->document, named, wanted);
    tlm_text text = tlm_text_of("USD");

    if (at && tlm_tape_type(decoder->document.tape, at) != '"')
        return reject_type(decoder, named, wanted, "a string", at);
    if (at)
        text = tlm_tape_text(&decoder->document, at);
    if (!is_currency(text))
        return tlm_decoder_reject(decoder, "%s must be three capital letters, but is %s.", names[wanted],
                                  tlm_reason_quote_of(text).text);
    memcpy(ret_currency, text.data, 3);
    ret_currency[3] = '\0';
    return true;
}
