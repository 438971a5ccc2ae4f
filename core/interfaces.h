/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file interfaces.h
 * The interfaces that this host uses. No state, any thread.
 */
#ifndef TLM_CORE_INTERFACES_H
#define TLM_CORE_INTERFACES_H

#include <telemetra/telemetra.h>

/** An interface: its id and the names of its members, all of them pointers that must be set. */
typedef struct tlm_interface {
    const char *id;
    const char *const *members;
    uint32_t member_count;
} tlm_interface;

extern const tlm_interface tlm_interfaces[];
extern const uint32_t tlm_interface_count;

/** Bytes for the list of what a component offers and its NUL. */
#define TLM_OFFERS_TEXT_SIZE 256

/** Writes "telemetra.sink/1, telemetra.store/1", or "none that this host knows"; returns `out`. */
const char *tlm_interfaces_offered(const tlm_component *component, char out[static TLM_OFFERS_TEXT_SIZE]);

#endif
