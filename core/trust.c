/* SPDX-License-Identifier: Apache-2.0 */
#include "trust.h"

#include <limits.h>
#include <unistd.h>

static int check_owner(const char *what, const char *path, const struct stat *about, tlm_error *error)
{
    if (about->st_uid == 0 || about->st_uid == geteuid())
        return 0;
    return tlm_error_set(error, -EPERM, "%s %s: owner: expected root or the running user (uid %u), found uid %u", what,
                         path, (unsigned)geteuid(), (unsigned)about->st_uid);
}

static int check_mode(const char *what, const char *path, const struct stat *about, tlm_error *warning,
                      tlm_error *error)
{
    if (about->st_mode & S_IWOTH)
        return tlm_error_set(error, -EPERM, "%s %s: mode: expected that others may not write to it, found %04o", what,
                             path, (unsigned)about->st_mode & 07777u);
    /* The first warning stays: it is the nearest to the object. */
    if ((about->st_mode & S_IWGRP) && !warning->text[0])
        (void)tlm_error_set(warning, 0,
                            "%s %s: its group may write to it (mode %04o): whoever is in it can run code here", what,
                            path, (unsigned)about->st_mode & 07777u);
    return 0;
}

/** A sticky folder of root's, in which others can make entries of their own but not replace ours. */
static int is_shared_safely(const struct stat *about)
{
    return (about->st_mode & S_ISVTX) && about->st_uid == 0;
}

static int check_folder(const char *path, int is_above, tlm_error *warning, tlm_error *error)
{
    struct stat about;
    if (lstat(path, &about) < 0) {
        int code = errno;
        return tlm_error_set(error, -code, "folder %s: %s", path, strerror(code));
    }
    if (!S_ISDIR(about.st_mode))
        return tlm_error_set(error, -ENOTDIR, "folder %s: expected a folder, found another kind of file", path);
    int result = check_owner("folder", path, &about, error);
    if (result < 0 || (is_above && is_shared_safely(&about)))
        return result;
    return check_mode("folder", path, &about, warning, error);
}

int tlm_trust_folder(const char *real_path, tlm_error *warning, tlm_error *error)
{
    char path[PATH_MAX];
    size_t size = strlen(real_path);
    warning->text[0] = '\0';
    if (size == 0 || size >= sizeof path || real_path[0] != '/')
        return tlm_error_set(error, -ENAMETOOLONG, "folder %.100s: expected an absolute path of at most %zu bytes",
                             real_path, sizeof path - 1);
    memcpy(path, real_path, size + 1);
    int result = check_folder(path, 0, warning, error);
    while (result == 0 && strcmp(path, "/") != 0) {
        char *slash = strrchr(path, '/');
        slash[slash == path] = '\0'; /* the root keeps its slash */
        result = check_folder(path, 1, warning, error);
    }
    return result;
}

int tlm_trust_object(const char *path, const struct stat *about, tlm_error *warning, tlm_error *error)
{
    warning->text[0] = '\0';
    if (!S_ISREG(about->st_mode))
        return tlm_error_set(error, -EPERM, "file %s: expected a regular file, found another kind", path);
    int result = check_owner("file", path, about, error);
    return result < 0 ? result : check_mode("file", path, about, warning, error);
}
