/* SPDX-License-Identifier: Apache-2.0 */
/* The routes that tell of the process: `/`, the health routes, and its metrics. */
#include "accept.h"
#include "api.h"

#include "common/json_writer.h"
#include "common/time.h"

static void write_text(tlm_json_writer *writer, const char *text)
{
    tlm_json_string(writer, text, strlen(text));
}

static void write_now(tlm_json_writer *writer)
{
    char text[TLM_TIME_SIZE];

    TLM_JSON_KEY(writer, "timestamp");
    tlm_json_string(writer, text, tlm_time_format(tlm_http_now_ns(), text));
}

static void begin(tlm_rest_call *call, tlm_json_writer *writer)
{
    call->answer->content_type = "application/json";
    tlm_json_init(writer, &call->answer->body);
    tlm_json_begin_object(writer);
}

/* A browser names HTML and nothing that it would rather have; a program may name it last. */
static bool is_browser(tlm_text accept)
{
    int html = tlm_rest_accept(accept, "text/html");

    return html > 0 && html >= tlm_rest_accept(accept, "application/json");
}

void tlm_rest_root(tlm_rest_call *call)
{
    const char *front = tlm_rest_pages_front(call->api->pages);
    tlm_json_writer writer;

    if (front)
        call->answer->vary |= TLM_HTTP_VARY_ACCEPT;
    if (front && is_browser(call->request->accept)) {
        tlm_http_answer_redirect(call->answer, 307, front, call->request->target);
        return;
    }
    begin(call, &writer);
    TLM_JSON_KEY(&writer, "name");
    write_text(&writer, call->api->title);
    TLM_JSON_KEY(&writer, "version");
    write_text(&writer, call->api->host->version);
    TLM_JSON_KEY(&writer, "status");
    write_text(&writer, "running");
    TLM_JSON_KEY(&writer, "docs");
    write_text(&writer, "/docs");
    TLM_JSON_KEY(&writer, "health");
    write_text(&writer, "/api/v1/health");
    tlm_json_end_object(&writer);
}

void tlm_rest_alive(tlm_rest_call *call)
{
    tlm_json_writer writer;

    begin(call, &writer);
    TLM_JSON_KEY(&writer, "status");
    write_text(&writer, "ok");
    tlm_json_end_object(&writer);
}

/* Gives way to the page of a component that has live connections; without one nobody has any. */
void tlm_rest_live_health(tlm_rest_call *call)
{
    tlm_json_writer writer;

    begin(call, &writer);
    TLM_JSON_KEY(&writer, "status");
    write_text(&writer, "ok");
    TLM_JSON_KEY(&writer, "active_streams");
    tlm_json_int(&writer, 0);
    TLM_JSON_KEY(&writer, "total_connections");
    tlm_json_int(&writer, 0);
    TLM_JSON_KEY(&writer, "streams");
    tlm_json_begin_object(&writer);
    tlm_json_end_object(&writer);
    tlm_json_end_object(&writer);
}

void tlm_rest_process_metrics(tlm_rest_call *call)
{
    const tlm_metrics_service *metrics = call->api->metrics;
    size_t size = 0;
    char *text = metrics ? metrics->render(call->api->host, &size) : NULL;

    if (!text) {
        tlm_http_answer_error(call->answer, 503, "the metrics cannot be had");
        return;
    }
    call->answer->content_type = "text/plain; version=0.0.4; charset=utf-8";
    tlm_buffer_append(&call->answer->body, text, size);
    metrics->release(text);
}

#define NAME_SIZE 128

/* The worst of the stores of one kind. */
typedef struct store_state {
    uint32_t status; /* TLM_HEALTH_..., 0: not configured */
    bool is_cache;   /* what it does not hold it asks of another: that it answers says nothing */
    char name[NAME_SIZE];
} store_state;

/* What the report says: the worst state of either kind of store, and the items as they come. */
typedef struct report {
    tlm_json_writer writer; /* of the items */
    store_state database, redis;
} report;

static const char *status_word(uint32_t status)
{
    switch (status) {
    case TLM_HEALTH_OK:
        return "ok";
    case TLM_HEALTH_DEGRADED:
        return "degraded";
    default:
        return "error";
    }
}

/* One that is in trouble but answers is an error; one that is not configured, or gone, is unavailable. The answers of a
 * cache in trouble are another's. */
static const char *store_word(const tlm_rest_api *api, const store_state *state)
{
    if (state->status == TLM_HEALTH_OK)
        return "ok";
    return state->status != 0 && !state->is_cache && tlm_rest_probe_answers(api->probe, state->name) ? "error"
                                                                                                     : "unavailable";
}

static void visit_item(void *context, const tlm_health_item *item)
{
    report *found = context;
    tlm_json_writer *writer = &found->writer;
    store_state *worst = strcmp(item->component, "redis") == 0 ? &found->redis : &found->database;

    if (item->is_store && item->status > worst->status) {
        worst->status = item->status;
        snprintf(worst->name, sizeof worst->name, "%s", item->name);
    }
    tlm_json_begin_object(writer);
    TLM_JSON_KEY(writer, "name");
    write_text(writer, item->name);
    TLM_JSON_KEY(writer, "component");
    write_text(writer, item->component);
    TLM_JSON_KEY(writer, "status");
    write_text(writer, status_word(item->status));
    TLM_JSON_KEY(writer, "message");
    tlm_json_string(writer, item->message.data, item->message.size);
    tlm_json_end_object(writer);
}

void tlm_rest_health(tlm_rest_call *call)
{
    const tlm_rest_api *api = call->api;
    tlm_buffer items = TLM_BUFFER_INIT;
    report found = {.redis.is_cache = true};
    tlm_json_writer writer;

    if (!api->health) {
        tlm_http_answer_error(call->answer, 503, "the health cannot be had");
        return;
    }
    tlm_json_init(&found.writer, &items);
    tlm_json_begin_array(&found.writer);
    uint32_t status = api->health->report(api->host, visit_item, &found);
    tlm_json_end_array(&found.writer);
    call->answer->status = status == TLM_HEALTH_OK || status == TLM_HEALTH_DEGRADED ? 200 : 503;
    begin(call, &writer);
    TLM_JSON_KEY(&writer, "status");
    write_text(&writer, status_word(status));
    write_now(&writer);
    TLM_JSON_KEY(&writer, "database");
    write_text(&writer, store_word(api, &found.database));
    TLM_JSON_KEY(&writer, "redis");
    write_text(&writer, store_word(api, &found.redis));
    TLM_JSON_KEY(&writer, "pipeline");
    tlm_json_raw(&writer, items.data, items.size);
    tlm_json_end_object(&writer);
    if (items.error)
        call->answer->body.error = items.error;
    tlm_buffer_finish(&items);
}
