/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file api.h
 * The routes of the API over host services: requests in, answers out, nothing of sockets. Any thread once it is open.
 */
#ifndef TLM_REST_API_H
#define TLM_REST_API_H

#include "common/http_answer.h"
#include "common/http_head.h"
#include "common/http_target.h"
#include "kept.h"
#include "live.h"
#include "pages.h"
#include "probe.h"

#include <stdatomic.h>
#include <telemetra/telemetra.h>

typedef struct tlm_rest_api {
    const tlm_host *host;
    const char *title;
    tlm_text_list cors_origins;
    const tlm_health_service *health;   /**< NULL: the host has none */
    const tlm_metrics_service *metrics; /**< NULL: the host has none */
    const tlm_store *store;             /**< NULL: none is configured */
    tlm_instance *store_instance;
    tlm_rest_live *live;
    tlm_rest_kept *kept;
    tlm_rest_pages *pages; /**< NULL until tlm_rest_api_open */
    tlm_rest_probe *probe;
    atomic_bool *is_store_silent; /**< told to the log already */
} tlm_rest_api;

typedef struct tlm_rest_route tlm_rest_route;

/** One request on its way through the routes. */
typedef struct tlm_rest_call {
    const tlm_rest_api *api;
    const tlm_rest_route *route; /**< NULL: it is a page */
    const tlm_http_request *request;
    const tlm_http_target *target;
    tlm_http_answer *answer;
} tlm_rest_call;

/** What `windows` shows and where its stream and time stand: for the table of early rows. */
extern const tlm_rest_view tlm_rest_metrics_view;
enum { TLM_REST_METRICS_STREAM = 0, TLM_REST_METRICS_TIME = 1 };

/**
 * Gathers the pages of the process and writes the descriptions: before the first request, and not before an `adopt`.
 * -ENOMEM, -E2BIG: too many pages; then it may be tried again.
 */
int tlm_rest_api_open(tlm_rest_api *api);

/**
 * Answers a request (answer initialised by the caller). Blocks for as long as the store takes; a request with a body
 * never gets that far and is answered at once.
 */
void tlm_rest_api_answer(const tlm_rest_api *api, const tlm_http_request *request, tlm_http_answer *answer);

/* Handlers of routes (data.c, status.c, documents.c): the method and the path have been looked at. */
void tlm_rest_root(tlm_rest_call *call);
void tlm_rest_alive(tlm_rest_call *call);
void tlm_rest_health(tlm_rest_call *call);
void tlm_rest_live_health(tlm_rest_call *call);
void tlm_rest_process_metrics(tlm_rest_call *call);
void tlm_rest_streams(tlm_rest_call *call);
void tlm_rest_stream_metrics(tlm_rest_call *call);
void tlm_rest_stream_moments(tlm_rest_call *call);
void tlm_rest_document(tlm_rest_call *call);

/** A decimal parameter, or its default; bounds and default are the route's. False: a 422 says what was expected. */
bool tlm_rest_parameter_integer(tlm_rest_call *call, const char *name, int64_t *ret_value);
/** A point in time, RFC 3339 or epoch milliseconds, or its default. False: as above. */
bool tlm_rest_parameter_time(tlm_rest_call *call, const char *name, int64_t otherwise, int64_t *ret_time_ns);

#endif
