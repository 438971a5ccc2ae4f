/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file shape.h
 * What the objects of the API hold, as tables: rows are written from them, and so is every description of them. Static.
 */
#ifndef TLM_REST_SHAPE_H
#define TLM_REST_SHAPE_H

#include "common/json_writer.h"

#include <telemetra/telemetra.h>

/** Type of a value in JSON. */
enum {
    TLM_REST_TEXT = 1,    /**< string */
    TLM_REST_TIME = 2,    /**< string: RFC 3339, UTC with Z */
    TLM_REST_INTEGER = 3, /**< number without fraction, 64 bits */
    TLM_REST_NUMBER = 4,  /**< number, written with a fixed count of decimals */
    TLM_REST_BOOL = 5,
    TLM_REST_LIST = 6,     /**< array of objects of `shape` */
    TLM_REST_TEXT_MAP = 7, /**< object of strings by name */
    TLM_REST_INTEGER_MAP = 8,
    TLM_REST_ANY_MAP = 9 /**< object of anything */
};

/** Flags of a field. */
enum { TLM_REST_NULLABLE = 1u << 0 };

/** Where a row's field gets its value; 0 in objects that are not rows. */
enum {
    TLM_REST_FROM_COLUMN = 1,  /**< the column's value, by the column's type */
    TLM_REST_FROM_EMOTES = 2,  /**< a JSON list of {name, count}, each with `emote` repeating `name` */
    TLM_REST_FROM_FINALITY = 3 /**< whether the row is final */
};

struct tlm_rest_shape;

/** One member of an object; it is always there. */
typedef struct tlm_rest_field {
    const char *name;
    uint32_t source;  /**< TLM_REST_FROM_... */
    uint32_t column;  /**< index into the view's columns */
    uint32_t type;    /**< TLM_REST_TEXT ... */
    uint32_t flags;   /**< TLM_REST_NULLABLE */
    const char *unit; /**< "viewers"; NULL: none */
    const char *doc;
    const char *example;                /**< JSON; NULL for TLM_REST_LIST, which shows its shape's */
    const struct tlm_rest_shape *shape; /**< of the items of TLM_REST_LIST */
    const char *const *choices;         /**< of TLM_REST_TEXT: all there are, NULL-terminated; NULL: any */
} tlm_rest_field;

typedef struct tlm_rest_shape {
    const char *name; /**< "Stream" */
    const char *doc;
    const tlm_rest_field *fields;
    uint32_t field_count;
} tlm_rest_shape;

/** Every shape there is; lists of a shape stand after it. */
extern const tlm_rest_shape tlm_rest_shape_root, tlm_rest_shape_alive, tlm_rest_shape_health_item,
    tlm_rest_shape_health, tlm_rest_shape_live_health, tlm_rest_shape_error, tlm_rest_shape_stream,
    tlm_rest_shape_emote, tlm_rest_shape_metrics, tlm_rest_shape_moment;

/** The type as people say it: "string", "integer or null", "array of Emote". `text` has room for `size` bytes. */
void tlm_rest_field_type(const tlm_rest_field *field, char *text, size_t size);

/** Writes an object with the examples of the fields. */
void tlm_rest_shape_write_example(const tlm_rest_shape *shape, tlm_json_writer *writer);

#endif
