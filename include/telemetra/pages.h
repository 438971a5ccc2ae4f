/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file pages.h
 * Pages that a component has ready, for whichever frontend of the process speaks HTTP: files of a user interface, or a
 * report made afresh. A browser may ask for any path on any connection it holds open, so what serves the one must be
 * able to serve the other. Since 0.1.
 */
#ifndef TELEMETRA_PAGES_H
#define TELEMETRA_PAGES_H

#include "plugin.h"

#ifdef __cplusplus
extern "C" {
#endif

/** One page. All strings are static or live as long as the instance. */
typedef struct tlm_page {
    const char *path;         /**< whole and absolute: "/dashboard/", "/dashboard/app.js" */
    const char *content_type; /**< "text/html; charset=utf-8" */
    const char *encoding;     /**< Content-Encoding of the body ("gzip"), or NULL */
    const char *policy;       /**< Content-Security-Policy of a document, or NULL */
    uint32_t is_fixed;        /**< the body never changes while the instance lives: it may be kept and given a tag */
    uint32_t is_front;        /**< where a browser that asks for "/" is sent; at most one a process is heeded */
} tlm_page;

/** The body of a page, lent until `release` is called with the same struct. */
typedef struct tlm_page_body {
    const char *data;
    size_t size;
    void *context;
    void (*release)(struct tlm_page_body *body); /**< NULL: nothing to do */
} tlm_page_body;

#define TLM_INTERFACE_PAGES "telemetra.pages/1"

typedef struct tlm_pages {
    /** The pages of an instance, the same at every call from its `start` to its `destroy`. */
    const tlm_page *(*list)(tlm_instance *instance, uint32_t *ret_count);
    /** The body of page `index` as it is now. Any thread from `start` to `destroy`, at once; must not block. -ENOMEM.
     */
    int (*body)(tlm_instance *instance, uint32_t index, tlm_page_body *ret_body);
} tlm_pages;

#ifdef __cplusplus
}
#endif
#endif
