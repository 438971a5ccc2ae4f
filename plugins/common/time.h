/* Points in time as int64 nanoseconds since the Unix epoch, and their RFC 3339 text. No state, any thread, no libc
 * time functions (they read the environment's zone and are slow).
 *
 * Calendar arithmetic: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms" (days_from_civil,
 * civil_from_days), https://howardhinnant.github.io/date_algorithms.html. */
#ifndef TLM_COMMON_TIME_H
#define TLM_COMMON_TIME_H

#include <stddef.h>
#include <stdint.h>

/* Accepted: 1970-01-01T00:00:00Z up to, but not including, 2262-01-01T00:00:00Z. */
#define TLM_TIME_MIN_NS INT64_C(0)
#define TLM_TIME_END_NS (INT64_C(9214646400) * 1000000000)

/* Bytes for the longest text and its NUL. */
#define TLM_TIME_SIZE 32

/* Reads `YYYY-MM-DDThh:mm:ss[.f](Z|+hh:mm|-hh:mm)`: `t` and `z` as well, 1 to 9 digits f, offsets up to 23:59, days of
 * the real calendar. Second 60 is read where it is 23:59:60 in UTC, on any day, and is the next second.
 * 0, -EINVAL for other text, -ERANGE when the instant in UTC lies outside the accepted years. */
int tlm_time_parse(const char *text, size_t size, int64_t *ret_ns);

/* From epoch milliseconds. 0, or -ERANGE outside the accepted years. */
int tlm_time_from_ms(int64_t ms, int64_t *ret_ns);

/* Writes UTC with `Z` and the fewest of 0, 3, 6 or 9 digits of fraction that are exact, then a NUL; any int64 will do.
 * Returns the length without the NUL. */
size_t tlm_time_format(int64_t ns, char out[static TLM_TIME_SIZE]);

#endif
