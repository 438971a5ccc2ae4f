#include "common/utf8.h"

#include <assert.h>
#include <stdint.h>

/* What may follow a lead byte: how many bytes in all, and the range of the second one (the others are 80..BF). */
typedef struct {
    uint8_t length; /* 0: no lead byte */
    uint8_t second_min;
    uint8_t second_max;
} lead_rule;

static lead_rule rule_of(uint8_t lead)
{
    if (lead < 0x80)
        return (lead_rule){1, 0, 0};
    if (lead < 0xC2 || lead > 0xF4)
        return (lead_rule){0, 0, 0};
    if (lead < 0xE0)
        return (lead_rule){2, 0x80, 0xBF};
    if (lead < 0xF0)
        return (lead_rule){3, lead == 0xE0 ? 0xA0 : 0x80, lead == 0xED ? 0x9F : 0xBF};
    return (lead_rule){4, lead == 0xF0 ? 0x90 : 0x80, lead == 0xF4 ? 0x8F : 0xBF};
}

static bool follows(const lead_rule *rule, size_t index, uint8_t byte)
{
    if (index == 1)
        return byte >= rule->second_min && byte <= rule->second_max;
    return (byte & 0xC0) == 0x80;
}

size_t tlm_utf8_next(const char *text, size_t size, bool *ret_valid)
{
    assert(size > 0);
    lead_rule rule = rule_of((uint8_t)text[0]);
    size_t length = 1;

    while (length < rule.length && length < size && follows(&rule, length, (uint8_t)text[length]))
        length++;
    *ret_valid = length == rule.length;
    return length;
}
