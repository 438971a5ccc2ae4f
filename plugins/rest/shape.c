/* SPDX-License-Identifier: Apache-2.0 */
#include "shape.h"

#define FIELDS(shape_name, doc_text, table)                                                                            \
    {                                                                                                                  \
        .name = (shape_name), .doc = (doc_text), .fields = (table), .field_count = TLM_COUNT(table)                    \
    }
#define MEMBER(field_name, field_type, doc_text, example_text)                                                         \
    .name = (field_name), .type = (field_type), .doc = (doc_text), .example = (example_text)
#define COLUMN(field_name, index, field_type, doc_text, example_text)                                                  \
    MEMBER(field_name, field_type, doc_text, example_text), .source = TLM_REST_FROM_COLUMN, .column = (index)

/* --- the process ----------------------------------------------------------------------------------------------- */

#define NOW "\"2026-01-01T12:00:00.250Z\""

static const tlm_rest_field root_fields[] = {
    {MEMBER("name", TLM_REST_TEXT, "The option title.", "\"Telemetra API\"")},
    {MEMBER("version", TLM_REST_TEXT, "Version of the host.", "\"" TELEMETRA_VERSION "\"")},
    {MEMBER("status", TLM_REST_TEXT, "Always running.", "\"running\"")},
    {MEMBER("docs", TLM_REST_TEXT, "Path of the readable description.", "\"/docs\"")},
    {MEMBER("health", TLM_REST_TEXT, "Path of the health report.", "\"/api/v1/health\"")},
};
const tlm_rest_shape tlm_rest_shape_root = FIELDS("Root", "What answers here.", root_fields);

static const tlm_rest_field alive_fields[] = {{MEMBER("status", TLM_REST_TEXT, "Always ok.", "\"ok\"")}};
const tlm_rest_shape tlm_rest_shape_alive = FIELDS("Alive", "The process serves.", alive_fields);

static const char *const health_words[] = {"ok", "degraded", "error", NULL};
static const char *const store_words[] = {"ok", "unavailable", "error", NULL};

static const tlm_rest_field health_item_fields[] = {
    {MEMBER("name", TLM_REST_TEXT, "Name of the instance, or of a lane.", "\"lane 0\"")},
    {MEMBER("component", TLM_REST_TEXT, "What it is an instance of; core for lanes.", "\"core\"")},
    {MEMBER("status", TLM_REST_TEXT, "Its state.", "\"ok\""), .choices = health_words},
    {MEMBER("message", TLM_REST_TEXT, "Why it is not ok; empty when it is.", "\"\"")},
};
const tlm_rest_shape tlm_rest_shape_health_item =
    FIELDS("HealthItem", "The state of one part of the process.", health_item_fields);

static const tlm_rest_field health_fields[] = {
    {MEMBER("status", TLM_REST_TEXT, "The worst state of all parts.", "\"ok\""), .choices = health_words},
    {MEMBER("timestamp", TLM_REST_TIME, "When it was asked.", NOW)},
    {MEMBER("database", TLM_REST_TEXT, "The store of rows: unavailable when none is configured or it is gone.",
            "\"ok\""),
     .choices = store_words},
    {MEMBER("redis", TLM_REST_TEXT, "The same for Redis.", "\"unavailable\""), .choices = store_words},
    {MEMBER("pipeline", TLM_REST_LIST, "Each part by itself.", NULL), .shape = &tlm_rest_shape_health_item},
};
const tlm_rest_shape tlm_rest_shape_health = FIELDS("Health", "The health of the process.", health_fields);

static const tlm_rest_field live_health_fields[] = {
    {MEMBER("status", TLM_REST_TEXT, "State of the live feed.", "\"ok\"")},
    {MEMBER("active_streams", TLM_REST_INTEGER, "Streams that somebody watches.", "1"), .unit = "streams"},
    {MEMBER("total_connections", TLM_REST_INTEGER, "Live connections open now.", "2"), .unit = "connections"},
    {MEMBER("streams", TLM_REST_INTEGER_MAP, "Live connections of each watched stream.", "{\"demo_stream\":2}")},
};
const tlm_rest_shape tlm_rest_shape_live_health =
    FIELDS("LiveHealth", "Counts of live connections.", live_health_fields);

static const tlm_rest_field error_fields[] = {
    {MEMBER("error", TLM_REST_TEXT, "The reason phrase of the status.", "\"Unprocessable Content\"")},
    {MEMBER("detail", TLM_REST_TEXT, "What is wrong, in a sentence.",
            "\"parameter limit: expected an integer from 1 to 500\"")},
    {MEMBER("timestamp", TLM_REST_TIME, "When it was asked.", NOW)},
};
const tlm_rest_shape tlm_rest_shape_error = FIELDS("Error", "Why there is no other answer.", error_fields);

/* --- rows: the columns are those of the views in data.c --------------------------------------------------------- */

static const tlm_rest_field stream_fields[] = {
    {COLUMN("stream_id", 0, TLM_REST_TEXT, "The stream.", "\"demo_stream\"")},
    {COLUMN("streamer_name", 1, TLM_REST_TEXT, "Who streams.", "\"Ada\""), .flags = TLM_REST_NULLABLE},
    {COLUMN("title", 2, TLM_REST_TEXT, "Its title.", "\"First steps\""), .flags = TLM_REST_NULLABLE},
    {COLUMN("game_category", 3, TLM_REST_TEXT, "Game or category.", "\"Chess\""), .flags = TLM_REST_NULLABLE},
    {COLUMN("started_at", 4, TLM_REST_TIME, "When it went live.", "\"2026-01-01T11:00:00Z\""),
     .flags = TLM_REST_NULLABLE},
    {COLUMN("is_live", 5, TLM_REST_BOOL, "Whether it is live.", "true")},
    {COLUMN("viewer_count", 6, TLM_REST_INTEGER, "The last viewer count.", "1250"), .flags = TLM_REST_NULLABLE,
     .unit = "viewers"},
};
const tlm_rest_shape tlm_rest_shape_stream = FIELDS("Stream", "A stream as it is now.", stream_fields);

static const tlm_rest_field emote_fields[] = {
    {MEMBER("name", TLM_REST_TEXT, "The emote.", "\"Kappa\"")},
    {MEMBER("emote", TLM_REST_TEXT, "The same, for older clients.", "\"Kappa\"")},
    {MEMBER("count", TLM_REST_INTEGER, "How often it was used.", "17"), .unit = "uses"},
};
const tlm_rest_shape tlm_rest_shape_emote = FIELDS("Emote", "An emote and how often it was used.", emote_fields);

static const tlm_rest_field metrics_fields[] = {
    {COLUMN("stream_id", 0, TLM_REST_TEXT, "The stream.", "\"demo_stream\"")},
    {COLUMN("timestamp", 1, TLM_REST_TIME, "The window's end.", "\"2026-01-01T12:00:00Z\"")},
    {COLUMN("viewer_count", 3, TLM_REST_INTEGER, "The last viewer count in the window.", "1250"),
     .flags = TLM_REST_NULLABLE, .unit = "viewers"},
    {COLUMN("chat_rate", 4, TLM_REST_NUMBER, "Messages of the window, scaled to a minute.", "240.00"),
     .unit = "messages/min"},
    {COLUMN("unique_chatters", 5, TLM_REST_INTEGER, "Distinct chatters; exact up to 4,096, then within 1 %.", "87"),
     .unit = "users"},
    {MEMBER("top_emotes", TLM_REST_LIST, "The ten most used emotes.", NULL), .source = TLM_REST_FROM_EMOTES,
     .column = 6, .shape = &tlm_rest_shape_emote},
    {COLUMN("sentiment_score", 7, TLM_REST_NUMBER, "Mean of the scored messages, -1 to 1; null when none was scored.",
            "0.2150"),
     .flags = TLM_REST_NULLABLE},
    {COLUMN("window_start", 2, TLM_REST_TIME, "Begin of the window.", "\"2026-01-01T11:59:00Z\"")},
    {COLUMN("window_end", 1, TLM_REST_TIME, "End of the window, exclusive.", "\"2026-01-01T12:00:00Z\"")},
    {MEMBER("final", TLM_REST_BOOL, "False: the window is still open and the row will change.", "true"),
     .source = TLM_REST_FROM_FINALITY},
    {COLUMN("message_count", 8, TLM_REST_INTEGER, "Chat messages.", "240"), .unit = "messages"},
    {COLUMN("positive_count", 9, TLM_REST_INTEGER, "Messages scored 0.05 or more.", "61"), .unit = "messages"},
    {COLUMN("negative_count", 10, TLM_REST_INTEGER, "Messages scored -0.05 or less.", "12"), .unit = "messages"},
    {COLUMN("viewer_avg", 11, TLM_REST_NUMBER, "Mean of the viewer counts.", "1243.50"), .flags = TLM_REST_NULLABLE,
     .unit = "viewers"},
    {COLUMN("viewer_min", 12, TLM_REST_INTEGER, "Smallest viewer count.", "1230"), .flags = TLM_REST_NULLABLE,
     .unit = "viewers"},
    {COLUMN("viewer_max", 13, TLM_REST_INTEGER, "Largest viewer count.", "1255"), .flags = TLM_REST_NULLABLE,
     .unit = "viewers"},
    {COLUMN("transaction_count", 14, TLM_REST_INTEGER, "Transactions of every kind.", "4"), .unit = "transactions"},
    {COLUMN("amounts", 15, TLM_REST_TEXT_MAP, "Exact sum of the amounts by currency, as decimals.",
            "{\"EUR\":\"5.00\",\"USD\":\"12.50\"}")},
    {COLUMN("bits", 16, TLM_REST_INTEGER, "Sum of the transactions in bits.", "300"), .unit = "bits"},
};
const tlm_rest_shape tlm_rest_shape_metrics = FIELDS("Metrics", "One window of a stream.", metrics_fields);

static const tlm_rest_field moment_fields[] = {
    {COLUMN("moment_id", 0, TLM_REST_TEXT, "32 hexadecimal digits; a revision keeps them.",
            "\"6fb7b2a5c1d84e0f9a3c5d7e8f901234\"")},
    {COLUMN("stream_id", 1, TLM_REST_TEXT, "The stream.", "\"demo_stream\"")},
    {COLUMN("timestamp", 2, TLM_REST_TIME, "When it peaked.", "\"2026-01-01T12:00:00Z\"")},
    {COLUMN("moment_type", 3, TLM_REST_TEXT,
            "chat_spike, viewer_surge, viewer_drop, donation_burst, raid or sentiment_shift.", "\"chat_spike\"")},
    {COLUMN("description", 4, TLM_REST_TEXT, "What happened, in a sentence.",
            "\"Chat jumped to 412 messages in 10 s, about 6.1 times the usual 68.\"")},
    {COLUMN("metric_name", 5, TLM_REST_TEXT, "What was measured.", "\"slide_message_count\"")},
    {COLUMN("metric_value", 6, TLM_REST_NUMBER, "The value at the peak.", "412"), .flags = TLM_REST_NULLABLE},
    {COLUMN("threshold", 7, TLM_REST_NUMBER, "The z_score from which on a moment is raised.", "3.0"),
     .flags = TLM_REST_NULLABLE},
    {COLUMN("z_score", 8, TLM_REST_NUMBER, "How far the value lies from the expected one, in units of what is usual.",
            "8.42"),
     .flags = TLM_REST_NULLABLE},
    {COLUMN("metadata", 9, TLM_REST_ANY_MAP, "What else is known of it, by its type.",
            "{\"seconds\":10,\"ratio\":6.06,\"unique_chatters\":231}")},
};
const tlm_rest_shape tlm_rest_shape_moment = FIELDS("Moment", "Something that stood out.", moment_fields);

/* --- what can be said of them ---------------------------------------------------------------------------------- */

void tlm_rest_field_type(const tlm_rest_field *field, char *text, size_t size)
{
    static const char *const words[] = {
        [TLM_REST_TEXT] = "string",       [TLM_REST_TIME] = "date-time",        [TLM_REST_INTEGER] = "integer",
        [TLM_REST_NUMBER] = "number",     [TLM_REST_BOOL] = "boolean",          [TLM_REST_LIST] = "array of ",
        [TLM_REST_TEXT_MAP] = "{string}", [TLM_REST_INTEGER_MAP] = "{integer}", [TLM_REST_ANY_MAP] = "object",
    };

    (void)snprintf(text, size, "%s%s%s", words[field->type], field->shape ? field->shape->name : "",
                   field->flags & TLM_REST_NULLABLE ? " or null" : "");
}

void tlm_rest_shape_write_example(const tlm_rest_shape *shape, tlm_json_writer *writer)
{
    tlm_json_begin_object(writer);
    for (uint32_t i = 0; i < shape->field_count; i++) {
        const tlm_rest_field *field = &shape->fields[i];
        tlm_json_key(writer, field->name, strlen(field->name));
        if (field->type != TLM_REST_LIST) {
            tlm_json_raw(writer, field->example, strlen(field->example));
            continue;
        }
        tlm_json_begin_array(writer);
        tlm_rest_shape_write_example(field->shape, writer);
        tlm_json_end_array(writer);
    }
    tlm_json_end_object(writer);
}
