/* SPDX-License-Identifier: Apache-2.0 */
/* `dashboard`: the pages of web/ for a browser, ready in memory; whichever frontend speaks HTTP serves them. */
#include <telemetra/telemetra.h>

#include <stdlib.h>

/* --- state ----------------------------------------------------------------------------------------------------- */

struct tlm_instance {
    char nothing; /* the pages are the same for all */
};

/* --- the pages ------------------------------------------------------------------------------------------------- */

/*
 * Everything comes from this origin and nothing is inline, so a hostile stream name that found its way into a page
 * could neither run nor fetch. 'self' covers the live socket too (CSP Level 3, 6.7.2.8: ws: and wss: of this host
 * match).
 */
#define POLICY                                                                                                         \
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "   \
    "form-action 'none'; frame-ancestors 'none'"

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
static const tlm_page pages[] = {
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

static const tlm_page *list(tlm_instance *instance, uint32_t *ret_count)
{
    (void)instance;
    *ret_count = (uint32_t)TLM_COUNT(pages);
    return pages;
}

static int body(tlm_instance *instance, uint32_t index, tlm_page_body *ret_body)
{
    (void)instance;
    *ret_body = (tlm_page_body){.data = bytes[index].begin, .size = (size_t)(bytes[index].end - bytes[index].begin)};
    return 0;
}

/* --- callbacks ------------------------------------------------------------------------------------------------- */

static int create(const tlm_host *host, const void *config, tlm_instance **ret_instance, tlm_error *error)
{
    (void)host, (void)config;
    tlm_instance *instance = calloc(1, sizeof *instance);
    if (!instance)
        return tlm_error_set(error, -ENOMEM, "not enough memory");
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

/* --- descriptor ------------------------------------------------------------------------------------------------ */

static const tlm_component dashboard_component = {
    .struct_size = sizeof(tlm_component),
    .id = "dashboard",
    .summary =
        "Pages at /dashboard/ that show live streams in a browser; a frontend that serves pages must stand beside it.",
    .create = create,
    .start = start,
    .stop = stop,
    .destroy = destroy,
    .get_interface = get_interface,
};

static const tlm_component *const components[] = {&dashboard_component};

TLM_PLUGIN("dashboard", TELEMETRA_VERSION, components);
