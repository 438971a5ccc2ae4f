/* SPDX-License-Identifier: Apache-2.0 */
/* The descriptions of the API, held against the API: what /openapi.json says is what is answered, no more and no less.
 */
#include "rest_host.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define PROBLEM_SIZE 512

static const tlm_page pages[] = {{"/dashboard/", "text/html; charset=utf-8", NULL, NULL, 1, 1},
                                 {"/ws/live/health", "application/json", NULL, NULL, 0, 0}};
static const tlm_text bodies[] = {
    {"front", 5}, {"{\"status\":\"ok\",\"active_streams\":1,\"total_connections\":3,\"streams\":{\"a\":3}}", 74}};
static const rest_setup usual = {0}, with_pages = {.pages = pages, .page_bodies = bodies, .page_count = 2};

static const tlm_health_item health_items[] = {{"lane 0", "core", 0, TLM_HEALTH_OK, {"", 0}},
                                               {"fake", "sqlite", 1, TLM_HEALTH_OK, {"", 0}}};

/* The routes of contract section 3. */
static const char *const contract[] = {
    "/",
    "/health",
    "/metrics",
    "/api/v1/health",
    "/api/v1/streams",
    "/api/v1/streams/{id}/metrics",
    "/api/v1/streams/{id}/moments",
    "/ws/live/health",
    "/openapi.json",
    "/docs",
    "/redoc",
};

typedef struct fixture {
    rest_host *rest;
    json_t *document;
} fixture;

static json_t *get_json(rest_host *rest, const char *target, int status)
{
    http_answer answer = http_get(rest->port, target);
    json_error_t error;

    if (answer.status != status)
        print_error("%s: %s\n", target, answer.text);
    assert_int_equal(answer.status, status);
    json_t *json = json_loads(answer.body, JSON_REJECT_DUPLICATES, &error);
    if (!json)
        print_error("%s: %s in %s\n", target, error.text, answer.body);
    assert_non_null(json);
    http_answer_finish(&answer);
    return json;
}

static fixture begin(const rest_setup *setup)
{
    fixture found = {.rest = rest_begin(setup)};

    found.rest->health = health_items;
    found.rest->health_count = TLM_COUNT(health_items);
    found.document = get_json(found.rest, "/openapi.json", 200);
    return found;
}

static void end(fixture *found)
{
    json_decref(found->document);
    rest_end(found->rest);
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    if (!text || !text[0])
        print_error("no text %s\n", key);
    assert_true(text && text[0]);
    return text;
}

/* --- a reader of the part of JSON Schema that the document uses ------------------------------------------------- */

static json_t *resolve(json_t *document, json_t *value)
{
    json_t *reference = json_object_get(value, "$ref");
    char path[256];

    if (!reference)
        return value;
    snprintf(path, sizeof path, "%s", json_string_value(reference));
    assert_memory_equal(path, "#/", 2);
    json_t *at = document;
    for (char *rest = path + 2, *part = NULL; (part = strsep(&rest, "/")) != NULL;)
        at = json_object_get(at, part);
    if (!at)
        print_error("%s leads nowhere\n", json_string_value(reference));
    assert_non_null(at);
    return at;
}

static bool is_type(const json_t *value, const char *type)
{
    if (strcmp(type, "string") == 0)
        return json_is_string(value);
    if (strcmp(type, "integer") == 0)
        return json_is_integer(value);
    if (strcmp(type, "number") == 0)
        return json_is_number(value);
    if (strcmp(type, "boolean") == 0)
        return json_is_boolean(value);
    if (strcmp(type, "object") == 0)
        return json_is_object(value);
    if (strcmp(type, "array") == 0)
        return json_is_array(value);
    if (strcmp(type, "null") == 0)
        return json_is_null(value);
    fail_msg("an unknown type %s", type);
    return false;
}

static bool has_type(const json_t *schema, const json_t *value)
{
    const json_t *types = json_object_get(schema, "type"), *type;
    size_t i;

    if (json_is_string(types))
        return is_type(value, json_string_value(types));
    assert_true(json_is_array(types) && json_array_size(types) > 0);
    json_array_foreach(types, i, type) if (is_type(value, json_string_value(type))) return true;
    return false;
}

static void check(json_t *document, json_t *schema, const json_t *value, const char *where);

static void check_object(json_t *document, json_t *schema, const json_t *value, const char *where)
{
    json_t *properties = json_object_get(schema, "properties"), *required = json_object_get(schema, "required");
    json_t *others = json_object_get(schema, "additionalProperties"), *member, *name;
    const char *key;
    char inner[PROBLEM_SIZE];
    size_t i;

    json_array_foreach(required, i, name) if (!json_object_get(value, json_string_value(name)))
        fail_msg("%s lacks %s", where, json_string_value(name));
    assert_int_equal(json_array_size(required), json_object_size(properties));
    json_object_foreach((json_t *)(uintptr_t)value, key, member)
    {
        json_t *known = json_object_get(properties, key);
        snprintf(inner, sizeof inner, "%.400s.%.80s", where, key);
        if (known)
            check(document, known, member, inner);
        else if (others)
            check(document, others, member, inner);
        else if (properties)
            fail_msg("%s is not described", inner);
    }
}

static void check(json_t *document, json_t *schema, const json_t *value, const char *where)
{
    schema = resolve(document, schema);
    if (!has_type(schema, value))
        fail_msg("%s has another type than the schema says", where);
    if (json_is_object(value))
        check_object(document, schema, value, where);
    json_t *items = json_object_get(schema, "items"), *choices = json_object_get(schema, "enum");
    if (json_is_array(value)) {
        const json_t *item;
        size_t i;
        assert_non_null(items);
        json_array_foreach(value, i, item) check(document, items, item, where);
    }
    if (choices) {
        const json_t *choice;
        size_t i;
        bool is_one = false;
        json_array_foreach(choices, i, choice) is_one |=
            json_equal((json_t *)(uintptr_t)value, (json_t *)(uintptr_t)choice) != 0;
        if (!is_one)
            fail_msg("%s is none of the choices", where);
    }
    if (json_is_string(value) && json_object_get(schema, "format") &&
        strcmp(text_of(schema, "format"), "date-time") == 0)
        assert_int_equal(json_string_value(value)[json_string_length(value) - 1], 'Z');
}

/* --- the document ---------------------------------------------------------------------------------------------- */

static void the_document_is_openapi_3_1(void **state)
{
    (void)state;
    fixture found = begin(&usual);
    const json_t *info = json_object_get(found.document, "info");
    assert_string_equal(text_of(found.document, "openapi"), "3.1.0");
    assert_string_equal(text_of(info, "title"), "Telemetra API");
    assert_string_equal(text_of(info, "version"), "1.2.3");
    assert_string_equal(text_of(json_object_get(info, "license"), "name"), "Apache License 2.0");
    http_answer answer = http_get(found.rest->port, "/openapi.json");
    assert_string_equal(http_header(&answer, "Content-Type"), "application/json");
    assert_string_equal(http_header(&answer, "Cache-Control"), "no-cache");
    assert_non_null(http_header(&answer, "ETag"));
    http_answer_finish(&answer);
    end(&found);
}

static void every_route_of_the_contract_is_described_and_no_other(void **state)
{
    (void)state;
    fixture found = begin(&usual);
    const json_t *paths = json_object_get(found.document, "paths");
    assert_int_equal(json_object_size(paths), TLM_COUNT(contract));
    for (size_t i = 0; i < TLM_COUNT(contract); i++)
        if (!json_object_get(paths, contract[i]))
            fail_msg("%s is not described", contract[i]);
    end(&found);
}

static void check_parameters(const json_t *operation, const char *path)
{
    const json_t *parameter;
    bool has_id = false;
    size_t i;

    json_array_foreach(json_object_get(operation, "parameters"), i, parameter)
    {
        bool in_path = strcmp(text_of(parameter, "in"), "path") == 0;
        text_of(parameter, "description");
        text_of(json_object_get(parameter, "schema"), "type");
        if (in_path) {
            assert_string_equal(text_of(parameter, "name"), "id");
            assert_true(json_is_true(json_object_get(parameter, "required")));
        }
        has_id |= in_path;
    }
    assert_int_equal(has_id, strstr(path, "{id}") != NULL);
}

/* What a validator of OpenAPI looks at in an operation. */
static void every_operation_is_complete(void **state)
{
    json_t *path_item, *response, *names = json_object();
    const char *path, *status;

    (void)state;
    fixture found = begin(&with_pages);
    json_object_foreach(json_object_get(found.document, "paths"), path, path_item)
    {
        const json_t *operation = json_object_get(path_item, "get");
        assert_int_equal(json_object_size(path_item), 1);
        const char *name = text_of(operation, "operationId");
        assert_null(json_object_get(names, name));
        json_object_set_new(names, name, json_true());
        text_of(operation, "summary");
        text_of(operation, "description");
        check_parameters(operation, path);
        json_t *responses = json_object_get(operation, "responses");
        assert_non_null(json_object_get(responses, "200"));
        json_object_foreach(responses, status, response)
        {
            assert_int_equal(strspn(status, "0123456789"), 3);
            text_of(resolve(found.document, response), "description");
        }
    }
    json_decref(names);
    end(&found);
}

static void every_schema_says_what_each_field_is(void **state)
{
    json_t *schema, *property;
    const char *name, *key;

    (void)state;
    fixture found = begin(&usual);
    json_t *schemas = json_object_get(json_object_get(found.document, "components"), "schemas");
    assert_int_equal(json_object_size(schemas), 10);
    json_object_foreach(schemas, name, schema)
    {
        assert_string_equal(text_of(schema, "type"), "object");
        text_of(schema, "description");
        json_object_foreach(json_object_get(schema, "properties"), key, property)
        {
            assert_non_null(json_object_get(property, "type"));
            text_of(property, "description");
            if (json_object_get(property, "items"))
                resolve(found.document, json_object_get(property, "items"));
        }
    }
    end(&found);
}

/* --- the document and the answers ------------------------------------------------------------------------------ */

static void target_of(const char *path, const char *id, const char *query, char *target, size_t size)
{
    const char *brace = strchr(path, '{');

    if (brace)
        snprintf(target, size, "%.*s%s%s%s", (int)(brace - path), path, id, strchr(brace, '}') + 1, query);
    else
        snprintf(target, size, "%s%s", path, query);
}

static json_t *content_of(json_t *document, const json_t *operation, const char *status, const char **ret_type)
{
    json_t *response = json_object_get(json_object_get(operation, "responses"), status);
    json_t *content = json_object_get(resolve(document, response), "content");

    assert_int_equal(json_object_size(content), 1);
    void *first = json_object_iter(content);
    *ret_type = json_object_iter_key(first);
    return json_object_iter_value(first);
}

/* Asks for a path and holds the answer against its description; the example must fit too. */
static void check_path(fixture *found, const char *path, const char *id, const json_t *operation)
{
    char target[256];
    const char *type;
    json_t *content = content_of(found->document, operation, "200", &type);

    target_of(path, id, "", target, sizeof target);
    http_answer answer = http_get(found->rest->port, target);
    assert_int_equal(answer.status, 200);
    assert_string_equal(http_header(&answer, "Content-Type"), type);
    if (strcmp(type, "application/json") == 0) {
        json_t *value = json_loads(answer.body, JSON_REJECT_DUPLICATES, NULL);
        assert_non_null(value);
        if (json_is_array(value))
            assert_true(json_array_size(value) > 0);
        check(found->document, json_object_get(content, "schema"), value, target);
        json_decref(value);
    }
    if (json_object_get(content, "example"))
        check(found->document, json_object_get(content, "schema"), json_object_get(content, "example"), path);
    http_answer_finish(&answer);
}

static void every_route_answers_as_described(void **state)
{
    static const rest_setup *const setups[] = {&usual, &with_pages};
    const char *path;
    json_t *item;

    (void)state;
    for (size_t i = 0; i < TLM_COUNT(setups); i++) {
        fixture found = begin(setups[i]);
        json_object_foreach(json_object_get(found.document, "paths"), path, item)
            check_path(&found, path, "a", json_object_get(item, "get"));
        /* A stream whose windows hold nulls. */
        path = "/api/v1/streams/{id}/metrics";
        check_path(&found, path, "b",
                   json_object_get(json_object_get(json_object_get(found.document, "paths"), path), "get"));
        end(&found);
    }
}

static int status_of(fixture *found, const char *path, const char *name, long long value)
{
    char query[64], target[256];

    snprintf(query, sizeof query, "?%s=%lld", name, value);
    target_of(path, "a", query, target, sizeof target);
    http_answer answer = http_get(found->rest->port, target);
    int status = answer.status;
    http_answer_finish(&answer);
    return status;
}

static void assert_default(fixture *found, const char *path, const char *name, long long value)
{
    char query[64], with[256], without[256];

    snprintf(query, sizeof query, "?%s=%lld", name, value);
    target_of(path, "a", query, with, sizeof with);
    target_of(path, "a", "", without, sizeof without);
    json_t *a = get_json(found->rest, with, 200), *b = get_json(found->rest, without, 200);
    assert_true(json_equal(a, b));
    json_decref(a);
    json_decref(b);
}

static void bounds_are_those_described(void **state)
{
    const char *path;
    json_t *item, *parameter;
    unsigned checked = 0;
    size_t i;

    (void)state;
    fixture found = begin(&usual);
    json_object_foreach(json_object_get(found.document, "paths"), path, item)
    {
        json_array_foreach(json_object_get(json_object_get(item, "get"), "parameters"), i, parameter)
        {
            const json_t *schema = json_object_get(parameter, "schema");
            const json_t *min = json_object_get(schema, "minimum"), *max = json_object_get(schema, "maximum");
            const char *name = text_of(parameter, "name");
            if (!min)
                continue;
            assert_int_equal(status_of(&found, path, name, json_integer_value(min)), 200);
            assert_int_equal(status_of(&found, path, name, json_integer_value(min) - 1), 422);
            if (max) {
                assert_int_equal(status_of(&found, path, name, json_integer_value(max)), 200);
                assert_int_equal(status_of(&found, path, name, json_integer_value(max) + 1), 422);
            }
            assert_default(&found, path, name, json_integer_value(json_object_get(schema, "default")));
            checked++;
        }
    }
    assert_int_equal(checked, 4);
    end(&found);
}

static void check_refusal(fixture *found, const char *path, const char *query, const char *id, int status)
{
    const json_t *item = json_object_get(json_object_get(found->document, "paths"), path);
    char target[256], word[16];
    const char *type;

    target_of(path, id, query, target, sizeof target);
    snprintf(word, sizeof word, "%d", status);
    json_t *content = content_of(found->document, json_object_get(item, "get"), word, &type);
    json_t *value = get_json(found->rest, target, status);
    check(found->document, json_object_get(content, "schema"), value, target);
    json_decref(value);
}

static void errors_are_as_described(void **state)
{
    (void)state;
    fixture found = begin(&usual);
    check_refusal(&found, "/api/v1/streams", "?limit=x", "", 422);
    check_refusal(&found, "/api/v1/streams/{id}/metrics", "?before=x", "a", 422);
    check_refusal(&found, "/api/v1/streams/{id}/metrics", "", "nobody", 404);
    found.rest->store.failure = -EIO;
    check_refusal(&found, "/api/v1/streams", "?limit=7", "", 503);
    check_refusal(&found, "/api/v1/streams/{id}/moments", "?limit=7", "a", 503);
    found.rest->health_status = TLM_HEALTH_ERROR;
    check_refusal(&found, "/api/v1/health", "", "", 503);
    end(&found);
}

static void live_paths_and_the_front_page_are_told_of_where_they_are(void **state)
{
    static const rest_setup *const setups[] = {&usual, &with_pages};

    (void)state;
    for (size_t i = 0; i < TLM_COUNT(setups); i++) {
        fixture found = begin(setups[i]);
        const char *doc = text_of(json_object_get(found.document, "info"), "description");
        const json_t *root = json_object_get(json_object_get(found.document, "paths"), "/");
        const json_t *responses = json_object_get(json_object_get(root, "get"), "responses");
        http_answer page = http_get(found.rest->port, "/docs");
        assert_int_equal(strstr(doc, "/ws/live/{stream_id}") != NULL, i == 1);
        assert_int_equal(strstr(page.body, "/ws/live/{stream_id}") != NULL, i == 1);
        assert_int_equal(json_object_get(responses, "307") != NULL, i == 1);
        http_answer_finish(&page);
        end(&found);
    }
}

/* --- the readable pages ---------------------------------------------------------------------------------------- */

/* Every link of a page leads into this process or the page itself, and answers. */
static void check_links(rest_host *rest, const char *html, const char *attribute)
{
    unsigned count = 0;

    for (const char *at = html; (at = strstr(at, attribute)) != NULL;) {
        char target[256];
        at += strlen(attribute);
        snprintf(target, sizeof target, "%.*s", (int)strcspn(at, "\"#"), at);
        count++;
        if (strcmp(target, "data:,") == 0 || (target[0] == '\0' && at[0] == '#'))
            continue;
        assert_true(target[0] == '/' && target[1] != '/');
        http_answer answer = http_get(rest->port, target);
        assert_int_equal(answer.status, 200);
        http_answer_finish(&answer);
    }
    assert_true(count > 0);
}

/* Whatever an address names inside the page is there, once. */
static void check_anchors(const char *html)
{
    char word[128];

    for (const char *at = html; (at = strstr(at, "href=\"#")) != NULL;) {
        at += strlen("href=\"#");
        snprintf(word, sizeof word, "id=\"%.*s\"", (int)strcspn(at, "\""), at);
        const char *first = strstr(html, word);
        assert_non_null(first);
        assert_null(strstr(first + 1, word));
    }
}

static void the_pages_load_nothing_from_elsewhere(void **state)
{
    static const char *const targets[] = {"/docs", "/redoc"};
    static const char *const refused[] = {"http:", "https:", "style=\"", "onclick", "javascript:", "<style", "@import"};

    (void)state;
    fixture found = begin(&with_pages);
    for (size_t i = 0; i < TLM_COUNT(targets); i++) {
        http_answer answer = http_get(found.rest->port, targets[i]);
        assert_int_equal(answer.status, 200);
        assert_string_equal(http_header(&answer, "Content-Type"), "text/html; charset=utf-8");
        const char *policy = http_header(&answer, "Content-Security-Policy");
        assert_memory_equal(policy, "default-src 'none';", 19);
        assert_null(strstr(policy, "unsafe"));
        for (size_t j = 0; j < TLM_COUNT(refused); j++)
            assert_null(strstr(answer.body, refused[j]));
        /* No script but the one file. */
        const char *script = strstr(answer.body, "<script");
        assert_int_equal(script != NULL, i == 0);
        if (script) {
            assert_memory_equal(script, "<script src=\"/docs/try.js\" defer></script>", 42);
            assert_null(strstr(script + 1, "<script"));
            check_links(found.rest, answer.body, "src=\"");
        }
        check_links(found.rest, answer.body, "href=\"");
        check_anchors(answer.body);
        http_answer_finish(&answer);
    }
    end(&found);
}

static void the_pages_show_every_route_and_field(void **state)
{
    static const char *const targets[] = {"/docs", "/redoc"};
    const char *name, *key;
    json_t *schema, *property;
    char word[128];

    (void)state;
    fixture found = begin(&usual);
    for (size_t i = 0; i < TLM_COUNT(targets); i++) {
        http_answer answer = http_get(found.rest->port, targets[i]);
        for (size_t j = 0; j < TLM_COUNT(contract); j++) {
            snprintf(word, sizeof word, "<code>%s</code>", contract[j]);
            assert_non_null(strstr(answer.body, word));
        }
        json_object_foreach(json_object_get(json_object_get(found.document, "components"), "schemas"), name, schema)
        {
            if (i == 0 || strcmp(name, "Error") == 0)
                continue;
            json_object_foreach(json_object_get(schema, "properties"), key, property)
            {
                snprintf(word, sizeof word, "<code>%s</code>", key);
                assert_non_null(strstr(answer.body, word));
            }
        }
        http_answer_finish(&answer);
    }
    end(&found);
}

static void a_title_is_text_and_never_markup(void **state)
{
    static const char *const options[][2] = {{"title", "<script>&\"x\""}, {NULL, NULL}};
    const rest_setup setup = {.options = options};

    (void)state;
    fixture found = begin(&setup);
    assert_string_equal(text_of(json_object_get(found.document, "info"), "title"), "<script>&\"x\"");
    http_answer answer = http_get(found.rest->port, "/redoc");
    assert_non_null(strstr(answer.body, "<title>&lt;script&gt;&amp;&quot;x&quot;</title>"));
    assert_null(strstr(answer.body, "<script>"));
    http_answer_finish(&answer);
    end(&found);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_document_is_openapi_3_1),
        cmocka_unit_test(every_route_of_the_contract_is_described_and_no_other),
        cmocka_unit_test(every_operation_is_complete),
        cmocka_unit_test(every_schema_says_what_each_field_is),
        cmocka_unit_test(every_route_answers_as_described),
        cmocka_unit_test(bounds_are_those_described),
        cmocka_unit_test(errors_are_as_described),
        cmocka_unit_test(live_paths_and_the_front_page_are_told_of_where_they_are),
        cmocka_unit_test(the_pages_load_nothing_from_elsewhere),
        cmocka_unit_test(the_pages_show_every_route_and_field),
        cmocka_unit_test(a_title_is_text_and_never_markup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
