/* SPDX-License-Identifier: Apache-2.0 */
#include "registry_load.h"
#include "descriptor.h"
#include "elf_check.h"
#include "trust.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

/** A link out of the folder leads through folders of its own, which must be trusted like the first ones. */
static int check_target_folder(const char *folder, const char *path, tlm_error *warning, tlm_error *error)
{
    char *target = realpath(path, NULL);
    if (!target) {
        int code = errno;
        return tlm_error_set(error, -code, "file %s: %s", path, strerror(code));
    }
    char *slash = strrchr(target, '/');
    slash[slash == target] = '\0';
    int result = strcmp(target, folder) == 0 ? 0 : tlm_trust_folder(target, warning, error);
    free(target);
    return result;
}

/** Loads what `fd` refers to, so that what was checked is what runs. */
static int open_object(int fd, const char *path, void **ret_handle, tlm_error *error)
{
    char name[32];
    (void)snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    void *handle = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
        const char *cause = dlerror();
        return tlm_error_set(error, -ELIBBAD, "file %s: expected an object that can be loaded, found: %.800s", path,
                             cause ? cause : "no reason given");
    }
    *ret_handle = handle;
    return 0;
}

static int check_plugin(void *handle, const char *path, uint64_t symbol_size, const tlm_plugin **ret_plugin,
                        tlm_error *error)
{
    tlm_error cause;
    const tlm_plugin *plugin = dlsym(handle, TLM_PLUGIN_SYMBOL);
    if (!plugin)
        return tlm_error_set(error, -ELIBBAD, "file %s: expected the symbol '%s', found none", path, TLM_PLUGIN_SYMBOL);
    int result = tlm_descriptor_check(plugin, symbol_size, &cause);
    if (result < 0)
        return tlm_error_set(error, result, "file %s: %.900s", path, cause.text);
    *ret_plugin = plugin;
    return 0;
}

static int check_file(const char *folder, const char *path, int fd, uint64_t *ret_symbol_size, tlm_error *warning,
                      tlm_error *error)
{
    struct stat about;
    tlm_error cause, folder_warning = {.text = ""};
    if (fstat(fd, &about) < 0) {
        int code = errno;
        return tlm_error_set(error, -code, "file %s: %s", path, strerror(code));
    }
    int result = tlm_trust_object(path, &about, warning, error);
    if (result == 0)
        result = check_target_folder(folder, path, &folder_warning, error);
    if (result < 0)
        return result;
    if (!warning->text[0])
        *warning = folder_warning;
    result = tlm_elf_check(fd, TLM_PLUGIN_SYMBOL, ret_symbol_size, &cause);
    return result < 0 ? tlm_error_set(error, result, "file %s: %.900s", path, cause.text) : 0;
}

int tlm_registry_load(const char *folder, const char *path, const tlm_plugin **ret_plugin, tlm_error *warning,
                      tlm_error *error)
{
    void *handle = NULL;
    uint64_t symbol_size = 0;
    /* O_NONBLOCK: a FIFO of that name must not hold the process up; it is refused as no regular file. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        int code = errno;
        return tlm_error_set(error, -code, "file %s: cannot open it: %s", path, strerror(code));
    }
    int result = check_file(folder, path, fd, &symbol_size, warning, error);
    if (result == 0)
        result = open_object(fd, path, &handle, error);
    if (result < 0) {
        (void)close(fd); /* read only, and nothing was loaded through it */
        return result;
    }
    return check_plugin(handle, path, symbol_size, ret_plugin, error);
}
