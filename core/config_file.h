/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file config_file.h
 * A configuration file whose syntax is right. Main thread.
 */
#ifndef TLM_CORE_CONFIG_FILE_H
#define TLM_CORE_CONFIG_FILE_H

#include "config_scan.h"

#include <libconfig.h>

typedef struct tlm_config_file {
    const char *path;
    config_t config;
    tlm_config_scan scan;
    tlm_arena *memory;
    tlm_problems *problems;
} tlm_config_file;

/**
 * Reads a file into `file`, which tlm_config_file_finish must end also after a failure. `memory` and `problems` must
 * outlive it. -EINVAL when problems were found, -ENOENT and others when it cannot be read, -ENOMEM.
 */
int tlm_config_file_init(tlm_config_file *file, const char *path, tlm_arena *memory, tlm_problems *problems);
void tlm_config_file_finish(tlm_config_file *file);

/** The path, as a user would open it, of the file that libconfig knows by `name`. */
const char *tlm_config_file_shown(const tlm_config_file *file, const char *name);

/** Adds the problem "FILE:LINE: sentence" at a setting. */
TLM_PRINTF(3, 4)
void tlm_config_problem(const tlm_config_file *file, const config_setting_t *setting, const char *format, ...);

/** What a setting holds, in words: "a whole number", "a list". */
const char *tlm_config_type_name(const config_setting_t *setting);

#endif
