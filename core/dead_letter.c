/* SPDX-License-Identifier: Apache-2.0 */
#include "dead_letter.h"

#include "accounting.h"
#include "clock.h"

#include <common/time.h>

enum { INPUT, GENERATION, ORDINAL, TOPIC, ORIGIN, LINE, OFFSET, REASON, SIZE, RAW, NOTED_AT, COLUMN_COUNT };

static const tlm_column columns[COLUMN_COUNT] = {
    [INPUT] = {"input", TLM_COLUMN_TEXT, 0, TLM_COLUMN_KEY, NULL, "instance name of the source"},
    [GENERATION] = {"generation", TLM_COLUMN_TEXT, 0, TLM_COLUMN_KEY, NULL, "which file, run or log of the source"},
    [ORDINAL] = {"ordinal", TLM_COLUMN_INTEGER, 0, TLM_COLUMN_KEY, NULL, "number of the record in the input, from 0"},
    [TOPIC] = {"topic", TLM_COLUMN_TEXT, 0, 0, NULL, "chat, viewer, transactions, stream_meta, or unknown"},
    [ORIGIN] = {"origin", TLM_COLUMN_TEXT, 0, 0, NULL, "file or topic it came from"},
    [LINE] = {"line", TLM_COLUMN_INTEGER, 0, TLM_COLUMN_NULLABLE, NULL, "line in the file, from 1"},
    [OFFSET] = {"byte_offset", TLM_COLUMN_INTEGER, 0, 0, NULL, "where it begins in its origin"},
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

int tlm_dead_letter_add(tlm_outbox *outbox, const char *input, const tlm_records *records, uint32_t record,
                        uint32_t kind, tlm_text reason)
{
    const tlm_record *raw = &records->records[record];
    const tlm_position *position = &raw->position;
    char generation[24];
    (void)snprintf(generation, sizeof generation, "%016llx", (unsigned long long)position->generation);
    tlm_cell cells[COLUMN_COUNT] = {
        [INPUT] = text_cell(tlm_text_of(input)),
        [GENERATION] = text_cell(tlm_text_of(generation)),
        [ORDINAL] = integer_cell(position->ordinal),
        [TOPIC] = text_cell(tlm_text_of(tlm_kind_name(kind))),
        [ORIGIN] = text_cell(tlm_text_of(records->origin)),
        [OFFSET] = integer_cell(position->offset),
        [REASON] = text_cell(reason),
        [SIZE] = integer_cell((int64_t)raw->full_size),
        [RAW] = text_cell((tlm_text){.data = records->data + raw->start, .size = raw->size}),
        [NOTED_AT] = integer_cell(tlm_realtime_ns()),
    };
    if (position->line)
        cells[LINE] = integer_cell(position->line);
    return tlm_outbox_add(outbox, &tlm_dead_letters, TLM_ROWS_FINAL, cells);
}

int tlm_dead_letter_add_parcel(tlm_outbox *outbox, const char *input, const tlm_parcel *parcel, const tlm_dead *dead,
                               int64_t max_future_ms)
{
    const tlm_events *events = parcel->events;
    if (dead->event == UINT32_MAX)
        return tlm_dead_letter_add(outbox, input, events->records, dead->record, dead->kind,
                                   tlm_events_text(events, dead->reason));
    char time[TLM_TIME_SIZE + 1] = {0}, reason[160];
    tlm_time_format(events->events[dead->event].time_ns, time);
    int size = snprintf(reason, sizeof reason, "timestamp %s lies more than max_future (%lld s) ahead", time,
                        (long long)(max_future_ms / 1000));
    return tlm_dead_letter_add(outbox, input, events->records, dead->record, dead->kind,
                               (tlm_text){.data = reason, .size = (size_t)size});
}
