/* SPDX-License-Identifier: Apache-2.0 */
/* The description for programs: OpenAPI 3.1 (https://spec.openapis.org/oas/v3.1.0), whose schemas are those of JSON
 * Schema 2020-12. */
#include "documents.h"

#define STREAM_ID_DOC "Id of the stream, percent-encoded: 1 to 255 bytes of UTF-8."

static void put(tlm_json_writer *writer, const char *key, const char *text)
{
    tlm_json_key(writer, key, strlen(key));
    tlm_json_string(writer, text, strlen(text));
}

static void put_integer(tlm_json_writer *writer, const char *key, int64_t value)
{
    tlm_json_key(writer, key, strlen(key));
    tlm_json_int(writer, value);
}

static void begin(tlm_json_writer *writer, const char *key)
{
    tlm_json_key(writer, key, strlen(key));
    tlm_json_begin_object(writer);
}

static void put_reference(tlm_json_writer *writer, const char *folder, const char *name)
{
    char text[128];

    (void)snprintf(text, sizeof text, "#/components/%s/%s", folder, name);
    tlm_json_begin_object(writer);
    put(writer, "$ref", text);
    tlm_json_end_object(writer);
}

/* --- schemas --------------------------------------------------------------------------------------------------- */

static void put_type(tlm_json_writer *writer, const char *type, uint32_t flags)
{
    if (!(flags & TLM_REST_NULLABLE)) {
        put(writer, "type", type);
        return;
    }
    TLM_JSON_KEY(writer, "type");
    tlm_json_begin_array(writer);
    tlm_json_string(writer, type, strlen(type));
    tlm_json_string(writer, "null", 4);
    tlm_json_end_array(writer);
}

static void put_type_of(tlm_json_writer *writer, const tlm_rest_field *field)
{
    static const struct {
        const char *type, *format, *values;
    } words[] = {
        [TLM_REST_TEXT] = {"string", NULL, NULL},         [TLM_REST_TIME] = {"string", "date-time", NULL},
        [TLM_REST_INTEGER] = {"integer", "int64", NULL},  [TLM_REST_NUMBER] = {"number", NULL, NULL},
        [TLM_REST_BOOL] = {"boolean", NULL, NULL},        [TLM_REST_LIST] = {"array", NULL, NULL},
        [TLM_REST_TEXT_MAP] = {"object", NULL, "string"}, [TLM_REST_INTEGER_MAP] = {"object", NULL, "integer"},
        [TLM_REST_ANY_MAP] = {"object", NULL, NULL},
    };

    put_type(writer, words[field->type].type, field->flags);
    if (words[field->type].format)
        put(writer, "format", words[field->type].format);
    if (words[field->type].values) {
        begin(writer, "additionalProperties");
        put(writer, "type", words[field->type].values);
        tlm_json_end_object(writer);
    }
}

static void put_field(tlm_json_writer *writer, const tlm_rest_field *field)
{
    begin(writer, field->name);
    put_type_of(writer, field);
    put(writer, "description", field->doc);
    if (field->unit)
        put(writer, "x-unit", field->unit);
    if (field->shape) {
        TLM_JSON_KEY(writer, "items");
        put_reference(writer, "schemas", field->shape->name);
    }
    if (field->choices) {
        TLM_JSON_KEY(writer, "enum");
        tlm_json_begin_array(writer);
        for (uint32_t i = 0; field->choices[i]; i++)
            tlm_json_string(writer, field->choices[i], strlen(field->choices[i]));
        tlm_json_end_array(writer);
    }
    tlm_json_end_object(writer);
}

static void put_shape(tlm_json_writer *writer, const tlm_rest_shape *shape)
{
    begin(writer, shape->name);
    put(writer, "type", "object");
    put(writer, "description", shape->doc);
    TLM_JSON_KEY(writer, "required");
    tlm_json_begin_array(writer);
    for (uint32_t i = 0; i < shape->field_count; i++)
        tlm_json_string(writer, shape->fields[i].name, strlen(shape->fields[i].name));
    tlm_json_end_array(writer);
    begin(writer, "properties");
    for (uint32_t i = 0; i < shape->field_count; i++)
        put_field(writer, &shape->fields[i]);
    tlm_json_end_object(writer);
    tlm_json_end_object(writer);
}

static void put_schemas(tlm_json_writer *writer)
{
    static const tlm_rest_shape *const shapes[] = {
        &tlm_rest_shape_stream,      &tlm_rest_shape_metrics, &tlm_rest_shape_emote,  &tlm_rest_shape_moment,
        &tlm_rest_shape_root,        &tlm_rest_shape_alive,   &tlm_rest_shape_health, &tlm_rest_shape_health_item,
        &tlm_rest_shape_live_health, &tlm_rest_shape_error,
    };

    begin(writer, "schemas");
    for (size_t i = 0; i < TLM_COUNT(shapes); i++)
        put_shape(writer, shapes[i]);
    tlm_json_end_object(writer);
}

/* --- answers --------------------------------------------------------------------------------------------------- */

static void put_error_content(tlm_json_writer *writer)
{
    begin(writer, "content");
    begin(writer, "application/json");
    TLM_JSON_KEY(writer, "schema");
    put_reference(writer, "schemas", tlm_rest_shape_error.name);
    tlm_json_end_object(writer);
    tlm_json_end_object(writer);
}

static void put_common_responses(tlm_json_writer *writer)
{
    uint32_t count;
    const tlm_rest_outcome *outcomes = tlm_rest_outcomes(&count);

    begin(writer, "responses");
    for (uint32_t i = 0; i < count; i++) {
        begin(writer, outcomes[i].name);
        put(writer, "description", outcomes[i].doc);
        if (outcomes[i].has_error)
            put_error_content(writer);
        tlm_json_end_object(writer);
    }
    tlm_json_end_object(writer);
}

static void put_answer_schema(tlm_json_writer *writer, const tlm_rest_route *route)
{
    TLM_JSON_KEY(writer, "schema");
    if (!route->shape) {
        tlm_json_begin_object(writer);
        put(writer, "type", strcmp(route->content_type, "application/json") == 0 ? "object" : "string");
        tlm_json_end_object(writer);
    } else if (!route->is_list) {
        put_reference(writer, "schemas", route->shape->name);
    } else {
        tlm_json_begin_object(writer);
        put(writer, "type", "array");
        TLM_JSON_KEY(writer, "items");
        put_reference(writer, "schemas", route->shape->name);
        tlm_json_end_object(writer);
    }
}

static void put_answer(tlm_json_writer *writer, const tlm_rest_route *route, const char *status, const char *doc)
{
    begin(writer, status);
    put(writer, "description", doc);
    begin(writer, "content");
    begin(writer, route->content_type);
    put_answer_schema(writer, route);
    if (route->shape) {
        tlm_buffer example = TLM_BUFFER_INIT;
        tlm_rest_route_write_example(route, &example);
        TLM_JSON_KEY(writer, "example");
        tlm_json_raw(writer, example.data, example.size);
        if (example.error)
            writer->buffer->error = example.error;
        tlm_buffer_finish(&example);
    }
    tlm_json_end_object(writer);
    tlm_json_end_object(writer);
    tlm_json_end_object(writer);
}

static void put_responses(tlm_json_writer *writer, const tlm_rest_route *route, const tlm_rest_about *about)
{
    uint32_t count;
    const tlm_rest_outcome *outcomes = tlm_rest_outcomes(&count);

    begin(writer, "responses");
    put_answer(writer, route, "200", route->summary);
    for (uint32_t i = 0; i < count; i++) {
        if (!tlm_rest_route_may(route, &outcomes[i], about))
            continue;
        tlm_json_key(writer, outcomes[i].status, strlen(outcomes[i].status));
        put_reference(writer, "responses", outcomes[i].name);
    }
    if (route->may & TLM_REST_MAY_503_ALIKE)
        put_answer(writer, route, "503", "The same, when nothing can be served.");
    tlm_json_end_object(writer);
}

/* --- routes ---------------------------------------------------------------------------------------------------- */

static void put_parameter(tlm_json_writer *writer, const tlm_rest_parameter_spec *spec)
{
    bool is_integer = spec->type == TLM_REST_INTEGER;

    tlm_json_begin_object(writer);
    put(writer, "name", spec->name);
    put(writer, "in", "query");
    put(writer, "description", spec->doc);
    begin(writer, "schema");
    put(writer, "type", is_integer ? "integer" : "string");
    if (is_integer) {
        put(writer, "format", "int64");
        put_integer(writer, "minimum", spec->min);
        if (spec->max != INT64_MAX)
            put_integer(writer, "maximum", spec->max);
        put_integer(writer, "default", spec->otherwise);
    }
    tlm_json_end_object(writer);
    if (spec->example)
        put(writer, "example", spec->example);
    tlm_json_end_object(writer);
}

static void put_parameters(tlm_json_writer *writer, const tlm_rest_route *route)
{
    TLM_JSON_KEY(writer, "parameters");
    tlm_json_begin_array(writer);
    if (strchr(route->path, '{')) {
        tlm_json_begin_object(writer);
        put(writer, "name", "id");
        put(writer, "in", "path");
        TLM_JSON_KEY(writer, "required");
        tlm_json_bool(writer, true);
        put(writer, "description", STREAM_ID_DOC);
        begin(writer, "schema");
        put(writer, "type", "string");
        put_integer(writer, "minLength", 1);
        put_integer(writer, "maxLength", 255);
        tlm_json_end_object(writer);
        put(writer, "example", "demo_stream");
        tlm_json_end_object(writer);
    }
    for (uint32_t i = 0; i < route->parameter_count; i++)
        put_parameter(writer, &route->parameters[i]);
    tlm_json_end_array(writer);
}

static void put_route(tlm_json_writer *writer, const tlm_rest_route *route, const tlm_rest_about *about)
{
    begin(writer, route->path);
    begin(writer, "get");
    put(writer, "operationId", route->name);
    put(writer, "summary", route->summary);
    put(writer, "description", route->doc);
    TLM_JSON_KEY(writer, "tags");
    tlm_json_begin_array(writer);
    tlm_json_string(writer, route->group, strlen(route->group));
    tlm_json_end_array(writer);
    put_parameters(writer, route);
    put_responses(writer, route, about);
    tlm_json_end_object(writer);
    tlm_json_end_object(writer);
}

static void put_info(tlm_json_writer *writer, const tlm_rest_about *about)
{
    char text[2048];

    (void)snprintf(text, sizeof text, "%s%s%s", tlm_rest_general_doc, about->has_live ? "\n\n" : "",
                   about->has_live ? tlm_rest_live_doc : "");
    begin(writer, "info");
    put(writer, "title", about->title);
    put(writer, "version", about->version);
    put(writer, "description", text);
    begin(writer, "license");
    put(writer, "name", "Apache License 2.0");
    put(writer, "identifier", "Apache-2.0");
    tlm_json_end_object(writer);
    tlm_json_end_object(writer);
}

void tlm_rest_openapi_write(const tlm_rest_about *about, tlm_buffer *out)
{
    uint32_t count;
    const tlm_rest_route *routes = tlm_rest_routes(&count);
    tlm_json_writer writer;

    tlm_json_init(&writer, out);
    tlm_json_begin_object(&writer);
    put(&writer, "openapi", "3.1.0");
    put_info(&writer, about);
    begin(&writer, "paths");
    for (uint32_t i = 0; i < count; i++)
        put_route(&writer, &routes[i], about);
    tlm_json_end_object(&writer);
    begin(&writer, "components");
    put_schemas(&writer);
    put_common_responses(&writer);
    tlm_json_end_object(&writer);
    tlm_json_end_object(&writer);
}
