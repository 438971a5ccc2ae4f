/* SPDX-License-Identifier: Apache-2.0 */
#include "lane_worker.h"

#include <inttypes.h>
#include <stdlib.h>

/* Key of a block in the slow state: the input's name, a slash that no name has, and the block's number. */
static tlm_text key_of(const tlm_lane_worker *worker, uint32_t input, int64_t number, char *text, size_t size)
{
    int used = snprintf(text, size, "%s/%" PRId64, worker->record.inputs[input].name, number);
    return (tlm_text){.data = text, .size = (size_t)used};
}

static int load_block(void *context, tlm_text key, tlm_text value)
{
    tlm_lane_worker *worker = context;
    char text[TLM_NAME_SIZE_MAX + 24];
    (void)snprintf(text, sizeof text, "%.*s", (int)key.size, key.data);
    char *slash = strchr(text, '/'), *end = NULL;
    if (!slash || value.size != sizeof worker->refused[0].blocks[0].bits)
        return -EINVAL;
    *slash = '\0';
    int64_t number = strtoll(slash + 1, &end, 10);
    if (*end || number < 0)
        return -EINVAL;
    for (uint32_t i = 0; i < worker->record.input_count; i++) {
        if (strcmp(worker->record.inputs[i].name, text))
            continue;
        int result = tlm_refused_load(&worker->refused[i], number, (const uint8_t *)value.data);
        return result < 0 ? result : tlm_refused_load(&worker->refused_before[i], number, (const uint8_t *)value.data);
    }
    return -EINVAL;
}

int tlm_lane_load_refused(tlm_lane_worker *worker, tlm_error *error)
{
    int result = tlm_outbox_state_each(worker->outbox, TLM_REFUSED_COMPONENT, load_block, worker);
    if (result < 0)
        return tlm_error_set(error, result, "cannot load what lane %u refused: %s", worker->options.lane,
                             result == -EINVAL ? "the checkpoint holds what this version did not write"
                                               : strerror(-result));
    return 0;
}

/* What lies before the input's `from` is not read again for this lane. */
static int forget_passed(tlm_lane_worker *worker, uint32_t input)
{
    char text[TLM_NAME_SIZE_MAX + 24];
    tlm_refused *refused = &worker->refused[input];
    uint32_t passed = tlm_refused_blocks_before(refused, worker->record.inputs[input].from.ordinal);
    for (uint32_t i = 0; i < passed; i++) {
        tlm_text key = key_of(worker, input, refused->blocks[i].number, text, sizeof text);
        int result = tlm_outbox_state_put(worker->outbox, TLM_REFUSED_COMPONENT, key, (tlm_text){0});
        if (result < 0)
            return result;
    }
    tlm_refused_drop(refused, passed);
    return 0;
}

static int store_changed(tlm_lane_worker *worker, uint32_t input)
{
    char text[TLM_NAME_SIZE_MAX + 24];
    tlm_refused *refused = &worker->refused[input];
    for (uint32_t i = 0; i < refused->count; i++) {
        tlm_refused_block *block = &refused->blocks[i];
        if (!block->is_changed)
            continue;
        tlm_text key = key_of(worker, input, block->number, text, sizeof text);
        tlm_text value = {.data = (const char *)block->bits, .size = sizeof block->bits};
        int result = tlm_outbox_state_put(worker->outbox, TLM_REFUSED_COMPONENT, key, value);
        if (result < 0)
            return result;
        block->is_changed = 0;
    }
    return 0;
}

int tlm_lane_store_refused(tlm_lane_worker *worker)
{
    for (uint32_t i = 0; i < worker->record.input_count; i++) {
        int result = forget_passed(worker, i);
        if (!result)
            result = store_changed(worker, i);
        if (result < 0)
            return result;
    }
    return 0;
}
