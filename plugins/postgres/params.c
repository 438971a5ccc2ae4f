/* SPDX-License-Identifier: Apache-2.0 */
#include "params.h"

#include <assert.h>
#include <endian.h>

void tlm_params_add_encoded(tlm_params *params, uint32_t type, const char *bytes, size_t size)
{
    assert(params->count < TLM_PARAMS_MAX);
    params->types[params->count] = type;
    params->values[params->count] = bytes;
    params->sizes[params->count++] = (int)size;
}

void tlm_params_add_text(tlm_params *params, tlm_text text)
{
    tlm_params_add_encoded(params, TLM_TYPE_TEXT, text.size ? text.data : "", text.size);
}

void tlm_params_add_bytes(tlm_params *params, tlm_text bytes)
{
    tlm_params_add_encoded(params, TLM_TYPE_BYTES, bytes.size ? bytes.data : "", bytes.size);
}

void tlm_params_add_bigint(tlm_params *params, int64_t value)
{
    uint64_t big = htobe64((uint64_t)value);
    char *number = params->numbers[params->count];
    memcpy(number, &big, sizeof big);
    tlm_params_add_encoded(params, TLM_TYPE_BIGINT, number, sizeof big);
}

void tlm_params_add_integer(tlm_params *params, int32_t value)
{
    uint32_t big = htobe32((uint32_t)value);
    char *number = params->numbers[params->count];
    memcpy(number, &big, sizeof big);
    tlm_params_add_encoded(params, TLM_TYPE_INTEGER, number, sizeof big);
}
