/* SPDX-License-Identifier: Apache-2.0 */
/* The route table, and what holds for every route: methods, CORS, bodies. */
#include "api.h"

#define METHODS "GET, HEAD, OPTIONS"
#define PREFLIGHT_SECONDS "600"

/* A path by its segments; "*" takes any. */
typedef struct route {
    const char *segments[TLM_HTTP_SEGMENTS_MAX];
    uint32_t segment_count;
    bool is_kept; /* its body is good until the data changes */
    void (*answer)(tlm_rest_call *call);
} route;

static const route routes[] = {
    {{""}, 1, false, tlm_rest_root},
    {{"health"}, 1, false, tlm_rest_alive},
    {{"metrics"}, 1, false, tlm_rest_process_metrics},
    {{"api", "v1", "health"}, 3, false, tlm_rest_health},
    {{"api", "v1", "streams"}, 3, true, tlm_rest_streams},
    {{"api", "v1", "streams", "*", "metrics"}, 5, true, tlm_rest_stream_metrics},
    {{"api", "v1", "streams", "*", "moments"}, 5, true, tlm_rest_stream_moments},
    {{"ws", "live", "health"}, 3, false, tlm_rest_live_health},
};

static bool is_match(const route *candidate, const tlm_http_target *target)
{
    if (candidate->segment_count != target->segment_count)
        return false;
    for (uint32_t i = 0; i < candidate->segment_count; i++)
        if (strcmp(candidate->segments[i], "*") != 0 &&
            !tlm_text_equal(target->segments[i], tlm_text_of(candidate->segments[i])))
            return false;
    return true;
}

static const route *find_route(const tlm_http_target *target)
{
    for (size_t i = 0; i < TLM_COUNT(routes); i++)
        if (is_match(&routes[i], target))
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
    tlm_http_answer_header(answer, "Vary", "Origin");
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

static void answer_kept(const route *found, tlm_rest_call *call)
{
    tlm_rest_kept *kept = call->api->kept;
    tlm_http_answer *answer = call->answer;
    uint64_t version;

    if (tlm_rest_kept_get(kept, call->request->target, &answer->body, &version)) {
        answer->content_type = "application/json";
        return;
    }
    found->answer(call);
    if (answer->status == 200)
        tlm_rest_kept_put(kept, call->request->target, &answer->body, version);
}

void tlm_rest_api_answer(const tlm_rest_api *api, const tlm_http_request *request, tlm_http_answer *answer)
{
    tlm_http_target target;
    tlm_rest_call call = {api, request, &target, answer};

    add_cors(api, request, answer);
    answer->must_close |= request->has_length;
    if (!parse_target(request, &target, answer))
        return;
    const route *found = find_route(&target);
    /* `*` has no route of its own, but its methods can be asked for. */
    if ((found || target.segment_count == 0) && !check_method(request, answer))
        return;
    if (!found) {
        tlm_http_answer_error(answer, 404, "no such route");
        return;
    }
    if (found->is_kept)
        answer_kept(found, &call);
    else
        found->answer(&call);
    if (answer->body.error)
        tlm_http_answer_error(answer, 500, "not enough memory for the answer");
}
