/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "host.h"

#include <zlib.h>

#define PAGE_SIZE_MAX (1024u * 1024u)
#define SETTINGS "/dashboard/js/settings.js" /* made from the configuration, not a file that was compressed */

/* As the option table of the component lays it out. */
typedef struct {
    const char *api_url, *ws_url;
} settings;

typedef struct {
    const tlm_component *component;
    tlm_instance *instance;
    const tlm_pages *offered;
    const tlm_page *pages;
    uint32_t count;
} fixture;

static int set_up_with(void **state, const settings *config)
{
    static fixture self;
    tlm_error error;

    self.component = test_component("dashboard", "dashboard");
    assert_int_equal(self.component->config_size, sizeof *config);
    assert_int_equal(self.component->create(NULL, config, &self.instance, &error), 0);
    assert_int_equal(self.component->start(self.instance, &error), 0);
    self.offered = self.component->get_interface(TLM_INTERFACE_PAGES);
    assert_non_null(self.offered);
    self.pages = self.offered->list(self.instance, &self.count);
    *state = &self;
    return 0;
}

static int set_up(void **state)
{
    return set_up_with(state, &(settings){0});
}

static int set_up_elsewhere(void **state)
{
    return set_up_with(state, &(settings){"https://api.example:8443/telemetra/", "wss://live.example"});
}

static int tear_down(void **state)
{
    fixture *self = *state;

    self->component->stop(self->instance);
    self->component->destroy(self->instance);
    return 0;
}

/* The text of a page, NUL-terminated, in a room of its own. */
static char *text_of(const fixture *self, uint32_t index)
{
    tlm_page_body body;
    z_stream stream = {0};

    assert_int_equal(self->offered->body(self->instance, index, &body), 0);
    char *text = calloc(1, PAGE_SIZE_MAX + 1);
    assert_non_null(text);
    assert_int_equal(inflateInit2(&stream, 15 + 16), Z_OK);
    stream.next_in = (Bytef *)(uintptr_t)body.data;
    stream.avail_in = (uInt)body.size;
    stream.next_out = (Bytef *)text;
    stream.avail_out = PAGE_SIZE_MAX;
    assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
    assert_int_equal(stream.avail_in, 0);
    assert_true(stream.total_in < stream.total_out);
    assert_int_equal(inflateEnd(&stream), Z_OK);
    if (body.release)
        body.release(&body);
    return text;
}

static const tlm_page *find(const fixture *self, const char *path, uint32_t *ret_index)
{
    for (uint32_t i = 0; i < self->count; i++)
        if (strcmp(self->pages[i].path, path) == 0) {
            *ret_index = i;
            return &self->pages[i];
        }
    return NULL;
}

static void each_page_is_a_whole_text_that_compression_made_smaller(void **state)
{
    const fixture *self = *state;

    for (uint32_t i = 0; i < self->count; i++) {
        if (strcmp(self->pages[i].path, SETTINGS) == 0)
            continue;
        assert_string_equal(self->pages[i].encoding, "gzip");
        assert_true(self->pages[i].is_fixed);
        char *text = text_of(self, i);
        assert_true(strlen(text) > 0);
        free(text);
    }
}

static void paths_are_of_the_dashboard_and_each_is_there_once(void **state)
{
    const fixture *self = *state;
    uint32_t first;

    for (uint32_t i = 0; i < self->count; i++) {
        assert_int_equal(strncmp(self->pages[i].path, "/dashboard", 10), 0);
        assert_non_null(find(self, self->pages[i].path, &first));
        assert_int_equal(first, i);
    }
}

static void a_browser_is_sent_to_one_page(void **state)
{
    const fixture *self = *state;
    uint32_t index, fronts = 0;
    const tlm_page *front = find(self, "/dashboard/", &index);

    for (uint32_t i = 0; i < self->count; i++)
        fronts += self->pages[i].is_front;
    assert_int_equal(fronts, 1);
    assert_non_null(front);
    assert_true(front->is_front);
}

static void documents_allow_nothing_inline_and_nothing_from_elsewhere(void **state)
{
    const fixture *self = *state;

    for (uint32_t i = 0; i < self->count; i++) {
        const tlm_page *page = &self->pages[i];
        if (strncmp(page->content_type, "text/html", 9) != 0)
            continue;
        assert_non_null(page->policy);
        assert_non_null(strstr(page->policy, "default-src 'none'"));
        assert_non_null(strstr(page->policy, "script-src 'self';"));
        assert_null(strstr(page->policy, "unsafe"));
        assert_null(strstr(page->policy, "http"));
    }
}

/* Reads PATH of each href="PATH" or src="PATH" of the document; those of the dashboard must be pages. */
static void check_references(const fixture *self, const char *document, const char *attribute, uint32_t *found)
{
    char path[256];
    uint32_t index = 0;

    for (const char *at = strstr(document, attribute); at; at = strstr(at, attribute)) {
        at += strlen(attribute);
        size_t size = strcspn(at, "\"");
        assert_true(size < sizeof path);
        snprintf(path, sizeof path, "%.*s", (int)size, at);
        if (strncmp(path, "/dashboard/", 11) != 0)
            continue;
        if (!find(self, path, &index))
            fail_msg("%s is no page", path);
        (*found)++;
    }
}

static void all_that_the_document_names_is_there(void **state)
{
    const fixture *self = *state;
    uint32_t index = 0, found = 0;

    assert_non_null(find(self, "/dashboard/", &index));
    char *document = text_of(self, index);
    check_references(self, document, "href=\"", &found);
    check_references(self, document, "src=\"", &found);
    assert_true(found >= 7);
    free(document);
}

static void the_licence_of_the_charts_is_served(void **state)
{
    const fixture *self = *state;
    uint32_t index = 0;

    assert_non_null(find(self, "/dashboard/dygraphs/LICENCE.txt", &index));
    char *text = text_of(self, index);
    assert_non_null(strstr(text, "Permission is hereby granted, free of charge"));
    free(text);
}

static void check_settings(const fixture *self, const char *expected)
{
    uint32_t index = 0;
    tlm_page_body body;
    const tlm_page *page = find(self, SETTINGS, &index);

    assert_non_null(page);
    assert_null(page->encoding);
    assert_int_equal(self->offered->body(self->instance, index, &body), 0);
    char *text = strndup(body.data, body.size);
    assert_non_null(text);
    assert_non_null(strstr(text, expected));
    free(text);
    if (body.release)
        body.release(&body);
}

static void pages_ask_where_they_come_from_when_nothing_is_said(void **state)
{
    check_settings(*state, "export const API_URL = \"\";\nexport const WS_URL = \"\";\n");
}

static void an_api_elsewhere_is_told_to_the_pages_and_may_be_connected_to(void **state)
{
    const fixture *self = *state;
    uint32_t index = 0;
    const tlm_page *front = find(self, "/dashboard/", &index);

    check_settings(self, "export const API_URL = \"https://api.example:8443/telemetra\";\n"
                         "export const WS_URL = \"wss://live.example\";\n");
    assert_non_null(front);
    assert_non_null(strstr(front->policy, "connect-src 'self' https://api.example:8443 wss://live.example"));
    assert_non_null(strstr(front->policy, "script-src 'self';"));
}

static void addresses_that_could_become_script_or_policy_are_refused(void **state)
{
    (void)state;
    static const settings refused[] = {
        {"http://a\"; evil()", NULL},
        {"http://a; script-src *", NULL},
        {"http://a b", NULL},
        {"javascript://a", NULL},
        {"http://", NULL},
        {"http:///path", NULL},
        {"ws://a", NULL},
        {NULL, "http://a"},
        {"http://a\\", NULL},
        {"http://a/?q", NULL},
        {NULL, "ws://a/\n"},
    };
    const tlm_component *component = test_component("dashboard", "dashboard");

    for (size_t i = 0; i < TLM_COUNT(refused); i++) {
        tlm_instance *instance = NULL;
        tlm_error error;
        assert_int_equal(component->create(NULL, &refused[i], &instance, &error), -EINVAL);
        assert_null(instance);
        assert_non_null(strstr(error.text, refused[i].api_url ? "api_url: expected" : "ws_url: expected"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_page_is_a_whole_text_that_compression_made_smaller, set_up, tear_down),
        cmocka_unit_test_setup_teardown(paths_are_of_the_dashboard_and_each_is_there_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_browser_is_sent_to_one_page, set_up, tear_down),
        cmocka_unit_test_setup_teardown(documents_allow_nothing_inline_and_nothing_from_elsewhere, set_up, tear_down),
        cmocka_unit_test_setup_teardown(all_that_the_document_names_is_there, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_licence_of_the_charts_is_served, set_up, tear_down),
        cmocka_unit_test_setup_teardown(pages_ask_where_they_come_from_when_nothing_is_said, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_api_elsewhere_is_told_to_the_pages_and_may_be_connected_to, set_up_elsewhere,
                                        tear_down),
        cmocka_unit_test(addresses_that_could_become_script_or_policy_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
