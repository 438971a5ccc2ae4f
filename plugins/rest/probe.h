/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file probe.h
 * Whether a store that is in trouble answers all the same. A question to a store takes as long as the store likes, so
 * it is put on a thread of its own, and who wants to know waits for a fraction of a second: a store that lets it pass
 * does not answer. Any thread.
 */
#ifndef TLM_REST_PROBE_H
#define TLM_REST_PROBE_H

#include <stdbool.h>
#include <telemetra/telemetra.h>

/** How long a store may take. */
#define TLM_REST_PROBE_PATIENCE_MS 200

typedef struct tlm_rest_probe tlm_rest_probe;

/** Starts the thread. `host` must outlive it. */
int tlm_rest_probe_create(const tlm_host *host, tlm_rest_probe **ret_probe);
/** Waits for a question that is under way. Accepts NULL. */
void tlm_rest_probe_destroy(tlm_rest_probe *probe);

/** Whether the configured store of that name answers now; false also while another one is being asked. */
bool tlm_rest_probe_answers(tlm_rest_probe *probe, const char *name);

#endif
