/* SPDX-License-Identifier: Apache-2.0 */
#include "option_units.h"

#include <inttypes.h>

/** A unit and how many of the smallest ones it is; tables go from small to large. */
typedef struct unit {
    const char *suffix;
    int64_t factor;
} unit;

static const unit duration_units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};
#define BARE_DURATION 1000 /* a bare number is seconds */

static const unit size_units[] = {{"B", 1}, {"KiB", 1024}, {"MiB", 1024 * 1024}, {"GiB", 1024 * 1024 * 1024}};
#define BARE_SIZE 1

/** Holds any int64 times any factor. */
__extension__ typedef __int128 wide;

/** A decimal number: digits * 10^-scale. */
typedef struct number {
    int64_t digits;
    int64_t power; /**< 10^scale */
    int is_negative;
} number;

static int take_digit(number *value, char c)
{
    if (__builtin_mul_overflow(value->digits, 10, &value->digits) ||
        __builtin_add_overflow(value->digits, c - '0', &value->digits))
        return -ERANGE;
    return 0;
}

/** Reads `[-]digits[.digits]` and returns how many bytes it took, or a negative errno. */
static int take_number(const char *text, number *ret_value)
{
    number value = {.power = 1};
    const char *at = text;
    value.is_negative = *at == '-';
    at += value.is_negative;
    const char *first = at;
    for (; *at >= '0' && *at <= '9'; at++) {
        if (take_digit(&value, *at) < 0)
            return -ERANGE;
    }
    if (at == first)
        return -EINVAL;
    if (*at == '.' && at[1] >= '0' && at[1] <= '9') {
        for (at++; *at >= '0' && *at <= '9'; at++) {
            if (take_digit(&value, *at) < 0 || __builtin_mul_overflow(value.power, 10, &value.power))
                return -ERANGE;
        }
    }
    *ret_value = value;
    return (int)(at - text);
}

static int64_t factor_of(const char *suffix, const unit *units, size_t count, int64_t bare)
{
    if (!*suffix)
        return bare;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(suffix, units[i].suffix) == 0)
            return units[i].factor;
    }
    return 0;
}

static int parse(const char *text, const unit *units, size_t count, int64_t bare, int64_t *ret_value)
{
    number value;
    int taken = take_number(text, &value);
    if (taken < 0)
        return taken;
    int64_t factor = factor_of(text + taken, units, count, bare);
    if (factor == 0)
        return -EINVAL;
    wide product = (wide)value.digits * factor;
    if (product % value.power != 0)
        return -EINVAL;
    product /= value.power;
    if (product > INT64_MAX)
        return -ERANGE;
    *ret_value = value.is_negative ? -(int64_t)product : (int64_t)product;
    return 0;
}

static const char *format(int64_t value, const unit *units, size_t count, char *out)
{
    size_t best = 0;
    for (size_t i = 1; i < count; i++) {
        if (value != 0 && value % units[i].factor == 0)
            best = i;
    }
    (void)snprintf(out, TLM_UNIT_TEXT_SIZE, "%" PRId64 "%s", value / units[best].factor, units[best].suffix);
    return out;
}

int tlm_duration_parse(const char *text, int64_t *ret_ms)
{
    return parse(text, duration_units, TLM_COUNT(duration_units), BARE_DURATION, ret_ms);
}

const char *tlm_duration_format(int64_t duration_ms, char out[static TLM_UNIT_TEXT_SIZE])
{
    return format(duration_ms, duration_units, TLM_COUNT(duration_units), out);
}

int tlm_size_parse(const char *text, int64_t *ret_bytes)
{
    return parse(text, size_units, TLM_COUNT(size_units), BARE_SIZE, ret_bytes);
}

const char *tlm_size_format(int64_t size_bytes, char out[static TLM_UNIT_TEXT_SIZE])
{
    return format(size_bytes, size_units, TLM_COUNT(size_units), out);
}

int tlm_size_guess(const char *text, char out[static TLM_UNIT_TEXT_SIZE])
{
    static const char letters[] = "kmg";
    size_t digits = strspn(text, "0123456789.");
    const char *at = text + digits + strspn(text + digits, " ");
    const char *letter = *at ? strchr(letters, *at | 0x20) : NULL; /* in lower case */
    if (!letter || digits + sizeof "KiB" > TLM_UNIT_TEXT_SIZE)
        return -EINVAL;
    at++;
    at += *at == 'i' || *at == 'I';
    at += *at == 'b' || *at == 'B';
    char guess[TLM_UNIT_TEXT_SIZE];
    (void)snprintf(guess, sizeof guess, "%.*s%s", (int)digits, text, size_units[letter - letters + 1].suffix);
    int64_t bytes;
    if (*at || tlm_size_parse(guess, &bytes) < 0)
        return -EINVAL;
    memcpy(out, guess, sizeof guess);
    return 0;
}
