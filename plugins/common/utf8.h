/* UTF-8, one character at a time. No state, any thread. */
#ifndef TLM_COMMON_UTF8_H
#define TLM_COMMON_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes that the character at `text` takes (1..4); `size` is at least 1. *ret_valid tells whether it is well-formed as
 * in table 3-7 of the Unicode standard: no overlong forms, no surrogates, nothing past U+10FFFF. When it is not, the
 * result (1..3) is what one U+FFFD stands for, by the standard's "substitution of maximal subparts" (section 3.9),
 * which browsers and Python follow too. */
size_t tlm_utf8_next(const char *text, size_t size, bool *ret_valid);

#endif
