/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file frontend.h
 * A frontend serves connections that arrive on the host's one public port. Since 0.1.
 */
#ifndef TELEMETRA_FRONTEND_H
#define TELEMETRA_FRONTEND_H

#include "plugin.h"

#ifdef __cplusplus
extern "C" {
#endif

#define TLM_INTERFACE_FRONTEND "telemetra.frontend/1"

/** Longest head of a request, in bytes, that the host waits for. */
#define TLM_REQUEST_HEAD_MAX 16384

typedef struct tlm_frontend {
    /** Path prefixes it serves, NULL-terminated; "/" takes what no longer one does. Static. */
    const char *const *prefixes;
    /**
     * Takes over a connected, non-blocking TCP socket from which nothing was read yet: the head of the first request
     * has arrived whole (`head`, a copy, valid during the call) but still waits in the socket. The frontend owns `fd`
     * from now on, whatever happens. `peer` is a struct sockaddr of `peer_size` bytes. Called on the host's listening
     * thread: must not block.
     */
    void (*adopt)(tlm_instance *instance, int fd, const void *peer, uint32_t peer_size, tlm_text head);
} tlm_frontend;

#ifdef __cplusplus
}
#endif
#endif
