/* SPDX-License-Identifier: Apache-2.0 */
#include "config_file.h"

const char *tlm_config_file_shown(const tlm_config_file *file, const char *name)
{
    if (!name) /* libconfig was given the file's text, not its name */
        return file->path;
    const char *shown = tlm_config_scan_path(file->scan.folder, name, file->memory);
    return shown ? shown : name;
}

void tlm_config_problem(const tlm_config_file *file, const config_setting_t *setting, const char *format, ...)
{
    tlm_error sentence;
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(sentence.text, sizeof sentence.text, format, arguments);
    va_end(arguments);
    uint32_t line = config_setting_source_line(setting);
    tlm_problems_add(file->problems, "%s:%u: %s", tlm_config_file_shown(file, config_setting_source_file(setting)),
                     line > 0 ? line : 1, sentence.text);
}

const char *tlm_config_type_name(const config_setting_t *setting)
{
    switch (config_setting_type(setting)) {
    case CONFIG_TYPE_GROUP:
        return "a group { ... }";
    case CONFIG_TYPE_INT:
    case CONFIG_TYPE_INT64:
        return "a whole number";
    case CONFIG_TYPE_FLOAT:
        return "a number with a point";
    case CONFIG_TYPE_STRING:
        return "a text";
    case CONFIG_TYPE_BOOL:
        return "true or false";
    case CONFIG_TYPE_ARRAY:
        return "an array [ ... ]";
    case CONFIG_TYPE_LIST:
        return "a list ( ... )";
    default:
        return "nothing";
    }
}

/** libconfig's own sentences, made longer where that helps. */
static void tell_parse_error(const tlm_config_file *file)
{
    const char *text = config_error_text(&file->config);
    const char *shown = tlm_config_file_shown(file, config_error_file(&file->config));
    uint32_t line = (uint32_t)config_error_line(&file->config);
    const char *near = tlm_config_scan_name_at(&file->scan, shown, line);
    const char *repeated = tlm_config_scan_repeated(&file->scan, shown, line);
    if (strcmp(text, "duplicate setting name") == 0)
        tlm_problems_add(file->problems, "%s:%u: %s%s%s is given twice in one group; keep one of them", shown, line,
                         repeated ? "'" : "a key", repeated ? repeated : "", repeated ? "'" : "");
    else if (strcmp(text, "mismatched element type in array") == 0)
        tlm_problems_add(file->problems,
                         "%s:%u: an array [ ... ] holds values of one type; expected all texts, all numbers or all "
                         "booleans",
                         shown, line);
    else
        tlm_problems_add(
            file->problems,
            "%s:%u: %s%s%s%s; expected 'key = value' with texts in quotes: look here and at the line before", shown,
            line, text, near ? " near '" : "", near ? near : "", near ? "'" : "");
}

int tlm_config_file_init(tlm_config_file *file, const char *path, tlm_arena *memory, tlm_problems *problems)
{
    *file = (tlm_config_file){.path = path, .memory = memory, .problems = problems};
    config_init(&file->config);
    int result = tlm_config_scan_file(&file->scan, path, memory, problems);
    if (result < 0)
        return result;
    config_set_include_dir(&file->config, *file->scan.folder ? file->scan.folder : ".");
    if (config_read_string(&file->config, file->scan.content) == CONFIG_TRUE)
        return 0;
    tell_parse_error(file);
    return -EINVAL;
}

void tlm_config_file_finish(tlm_config_file *file)
{
    config_destroy(&file->config);
}
