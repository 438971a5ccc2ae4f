/* SPDX-License-Identifier: Apache-2.0 */
#include "value.h"

#include "common/murmur2.h"

#include <stdlib.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

/*
 * What a record of n bytes can add to the arena. Texts are no longer than in the record; an emote needs 4 bytes there
 * ("a",) and a tlm_emote here, a badge 3 ("",) and a tlm_span: 5 n holds all of it. The rest is a detail struct, the
 * alignment, a reason and the block that a copy may write past its end.
 */
#define GROWTH_FACTOR 5u
#define GROWTH_EXTRA_BYTES 1024u

_Static_assert(sizeof(tlm_emote) + 1 <= GROWTH_FACTOR * 4, "an emote outgrows its text");
_Static_assert(sizeof(tlm_span) <= GROWTH_FACTOR * 3, "a badge outgrows its text");
_Static_assert(sizeof(tlm_stream_meta) + sizeof(tlm_transaction) + TLM_REASON_SIZE + 2 * TLM_BATCH_COPY_BLOCK <=
                   GROWTH_EXTRA_BYTES,
               "details outgrow their room");

int tlm_decoder_open(const tlm_topics *topics, uint64_t hash_seed, tlm_decoder **ret_decoder)
{
    tlm_decoder *decoder = calloc(1, sizeof *decoder);

    if (!decoder)
        return -ENOMEM;
    decoder->topics = topics;
    decoder->hash_seed = hash_seed;
    decoder->fields.prefix = "";
    decoder->parser = tlm_json_parser_create();
    decoder->pool = tlm_batch_pool_create();
    if (!decoder->parser || !decoder->pool) {
        tlm_decoder_close(decoder);
        return -ENOMEM;
    }
    *ret_decoder = decoder;
    return 0;
}

void tlm_decoder_close(tlm_decoder *decoder)
{
    if (!decoder)
        return;
    tlm_json_parser_destroy(decoder->parser);
    tlm_batch_pool_close(decoder->pool);
    free(decoder->stream_slots);
    free(decoder);
}

/* Empties the table of streams and gives it room for as many as there are records. */
static int streams_begin(tlm_decoder *decoder, uint32_t record_count)
{
    uint64_t wanted = 64;

    decoder->batch_number++;
    while (wanted <= 2 * (uint64_t)record_count)
        wanted *= 2;
    if (wanted <= decoder->stream_slot_count && decoder->batch_number != 0)
        return 0;
    tlm_stream_slot *slots = calloc(wanted, sizeof *slots);
    if (!slots)
        return -ENOMEM;
    free(decoder->stream_slots);
    decoder->stream_slots = slots;
    decoder->stream_slot_count = (uint32_t)wanted;
    decoder->batch_number = 1;
    return 0;
}

/* The index of the stream with that id among the batch's. */
static uint32_t stream_intern(tlm_decoder *decoder, tlm_text id)
{
    tlm_batch *batch = decoder->batch;
    uint64_t hash = XXH3_64bits_withSeed(id.data, id.size, decoder->hash_seed);
    uint32_t mask = decoder->stream_slot_count - 1;
    tlm_stream_slot *slot = &decoder->stream_slots[hash & mask];

    for (uint32_t i = (uint32_t)hash; slot->batch_number == decoder->batch_number;
         slot = &decoder->stream_slots[++i & mask]) {
        const tlm_event_stream *stream = &batch->streams[slot->stream];
        tlm_text known = {batch->arena + stream->id.offset, stream->id.size};
        if (stream->hash == hash && tlm_text_equal(known, id))
            return slot->stream;
    }
    *slot = (tlm_stream_slot){decoder->batch_number, batch->stream_count};
    batch->streams[batch->stream_count] = (tlm_event_stream){
        .id = tlm_batch_copy(batch, id),
        .hash = hash,
        .partition = tlm_murmur2(id.data, id.size) & 0x7fffffffu,
    };
    return batch->stream_count++;
}

/* By the configured names first, then by the short ones. */
static uint32_t kind_of(const tlm_topics *topics, tlm_text topic)
{
    for (uint32_t kind = TLM_EVENT_CHAT; kind < TLM_EVENT_KINDS; kind++)
        if (tlm_text_equal(topics->names[kind], topic))
            return kind;
    for (uint32_t kind = TLM_EVENT_CHAT; kind < TLM_EVENT_KINDS; kind++)
        if (tlm_text_equal(tlm_text_of(tlm_kind_name(kind)), topic))
            return kind;
    return TLM_EVENT_UNKNOWN;
}

static bool find_kind(tlm_decoder *decoder)
{
    uint32_t at = fields_at(&decoder->document, &decoder->fields, FIELD_TOPIC);

    if (decoder->kind != TLM_EVENT_UNKNOWN)
        return true;
    if (!at)
        return tlm_decoder_reject(decoder, "topic is required, but is absent or null.");
    if (tlm_tape_type(decoder->document.tape, at) != '"')
        return tlm_decoder_reject_type(decoder, "topic", "a string", at);
    tlm_text topic = tlm_tape_text(&decoder->document, at);
    decoder->kind = kind_of(decoder->topics, topic);
    return decoder->kind != TLM_EVENT_UNKNOWN ||
           tlm_decoder_reject(decoder, "topic must be one of the four topics, but is %s.",
                              tlm_reason_quote_of(topic).text);
}

/* What can be told before the text is looked at. */
static bool judge_record(tlm_decoder *decoder)
{
    const tlm_record *record = decoder->record;

    if (record->full_size > TLM_RECORD_SIZE_MAX || record->size > TLM_RECORD_SIZE_MAX)
        return tlm_decoder_reject(
            decoder, "The text must have at most %u bytes, but has %llu.", TLM_RECORD_SIZE_MAX,
            (unsigned long long)(record->full_size > record->size ? record->full_size : record->size));
    if (record->size == 0)
        return tlm_decoder_reject(decoder, "The record has no value.");
    return true;
}

static bool parse_text(tlm_decoder *decoder)
{
    const char *fault =
        tlm_json_parser_parse(decoder->parser, decoder->text, decoder->record->size, &decoder->document);

    if (fault)
        return tlm_decoder_reject_text(decoder, fault);
    if (!tlm_tape_is_shallow(decoder->document.tape))
        return tlm_decoder_reject(decoder, "The text has more than %d levels of arrays and objects.",
                                  TLM_JSON_DEPTH_MAX);
    if (tlm_tape_type(decoder->document.tape, TLM_TAPE_TOP) != '{')
        return tlm_decoder_reject_type(decoder, "An event", "an object", TLM_TAPE_TOP);
    decoder->may_hold_nul = memchr(decoder->text, '\\', decoder->record->size) != NULL;
    return true;
}

/* Everything but the stream, which is interned only when the event is good. */
static bool read_record(tlm_decoder *decoder, tlm_event *event, tlm_text *ret_stream_id)
{
    if (!judge_record(decoder) || !parse_text(decoder))
        return false;
    fields_collect(&decoder->document, TLM_TAPE_TOP, &decoder->fields);
    return find_kind(decoder) &&
           tlm_value_id(decoder, &decoder->fields, FIELD_STREAM_ID, FIELD_CHANNEL, TLM_STREAM_ID_SIZE_MAX,
                        ret_stream_id) &&
           tlm_decoder_read_event(decoder, event);
}

static void decode_record(tlm_decoder *decoder, const tlm_records *records, uint32_t index)
{
    tlm_batch *batch = decoder->batch;
    tlm_event *event = &batch->rows[batch->row_count];
    tlm_text stream_id;

    decoder->record = &records->records[index];
    decoder->text = records->data + decoder->record->start;
    decoder->arena_mark = batch->arena_size;
    decoder->kind = decoder->record->kind;
    if (decoder->kind >= TLM_EVENT_KINDS) {
        decoder->kind = TLM_EVENT_UNKNOWN;
        tlm_decoder_reject(decoder, "The record is of kind %u, which this codec does not know.",
                           (unsigned)decoder->record->kind);
        return;
    }
    memset(event, 0, sizeof *event);
    if (!read_record(decoder, event, &stream_id))
        return;
    event->record = index;
    event->kind = decoder->kind;
    event->stream = stream_intern(decoder, stream_id);
    batch->row_count++;
}

int tlm_decoder_decode(tlm_decoder *decoder, const tlm_records *records, tlm_events **ret_events)
{
    if (streams_begin(decoder, records->record_count) < 0 ||
        tlm_batch_take(decoder->pool, records, &decoder->batch) < 0)
        return -ENOMEM;
    for (uint32_t i = 0; i < records->record_count; i++) {
        uint64_t growth = (uint64_t)GROWTH_FACTOR * records->records[i].size + GROWTH_EXTRA_BYTES;
        if (tlm_batch_reserve(decoder->batch, growth) < 0) {
            tlm_batch_drop(decoder->batch);
            return -ENOMEM;
        }
        decode_record(decoder, records, i);
    }
    *ret_events = tlm_batch_publish(decoder->batch);
    return 0;
}
