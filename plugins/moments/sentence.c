/* SPDX-License-Identifier: Apache-2.0 */
#include "sentence.h"

#include "common/decimal.h"
#include "moment.h"

#include <inttypes.h>
#include <stdio.h>

/* units / 10^scale with commas between thousands. */
static const char *write_number(tlm_wide units, unsigned scale, bool trim, char out[static TLM_WORDS_SIZE])
{
    char digits[TLM_DECIMAL_SIZE];
    size_t size = tlm_decimal_format(units, scale, trim, digits);
    size_t whole = 0, at = 0;
    while (whole < size && digits[whole] != '.')
        whole++;
    for (size_t i = 0; i < size; i++) {
        if (i > (digits[0] == '-') && i < whole && (whole - i) % 3 == 0)
            out[at++] = ',';
        out[at++] = digits[i];
    }
    out[at] = '\0';
    return out;
}

const char *tlm_words_number(double value, char out[static TLM_WORDS_SIZE])
{
    unsigned scale = value < 99.95 && value > -99.95 ? 1 : 0;
    return write_number(tlm_moment_units(value, scale), scale, true, out);
}

const char *tlm_words_amount(double value, unsigned decimals, char out[static TLM_WORDS_SIZE])
{
    return write_number(tlm_moment_units(value, decimals), decimals, false, out);
}

const char *tlm_words_times(double ratio, char out[static TLM_WORDS_SIZE])
{
    unsigned scale = ratio < 9.95 ? 1 : 0;
    return write_number(tlm_moment_units(ratio, scale), scale, true, out);
}

const char *tlm_words_mood(double value, char out[static TLM_WORDS_SIZE])
{
    tlm_wide units = tlm_moment_units(value, 2);
    out[0] = '+';
    (void)tlm_decimal_format(units, 2, false, units > 0 ? out + 1 : out);
    return out;
}

const char *tlm_words_span(int64_t span_ns, char out[static TLM_WORDS_SIZE])
{
    int64_t ms = span_ns / 1000000;
    if (ms % 60000 == 0 && ms > 60000)
        (void)snprintf(out, TLM_WORDS_SIZE, "%" PRId64 " min", ms / 60000);
    else if (ms % 1000 == 0)
        (void)snprintf(out, TLM_WORDS_SIZE, "%" PRId64 " s", ms / 1000);
    else
        (void)snprintf(out, TLM_WORDS_SIZE, "%" PRId64 " ms", ms);
    return out;
}
