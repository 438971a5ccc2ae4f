/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file event.h
 * What flows through a lane: records (raw bytes with their position) and the typed events decoded from them.
 *
 * A batch is about a thousand of either, refcounted, and immutable once it is passed on. Events hold no pointers: their
 * texts are spans of the batch's arena. Since 0.1.
 */
#ifndef TELEMETRA_EVENT_H
#define TELEMETRA_EVENT_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Kinds of events, which are also the topics of the accounting; 0 stands for a topic that is not known. */
enum {
    TLM_EVENT_UNKNOWN = 0,
    TLM_EVENT_CHAT = 1,
    TLM_EVENT_VIEWER = 2,
    TLM_EVENT_TRANSACTION = 3,
    TLM_EVENT_STREAM_META = 4
};
#define TLM_EVENT_KINDS 5

/** A raw text longer than this many bytes is a dead letter (contract section 1). */
#define TLM_RECORD_SIZE_MAX (1024u * 1024u)

/** Readable bytes that follow the data of every record buffer and every arena (simdjson reads that far). */
#define TLM_PADDING 64

/**
 * A place in an input, from which it can be read again. Places of one input are ordered by `ordinal`; the other two
 * are the source's own way to get there (for a file: which file, and the byte in it).
 */
typedef struct tlm_position {
    int64_t ordinal;     /**< number of the record, from 0; the same record has the same ordinal whenever it is read */
    int64_t offset;      /**< where its bytes begin */
    int64_t line;        /**< its line, from 1; 0 where lines mean nothing */
    uint64_t generation; /**< which file, run or log `offset` counts in */
} tlm_position;

/** One raw record. */
typedef struct tlm_record {
    tlm_position position;
    uint64_t full_size;     /**< its true size; above TLM_RECORD_SIZE_MAX only the first bytes are in `size` */
    int64_t append_time_ns; /**< when its log took it; 0 if the input has no such time (then the clock counts) */
    uint32_t start;         /**< of its bytes in tlm_records.data */
    uint32_t size;          /**< bytes held, at most TLM_RECORD_SIZE_MAX */
    uint32_t kind;          /**< TLM_EVENT_... where the input tells it; 0: the record names it itself */
    uint32_t reserved;
} tlm_record;

/** A refcounted batch of records of one input, in the order of their ordinals. */
typedef struct tlm_records {
    uint32_t struct_size;
    uint32_t record_count;
    const tlm_record *records;
    const char *data; /**< bytes of all records, followed by TLM_PADDING readable ones */
    uint64_t data_size;
    const char *origin; /**< file path or topic they come from, NUL-terminated, for dead letters */
    tlm_position next;  /**< where reading goes on after the last one */
    void (*ref)(const struct tlm_records *records);
    void (*unref)(const struct tlm_records *records);
} tlm_records;

/**
 * Bytes of a batch's arena. {0, 0}: the field was absent; no text begins at offset 0, so an empty one that was given
 * has size 0 and another offset. Empty names count as absent.
 */
typedef struct tlm_span {
    uint32_t offset;
    uint32_t size;
} tlm_span;

/** An emote of a chat message, 8-byte aligned in the arena. `hash` is the seeded hash of its bytes
 * (tlm_host.hash_seed). */
typedef struct tlm_emote {
    uint64_t hash;
    tlm_span name;
} tlm_emote;

/** A stream that has events in a batch. */
typedef struct tlm_event_stream {
    tlm_span id;
    uint64_t hash;      /**< seeded hash of the id, never stored */
    uint32_t partition; /**< murmur2 of the id, sign bit cleared: modulo the number of lanes it gives the lane */
    uint32_t reserved;
} tlm_event_stream;

/** What a transaction adds, 8-byte aligned in the arena. */
typedef struct tlm_transaction {
    tlm_int128 amount; /**< 10^-9 of the currency, or whole bits; 0 if absent */
    char currency[4];  /**< three capitals and a NUL; empty for bits */
    uint32_t is_bits;  /**< transaction_type is "bits" */
    uint32_t is_anonymous;
    uint32_t reserved;
    int64_t months;     /**< INT64_MIN: absent */
    int64_t gift_count; /**< INT64_MIN: absent */
    tlm_span type, tier, message;
} tlm_transaction;

/** Values of tlm_stream_meta.type; an unknown event_type is TLM_META_OTHER and is applied. */
enum {
    TLM_META_OTHER = 1,
    TLM_META_STREAM_START = 2,
    TLM_META_STREAM_END = 3,
    TLM_META_TITLE_CHANGE = 4,
    TLM_META_CATEGORY_CHANGE = 5,
    TLM_META_RAID_INCOMING = 6,
    TLM_META_RAID_OUTGOING = 7,
    TLM_META_HOST_START = 8,
    TLM_META_HOST_END = 9
};

/** What a stream_meta event adds, 8-byte aligned in the arena. Absent numbers are INT64_MIN. */
typedef struct tlm_stream_meta {
    uint32_t type; /**< TLM_META_... */
    uint32_t reserved;
    tlm_span event_type, title, new_title, category, new_category, streamer_name, language;
    tlm_span raid_from, raid_to;
    int64_t raid_viewer_count, started_at_ns, ended_at_ns;
} tlm_stream_meta;

/** One typed event, 128 bytes. */
typedef struct tlm_event {
    int64_t time_ns;
    int64_t watermark_ns;     /**< of its input before this event; written by the host */
    uint64_t id_low, id_high; /**< seeded 128-bit hash of event_id */
    uint64_t user_hash;       /**< seeded hash of user_id, else of username; 0: nobody */
    uint32_t record;          /**< index of the record it was decoded from */
    uint32_t stream;          /**< index into tlm_events.streams */
    uint32_t kind;            /**< TLM_EVENT_CHAT ... */
    uint32_t flags;           /**< TLM_EVENT_ACTION */
    tlm_span event_id;
    tlm_span user; /**< user_id, else username */
    tlm_span username;
    union {
        struct {
            tlm_span message;
            tlm_span emotes; /**< offset of tlm_emote[size] in the arena */
            tlm_span badges; /**< offset of tlm_span[size] in the arena */
            int64_t bits;    /**< shown, never summed */
        } chat;
        struct {
            int64_t viewer_count;
            int64_t chatter_count, follower_count, subscriber_count; /**< INT64_MIN: absent */
        } viewer;
        tlm_span detail; /**< of a tlm_transaction or tlm_stream_meta in the arena */
        uint64_t room[6];
    } as;
} tlm_event;

enum {
    TLM_EVENT_ACTION = 1u << 0 /**< chat: is_action */
};

/** A record that breaks the contract: a dead letter with its reason. */
typedef struct tlm_reject {
    uint32_t record; /**< index of the record */
    uint32_t kind;   /**< TLM_EVENT_... as far as it could be told, else 0 */
    tlm_span reason; /**< a sentence in the arena */
} tlm_reject;

/**
 * A refcounted batch of decoded events. Every record of `records` is either one event or one reject; both lists are in
 * the order of the records.
 */
typedef struct tlm_events {
    uint32_t struct_size;
    uint32_t event_count;
    uint32_t stream_count;
    uint32_t reject_count;
    tlm_event *events; /**< mutable only for the host, between decode and the first processor */
    const tlm_event_stream *streams;
    const tlm_reject *rejects;
    const char *arena; /**< 8-byte aligned, followed by TLM_PADDING readable bytes */
    uint64_t arena_size;
    const tlm_records *records; /**< what it was decoded from; the batch holds a reference */
    void (*ref)(const struct tlm_events *events);
    void (*unref)(const struct tlm_events *events);
} tlm_events;

/** Whether a field was given, if only as an empty text: 1 or 0. */
static inline int tlm_span_is_given(tlm_span span)
{
    return span.offset != 0;
}

/** The bytes of a span of the batch's arena. */
static inline tlm_text tlm_events_text(const tlm_events *events, tlm_span span)
{
    tlm_text text;
    text.data = events->arena + span.offset;
    text.size = span.size;
    return text;
}

#ifdef __cplusplus
}
#endif
#endif
