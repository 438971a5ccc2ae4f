/* SPDX-License-Identifier: Apache-2.0 */
#include "rotation.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>

static bool is_rotated_name(const char *name, const char *base)
{
    size_t size = strlen(base);

    if (strncmp(name, base, size) != 0 || (name[size] != '.' && name[size] != '-'))
        return false;
    const char *suffix = name + size + 1;
    size_t stamp = strspn(suffix, "0123456789.-");
    if (stamp == 0)
        return false;
    /* The stamp has taken the dot of `.gz` with it. */
    return suffix[stamp] == '\0' || (suffix[stamp - 1] == '.' && stamp > 1 && strcmp(suffix + stamp, "gz") == 0);
}

static int add(tlm_rotation *rotation, const char *path, const char *base, const char *name, const struct stat *status)
{
    char *joined;
    tlm_rotated *files = realloc(rotation->files, (rotation->count + 1) * sizeof *files);

    if (!files)
        return -ENOMEM;
    rotation->files = files;
    if (asprintf(&joined, "%.*s%s", (int)(base - path), path, name) < 0)
        return -ENOMEM;
    int64_t written_ns = (int64_t)status->st_mtim.tv_sec * 1000000000 + status->st_mtim.tv_nsec;
    files[rotation->count++] = (tlm_rotated){joined, status->st_dev, status->st_ino, written_ns};
    return 0;
}

static int compare(const void *a, const void *b)
{
    const tlm_rotated *left = a, *right = b;

    if (left->written_ns != right->written_ns)
        return left->written_ns < right->written_ns ? -1 : 1;
    return strcmp(right->path, left->path); /* NAME.2 is older than NAME.1 */
}

static DIR *open_folder(const char *path, const char *base)
{
    if (base == path)
        return opendir(".");
    char *folder = strndup(path, (size_t)(base - path));
    DIR *found = folder ? opendir(folder) : NULL;
    free(folder);
    return found;
}

static int collect(DIR *folder, const char *path, const char *base, tlm_rotation *rotation)
{
    struct dirent *entry;

    while ((void)(errno = 0), (entry = readdir(folder))) {
        struct stat status;
        if (!is_rotated_name(entry->d_name, base))
            continue;
        if (fstatat(dirfd(folder), entry->d_name, &status, 0) < 0) {
            if (errno == ENOENT)
                continue; /* rotated on meanwhile */
            return -errno;
        }
        if (!S_ISREG(status.st_mode))
            continue;
        if (rotation->count == TLM_ROTATION_MAX)
            return -EOVERFLOW;
        int result = add(rotation, path, base, entry->d_name, &status);
        if (result < 0)
            return result;
    }
    return -errno;
}

int tlm_rotation_list(const char *path, tlm_rotation *ret_rotation, tlm_error *error)
{
    const char *slash = strrchr(path, '/');
    const char *base = slash ? slash + 1 : path;
    tlm_rotation rotation = {0};
    DIR *folder = open_folder(path, base);
    int result = folder ? collect(folder, path, base, &rotation) : -errno;

    if (folder)
        (void)closedir(folder);
    if (result < 0) {
        tlm_rotation_finish(&rotation);
        return tlm_error_set(error, result, "%s: the folder cannot be searched for rotated files: %s", path,
                             strerror(-result));
    }
    if (rotation.count > 1)
        qsort(rotation.files, rotation.count, sizeof *rotation.files, compare);
    *ret_rotation = rotation;
    return 0;
}

void tlm_rotation_finish(tlm_rotation *rotation)
{
    for (uint32_t i = 0; i < rotation->count; i++)
        free(rotation->files[i].path);
    free(rotation->files);
    *rotation = (tlm_rotation){0};
}
