/* SPDX-License-Identifier: Apache-2.0 */
#include "config_options.h"
#include "expand.h"
#include "suggest.h"

#include <inttypes.h>
#include <stdlib.h>

#define NUMBER_TEXT_SIZE 32

/** One option being read. */
typedef struct reading {
    const tlm_config_file *file;
    const tlm_config_target *target;
    const tlm_option *option;
    const config_setting_t *setting;
} reading;

/** Adds "where.key: sentence" as a problem; what else went wrong is passed on. */
static int tell(const reading *in, int result, const tlm_error *error)
{
    if (result != -EINVAL)
        return result;
    tlm_config_problem(in->file, in->setting, "%s.%s: %s", in->target->where, in->option->name, error->text);
    return 0;
}

static int tell_wrong_type(const reading *in, const config_setting_t *found)
{
    char expected[TLM_OPTION_TEXT_SIZE];
    const char *quote =
        in->option->type == TLM_OPTION_TEXT && config_setting_is_number(found) ? "; put the value in quotes" : "";
    tlm_config_problem(in->file, found, "%s.%s: expected %s, found %s%s", in->target->where, in->option->name,
                       tlm_option_expected(in->option, expected), tlm_config_type_name(found), quote);
    return 0;
}

/** Whether an option of this type takes a value that libconfig calls `config_type`; texts go into all of them. */
static int takes(uint32_t type, int config_type)
{
    switch (config_type) {
    case CONFIG_TYPE_STRING:
        return 1;
    case CONFIG_TYPE_BOOL:
        return type == TLM_OPTION_BOOL;
    case CONFIG_TYPE_INT:
    case CONFIG_TYPE_INT64:
        return type == TLM_OPTION_INTEGER || type == TLM_OPTION_REAL || type == TLM_OPTION_DURATION ||
               type == TLM_OPTION_SIZE;
    case CONFIG_TYPE_FLOAT:
        return type == TLM_OPTION_REAL || type == TLM_OPTION_DURATION;
    default:
        return 0;
    }
}

/** A number or boolean as the text that would have said the same. */
static const char *scalar_text(const config_setting_t *setting, char out[static NUMBER_TEXT_SIZE])
{
    double value;
    switch (config_setting_type(setting)) {
    case CONFIG_TYPE_BOOL:
        (void)snprintf(out, NUMBER_TEXT_SIZE, "%s", config_setting_get_bool(setting) ? "true" : "false");
        break;
    case CONFIG_TYPE_INT:
        (void)snprintf(out, NUMBER_TEXT_SIZE, "%d", config_setting_get_int(setting));
        break;
    case CONFIG_TYPE_INT64:
        (void)snprintf(out, NUMBER_TEXT_SIZE, "%lld", config_setting_get_int64(setting));
        break;
    default:
        value = config_setting_get_float(setting);
        /* 15 digits bring back what was written; 17 only when it had more, so that 0.1 s stays 100 ms. */
        (void)snprintf(out, NUMBER_TEXT_SIZE, "%.15g", value);
        if (strtod(out, NULL) < value || strtod(out, NULL) > value)
            (void)snprintf(out, NUMBER_TEXT_SIZE, "%.17g", value);
    }
    return out;
}

/** Tells of a number that libconfig has wrapped: 1 when it did. `name` is the key of `setting` in the group `where`. */
static int tell_wrapped_key(const reading *in, const char *where, const char *name, const config_setting_t *setting)
{
    const tlm_config_file *file = in->file;
    const char *shown = tlm_config_file_shown(file, config_setting_source_file(setting));
    const tlm_config_key *key =
        config_setting_is_number(setting)
            ? tlm_config_scan_wrapped(&file->scan, shown, config_setting_source_line(setting), name)
            : NULL;
    if (!key)
        return 0;
    char expected[TLM_OPTION_TEXT_SIZE];
    int is_group = in->option->type == TLM_OPTION_GROUP;
    const char *found = is_group || (in->option->flags & TLM_OPTION_SECRET) ? "***" : key->wrapped;
    const char *hint = key->wrapped_bits == 32 ? "; write it with an L at its end, or in quotes" : "";
    tlm_config_problem(file, setting, "%s.%.64s: expected %s, found %s, which does not fit into %u bits%s", where, name,
                       is_group ? "a number" : tlm_option_expected(in->option, expected), found, key->wrapped_bits,
                       hint);
    return 1;
}

static int tell_wrapped(const reading *in)
{
    return tell_wrapped_key(in, in->target->where, in->option->name, in->setting);
}

static int read_scalar(const reading *in)
{
    tlm_error error = {.text = ""};
    char number[NUMBER_TEXT_SIZE];
    const char *text = NULL;
    int result = 0;
    if (config_setting_type(in->setting) == CONFIG_TYPE_STRING)
        result = tlm_expand(config_setting_get_string(in->setting), in->file->memory, &text, &error);
    else
        text = scalar_text(in->setting, number);
    if (result == 0)
        result = tlm_option_parse(in->option, text, in->file->memory, in->target->config, &error);
    return tell(in, result, &error);
}

/** An array or list of texts. */
static int read_list(const reading *in)
{
    tlm_error error = {.text = ""};
    size_t count = (size_t)config_setting_length(in->setting);
    const char **texts = tlm_arena_alloc(in->file->memory, (count + 1) * sizeof *texts);
    if (!texts)
        return -ENOMEM;
    for (size_t i = 0; i < count; i++) {
        const config_setting_t *item = config_setting_get_elem(in->setting, (unsigned)i);
        if (config_setting_type(item) != CONFIG_TYPE_STRING)
            return tell_wrong_type(in, item);
        int result = tlm_expand(config_setting_get_string(item), in->file->memory, &texts[i], &error);
        if (result < 0)
            return tell(in, result, &error);
    }
    int result = tlm_option_parse_list(in->option, texts, count, in->file->memory, in->target->config, &error);
    return tell(in, result, &error);
}

/** The text of one key of a group of free keys; NULL when it has none, which is told. -ENOMEM. */
static int read_member(const reading *in, const config_setting_t *item, const char **ret_text)
{
    tlm_error error = {.text = ""};
    char number[NUMBER_TEXT_SIZE], where[TLM_OPTION_TEXT_SIZE];
    const char *name = config_setting_name(item);
    int result = 0;
    (void)snprintf(where, sizeof where, "%s.%s", in->target->where, in->option->name);
    if (tell_wrapped_key(in, where, name, item))
        return 0;
    if (config_setting_type(item) == CONFIG_TYPE_STRING) {
        result = tlm_expand(config_setting_get_string(item), in->file->memory, ret_text, &error);
    } else if (config_setting_is_scalar(item)) {
        const char *text = scalar_text(item, number);
        *ret_text = tlm_arena_copy(in->file->memory, text, strlen(text));
        result = *ret_text ? 0 : -ENOMEM;
    } else {
        result =
            tlm_error_set(&error, -EINVAL, "expected a text, number or bool, found %s", tlm_config_type_name(item));
    }
    if (result != -EINVAL)
        return result;
    tlm_config_problem(in->file, item, "%s.%.64s: %s", where, name, error.text);
    return 0;
}

/** A group of free keys. */
static int read_free_group(const reading *in)
{
    tlm_error error = {.text = ""};
    uint32_t count = (uint32_t)config_setting_length(in->setting), kept = 0;
    const char **names = tlm_arena_alloc(in->file->memory, (count + 1) * sizeof *names);
    const char **values = tlm_arena_alloc(in->file->memory, (count + 1) * sizeof *values);
    if (!names || !values)
        return -ENOMEM;
    for (uint32_t i = 0; i < count; i++) {
        const config_setting_t *item = config_setting_get_elem(in->setting, i);
        const char *text = NULL;
        int result = read_member(in, item, &text);
        if (result < 0)
            return result;
        names[kept] = config_setting_name(item);
        values[kept] = text;
        kept += text != NULL;
    }
    if (kept < count)
        return 0; /* told already */
    int result = tlm_option_set_group(in->option, names, values, count, in->file->memory, in->target->config, &error);
    return tell(in, result, &error);
}

static int read_option(const reading *in)
{
    if (in->option->type == TLM_OPTION_GROUP && config_setting_is_group(in->setting))
        return read_free_group(in);
    if (in->option->type == TLM_OPTION_LIST &&
        (config_setting_is_array(in->setting) || config_setting_is_list(in->setting)))
        return read_list(in);
    if (!takes(in->option->type, config_setting_type(in->setting)))
        return tell_wrong_type(in, in->setting);
    if (tell_wrapped(in))
        return 0;
    return read_scalar(in);
}

static const tlm_option *find_option(const tlm_config_target *target, const char *name)
{
    for (uint32_t i = 0; i < target->option_count; i++) {
        if (strcmp(target->options[i].name, name) == 0)
            return &target->options[i];
    }
    return NULL;
}

static int is_host_key(const tlm_config_target *target, const char *name)
{
    for (const char *const *key = target->host_keys; key && *key; key++) {
        if (strcmp(*key, name) == 0)
            return 1;
    }
    return 0;
}

static void tell_unknown(const tlm_config_file *file, const config_setting_t *setting, const tlm_config_target *target)
{
    char more[TLM_SUGGEST_TEXT_SIZE];
    tlm_suggest near = tlm_suggest_begin(config_setting_name(setting));
    for (uint32_t i = 0; i < target->option_count; i++)
        tlm_suggest_offer(&near, target->options[i].name);
    for (const char *const *key = target->host_keys; key && *key; key++)
        tlm_suggest_offer(&near, *key);
    tlm_config_problem(file, setting, "%s: unknown key '%.64s'%s", target->where, config_setting_name(setting),
                       tlm_suggest_format(&near, more));
}

/** Reads what the group gives, over the defaults. */
static int read_group(const tlm_config_file *file, const config_setting_t *group, const tlm_config_target *target)
{
    for (int i = 0; i < config_setting_length(group); i++) {
        const config_setting_t *setting = config_setting_get_elem(group, (unsigned)i);
        const char *name = config_setting_name(setting);
        const tlm_option *option = find_option(target, name);
        int result = 0;
        if (option)
            result = read_option(&(reading){file, target, option, setting});
        else if (!is_host_key(target, name))
            tell_unknown(file, setting, target);
        if (result < 0)
            return result;
    }
    return 0;
}

int tlm_config_fill(const tlm_config_file *file, const config_setting_t *group, const config_setting_t *place,
                    const tlm_config_target *target)
{
    char expected[TLM_OPTION_TEXT_SIZE];
    for (uint32_t i = 0; i < target->option_count; i++) {
        const tlm_option *option = &target->options[i];
        int is_given = group && config_setting_get_member(group, option->name);
        /* The table's own defaults were checked when it was loaded. */
        int result = tlm_option_set_default(option, file->memory, target->config, NULL);
        if (result < 0)
            return result;
        if ((option->flags & TLM_OPTION_REQUIRED) && !is_given)
            tlm_config_problem(file, place, "%s: '%s' is missing: expected %s", target->where, option->name,
                               tlm_option_expected(option, expected));
    }
    return group ? read_group(file, group, target) : 0;
}

int tlm_config_text(const tlm_config_file *file, const config_setting_t *group, const char *where, const char *key,
                    const char **ret_text)
{
    tlm_error error = {.text = ""};
    const config_setting_t *setting = config_setting_get_member(group, key);
    *ret_text = NULL;
    if (!setting)
        return 0;
    if (config_setting_type(setting) != CONFIG_TYPE_STRING) {
        tlm_config_problem(file, setting, "%s.%s: expected a text in quotes, found %s", where, key,
                           tlm_config_type_name(setting));
        return 0;
    }
    int result = tlm_expand(config_setting_get_string(setting), file->memory, ret_text, &error);
    if (result != -EINVAL)
        return result;
    tlm_config_problem(file, setting, "%s.%s: %s", where, key, error.text);
    return 0;
}
