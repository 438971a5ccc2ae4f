/* Money: decimal numbers held exactly, as 128-bit integers of 10^-9, never as binary floats. No state, any thread. */
#ifndef TLM_COMMON_DECIMAL_H
#define TLM_COMMON_DECIMAL_H

#include <stdbool.h>
#include <stddef.h>

__extension__ typedef __int128 tlm_wide;

/* Decimals of what tlm_decimal_parse returns: one unit is 10^-9. */
#define TLM_DECIMAL_SCALE 9

/* Largest scale of tlm_decimal_format, and bytes for its longest text and NUL. */
#define TLM_DECIMAL_SCALE_MAX 38
#define TLM_DECIMAL_SIZE 44

/* Reads a number by JSON's grammar (RFC 8259 section 6) to units of 10^-9, exponents included, exactly: "1.5e3" is
 * 1500, "-0" and "0e999999999" are 0. Its value has at most 18 digits before and 9 after the point, trailing zeros
 * apart, so the magnitude is below 10^27 units and some 10^11 of them sum up safely.
 * 0, -EINVAL for other text, -ERANGE for more digits. */
int tlm_decimal_parse(const char *text, size_t size, tlm_wide *ret_units);

/* Writes units / 10^scale and a NUL: with exactly `scale` decimals, or with `trim` without trailing zeros and without
 * a bare point ("0" for zero). `scale` is at most TLM_DECIMAL_SCALE_MAX. Returns the length without the NUL. The text
 * is a JSON number. */
size_t tlm_decimal_format(tlm_wide units, unsigned scale, bool trim, char out[static TLM_DECIMAL_SIZE]);

/* numerator / denominator rounded to the nearest integer, ties to the even one; denominator > 0. */
tlm_wide tlm_decimal_divide_half_even(tlm_wide numerator, tlm_wide denominator);

#endif
