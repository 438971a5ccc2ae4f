/* SPDX-License-Identifier: Apache-2.0 */
/* /docs: each route with a form that sends the request (pages/try.js). */
#include "html.h"

static void put_number(const tlm_rest_parameter_spec *spec, tlm_buffer *out)
{
    char min[32], max[32], otherwise[32];

    (void)snprintf(min, sizeof min, "%lld", (long long)spec->min);
    (void)snprintf(max, sizeof max, "%lld", (long long)spec->max);
    (void)snprintf(otherwise, sizeof otherwise, "%lld", (long long)spec->otherwise);
    tlm_rest_html(out, "<input name=\"%s\" type=\"number\" min=\"%s\" placeholder=\"%s\"", spec->name, min, otherwise);
    if (spec->max != INT64_MAX)
        tlm_rest_html(out, " max=\"%s\"", max);
    tlm_rest_html(out, ">");
}

static void put_form(const tlm_rest_route *route, tlm_buffer *out)
{
    tlm_rest_html(out, "<form action=\"%s\" aria-label=\"Request to %s\">\n", route->path, route->path);
    if (strchr(route->path, '{'))
        tlm_rest_html(out, "<label><span>id</span> <input name=\"{id}\" required maxlength=\"255\" "
                           "value=\"demo_stream\" spellcheck=\"false\"> <small>Id of the stream.</small></label>\n");
    for (uint32_t i = 0; i < route->parameter_count; i++) {
        const tlm_rest_parameter_spec *spec = &route->parameters[i];
        tlm_rest_html(out, "<label><span>%s</span> ", spec->name);
        if (spec->type == TLM_REST_INTEGER)
            put_number(spec, out);
        else
            tlm_rest_html(out, "<input name=\"%s\" placeholder=\"%s\" spellcheck=\"false\">", spec->name,
                          spec->example);
        tlm_rest_html(out, " <small>%s</small></label>\n", spec->doc);
    }
    tlm_rest_html(out, "<button>Send</button>\n</form>\n<div class=\"answer\" aria-live=\"polite\"></div>\n");
}

static void put_route(const tlm_rest_route *route, const tlm_rest_about *about, tlm_buffer *out)
{
    tlm_rest_html(
        out,
        "<details id=\"%s\">\n<summary><b class=\"method\">GET</b> <code>%s</code> <span>%s</span></summary>\n"
        "<p>%s</p>\n",
        route->name, route->path, route->summary, route->doc);
    put_form(route, out);
    tlm_rest_html_outcomes(route, about, out);
    if (route->shape)
        tlm_rest_html(out, "<p><a href=\"/redoc#%s\">Fields and an example</a></p>\n", route->name);
    tlm_rest_html(out, "</details>\n");
}

void tlm_rest_docs_write(const tlm_rest_about *about, tlm_buffer *out)
{
    uint32_t count;
    const tlm_rest_route *routes = tlm_rest_routes(&count);

    tlm_rest_html_begin(about, "/docs", out);
    tlm_rest_html(out, "<main id=\"main\" class=\"docs\">\n"
                       "<noscript><p>Sending requests from this page needs JavaScript; reading it does not."
                       "</p></noscript>\n");
    for (uint32_t i = 0; i < count; i++) {
        if (i == 0 || strcmp(routes[i].group, routes[i - 1].group) != 0)
            tlm_rest_html(out, "<h2>%s</h2>\n", routes[i].group);
        put_route(&routes[i], about, out);
    }
    tlm_rest_html(out, "</main>\n</body>\n</html>\n");
}
