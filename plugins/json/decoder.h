/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file decoder.h
 * The inside of a decoder, shared by the rooms of this plugin. One thread at a time.
 */
#ifndef TLM_JSON_DECODER_H
#define TLM_JSON_DECODER_H

#include "batch.h"
#include "fields.h"

#include <telemetra/codec.h>

/* Bounds of contract section 1. */
#define TLM_EVENT_ID_SIZE_MAX 128
#define TLM_STREAM_ID_SIZE_MAX 255
#define TLM_NAME_SIZE_MAX 255
#define TLM_EMOTE_SIZE_MAX 255
#define TLM_EMOTES_MAX 1000
#define TLM_MESSAGE_SIZE_MAX (64u * 1024u)

/** Longest reason of a reject, with its NUL. */
#define TLM_REASON_SIZE 512

/** Topic names by kind; [TLM_EVENT_UNKNOWN] is not used. */
typedef struct tlm_topics {
    tlm_text names[TLM_EVENT_KINDS];
} tlm_topics;

/** Slot of the table that finds a stream of the batch by its hash. */
typedef struct tlm_stream_slot {
    uint32_t batch_number; /**< the slot is free unless it is that of the decoder */
    uint32_t stream;
} tlm_stream_slot;

/** The minute of the last timestamp with Z: most of the next ones lie in it, too. */
typedef struct tlm_minute {
    char text[17]; /**< "2026-01-01T00:00:" */
    int64_t time_ns;
} tlm_minute;

struct tlm_decoder {
    const tlm_topics *topics;
    uint64_t hash_seed;
    tlm_json_parser *parser;
    tlm_batch_pool *pool;
    tlm_stream_slot *stream_slots;
    uint32_t stream_slot_count; /**< a power of two, more than twice the records of a batch; 0 at first */
    uint32_t batch_number;
    tlm_minute minute;

    /* Of the record in work. */
    tlm_batch *batch;
    const tlm_record *record;
    const char *text;
    uint64_t arena_mark; /**< arena_size before it */
    uint32_t kind;       /**< TLM_EVENT_..., 0 until it is known */
    bool may_hold_nul;   /**< only a text with a backslash can hold U+0000 in a string */
    tlm_json_document document;
    fields fields;
};

/** Short name of a kind, which `topic` may always hold; "" for TLM_EVENT_UNKNOWN. */
static inline const char *tlm_kind_name(uint32_t kind)
{
    static const char *const names[TLM_EVENT_KINDS] = {"", "chat", "viewer", "transactions", "stream_meta"};

    return names[kind];
}

/** As in tlm_codec; the topics must outlive the decoder. */
int tlm_decoder_open(const tlm_topics *topics, uint64_t hash_seed, tlm_decoder **ret_decoder);
int tlm_decoder_decode(tlm_decoder *decoder, const tlm_records *records, tlm_events **ret_events);
void tlm_decoder_close(tlm_decoder *decoder);

/**
 * Makes the record in work a reject with this sentence and takes back what it left in the arena. Texts from the record
 * go through tlm_reason_quote_of. Returns false, so that a reader can end in `return tlm_decoder_reject(...)`.
 */
TLM_PRINTF(2, 3) bool tlm_decoder_reject(tlm_decoder *decoder, const char *format, ...);

/** The same for a value of another type than `wanted` ("a string"), which lies at `at` of the tape. */
bool tlm_decoder_reject_type(tlm_decoder *decoder, const char *name, const char *wanted, uint32_t at);

/** A short text of the record that can stand in a sentence. */
typedef struct tlm_reason_quote {
    char text[72];
} tlm_reason_quote;

/** The beginning of a text in double quotes, with ? for all that is not printable ASCII. */
tlm_reason_quote tlm_reason_quote_of(tlm_text text);

/** The same for a record that the parser refused with this half sentence; says where UTF-8 breaks. */
bool tlm_decoder_reject_text(tlm_decoder *decoder, const char *fault);

/**
 * Reads the fields of the record's kind into `event` and the arena; `decoder->fields` is set. False: rejected.
 */
bool tlm_decoder_read_event(tlm_decoder *decoder, tlm_event *event);

#endif
