/* SPDX-License-Identifier: Apache-2.0 */
#include "pages.h"

#include "accept.h"
#include "inflate.h"

#include <pthread.h>
#include <stdlib.h>

/* A quote, 16 digits, a letter, a quote, a NUL. */
#define TAG_SIZE 20

struct tlm_rest_page {
    const tlm_page *page;
    const tlm_pages *maker; /* NULL: a document of our own */
    tlm_instance *instance;
    uint32_t index;
    bool is_kept;       /* `body` is there, borrowed until the end */
    tlm_page_body body; /* of a kept page */
    char tag[TAG_SIZE], plain_tag[TAG_SIZE];
    struct tlm_rest_pages *table;
    tlm_buffer plain; /* the body without its gzip */
    bool is_inflated;
};

struct tlm_rest_pages {
    tlm_rest_page *items;
    uint32_t count, capacity;
    const char *front;
    pthread_mutex_t mutex; /* guards `plain` and `is_inflated` of all pages */
};

/* --- the table ------------------------------------------------------------------------------------------------- */

/* Tags tell one build's files from another's, so 64 bits of FNV-1a (http://www.isthe.com/chongo/tech/comp/fnv/) do. */
static void make_tags(tlm_rest_page *page)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < page->body.size; i++)
        hash = (hash ^ (unsigned char)page->body.data[i]) * UINT64_C(0x100000001b3);
    snprintf(page->tag, sizeof page->tag, "\"%016llx\"", (unsigned long long)hash);
    snprintf(page->plain_tag, sizeof page->plain_tag, "\"%016llxp\"", (unsigned long long)hash);
}

static tlm_rest_page *add_item(tlm_rest_pages *pages, int *ret_error)
{
    if (pages->count == TLM_REST_PAGES_MAX) {
        *ret_error = -E2BIG;
        return NULL;
    }
    if (pages->count == pages->capacity) {
        uint32_t capacity = pages->capacity ? 2 * pages->capacity : 32;
        tlm_rest_page *items = realloc(pages->items, capacity * sizeof *items);
        if (!items) {
            *ret_error = -ENOMEM;
            return NULL;
        }
        pages->items = items;
        pages->capacity = capacity;
    }
    tlm_rest_page *item = &pages->items[pages->count++];
    *item = (tlm_rest_page){.table = pages};
    return item;
}

static int add_pages(void *context, const tlm_pages *maker, tlm_instance *instance)
{
    tlm_rest_pages *pages = context;
    uint32_t count = 0;
    const tlm_page *list = maker->list(instance, &count);
    int error = 0;

    for (uint32_t i = 0; i < count; i++) {
        tlm_rest_page *item = add_item(pages, &error);
        if (!item)
            return error;
        item->page = &list[i];
        item->maker = maker;
        item->instance = instance;
        item->index = i;
        if (list[i].is_front && !pages->front)
            pages->front = list[i].path;
        /* Where it cannot be had now, it is asked for anew at each request. */
        item->is_kept = list[i].is_fixed && maker->body(instance, i, &item->body) >= 0;
        if (item->is_kept)
            make_tags(item);
    }
    return 0;
}

int tlm_rest_pages_create(const tlm_host *host, tlm_rest_pages **ret_pages)
{
    const tlm_pages_service *service = host->get_service(host, TLM_SERVICE_PAGES);
    tlm_rest_pages *pages = calloc(1, sizeof *pages);

    if (!pages)
        return -ENOMEM;
    pthread_mutex_init(&pages->mutex, NULL);
    int result = service ? service->each(host, add_pages, pages) : 0;
    if (result < 0) {
        tlm_rest_pages_destroy(pages);
        return result;
    }
    *ret_pages = pages;
    return 0;
}

static void release_document(tlm_page_body *body)
{
    free(body->context);
}

int tlm_rest_pages_add(tlm_rest_pages *pages, const tlm_page *document, tlm_buffer *body)
{
    size_t size = 0;
    int error = 0;

    if (body->error)
        return body->error;
    tlm_rest_page *item = add_item(pages, &error);
    if (!item)
        return error;
    char *bytes = tlm_buffer_take(body, &size);
    item->page = document;
    item->is_kept = true;
    item->body = (tlm_page_body){bytes, size, bytes, release_document};
    make_tags(item);
    return 0;
}

void tlm_rest_pages_destroy(tlm_rest_pages *pages)
{
    if (!pages)
        return;
    for (uint32_t i = 0; i < pages->count; i++) {
        tlm_rest_page *item = &pages->items[i];
        if (item->is_kept && item->body.release)
            item->body.release(&item->body);
        tlm_buffer_finish(&item->plain);
    }
    pthread_mutex_destroy(&pages->mutex);
    free(pages->items);
    free(pages);
}

/* --- finding --------------------------------------------------------------------------------------------------- */

static tlm_rest_page *find(const tlm_rest_pages *pages, const tlm_http_target *target, const char *end)
{
    for (uint32_t i = 0; i < pages->count; i++)
        if (tlm_http_target_is(target, pages->items[i].page->path, end))
            return &pages->items[i];
    return NULL;
}

tlm_rest_page *tlm_rest_pages_find(const tlm_rest_pages *pages, const tlm_http_target *target)
{
    return find(pages, target, "");
}

tlm_rest_page *tlm_rest_pages_find_folder(const tlm_rest_pages *pages, const tlm_http_target *target)
{
    return find(pages, target, "/");
}

const char *tlm_rest_pages_front(const tlm_rest_pages *pages)
{
    return pages->front;
}

const char *tlm_rest_page_path(const tlm_rest_page *page)
{
    return page->page->path;
}

/* --- answering ------------------------------------------------------------------------------------------------- */

/* The body without its gzip, made at the first request for it; NULL: the answer says why not. */
static const tlm_buffer *plain_body(tlm_rest_page *page, tlm_http_answer *answer)
{
    int result = 0;

    pthread_mutex_lock(&page->table->mutex);
    if (!page->is_inflated) {
        tlm_buffer_clear(&page->plain);
        result =
            tlm_rest_inflate((tlm_text){page->body.data, page->body.size}, TLM_REST_INFLATED_SIZE_MAX, &page->plain);
        page->is_inflated = result == 0;
    }
    pthread_mutex_unlock(&page->table->mutex);
    if (result == 0)
        return &page->plain;
    tlm_http_answer_error(answer, 406, "the page can only be had compressed: send Accept-Encoding: gzip");
    return NULL;
}

static void answer_kept(tlm_rest_page *page, bool as_plain, const tlm_http_request *request, tlm_http_answer *answer)
{
    const char *tag = as_plain ? page->plain_tag : page->tag;
    const tlm_buffer *plain = as_plain ? plain_body(page, answer) : NULL;

    if (as_plain && !plain)
        return;
    tlm_http_answer_header(answer, "Cache-Control", "no-cache");
    tlm_http_answer_header(answer, "ETag", tag);
    /* libmicrohttpd sends no body with 304, but needs one for the Content-Length that RFC 9110 section 8.6 asks for. */
    tlm_buffer_append(&answer->body, plain ? plain->data : page->body.data, plain ? plain->size : page->body.size);
    if (tlm_rest_tag_matches(request->if_none_match, tag)) {
        answer->status = 304;
        answer->content_type = NULL;
    }
}

/* A page made afresh is compressed by nobody, or it says so and its client takes it. */
static void answer_fresh(tlm_rest_page *page, bool as_plain, tlm_http_answer *answer)
{
    tlm_page_body body = {0};

    if (page->maker->body(page->instance, page->index, &body) < 0) {
        tlm_http_answer_error(answer, 503, "the page cannot be had now");
        return;
    }
    if (!as_plain)
        tlm_buffer_append(&answer->body, body.data, body.size);
    else if (tlm_rest_inflate((tlm_text){body.data, body.size}, TLM_REST_INFLATED_SIZE_MAX, &answer->body) < 0)
        tlm_http_answer_error(answer, 406, "the page can only be had compressed: send Accept-Encoding: gzip");
    if (body.release)
        body.release(&body);
}

void tlm_rest_page_answer(tlm_rest_page *page, const tlm_http_request *request, tlm_http_answer *answer)
{
    const char *encoding = page->page->encoding;
    bool is_gzip = encoding && strcmp(encoding, "gzip") == 0;
    bool as_plain = is_gzip && !tlm_rest_accepts_gzip(request->accept_encoding);

    answer->content_type = page->page->content_type;
    if (is_gzip)
        answer->vary |= TLM_HTTP_VARY_ENCODING;
    if (page->page->policy)
        tlm_http_answer_header(answer, "Content-Security-Policy", page->page->policy);
    if (page->is_kept)
        answer_kept(page, as_plain, request, answer);
    else
        answer_fresh(page, as_plain, answer);
    if (encoding && !as_plain && answer->status == 200)
        tlm_http_answer_header(answer, "Content-Encoding", encoding);
}
