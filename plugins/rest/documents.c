/* SPDX-License-Identifier: Apache-2.0 */
#include "documents.h"

/* Nothing but what this process serves; data: for the empty icon, which spares a request for /favicon.ico. */
#define POLICY                                                                                                         \
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; form-action 'self'; " \
    "base-uri 'none'; frame-ancestors 'none'"
#define HTML "text/html; charset=utf-8"

extern const char tlm_rest_style_css[], tlm_rest_try_js[];
extern const size_t tlm_rest_style_css_size, tlm_rest_try_js_size;

const char tlm_rest_general_doc[] =
    "Every route takes GET, HEAD and OPTIONS; any other method is 405 with Allow, a request with a body 413. "
    "Parameters that a route does not know are ignored. Times are RFC 3339 in UTC with Z. Every error has a JSON body "
    "{error, detail, timestamp}.";

const char tlm_rest_live_doc[] =
    "WebSockets on the same port: /ws/live/{stream_id} sends {type: \"connected\", stream_id, message, timestamp}, "
    "then "
    "at once and every interval the flat object {stream_id, timestamp, viewer_count, chat_rate, unique_chatters, "
    "top_emotes, sentiment_score, recent_moments}. /live/{stream_id} is the same feed in envelopes {type, timestamp, "
    "data} of the types metrics, moment and error, and answers {type: \"ping\"} with {type: \"pong\"}.";

const tlm_rest_outcome *tlm_rest_outcomes(uint32_t *ret_count)
{
    static const tlm_rest_outcome outcomes[] = {
        {TLM_REST_MAY_304, "304", "NotModified", "If-None-Match holds the ETag of the page as it is.", false},
        {TLM_REST_MAY_307, "307", "FrontPage",
         "To the dashboard, when Accept names text/html and does not rate application/json higher.", false},
        {TLM_REST_MAY_404, "404", "NotFound", "The stream has no row.", true},
        {TLM_REST_MAY_422, "422", "Unprocessable",
         "A parameter is out of bounds, malformed or given twice, or no stream can have the id.", true},
        {TLM_REST_MAY_426, "426", "UpgradeRequired", "The request asks for an Upgrade; the connection is closed.",
         true},
        {TLM_REST_MAY_503, "503", "Unavailable", "What is asked for cannot be had: the store does not answer, say.",
         true},
    };

    *ret_count = TLM_COUNT(outcomes);
    return outcomes;
}

bool tlm_rest_route_may(const tlm_rest_route *route, const tlm_rest_outcome *outcome, const tlm_rest_about *about)
{
    if (outcome->may == TLM_REST_MAY_307 && !about->has_front)
        return false;
    return (route->may & outcome->may) != 0;
}

void tlm_rest_route_write_example(const tlm_rest_route *route, tlm_buffer *out)
{
    tlm_json_writer writer;

    if (!route->shape)
        return;
    tlm_json_init(&writer, out);
    if (route->is_list)
        tlm_json_begin_array(&writer);
    tlm_rest_shape_write_example(route->shape, &writer);
    if (route->is_list)
        tlm_json_end_array(&writer);
}

static void write_style(const tlm_rest_about *about, tlm_buffer *out)
{
    (void)about;
    tlm_buffer_append(out, tlm_rest_style_css, tlm_rest_style_css_size);
}

static void write_script(const tlm_rest_about *about, tlm_buffer *out)
{
    (void)about;
    tlm_buffer_append(out, tlm_rest_try_js, tlm_rest_try_js_size);
}

static int add_documents(const tlm_rest_about *about, tlm_rest_pages *pages)
{
    static const struct {
        tlm_page page;
        void (*write)(const tlm_rest_about *about, tlm_buffer *out);
    } documents[] = {
        {{"/openapi.json", "application/json", NULL, NULL, 1, 0}, tlm_rest_openapi_write},
        {{"/docs", HTML, NULL, POLICY, 1, 0}, tlm_rest_docs_write},
        {{"/redoc", HTML, NULL, POLICY, 1, 0}, tlm_rest_redoc_write},
        {{"/docs/style.css", "text/css; charset=utf-8", NULL, NULL, 1, 0}, write_style},
        {{"/docs/try.js", "text/javascript; charset=utf-8", NULL, NULL, 1, 0}, write_script},
    };
    int result = 0;

    for (size_t i = 0; i < TLM_COUNT(documents) && result == 0; i++) {
        tlm_buffer body = TLM_BUFFER_INIT;
        documents[i].write(about, &body);
        result = tlm_rest_pages_add(pages, &documents[i].page, &body);
        tlm_buffer_finish(&body);
    }
    return result;
}

static tlm_rest_page *find_page(const tlm_rest_pages *pages, const char *path)
{
    tlm_http_target target;

    return tlm_http_target_parse(tlm_text_of(path), &target) == 0 ? tlm_rest_pages_find(pages, &target) : NULL;
}

int tlm_rest_api_open(tlm_rest_api *api)
{
    tlm_rest_pages *pages;
    int result = tlm_rest_pages_create(api->host, &pages);

    if (result < 0)
        return result;
    const tlm_rest_about about = {
        .title = api->title,
        .version = api->host->version,
        .has_front = tlm_rest_pages_front(pages) != NULL,
        .has_live = find_page(pages, "/ws/live/health") != NULL,
    };
    result = add_documents(&about, pages);
    if (result < 0) {
        tlm_rest_pages_destroy(pages);
        return result;
    }
    api->pages = pages;
    return 0;
}

void tlm_rest_document(tlm_rest_call *call)
{
    tlm_rest_page_answer(find_page(call->api->pages, call->route->path), call->request, call->answer);
}
