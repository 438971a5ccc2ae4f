/* SPDX-License-Identifier: Apache-2.0 */
#include "option_table.h"
#include "option.h"

#include <inttypes.h>
#include <stdlib.h>

int tlm_name_is_legal(const char *name)
{
    static const char legal[] = "abcdefghijklmnopqrstuvwxyz0123456789_";
    size_t size = strlen(name);
    return size > 0 && size <= TLM_NAME_SIZE_MAX && name[0] >= 'a' && name[0] <= 'z' && strspn(name, legal) == size;
}

static int is_reserved(const char *name)
{
    return strcmp(name, "component") == 0 || strcmp(name, "name") == 0 || strcmp(name, "delivery") == 0;
}

static int check_name(const tlm_option *options, uint32_t index, tlm_error *error)
{
    const char *name = options[index].name;
    if (!name || !tlm_name_is_legal(name))
        return tlm_error_set(
            error, -EINVAL,
            "option %u: name: expected lower case, digits and underscores after a letter, found %s%.70s%s", index + 1,
            name ? "'" : "", name ? name : "NULL", name ? "'" : "");
    if (is_reserved(name))
        return tlm_error_set(error, -EINVAL,
                             "option '%s': name: expected one that the host does not use itself, found '%s'", name,
                             name);
    for (uint32_t i = 0; i < index; i++) {
        if (strcmp(options[i].name, name) == 0)
            return tlm_error_set(error, -EINVAL, "option '%s': name: expected one row of that name, found two", name);
    }
    return 0;
}

static int check_member(const tlm_option *options, uint32_t index, uint32_t config_size, tlm_error *error)
{
    const tlm_option *option = &options[index];
    uint64_t size = tlm_option_member_size(option->type), end = option->offset + size;
    if (end > config_size)
        return tlm_error_set(error, -EINVAL,
                             "option '%s': offset: expected a member within the %u bytes of the config struct, found "
                             "bytes %u to %" PRIu64,
                             option->name, config_size, option->offset, end);
    /* Members are 4- or 8-byte values, or structs of those. */
    uint32_t alignment = size >= 8 ? 8 : 4;
    if (option->offset % alignment != 0)
        return tlm_error_set(error, -EINVAL, "option '%s': offset: expected a multiple of %u, found %u", option->name,
                             alignment, option->offset);
    for (uint32_t i = 0; i < index; i++) {
        uint64_t other_end = options[i].offset + tlm_option_member_size(options[i].type);
        if (option->offset < other_end && options[i].offset < end)
            return tlm_error_set(error, -EINVAL,
                                 "option '%s': offset: expected a member of its own, found that of '%s'", option->name,
                                 options[i].name);
    }
    return 0;
}

static int check_bounds(const tlm_option *option, tlm_error *error)
{
    if (option->min > option->max)
        return tlm_error_set(error, -EINVAL, "option '%s': min: expected at most max %" PRId64 ", found %" PRId64,
                             option->name, option->max, option->min);
    int is_unbounded_type = option->type == TLM_OPTION_BOOL || option->type == TLM_OPTION_CHOICE;
    if (is_unbounded_type && (option->min != 0 || option->max != 0))
        return tlm_error_set(error, -EINVAL,
                             "option '%s': min, max: expected 0 for its type, found %" PRId64 ", %" PRId64,
                             option->name, option->min, option->max);
    if ((option->type == TLM_OPTION_CHOICE) != (option->choices && option->choices[0]))
        return tlm_error_set(error, -EINVAL, "option '%s': choices: expected %s, found %s", option->name,
                             option->type == TLM_OPTION_CHOICE ? "at least one" : "NULL for its type",
                             option->choices ? "a list" : "NULL");
    return 0;
}

static int check_default(const tlm_option *option, uint32_t config_size, tlm_error *error)
{
    tlm_error cause = {.text = "out of memory"};
    void *config = calloc(1, config_size);
    tlm_arena *memory = tlm_arena_create();
    int result = -ENOMEM;
    if (config && memory)
        result = tlm_option_set_default(option, memory, config, &cause);
    tlm_arena_destroy(memory);
    free(config);
    if (result < 0)
        return tlm_error_set(error, result, "option '%s': default_text: %.800s", option->name, cause.text);
    return 0;
}

static int check_row(const tlm_option *options, uint32_t index, uint32_t config_size, tlm_error *error)
{
    const tlm_option *option = &options[index];
    int result = check_name(options, index, error);
    if (result < 0)
        return result;
    if (!tlm_option_type_name(option->type))
        return tlm_error_set(error, -EINVAL, "option '%s': type: expected one of 1 to %d, found %u", option->name,
                             TLM_OPTION_GROUP, option->type);
    static const uint32_t known = TLM_OPTION_REQUIRED | TLM_OPTION_SECRET | TLM_OPTION_STORE | TLM_OPTION_STORE_BEHIND;
    uint32_t unknown = option->flags & ~known;
    if (unknown)
        return tlm_error_set(error, -EINVAL, "option '%s': flags: expected known ones, found 0x%x", option->name,
                             unknown);
    if ((option->flags & TLM_OPTION_STORE_BEHIND) && !(option->flags & TLM_OPTION_STORE))
        return tlm_error_set(error, -EINVAL, "option '%s': flags: expected the name of a store, found none",
                             option->name);
    if ((option->flags & TLM_OPTION_STORE) && option->type != TLM_OPTION_TEXT)
        return tlm_error_set(error, -EINVAL,
                             "option '%s': flags: expected a text as the name of a store, found type %s", option->name,
                             tlm_option_type_name(option->type));
    if (!option->doc)
        return tlm_error_set(error, -EINVAL, "option '%s': doc: expected a sentence, found NULL", option->name);
    result = check_member(options, index, config_size, error);
    if (result == 0)
        result = check_bounds(option, error);
    return result < 0 ? result : check_default(option, config_size, error);
}

int tlm_option_table_check(const tlm_option *options, uint32_t count, uint32_t config_size, tlm_error *error)
{
    if (count > TLM_OPTION_COUNT_MAX)
        return tlm_error_set(error, -EINVAL, "option_count: expected at most %d, found %u", TLM_OPTION_COUNT_MAX,
                             count);
    if (count > 0 && !options)
        return tlm_error_set(error, -EINVAL, "options: expected a table of %u rows, found NULL", count);
    for (uint32_t i = 0; i < count; i++) {
        int result = check_row(options, i, config_size, error);
        if (result < 0)
            return result;
    }
    return 0;
}
