/* SPDX-License-Identifier: Apache-2.0 */
#include "common/http_target.h"

#include <strings.h>

/* Decoded bytes are never more than raw ones, so the cursor stays inside the target's text. */
typedef struct cursor {
    char *at;
} cursor;

static int hex_value(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'a' && digit <= 'f')
        return digit - 'a' + 10;
    if (digit >= 'A' && digit <= 'F')
        return digit - 'A' + 10;
    return -1;
}

static bool decode(tlm_text raw, cursor *out, tlm_text *ret_text)
{
    char *start = out->at;

    for (size_t i = 0; i < raw.size; i++) {
        if (raw.data[i] != '%') {
            *out->at++ = raw.data[i];
            continue;
        }
        int high = i + 2 < raw.size ? hex_value(raw.data[i + 1]) : -1;
        int low = i + 2 < raw.size ? hex_value(raw.data[i + 2]) : -1;
        if (high < 0 || low < 0)
            return false;
        *out->at++ = (char)(high * 16 + low);
        i += 2;
    }
    *ret_text = (tlm_text){start, (size_t)(out->at - start)};
    return true;
}

/* Takes the text up to the next `separator` off `rest`; false when there is nothing more. */
static bool take_part(tlm_text *rest, char separator, tlm_text *ret_part)
{
    if (!rest->data)
        return false;
    const char *end = rest->size > 0 ? memchr(rest->data, separator, rest->size) : NULL;
    *ret_part = (tlm_text){rest->data, end ? (size_t)(end - rest->data) : rest->size};
    *rest = end ? (tlm_text){end + 1, rest->size - ret_part->size - 1} : (tlm_text){NULL, 0};
    return true;
}

static tlm_text without_authority(tlm_text raw)
{
    static const char *const schemes[] = {"http://", "https://"};

    for (size_t i = 0; i < TLM_COUNT(schemes); i++) {
        size_t size = strlen(schemes[i]);
        if (raw.size < size || strncasecmp(raw.data, schemes[i], size) != 0)
            continue;
        while (size < raw.size && raw.data[size] != '/' && raw.data[size] != '?')
            size++;
        return (tlm_text){raw.data + size, raw.size - size};
    }
    return raw;
}

static int parse_path(tlm_text path, tlm_http_target *target, cursor *out)
{
    tlm_text part;

    if (path.size > 0 && path.data[0] == '/')
        path = (tlm_text){path.data + 1, path.size - 1};
    while (take_part(&path, '/', &part)) {
        if (target->segment_count == TLM_HTTP_SEGMENTS_MAX)
            return -ENOENT;
        if (!decode(part, out, &target->segments[target->segment_count]))
            return -EINVAL;
        target->segment_count++;
    }
    return 0;
}

static void parse_parameter(tlm_text part, tlm_http_target *target, cursor *out)
{
    tlm_http_parameter *parameter = &target->parameters[target->parameter_count];
    tlm_text name = {0}, value = {0};

    take_part(&part, '=', &name);
    if (part.data)
        value = part;
    /* What cannot even be named is nobody's parameter. */
    if (!decode(name, out, &parameter->name))
        return;
    parameter->is_valid = decode(value, out, &parameter->value);
    target->parameter_count++;
}

int tlm_http_target_parse(tlm_text raw, tlm_http_target *ret_target)
{
    cursor out = {ret_target->text};
    tlm_text path, part;

    ret_target->segment_count = ret_target->parameter_count = 0;
    if (raw.size > TLM_HTTP_TARGET_MAX)
        return -ENAMETOOLONG;
    if (tlm_text_equal(raw, tlm_text_of("*")))
        return 0;
    raw = without_authority(raw);
    path = (tlm_text){"", 0};
    take_part(&raw, '?', &path);
    int result = parse_path(path, ret_target, &out);
    while (result == 0 && take_part(&raw, '&', &part)) {
        if (ret_target->parameter_count == TLM_HTTP_PARAMETERS_MAX)
            return -E2BIG;
        parse_parameter(part, ret_target, &out);
    }
    return result;
}

int tlm_http_target_parameter(const tlm_http_target *target, const char *name, tlm_text *ret_value)
{
    const tlm_http_parameter *found = NULL;

    for (uint32_t i = 0; i < target->parameter_count; i++) {
        if (!tlm_text_equal(target->parameters[i].name, tlm_text_of(name)))
            continue;
        if (found)
            return -EEXIST;
        found = &target->parameters[i];
    }
    if (!found)
        return -ENOENT;
    if (!found->is_valid)
        return -EINVAL;
    *ret_value = found->value;
    return 0;
}
