/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file source_player.h
 * Plays a source as the host does and keeps what it reads, while holding it to what every source promises: batches of 1
 * to `max_records` records, inside their data, in rising order, with readable padding.
 */
#ifndef TLM_TESTS_PLUGIN_SOURCE_PLAYER_H
#define TLM_TESTS_PLUGIN_SOURCE_PLAYER_H

#include "host.h"

#include <telemetra/event.h>
#include <telemetra/source.h>

typedef struct player {
    test_host host;
    const tlm_component *component;
    const tlm_source *source;
    void *config;
    tlm_instance *instance;
    tlm_error error;
} test_player;

/** A record that was read, copied. */
typedef struct kept {
    tlm_record record;
    char *bytes;
} test_record;

typedef struct tape {
    test_record *items;
    size_t count, room;
    tlm_position next;
    char origin[TEST_TEXT_SIZE];
    size_t batches;
} test_tape;

/** `settings`: name, text, name, text ... NULL. */
static inline void player_init(test_player *self, const char *plugin, const char *const *settings)
{
    memset(self, 0, sizeof *self);
    test_host_init(&self->host);
    self->component = test_component(plugin, plugin);
    self->source = (const tlm_source *)self->component->get_interface(TLM_INTERFACE_SOURCE);
    assert_non_null(self->source);
    assert_null(self->component->get_interface("telemetra.unknown/1"));
    self->config = test_config(self->component);
    for (; settings[0]; settings += 2)
        test_config_set(self->component, self->config, settings[0], settings[1]);
}

static inline int player_create(test_player *self)
{
    return self->component->create(&self->host.public, self->config, &self->instance, &self->error);
}

static inline void player_start(test_player *self)
{
    if (player_create(self) < 0 || self->component->start(self->instance, &self->error) < 0)
        fail_msg("%s", self->error.text);
}

static inline void player_open(test_player *self, const tlm_position *from)
{
    if (self->source->open(self->instance, from, &self->error) < 0)
        fail_msg("%s", self->error.text);
}

static inline void player_finish(test_player *self, bool started)
{
    if (started) {
        self->source->close(self->instance);
        self->component->stop(self->instance);
    }
    self->component->destroy(self->instance);
    test_config_free(self->component, self->config);
}

static inline void tape_free(test_tape *self)
{
    for (size_t i = 0; i < self->count; i++)
        free(self->items[i].bytes);
    free(self->items);
    memset(self, 0, sizeof *self);
}

static inline void tape_add(test_tape *self, const tlm_records *records)
{
    unsigned char padding = 0;

    for (size_t i = 0; i < TLM_PADDING; i++)
        padding |= (unsigned char)records->data[records->data_size + i];
    (void)padding;
    for (uint32_t i = 0; i < records->record_count; i++) {
        const tlm_record *record = &records->records[i];
        assert_true(record->start + (uint64_t)record->size <= records->data_size);
        assert_true(record->size <= TLM_RECORD_SIZE_MAX);
        assert_true(record->size == record->full_size || record->size == TLM_RECORD_SIZE_MAX);
        if (self->count > 0)
            assert_int_equal(record->position.ordinal, self->items[self->count - 1].record.position.ordinal + 1);
        if (self->count == self->room) {
            self->room = self->room ? 2 * self->room : 1024;
            self->items = realloc(self->items, self->room * sizeof *self->items);
            assert_non_null(self->items);
        }
        char *bytes = malloc(record->size + 1);
        assert_non_null(bytes);
        memcpy(bytes, records->data + record->start, record->size);
        bytes[record->size] = '\0';
        self->items[self->count++] = (test_record){*record, bytes};
    }
    assert_int_equal(records->next.ordinal, self->items[self->count - 1].record.position.ordinal + 1);
    snprintf(self->origin, sizeof self->origin, "%s", records->origin);
    self->next = records->next;
    self->batches++;
}

/** One read, kept on the tape. */
static inline int player_read(test_player *self, test_tape *tape, uint32_t max_records, int32_t timeout_ms)
{
    const tlm_records *records = NULL;
    int result = self->source->read(self->instance, max_records, timeout_ms, &records, &self->error);

    if (result != TLM_READ_RECORDS) {
        assert_null(records);
        return result;
    }
    assert_in_range(records->record_count, 1, max_records);
    records->ref(records);
    records->unref(records);
    tape_add(tape, records);
    records->unref(records);
    return result;
}

/** Reads until there are `count` records on the tape, or the end or a fault; for at most about 20 s. The last result.
 */
static inline int player_read_until(test_player *self, test_tape *tape, uint32_t max_records, size_t count)
{
    int result = TLM_READ_RECORDS;

    for (int quiet = 0; quiet < 200 && tape->count < count;) {
        result = player_read(self, tape, max_records, 100);
        if (result < 0 || result == TLM_READ_END)
            return result;
        quiet += result != TLM_READ_RECORDS;
    }
    return result;
}

/** Hands batches from the reading thread to another one, which looks at every byte and gives them back. */
typedef struct test_belt {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    const tlm_records *waiting[8];
    size_t count;
    bool is_over;
    uint64_t records, sum;
} test_belt;

static inline const tlm_records *belt_take(test_belt *belt)
{
    const tlm_records *records = NULL;

    pthread_mutex_lock(&belt->lock);
    while (belt->count == 0 && !belt->is_over)
        pthread_cond_wait(&belt->changed, &belt->lock);
    if (belt->count > 0)
        records = belt->waiting[--belt->count];
    pthread_cond_signal(&belt->changed);
    pthread_mutex_unlock(&belt->lock);
    return records;
}

static inline void belt_put(test_belt *belt, const tlm_records *records)
{
    pthread_mutex_lock(&belt->lock);
    while (records && belt->count == TLM_COUNT(belt->waiting))
        pthread_cond_wait(&belt->changed, &belt->lock);
    if (records)
        belt->waiting[belt->count++] = records;
    else
        belt->is_over = true;
    pthread_cond_signal(&belt->changed);
    pthread_mutex_unlock(&belt->lock);
}

static inline void *belt_run(void *argument)
{
    test_belt *belt = (test_belt *)argument;
    const tlm_records *records;

    while ((records = belt_take(belt))) {
        for (uint64_t i = 0; i < records->data_size + TLM_PADDING; i++)
            belt->sum += (unsigned char)records->data[i];
        belt->records += records->record_count;
        records->unref(records);
    }
    return NULL;
}

/** Reads to the end while another thread uses and gives back the batches: the number of records. */
static inline uint64_t player_read_on_two_threads(test_player *self, uint32_t max_records)
{
    test_belt belt = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
    const tlm_records *records;
    pthread_t thread;
    int result;

    assert_int_equal(pthread_create(&thread, NULL, belt_run, &belt), 0);
    while ((result = self->source->read(self->instance, max_records, 100, &records, &self->error)) == TLM_READ_RECORDS)
        belt_put(&belt, records);
    belt_put(&belt, NULL);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(result, TLM_READ_END);
    return belt.records;
}

#endif
