/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file option_units.h
 * Durations and sizes as people write them. No state, any thread.
 */
#ifndef TLM_CORE_OPTION_UNITS_H
#define TLM_CORE_OPTION_UNITS_H

#include <telemetra/base.h>

/** Bytes for the longest formatted duration or size and its NUL. */
#define TLM_UNIT_TEXT_SIZE 32

/**
 * Reads "500ms", "10s", "1.5s", "5m", "2h", "7d" or a bare number of seconds into milliseconds; a leading '-' is read
 * too. -EINVAL for other text and for what is no whole number of milliseconds, -ERANGE beyond int64.
 */
int tlm_duration_parse(const char *text, int64_t *ret_ms);
/** Writes milliseconds in the largest unit that leaves a whole number: "90s", "2h". Returns `out`. */
const char *tlm_duration_format(int64_t duration_ms, char out[static TLM_UNIT_TEXT_SIZE]);

/** Reads "64KiB", "1.5MiB", "2GiB", "10B" or a bare number of bytes. -EINVAL, -ERANGE. */
int tlm_size_parse(const char *text, int64_t *ret_bytes);
/** Writes bytes in the largest unit that leaves a whole number: "64KiB", "1000B". Returns `out`. */
const char *tlm_size_format(int64_t size_bytes, char out[static TLM_UNIT_TEXT_SIZE]);

/** What a text that is no size most likely meant, "64MiB" for "64 MB"; -EINVAL when that cannot be told. */
int tlm_size_guess(const char *text, char out[static TLM_UNIT_TEXT_SIZE]);

#endif
