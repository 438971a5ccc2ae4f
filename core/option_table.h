/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file option_table.h
 * The sanity of an option table that comes from a plugin.
 */
#ifndef TLM_CORE_OPTION_TABLE_H
#define TLM_CORE_OPTION_TABLE_H

#include <telemetra/option.h>

/** Most rows of a table. */
#define TLM_OPTION_COUNT_MAX 256

/** Longest name of an option, a component, a dataset or a column, in bytes. */
#define TLM_NAME_SIZE_MAX 63

/** Whether a name begins with a lower-case letter and goes on with those, digits and underscores: 1 or 0. */
int tlm_name_is_legal(const char *name);

/**
 * Checks that names are legal, unique and not reserved for the host, that types are known, that members lie within the
 * config struct without overlapping, and that each default is a value of its option. -EINVAL with "option 'x': FIELD:
 * expected ..., found ...".
 */
int tlm_option_table_check(const tlm_option *options, uint32_t count, uint32_t config_size, tlm_error *error);

#endif
