/* SPDX-License-Identifier: Apache-2.0 */
/* The route table, and what holds for every route: methods, CORS, bodies. */
#include "route.h"

#define METHODS "GET, HEAD, OPTIONS"
#define PREFLIGHT_SECONDS "600"

static const tlm_rest_parameter_spec streams_parameters[] = {
    {"limit", TLM_REST_INTEGER, 1, 500, 100, "Streams at most.", NULL},
    {"offset", TLM_REST_INTEGER, 0, INT64_MAX, 0, "Streams to pass over.", NULL},
};
static const tlm_rest_parameter_spec metrics_parameters[] = {
    {"limit", TLM_REST_INTEGER, 1, 1000, 100, "Windows at most.", NULL},
    {"before", TLM_REST_TIME, 0, 0, 0,
     "Pages back: only windows whose timestamp is before this time, RFC 3339 or milliseconds since 1970, in the years "
     "1970 to 2261.",
     "2026-01-01T12:00:00Z"},
};
static const tlm_rest_parameter_spec moments_parameters[] = {
    {"limit", TLM_REST_INTEGER, 1, 200, 50, "Moments at most.", NULL},
};

#define JSON "application/json"
#define ROWS_MAY (TLM_REST_MAY_422 | TLM_REST_MAY_503)

static const tlm_rest_route routes[] = {
    {.path = "/api/v1/streams",
     .name = "streams",
     .group = "Streams",
     .summary = "All streams",
     .doc = "Live ones first, then by viewers (none last), then by id.",
     .parameters = streams_parameters,
     .parameter_count = TLM_COUNT(streams_parameters),
     .may = ROWS_MAY,
     .shape = &tlm_rest_shape_stream,
     .is_list = true,
     .is_kept = true,
     .content_type = JSON,
     .answer = tlm_rest_streams},
    {.path = "/api/v1/streams/{id}/metrics",
     .name = "stream_metrics",
     .group = "Streams",
     .summary = "Windows of a stream",
     .doc = "Newest first. The newest one is shown before it is final, and changes until then.",
     .parameters = metrics_parameters,
     .parameter_count = TLM_COUNT(metrics_parameters),
     .may = ROWS_MAY | TLM_REST_MAY_404,
     .shape = &tlm_rest_shape_metrics,
     .is_list = true,
     .is_kept = true,
     .content_type = JSON,
     .answer = tlm_rest_stream_metrics},
    {.path = "/api/v1/streams/{id}/moments",
     .name = "stream_moments",
     .group = "Streams",
     .summary = "Moments of a stream",
     .doc = "Newest first; an empty list when there are none.",
     .parameters = moments_parameters,
     .parameter_count = TLM_COUNT(moments_parameters),
     .may = ROWS_MAY,
     .shape = &tlm_rest_shape_moment,
     .is_list = true,
     .is_kept = true,
     .content_type = JSON,
     .answer = tlm_rest_stream_moments},
    {.path = "/",
     .name = "root",
     .group = "Process",
     .summary = "Name and version",
     .doc = "A browser is sent to the dashboard where there is one.",
     .may = TLM_REST_MAY_307,
     .shape = &tlm_rest_shape_root,
     .content_type = JSON,
     .answer = tlm_rest_root},
    {.path = "/health",
     .name = "alive",
     .group = "Process",
     .summary = "Whether the process serves",
     .doc = "Looks at nothing else: for probes of liveness.",
     .shape = &tlm_rest_shape_alive,
     .content_type = JSON,
     .answer = tlm_rest_alive},
    {.path = "/api/v1/health",
     .name = "health",
     .group = "Process",
     .summary = "Health of each part",
     .doc = "200 for ok and degraded; 503 for error, when nothing can be served.",
     .may = TLM_REST_MAY_503_ALIKE,
     .shape = &tlm_rest_shape_health,
     .content_type = JSON,
     .answer = tlm_rest_health},
    {.path = "/ws/live/health",
     .name = "live_health",
     .group = "Process",
     .summary = "Live connections",
     .doc = "How many clients watch which stream.",
     .may = TLM_REST_MAY_426 | TLM_REST_MAY_503,
     .shape = &tlm_rest_shape_live_health,
     .gives_way = true,
     .content_type = JSON,
     .answer = tlm_rest_live_health},
    {.path = "/metrics",
     .name = "metrics",
     .group = "Process",
     .summary = "Prometheus metrics",
     .doc = "Of the whole process, in the text format 0.0.4.",
     .may = TLM_REST_MAY_503,
     .content_type = "text/plain; version=0.0.4; charset=utf-8",
     .answer = tlm_rest_process_metrics},
    {.path = "/openapi.json",
     .name = "openapi",
     .group = "Description",
     .summary = "This description for programs",
     .doc = "OpenAPI 3.1.",
     .may = TLM_REST_MAY_304 | TLM_REST_MAY_503,
     .content_type = JSON,
     .answer = tlm_rest_document},
    {.path = "/docs",
     .name = "docs",
     .group = "Description",
     .summary = "This description, to try out",
     .doc = "A page that sends the requests it describes.",
     .may = TLM_REST_MAY_304 | TLM_REST_MAY_503,
     .content_type = "text/html; charset=utf-8",
     .answer = tlm_rest_document},
    {.path = "/redoc",
     .name = "redoc",
     .group = "Description",
     .summary = "This description, to read",
     .doc = "A page with every field and an example of every answer.",
     .may = TLM_REST_MAY_304 | TLM_REST_MAY_503,
     .content_type = "text/html; charset=utf-8",
     .answer = tlm_rest_document},
};

const tlm_rest_route *tlm_rest_routes(uint32_t *ret_count)
{
    *ret_count = TLM_COUNT(routes);
    return routes;
}

static const tlm_rest_route *find_route(const tlm_http_target *target)
{
    for (size_t i = 0; i < TLM_COUNT(routes); i++)
        if (tlm_http_target_is(target, routes[i].path, ""))
            return &routes[i];
    return NULL;
}

static bool is_method(const tlm_http_request *request, const char *method)
{
    return tlm_text_equal(request->method, tlm_text_of(method));
}

/* An allowed origin is named back; any other gets no CORS header and the browser refuses for us. */
static void add_cors(const tlm_rest_api *api, const tlm_http_request *request, tlm_http_answer *answer)
{
    if (api->cors_origins.count == 0)
        return;
    answer->vary |= TLM_HTTP_VARY_ORIGIN;
    for (uint32_t i = 0; i < api->cors_origins.count; i++) {
        if (!tlm_text_equal(request->origin, tlm_text_of(api->cors_origins.items[i])))
            continue;
        tlm_http_answer_header(answer, "Access-Control-Allow-Origin", api->cors_origins.items[i]);
        if (is_method(request, "OPTIONS") && request->is_preflight) {
            tlm_http_answer_header(answer, "Access-Control-Allow-Methods", METHODS);
            tlm_http_answer_header(answer, "Access-Control-Allow-Headers", "Accept, Authorization, Content-Type");
            tlm_http_answer_header(answer, "Access-Control-Max-Age", PREFLIGHT_SECONDS);
        }
        return;
    }
}

/* False: the answer says what is wrong with the target. */
static bool parse_target(const tlm_http_request *request, tlm_http_target *target, tlm_http_answer *answer)
{
    switch (tlm_http_target_parse(request->target, target)) {
    case 0:
        return true;
    case -ENAMETOOLONG:
        tlm_http_answer_error(answer, 414, "the request target is longer than %d bytes", TLM_HTTP_TARGET_MAX);
        return false;
    case -E2BIG:
        tlm_http_answer_error(answer, 422, "more than %d parameters", TLM_HTTP_PARAMETERS_MAX);
        return false;
    case -ENOENT:
        tlm_http_answer_error(answer, 404, "no such route");
        return false;
    default:
        tlm_http_answer_error(answer, 422, "path: a %% is not followed by two hexadecimal digits");
        return false;
    }
}

/* False: the answer is complete without the route's own. */
static bool check_method(const tlm_http_request *request, tlm_http_answer *answer)
{
    if (!is_method(request, "GET") && !is_method(request, "HEAD") && !is_method(request, "OPTIONS")) {
        tlm_http_answer_error(answer, 405, "only " METHODS " are allowed here");
        tlm_http_answer_header(answer, "Allow", METHODS);
        return false;
    }
    if (request->has_body) {
        tlm_http_answer_error(answer, 413, "no request to this API has a body");
        return false;
    }
    if (is_method(request, "OPTIONS")) {
        answer->status = 204;
        tlm_http_answer_header(answer, "Allow", METHODS);
        return false;
    }
    return true;
}

static void answer_kept(tlm_rest_call *call)
{
    tlm_rest_kept *kept = call->api->kept;
    tlm_http_answer *answer = call->answer;
    uint64_t version;

    if (tlm_rest_kept_get(kept, call->request->target, &answer->body, &version)) {
        answer->content_type = "application/json";
        return;
    }
    call->route->answer(call);
    if (answer->status == 200)
        tlm_rest_kept_put(kept, call->request->target, &answer->body, version);
}

/* A WebSocket is spoken on connections that begin with it; here somebody asks for one in the midst of others. */
static bool check_upgrade(const tlm_rest_call *call)
{
    tlm_text first = call->target->segments[0];
    bool is_live = tlm_text_equal(first, tlm_text_of("ws")) || tlm_text_equal(first, tlm_text_of("live"));

    if (!call->request->has_upgrade || !is_live)
        return true;
    tlm_http_answer_error(call->answer, 426, "open a new connection for a WebSocket");
    tlm_http_answer_header(call->answer, "Upgrade", "websocket");
    call->answer->must_close = true;
    return false;
}

/* Answers from the first that knows the path: the routes, the pages, the folders. False: none does. */
static bool answer_path(tlm_rest_call *call)
{
    const tlm_rest_pages *pages = call->api->pages;
    const tlm_rest_route *route = find_route(call->target);
    tlm_rest_page *page = !route || route->gives_way ? tlm_rest_pages_find(pages, call->target) : NULL;
    tlm_rest_page *folder = route || page ? NULL : tlm_rest_pages_find_folder(pages, call->target);

    /* `*` has no route of its own, but its methods can be asked for. */
    bool is_known = route || page || folder || call->target->segment_count == 0;
    if (!is_known || !check_method(call->request, call->answer))
        return is_known;
    call->route = route;
    if (page)
        tlm_rest_page_answer(page, call->request, call->answer);
    else if (route && route->is_kept)
        answer_kept(call);
    else if (route)
        route->answer(call);
    else if (folder)
        tlm_http_answer_redirect(call->answer, 308, tlm_rest_page_path(folder), call->request->target);
    else
        return false;
    return true;
}

void tlm_rest_api_answer(const tlm_rest_api *api, const tlm_http_request *request, tlm_http_answer *answer)
{
    tlm_http_target target;
    tlm_rest_call call = {api, NULL, request, &target, answer};

    add_cors(api, request, answer);
    answer->must_close |= request->has_length;
    if (parse_target(request, &target, answer) && (target.segment_count == 0 || check_upgrade(&call)) &&
        !answer_path(&call))
        tlm_http_answer_error(answer, 404, "no such route");
    if (answer->body.error)
        tlm_http_answer_error(answer, 500, "not enough memory for the answer");
    tlm_http_answer_vary(answer);
}
