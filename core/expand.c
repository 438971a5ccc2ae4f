/* SPDX-License-Identifier: Apache-2.0 */
#include "expand.h"

#include <common/buffer.h>

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define FILE_PREFIX "file:"

static int is_name_char(char c, size_t index)
{
    int is_letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
    return is_letter || (index > 0 && c >= '0' && c <= '9');
}

static size_t name_size(tlm_text reference)
{
    size_t size = 0;
    while (size < reference.size && is_name_char(reference.data[size], size))
        size++;
    return size;
}

/** Reads the file behind `fd` to its end, at most one byte more than it may hold. */
static int read_all(int fd, char content[static TLM_EXPAND_SIZE_MAX + 1], size_t *ret_size)
{
    size_t size = 0;
    while (size <= TLM_EXPAND_SIZE_MAX) {
        ssize_t got = read(fd, content + size, TLM_EXPAND_SIZE_MAX + 1 - size);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -errno;
        if (got == 0)
            break;
        size += (size_t)got;
    }
    *ret_size = size;
    return 0;
}

static int check_content(const char *path, const char *content, size_t size, tlm_error *error)
{
    if (size > TLM_EXPAND_SIZE_MAX)
        return tlm_error_set(error, -EINVAL, "${file:%s}: the file is larger than %u KiB", path,
                             TLM_EXPAND_SIZE_MAX / 1024);
    if (memchr(content, '\0', size))
        return tlm_error_set(error, -EINVAL, "${file:%s}: the file holds a zero byte, so it is no text", path);
    return 0;
}

static int append_file(tlm_buffer *out, const char *path, tlm_error *error)
{
    int result = -ENOMEM;
    size_t size = 0;
    int fd = -1;
    char *content = malloc(TLM_EXPAND_SIZE_MAX + 1);
    if (!content)
        return result;
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    result = fd < 0 ? -errno : read_all(fd, content, &size);
    if (result < 0) {
        result = tlm_error_set(error, -EINVAL, "${file:%s}: cannot read the file: %s", path, strerror(-result));
        goto done;
    }
    result = check_content(path, content, size, error);
    if (result < 0)
        goto done;
    if (size > 0 && content[size - 1] == '\n')
        size -= size > 1 && content[size - 2] == '\r' ? 2 : 1;
    result = tlm_buffer_append(out, content, size);
done:
    if (fd >= 0)
        (void)close(fd); /* read only: nothing can be lost */
    free(content);
    return result;
}

static int append_variable(tlm_buffer *out, const char *name, const char *fallback, tlm_error *error)
{
    const char *value = getenv(name);
    if (fallback && (!value || !*value))
        value = fallback;
    if (!value)
        return tlm_error_set(error, -EINVAL, "the environment variable %s is not set; set it or write ${%s:-default}",
                             name, name);
    return tlm_buffer_append(out, value, strlen(value));
}

/** Appends what the inside of `${...}` stands for. `reference` is a private, NUL-terminated copy. */
static int append_reference(tlm_buffer *out, char *reference, tlm_error *error)
{
    if (strncmp(reference, FILE_PREFIX, strlen(FILE_PREFIX)) == 0)
        return append_file(out, reference + strlen(FILE_PREFIX), error);
    size_t size = name_size(tlm_text_of(reference));
    const char *rest = reference + size;
    if (size == 0 || (*rest && strncmp(rest, ":-", 2) != 0))
        return tlm_error_set(
            error, -EINVAL,
            "expected ${NAME}, ${NAME:-default} or ${file:PATH}, found '${%.60s}'; write $${ for a literal ${",
            reference);
    const char *fallback = *rest ? rest + 2 : NULL;
    reference[size] = '\0';
    return append_variable(out, reference, fallback, error);
}

/** Handles the `${` at `text` and moves on behind its `}`. */
static int expand_reference(const char **text, tlm_buffer *out, tlm_arena *memory, tlm_error *error)
{
    const char *inside = *text + 2;
    const char *end = strchr(inside, '}');
    if (!end)
        return tlm_error_set(error, -EINVAL, "'${' without its '}'; write $${ for a literal ${");
    char *reference = tlm_arena_copy(memory, inside, (size_t)(end - inside));
    if (!reference)
        return -ENOMEM;
    *text = end + 1;
    return append_reference(out, reference, error);
}

static int expand_into(tlm_buffer *out, const char *text, tlm_arena *memory, tlm_error *error)
{
    while (*text) {
        int result = 0;
        if (strncmp(text, "$${", 3) == 0) {
            result = tlm_buffer_append(out, "${", 2);
            text += 3;
        } else if (strncmp(text, "${", 2) == 0) {
            result = expand_reference(&text, out, memory, error);
        } else {
            result = tlm_buffer_append_char(out, *text++);
        }
        if (result < 0)
            return result;
    }
    if (out->size > TLM_EXPAND_SIZE_MAX)
        return tlm_error_set(error, -EINVAL, "the expanded text is longer than %u KiB", TLM_EXPAND_SIZE_MAX / 1024);
    return 0;
}

int tlm_expand(const char *text, tlm_arena *memory, const char **ret_text, tlm_error *error)
{
    tlm_buffer out = TLM_BUFFER_INIT;
    int result = expand_into(&out, text, memory, error);
    const char *copy = result < 0 ? NULL : tlm_arena_copy(memory, out.data, out.size);
    tlm_buffer_finish(&out);
    if (result < 0)
        return result;
    if (!copy)
        return -ENOMEM;
    *ret_text = copy;
    return 0;
}
