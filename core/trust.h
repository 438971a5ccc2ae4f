/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file trust.h
 * Whether what a path leads to can only have been put there by root or the running user. No state, any thread.
 */
#ifndef TLM_CORE_TRUST_H
#define TLM_CORE_TRUST_H

#include <telemetra/base.h>

#include <sys/stat.h>

/**
 * Checks a folder, given by its real path (no symbolic links, absolute), and every folder above it: each belongs to
 * root or the running user and others may not write to it. Above the folder, one of root's that others may write to is
 * taken when it is sticky, like /tmp: there nobody can rename or remove what is ours. -EPERM with a sentence, or what
 * stat says. `warning` gets a sentence when a group may write to one of them; else its text is left empty.
 */
int tlm_trust_folder(const char *real_path, tlm_error *warning, tlm_error *error);

/** The same for one opened object, of which `about` was read by fstat; `path` is for the sentences. */
int tlm_trust_object(const char *path, const struct stat *about, tlm_error *warning, tlm_error *error);

#endif
