/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file descriptor.h
 * The sanity of what a loaded object describes itself to be. Nothing of a plugin is used before it passed. Main thread.
 */
#ifndef TLM_CORE_DESCRIPTOR_H
#define TLM_CORE_DESCRIPTOR_H

#include <telemetra/telemetra.h>

/** Bounds of a descriptor. */
#define TLM_DESCRIPTOR_COMPONENTS_MAX 64
#define TLM_DESCRIPTOR_DATASETS_MAX 64
#define TLM_DESCRIPTOR_CONFIG_SIZE_MAX (64u * 1024u)

/**
 * Checks a plugin whose symbol has `symbol_size` bytes: magic, ABI, sizes, names, callbacks, interfaces, options and
 * datasets. -EINVAL with "FIELD: expected ..., found ...", -ENOMEM.
 */
int tlm_descriptor_check(const tlm_plugin *plugin, uint64_t symbol_size, tlm_error *error);

/** Checks one dataset table. */
int tlm_dataset_check(const tlm_dataset *dataset, tlm_error *error);

#endif
