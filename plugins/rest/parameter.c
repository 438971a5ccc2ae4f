/* SPDX-License-Identifier: Apache-2.0 */
#include "api.h"

#include "common/time.h"

#define OTHERWISE 1

/* 0: `*ret_value` is there. OTHERWISE: the default counts. Negative: the answer is a 422. */
static int find(tlm_rest_call *call, const char *name, tlm_text *ret_value)
{
    int result = tlm_http_target_parameter(call->target, name, ret_value);

    if (result == -ENOENT)
        return OTHERWISE;
    if (result == -EEXIST)
        tlm_http_answer_error(call->answer, 422, "parameter %s: given more than once", name);
    else if (result < 0)
        tlm_http_answer_error(call->answer, 422, "parameter %s: a %% is not followed by two hexadecimal digits", name);
    return result;
}

static bool parse_decimal(tlm_text text, int64_t *ret_value)
{
    int64_t value = 0;

    if (text.size == 0)
        return false;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
        if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, text.data[i] - '0', &value))
            return false;
    }
    *ret_value = value;
    return true;
}

bool tlm_rest_parameter_integer(tlm_rest_call *call, const char *name, int64_t min, int64_t max, int64_t otherwise,
                                int64_t *ret_value)
{
    tlm_text text;
    int64_t value = otherwise;
    int result = find(call, name, &text);

    if (result < 0)
        return false;
    if (result == 0 && (!parse_decimal(text, &value) || value < min || value > max)) {
        tlm_http_answer_error(call->answer, 422, "parameter %s: expected an integer from %lld to %lld", name,
                              (long long)min, (long long)max);
        return false;
    }
    *ret_value = value;
    return true;
}

bool tlm_rest_parameter_time(tlm_rest_call *call, const char *name, int64_t otherwise, int64_t *ret_time_ns)
{
    tlm_text text;
    int64_t time_ns = otherwise, milliseconds;
    int result = find(call, name, &text);

    if (result < 0)
        return false;
    if (result == 0) {
        if (parse_decimal(text, &milliseconds))
            result = tlm_time_from_ms(milliseconds, &time_ns);
        else
            result = tlm_time_parse(text.data, text.size, &time_ns);
        if (result < 0) {
            tlm_http_answer_error(
                call->answer, 422,
                "parameter %s: expected an RFC 3339 timestamp or epoch milliseconds in the years 1970 to 2261", name);
            return false;
        }
    }
    *ret_time_ns = time_ns;
    return true;
}
