/* SPDX-License-Identifier: Apache-2.0 */
#include "option.h"
#include "option_units.h"
#include "suggest.h"

#include <common/time.h>

#include <math.h>
#include <stdlib.h>
#include <strings.h>

static int refuse(const tlm_option *option, const char *text, const char *more, tlm_error *error)
{
    char expected[TLM_OPTION_TEXT_SIZE], found[TLM_OPTION_TEXT_SIZE];
    return tlm_error_set(error, -EINVAL, "expected %s, found %s%s", tlm_option_expected(option, expected),
                         tlm_option_found(option, text, found), more);
}

static void *member(const tlm_option *option, void *config)
{
    return (char *)config + option->offset;
}

static int is_within(const tlm_option *option, int64_t value)
{
    return (option->min == 0 && option->max == 0) || (value >= option->min && value <= option->max);
}

static int parse_bool(const char *text, uint32_t *ret_value)
{
    static const char *const words[] = {"false", "true", "no", "yes", "off", "on", "0", "1"};
    for (uint32_t i = 0; i < TLM_COUNT(words); i++) {
        if (strcasecmp(text, words[i]) == 0) {
            *ret_value = i % 2;
            return 0;
        }
    }
    return -EINVAL;
}

static int parse_integer(const char *text, int64_t *ret_value)
{
    if (!strchr("+-0123456789", *text) || !*text)
        return -EINVAL; /* strtoll would skip leading space */
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (*end || end == text)
        return -EINVAL;
    if (errno)
        return -errno;
    *ret_value = value;
    return 0;
}

static int parse_real(const char *text, double *ret_value)
{
    if (!*text || text[strspn(text, "+-.0123456789eE")])
        return -EINVAL; /* neither hexadecimal nor "nan" nor leading space */
    char *end;
    double value = strtod(text, &end);
    if (*end || end == text)
        return -EINVAL;
    if (!isfinite(value))
        return -ERANGE;
    *ret_value = value;
    return 0;
}

static int set_real(const tlm_option *option, const char *text, void *config, tlm_error *error)
{
    double value;
    if (parse_real(text, &value) < 0)
        return refuse(option, text, "", error);
    int is_bounded = option->min != 0 || option->max != 0;
    if (is_bounded && (value < (double)option->min || value > (double)option->max))
        return refuse(option, text, "", error);
    memcpy(member(option, config), &value, sizeof value);
    return 0;
}

/** "; did you mean '64MiB'?" for a size in a unit that is not known, else an empty text. */
static const char *suggest_size(const tlm_option *option, const char *text, char out[static TLM_SUGGEST_TEXT_SIZE])
{
    char guess[TLM_UNIT_TEXT_SIZE];
    out[0] = '\0';
    if (option->type == TLM_OPTION_SIZE && !(option->flags & TLM_OPTION_SECRET) && tlm_size_guess(text, guess) == 0)
        (void)snprintf(out, TLM_SUGGEST_TEXT_SIZE, "; did you mean '%s'?", guess);
    return out;
}

/** The types whose member is an int64_t. */
static int set_int64(const tlm_option *option, const char *text, void *config, tlm_error *error)
{
    int64_t value = 0;
    int result = -EINVAL;
    switch (option->type) {
    case TLM_OPTION_INTEGER:
        result = parse_integer(text, &value);
        break;
    case TLM_OPTION_DURATION:
        result = tlm_duration_parse(text, &value);
        break;
    case TLM_OPTION_SIZE:
        result = tlm_size_parse(text, &value);
        break;
    case TLM_OPTION_TIME:
        result = tlm_time_parse(text, strlen(text), &value);
        break;
    }
    char more[TLM_SUGGEST_TEXT_SIZE];
    if (result < 0 || !is_within(option, value))
        return refuse(option, text, result < 0 ? suggest_size(option, text, more) : "", error);
    memcpy(member(option, config), &value, sizeof value);
    return 0;
}

static int set_choice(const tlm_option *option, const char *text, void *config, tlm_error *error)
{
    tlm_suggest near = tlm_suggest_begin(text);
    for (uint32_t i = 0; option->choices[i]; i++) {
        if (strcasecmp(text, option->choices[i]) == 0) {
            uint32_t value = i + 1;
            memcpy(member(option, config), &value, sizeof value);
            return 0;
        }
        tlm_suggest_offer(&near, option->choices[i]);
    }
    char more[TLM_SUGGEST_TEXT_SIZE];
    int is_secret = (option->flags & TLM_OPTION_SECRET) != 0;
    return refuse(option, text, is_secret ? "" : tlm_suggest_format(&near, more), error);
}

static int set_text(const tlm_option *option, const char *text, tlm_arena *memory, void *config, tlm_error *error)
{
    if ((option->flags & TLM_OPTION_REQUIRED) && !*text)
        return refuse(option, text, "", error);
    if (!is_within(option, (int64_t)strlen(text)))
        return refuse(option, text, "", error);
    const char *copy = tlm_arena_copy(memory, text, strlen(text));
    if (!copy)
        return -ENOMEM;
    memcpy(member(option, config), &copy, sizeof copy);
    return 0;
}

static tlm_text trim(tlm_text text)
{
    static const char space[] = " \t\r\n";
    while (text.size > 0 && strchr(space, text.data[0])) {
        text.data++;
        text.size--;
    }
    while (text.size > 0 && strchr(space, text.data[text.size - 1]))
        text.size--;
    return text;
}

/** Appends the trimmed item to `items`, unless nothing is left of it. */
static int add_item(tlm_arena *memory, tlm_text item, const char **items, uint32_t *count)
{
    item = trim(item);
    if (item.size == 0)
        return 0;
    items[*count] = tlm_arena_copy(memory, item.data, item.size);
    if (!items[*count])
        return -ENOMEM;
    (*count)++;
    return 0;
}

static int set_list(const tlm_option *option, const char **items, uint32_t count, void *config, tlm_error *error)
{
    if ((option->flags & TLM_OPTION_REQUIRED) && count == 0)
        return tlm_error_set(error, -EINVAL, "expected a list of at least one text, found an empty one");
    if (!is_within(option, count)) {
        char expected[TLM_OPTION_TEXT_SIZE];
        return tlm_error_set(error, -EINVAL, "expected %s, found %u items", tlm_option_expected(option, expected),
                             count);
    }
    tlm_text_list list = {.items = items, .count = count};
    memcpy(member(option, config), &list, sizeof list);
    return 0;
}

/** One text with commas. */
static int split_list(const tlm_option *option, const char *text, tlm_arena *memory, void *config, tlm_error *error)
{
    size_t most = 1;
    for (const char *c = text; *c; c++)
        most += *c == ',';
    const char **items = tlm_arena_alloc(memory, most * sizeof *items);
    if (!items)
        return -ENOMEM;
    uint32_t count = 0;
    for (const char *at = text;; at++) {
        size_t size = strcspn(at, ",");
        if (add_item(memory, (tlm_text){at, size}, items, &count) < 0)
            return -ENOMEM;
        at += size;
        if (!*at)
            break;
    }
    return set_list(option, items, count, config, error);
}

int tlm_option_parse_list(const tlm_option *option, const char *const *texts, size_t count, tlm_arena *memory,
                          void *config, tlm_error *error)
{
    const char **items = tlm_arena_alloc(memory, (count + 1) * sizeof *items);
    if (!items)
        return -ENOMEM;
    uint32_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (add_item(memory, tlm_text_of(texts[i]), items, &kept) < 0)
            return -ENOMEM;
    }
    return set_list(option, items, kept, config, error);
}

/** Copies `count` texts to the arena. NULL when memory is short. */
static const char **copy_texts(const char *const *texts, uint32_t count, tlm_arena *memory)
{
    const char **copies = tlm_arena_alloc(memory, ((size_t)count + 1) * sizeof *copies);
    for (uint32_t i = 0; copies && i < count; i++) {
        copies[i] = tlm_arena_copy(memory, texts[i], strlen(texts[i]));
        if (!copies[i])
            return NULL;
    }
    return copies;
}

int tlm_option_set_group(const tlm_option *option, const char *const *names, const char *const *values, uint32_t count,
                         tlm_arena *memory, void *config, tlm_error *error)
{
    char expected[TLM_OPTION_TEXT_SIZE];
    if (((option->flags & TLM_OPTION_REQUIRED) && count == 0) || !is_within(option, count))
        return tlm_error_set(error, -EINVAL, "expected %s, found %u keys", tlm_option_expected(option, expected),
                             count);
    tlm_text_map map = {
        .names = copy_texts(names, count, memory), .values = copy_texts(values, count, memory), .count = count};
    if (!map.names || !map.values)
        return -ENOMEM;
    memcpy(member(option, config), &map, sizeof map);
    return 0;
}

int tlm_option_parse(const tlm_option *option, const char *text, tlm_arena *memory, void *config, tlm_error *error)
{
    uint32_t value = 0;
    switch (option->type) {
    case TLM_OPTION_BOOL:
        if (parse_bool(text, &value) < 0)
            return refuse(option, text, "", error);
        memcpy(member(option, config), &value, sizeof value);
        return 0;
    case TLM_OPTION_REAL:
        return set_real(option, text, config, error);
    case TLM_OPTION_TEXT:
        return set_text(option, text, memory, config, error);
    case TLM_OPTION_CHOICE:
        return set_choice(option, text, config, error);
    case TLM_OPTION_LIST:
        return split_list(option, text, memory, config, error);
    case TLM_OPTION_GROUP:
        return refuse(option, text, "", error);
    default:
        return set_int64(option, text, config, error);
    }
}

int tlm_option_set_default(const tlm_option *option, tlm_arena *memory, void *config, tlm_error *error)
{
    if (option->default_text)
        return tlm_option_parse(option, option->default_text, memory, config, error);
    memset(member(option, config), 0, tlm_option_member_size(option->type));
    if (option->type == TLM_OPTION_TIME) {
        int64_t absent = INT64_MIN;
        memcpy(member(option, config), &absent, sizeof absent);
    }
    return 0;
}
