/* SPDX-License-Identifier: Apache-2.0 */
/* `dashboard`: the pages of web/ for a browser, ready in memory; whichever frontend speaks HTTP serves them. */
#include <telemetra/telemetra.h>

#include <stdio.h>
#include <stdlib.h>

#define URL_SIZE_MAX 512u

typedef struct dashboard_config {
    const char *api_url, *ws_url; /* "" or NULL: where the pages come from */
} dashboard_config;

/* --- the pages ------------------------------------------------------------------------------------------------- */

/*
 * Everything comes from this origin and nothing is inline, so a hostile stream name that found its way into a page
 * could neither run nor fetch. 'self' covers the live socket too (CSP Level 3, 6.7.2.8: ws: and wss: of this host
 * match). Where the API is elsewhere its origin is added to what may be connected to, and to nothing else.
 */
#define POLICY                                                                                                         \
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; "   \
    "frame-ancestors 'none'; connect-src 'self'"

#define HTML "text/html; charset=utf-8"
#define CSS "text/css; charset=utf-8"
#define JS "text/javascript; charset=utf-8"
#define SVG "image/svg+xml"
#define TXT "text/plain; charset=utf-8"

/* pages.inc is a PAGE for each file that is built in; the linker knows where the bytes of each are. */
#define PAGE(number, path, type, policy, is_front) extern const char page_##number[], page_##number##_end[];
#include "pages.inc"
#undef PAGE

/* Each of these texts is much smaller compressed, and every browser takes gzip. */
static const tlm_page built_in[] = {
#define PAGE(number, path, type, policy, is_front) {path, type, "gzip", policy, 1, is_front},
#include "pages.inc"
#undef PAGE
};

static const struct {
    const char *begin, *end;
} bytes[] = {
#define PAGE(number, path, type, policy, is_front) {page_##number, page_##number##_end},
#include "pages.inc"
#undef PAGE
};

/* --- state ----------------------------------------------------------------------------------------------------- */

struct tlm_instance {
    tlm_page pages[TLM_COUNT(built_in) + 1]; /* those, and what tells them where the API is */
    char policy[sizeof POLICY + 2 * (URL_SIZE_MAX + 1)];
    char settings[2 * URL_SIZE_MAX + 128];
};

static const tlm_page *list(tlm_instance *instance, uint32_t *ret_count)
{
    *ret_count = (uint32_t)TLM_COUNT(instance->pages);
    return instance->pages;
}

static int body(tlm_instance *instance, uint32_t index, tlm_page_body *ret_body)
{
    if (index == TLM_COUNT(built_in))
        *ret_body = (tlm_page_body){.data = instance->settings, .size = strlen(instance->settings)};
    else
        *ret_body =
            (tlm_page_body){.data = bytes[index].begin, .size = (size_t)(bytes[index].end - bytes[index].begin)};
    return 0;
}

/* --- where the API is ------------------------------------------------------------------------------------------ */

/* The size of "scheme://host:port" at the beginning of `url`; 0 when it has another scheme or no host. */
static size_t origin_size(const char *url, const char *scheme)
{
    size_t size = strlen(scheme);
    if (strncmp(url, scheme, size) != 0)
        return 0;
    if (url[size] == 's')
        size++;
    if (strncmp(url + size, "://", 3) != 0)
        return 0;
    size_t host = strcspn(url + size + 3, "/");
    return host > 0 ? size + 3 + host : 0;
}

/*
 * The text becomes part of a script and of a policy. Of RFC 3986's characters those are taken that mean nothing in
 * either; a query or a fragment would be cut through by the paths that follow.
 */
static int check_url(const char *option, const char *url, const char *scheme, tlm_error *error)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~%:/[]";

    if (!url || !*url)
        return 0;
    if (strlen(url) > URL_SIZE_MAX || url[strspn(url, allowed)] || origin_size(url, scheme) == 0)
        return tlm_error_set(error, -EINVAL,
                             "%s: expected %s://HOST[:PORT][/PATH] or %ss://..., at most %u bytes, found \"%s\"",
                             option, scheme, scheme, URL_SIZE_MAX, url);
    return 0;
}

static void add_origin(tlm_instance *instance, const char *url, const char *scheme)
{
    size_t size = strlen(instance->policy);

    snprintf(instance->policy + size, sizeof instance->policy - size, " %.*s", (int)origin_size(url, scheme), url);
}

/* Paths are put behind it: "http://host/" is "http://host". */
static int without_slash(const char *url)
{
    size_t size = strlen(url);

    return (int)(size > 0 && url[size - 1] == '/' ? size - 1 : size);
}

static void make_pages(tlm_instance *instance, const char *api_url, const char *ws_url)
{
    tlm_page *pages = instance->pages;

    memcpy(pages, built_in, sizeof built_in);
    pages[TLM_COUNT(built_in)] = (tlm_page){.path = "/dashboard/js/settings.js", .content_type = JS, .is_fixed = 1};
    snprintf(instance->settings, sizeof instance->settings,
             "/** Where the API and the live socket are; \"\": where this comes from. */\n"
             "export const API_URL = \"%.*s\";\nexport const WS_URL = \"%.*s\";\n",
             without_slash(api_url), api_url, without_slash(ws_url), ws_url);
    strcpy(instance->policy, POLICY);
    if (*api_url)
        add_origin(instance, api_url, "http");
    if (*ws_url)
        add_origin(instance, ws_url, "ws");
    for (size_t i = 0; i < TLM_COUNT(built_in); i++)
        if (pages[i].policy)
            pages[i].policy = instance->policy;
}

/* --- callbacks ------------------------------------------------------------------------------------------------- */

static int create(const tlm_host *host, const void *config, tlm_instance **ret_instance, tlm_error *error)
{
    const dashboard_config *settings = config;
    (void)host;
    int result = check_url("api_url", settings->api_url, "http", error);
    if (result == 0)
        result = check_url("ws_url", settings->ws_url, "ws", error);
    if (result < 0)
        return result;
    tlm_instance *instance = calloc(1, sizeof *instance);
    if (!instance)
        return tlm_error_set(error, -ENOMEM, "not enough memory");
    make_pages(instance, settings->api_url ? settings->api_url : "", settings->ws_url ? settings->ws_url : "");
    *ret_instance = instance;
    return 0;
}

static int start(tlm_instance *instance, tlm_error *error)
{
    (void)instance, (void)error;
    return 0;
}

static void stop(tlm_instance *instance)
{
    (void)instance;
}

static void destroy(tlm_instance *instance)
{
    free(instance);
}

static const void *get_interface(const char *id)
{
    static const tlm_pages offered = {list, body};

    return strcmp(id, TLM_INTERFACE_PAGES) == 0 ? &offered : NULL;
}

/* --- options --------------------------------------------------------------------------------------------------- */

#define AT(member) (uint32_t) offsetof(dashboard_config, member)

static const tlm_option options[] = {
    {"api_url", TLM_OPTION_TEXT, 0, AT(api_url), NULL, 0, 0, NULL,
     "Where the API is for browsers, such as http://localhost:8000; where the pages come from when not given. That "
     "server must name the origin of these pages in its `cors_origins`."},
    {"ws_url", TLM_OPTION_TEXT, 0, AT(ws_url), NULL, 0, 0, NULL,
     "The same of the live socket, such as ws://localhost:8000; that server's `origins` must name these pages'."},
};

/* --- descriptor ------------------------------------------------------------------------------------------------ */

static const tlm_component dashboard_component = {
    .struct_size = sizeof(tlm_component),
    .config_size = sizeof(dashboard_config),
    .id = "dashboard",
    .summary =
        "Pages at /dashboard/ that show live streams in a browser; a frontend that serves pages must stand beside it.",
    .options = options,
    .option_count = TLM_COUNT(options),
    .create = create,
    .start = start,
    .stop = stop,
    .destroy = destroy,
    .get_interface = get_interface,
};

static const tlm_component *const components[] = {&dashboard_component};

TLM_PLUGIN("dashboard", TELEMETRA_VERSION, components);
