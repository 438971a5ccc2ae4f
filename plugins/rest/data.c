/* SPDX-License-Identifier: Apache-2.0 */
/* The routes over rows of the store: streams, the metrics of one, the moments of one. */
#include "api.h"

#include "common/utf8.h"

#include <stdlib.h>

#define STREAM_ID_MAX 255

/* --- the columns behind the shapes of shape.c
 * -------------------------------------------------------------------------------------- */

static const char *const stream_columns[] = {"stream_id",  "streamer_name", "title",       "game_category",
                                             "started_at", "is_live",       "viewer_count"};

static const tlm_rest_view streams_view = {"streams", stream_columns, TLM_COUNT(stream_columns),
                                           &tlm_rest_shape_stream};

static const char *const metrics_columns[] = {
    [TLM_REST_METRICS_STREAM] = "stream_id",
    [TLM_REST_METRICS_TIME] = "window_end",
    "window_start",
    "viewer_last",
    "chat_rate",
    "unique_chatters",
    "top_emotes",
    "sentiment",
    "message_count",
    "positive_count",
    "negative_count",
    "viewer_avg",
    "viewer_min",
    "viewer_max",
    "transaction_count",
    "amounts",
    "bits",
};

const tlm_rest_view tlm_rest_metrics_view = {"windows", metrics_columns, TLM_COUNT(metrics_columns),
                                             &tlm_rest_shape_metrics};

static const char *const moment_columns[] = {"moment_id",   "stream_id",    "peak_at",   "moment_type", "description",
                                             "metric_name", "metric_value", "threshold", "z_score",     "metadata"};

static const tlm_rest_view moments_view = {"moments", moment_columns, TLM_COUNT(moment_columns),
                                           &tlm_rest_shape_moment};

/* --- asking the store ------------------------------------------------------------------------------------------ */

/* A query over the columns of a view. */
static tlm_query query_of(const tlm_rest_view *view, uint32_t limit)
{
    return (tlm_query){.struct_size = sizeof(tlm_query),
                       .limit = limit,
                       .dataset = view->dataset,
                       .columns = view->columns,
                       .column_count = view->column_count};
}

/* Why is for the log, which hears it once until the store answers again: the sentence names hosts and options. */
static void note_store(const tlm_rest_api *api, int code, const char *sentence)
{
    const tlm_log_service *log = api->host->get_service(api->host, TLM_SERVICE_LOG);
    tlm_error message;

    bool is_silent = code < 0;
    if (atomic_exchange(api->is_store_silent, is_silent) || !is_silent || !log)
        return;
    tlm_error_set(&message, 0, "requests are answered with 503, as the store does not answer: %.900s", sentence);
    log->write(api->host, TLM_LOG_WARNING, tlm_text_of(message.text));
}

/* False: the answer is a 503. A store without the dataset gives no result and no error. */
static bool ask(tlm_rest_call *call, const tlm_query *query, tlm_result **ret_result)
{
    const tlm_rest_api *api = call->api;
    tlm_result *result = NULL;
    tlm_error error = {{0}};

    if (!api->store) {
        tlm_http_answer_error(call->answer, 503, "no store is configured");
        return false;
    }
    int code = api->store->query(api->store_instance, query, &result, &error);
    bool has_answered = code >= 0 || code == -ENOENT;
    note_store(api, has_answered ? 0 : code, error.text[0] ? error.text : strerror(-code));
    if (!has_answered) {
        tlm_http_answer_error(call->answer, 503, "the store does not answer");
        return false;
    }
    *ret_result = code < 0 ? NULL : result;
    return true;
}

static void release(tlm_result *result)
{
    if (result)
        result->release(result);
}

static uint32_t row_count(const tlm_result *result)
{
    return result ? result->row_count : 0;
}

static const tlm_cell *row_at(const tlm_result *result, uint32_t index)
{
    return result->cells + (size_t)index * result->column_count;
}

/* Writes the array: the early row if there is one, then the result's rows, at most `limit` in all. */
static void write_rows(tlm_rest_call *call, const tlm_rest_view *view, const tlm_rest_live_row *early,
                       const tlm_result *result, uint32_t limit)
{
    tlm_json_writer writer;
    uint32_t final_limit = early ? limit - 1 : limit;

    call->answer->content_type = "application/json";
    tlm_json_init(&writer, &call->answer->body);
    tlm_json_begin_array(&writer);
    if (early)
        tlm_rest_row_write(&writer, view, early->columns, early->cells, false);
    for (uint32_t i = 0; i < row_count(result) && i < final_limit; i++)
        tlm_rest_row_write(&writer, view, result->columns, row_at(result, i), true);
    tlm_json_end_array(&writer);
}

/* --- the routes ------------------------------------------------------------------------------------------------ */

void tlm_rest_streams(tlm_rest_call *call)
{
    static const tlm_order orders[] = {{"is_live", 1, 0}, {"viewer_count", 1, 0}, {"stream_id", 0, 0}};
    int64_t limit, offset;
    tlm_result *result;

    if (!tlm_rest_parameter_integer(call, "limit", &limit) || !tlm_rest_parameter_integer(call, "offset", &offset))
        return;
    tlm_query query = query_of(&streams_view, (uint32_t)limit);
    query.offset = (uint64_t)offset;
    query.orders = orders;
    query.order_count = TLM_COUNT(orders);
    if (!ask(call, &query, &result))
        return;
    write_rows(call, &streams_view, NULL, result, (uint32_t)limit);
    release(result);
}

/* The id of the path; false: no stream can have it, and the answer says so. */
static bool stream_id_of(tlm_rest_call *call, tlm_text *ret_id)
{
    tlm_text id = call->target->segments[3];
    bool is_valid = id.size >= 1 && id.size <= STREAM_ID_MAX && !memchr(id.data, '\0', id.size);

    for (size_t at = 0; at < id.size && is_valid;)
        at += tlm_utf8_next(id.data + at, id.size - at, &is_valid);
    if (!is_valid) {
        tlm_http_answer_error(call->answer, 422, "stream id: expected 1 to %d bytes of UTF-8", STREAM_ID_MAX);
        return false;
    }
    *ret_id = id;
    return true;
}

static tlm_cell text_cell(tlm_text text)
{
    return (tlm_cell){.is_set = 1, .size = (uint32_t)text.size, .as.text = text.data};
}

/* Asks for the newest windows of a stream that end before `before_ns`. */
static bool ask_windows(tlm_rest_call *call, tlm_text id, int64_t before_ns, uint32_t limit, tlm_result **ret_result)
{
    static const tlm_order newest[] = {{"window_end", 1, 0}};
    const tlm_filter filters[] = {
        {"stream_id", TLM_FILTER_EQUAL, 0, text_cell(id)},
        {"window_end", TLM_FILTER_BELOW, 0, {.is_set = 1, .as.integer = before_ns}},
    };
    tlm_query query = query_of(&tlm_rest_metrics_view, limit);

    query.filters = filters;
    query.filter_count = before_ns == INT64_MAX ? 1 : 2;
    query.orders = newest;
    query.order_count = TLM_COUNT(newest);
    return ask(call, &query, ret_result);
}

/* The early row, if it is of a later window than any final one and the caller has not paged past it. */
static tlm_rest_live_row *early_row(tlm_rest_call *call, tlm_text id, const tlm_result *result, int64_t before_ns)
{
    tlm_rest_live_row *row = NULL;

    if (tlm_rest_live_get(call->api->live, id, &row) < 0)
        return NULL;
    int64_t early_ns = row->cells[TLM_REST_METRICS_TIME].as.integer;
    bool is_final = row_count(result) > 0 && row_at(result, 0)[TLM_REST_METRICS_TIME].as.integer >= early_ns;
    if (is_final || early_ns >= before_ns) {
        free(row);
        return NULL;
    }
    return row;
}

/* Whether a stream without rows before a point in time has any at all. False: the answer is a 503. */
static bool ask_whether_known(tlm_rest_call *call, tlm_text id, bool *ret_is_known)
{
    tlm_rest_live_row *row = NULL;
    tlm_result *result;

    if (tlm_rest_live_get(call->api->live, id, &row) == 0) {
        free(row);
        *ret_is_known = true;
        return true;
    }
    if (!ask_windows(call, id, INT64_MAX, 1, &result))
        return false;
    *ret_is_known = row_count(result) > 0;
    release(result);
    return true;
}

void tlm_rest_stream_metrics(tlm_rest_call *call)
{
    int64_t limit, before_ns;
    bool is_known = true;
    tlm_result *result;
    tlm_text id;

    if (!stream_id_of(call, &id) || !tlm_rest_parameter_integer(call, "limit", &limit) ||
        !tlm_rest_parameter_time(call, "before", INT64_MAX, &before_ns) ||
        !ask_windows(call, id, before_ns, (uint32_t)limit, &result))
        return;
    tlm_rest_live_row *early = early_row(call, id, result, before_ns);
    if (row_count(result) == 0 && !early) {
        if (before_ns == INT64_MAX)
            is_known = false;
        else if (!ask_whether_known(call, id, &is_known))
            goto done;
    }
    if (is_known)
        write_rows(call, &tlm_rest_metrics_view, early, result, (uint32_t)limit);
    else
        tlm_http_answer_error(call->answer, 404, "the stream has no row");
done:
    free(early);
    release(result);
}

void tlm_rest_stream_moments(tlm_rest_call *call)
{
    static const tlm_order newest[] = {{"peak_at", 1, 0}, {"moment_id", 0, 0}};
    int64_t limit;
    tlm_result *result;
    tlm_text id;

    if (!stream_id_of(call, &id) || !tlm_rest_parameter_integer(call, "limit", &limit))
        return;
    const tlm_filter filter = {"stream_id", TLM_FILTER_EQUAL, 0, text_cell(id)};
    tlm_query query = query_of(&moments_view, (uint32_t)limit);
    query.filters = &filter;
    query.filter_count = 1;
    query.orders = newest;
    query.order_count = TLM_COUNT(newest);
    if (!ask(call, &query, &result))
        return;
    write_rows(call, &moments_view, NULL, result, (uint32_t)limit);
    release(result);
}
