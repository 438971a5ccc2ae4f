/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file replay.c
 * Source `replay`: NDJSON files and standard input, plain or gzip, read one after another as one input.
 *
 * A record is a line that is not blank, without its line feed. A place is the number of the record, the byte and the
 * line in its (decompressed) file, and as generation what the file is known by (fingerprint.h): a file is found again
 * by its number in the list and its first bytes, so it may be copied, restored or compressed meanwhile, but not
 * changed. A followed file that was rotated is found again under its rotated name (rotation.h), and those rotated after
 * it are read before the current one. Standard input is read anew, with new record numbers; so is a followed file whose
 * place is in no file any more.
 */
#include "reader.h"

#include <telemetra/telemetra.h>

#include "fingerprint.h"
#include "input.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct {
    tlm_text_list paths;
    uint32_t follow;
    double speed;
    int64_t read_size;
} replay_config;

struct tlm_instance {
    const replay_config *config;
    const tlm_host *host;
    tlm_reader *reader; /* from start to stop */
};

static bool is_standard_input(const char *path)
{
    return strcmp(path, TLM_INPUT_STANDARD) == 0;
}

static int check_paths(const replay_config *config, tlm_error *error)
{
    const tlm_text_list *paths = &config->paths;
    uint32_t streams = 0;

    if (paths->count == 0)
        return tlm_error_set(error, -EINVAL, "path: names no file");
    if (paths->count > TLM_FINGERPRINT_FILES_MAX)
        return tlm_error_set(error, -EINVAL, "path: lists %u files, at most %d can be read as one input", paths->count,
                             TLM_FINGERPRINT_FILES_MAX);
    for (uint32_t i = 0; i < paths->count; i++) {
        if (paths->items[i][0] == '\0')
            return tlm_error_set(error, -EINVAL, "path: entry %u is empty; name a file, or \"-\" for standard input",
                                 i + 1);
        streams += is_standard_input(paths->items[i]);
    }
    if (streams > 1)
        return tlm_error_set(error, -EINVAL, "path: lists standard input (\"-\") more than once");
    if (config->follow && is_standard_input(paths->items[paths->count - 1]))
        return tlm_error_set(error, -EINVAL,
                             "follow: the last path is standard input, which is read to its end anyway; "
                             "set follow = false or name a file last");
    return 0;
}

/* Whether a file is there and may be read, before anything else of the pipeline runs. */
static int check_file(const char *path, bool may_come, tlm_error *error)
{
    struct stat status;

    if (stat(path, &status) < 0) {
        if (errno == ENOENT && may_come)
            return 0;
        return tlm_error_set(error, -errno, "path: %s cannot be read: %s", path, strerror(errno));
    }
    if (S_ISDIR(status.st_mode))
        return tlm_error_set(error, -EISDIR, "path: %s is a folder; name the files in it", path);
    if (!S_ISREG(status.st_mode))
        return tlm_error_set(error, -EINVAL,
                             "path: %s is not a regular file; pipes are read from standard input: \"-\"", path);
    if (access(path, R_OK) < 0)
        return tlm_error_set(error, -errno, "path: %s cannot be read: %s", path, strerror(errno));
    return 0;
}

static int replay_create(const tlm_host *host, const void *config, tlm_instance **ret_instance, tlm_error *error)
{
    int result = check_paths(config, error);

    if (result < 0)
        return result;
    tlm_instance *instance = calloc(1, sizeof *instance);
    if (!instance)
        return tlm_error_set(error, -ENOMEM, "no memory");
    instance->config = config;
    instance->host = host;
    *ret_instance = instance;
    return 0;
}

static int replay_start(tlm_instance *instance, tlm_error *error)
{
    const replay_config *config = instance->config;
    tlm_reader_options options = {.host = instance->host,
                                  .paths = config->paths.items,
                                  .path_count = config->paths.count,
                                  .follow = config->follow,
                                  .speed = config->speed,
                                  .read_bytes = (size_t)config->read_size};

    for (uint32_t i = 0; i < config->paths.count; i++) {
        const char *path = config->paths.items[i];
        bool may_come = config->follow && i + 1 == config->paths.count;
        int result = is_standard_input(path) ? 0 : check_file(path, may_come, error);
        if (result < 0)
            return result;
    }
    return tlm_reader_create(&options, &instance->reader, error);
}

static void replay_stop(tlm_instance *instance)
{
    tlm_reader_destroy(instance->reader);
    instance->reader = NULL;
}

static void replay_destroy(tlm_instance *instance)
{
    if (instance)
        replay_stop(instance);
    free(instance);
}

static int replay_open(tlm_instance *instance, const tlm_position *from, tlm_error *error)
{
    return tlm_reader_open(instance->reader, from, error);
}

static int replay_read(tlm_instance *instance, uint32_t max_records, int32_t timeout_ms,
                       const tlm_records **ret_records, tlm_error *error)
{
    return tlm_reader_read(instance->reader, max_records, timeout_ms, ret_records, error);
}

static void replay_close(tlm_instance *instance)
{
    tlm_reader_close(instance->reader);
}

static void replay_wake(tlm_instance *instance)
{
    tlm_reader_wake(instance->reader);
}

static void replay_progress(tlm_instance *instance, uint64_t *ret_done, uint64_t *ret_total)
{
    tlm_reader_progress(instance->reader, ret_done, ret_total);
}

static const void *replay_interface(const char *id)
{
    static const tlm_source source = {.open = replay_open,
                                      .read = replay_read,
                                      .close = replay_close,
                                      .wake = replay_wake,
                                      .progress = replay_progress};

    return strcmp(id, TLM_INTERFACE_SOURCE) == 0 ? &source : NULL;
}

static const tlm_option options[] = {
    {.name = "path",
     .type = TLM_OPTION_LIST,
     .flags = TLM_OPTION_REQUIRED,
     .offset = offsetof(replay_config, paths),
     .doc = "Files of JSON lines, plain or gzip, read one after another as one input; \"-\" is standard input."},
    {.name = "follow",
     .type = TLM_OPTION_BOOL,
     .offset = offsetof(replay_config, follow),
     .default_text = "false",
     .doc = "Goes on reading what is appended to the last file, as `tail -F`: also when it is not there yet, was "
            "replaced (rotated to NAME.1, NAME-20260101, ...) or emptied. It must not be gzip."},
    {.name = "speed",
     .type = TLM_OPTION_REAL,
     .offset = offsetof(replay_config, speed),
     .default_text = "0",
     .min = 0,
     .max = 1000000,
     .doc =
         "0 reads as fast as possible; otherwise lines come at this multiple of real time by the first \"timestamp\" "
         "in each. Steps of more than a day are not waited for."},
    {.name = "read_size",
     .type = TLM_OPTION_SIZE,
     .offset = offsetof(replay_config, read_size),
     .default_text = "1MiB",
     .min = 64 * 1024,
     .max = 64 * 1024 * 1024,
     .doc = "Bytes read at once. Change it only to measure."},
};

static const tlm_component component = {
    .struct_size = sizeof(tlm_component),
    .config_size = sizeof(replay_config),
    .id = "replay",
    .summary = "Reads events from files or standard input: JSON lines, plain or gzip.",
    .options = options,
    .option_count = TLM_COUNT(options),
    .create = replay_create,
    .start = replay_start,
    .stop = replay_stop,
    .destroy = replay_destroy,
    .get_interface = replay_interface,
};

static const tlm_component *const components[] = {&component};

TLM_PLUGIN("replay", TELEMETRA_VERSION, components);
