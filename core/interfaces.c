/* SPDX-License-Identifier: Apache-2.0 */
#include "interfaces.h"

#include <assert.h>

static const char *const source_members[] = {"open", "read", "close", "wake", "progress"};
static const char *const partitions_members[] = {"open", "close", "lane_open", "read", "wait", "wake", "lane_close"};
static const char *const codec_members[] = {"open", "decode", "close"};
static const char *const processor_members[] = {"settings",     "lane_open",   "events",    "next_due",
                                                "advance",      "final_after", "early",     "prepare",
                                                "rebuild_from", "size_bytes",  "lane_close"};
static const char *const sink_members[] = {"submit"};
static const char *const checkpoint_members[] = {"take", "commit", "state_get", "state_each", "epoch"};
static const char *const store_members[] = {"query"};
static const char *const frontend_members[] = {"prefixes", "adopt"};
static const char *const pages_members[] = {"list", "body"};
static const char *const sides_members[] = {"writes", "reads"};
static const char *const rows_reader_members[] = {"datasets", "row"};

/* An interface never changes, so the names below are all of its members, in their order. */
#define CHECK_MEMBERS(type, names)                                                                                     \
    static_assert(sizeof(type) == TLM_COUNT(names) * sizeof(void *), "every member of " #type " is named")
CHECK_MEMBERS(tlm_source, source_members);
CHECK_MEMBERS(tlm_partitions, partitions_members);
CHECK_MEMBERS(tlm_codec, codec_members);
CHECK_MEMBERS(tlm_processor, processor_members);
CHECK_MEMBERS(tlm_sink, sink_members);
CHECK_MEMBERS(tlm_checkpoint, checkpoint_members);
CHECK_MEMBERS(tlm_store, store_members);
CHECK_MEMBERS(tlm_frontend, frontend_members);
CHECK_MEMBERS(tlm_pages, pages_members);
CHECK_MEMBERS(tlm_sides, sides_members);
CHECK_MEMBERS(tlm_rows_reader, rows_reader_members);

const tlm_interface tlm_interfaces[] = {
    {TLM_INTERFACE_SOURCE, source_members, TLM_COUNT(source_members)},
    {TLM_INTERFACE_PARTITIONS, partitions_members, TLM_COUNT(partitions_members)},
    {TLM_INTERFACE_CODEC, codec_members, TLM_COUNT(codec_members)},
    {TLM_INTERFACE_PROCESSOR, processor_members, TLM_COUNT(processor_members)},
    {TLM_INTERFACE_SINK, sink_members, TLM_COUNT(sink_members)},
    {TLM_INTERFACE_CHECKPOINT, checkpoint_members, TLM_COUNT(checkpoint_members)},
    {TLM_INTERFACE_STORE, store_members, TLM_COUNT(store_members)},
    {TLM_INTERFACE_FRONTEND, frontend_members, TLM_COUNT(frontend_members)},
    {TLM_INTERFACE_PAGES, pages_members, TLM_COUNT(pages_members)},
    {TLM_INTERFACE_SIDES, sides_members, TLM_COUNT(sides_members)},
    {TLM_INTERFACE_ROWS_READER, rows_reader_members, TLM_COUNT(rows_reader_members)},
};
const uint32_t tlm_interface_count = TLM_COUNT(tlm_interfaces);

const char *tlm_interfaces_offered(const tlm_component *component, char out[static TLM_OFFERS_TEXT_SIZE])
{
    size_t used = 0;
    out[0] = '\0';
    for (uint32_t i = 0; i < tlm_interface_count && used < TLM_OFFERS_TEXT_SIZE; i++) {
        if (!component->get_interface(tlm_interfaces[i].id))
            continue;
        int size =
            snprintf(out + used, TLM_OFFERS_TEXT_SIZE - used, "%s%s", used > 0 ? ", " : "", tlm_interfaces[i].id);
        used += size > 0 ? (size_t)size : 0;
    }
    if (used == 0)
        (void)snprintf(out, TLM_OFFERS_TEXT_SIZE, "none that this host knows");
    return out;
}
