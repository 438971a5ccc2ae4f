/* SPDX-License-Identifier: Apache-2.0 */
#include "outbox_inside.h"

#include <assert.h>
#include <stdlib.h>

/* --- gathering --------------------------------------------------------------------------------------------------- */

static void shelf_clear(struct tlm_shelf *shelf)
{
    for (uint32_t i = 0; i < shelf->count; i++)
        tlm_rows_builder_destroy(shelf->builders[i]);
    shelf->count = 0;
}

static int shelf_add(struct tlm_shelf *shelf, const tlm_dataset *dataset, uint32_t flags, const tlm_cell *cells)
{
    for (uint32_t i = 0; i < shelf->count; i++)
        if (tlm_rows_builder_dataset(shelf->builders[i]) == dataset)
            return tlm_rows_builder_add(shelf->builders[i], cells);
    if (shelf->count == TLM_DATASETS_MAX)
        return -ENOBUFS;
    int result = tlm_rows_builder_create(dataset, flags, &shelf->builders[shelf->count]);
    if (result < 0)
        return result;
    return tlm_rows_builder_add(shelf->builders[shelf->count++], cells);
}

int tlm_outbox_add(tlm_outbox *outbox, const tlm_dataset *dataset, uint32_t flags, const tlm_cell *cells)
{
    return shelf_add(flags & TLM_ROWS_EARLY ? &outbox->early : &outbox->waiting, dataset, flags, cells);
}

void tlm_outbox_publish_early(tlm_outbox *outbox)
{
    for (uint32_t i = 0; i < outbox->early.count; i++) {
        const tlm_rows *rows = tlm_rows_builder_finish(outbox->early.builders[i]);
        tlm_feed_publish(outbox->options.shared->feed, rows);
        rows->unref(rows);
    }
    outbox->early.count = 0;
}

int tlm_outbox_is_full(const tlm_outbox *outbox)
{
    uint64_t rows = outbox->flight.row_count, bytes = outbox->flight.size_bytes + outbox->state.size_bytes;
    for (uint32_t i = 0; i < outbox->waiting.count; i++) {
        rows += tlm_rows_builder_count(outbox->waiting.builders[i]);
        bytes += tlm_rows_builder_size_bytes(outbox->waiting.builders[i]);
    }
    return rows >= (uint64_t)outbox->pipeline->flush_rows || bytes >= (uint64_t)outbox->pipeline->flush_bytes;
}

int tlm_outbox_is_filled(const tlm_outbox *outbox)
{
    return outbox->waiting.count || outbox->state.entry_count;
}

/* --- slow state -------------------------------------------------------------------------------------------------- */

const tlm_checkpoint *tlm_outbox_checkpoint(const tlm_outbox *outbox)
{
    return tlm_living_interface(outbox->checkpoint->living, TLM_INTERFACE_CHECKPOINT);
}

int tlm_outbox_state_put(tlm_outbox *outbox, const char *component, tlm_text key, tlm_text value)
{
    return tlm_state_set_put(&outbox->state, component, key, value);
}

/* What waits and what is under way is newer than what the checkpoint has. */
static int find_change(const tlm_outbox *outbox, const char *component, tlm_text key, tlm_text *ret_value)
{
    return tlm_state_set_get(&outbox->state, component, key, ret_value) ||
           tlm_state_set_get(&outbox->flight.state, component, key, ret_value);
}

int tlm_outbox_state_get(tlm_outbox *outbox, const char *component, tlm_text key,
                         int (*found)(void *context, tlm_text key, tlm_text value), void *context)
{
    tlm_text value;
    if (find_change(outbox, component, key, &value)) {
        if (!value.size)
            return 0;
        int result = found(context, key, value);
        return result < 0 ? result : 1;
    }
    return tlm_outbox_checkpoint(outbox)->state_get(outbox->checkpoint->living->instance, outbox->options.lane,
                                                    component, key, found, context);
}

int tlm_outbox_state_each(tlm_outbox *outbox, const char *component,
                          int (*found)(void *context, tlm_text key, tlm_text value), void *context)
{
    return tlm_outbox_checkpoint(outbox)->state_each(outbox->checkpoint->living->instance, outbox->options.lane,
                                                     component, found, context);
}

/* --- taking the lane --------------------------------------------------------------------------------------------- */

struct taking {
    tlm_outbox *outbox;
    tlm_lane_record *ret_record;
    tlm_error *error;
    int result;
};

static void on_taken(void *context, const tlm_taken *taken)
{
    struct taking *taking = context;
    taking->outbox->epoch = taken->epoch;
    taking->outbox->sequence = taken->sequence;
    if (!taken->record.size)
        return;
    int result = tlm_lane_record_parse(taken->record, taking->ret_record, taking->error);
    taking->result = result == -EINVAL ? -EBADMSG : result < 0 ? result : 1;
}

int tlm_outbox_take(tlm_outbox *outbox, const char *settings, tlm_lane_record *ret_record, tlm_error *error)
{
    struct taking taking = {.outbox = outbox, .ret_record = ret_record, .error = error};
    int result = tlm_outbox_checkpoint(outbox)->take(outbox->checkpoint->living->instance, outbox->options.lane,
                                                     settings, on_taken, &taking, error);
    return result < 0 ? result : taking.result;
}

int tlm_outbox_confirm(const tlm_outbox *outbox, tlm_error *error)
{
    uint64_t epoch = 0;
    int result =
        tlm_outbox_checkpoint(outbox)->epoch(outbox->checkpoint->living->instance, outbox->options.lane, &epoch);
    if (result < 0)
        return tlm_error_set(error, result, "%s cannot say whose lane %u is", outbox->checkpoint->living->host.instance,
                             outbox->options.lane);
    if (epoch == outbox->epoch)
        return 0;
    return tlm_error_set(error, -ESTALE, "another process has taken lane %u: it is at epoch %llu, this one's is %llu",
                         outbox->options.lane, (unsigned long long)epoch, (unsigned long long)outbox->epoch);
}

/* --- life -------------------------------------------------------------------------------------------------------- */

int tlm_outbox_create(const tlm_outbox_options *options, tlm_outbox **ret_outbox, tlm_error *error)
{
    const tlm_plan *plan = options->shared->plan;
    tlm_outbox *outbox = calloc(1, sizeof *outbox);
    if (!outbox)
        return tlm_error_set(error, -ENOMEM, "out of memory");
    outbox->options = *options;
    outbox->pipeline = &plan->pipeline;
    outbox->deliveries = calloc(plan->instance_count, sizeof *outbox->deliveries);
    if (!outbox->deliveries) {
        free(outbox);
        return tlm_error_set(error, -ENOMEM, "out of memory");
    }
    for (uint32_t i = 0; i < plan->instance_count; i++) {
        if (plan->instances[i].section != TLM_SECTION_SINK)
            continue;
        struct tlm_delivery *delivery = &outbox->deliveries[outbox->delivery_count++];
        delivery->outbox = outbox;
        delivery->living = &options->shared->living[i];
        delivery->kind = plan->instances[i].delivery;
        if (delivery->kind == TLM_DELIVERY_CHECKPOINT)
            outbox->checkpoint = delivery;
    }
    assert(outbox->checkpoint); /* the plan has seen to it */
    *ret_outbox = outbox;
    return 0;
}

void tlm_outbox_destroy(tlm_outbox *outbox)
{
    if (!outbox)
        return;
    for (uint32_t i = 0; i < outbox->delivery_count; i++)
        tlm_delivery_release(&outbox->deliveries[i]);
    shelf_clear(&outbox->waiting);
    shelf_clear(&outbox->early);
    tlm_state_set_finish(&outbox->state);
    tlm_flight_clear(&outbox->flight);
    free(outbox->deliveries);
    free(outbox);
}
