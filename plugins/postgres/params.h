/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file params.h
 * Parameters of a statement, in PostgreSQL's binary form. Values that are texts or bytes are borrowed. One thread.
 */
#ifndef TLM_POSTGRES_PARAMS_H
#define TLM_POSTGRES_PARAMS_H

#include <telemetra/base.h>

/** Most parameters of one statement: a column table's columns and two more. */
#define TLM_PARAMS_MAX 66

/** Object ids of types (catalog/pg_type.dat), which never change. 0: the server infers the type. */
enum {
    TLM_TYPE_INFERRED = 0,
    TLM_TYPE_BOOL = 16,
    TLM_TYPE_BYTES = 17,
    TLM_TYPE_BIGINT = 20,
    TLM_TYPE_INTEGER = 23,
    TLM_TYPE_TEXT = 25,
    TLM_TYPE_JSON = 114,
    TLM_TYPE_NUMERIC = 1700,
};

/** Begin with all zero. */
typedef struct tlm_params {
    int count;
    uint32_t types[TLM_PARAMS_MAX];
    const char *values[TLM_PARAMS_MAX];
    int sizes[TLM_PARAMS_MAX];
    char numbers[TLM_PARAMS_MAX][8];
} tlm_params;

void tlm_params_add_text(tlm_params *params, tlm_text text);
void tlm_params_add_bytes(tlm_params *params, tlm_text bytes);
void tlm_params_add_bigint(tlm_params *params, int64_t value);
void tlm_params_add_integer(tlm_params *params, int32_t value);
/** Bytes in the binary form of their type already; NULL: null. */
void tlm_params_add_encoded(tlm_params *params, uint32_t type, const char *bytes, size_t size);

#endif
