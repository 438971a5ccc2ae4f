/* SPDX-License-Identifier: Apache-2.0 */
#include "value.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

/* Texts that have no bound of their own are bounded by that of the whole record. */
#define ANY_SIZE TLM_RECORD_SIZE_MAX

static tlm_text text_of(const tlm_decoder *decoder, tlm_span span)
{
    return (tlm_text){decoder->batch->arena + span.offset, span.size};
}

/* user_id, else username, and its hash; 0 is kept for nobody. */
static bool read_user(tlm_decoder *decoder, tlm_event *event)
{
    const fields *named = &decoder->fields;

    if (!tlm_value_text(decoder, named, FIELD_USER_ID, TLM_NAME_SIZE_MAX, &event->user) ||
        !tlm_value_text(decoder, named, FIELD_USERNAME, TLM_NAME_SIZE_MAX, &event->username))
        return false;
    if (event->user.size == 0)
        event->user = event->username;
    if (event->user.size == 0)
        return true;
    tlm_text user = text_of(decoder, event->user);
    uint64_t hash = XXH3_64bits_withSeed(user.data, user.size, decoder->hash_seed);
    event->user_hash = hash ? hash : 1;
    return true;
}

static bool read_chat(tlm_decoder *decoder, tlm_event *event)
{
    const fields *named = &decoder->fields;
    uint32_t is_action = 0;
    uint32_t metadata;

    if (!read_user(decoder, event) || !tlm_value_message(decoder, named, FIELD_MESSAGE, &event->as.chat.message) ||
        !tlm_value_emotes(decoder, named, FIELD_EMOTES, &event->as.chat.emotes) ||
        !tlm_value_texts(decoder, named, FIELD_BADGES, &event->as.chat.badges) ||
        !tlm_value_bool(decoder, named, FIELD_IS_ACTION, &is_action) ||
        !tlm_value_integer(decoder, named, FIELD_BITS, &event->as.chat.bits) ||
        !tlm_value_object(decoder, named, FIELD_METADATA, &metadata))
        return false;
    event->flags = is_action ? TLM_EVENT_ACTION : 0;
    return true;
}

static bool read_viewer(tlm_decoder *decoder, tlm_event *event)
{
    const fields *named = &decoder->fields;

    event->as.viewer.viewer_count = event->as.viewer.chatter_count = INT64_MIN;
    event->as.viewer.follower_count = event->as.viewer.subscriber_count = INT64_MIN;
    if (!fields_at(&decoder->document, named, FIELD_VIEWER_COUNT))
        return tlm_decoder_reject(decoder, "viewer_count is required, but is absent or null.");
    if (!tlm_value_integer(decoder, named, FIELD_VIEWER_COUNT, &event->as.viewer.viewer_count) ||
        !tlm_value_integer(decoder, named, FIELD_CHATTER_COUNT, &event->as.viewer.chatter_count) ||
        !tlm_value_integer(decoder, named, FIELD_FOLLOWER_COUNT, &event->as.viewer.follower_count) ||
        !tlm_value_integer(decoder, named, FIELD_SUBSCRIBER_COUNT, &event->as.viewer.subscriber_count))
        return false;
    return event->as.viewer.viewer_count >= 0 ||
           tlm_decoder_reject(decoder, "viewer_count must be at least 0, but is %lld.",
                              (long long)event->as.viewer.viewer_count);
}

/* Amount and currency; the currency of bits is not looked at. */
static bool read_money(tlm_decoder *decoder, tlm_transaction *transaction)
{
    const fields *named = &decoder->fields;
    tlm_wide amount = 0;

    transaction->is_bits = tlm_text_equal(text_of(decoder, transaction->type), tlm_text_of("bits")) != 0;
    if (transaction->is_bits) {
        if (!tlm_value_bits(decoder, named, FIELD_AMOUNT, &amount))
            return false;
    } else if (!tlm_value_decimal(decoder, named, FIELD_AMOUNT, &amount) ||
               !tlm_value_currency(decoder, named, FIELD_CURRENCY, transaction->currency)) {
        return false;
    }
    transaction->amount = (tlm_int128){(uint64_t)amount, (int64_t)(amount >> 64)};
    return true;
}

static bool read_transaction(tlm_decoder *decoder, tlm_event *event)
{
    const fields *named = &decoder->fields;
    tlm_transaction transaction = {.months = INT64_MIN, .gift_count = INT64_MIN};

    if (!read_user(decoder, event) ||
        !tlm_value_text(decoder, named, FIELD_TRANSACTION_TYPE, ANY_SIZE, &transaction.type) ||
        !tlm_value_text(decoder, named, FIELD_TIER, ANY_SIZE, &transaction.tier) ||
        !tlm_value_message(decoder, named, FIELD_MESSAGE, &transaction.message) ||
        !tlm_value_integer(decoder, named, FIELD_MONTHS, &transaction.months) ||
        !tlm_value_integer(decoder, named, FIELD_GIFT_COUNT, &transaction.gift_count) ||
        !tlm_value_bool(decoder, named, FIELD_IS_ANONYMOUS, &transaction.is_anonymous) ||
        !read_money(decoder, &transaction))
        return false;
    event->as.detail.size = sizeof transaction;
    memcpy(tlm_batch_place(decoder->batch, sizeof transaction, &event->as.detail.offset), &transaction,
           sizeof transaction);
    return true;
}

static uint32_t meta_type_of(tlm_text text)
{
    static const char *const types[] = {
        [TLM_META_STREAM_START] = "stream_start",   [TLM_META_STREAM_END] = "stream_end",
        [TLM_META_TITLE_CHANGE] = "title_change",   [TLM_META_CATEGORY_CHANGE] = "category_change",
        [TLM_META_RAID_INCOMING] = "raid_incoming", [TLM_META_RAID_OUTGOING] = "raid_outgoing",
        [TLM_META_HOST_START] = "host_start",       [TLM_META_HOST_END] = "host_end",
    };

    for (uint32_t type = TLM_META_STREAM_START; type < TLM_COUNT(types); type++)
        if (tlm_text_equal(text, tlm_text_of(types[type])))
            return type;
    return TLM_META_OTHER;
}

static bool read_raid(tlm_decoder *decoder, tlm_stream_meta *meta)
{
    fields raid = {.prefix = "raid_data."};
    uint32_t object;

    if (!tlm_value_object(decoder, &decoder->fields, FIELD_RAID_DATA, &object))
        return false;
    if (!object)
        return true;
    fields_collect(&decoder->document, object, &raid);
    return tlm_value_text(decoder, &raid, FIELD_FROM_CHANNEL, TLM_NAME_SIZE_MAX, &meta->raid_from) &&
           tlm_value_text(decoder, &raid, FIELD_TO_CHANNEL, TLM_NAME_SIZE_MAX, &meta->raid_to) &&
           tlm_value_integer(decoder, &raid, FIELD_VIEWER_COUNT, &meta->raid_viewer_count);
}

static bool read_stream_meta(tlm_decoder *decoder, tlm_event *event)
{
    const fields *named = &decoder->fields;
    tlm_stream_meta meta = {.raid_viewer_count = INT64_MIN, .started_at_ns = INT64_MIN, .ended_at_ns = INT64_MIN};

    if (!tlm_value_text(decoder, named, FIELD_EVENT_TYPE, ANY_SIZE, &meta.event_type) ||
        !tlm_value_text(decoder, named, FIELD_TITLE, ANY_SIZE, &meta.title) ||
        !tlm_value_text(decoder, named, FIELD_NEW_TITLE, ANY_SIZE, &meta.new_title) ||
        !tlm_value_text(decoder, named, FIELD_CATEGORY, ANY_SIZE, &meta.category) ||
        !tlm_value_text(decoder, named, FIELD_NEW_CATEGORY, ANY_SIZE, &meta.new_category) ||
        !tlm_value_text(decoder, named, FIELD_STREAMER_NAME, TLM_NAME_SIZE_MAX, &meta.streamer_name) ||
        !tlm_value_text(decoder, named, FIELD_LANGUAGE, ANY_SIZE, &meta.language) ||
        !tlm_value_texts(decoder, named, FIELD_TAGS, NULL) || !read_raid(decoder, &meta) ||
        !tlm_value_time(decoder, named, FIELD_STARTED_AT, &meta.started_at_ns) ||
        !tlm_value_time(decoder, named, FIELD_ENDED_AT, &meta.ended_at_ns))
        return false;
    if (!meta.streamer_name.size)
        meta.streamer_name = (tlm_span){0, 0};
    meta.type = meta_type_of(text_of(decoder, meta.event_type));
    event->as.detail.size = sizeof meta;
    memcpy(tlm_batch_place(decoder->batch, sizeof meta, &event->as.detail.offset), &meta, sizeof meta);
    return true;
}

static bool read_event_id(tlm_decoder *decoder, tlm_event *event)
{
    static const field aliases[TLM_EVENT_KINDS] = {
        FIELD_NONE,
        [TLM_EVENT_CHAT] = FIELD_MESSAGE_ID,
        [TLM_EVENT_VIEWER] = FIELD_NONE,
        [TLM_EVENT_TRANSACTION] = FIELD_TRANSACTION_ID,
        [TLM_EVENT_STREAM_META] = FIELD_NONE,
    };
    tlm_text id;

    if (!tlm_value_id(decoder, &decoder->fields, FIELD_EVENT_ID, aliases[decoder->kind], TLM_EVENT_ID_SIZE_MAX, &id))
        return false;
    event->event_id = tlm_batch_copy(decoder->batch, id);
    XXH128_hash_t hash = XXH3_128bits_withSeed(id.data, id.size, decoder->hash_seed);
    event->id_low = hash.low64;
    event->id_high = hash.high64;
    return true;
}

static bool read_timestamp(tlm_decoder *decoder, tlm_event *event)
{
    if (!fields_at(&decoder->document, &decoder->fields, FIELD_TIMESTAMP))
        return tlm_decoder_reject(decoder, "timestamp is required, but is absent or null.");
    return tlm_value_time(decoder, &decoder->fields, FIELD_TIMESTAMP, &event->time_ns);
}

bool tlm_decoder_read_event(tlm_decoder *decoder, tlm_event *event)
{
    if (!read_event_id(decoder, event) || !read_timestamp(decoder, event))
        return false;
    switch (decoder->kind) {
    case TLM_EVENT_CHAT:
        return read_chat(decoder, event);
    case TLM_EVENT_VIEWER:
        return read_viewer(decoder, event);
    case TLM_EVENT_TRANSACTION:
        return read_transaction(decoder, event);
    default:
        return read_stream_meta(decoder, event);
    }
}
