/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file option.h
 * One option of a table: its value read into the config struct, and its bounds as people read them. Main thread.
 */
#ifndef TLM_CORE_OPTION_H
#define TLM_CORE_OPTION_H

#include "arena.h"

#include <telemetra/option.h>

/** Bytes for a described expectation and its NUL. */
#define TLM_OPTION_TEXT_SIZE 512

/**
 * Writes `text` into the option's member of `config`. Texts and lists are copied to the arena. -EINVAL with "expected
 * ..., found ...", in which the value of a secret is "***"; -ENOMEM. `config` is untouched on failure.
 */
int tlm_option_parse(const tlm_option *option, const char *text, tlm_arena *memory, void *config, tlm_error *error);

/** The same for a TLM_OPTION_LIST given as separate texts, which are trimmed; empty ones are dropped. */
int tlm_option_parse_list(const tlm_option *option, const char *const *texts, size_t count, tlm_arena *memory,
                          void *config, tlm_error *error);

/**
 * The same for a TLM_OPTION_GROUP given as `count` names with their values. -EINVAL when there are too few or many of
 * them. (A GROUP written as one text is refused by tlm_option_parse.)
 */
int tlm_option_set_group(const tlm_option *option, const char *const *names, const char *const *values, uint32_t count,
                         tlm_arena *memory, void *config, tlm_error *error);

/** Gives every member its value when the file says nothing: the default, else zero or absent. -EINVAL, -ENOMEM. */
int tlm_option_set_default(const tlm_option *option, tlm_arena *memory, void *config, tlm_error *error);

/** Name of a type in the reference: "duration"; NULL for a type that is not known. */
const char *tlm_option_type_name(uint32_t type);

/** Bytes of the member of a type; 0 for a type that is not known. */
size_t tlm_option_member_size(uint32_t type);

/** Writes what the option wants: "a whole number from 1 to 256"; returns `out`. */
const char *tlm_option_expected(const tlm_option *option, char out[static TLM_OPTION_TEXT_SIZE]);

/** Writes its bounds or choices: "1 to 256", "clock, finish", or an empty text; returns `out`. */
const char *tlm_option_bounds(const tlm_option *option, char out[static TLM_OPTION_TEXT_SIZE]);

/** Writes a value as an error shows it: quoted, cut, without control characters; "***" for a secret. Returns `out`. */
const char *tlm_option_found(const tlm_option *option, const char *text, char out[static TLM_OPTION_TEXT_SIZE]);

#endif
