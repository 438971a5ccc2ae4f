/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file base.h
 * The words that every other header uses: texts, errors, results, visibility.
 *
 * Conventions of the whole SDK
 * - A function returns 0 or a positive count when it did what it says, else a negative errno value.
 * - Outputs come last, are named `ret_...` and stay untouched on failure.
 * - Text is pointer and length and is not NUL-terminated unless a type says `const char *`.
 * - A time is an int64_t count of nanoseconds since 1970-01-01T00:00:00Z and ends in `_ns`.
 * - Enumerations are uint32_t; 0 means unset; a value the reader does not know is refused.
 * - Nothing throws or longjmps across a call. Memory is given back through the release callback it came with.
 * - Every struct with a `struct_size` is read with that size and grows only at its tail.
 *
 * Everything here is `draft`: it may change until three unlike plugins have lived with it. Since 0.1.
 */
#ifndef TELEMETRA_BASE_H
#define TELEMETRA_BASE_H

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define TLM_EXPORT __attribute__((visibility("default")))
#define TLM_PRINTF(position, first) __attribute__((__format__(__printf__, position, first)))
#else
#define TLM_EXPORT
#define TLM_PRINTF(position, first)
#endif

/** Number of elements of a true array. */
#define TLM_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/** Borrowed bytes, UTF-8 where they are text. `data` may be NULL when `size` is 0. */
typedef struct tlm_text {
    const char *data;
    size_t size;
} tlm_text;

/** A signed 128-bit integer in two words, two's complement: value = high * 2^64 + low. */
typedef struct tlm_int128 {
    uint64_t low;
    int64_t high;
} tlm_int128;

/** Longest sentence an error can hold, with its NUL. */
#define TLM_ERROR_SIZE 1024

/** A caller-owned sentence that a user can act on: what failed, where, what to do. NUL-terminated. */
typedef struct tlm_error {
    char text[TLM_ERROR_SIZE];
} tlm_error;

/** The text of a NUL-terminated string, which must outlive the result. NULL gives an empty text. */
static inline tlm_text tlm_text_of(const char *string)
{
    tlm_text text;
    text.data = string;
    text.size = string ? strlen(string) : 0;
    return text;
}

/** Whether two texts are the same bytes: 1 or 0. */
static inline int tlm_text_equal(tlm_text a, tlm_text b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

/**
 * Writes a sentence into `error` (which may be NULL) and returns `code`, so that a failing function can end in
 * `return tlm_error_set(error, -EINVAL, "...")`. A longer sentence is cut.
 */
TLM_PRINTF(3, 4)
static inline int tlm_error_set(tlm_error *error, int code, const char *format, ...)
{
    if (error) {
        va_list arguments;
        va_start(arguments, format);
        (void)vsnprintf(error->text, sizeof error->text, format, arguments);
        va_end(arguments);
    }
    return code;
}

#ifdef __cplusplus
}
#endif
#endif
