/* SPDX-License-Identifier: Apache-2.0 */
#include "dead_letter.h"

#include "accounting.h"
#include "clock.h"

#include <common/time.h>

enum { INPUT, GENERATION, ORDINAL, TOPIC, ORIGIN, LINE, OFFSET, PARTITION, REASON, SIZE, RAW, NOTED_AT, COLUMN_COUNT };

static const tlm_column columns[COLUMN_COUNT] = {
    [INPUT] = {"input", TLM_COLUMN_TEXT, 0, TLM_COLUMN_KEY, NULL, "instance name of the source"},
    [GENERATION] = {"generation", TLM_COLUMN_TEXT, 0, TLM_COLUMN_KEY, NULL, "which file, run or log of the source"},
    [ORDINAL] = {"ordinal", TLM_COLUMN_INTEGER, 0, TLM_COLUMN_KEY, NULL, "number of the record in the input, from 0"},
    [TOPIC] = {"topic", TLM_COLUMN_TEXT, 0, 0, NULL, "chat, viewer, transactions, stream_meta, or unknown"},
    [ORIGIN] = {"origin", TLM_COLUMN_TEXT, 0, 0, NULL, "file or topic it came from"},
    [LINE] = {"line", TLM_COLUMN_INTEGER, 0, TLM_COLUMN_NULLABLE, NULL, "line in the file, from 1"},
    [OFFSET] = {"byte_offset", TLM_COLUMN_INTEGER, 0, 0, NULL, "where it begins in its origin"},
    [PARTITION] = {"log_partition", TLM_COLUMN_INTEGER, 0, TLM_COLUMN_NULLABLE, NULL,
                   "partition of the topic it came from"},
    [REASON] = {"reason", TLM_COLUMN_TEXT, 0, 0, NULL, "why it was not applied"},
    [SIZE] = {"size", TLM_COLUMN_INTEGER, 0, 0, "bytes",
              "its true size; of more than 1 MiB only the beginning is kept"},
    [RAW] = {"raw", TLM_COLUMN_BYTES, 0, 0, NULL, "its bytes as they came"},
    [NOTED_AT] = {"noted_at", TLM_COLUMN_TIME, 0, TLM_COLUMN_TIMELINE, NULL, "when it was decided, by the clock"},
};

const tlm_dataset tlm_dead_letters = {
    .struct_size = (uint32_t)sizeof tlm_dead_letters,
    .mode = TLM_DATASET_APPEND,
    .id = "dead_letters",
    .doc = "Records that could not be applied, with their raw bytes, origin and reason.",
    .columns = columns,
    .column_count = COLUMN_COUNT,
};

static tlm_cell text_cell(tlm_text text)
{
    return (tlm_cell){.is_set = 1, .size = (uint32_t)text.size, .as.text = text.data ? text.data : ""};
}

static tlm_cell integer_cell(int64_t value)
{
    return (tlm_cell){.is_set = 1, .as.integer = value};
}

int tlm_dead_letter_add(tlm_outbox *outbox, const tlm_dead_origin *origin, uint32_t record, uint32_t kind,
                        tlm_text reason)
{
    const tlm_record *raw = &origin->records->records[record];
    const tlm_position *position = &raw->position;
    char generation[24];
    (void)snprintf(generation, sizeof generation, "%016llx", (unsigned long long)position->generation);
    tlm_cell cells[COLUMN_COUNT] = {
        [INPUT] = text_cell(tlm_text_of(origin->input)),
        [GENERATION] = text_cell(tlm_text_of(generation)),
        [ORDINAL] = integer_cell(position->ordinal),
        [TOPIC] = text_cell(tlm_text_of(tlm_kind_name(kind))),
        [ORIGIN] = text_cell(tlm_text_of(origin->records->origin)),
        [OFFSET] = integer_cell(position->offset),
        [REASON] = text_cell(reason),
        [SIZE] = integer_cell((int64_t)raw->full_size),
        [RAW] = text_cell((tlm_text){.data = origin->records->data + raw->start, .size = raw->size}),
        [NOTED_AT] = integer_cell(tlm_realtime_ns()),
    };
    if (position->line)
        cells[LINE] = integer_cell(position->line);
    if (origin->partition_count)
        cells[PARTITION] = integer_cell(origin->partition);
    return tlm_outbox_add(outbox, &tlm_dead_letters, TLM_ROWS_FINAL, cells);
}

static int describe_too_far_ahead(const tlm_event *event, int64_t max_future_ms, char *text, size_t size)
{
    char time[TLM_TIME_SIZE + 1] = {0};
    tlm_time_format(event->time_ns, time);
    return snprintf(text, size, "timestamp %s lies more than max_future (%lld s) ahead", time,
                    (long long)(max_future_ms / 1000));
}

static int describe_misplaced(const tlm_dead_origin *origin, const tlm_events *events, const tlm_event *event,
                              char *text, size_t size)
{
    const tlm_event_stream *stream = &events->streams[event->stream];
    return snprintf(text, size,
                    "partition %u asks for streams of its own, but the stream_id belongs to partition %u of "
                    "%u: the producer needs partitioner=murmur2_random and the stream_id as key",
                    origin->partition, stream->partition % origin->partition_count, origin->partition_count);
}

int tlm_dead_letter_add_parcel(tlm_outbox *outbox, const tlm_dead_origin *origin, const tlm_parcel *parcel,
                               const tlm_dead *dead, int64_t max_future_ms)
{
    const tlm_events *events = parcel->events;
    char reason[256];
    int size;
    if (dead->why == TLM_DEAD_REJECTED)
        return tlm_dead_letter_add(outbox, origin, dead->record, dead->kind, tlm_events_text(events, dead->reason));
    const tlm_event *event = &events->events[dead->event];
    if (dead->why == TLM_DEAD_TOO_FAR_AHEAD)
        size = describe_too_far_ahead(event, max_future_ms, reason, sizeof reason);
    else
        size = describe_misplaced(origin, events, event, reason, sizeof reason);
    return tlm_dead_letter_add(outbox, origin, dead->record, dead->kind,
                               (tlm_text){.data = reason, .size = (size_t)size});
}
