/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file elf_check.h
 * A look into an ELF object before it is loaded, so that a wrong one is refused with a sentence and none of its code
 * runs. No state, any thread. The format: System V ABI, chapters 4 and 5, and `man 5 elf`.
 */
#ifndef TLM_CORE_ELF_CHECK_H
#define TLM_CORE_ELF_CHECK_H

#include <telemetra/base.h>

/** Largest symbol or string table that is read. */
#define TLM_ELF_TABLE_SIZE_MAX (64u * 1024u * 1024u)

/**
 * Checks that `fd` is a whole shared object for this machine and that it exports the data symbol `symbol`. -EINVAL with
 * "FIELD: expected ..., found ...", -ENOMEM, or what pread says.
 */
int tlm_elf_check(int fd, const char *symbol, uint64_t *ret_symbol_size, tlm_error *error);

#endif
