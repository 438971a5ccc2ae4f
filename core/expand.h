/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file expand.h
 * References inside the strings of a configuration file, replaced after parsing, so that a value never becomes syntax:
 *
 *     ${NAME}            the environment variable; an error when it is not set
 *     ${NAME:-default}   the same, or `default` when it is not set or empty (as in the shell)
 *     ${file:PATH}       the content of a file without one line end at its end
 *     $${                a literal ${
 *
 * What is put in is not looked at again. Main thread (it reads the environment).
 */
#ifndef TLM_CORE_EXPAND_H
#define TLM_CORE_EXPAND_H

#include "arena.h"

/** Largest file that ${file:PATH} takes in, and largest text that may come of an expansion. */
#define TLM_EXPAND_SIZE_MAX (64u * 1024u)

/**
 * Expands `text` into memory of the arena. -EINVAL with a sentence that names the variable or file and never shows a
 * value; -ENOMEM.
 */
int tlm_expand(const char *text, tlm_arena *memory, const char **ret_text, tlm_error *error);

#endif
