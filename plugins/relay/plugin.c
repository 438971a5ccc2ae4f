/* SPDX-License-Identifier: Apache-2.0 */
/* relay: hands every event on as a row with its raw bytes, for sinks that are the next one's source. */
#include <telemetra/telemetra.h>

#include <stdlib.h>

enum { INPUT, GENERATION, RECORD, TOPIC, STREAM_ID, EVENT_TIME, VALUE, COLUMN_COUNT };

static const tlm_column columns[COLUMN_COUNT] = {
    [INPUT] = {"input", TLM_COLUMN_INTEGER, 0, TLM_COLUMN_KEY, NULL, "number of the input in the pipeline, from 0"},
    [GENERATION] = {"generation", TLM_COLUMN_INTEGER, 0, TLM_COLUMN_KEY, NULL, "which file, run or log of the source"},
    [RECORD] = {"record", TLM_COLUMN_INTEGER, 0, TLM_COLUMN_KEY, NULL, "number of the record in the input, from 0"},
    [TOPIC] = {"topic", TLM_COLUMN_TEXT, 0, 0, NULL, "chat, viewer, transactions or stream_meta"},
    [STREAM_ID] = {"stream_id", TLM_COLUMN_TEXT, 0, TLM_COLUMN_STREAM, NULL, "stream of the event"},
    [EVENT_TIME] = {"event_time", TLM_COLUMN_TIME, 0, TLM_COLUMN_TIMELINE, NULL, "timestamp of the event"},
    [VALUE] = {"value", TLM_COLUMN_BYTES, 0, 0, NULL, "the event's bytes as they came"},
};

static const tlm_dataset events_dataset = {
    .struct_size = (uint32_t)sizeof events_dataset,
    .mode = TLM_DATASET_APPEND,
    .id = "events",
    .doc = "Events as they came, in order for each stream.",
    .columns = columns,
    .column_count = COLUMN_COUNT,
};

struct tlm_instance {
    const tlm_host *host;
};

struct tlm_lane_state {
    const tlm_lane *lane;
};

/* --- rows --------------------------------------------------------------------------------------------------------- */

static tlm_cell integer_cell(int64_t value)
{
    return (tlm_cell){.is_set = 1, .as.integer = value};
}

static tlm_cell text_cell(const char *data, size_t size)
{
    return (tlm_cell){.is_set = 1, .size = (uint32_t)size, .as.text = data};
}

static tlm_cell kind_cell(uint32_t kind)
{
    static const char *const names[TLM_EVENT_KINDS] = {"unknown", "chat", "viewer", "transactions", "stream_meta"};
    const char *name = names[kind < TLM_EVENT_KINDS ? kind : TLM_EVENT_UNKNOWN];
    return text_cell(name, strlen(name));
}

static int emit_event(const tlm_lane *lane, const tlm_event_view *view, const tlm_event *event)
{
    const tlm_events *batch = view->batch;
    const tlm_record *record = &batch->records->records[event->record];
    tlm_text stream = tlm_events_text(batch, batch->streams[event->stream].id);
    const tlm_cell cells[COLUMN_COUNT] = {
        [INPUT] = integer_cell(view->input),
        [GENERATION] = integer_cell((int64_t)record->position.generation),
        [RECORD] = integer_cell(record->position.ordinal),
        [TOPIC] = kind_cell(event->kind),
        [STREAM_ID] = text_cell(stream.data, stream.size),
        [EVENT_TIME] = integer_cell(event->time_ns),
        [VALUE] = text_cell(batch->records->data + record->start, record->size),
    };
    return lane->emit(lane, &events_dataset, TLM_ROWS_FINAL, cells);
}

/* --- processor ---------------------------------------------------------------------------------------------------- */

static const char *relay_settings(tlm_instance *instance)
{
    (void)instance;
    return ""; /* nothing is kept */
}

static int relay_lane_open(tlm_instance *instance, const tlm_lane *lane, tlm_lane_state **ret_state, tlm_error *error)
{
    (void)instance;
    tlm_lane_state *state = calloc(1, sizeof *state);
    if (!state)
        return tlm_error_set(error, -ENOMEM, "no memory for a lane");
    state->lane = lane;
    *ret_state = state;
    return 0;
}

/* Refills are of events that were handed on before. */
static int relay_events(tlm_lane_state *state, const tlm_event_view *view)
{
    for (uint32_t i = 0; !view->refill && i < view->count; i++) {
        if (view->verdicts[i] != TLM_VERDICT_APPLIED)
            continue; /* one before this knows better */
        int result = emit_event(state->lane, view, &view->batch->events[view->rows[i]]);
        if (result < 0)
            return result;
    }
    return 0;
}

static int64_t relay_next_due(tlm_lane_state *state)
{
    (void)state;
    return INT64_MAX;
}

static int relay_advance(tlm_lane_state *state, int64_t watermark_ns, int64_t quiet_ns)
{
    (void)state;
    (void)watermark_ns;
    (void)quiet_ns;
    return 0;
}

static int64_t relay_final_after(tlm_instance *instance, int64_t highest_ns)
{
    (void)instance;
    (void)highest_ns;
    return INT64_MIN; /* nothing is open */
}

static int relay_nothing(tlm_lane_state *state)
{
    (void)state;
    return 0;
}

static int relay_rebuild_from(tlm_lane_state *state, uint32_t input, tlm_position *ret_position)
{
    (void)state;
    (void)input;
    (void)ret_position;
    return 0;
}

static uint64_t relay_size_bytes(tlm_lane_state *state)
{
    return sizeof *state;
}

static void relay_lane_close(tlm_lane_state *state)
{
    free(state);
}

/* --- life --------------------------------------------------------------------------------------------------------- */

static int relay_create(const tlm_host *host, const void *config, tlm_instance **ret_instance, tlm_error *error)
{
    (void)config;
    tlm_instance *instance = calloc(1, sizeof *instance);
    if (!instance)
        return tlm_error_set(error, -ENOMEM, "out of memory");
    instance->host = host;
    *ret_instance = instance;
    return 0;
}

static int relay_start(tlm_instance *instance, tlm_error *error)
{
    (void)instance;
    (void)error;
    return 0;
}

static void relay_stop(tlm_instance *instance)
{
    (void)instance;
}

static void relay_destroy(tlm_instance *instance)
{
    free(instance);
}

static const void *relay_get_interface(const char *id)
{
    static const tlm_processor processor = {
        .settings = relay_settings,
        .lane_open = relay_lane_open,
        .events = relay_events,
        .next_due = relay_next_due,
        .advance = relay_advance,
        .final_after = relay_final_after,
        .early = relay_nothing,
        .prepare = relay_nothing,
        .rebuild_from = relay_rebuild_from,
        .size_bytes = relay_size_bytes,
        .lane_close = relay_lane_close,
    };
    return strcmp(id, TLM_INTERFACE_PROCESSOR) == 0 ? &processor : NULL;
}

static const tlm_dataset *const datasets[] = {&events_dataset};

static const tlm_component component = {
    .struct_size = sizeof(tlm_component),
    .id = "relay",
    .summary = "Hands every event on as a row with its raw bytes: with kafka_sink, a producer.",
    .datasets = datasets,
    .dataset_count = TLM_COUNT(datasets),
    .create = relay_create,
    .start = relay_start,
    .stop = relay_stop,
    .destroy = relay_destroy,
    .get_interface = relay_get_interface,
};

static const tlm_component *const components[] = {&component};

TLM_PLUGIN("relay", TELEMETRA_VERSION, components);
