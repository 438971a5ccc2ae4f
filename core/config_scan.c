/* SPDX-License-Identifier: Apache-2.0 */
/* The tokens are those of libconfig 1.5: https://hyperrealm.github.io/libconfig/libconfig_manual.html, "Configuration
 * Files". What is not one of them is left for libconfig to complain about. */
#include "config_scan.h"

#include <common/buffer.h>

#include <fcntl.h>
#include <stdlib.h>
#include <strings.h>
#include <unistd.h>

#define READ_SIZE 16384u
#define BYTE_ORDER_MARK "\xef\xbb\xbf"

/** One file being scanned. */
typedef struct text {
    const char *path;
    const char *at;
    uint32_t line;
    uint32_t depth; /**< of includes */
    int is_line_start;
} text;

static int scan_path(tlm_config_scan *scan, const char *path, uint32_t depth);

static int is_name_start(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '*';
}

static int is_name_char(char c)
{
    return is_name_start(c) || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

static int is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/** Moves on over `count` bytes, counting lines. */
static void skip(text *in, size_t count)
{
    for (; count > 0 && *in->at; count--, in->at++) {
        if (*in->at == '\n') {
            in->line++;
            in->is_line_start = 1;
        }
    }
}

static void skip_to_line_end(text *in)
{
    skip(in, strcspn(in->at, "\n"));
}

static void skip_comment(tlm_config_scan *scan, text *in)
{
    uint32_t begin = in->line;
    const char *end = strstr(in->at + 2, "*/");
    if (!end)
        tlm_problems_add(scan->problems, "%s:%u: the comment that begins here is not closed; expected '*/'", in->path,
                         begin);
    skip(in, end ? (size_t)(end + 2 - in->at) : strlen(in->at));
}

static void skip_string(tlm_config_scan *scan, text *in)
{
    uint32_t begin = in->line;
    for (skip(in, 1); *in->at && *in->at != '"'; skip(in, 1)) {
        if (*in->at == '\\')
            skip(in, 1);
    }
    if (!*in->at)
        tlm_problems_add(scan->problems, "%s:%u: the text that begins here is not closed; expected '\"'", in->path,
                         begin);
    skip(in, 1);
}

static int include(tlm_config_scan *scan, text *in)
{
    skip(in, strlen("@include"));
    skip(in, strspn(in->at, " \t"));
    size_t size = *in->at == '"' ? strcspn(in->at + 1, "\"\n") : 0;
    if (size == 0 || in->at[size + 1] != '"') {
        tlm_problems_add(scan->problems, "%s:%u: @include: expected a file name in quotes on the same line", in->path,
                         in->line);
        skip_to_line_end(in);
        return 0;
    }
    const char *written = tlm_arena_copy(scan->memory, in->at + 1, size);
    const char *path = written ? tlm_config_scan_path(scan->folder, written, scan->memory) : NULL;
    if (!path)
        return -ENOMEM;
    skip(in, size + 2);
    if (in->depth + 1 >= TLM_CONFIG_INCLUDE_DEPTH) {
        tlm_problems_add(scan->problems, "%s:%u: @include: files include each other more than %d deep", in->path,
                         in->line, TLM_CONFIG_INCLUDE_DEPTH);
        return 0;
    }
    int result = scan_path(scan, path, in->depth + 1);
    if (result == -ENOMEM || result == -EINVAL)
        return result == -EINVAL ? 0 : result; /* -EINVAL: told already, with the included file's lines */
    if (result < 0)
        tlm_problems_add(
            scan->problems,
            "%s:%u: @include: cannot read '%s': %s; names are relative to the folder of the file that is run", in->path,
            in->line, path, strerror(-result));
    return 0;
}

/** What a whole number does not fit into: 32 or 64 bits, or 0 when it fits. Hexadecimal ones fill the bits unsigned. */
static uint32_t bits_missing(const char *digits, int is_hex, int is_long)
{
    errno = 0;
    unsigned long long value = strtoull(digits + (*digits == '-' || *digits == '+'), NULL, is_hex ? 16 : 10);
    unsigned long long sign_room = *digits == '-' ? 1 : 0;
    if (errno || value > (unsigned long long)INT64_MAX + sign_room)
        return 64;
    return !is_long && value > (unsigned long long)INT32_MAX + sign_room ? 32 : 0;
}

/** A number, whole or real; notes a whole one that libconfig would wrap with the key before it. */
static int scan_number(tlm_config_scan *scan, text *in)
{
    const char *begin = in->at, *at = begin;
    at += *at == '-' || *at == '+';
    int is_hex = at[0] == '0' && (at[1] == 'x' || at[1] == 'X');
    at += is_hex ? 2 : 0;
    at += strspn(at, is_hex ? "0123456789abcdefABCDEF" : "0123456789");
    size_t digits = (size_t)(at - begin);
    int is_real = !is_hex && *at && strchr(".eE", *at);
    at += is_real ? strspn(at, "0123456789.eE+-") : strspn(at, "L");
    int is_long = !is_real && (size_t)(at - begin) > digits;
    const char *written = tlm_arena_copy(scan->memory, begin, (size_t)(at - begin));
    if (!written)
        return -ENOMEM;
    uint32_t bits = is_real ? 0 : bits_missing(written, is_hex, is_long);
    if (bits > 0 && scan->keys && !scan->keys->wrapped) {
        scan->keys->wrapped = written;
        scan->keys->wrapped_line = in->line;
        scan->keys->wrapped_bits = bits;
    }
    skip(in, (size_t)(at - begin));
    return 0;
}

/** A word: a key when '=' or ':' follows, else true or false, which say nothing here. */
static int scan_word(tlm_config_scan *scan, text *in)
{
    const char *begin = in->at;
    uint32_t line = in->line;
    size_t size = 1;
    while (is_name_char(begin[size]))
        size++;
    skip(in, size);
    if ((size == 4 && strncasecmp(begin, "true", 4) == 0) || (size == 5 && strncasecmp(begin, "false", 5) == 0))
        return 0;
    tlm_config_key *key = tlm_arena_alloc(scan->memory, sizeof *key);
    const char *name = tlm_arena_copy(scan->memory, begin, size);
    if (!key || !name)
        return -ENOMEM;
    *key = (tlm_config_key){.next = scan->keys, .file = in->path, .name = name, .group = scan->group, .line = line};
    scan->keys = key;
    return 0;
}

static int open_group(tlm_config_scan *scan)
{
    tlm_config_group *group = tlm_arena_alloc(scan->memory, sizeof *group);
    if (!group)
        return -ENOMEM;
    group->outer = scan->group;
    scan->group = group;
    return 0;
}

/** A byte by itself. One group too many that is closed is left for libconfig. */
static int scan_mark(tlm_config_scan *scan, text *in)
{
    char mark = *in->at;
    skip(in, 1);
    if (mark == '{')
        return open_group(scan);
    if (mark == '}' && scan->group)
        scan->group = scan->group->outer;
    return 0;
}

static int scan_token(tlm_config_scan *scan, text *in)
{
    const char *at = in->at;
    int is_line_start = in->is_line_start;
    if (*at == ' ' || *at == '\t' || *at == '\r' || *at == '\n') {
        skip(in, 1);
        return 0;
    }
    in->is_line_start = 0;
    if (*at == '#' || strncmp(at, "//", 2) == 0)
        skip_to_line_end(in);
    else if (strncmp(at, "/*", 2) == 0)
        skip_comment(scan, in);
    else if (*at == '"')
        skip_string(scan, in);
    else if (is_line_start && strncmp(at, "@include", 8) == 0)
        return include(scan, in);
    else if (is_digit(*at) || ((*at == '-' || *at == '+') && is_digit(at[1])))
        return scan_number(scan, in);
    else if (is_name_start(*at))
        return scan_word(scan, in);
    else
        return scan_mark(scan, in);
    return 0;
}

/** Appends what `fd` has, a pipe as well as a file, up to the bound. */
static int read_all(int fd, tlm_buffer *content)
{
    while (content->size <= TLM_CONFIG_SIZE_MAX) {
        char *room = tlm_buffer_reserve(content, READ_SIZE);
        if (!room)
            return -ENOMEM;
        ssize_t got = read(fd, room, READ_SIZE);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got < 0 ? -errno : 0;
        content->size += (size_t)got;
    }
    return -EFBIG;
}

/** The text of a file, in memory of the arena. -EFBIG, -EISDIR and what open and read say. */
static int load(tlm_config_scan *scan, const char *path, const char **ret_content)
{
    tlm_buffer content = TLM_BUFFER_INIT;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return -errno;
    int result = read_all(fd, &content);
    (void)close(fd); /* read only: nothing can be lost */
    const char *copy = result < 0 ? NULL : tlm_arena_copy(scan->memory, content.data, content.size);
    tlm_buffer_finish(&content);
    if (result == 0 && !copy)
        result = -ENOMEM;
    if (result == 0)
        *ret_content = copy;
    return result;
}

static int scan_path(tlm_config_scan *scan, const char *path, uint32_t depth)
{
    text in = {.path = path, .line = 1, .depth = depth, .is_line_start = 1};
    size_t problems = scan->problems->count;
    int result = load(scan, path, &in.at);
    if (result == 0 && depth == 0)
        scan->content = in.at;
    if (result == 0 && strncmp(in.at, BYTE_ORDER_MARK, strlen(BYTE_ORDER_MARK)) == 0)
        tlm_problems_add(scan->problems,
                         "%s:1: the file begins with a byte order mark (EF BB BF); save it as UTF-8 without one", path);
    while (result == 0 && *in.at)
        result = scan_token(scan, &in);
    return result == 0 && scan->problems->count > problems ? -EINVAL : result;
}

int tlm_config_scan_file(tlm_config_scan *scan, const char *path, tlm_arena *memory, tlm_problems *problems)
{
    const char *slash = strrchr(path, '/');
    *scan = (tlm_config_scan){.memory = memory, .problems = problems};
    scan->folder = tlm_arena_copy(memory, path, slash ? (size_t)(slash - path) + (slash == path) : 0);
    if (!scan->folder)
        return -ENOMEM;
    int result = scan_path(scan, path, 0);
    if (result < 0 && result != -EINVAL && result != -ENOMEM)
        tlm_problems_add(problems, "%s: cannot read the file: %s", path, strerror(-result));
    return result;
}

const tlm_config_key *tlm_config_scan_wrapped(const tlm_config_scan *scan, const char *file, uint32_t line,
                                              const char *name)
{
    for (const tlm_config_key *key = scan->keys; key; key = key->next) {
        if (key->wrapped && strcmp(key->name, name) == 0 && strcmp(key->file, file) == 0 && key->line <= line &&
            line <= key->wrapped_line)
            return key;
    }
    return NULL;
}

const char *tlm_config_scan_name_at(const tlm_config_scan *scan, const char *file, uint32_t line)
{
    const char *name = NULL;
    for (const tlm_config_key *key = scan->keys; key; key = key->next) {
        if (key->line != line || strcmp(key->file, file) != 0)
            continue;
        if (name && strcmp(name, key->name) != 0)
            return NULL;
        name = key->name;
    }
    return name;
}

static int is_repeated(const tlm_config_key *key)
{
    for (const tlm_config_key *before = key->next; before; before = before->next) {
        if (before->group == key->group && strcmp(before->name, key->name) == 0)
            return 1;
    }
    return 0;
}

const char *tlm_config_scan_repeated(const tlm_config_scan *scan, const char *file, uint32_t line)
{
    const char *name = NULL;
    for (const tlm_config_key *key = scan->keys; key; key = key->next) {
        if (key->line == line && strcmp(key->file, file) == 0 && is_repeated(key))
            name = key->name; /* the first one of the line is what libconfig stopped at */
    }
    return name;
}

const char *tlm_config_scan_path(const char *folder, const char *written, tlm_arena *memory)
{
    if (!*folder)
        return tlm_arena_copy(memory, written, strlen(written));
    return tlm_arena_print(memory, "%s%s%s", folder, strcmp(folder, "/") == 0 ? "" : "/", written);
}
