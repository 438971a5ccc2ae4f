/* SPDX-License-Identifier: Apache-2.0 */
#include "html.h"

#define INDENT 2

static void put_byte(tlm_buffer *out, char byte)
{
    switch (byte) {
    case '&':
        tlm_buffer_append(out, "&amp;", 5);
        break;
    case '<':
        tlm_buffer_append(out, "&lt;", 4);
        break;
    case '>':
        tlm_buffer_append(out, "&gt;", 4);
        break;
    case '"':
        tlm_buffer_append(out, "&quot;", 6);
        break;
    default:
        tlm_buffer_append_char(out, byte);
        break;
    }
}

void tlm_rest_html(tlm_buffer *out, const char *markup, ...)
{
    va_list arguments;

    va_start(arguments, markup);
    for (const char *at = markup; *at; at++) {
        if (at[0] != '%' || at[1] != 's') {
            tlm_buffer_append_char(out, *at);
            continue;
        }
        for (const char *text = va_arg(arguments, const char *); *text; text++)
            put_byte(out, *text);
        at++;
    }
    va_end(arguments);
}

static void put_line(tlm_buffer *out, unsigned depth)
{
    tlm_buffer_append_char(out, '\n');
    for (unsigned i = 0; i < depth * INDENT; i++)
        tlm_buffer_append_char(out, ' ');
}

void tlm_rest_html_json(tlm_buffer *out, tlm_text json)
{
    bool in_string = false;
    unsigned depth = 0;

    for (size_t i = 0; i < json.size; i++) {
        char byte = json.data[i];
        bool is_escaped = in_string && i > 0 && json.data[i - 1] == '\\' && byte == '"';
        if (!in_string && (byte == '}' || byte == ']'))
            put_line(out, --depth);
        put_byte(out, byte);
        if (byte == '"' && !is_escaped)
            in_string = !in_string;
        if (in_string)
            continue;
        if (byte == '{' || byte == '[')
            put_line(out, ++depth);
        else if (byte == ',')
            put_line(out, depth);
        else if (byte == ':')
            tlm_buffer_append_char(out, ' ');
    }
}

void tlm_rest_html_begin(const tlm_rest_about *about, const char *page, tlm_buffer *out)
{
    static const char *const links[][2] = {
        {"/docs", "Try it"}, {"/redoc", "Reference"}, {"/openapi.json", "openapi.json"}};

    tlm_rest_html(out,
                  "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                  "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                  "<meta name=\"color-scheme\" content=\"light dark\">\n<title>%s</title>\n"
                  "<link rel=\"icon\" href=\"data:,\">\n<link rel=\"stylesheet\" href=\"/docs/style.css\">\n",
                  about->title);
    if (strcmp(page, "/docs") == 0)
        tlm_rest_html(out, "<script src=\"/docs/try.js\" defer></script>\n");
    tlm_rest_html(out,
                  "</head>\n<body>\n<a class=\"skip\" href=\"#main\">Skip to the routes</a>\n"
                  "<header>\n<h1>%s <small>%s</small></h1>\n<nav aria-label=\"Pages\">",
                  about->title, about->version);
    for (size_t i = 0; i < TLM_COUNT(links); i++)
        tlm_rest_html(out,
                      strcmp(links[i][0], page) == 0 ? "\n<a href=\"%s\" aria-current=\"page\">%s</a>"
                                                     : "\n<a href=\"%s\">%s</a>",
                      links[i][0], links[i][1]);
    tlm_rest_html(out, "\n</nav>\n<p>%s</p>\n", tlm_rest_general_doc);
    if (about->has_live)
        tlm_rest_html(out, "<p>%s</p>\n", tlm_rest_live_doc);
    tlm_rest_html(out, "</header>\n");
}

void tlm_rest_html_outcomes(const tlm_rest_route *route, const tlm_rest_about *about, tlm_buffer *out)
{
    uint32_t count;
    const tlm_rest_outcome *outcomes = tlm_rest_outcomes(&count);
    const char *shape = route->shape ? route->shape->name : route->content_type;

    tlm_rest_html(out,
                  "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"Answers of %s\"><table>\n"
                  "<thead><tr><th>Status</th><th>Body</th><th>When</th></tr></thead>\n<tbody>\n"
                  "<tr><td><b class=\"ok\">200</b></td><td>",
                  route->name);
    tlm_rest_html(out, route->is_list ? "array of %s" : "%s", shape);
    tlm_rest_html(out, "</td><td>All is well.</td></tr>\n");
    for (uint32_t i = 0; i < count; i++)
        if (tlm_rest_route_may(route, &outcomes[i], about))
            tlm_rest_html(out, "<tr><td><b>%s</b></td><td>%s</td><td>%s</td></tr>\n", outcomes[i].status,
                          outcomes[i].has_error ? tlm_rest_shape_error.name : "none", outcomes[i].doc);
    if (route->may & TLM_REST_MAY_503_ALIKE)
        tlm_rest_html(out, "<tr><td><b>503</b></td><td>%s</td><td>Nothing can be served.</td></tr>\n", shape);
    tlm_rest_html(out, "</tbody>\n</table></div>\n");
}
