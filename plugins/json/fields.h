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
#define IS(identifier, name)                                                                                           \
    if (memcmp(key.data, name, sizeof(name) - 1) == 0)                                                                 \
        return FIELD_##identifier;

    switch (key.size) {
    case 4:
        IS(BITS, "bits") IS(TIER, "tier") IS(TAGS, "tags") break;
    case 5:
        IS(TOPIC, "topic") IS(TITLE, "title") break;
    case 6:
        IS(EMOTES, "emotes") IS(BADGES, "badges") IS(AMOUNT, "amount") IS(MONTHS, "months") break;
    case 7:
        IS(USER_ID, "user_id") IS(MESSAGE, "message") IS(CHANNEL, "channel") break;
    case 8:
        IS(EVENT_ID, "event_id")
        IS(USERNAME, "username")
        IS(METADATA, "metadata") IS(CURRENCY, "currency") IS(LANGUAGE, "language") IS(CATEGORY, "category")
            IS(ENDED_AT, "ended_at") break;
    case 9:
        IS(TIMESTAMP, "timestamp")
        IS(STREAM_ID, "stream_id")
        IS(IS_ACTION, "is_action") IS(RAID_DATA, "raid_data") IS(NEW_TITLE, "new_title") break;
    case 10:
        IS(MESSAGE_ID, "message_id")
        IS(GIFT_COUNT, "gift_count")
        IS(EVENT_TYPE, "event_type") IS(STARTED_AT, "started_at") IS(TO_CHANNEL, "to_channel") break;
    case 12:
        IS(VIEWER_COUNT, "viewer_count")
        IS(IS_ANONYMOUS, "is_anonymous") IS(NEW_CATEGORY, "new_category") IS(FROM_CHANNEL, "from_channel") break;
    case 13:
        IS(CHATTER_COUNT, "chatter_count") IS(STREAMER_NAME, "streamer_name") break;
    case 14:
        IS(TRANSACTION_ID, "transaction_id") IS(FOLLOWER_COUNT, "follower_count") break;
    case 16:
        IS(SUBSCRIBER_COUNT, "subscriber_count") IS(TRANSACTION_TYPE, "transaction_type") break;
    default:
        break;
    }
    return FIELD_NONE;
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
