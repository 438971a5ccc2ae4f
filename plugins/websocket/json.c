/* SPDX-License-Identifier: Apache-2.0 */
#include "json.h"

#include "common/row_json.h"
#include "common/time.h"
#include "handshake.h"

#include <time.h>

#define NS_PER_MS 1000000

int64_t tlm_ws_json_now_ns(void)
{
    struct timespec now;

    /* Cannot fail: the clock exists on every Linux. */
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return ((int64_t)now.tv_sec * 1000 + now.tv_nsec / NS_PER_MS) * NS_PER_MS;
}

/* --- pieces ---------------------------------------------------------------------------------------------------- */

static void begin(tlm_buffer *scratch, tlm_json_writer *writer)
{
    tlm_buffer_clear(scratch);
    tlm_json_init(writer, scratch);
    tlm_json_begin_object(writer);
}

static tlm_ws_frame *end(tlm_buffer *scratch, tlm_json_writer *writer, uint32_t kind)
{
    tlm_json_end_object(writer);
    return scratch->error ? NULL : tlm_ws_frame_of_text(kind, scratch->data, scratch->size);
}

static void put_text(tlm_json_writer *writer, const char *name, const char *text)
{
    tlm_json_key(writer, name, strlen(name));
    tlm_json_string(writer, text, strlen(text));
}

static void put_time(tlm_json_writer *writer, int64_t time_ns)
{
    char text[TLM_TIME_SIZE];

    TLM_JSON_KEY(writer, "timestamp");
    tlm_json_string(writer, text, tlm_time_format(time_ns, text));
}

static void put_ms(tlm_json_writer *writer, int64_t time_ns)
{
    TLM_JSON_KEY(writer, "timestamp");
    tlm_json_int(writer, time_ns / NS_PER_MS);
}

/* A value by its column's type; null where the row is not there or has none. */
static void put_value(tlm_json_writer *writer, const char *name, const tlm_ws_row *row, uint32_t index)
{
    tlm_json_key(writer, name, strlen(name));
    if (!row || !row->values[index].cell.is_set) {
        tlm_json_null(writer);
        return;
    }
    const tlm_column column = {.type = row->values[index].type, .scale = row->values[index].scale};
    tlm_row_cell_write(writer, &column, &row->values[index].cell);
}

static bool is_set(const tlm_ws_row *row, uint32_t index)
{
    return row && row->values[index].cell.is_set;
}

static void put_viewers(tlm_json_writer *writer, const tlm_ws_values *values)
{
    if (is_set(values->window, TLM_WS_WINDOW_VIEWERS))
        put_value(writer, "viewer_count", values->window, TLM_WS_WINDOW_VIEWERS);
    else
        put_value(writer, "viewer_count", values->status, TLM_WS_STREAM_VIEWERS);
}

/* The end of the values' window, else the present. */
static int64_t time_of(const tlm_ws_values *values, int64_t now_ns)
{
    return values->window ? values->window->values[TLM_WS_WINDOW_END].cell.as.integer : now_ns;
}

/* What is added to the contract on both paths. */
static void put_state(tlm_json_writer *writer, const tlm_ws_values *values)
{
    put_value(writer, "is_live", values->status, TLM_WS_STREAM_LIVE);
    TLM_JSON_KEY(writer, "final");
    if (values->window)
        tlm_json_bool(writer, values->window->is_final);
    else
        tlm_json_null(writer);
}

/* --- the flat object ------------------------------------------------------------------------------------------- */

/* A moment as REST shows it. */
static void write_moment(tlm_json_writer *writer, const tlm_ws_row *moment)
{
    static const struct {
        const char *name;
        uint32_t index;
    } fields[] = {
        {"moment_id", TLM_WS_MOMENT_ID},
        {"stream_id", TLM_WS_MOMENT_STREAM},
        {"timestamp", TLM_WS_MOMENT_PEAK},
        {"moment_type", TLM_WS_MOMENT_TYPE},
        {"description", TLM_WS_MOMENT_DESCRIPTION},
        {"metric_name", TLM_WS_MOMENT_METRIC},
        {"metric_value", TLM_WS_MOMENT_VALUE},
        {"threshold", TLM_WS_MOMENT_THRESHOLD},
        {"z_score", TLM_WS_MOMENT_SCORE},
        {"metadata", TLM_WS_MOMENT_METADATA},
    };

    tlm_json_begin_object(writer);
    for (size_t i = 0; i < TLM_COUNT(fields); i++)
        put_value(writer, fields[i].name, moment, fields[i].index);
    tlm_json_end_object(writer);
}

static void put_emotes(tlm_json_writer *writer, const tlm_ws_row *window)
{
    TLM_JSON_KEY(writer, "top_emotes");
    if (is_set(window, TLM_WS_WINDOW_EMOTES))
        tlm_emotes_write(writer, tlm_ws_row_text(window, TLM_WS_WINDOW_EMOTES));
    else
        tlm_json_null(writer);
}

static tlm_ws_frame *write_flat(tlm_buffer *scratch, const tlm_ws_values *values)
{
    tlm_json_writer writer;

    begin(scratch, &writer);
    TLM_JSON_KEY(&writer, "stream_id");
    tlm_json_string(&writer, values->stream_id.data, values->stream_id.size);
    put_time(&writer, time_of(values, tlm_ws_json_now_ns()));
    put_viewers(&writer, values);
    put_value(&writer, "chat_rate", values->window, TLM_WS_WINDOW_RATE);
    put_value(&writer, "unique_chatters", values->window, TLM_WS_WINDOW_CHATTERS);
    put_emotes(&writer, values->window);
    put_value(&writer, "sentiment_score", values->window, TLM_WS_WINDOW_SENTIMENT);
    TLM_JSON_KEY(&writer, "recent_moments");
    tlm_json_begin_array(&writer);
    for (uint32_t i = 0; i < values->moment_count; i++)
        write_moment(&writer, values->moments[i]);
    tlm_json_end_array(&writer);
    put_state(&writer, values);
    return end(scratch, &writer, TLM_WS_FRAME_UPDATE);
}

/* --- envelopes ------------------------------------------------------------------------------------------------- */

static void begin_envelope(tlm_buffer *scratch, tlm_json_writer *writer, const char *type, int64_t now_ns)
{
    begin(scratch, writer);
    put_text(writer, "type", type);
    put_ms(writer, now_ns);
    TLM_JSON_KEY(writer, "data");
    tlm_json_begin_object(writer);
}

static tlm_ws_frame *write_envelope(tlm_buffer *scratch, const tlm_ws_values *values)
{
    int64_t now_ns = tlm_ws_json_now_ns();
    tlm_json_writer writer;

    begin_envelope(scratch, &writer, "metrics", now_ns);
    put_viewers(&writer, values);
    put_value(&writer, "chat_rate", values->window, TLM_WS_WINDOW_RATE);
    TLM_JSON_KEY(&writer, "top_emotes");
    tlm_text emotes = values->window ? tlm_ws_row_text(values->window, TLM_WS_WINDOW_EMOTES) : (tlm_text){0};
    if (emotes.size > 0)
        tlm_json_raw(&writer, emotes.data, emotes.size);
    else
        tlm_json_raw(&writer, "[]", 2); /* dashboards walk over it */
    put_value(&writer, "sentiment_score", values->window, TLM_WS_WINDOW_SENTIMENT);
    put_value(&writer, "unique_chatters", values->window, TLM_WS_WINDOW_CHATTERS);
    put_ms(&writer, time_of(values, now_ns));
    put_state(&writer, values);
    tlm_json_end_object(&writer);
    return end(scratch, &writer, TLM_WS_FRAME_UPDATE);
}

tlm_ws_frame *tlm_ws_json_update(tlm_buffer *scratch, uint32_t path, const tlm_ws_values *values)
{
    return path == TLM_WS_FLAT ? write_flat(scratch, values) : write_envelope(scratch, values);
}

tlm_ws_frame *tlm_ws_json_moment(tlm_buffer *scratch, const tlm_ws_row *moment)
{
    int64_t peak_ns = moment->values[TLM_WS_MOMENT_PEAK].cell.as.integer;
    tlm_json_writer writer;

    begin_envelope(scratch, &writer, "moment", tlm_ws_json_now_ns());
    put_value(&writer, "id", moment, TLM_WS_MOMENT_ID);
    put_value(&writer, "type", moment, TLM_WS_MOMENT_TYPE);
    put_value(&writer, "description", moment, TLM_WS_MOMENT_DESCRIPTION);
    put_value(&writer, "severity", moment, TLM_WS_MOMENT_SEVERITY);
    put_ms(&writer, peak_ns);
    put_value(&writer, "metadata", moment, TLM_WS_MOMENT_METADATA);
    tlm_json_end_object(&writer);
    return end(scratch, &writer, TLM_WS_FRAME_KEPT);
}

/* --- the rest -------------------------------------------------------------------------------------------------- */

tlm_ws_frame *tlm_ws_json_connected(tlm_buffer *scratch, tlm_text stream_id)
{
    tlm_json_writer writer;

    begin(scratch, &writer);
    put_text(&writer, "type", "connected");
    TLM_JSON_KEY(&writer, "stream_id");
    tlm_json_string(&writer, stream_id.data, stream_id.size);
    put_text(&writer, "message", "connected to the live feed of this stream");
    put_time(&writer, tlm_ws_json_now_ns());
    return end(scratch, &writer, TLM_WS_FRAME_KEPT);
}

tlm_ws_frame *tlm_ws_json_error(tlm_buffer *scratch, const char *code, const char *message)
{
    tlm_json_writer writer;

    begin_envelope(scratch, &writer, "error", tlm_ws_json_now_ns());
    put_text(&writer, "code", code);
    put_text(&writer, "message", message);
    tlm_json_end_object(&writer);
    return end(scratch, &writer, TLM_WS_FRAME_KEPT);
}

tlm_ws_frame *tlm_ws_json_pong(tlm_buffer *scratch)
{
    tlm_json_writer writer;

    begin(scratch, &writer);
    put_text(&writer, "type", "pong");
    return end(scratch, &writer, TLM_WS_FRAME_KEPT);
}
