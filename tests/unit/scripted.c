/* SPDX-License-Identifier: Apache-2.0 */
#include "core_test.h"

#include <pthread.h>

#include "scripted.h"

#include <common/murmur2.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#define NS INT64_C(1000000000)

/* The config struct of every scripted component is one pointer to what the test prepared. */
typedef struct config {
    void *what;
} config;

struct tlm_instance {
    const config *config;
    char letter; /* of a plain sink in vault.order */
    int64_t next;
};

static int create(const tlm_host *host, const void *options, tlm_instance **ret_instance, tlm_error *error)
{
    (void)error;
    tlm_instance *instance = calloc(1, sizeof *instance);
    instance->config = options;
    instance->letter = host->instance[0];
    *ret_instance = instance;
    return 0;
}

static int start(tlm_instance *instance, tlm_error *error)
{
    (void)instance, (void)error;
    return 0;
}

static void stop(tlm_instance *instance)
{
    (void)instance;
}

static void destroy(tlm_instance *instance)
{
    free(instance);
}

/* --- source ------------------------------------------------------------------------------------------------------ */

typedef struct batch {
    tlm_records records;
    atomic_uint references;
    tlm_record list[SCRIPT_EVENTS_MAX];
    char data[SCRIPT_EVENTS_MAX * sizeof(script_event) + TLM_PADDING];
} batch;

static void batch_ref(const tlm_records *records)
{
    atomic_fetch_add(&((batch *)(uintptr_t)records)->references, 1);
}

static void batch_unref(const tlm_records *records)
{
    batch *batch_of = (batch *)(uintptr_t)records;
    if (atomic_fetch_sub(&batch_of->references, 1) == 1)
        free(batch_of);
}

const tlm_records *script_batch(const script_event *events, int64_t first, uint32_t count)
{
    batch *made = calloc(1, sizeof *made);
    atomic_init(&made->references, 1);
    for (uint32_t i = 0; i < count; i++) {
        memcpy(made->data + i * sizeof(script_event), &events[first + i], sizeof(script_event));
        made->list[i] = (tlm_record){.position = {.ordinal = first + i, .offset = first + i},
                                     .start = (uint32_t)(i * sizeof(script_event)),
                                     .size = sizeof(script_event),
                                     .full_size = sizeof(script_event)};
    }
    made->records = (tlm_records){.struct_size = sizeof made->records,
                                  .record_count = count,
                                  .records = made->list,
                                  .data = made->data,
                                  .data_size = count * sizeof(script_event),
                                  .origin = "script",
                                  .next = {.ordinal = first + count, .offset = first + count},
                                  .ref = batch_ref,
                                  .unref = batch_unref};
    return &made->records;
}

static int source_open(tlm_instance *instance, const tlm_position *from, tlm_error *error)
{
    script *script_of = instance->config->what;
    if (script_of->refuses)
        return tlm_error_set(error, -ESTALE, "the place is no more");
    script_of->begun = from ? from->ordinal : -1;
    instance->next = from ? from->ordinal : 0;
    return 0;
}

static int source_read(tlm_instance *instance, uint32_t max_records, int32_t timeout_ms,
                       const tlm_records **ret_records, tlm_error *error)
{
    (void)timeout_ms, (void)error;
    script *script_of = instance->config->what;
    uint32_t most = atomic_load(&script_of->most);
    if (most && instance->next >= most) {
        (void)poll(NULL, 0, 1);
        return TLM_READ_WAITING;
    }
    uint32_t count = (most && most < script_of->count ? most : script_of->count) - (uint32_t)instance->next;
    if (!count)
        return script_of->ends ? TLM_READ_END : TLM_READ_QUIET;
    if (count > max_records)
        count = max_records;
    *ret_records = script_batch(script_of->events, instance->next, count);
    instance->next += count;
    return TLM_READ_RECORDS;
}

static void source_progress(tlm_instance *instance, uint64_t *ret_done, uint64_t *ret_total)
{
    *ret_done = (uint64_t)instance->next;
    *ret_total = ((script *)instance->config->what)->count;
}

static const void *source_interface(const char *id)
{
    static const tlm_source source = {source_open, source_read, stop, stop, source_progress};
    return strcmp(id, TLM_INTERFACE_SOURCE) ? NULL : &source;
}

/* --- codec ------------------------------------------------------------------------------------------------------- */

typedef struct decoded {
    tlm_events events;
    atomic_uint references;
    tlm_event list[SCRIPT_EVENTS_MAX];
    tlm_reject rejects[SCRIPT_EVENTS_MAX];
    tlm_event_stream streams[SCRIPT_EVENTS_MAX];
    _Alignas(8) char arena[SCRIPT_EVENTS_MAX + 64 + TLM_PADDING];
} decoded;

static void decoded_ref(const tlm_events *events)
{
    atomic_fetch_add(&((decoded *)(uintptr_t)events)->references, 1);
}

static void decoded_unref(const tlm_events *events)
{
    decoded *of = (decoded *)(uintptr_t)events;
    if (atomic_fetch_sub(&of->references, 1) == 1) {
        of->events.records->unref(of->events.records);
        free(of);
    }
}

static int codec_open(tlm_instance *instance, tlm_decoder **ret_decoder, tlm_error *error)
{
    (void)error;
    *ret_decoder = (tlm_decoder *)instance;
    return 0;
}

static int codec_decode(tlm_decoder *decoder, const tlm_records *records, tlm_events **ret_events)
{
    (void)decoder;
    static const char reason[] = "negative";
    decoded *made = calloc(1, sizeof *made);
    atomic_init(&made->references, 1);
    memcpy(made->arena + SCRIPT_EVENTS_MAX, reason, sizeof reason);
    made->events = (tlm_events){.struct_size = sizeof made->events,
                                .events = made->list,
                                .streams = made->streams,
                                .rejects = made->rejects,
                                .arena = made->arena,
                                .arena_size = sizeof made->arena,
                                .records = records,
                                .ref = decoded_ref,
                                .unref = decoded_unref};
    records->ref(records);
    for (uint32_t i = 0; i < records->record_count; i++) {
        script_event event;
        memcpy(&event, records->data + records->records[i].start, sizeof event);
        if (event.second < 0) {
            made->rejects[made->events.reject_count++] =
                (tlm_reject){.record = i, .kind = TLM_EVENT_CHAT, .reason = {SCRIPT_EVENTS_MAX, sizeof reason - 1}};
            continue;
        }
        uint32_t at = made->events.event_count++;
        made->arena[at] = event.stream;
        made->streams[at] = (tlm_event_stream){.id = {at, 1}, .partition = tlm_murmur2(&event.stream, 1) & 0x7fffffff};
        made->list[at] = (tlm_event){.time_ns = event.second * NS, .record = i, .stream = at, .kind = TLM_EVENT_CHAT};
    }
    made->events.stream_count = made->events.event_count;
    *ret_events = &made->events;
    return 0;
}

static void codec_close(tlm_decoder *decoder)
{
    (void)decoder;
}

static const void *codec_interface(const char *id)
{
    static const tlm_codec codec = {codec_open, codec_decode, codec_close};
    return strcmp(id, TLM_INTERFACE_CODEC) ? NULL : &codec;
}

/* --- processor --------------------------------------------------------------------------------------------------- */

static const tlm_column columns[] = {
    {"stream_id", TLM_COLUMN_TEXT, 0, TLM_COLUMN_KEY, NULL, "stream"},
    {"second", TLM_COLUMN_INTEGER, 0, TLM_COLUMN_KEY, NULL, "time"},
};
static const tlm_dataset dataset = {sizeof dataset, TLM_DATASET_APPEND, "script", "one row an event", columns, 2};
static const tlm_dataset *const datasets[] = {&dataset};

struct tlm_lane_state {
    const tlm_lane *lane;
    notes *notes;
    tlm_position last[SCRIPT_INPUTS_MAX][SCRIPT_EVENTS_MAX];
    uint32_t counts[SCRIPT_INPUTS_MAX];
    int64_t seconds[SCRIPT_EVENTS_MAX]; /* of all events */
    uint32_t second_count;
};

static const char *processor_settings(tlm_instance *instance)
{
    (void)instance;
    return "scripted";
}

static int lane_open(tlm_instance *instance, const tlm_lane *lane, tlm_lane_state **ret_state, tlm_error *error)
{
    (void)error;
    tlm_lane_state *state = calloc(1, sizeof *state);
    state->lane = lane;
    state->notes = instance->config->what;
    *ret_state = state;
    return 0;
}

/* What the processor finds about an event; of odd seconds nothing. */
static int16_t finding_of(const tlm_event *event)
{
    int64_t second = event->time_ns / NS;
    if (second % 2)
        return TLM_SIDE_ABSENT;
    return (int16_t)(second % 1000);
}

static int nothing_found(void *context, tlm_text key, tlm_text value)
{
    (void)context, (void)key, (void)value;
    return 0;
}

static int lane_events(tlm_lane_state *state, const tlm_event_view *view)
{
    if (state->notes->asks) {
        int result = state->lane->state_get(state->lane, tlm_text_of("key"), nothing_found, NULL);
        if (result < 0)
            return result;
    }
    int16_t *findings = tlm_event_view_side(view, "finding");
    pthread_mutex_lock(&state->notes->mutex);
    for (uint32_t i = 0; i < view->count; i++) {
        const tlm_event *event = &view->batch->events[view->rows[i]];
        const char *stream = view->batch->arena + view->batch->streams[event->stream].id.offset;
        int64_t watermark_ns = view->watermarks[i];
        state->notes->seen[state->notes->seen_count++] =
            (seen_event){.second = (int)(event->time_ns / NS),
                         .stream = *stream,
                         .lane = state->lane->lane,
                         .refill = view->refill,
                         .input = view->input,
                         .watermark_second = watermark_ns == INT64_MIN ? INT64_MIN : watermark_ns / NS};
        state->seconds[state->second_count++] = event->time_ns / NS;
        state->last[view->input][state->counts[view->input]++] = view->batch->records->records[event->record].position;
        tlm_cell cells[2] = {{.is_set = 1, .size = 1, .as.text = stream},
                             {.is_set = 1, .as.integer = event->time_ns / NS}};
        if (finding_of(event) != TLM_SIDE_ABSENT)
            findings[i] = finding_of(event);
        if (!view->refill)
            (void)state->lane->emit(state->lane, &dataset, TLM_ROWS_FINAL, cells);
    }
    pthread_mutex_unlock(&state->notes->mutex);
    return 0;
}

/* Every event lies in one window of ten seconds. */
static int64_t next_due(tlm_lane_state *state)
{
    int64_t due_ns = INT64_MAX;
    if (state->lane->lane)
        return due_ns;
    pthread_mutex_lock(&state->notes->mutex);
    for (uint32_t i = 0; i < state->second_count; i++) {
        int64_t end_second = (state->seconds[i] / 10 + 1) * 10;
        if (end_second > state->notes->advanced_second && end_second * NS < due_ns)
            due_ns = end_second * NS;
    }
    pthread_mutex_unlock(&state->notes->mutex);
    return due_ns;
}

static int lane_advance(tlm_lane_state *state, int64_t watermark_ns, int64_t quiet_ns)
{
    (void)quiet_ns;
    pthread_mutex_lock(&state->notes->mutex);
    if (!state->lane->lane)
        state->notes->advanced_second = watermark_ns / NS;
    pthread_mutex_unlock(&state->notes->mutex);
    return 0;
}

static int64_t final_after(tlm_instance *instance, int64_t highest_ns)
{
    (void)instance;
    return highest_ns + 100 * NS;
}

static int nothing(tlm_lane_state *state)
{
    (void)state;
    return 0;
}

static int prepare(tlm_lane_state *state)
{
    return state->notes->prepare_fails;
}

static int rebuild_from(tlm_lane_state *state, uint32_t input, tlm_position *ret_position)
{
    uint32_t keep = state->notes->keep, count = state->counts[input];
    if (!count || !keep)
        return 0;
    *ret_position = state->last[input][count > keep ? count - keep : 0];
    return 1;
}

static uint64_t size_bytes(tlm_lane_state *state)
{
    return sizeof *state;
}

static void lane_close(tlm_lane_state *state)
{
    state->notes->closed++;
    state->notes->closed_late += state->notes->is_stopped;
    free(state);
}

static void processor_stop(tlm_instance *instance)
{
    ((notes *)instance->config->what)->is_stopped = 1;
}

static const void *processor_interface(const char *id)
{
    static const tlm_processor processor = {processor_settings, lane_open,   lane_events, next_due,
                                            lane_advance,       final_after, nothing,     prepare,
                                            rebuild_from,       size_bytes,  lane_close};
    static const char *const writes[] = {"finding", NULL}, *const reads[] = {NULL};
    static const tlm_sides sides = {writes, reads};
    if (!strcmp(id, TLM_INTERFACE_SIDES))
        return &sides;
    return strcmp(id, TLM_INTERFACE_PROCESSOR) ? NULL : &processor;
}

/* --- follower ---------------------------------------------------------------------------------------------------- */

static int follower_events(tlm_lane_state *state, const tlm_event_view *view)
{
    const int16_t *findings = tlm_event_view_side(view, "finding");
    for (uint32_t i = 0; i < view->count; i++)
        state->notes->sides_read += findings[i] == finding_of(&view->batch->events[view->rows[i]]);
    return 0;
}

/* Within the call that emits the row, and before the follower sees the event that it is of. */
static int follower_row(tlm_lane_state *state, const tlm_dataset *of, uint32_t flags, const tlm_cell *cells)
{
    int64_t second = cells[1].as.integer;
    state->notes->rows_read += of == &dataset && flags == TLM_ROWS_FINAL && second == state->notes->rows_read &&
                               state->notes->sides_read <= second;
    return 0;
}

static int64_t follower_next_due(tlm_lane_state *state)
{
    (void)state;
    return INT64_MAX;
}

static int follower_advance(tlm_lane_state *state, int64_t watermark_ns, int64_t quiet_ns)
{
    (void)state;
    (void)watermark_ns;
    (void)quiet_ns;
    return 0;
}

static int64_t follower_final_after(tlm_instance *instance, int64_t highest_ns)
{
    (void)instance;
    (void)highest_ns;
    return INT64_MIN;
}

static const void *follower_interface(const char *id)
{
    static const tlm_processor processor = {processor_settings,
                                            lane_open,
                                            follower_events,
                                            follower_next_due,
                                            follower_advance,
                                            follower_final_after,
                                            nothing,
                                            prepare,
                                            rebuild_from,
                                            size_bytes,
                                            lane_close};
    static const char *const wanted[] = {"script", NULL};
    static const tlm_rows_reader reader = {wanted, follower_row};
    if (!strcmp(id, TLM_INTERFACE_ROWS_READER))
        return &reader;
    return strcmp(id, TLM_INTERFACE_PROCESSOR) ? NULL : &processor;
}

/* --- checkpoint and sink ----------------------------------------------------------------------------------------- */

static int take(tlm_instance *instance, uint32_t lane, const char *settings,
                void (*taken)(void *context, const tlm_taken *taken), void *context, tlm_error *error)
{
    vault *vault_of = instance->config->what;
    if (vault_of->take_fails > 0 && vault_of->take_fails--)
        return tlm_error_set(error, -EIO, "the vault is not there");
    if (vault_of->settings[0] && strcmp(vault_of->settings, settings))
        return tlm_error_set(error, -EINVAL, "%s is not %s", settings, vault_of->settings);
    (void)snprintf(vault_of->settings, sizeof vault_of->settings, "%s", settings);
    pthread_mutex_lock(&vault_of->mutex);
    uint64_t epoch = ++vault_of->lanes[lane].epoch;
    pthread_mutex_unlock(&vault_of->mutex);
    tlm_taken what = {.epoch = epoch,
                      .sequence = vault_of->lanes[lane].sequence,
                      .record = tlm_text_of(vault_of->lanes[lane].record)};
    taken(context, &what);
    return 0;
}

static void keep_state(vault *vault_of, uint32_t lane, const tlm_state_change *change)
{
    uint32_t i = 0;
    for (; i < vault_of->state_count; i++)
        if (vault_of->states[i].lane == lane && !strcmp(vault_of->states[i].component, change->component) &&
            tlm_text_equal(tlm_text_of(vault_of->states[i].key), change->key))
            break;
    assert_true(i < TLM_COUNT(vault_of->states) && change->value.size <= sizeof vault_of->states[i].value);
    if (i == vault_of->state_count)
        vault_of->state_count++;
    vault_of->states[i].lane = lane;
    (void)snprintf(vault_of->states[i].component, sizeof vault_of->states[i].component, "%s", change->component);
    (void)snprintf(vault_of->states[i].key, sizeof vault_of->states[i].key, "%.*s", (int)change->key.size,
                   change->key.data);
    vault_of->states[i].value_size = change->value.size;
    if (change->value.size)
        memcpy(vault_of->states[i].value, change->value.data, change->value.size);
}

static void keep(vault *vault_of, const tlm_commit *commit)
{
    uint32_t lane = commit->flush.lane;
    vault_of->lanes[lane].sequence = commit->flush.sequence;
    (void)snprintf(vault_of->lanes[lane].record, sizeof vault_of->lanes[lane].record, "%.*s", (int)commit->record.size,
                   commit->record.data);
    for (uint32_t i = 0; i < commit->change_count; i++)
        keep_state(vault_of, lane, &commit->changes[i]);
    for (uint32_t i = 0; i < commit->flush.rows_count; i++) {
        const tlm_rows *rows = commit->flush.rows[i];
        if (rows->dataset == &dataset)
            vault_of->row_count += rows->row_count;
        else
            vault_of->dead_count += rows->row_count;
    }
}

static void note_order(vault *vault_of, char letter)
{
    size_t size = strlen(vault_of->order);
    if (size + 1 < sizeof vault_of->order)
        vault_of->order[size] = letter;
}

static void commit(tlm_instance *instance, const tlm_commit *what, tlm_done done, void *token)
{
    vault *vault_of = instance->config->what;
    int result = 0, is_held = 0;
    pthread_mutex_lock(&vault_of->mutex);
    vault_of->attempts++;
    note_order(vault_of, 'c');
    if (vault_of->hold) {
        vault_of->held_done = done;
        vault_of->held_token = token;
        is_held = 1;
    } else if (what->flush.epoch != vault_of->lanes[what->flush.lane].epoch) {
        result = -ESTALE;
    } else if (vault_of->fail_times > 0) {
        vault_of->fail_times--;
        result = vault_of->fail_with;
    } else {
        keep(vault_of, what);
    }
    pthread_mutex_unlock(&vault_of->mutex);
    if (!is_held)
        done(token, result, tlm_text_of(result ? "told to fail" : ""));
}

void vault_release(vault *vault_of)
{
    pthread_mutex_lock(&vault_of->mutex);
    tlm_done done = vault_of->held_done;
    void *token = vault_of->held_token;
    tlm_done hung_done = vault_of->hung_done;
    void *hung_token = vault_of->hung_token;
    vault_of->held_done = vault_of->hung_done = NULL;
    vault_of->hold = 0;
    pthread_mutex_unlock(&vault_of->mutex);
    if (done)
        done(token, -EIO, tlm_text_of("let go"));
    if (hung_done)
        hung_done(hung_token, 0, tlm_text_of(""));
}

static int state_get(tlm_instance *instance, uint32_t lane, const char *component, tlm_text key,
                     int (*found)(void *context, tlm_text key, tlm_text value), void *context)
{
    (void)lane, (void)component, (void)key, (void)found, (void)context;
    vault *vault_of = instance->config->what;
    atomic_fetch_add(&vault_of->gets, 1);
    return atomic_load(&vault_of->get_fails) ? -EAGAIN : 0;
}

static int state_each(tlm_instance *instance, uint32_t lane, const char *component,
                      int (*found)(void *context, tlm_text key, tlm_text value), void *context)
{
    vault *vault_of = instance->config->what;
    int result = 0;
    for (uint32_t i = 0; i < vault_of->state_count && !result; i++) {
        if (vault_of->states[i].lane != lane || strcmp(vault_of->states[i].component, component) ||
            !vault_of->states[i].value_size)
            continue;
        result = found(context, tlm_text_of(vault_of->states[i].key),
                       (tlm_text){vault_of->states[i].value, vault_of->states[i].value_size});
    }
    return result;
}

/* Another process may take the lane just before: the one that a test plays. */
static int epoch(tlm_instance *instance, uint32_t lane, uint64_t *ret_epoch)
{
    vault *vault_of = instance->config->what;
    pthread_mutex_lock(&vault_of->mutex);
    if (vault_of->stolen_takes > 0) {
        vault_of->stolen_takes--;
        vault_of->lanes[lane].epoch++;
    }
    *ret_epoch = vault_of->lanes[lane].epoch;
    pthread_mutex_unlock(&vault_of->mutex);
    return 0;
}

static void submit(tlm_instance *instance, const tlm_flush *flush, tlm_done done, void *token)
{
    (void)flush;
    vault *vault_of = instance->config->what;
    pthread_mutex_lock(&vault_of->mutex);
    note_order(vault_of, instance->letter);
    int is_hung = instance->letter == 'h';
    if (is_hung) {
        vault_of->hung_submits++;
        vault_of->hung_done = done;
        vault_of->hung_token = token;
    }
    pthread_mutex_unlock(&vault_of->mutex);
    if (is_hung)
        return;
    int fails = instance->letter == 'b';
    done(token, fails ? -EIO : 0, tlm_text_of(fails ? "best effort fails" : ""));
}

static const void *checkpoint_interface(const char *id)
{
    static const tlm_checkpoint checkpoint = {take, commit, state_get, state_each, epoch};
    static const tlm_sink sink = {submit};
    if (!strcmp(id, TLM_INTERFACE_CHECKPOINT))
        return &checkpoint;
    return strcmp(id, TLM_INTERFACE_SINK) ? NULL : &sink;
}

static const void *sink_interface(const char *id)
{
    static const tlm_sink sink = {submit};
    return strcmp(id, TLM_INTERFACE_SINK) ? NULL : &sink;
}

#define COMPONENT(name, dataset_number, dataset_list, end, interface)                                                  \
    {                                                                                                                  \
        sizeof(tlm_component), sizeof(config), name, "scripted", NULL, 0, dataset_number, dataset_list, create, start, \
            end, destroy, interface                                                                                    \
    }

const tlm_component script_source = COMPONENT("script_source", 0, NULL, stop, source_interface);
const tlm_component script_codec = COMPONENT("script_codec", 0, NULL, stop, codec_interface);
const tlm_component script_processor = COMPONENT("script_processor", 1, datasets, processor_stop, processor_interface);
const tlm_component script_follower = COMPONENT("script_follower", 0, NULL, processor_stop, follower_interface);
const tlm_component script_checkpoint = COMPONENT("script_checkpoint", 0, NULL, stop, checkpoint_interface);
const tlm_component script_sink = COMPONENT("script_sink", 0, NULL, stop, sink_interface);
