#include "common/decimal.h"

#include <assert.h>
#include <errno.h>
#include <stdint.h>

__extension__ typedef unsigned __int128 wide_unsigned;

enum { DIGITS_BEFORE = 18, WIDE_DIGITS = 39 };

/* Exponents stop growing here: more than any text has digits, and far from overflow. */
static const int64_t exponent_limit = INT64_C(1) << 61;

/* A number taken apart: [-]integer[.fraction][e exponent]. */
typedef struct {
    const char *integer, *fraction;
    size_t integer_size, fraction_size;
    int64_t exponent;
    bool negative;
} number_text;

typedef struct {
    const char *at, *end;
} reader;

static bool take(reader *in, char wanted)
{
    if (in->at == in->end || *in->at != wanted)
        return false;
    in->at++;
    return true;
}

static size_t take_digits(reader *in)
{
    const char *first = in->at;

    while (in->at < in->end && *in->at >= '0' && *in->at <= '9')
        in->at++;
    return (size_t)(in->at - first);
}

static bool take_exponent(reader *in, int64_t *exponent)
{
    if (!take(in, 'e') && !take(in, 'E'))
        return true;

    bool negative = take(in, '-');
    if (!negative)
        take(in, '+');
    const char *first = in->at;
    if (!take_digits(in))
        return false;
    for (const char *digit = first; digit < in->at && *exponent < exponent_limit / 10; digit++)
        *exponent = *exponent * 10 + (*digit - '0');
    if (negative)
        *exponent = -*exponent;
    return true;
}

static bool take_number(reader *in, number_text *number)
{
    number->negative = take(in, '-');
    number->integer = in->at;
    number->integer_size = take_digits(in);
    if (!number->integer_size || (number->integer_size > 1 && *number->integer == '0'))
        return false;
    if (take(in, '.')) {
        number->fraction = in->at;
        number->fraction_size = take_digits(in);
        if (!number->fraction_size)
            return false;
    }
    return take_exponent(in, &number->exponent) && in->at == in->end;
}

static unsigned digit_at(const number_text *number, size_t index)
{
    char digit = index < number->integer_size ? number->integer[index] : number->fraction[index - number->integer_size];

    return (unsigned)(digit - '0');
}

/* The value of the digits first..last, times 10^zeros. */
static tlm_wide value_of(const number_text *number, size_t first, size_t last, int64_t zeros)
{
    tlm_wide value = 0;

    for (size_t i = first; i <= last; i++)
        value = value * 10 + digit_at(number, i);
    for (; zeros > 0; zeros--)
        value *= 10;
    return number->negative ? -value : value;
}

int tlm_decimal_parse(const char *text, size_t size, tlm_wide *ret_units)
{
    if (!size)
        return -EINVAL;

    reader in = {text, text + size};
    number_text number = {0};
    if (!take_number(&in, &number))
        return -EINVAL;

    size_t first = 0;
    size_t end = number.integer_size + number.fraction_size;
    while (end > 0 && digit_at(&number, end - 1) == 0)
        end--;
    while (first < end && digit_at(&number, first) == 0)
        first++;
    if (first == end) {
        *ret_units = 0;
        return 0;
    }

    /* Powers of ten of the first and the last digit that count. */
    int64_t high = number.exponent + (int64_t)number.integer_size - 1 - (int64_t)first;
    int64_t low = high - (int64_t)(end - 1 - first);
    if (high >= DIGITS_BEFORE || low < -TLM_DECIMAL_SCALE)
        return -ERANGE;
    *ret_units = value_of(&number, first, end - 1, low + TLM_DECIMAL_SCALE);
    return 0;
}

/* Digits of the magnitude, last one first, at least `at_least` of them. */
static unsigned reversed_digits(wide_unsigned magnitude, unsigned at_least, char digits[static WIDE_DIGITS])
{
    unsigned count = 0;

    for (; magnitude > UINT64_MAX; magnitude /= 10)
        digits[count++] = (char)('0' + (int)(magnitude % 10));
    /* Dividing 64 bits is several times faster, and nearly all amounts fit. */
    for (uint64_t rest = (uint64_t)magnitude; rest > 0 || count < at_least; rest /= 10)
        digits[count++] = (char)('0' + (int)(rest % 10));
    return count;
}

size_t tlm_decimal_format(tlm_wide units, unsigned scale, bool trim, char out[static TLM_DECIMAL_SIZE])
{
    assert(scale <= TLM_DECIMAL_SCALE_MAX);
    char digits[WIDE_DIGITS];
    wide_unsigned magnitude = units < 0 ? -(wide_unsigned)units : (wide_unsigned)units;
    unsigned left = reversed_digits(magnitude, scale + 1, digits);
    unsigned last = 0;
    size_t size = 0;

    while (trim && last < scale && digits[last] == '0')
        last++;
    if (units < 0)
        out[size++] = '-';
    while (left > scale)
        out[size++] = digits[--left];
    if (left > last)
        out[size++] = '.';
    while (left > last)
        out[size++] = digits[--left];
    out[size] = '\0';
    return size;
}

tlm_wide tlm_decimal_divide_half_even(tlm_wide numerator, tlm_wide denominator)
{
    assert(denominator > 0);
    tlm_wide quotient = numerator / denominator;
    tlm_wide rest = numerator % denominator;
    tlm_wide distance = rest < 0 ? -rest : rest;
    tlm_wide other = denominator - distance; /* distance to the integer further from zero */

    if (distance > other || (distance == other && quotient % 2 != 0))
        quotient += numerator < 0 ? -1 : 1;
    return quotient;
}
