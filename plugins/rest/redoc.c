/* SPDX-License-Identifier: Apache-2.0 */
/* /redoc: a reference in three columns: what there is, what it means, what it looks like. No script. */
#include "html.h"

static void put_contents(const tlm_rest_route *routes, uint32_t count, tlm_buffer *out)
{
    tlm_rest_html(out, "<nav class=\"contents\" aria-label=\"Routes\">\n<ul>\n");
    for (uint32_t i = 0; i < count; i++) {
        if (i == 0 || strcmp(routes[i].group, routes[i - 1].group) != 0)
            tlm_rest_html(out, "<li class=\"group\">%s</li>\n", routes[i].group);
        tlm_rest_html(out, "<li><a href=\"#%s\">%s</a></li>\n", routes[i].name, routes[i].summary);
    }
    tlm_rest_html(out, "</ul>\n</nav>\n");
}

static void put_bounds(const tlm_rest_parameter_spec *spec, tlm_buffer *out)
{
    char text[96];

    if (spec->type != TLM_REST_INTEGER) {
        tlm_rest_html(out, "<td>time</td><td>none</td>");
        return;
    }
    (void)snprintf(text, sizeof text, spec->max == INT64_MAX ? "integer from %lld" : "integer from %lld to %lld",
                   (long long)spec->min, (long long)spec->max);
    tlm_rest_html(out, "<td>%s</td>", text);
    (void)snprintf(text, sizeof text, "%lld", (long long)spec->otherwise);
    tlm_rest_html(out, "<td>%s</td>", text);
}

static void put_parameters(const tlm_rest_route *route, tlm_buffer *out)
{
    bool has_id = strchr(route->path, '{') != NULL;

    if (!has_id && route->parameter_count == 0)
        return;
    tlm_rest_html(out,
                  "<h4>Parameters</h4>\n<div class=\"wide\" tabindex=\"0\" role=\"region\" "
                  "aria-label=\"Parameters of %s\"><table>\n<thead><tr><th>Name</th><th>Value</th><th>Default</th>"
                  "<th>Meaning</th></tr></thead>\n<tbody>\n",
                  route->name);
    if (has_id)
        tlm_rest_html(out, "<tr><td><code>id</code></td><td>1 to 255 bytes</td><td>required</td>"
                           "<td>Id of the stream, percent-encoded, in the path.</td></tr>\n");
    for (uint32_t i = 0; i < route->parameter_count; i++) {
        tlm_rest_html(out, "<tr><td><code>%s</code></td>", route->parameters[i].name);
        put_bounds(&route->parameters[i], out);
        tlm_rest_html(out, "<td>%s</td></tr>\n", route->parameters[i].doc);
    }
    tlm_rest_html(out, "</tbody>\n</table></div>\n");
}

static void put_fields(const tlm_rest_route *route, const tlm_rest_shape *shape, tlm_buffer *out)
{
    char type[64];

    tlm_rest_html(out,
                  "<h4>%s</h4>\n<p>%s</p>\n<div class=\"wide\" tabindex=\"0\" role=\"region\" "
                  "aria-label=\"Fields of %s in %s\"><table>\n"
                  "<thead><tr><th>Field</th><th>Type</th><th>Meaning</th></tr></thead>\n<tbody>\n",
                  shape->name, shape->doc, shape->name, route->name);
    for (uint32_t i = 0; i < shape->field_count; i++) {
        const tlm_rest_field *field = &shape->fields[i];
        tlm_rest_field_type(field, type, sizeof type);
        tlm_rest_html(out, "<tr><td><code>%s</code></td><td>%s", field->name, type);
        if (field->unit)
            tlm_rest_html(out, "<br><small>%s</small>", field->unit);
        tlm_rest_html(out, "</td><td>%s", field->doc);
        for (uint32_t j = 0; field->choices && field->choices[j]; j++)
            tlm_rest_html(out, j == 0 ? " One of <code>%s</code>" : ", <code>%s</code>", field->choices[j]);
        tlm_rest_html(out, field->choices ? ".</td></tr>\n" : "</td></tr>\n");
    }
    tlm_rest_html(out, "</tbody>\n</table></div>\n");
    for (uint32_t i = 0; i < shape->field_count; i++)
        if (shape->fields[i].shape)
            put_fields(route, shape->fields[i].shape, out);
}

static void put_sample(const tlm_rest_route *route, tlm_buffer *out)
{
    tlm_buffer json = TLM_BUFFER_INIT;

    tlm_rest_route_write_example(route, &json);
    tlm_rest_html(out, "<div class=\"sample\">\n<h4>Example</h4>\n<pre tabindex=\"0\" aria-label=\"Example of %s\">",
                  route->summary);
    tlm_rest_html(out, "GET %s HTTP/1.1\n\nHTTP/1.1 200 OK\nContent-Type: %s\n", route->path, route->content_type);
    if (route->shape) {
        tlm_buffer_append_char(out, '\n');
        tlm_rest_html_json(out, (tlm_text){json.data, json.size});
    }
    tlm_rest_html(out, "</pre>\n</div>\n");
    if (json.error)
        out->error = json.error;
    tlm_buffer_finish(&json);
}

static void put_route(const tlm_rest_route *route, const tlm_rest_about *about, tlm_buffer *out)
{
    tlm_rest_html(
        out,
        "<section id=\"%s\">\n<div class=\"text\">\n<h3>%s</h3>\n<p><b class=\"method\">GET</b> <code>%s</code>"
        "</p>\n<p>%s</p>\n",
        route->name, route->summary, route->path, route->doc);
    put_parameters(route, out);
    tlm_rest_html(out, "<h4>Answers</h4>\n");
    tlm_rest_html_outcomes(route, about, out);
    if (route->shape)
        put_fields(route, route->shape, out);
    tlm_rest_html(out, "</div>\n");
    put_sample(route, out);
    tlm_rest_html(out, "</section>\n");
}

void tlm_rest_redoc_write(const tlm_rest_about *about, tlm_buffer *out)
{
    uint32_t count;
    const tlm_rest_route *routes = tlm_rest_routes(&count);

    tlm_rest_html_begin(about, "/redoc", out);
    tlm_rest_html(out, "<div class=\"columns\">\n");
    put_contents(routes, count, out);
    tlm_rest_html(out, "<main id=\"main\">\n");
    for (uint32_t i = 0; i < count; i++) {
        if (i == 0 || strcmp(routes[i].group, routes[i - 1].group) != 0)
            tlm_rest_html(out, "<h2>%s</h2>\n", routes[i].group);
        put_route(&routes[i], about, out);
    }
    tlm_rest_html(out, "</main>\n</div>\n</body>\n</html>\n");
}
