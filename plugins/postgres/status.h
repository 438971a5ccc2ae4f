/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file status.h
 * The health of an instance from what its several users of the server see. Any thread.
 */
#ifndef TLM_POSTGRES_STATUS_H
#define TLM_POSTGRES_STATUS_H

#include <telemetra/host.h>

#include <pthread.h>

/** Who sees something: those who write, those who ask, and the keeper, who looks after the server all the time. */
enum { TLM_SEEN_BY_WRITERS = 0, TLM_SEEN_BY_READERS = 1, TLM_SEEN_BY_KEEPER = 2, TLM_SEEN_COUNT = 3 };

/** A failure of writers that none repeats for so long is over: the host tries again every few seconds. */
#define TLM_STATUS_STALE_MS 30000

typedef struct tlm_status {
    const tlm_host *host;
    const tlm_health_service *health; /* may be NULL */
    pthread_mutex_t mutex;            /* guards what follows */
    int results[TLM_SEEN_COUNT];
    int64_t noted_ms[TLM_SEEN_COUNT]; /* monotonic */
    tlm_error sentences[TLM_SEEN_COUNT];
    tlm_error remark; /* told while all is well; may be empty */
} tlm_status;

void tlm_status_init(tlm_status *status, const tlm_host *host);
void tlm_status_finish(tlm_status *status);

/** Notes how it went for one of them; the instance is degraded while it goes wrong for any. */
void tlm_status_note(tlm_status *status, uint32_t who, int result, const tlm_error *error);

/** What is worth knowing while the instance is well, or NULL for nothing. */
void tlm_status_remark(tlm_status *status, const tlm_error *remark);

/**
 * Whether the keeper's last look found a server that does not answer: its result and sentence; else 0. Whoever only
 * asks need not wait for the same on a connection that still looks open.
 */
int tlm_status_refuses(tlm_status *status, tlm_error *error);

#endif
