/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file tape.h
 * Reads simdjson's tape: the values of a text in its order, as 64-bit words with a letter in the top byte.
 *
 * Source: simdjson's doc/tape.md. Word 0 is the root 'r' with the tape's length; `{` and `[` hold the index after
 * their end (32 bits) and the number of elements (24 bits); `"` holds the place of a 32-bit length and the bytes; 'l',
 * 'u' and 'd' are followed by a word with the int64, the uint64 (only above INT64_MAX) or the double.
 */
#ifndef TLM_JSON_TAPE_H
#define TLM_JSON_TAPE_H

#include "parser.h"

#include <telemetra/base.h>

#include <stdbool.h>
#include <string.h>

/** Index of the outermost value. */
#define TLM_TAPE_TOP 1u

/** Letter of the value at `at`: one of { [ " l u d t f n. */
static inline char tlm_tape_type(const uint64_t *tape, uint32_t at)
{
    return (char)(tape[at] >> 56);
}

/** Elements of the array at `at`. Exact: a text of 1 MiB has fewer than the 2^24 at which simdjson stops counting. */
static inline uint32_t tlm_tape_count(const uint64_t *tape, uint32_t at)
{
    return (uint32_t)(tape[at] >> 32) & 0xffffffu;
}

/** Index of the `}` or `]` that ends the container at `at`. */
static inline uint32_t tlm_tape_end(const uint64_t *tape, uint32_t at)
{
    return (uint32_t)tape[at] - 1;
}

/** Index of what follows the value at `at`. */
static inline uint32_t tlm_tape_after(const uint64_t *tape, uint32_t at)
{
    switch (tlm_tape_type(tape, at)) {
    case '{':
    case '[':
        return (uint32_t)tape[at];
    case 'l':
    case 'u':
    case 'd':
        return at + 2;
    default:
        return at + 1;
    }
}

/** The string at `at`; 32 bytes can be read from its start whatever its length. */
static inline tlm_text tlm_tape_text(const tlm_json_document *document, uint32_t at)
{
    const char *place = document->strings + (document->tape[at] & UINT64_C(0x00ffffffffffffff));
    uint32_t size;

    memcpy(&size, place, sizeof size);
    return (tlm_text){place + sizeof size, size};
}

/** Whether containers, empty ones too, lie no deeper than TLM_JSON_DEPTH_MAX. */
bool tlm_tape_is_shallow(const uint64_t *tape);

/** The characters of the number at `wanted` in the text that the tape was made from. Takes time linear in the text. */
tlm_text tlm_tape_number_text(const uint64_t *tape, uint32_t wanted, const char *text, size_t size);

#endif
