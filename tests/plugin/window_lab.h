/* SPDX-License-Identifier: Apache-2.0 */
/* A laboratory for the window plugin: events made by hand, batches of them, and a lane that records what comes out.
 * The plugin is driven as the host drives it, through the interfaces of the built shared object. */
#ifndef TLM_TEST_WINDOW_LAB_H
#define TLM_TEST_WINDOW_LAB_H

#include <telemetra/telemetra.h>

#include "common/decimal.h"

#include <dlfcn.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>

#define LAB_SECOND INT64_C(1000000000)
#define LAB_SEED UINT64_C(0x1234567890abcdef)
#define LAB_EMOTES_MAX 4

/* One event as a test writes it; texts are NUL-terminated, NULL is absent. */
typedef struct {
    uint32_t kind; /* TLM_EVENT_... */
    int64_t time_ns;
    const char *stream;
    const char *id;
    const char *user;
    const char *emotes[LAB_EMOTES_MAX];
    int64_t viewer_count;
    tlm_wide amount; /* 10^-9, or bits */
    const char *currency;
    bool is_bits;
    uint32_t meta; /* TLM_META_... */
    const char *title, *new_title, *category, *name, *language;
    int64_t started_at_ns; /* 0: absent */
    uint32_t input;
    /* what became of it */
    int64_t ordinal;
    int64_t watermark_ns;
    uint8_t verdict;
} lab_event;

static inline void *lab_alloc(void *old, size_t size)
{
    void *memory = realloc(old, size ? size : 1);
    if (!memory) {
        fprintf(stderr, "no memory for the test\n");
        abort();
    }
    return memory;
}

/* A hash good enough for a test: FNV-1a, then the finisher of SplitMix64. */
static inline uint64_t lab_hash(const char *text, uint64_t seed)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325) ^ seed;
    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    hash = (hash ^ hash >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    hash = (hash ^ hash >> 27) * UINT64_C(0x94d049bb133111eb);
    return hash ^ hash >> 31;
}

/* --- batches ------------------------------------------------------------------------------------------------------ */

typedef struct {
    tlm_events events; /* first */
    tlm_records records;
    tlm_event *event;
    tlm_record *record;
    tlm_event_stream *streams;
    const char **names;
    char *arena;
    size_t arena_size, arena_capacity;
} lab_batch;

static inline void lab_keep(const tlm_events *events)
{
    (void)events;
}

static inline uint32_t lab_reserve(lab_batch *batch, size_t size)
{
    size_t at = (batch->arena_size + 7) & ~(size_t)7;
    if (at + size + TLM_PADDING > batch->arena_capacity) {
        batch->arena_capacity = 2 * (at + size + TLM_PADDING);
        batch->arena = lab_alloc(batch->arena, batch->arena_capacity);
    }
    batch->arena_size = at + size;
    return (uint32_t)at;
}

static inline tlm_span lab_span(lab_batch *batch, const char *text)
{
    if (!text)
        return (tlm_span){0};
    uint32_t size = (uint32_t)strlen(text);
    uint32_t at = lab_reserve(batch, size);
    memcpy(batch->arena + at, text, size);
    return (tlm_span){.offset = at, .size = size};
}

static inline uint32_t lab_stream(lab_batch *batch, const char *name)
{
    for (uint32_t i = batch->events.stream_count; i-- > 0;)
        if (strcmp(batch->names[i], name) == 0)
            return i;
    uint32_t index = batch->events.stream_count++;
    batch->streams[index] = (tlm_event_stream){.id = lab_span(batch, name), .hash = lab_hash(name, LAB_SEED)};
    batch->names[index] = name;
    return index;
}

static inline void lab_fill_chat(lab_batch *batch, tlm_event *event, const lab_event *from)
{
    uint32_t count = 0;
    while (count < LAB_EMOTES_MAX && from->emotes[count])
        count++;
    if (count == 0)
        return;
    uint32_t at = lab_reserve(batch, count * sizeof(tlm_emote));
    for (uint32_t i = 0; i < count; i++) {
        tlm_emote emote = {.hash = lab_hash(from->emotes[i], 7), .name = lab_span(batch, from->emotes[i])};
        memcpy(batch->arena + at + i * sizeof emote, &emote, sizeof emote);
    }
    event->as.chat.emotes = (tlm_span){.offset = at, .size = count};
}

static inline void lab_fill_transaction(lab_batch *batch, tlm_event *event, const lab_event *from)
{
    tlm_transaction detail = {.is_bits = from->is_bits, .months = INT64_MIN, .gift_count = INT64_MIN};
    detail.amount.low = (uint64_t)from->amount;
    detail.amount.high = (int64_t)(from->amount >> 64);
    if (!from->is_bits)
        memcpy(detail.currency, from->currency ? from->currency : "USD", 4);
    uint32_t at = lab_reserve(batch, sizeof detail);
    memcpy(batch->arena + at, &detail, sizeof detail);
    event->as.detail = (tlm_span){.offset = at, .size = (uint32_t)sizeof detail};
}

static inline void lab_fill_meta(lab_batch *batch, tlm_event *event, const lab_event *from)
{
    tlm_stream_meta detail = {.type = from->meta, .raid_viewer_count = INT64_MIN, .ended_at_ns = INT64_MIN};
    detail.title = lab_span(batch, from->title);
    detail.new_title = lab_span(batch, from->new_title);
    detail.category = lab_span(batch, from->category);
    detail.streamer_name = lab_span(batch, from->name);
    detail.language = lab_span(batch, from->language);
    detail.started_at_ns = from->started_at_ns ? from->started_at_ns : INT64_MIN;
    uint32_t at = lab_reserve(batch, sizeof detail);
    memcpy(batch->arena + at, &detail, sizeof detail);
    event->as.detail = (tlm_span){.offset = at, .size = (uint32_t)sizeof detail};
}

/* A batch of `count` events, which keep their order. */
static inline void lab_batch_init(lab_batch *batch, const lab_event *const *from, uint32_t count)
{
    *batch = (lab_batch){.events = {.struct_size = sizeof(tlm_events), .event_count = count}};
    batch->event = lab_alloc(NULL, count * sizeof *batch->event);
    batch->record = lab_alloc(NULL, count * sizeof *batch->record);
    batch->streams = lab_alloc(NULL, count * sizeof *batch->streams);
    batch->names = lab_alloc(NULL, count * sizeof *batch->names);
    lab_reserve(batch, 8);
    for (uint32_t i = 0; i < count; i++) {
        tlm_event event = {.time_ns = from[i]->time_ns, .record = i, .kind = from[i]->kind};
        event.stream = lab_stream(batch, from[i]->stream);
        event.id_low = lab_hash(from[i]->id, 1);
        event.id_high = lab_hash(from[i]->id, 2);
        event.event_id = lab_span(batch, from[i]->id);
        event.user = event.username = lab_span(batch, from[i]->user);
        event.user_hash = from[i]->user ? lab_hash(from[i]->user, 3) : 0;
        if (event.kind == TLM_EVENT_CHAT)
            lab_fill_chat(batch, &event, from[i]);
        else if (event.kind == TLM_EVENT_VIEWER)
            event.as.viewer.viewer_count = from[i]->viewer_count;
        else if (event.kind == TLM_EVENT_TRANSACTION)
            lab_fill_transaction(batch, &event, from[i]);
        else
            lab_fill_meta(batch, &event, from[i]);
        batch->event[i] = event;
        batch->record[i] = (tlm_record){.position = {.ordinal = from[i]->ordinal}};
    }
    batch->records = (tlm_records){.struct_size = sizeof(tlm_records), .record_count = count, .records = batch->record};
    batch->events.events = batch->event;
    batch->events.streams = batch->streams;
    batch->events.arena = batch->arena;
    batch->events.arena_size = batch->arena_size;
    batch->events.records = &batch->records;
    batch->events.ref = batch->events.unref = lab_keep;
}

static inline void lab_batch_finish(lab_batch *batch)
{
    free(batch->event);
    free(batch->record);
    free(batch->streams);
    free((void *)batch->names);
    free(batch->arena);
}

/* --- what a lane records ------------------------------------------------------------------------------------------ */

/* A row as text: "column=value" lines. */
typedef struct {
    const tlm_dataset *dataset;
    uint32_t flags;
    char *key;
    char *text;
} lab_row;

typedef struct {
    char *key, *value; /* bytes */
    size_t key_size, value_size;
} lab_state;

typedef struct {
    tlm_lane lane; /* first */
    lab_row *rows;
    size_t row_count, row_capacity;
    lab_state *states;
    size_t state_count, state_capacity;
    char reason[512]; /* of the last dead letter */
    size_t puts, gets;
    bool is_mute; /* do not keep rows */
    size_t mute_count;
} lab_lane;

static inline char *lab_copy(const char *bytes, size_t size)
{
    char *copy = lab_alloc(NULL, size + 1);
    if (size)
        memcpy(copy, bytes, size);
    copy[size] = 0;
    return copy;
}

typedef struct {
    char *text;
    size_t size, capacity;
} lab_text;

TLM_PRINTF(2, 3) static inline void lab_print(lab_text *out, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    if (out->capacity - out->size < 1024) {
        out->capacity = out->capacity * 2 + 2048;
        out->text = lab_alloc(out->text, out->capacity);
    }
    out->size += (size_t)vsnprintf(out->text + out->size, out->capacity - out->size, format, arguments);
    va_end(arguments);
}

static inline void lab_print_cell(lab_text *out, const tlm_column *column, const tlm_cell *cell)
{
    char decimal[TLM_DECIMAL_SIZE];
    lab_print(out, "%s=", column->name);
    if (!cell->is_set) {
        lab_print(out, "null\n");
    } else if (column->type == TLM_COLUMN_INTEGER || column->type == TLM_COLUMN_TIME ||
               column->type == TLM_COLUMN_BOOL) {
        lab_print(out, "%" PRId64 "\n", cell->as.integer);
    } else if (column->type == TLM_COLUMN_DECIMAL) {
        tlm_wide wide = (tlm_wide)cell->as.wide.high * ((tlm_wide)1 << 64) + (tlm_wide)cell->as.wide.low;
        tlm_decimal_format(wide, column->scale, false, decimal);
        lab_print(out, "%s\n", decimal);
    } else if (column->type == TLM_COLUMN_BYTES) {
        for (uint32_t i = 0; i < cell->size; i++)
            lab_print(out, "%02x", (unsigned char)cell->as.text[i]);
        lab_print(out, "\n");
    } else {
        for (uint32_t i = 0; i < cell->size; i += 512)
            lab_print(out, "%.*s", (int)(cell->size - i < 512 ? cell->size - i : 512), cell->as.text + i);
        lab_print(out, "\n");
    }
}

static inline int lab_emit(const tlm_lane *lane, const tlm_dataset *dataset, uint32_t flags, const tlm_cell *cells)
{
    lab_lane *lab = (lab_lane *)(uintptr_t)lane;
    if (lab->is_mute) {
        lab->mute_count++;
        return 0;
    }
    lab_text key = {0}, text = {0};
    lab_print(&key, "%s %u\n", dataset->id, flags);
    for (uint32_t i = 0; i < dataset->column_count; i++) {
        if (dataset->columns[i].flags & TLM_COLUMN_KEY)
            lab_print_cell(&key, &dataset->columns[i], &cells[i]);
        lab_print_cell(&text, &dataset->columns[i], &cells[i]);
    }
    if (lab->row_count == lab->row_capacity) {
        lab->row_capacity = lab->row_capacity * 2 + 64;
        lab->rows = lab_alloc(lab->rows, lab->row_capacity * sizeof *lab->rows);
    }
    lab->rows[lab->row_count++] = (lab_row){.dataset = dataset, .flags = flags, .key = key.text, .text = text.text};
    return 0;
}

static inline int lab_dead_letter(const tlm_lane *lane, uint32_t index, tlm_text reason)
{
    (void)index;
    lab_lane *lab = (lab_lane *)(uintptr_t)lane;
    snprintf(lab->reason, sizeof lab->reason, "%.*s", (int)reason.size, reason.data);
    return 0;
}

static inline lab_state *lab_find_state(const lab_lane *lab, tlm_text key)
{
    for (size_t i = 0; i < lab->state_count; i++)
        if (lab->states[i].key_size == key.size && memcmp(lab->states[i].key, key.data, key.size) == 0)
            return &lab->states[i];
    return NULL;
}

static inline int lab_state_put(const tlm_lane *lane, tlm_text key, tlm_text value)
{
    lab_lane *lab = (lab_lane *)(uintptr_t)lane;
    lab->puts++;
    if (lab->is_mute)
        return 0;
    lab_state *state = lab_find_state(lab, key);
    if (!state) {
        if (lab->state_count == lab->state_capacity) {
            lab->state_capacity = lab->state_capacity * 2 + 64;
            lab->states = lab_alloc(lab->states, lab->state_capacity * sizeof *lab->states);
        }
        state = &lab->states[lab->state_count++];
        *state = (lab_state){.key = lab_copy(key.data, key.size), .key_size = key.size};
    }
    free(state->value);
    state->value = lab_copy(value.data, value.size);
    state->value_size = value.size;
    return 0;
}

static inline int lab_state_get(const tlm_lane *lane, tlm_text key,
                                int (*found)(void *context, tlm_text key, tlm_text value), void *context)
{
    lab_lane *lab = (lab_lane *)(uintptr_t)lane;
    lab->gets++;
    lab_state *state = lab_find_state(lab, key);
    if (!state)
        return 0;
    int result = found(context, key, (tlm_text){.data = state->value, .size = state->value_size});
    return result < 0 ? result : 1;
}

static inline int lab_state_each(const tlm_lane *lane, int (*found)(void *context, tlm_text key, tlm_text value),
                                 void *context)
{
    const lab_lane *lab = (const lab_lane *)lane;
    for (size_t i = 0; i < lab->state_count; i++) {
        const lab_state *state = &lab->states[i];
        int result = found(context, (tlm_text){.data = state->key, .size = state->key_size},
                           (tlm_text){.data = state->value, .size = state->value_size});
        if (result != 0)
            return result;
    }
    return 0;
}

static inline void lab_lane_init(lab_lane *lab, uint32_t input_count, int64_t watermark_ns)
{
    *lab = (lab_lane){.lane = {.struct_size = sizeof(tlm_lane),
                               .lane_count = 1,
                               .input_count = input_count,
                               .watermark_ns = watermark_ns,
                               .quiet_ns = watermark_ns,
                               .streams_max = 1000000,
                               .emit = lab_emit,
                               .dead_letter = lab_dead_letter,
                               .state_put = lab_state_put,
                               .state_get = lab_state_get,
                               .state_each = lab_state_each}};
}

static inline void lab_lane_clear_rows(lab_lane *lab)
{
    for (size_t i = 0; i < lab->row_count; i++) {
        free(lab->rows[i].key);
        free(lab->rows[i].text);
    }
    lab->row_count = 0;
}

static inline void lab_lane_finish(lab_lane *lab)
{
    lab_lane_clear_rows(lab);
    for (size_t i = 0; i < lab->state_count; i++) {
        free(lab->states[i].key);
        free(lab->states[i].value);
    }
    free(lab->rows);
    free(lab->states);
    *lab = (lab_lane){0};
}

/* --- the plugin --------------------------------------------------------------------------------------------------- */

typedef struct {
    int64_t duration_ms, slide_ms;
} lab_config; /* the table's offsets are checked by lab_open */

typedef struct {
    void *object;
    const tlm_component *component;
    const tlm_processor *processor;
    tlm_host host;
    lab_config config;
    tlm_instance *instance;
    tlm_error error;
} lab_plugin;

static inline const void *lab_no_service(const tlm_host *host, const char *id)
{
    (void)host;
    (void)id;
    return NULL;
}

/* Loads the plugin and makes an instance; the result of `create`. */
static inline int lab_open(lab_plugin *lab, int64_t duration_s, int64_t slide_s)
{
    *lab = (lab_plugin){.host = {.struct_size = sizeof(tlm_host),
                                 .version = "0",
                                 .instance = "window",
                                 .pipeline = "test",
                                 .hash_seed = LAB_SEED,
                                 .get_service = lab_no_service}};
    lab->object = dlopen(TLM_PLUGIN_DIR "/window.so", RTLD_NOW | RTLD_LOCAL);
    if (!lab->object) {
        fprintf(stderr, "%s\n", dlerror());
        abort();
    }
    const tlm_plugin *plugin = dlsym(lab->object, TLM_PLUGIN_SYMBOL);
    lab->component = plugin->components[0];
    if (lab->component->config_size != sizeof lab->config ||
        lab->component->options[0].offset != offsetof(lab_config, duration_ms))
        abort();
    lab->processor = lab->component->get_interface(TLM_INTERFACE_PROCESSOR);
    lab->config = (lab_config){.duration_ms = duration_s * 1000, .slide_ms = slide_s * 1000};
    return lab->component->create(&lab->host, &lab->config, &lab->instance, &lab->error);
}

static inline void lab_close(lab_plugin *lab)
{
    lab->component->destroy(lab->instance);
    dlclose(lab->object);
}

/* Gives events `first` .. `end - 1`, all of one input, to the processor as one batch. */
static inline int lab_feed(const lab_plugin *lab, tlm_lane_state *state, lab_event *const *events, uint32_t count,
                           bool refill)
{
    lab_batch batch;
    uint32_t *rows = lab_alloc(NULL, count * sizeof *rows);
    int64_t *watermarks = lab_alloc(NULL, count * sizeof *watermarks);
    uint8_t *verdicts = lab_alloc(NULL, count);
    lab_batch_init(&batch, (const lab_event *const *)events, count);
    for (uint32_t i = 0; i < count; i++) {
        rows[i] = i;
        watermarks[i] = events[i]->watermark_ns;
        verdicts[i] = TLM_VERDICT_APPLIED;
    }
    tlm_event_view view = {.batch = &batch.events,
                           .rows = rows,
                           .watermarks = watermarks,
                           .verdicts = verdicts,
                           .count = count,
                           .input = count ? events[0]->input : 0,
                           .refill = refill};
    int result = lab->processor->events(state, &view);
    for (uint32_t i = 0; i < count && !refill; i++)
        events[i]->verdict = verdicts[i];
    lab_batch_finish(&batch);
    free(rows);
    free(watermarks);
    free(verdicts);
    return result;
}

#endif
