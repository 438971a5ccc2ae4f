/* SPDX-License-Identifier: Apache-2.0 */
#include "tape.h"

bool tlm_tape_is_shallow(const uint64_t *tape)
{
    uint32_t end = (uint32_t)tape[0] - 1; /* where the root's second word is */
    uint32_t depth = 0;

    /* Each level takes two words: most texts are too short to be deep. */
    if (end <= 2 * TLM_JSON_DEPTH_MAX)
        return true;
    for (uint32_t at = TLM_TAPE_TOP; at < end; at++) {
        switch (tlm_tape_type(tape, at)) {
        case '{':
        case '[':
            if (++depth > TLM_JSON_DEPTH_MAX)
                return false;
            break;
        case '}':
        case ']':
            depth--;
            break;
        case 'l':
        case 'u':
        case 'd':
            at++;
            break;
        default:
            break;
        }
    }
    return true;
}

/* Numbers on the tape before `at`. */
static uint32_t numbers_before(const uint64_t *tape, uint32_t at)
{
    uint32_t count = 0;

    for (uint32_t i = TLM_TAPE_TOP; i < at; i++) {
        char type = tlm_tape_type(tape, i);
        if (type == 'l' || type == 'u' || type == 'd') {
            count++;
            i++;
        }
    }
    return count;
}

/* Index of the quote that ends the string whose content begins at `at`. */
static size_t string_end(const char *text, size_t size, size_t at)
{
    while (at < size && text[at] != '"')
        at += text[at] == '\\' ? 2 : 1;
    return at;
}

static bool is_of_number(char c)
{
    return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
}

tlm_text tlm_tape_number_text(const uint64_t *tape, uint32_t wanted, const char *text, size_t size)
{
    uint32_t to_skip = numbers_before(tape, wanted);
    size_t at = 0;

    while (at < size) {
        if (text[at] == '"') {
            at = string_end(text, size, at + 1) + 1;
        } else if (text[at] == '-' || (text[at] >= '0' && text[at] <= '9')) {
            size_t start = at;
            while (at < size && is_of_number(text[at]))
                at++;
            if (to_skip-- == 0)
                return (tlm_text){text + start, at - start};
        } else {
            at++;
        }
    }
    return (tlm_text){text, 0}; /* not reached: the tape was made from this text */
}
