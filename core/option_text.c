/* SPDX-License-Identifier: Apache-2.0 */
/* How an option reads in sentences and in the reference. */
#include "option.h"
#include "option_units.h"

#include <common/time.h>

#include <inttypes.h>

#define FOUND_BYTES_MAX 60

/** What is known of a type: its name, what a value is called, the bytes of its member. */
typedef struct type_words {
    const char *name;
    const char *expected;
    size_t member_size;
} type_words;

static const type_words types[] = {
    [TLM_OPTION_BOOL] = {"bool", "true or false", sizeof(uint32_t)},
    [TLM_OPTION_INTEGER] = {"integer", "a whole number", sizeof(int64_t)},
    [TLM_OPTION_REAL] = {"number", "a number", sizeof(double)},
    [TLM_OPTION_TEXT] = {"text", "a text in quotes", sizeof(char *)},
    [TLM_OPTION_DURATION] = {"duration", "a duration such as \"500ms\", \"10s\" or \"2h\"", sizeof(int64_t)},
    [TLM_OPTION_SIZE] = {"size", "a size such as \"64KiB\" or \"2GiB\"", sizeof(int64_t)},
    [TLM_OPTION_CHOICE] = {"choice", "one of", sizeof(uint32_t)},
    [TLM_OPTION_LIST] = {"list", "a list of texts", sizeof(tlm_text_list)},
    [TLM_OPTION_GROUP] = {"group", "a group of keys with texts, numbers or bools", sizeof(tlm_text_map)},
    [TLM_OPTION_TIME] = {"time", "a time such as \"2026-01-31T12:00:00Z\"", sizeof(int64_t)},
};

const char *tlm_option_type_name(uint32_t type)
{
    return type < TLM_COUNT(types) ? types[type].name : NULL;
}

size_t tlm_option_member_size(uint32_t type)
{
    return type < TLM_COUNT(types) ? types[type].member_size : 0;
}

static const char *format_bound(uint32_t type, int64_t bound, char out[static TLM_UNIT_TEXT_SIZE])
{
    switch (type) {
    case TLM_OPTION_DURATION:
        return tlm_duration_format(bound, out);
    case TLM_OPTION_SIZE:
        return tlm_size_format(bound, out);
    case TLM_OPTION_TIME:
        (void)tlm_time_format(bound, out);
        return out;
    default:
        (void)snprintf(out, TLM_UNIT_TEXT_SIZE, "%" PRId64, bound);
        return out;
    }
}

/** "clock, finish"; each choice between `quote`. */
static void join_choices(const tlm_option *option, const char *quote, char out[static TLM_OPTION_TEXT_SIZE])
{
    size_t used = 0;
    out[0] = '\0';
    for (const char *const *choice = option->choices; *choice && used < TLM_OPTION_TEXT_SIZE; choice++) {
        int size = snprintf(out + used, TLM_OPTION_TEXT_SIZE - used, "%s%s%s%s", choice == option->choices ? "" : ", ",
                            quote, *choice, quote);
        used += size > 0 ? (size_t)size : 0;
    }
}

/** Unit of a bound that its value does not carry. */
static const char *bound_unit(uint32_t type)
{
    switch (type) {
    case TLM_OPTION_TEXT:
        return " bytes";
    case TLM_OPTION_LIST:
        return " items";
    case TLM_OPTION_GROUP:
        return " keys";
    default:
        return "";
    }
}

/** Whether the smallest value needs no telling: there is none, or it is the length of an empty text or list. */
static int has_only_upper_bound(const tlm_option *option)
{
    int is_length = *bound_unit(option->type) != '\0';
    return option->min == INT64_MIN || (is_length && option->min == 0);
}

const char *tlm_option_bounds(const tlm_option *option, char out[static TLM_OPTION_TEXT_SIZE])
{
    char min[TLM_UNIT_TEXT_SIZE], max[TLM_UNIT_TEXT_SIZE];
    const char *unit = bound_unit(option->type);
    out[0] = '\0';
    if (option->type == TLM_OPTION_CHOICE) {
        join_choices(option, "", out);
        return out;
    }
    if (option->min == 0 && option->max == 0)
        return out;
    (void)format_bound(option->type, option->min, min);
    (void)format_bound(option->type, option->max, max);
    if (option->max == INT64_MAX)
        (void)snprintf(out, TLM_OPTION_TEXT_SIZE, "at least %s%s", min, unit);
    else if (has_only_upper_bound(option))
        (void)snprintf(out, TLM_OPTION_TEXT_SIZE, "at most %s%s", max, unit);
    else
        (void)snprintf(out, TLM_OPTION_TEXT_SIZE, "%s to %s%s", min, max, unit);
    return out;
}

const char *tlm_option_expected(const tlm_option *option, char out[static TLM_OPTION_TEXT_SIZE])
{
    char bounds[TLM_OPTION_TEXT_SIZE];
    if (option->type == TLM_OPTION_CHOICE) {
        join_choices(option, "\"", bounds);
        (void)snprintf(out, TLM_OPTION_TEXT_SIZE, "one of %.*s", TLM_OPTION_TEXT_SIZE - 16, bounds);
        return out;
    }
    (void)tlm_option_bounds(option, bounds);
    int is_range = option->max != INT64_MAX && !has_only_upper_bound(option);
    (void)snprintf(out, TLM_OPTION_TEXT_SIZE, "%s%s%.*s", types[option->type].expected,
                   !*bounds   ? ""
                   : is_range ? " from "
                              : " of ",
                   TLM_OPTION_TEXT_SIZE / 2, bounds);
    return out;
}

/** Whether a value needs no quotes to be read as one. */
static int reads_as_number(const tlm_option *option, const char *text)
{
    int is_textual =
        option->type == TLM_OPTION_TEXT || option->type == TLM_OPTION_CHOICE || option->type == TLM_OPTION_LIST;
    return !is_textual && strspn(text, "0123456789+-.") == strlen(text);
}

const char *tlm_option_found(const tlm_option *option, const char *text, char out[static TLM_OPTION_TEXT_SIZE])
{
    size_t size = strlen(text);
    if ((option->flags & TLM_OPTION_SECRET) || option->type == TLM_OPTION_GROUP) {
        (void)snprintf(out, TLM_OPTION_TEXT_SIZE, "***");
        return out;
    }
    if (size == 0) {
        (void)snprintf(out, TLM_OPTION_TEXT_SIZE, "an empty text");
        return out;
    }
    const char *quote = reads_as_number(option, text) ? "" : "'";
    (void)snprintf(out, TLM_OPTION_TEXT_SIZE, "%s%.*s%s%s", quote, FOUND_BYTES_MAX, text,
                   size > FOUND_BYTES_MAX ? "..." : "", quote);
    for (char *c = out; *c; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = '?';
    }
    return out;
}
