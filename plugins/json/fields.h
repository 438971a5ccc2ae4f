/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file fields.h
 * The names of contract section 1, and where an object holds their values.
 */
#ifndef TLM_JSON_FIELDS_H
#define TLM_JSON_FIELDS_H

#include "tape.h"

/** Every name, with the identifier of its field. */
#define TLM_JSON_FIELDS(FIELD)                                                                                         \
    FIELD(TOPIC, "topic")                                                                                              \
    FIELD(EVENT_ID, "event_id")                                                                                        \
    FIELD(MESSAGE_ID, "message_id")                                                                                    \
    FIELD(TRANSACTION_ID, "transaction_id")                                                                            \
    FIELD(STREAM_ID, "stream_id")                                                                                      \
    FIELD(CHANNEL, "channel")                                                                                          \
    FIELD(TIMESTAMP, "timestamp")                                                                                      \
    FIELD(USER_ID, "user_id")                                                                                          \
    FIELD(USERNAME, "username")                                                                                        \
    FIELD(MESSAGE, "message")                                                                                          \
    FIELD(EMOTES, "emotes")                                                                                            \
    FIELD(BADGES, "badges")                                                                                            \
    FIELD(IS_ACTION, "is_action")                                                                                      \
    FIELD(BITS, "bits")                                                                                                \
    FIELD(METADATA, "metadata")                                                                                        \
    FIELD(VIEWER_COUNT, "viewer_count")                                                                                \
    FIELD(CHATTER_COUNT, "chatter_count")                                                                              \
    FIELD(FOLLOWER_COUNT, "follower_count")                                                                            \
    FIELD(SUBSCRIBER_COUNT, "subscriber_count")                                                                        \
    FIELD(TRANSACTION_TYPE, "transaction_type")                                                                        \
    FIELD(AMOUNT, "amount")                                                                                            \
    FIELD(CURRENCY, "currency")                                                                                        \
    FIELD(TIER, "tier")                                                                                                \
    FIELD(MONTHS, "months")                                                                                            \
    FIELD(GIFT_COUNT, "gift_count")                                                                                    \
    FIELD(IS_ANONYMOUS, "is_anonymous")                                                                                \
    FIELD(EVENT_TYPE, "event_type")                                                                                    \
    FIELD(TITLE, "title")                                                                                              \
    FIELD(NEW_TITLE, "new_title")                                                                                      \
    FIELD(CATEGORY, "category")                                                                                        \
    FIELD(NEW_CATEGORY, "new_category")                                                                                \
    FIELD(STREAMER_NAME, "streamer_name")                                                                              \
    FIELD(LANGUAGE, "language")                                                                                        \
    FIELD(TAGS, "tags")                                                                                                \
    FIELD(RAID_DATA, "raid_data")                                                                                      \
    FIELD(STARTED_AT, "started_at")                                                                                    \
    FIELD(ENDED_AT, "ended_at")                                                                                        \
    FIELD(FROM_CHANNEL, "from_channel")                                                                                \
    FIELD(TO_CHANNEL, "to_channel")

typedef enum field {
#define FIELD_ENUM(identifier, name) FIELD_##identifier,
    TLM_JSON_FIELDS(FIELD_ENUM)
#undef FIELD_ENUM
        FIELD_COUNT,
    FIELD_NONE = FIELD_COUNT
} field;

_Static_assert(FIELD_COUNT <= 64, "the set of fields that are present is one word");

/** Where an object holds its named fields: the last of repeated keys. */
typedef struct fields {
    const char *prefix;       /**< before their names in a reason: "" or "raid_data." */
    uint64_t present;         /**< bit `field`: at[field] is set */
    uint32_t at[FIELD_COUNT]; /**< index of the value on the tape */
} fields;

/** The field of that name, FIELD_NONE if it has none. Lengths first: most keys need one comparison then. */
static inline field field_find(tlm_text key)
{
#define IS(name) (memcmp(key.data, name, sizeof(name) - 1) == 0)
    switch (key.size) {
    case 4:
        return IS("bits") ? FIELD_BITS : IS("tier") ? FIELD_TIER : IS("tags") ? FIELD_TAGS : FIELD_NONE;
    case 5:
        return IS("topic") ? FIELD_TOPIC : IS("title") ? FIELD_TITLE : FIELD_NONE;
    case 6:
        return IS("emotes")   ? FIELD_EMOTES
               : IS("badges") ? FIELD_BADGES
               : IS("amount") ? FIELD_AMOUNT
               : IS("months") ? FIELD_MONTHS
                              : FIELD_NONE;
    case 7:
        return IS("user_id")   ? FIELD_USER_ID
               : IS("message") ? FIELD_MESSAGE
               : IS("channel") ? FIELD_CHANNEL
                               : FIELD_NONE;
    case 8:
        return IS("event_id")   ? FIELD_EVENT_ID
               : IS("username") ? FIELD_USERNAME
               : IS("metadata") ? FIELD_METADATA
               : IS("currency") ? FIELD_CURRENCY
               : IS("category") ? FIELD_CATEGORY
               : IS("language") ? FIELD_LANGUAGE
               : IS("ended_at") ? FIELD_ENDED_AT
                                : FIELD_NONE;
    case 9:
        return IS("timestamp")   ? FIELD_TIMESTAMP
               : IS("stream_id") ? FIELD_STREAM_ID
               : IS("is_action") ? FIELD_IS_ACTION
               : IS("new_title") ? FIELD_NEW_TITLE
               : IS("raid_data") ? FIELD_RAID_DATA
                                 : FIELD_NONE;
    case 10:
        return IS("message_id")   ? FIELD_MESSAGE_ID
               : IS("gift_count") ? FIELD_GIFT_COUNT
               : IS("event_type") ? FIELD_EVENT_TYPE
               : IS("started_at") ? FIELD_STARTED_AT
               : IS("to_channel") ? FIELD_TO_CHANNEL
                                  : FIELD_NONE;
    case 12:
        return IS("viewer_count")   ? FIELD_VIEWER_COUNT
               : IS("is_anonymous") ? FIELD_IS_ANONYMOUS
               : IS("new_category") ? FIELD_NEW_CATEGORY
               : IS("from_channel") ? FIELD_FROM_CHANNEL
                                    : FIELD_NONE;
    case 13:
        return IS("chatter_count") ? FIELD_CHATTER_COUNT : IS("streamer_name") ? FIELD_STREAMER_NAME : FIELD_NONE;
    case 14:
        return IS("transaction_id") ? FIELD_TRANSACTION_ID : IS("follower_count") ? FIELD_FOLLOWER_COUNT : FIELD_NONE;
    case 16:
        return IS("subscriber_count")   ? FIELD_SUBSCRIBER_COUNT
               : IS("transaction_type") ? FIELD_TRANSACTION_TYPE
                                        : FIELD_NONE;
    default:
        return FIELD_NONE;
    }
#undef IS
}

/** Notes the named fields of the object at `object`; `prefix` stays. */
static inline void fields_collect(const tlm_json_document *document, uint32_t object, fields *ret_fields)
{
    const uint64_t *tape = document->tape;
    uint32_t end = tlm_tape_end(tape, object);

    ret_fields->present = 0;
    for (uint32_t at = object + 1; at < end; at = tlm_tape_after(tape, at + 1)) {
        field found = field_find(tlm_tape_text(document, at));
        if (found == FIELD_NONE)
            continue;
        ret_fields->present |= UINT64_C(1) << found;
        ret_fields->at[found] = at + 1;
    }
}

/** Where the field's value is on the tape; 0 when it is absent or null. */
static inline uint32_t fields_at(const tlm_json_document *document, const fields *named, field wanted)
{
    if (!(named->present >> wanted & 1) || tlm_tape_type(document->tape, named->at[wanted]) == 'n')
        return 0;
    return named->at[wanted];
}

#endif
