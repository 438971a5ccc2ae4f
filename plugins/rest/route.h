/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file route.h
 * The route table: what is answered under which path, and all that the descriptions say of it. Static, any thread.
 */
#ifndef TLM_REST_ROUTE_H
#define TLM_REST_ROUTE_H

#include "api.h"
#include "shape.h"

/** A parameter of the query; a handler reads it by its name, within the bounds that stand here. */
typedef struct tlm_rest_parameter_spec {
    const char *name;
    uint32_t type;               /**< TLM_REST_INTEGER; TLM_REST_TIME, which has no bounds and no default */
    int64_t min, max, otherwise; /**< `max` INT64_MAX: none worth saying */
    const char *doc;
    const char *example; /**< of TLM_REST_TIME */
} tlm_rest_parameter_spec;

/** Answers besides 200 that a route may give. */
enum {
    TLM_REST_MAY_304 = 1u << 0,
    TLM_REST_MAY_404 = 1u << 1,
    TLM_REST_MAY_422 = 1u << 2,
    TLM_REST_MAY_426 = 1u << 3,
    TLM_REST_MAY_503 = 1u << 4,
    TLM_REST_MAY_503_ALIKE = 1u << 5, /**< of the shape of 200 */
    TLM_REST_MAY_307 = 1u << 6        /**< where the process has a front page */
};

struct tlm_rest_route {
    const char *path; /**< a segment in braces takes any one: the id of a stream */
    const char *name; /**< one word for programs: "streams" */
    const char *group;
    const char *summary; /**< a few words */
    const char *doc;     /**< sentences */
    const tlm_rest_parameter_spec *parameters;
    uint32_t parameter_count;
    uint32_t may;                /**< TLM_REST_MAY_... */
    const tlm_rest_shape *shape; /**< of the answer's object; NULL: it is no JSON of ours */
    bool is_list;                /**< the answer is an array of the shape */
    bool is_kept;                /**< its body is good until the data changes */
    bool gives_way;              /**< a page of this path goes before it */
    const char *content_type;
    void (*answer)(tlm_rest_call *call);
};

/** All routes, in the order of the descriptions. */
const tlm_rest_route *tlm_rest_routes(uint32_t *ret_count);

#endif
