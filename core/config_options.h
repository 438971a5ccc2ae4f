/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file config_options.h
 * A group of the file read into a config struct by an option table. Main thread.
 */
#ifndef TLM_CORE_CONFIG_OPTIONS_H
#define TLM_CORE_CONFIG_OPTIONS_H

#include "config_file.h"
#include "option.h"

/** What a group is read by and into. */
typedef struct tlm_config_target {
    const char *where; /**< how sentences name the group: "sinks.sqlite" */
    const tlm_option *options;
    uint32_t option_count;
    const char *const *host_keys; /**< NULL-terminated: keys that are not options and are left to the caller */
    void *config;
} tlm_config_target;

/**
 * Gives every member its value: what the group says, else the default. `group` may be NULL: all defaults, no required
 * option given, told at `place`. Mistakes become problems; -ENOMEM is the only failure.
 */
int tlm_config_fill(const tlm_config_file *file, const config_setting_t *group, const config_setting_t *place,
                    const tlm_config_target *target);

/**
 * The expanded text of one key that is the host's own; NULL when it is absent, or not a text (then a problem is added).
 * -ENOMEM.
 */
int tlm_config_text(const tlm_config_file *file, const config_setting_t *group, const char *where, const char *key,
                    const char **ret_text);

#endif
