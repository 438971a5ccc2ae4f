/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file pages.h
 * The pages of the process by their paths: those of other components, and documents of this one. Filled by one thread,
 * then read by any.
 *
 * A fixed page is borrowed once and kept; it has an ETag and is asked for again only by its tag. A page in gzip is
 * inflated once for clients that do not take gzip. Bounds: TLM_REST_PAGES_MAX pages, TLM_REST_INFLATED_SIZE_MAX bytes
 * of one inflated.
 */
#ifndef TLM_REST_PAGES_H
#define TLM_REST_PAGES_H

#include "common/http_answer.h"
#include "common/http_head.h"
#include "common/http_target.h"

#define TLM_REST_PAGES_MAX 1024
#define TLM_REST_INFLATED_SIZE_MAX (32u * 1024 * 1024)

typedef struct tlm_rest_pages tlm_rest_pages;
typedef struct tlm_rest_page tlm_rest_page;

/** Asks the host for the pages of all components: from an `adopt` or later. -ENOMEM, -E2BIG. */
int tlm_rest_pages_create(const tlm_host *host, tlm_rest_pages **ret_pages);
/** Gives back what was borrowed: before any other component is destroyed. Accepts NULL. */
void tlm_rest_pages_destroy(tlm_rest_pages *pages);

/** Adds a fixed document, whose strings must outlive the pages; takes the bytes of `body`. -ENOMEM, -E2BIG. */
int tlm_rest_pages_add(tlm_rest_pages *pages, const tlm_page *document, tlm_buffer *body);

/** The page of a path, or NULL. Of two with one path the first counts; documents come last. */
tlm_rest_page *tlm_rest_pages_find(const tlm_rest_pages *pages, const tlm_http_target *target);

/** The page whose path is that of the target and a slash, or NULL. */
tlm_rest_page *tlm_rest_pages_find_folder(const tlm_rest_pages *pages, const tlm_http_target *target);

/** Where a browser that asks for "/" is sent, or NULL. */
const char *tlm_rest_pages_front(const tlm_rest_pages *pages);

const char *tlm_rest_page_path(const tlm_rest_page *page);

/** Answers GET or HEAD. */
void tlm_rest_page_answer(tlm_rest_page *page, const tlm_http_request *request, tlm_http_answer *answer);

#endif
