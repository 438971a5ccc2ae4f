/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file flushes.h
 * For tests of sinks: datasets with every column type, batches of their rows, and submits and commits that wait for
 * their answer. Include after host.h.
 */
#ifndef TLM_TESTS_PLUGIN_FLUSHES_H
#define TLM_TESTS_PLUGIN_FLUSHES_H

#include <telemetra/telemetra.h>

#include <pthread.h>
#include <stdlib.h>

enum { SAMPLE_COLUMNS = 12, FLUSH_ROWS_MAX = 4096, STREAM_COLUMNS = 3 };

static const tlm_column sample_columns[SAMPLE_COLUMNS] = {
    {"stream_id", TLM_COLUMN_TEXT, 0, TLM_COLUMN_KEY | TLM_COLUMN_STREAM, NULL, "Stream."},
    {"window_start", TLM_COLUMN_TIME, 0, TLM_COLUMN_KEY, NULL, "Start."},
    {"window_end", TLM_COLUMN_TIME, 0, TLM_COLUMN_TIMELINE, NULL, "End."},
    {"message_count", TLM_COLUMN_INTEGER, 0, 0, "messages", "Messages."},
    {"rate", TLM_COLUMN_DECIMAL, 2, 0, "messages/min", "Rate."},
    {"note", TLM_COLUMN_TEXT, 0, TLM_COLUMN_NULLABLE, NULL, "Note."},
    {"emotes", TLM_COLUMN_JSON, 0, 0, NULL, "Emotes."},
    {"sketch", TLM_COLUMN_BYTES, 0, TLM_COLUMN_NULLABLE, NULL, "Sketch."},
    {"live", TLM_COLUMN_BOOL, 0, 0, NULL, "Live."},
    {"viewers", TLM_COLUMN_INTEGER, 0, TLM_COLUMN_NULLABLE, "viewers", "Viewers."},
    {"amount", TLM_COLUMN_DECIMAL, 9, TLM_COLUMN_NULLABLE, NULL, "Amount."},
    {"bits", TLM_COLUMN_DECIMAL, 0, TLM_COLUMN_NULLABLE, "bits", "Bits."},
};

static const tlm_dataset sample_dataset = {sizeof(tlm_dataset),   TLM_DATASET_APPEND, "samples",
                                           "Rows of every type.", sample_columns,     SAMPLE_COLUMNS};

static const tlm_column stream_columns[STREAM_COLUMNS] = {
    {"stream_id", TLM_COLUMN_TEXT, 0, TLM_COLUMN_KEY | TLM_COLUMN_STREAM, NULL, "Stream."},
    {"title", TLM_COLUMN_TEXT, 0, TLM_COLUMN_NULLABLE, NULL, "Title."},
    {"viewers", TLM_COLUMN_INTEGER, 0, TLM_COLUMN_NULLABLE, NULL, "Viewers."},
};

static const tlm_dataset stream_dataset = {sizeof(tlm_dataset),    TLM_DATASET_LATEST, "streams",
                                           "Last of each stream.", stream_columns,     STREAM_COLUMNS};

static inline tlm_cell cell_text(const char *text)
{
    tlm_cell cell = {.is_set = text != NULL, .size = text ? (uint32_t)strlen(text) : 0};
    cell.as.text = text;
    return cell;
}

static inline tlm_cell cell_bytes(const void *bytes, size_t size)
{
    tlm_cell cell = {.is_set = 1, .size = (uint32_t)size};
    cell.as.text = (const char *)bytes;
    return cell;
}

static inline tlm_cell cell_integer(int64_t integer)
{
    tlm_cell cell = {.is_set = 1};
    cell.as.integer = integer;
    return cell;
}

__extension__ typedef __int128 test_wide;
__extension__ typedef unsigned __int128 test_wide_unsigned;

static inline tlm_cell cell_wide(test_wide value)
{
    tlm_cell cell = {.is_set = 1};
    cell.as.wide = (tlm_int128){(uint64_t)value, (int64_t)(value >> 64)};
    return cell;
}

static inline test_wide wide_value(const tlm_cell *cell)
{
    return (test_wide)(((test_wide_unsigned)(uint64_t)cell->as.wide.high << 64) | cell->as.wide.low);
}

/** Fills a row of `samples`: nulls where they may be. `stream` must live as long as the row. */
static inline void sample_fill(tlm_cell *cells, const char *stream, int64_t start_ns)
{
    memset(cells, 0, SAMPLE_COLUMNS * sizeof *cells);
    cells[0] = cell_text(stream);
    cells[1] = cell_integer(start_ns);
    cells[2] = cell_integer(start_ns + INT64_C(60000000000));
    cells[3] = cell_integer(7);
    cells[4] = cell_wide(1250);
    cells[6] = cell_text("[]");
    cells[8] = cell_integer(1);
}

static inline void rows_count_nothing(const tlm_rows *rows)
{
    (void)rows;
}

static inline tlm_rows rows_of(const tlm_dataset *dataset, const tlm_cell *cells, uint32_t count)
{
    return (tlm_rows){.struct_size = sizeof(tlm_rows),
                      .flags = TLM_ROWS_FINAL,
                      .dataset = dataset,
                      .cells = cells,
                      .row_count = count,
                      .size_bytes = count * dataset->column_count * sizeof(tlm_cell),
                      .ref = rows_count_nothing,
                      .unref = rows_count_nothing};
}

/** The answer to a submit or commit. */
typedef struct answer {
    pthread_mutex_t mutex;
    pthread_cond_t given;
    int count, result;
    char reason[TLM_ERROR_SIZE];
} answer;

static inline void answer_init(answer *waiting)
{
    memset(waiting, 0, sizeof *waiting);
    pthread_mutex_init(&waiting->mutex, NULL);
    pthread_cond_init(&waiting->given, NULL);
}

static inline void answer_done(void *token, int result, tlm_text reason)
{
    answer *waiting = token;
    pthread_mutex_lock(&waiting->mutex);
    waiting->count++;
    waiting->result = result;
    snprintf(waiting->reason, sizeof waiting->reason, "%.*s", (int)reason.size, reason.data ? reason.data : "");
    pthread_cond_signal(&waiting->given);
    pthread_mutex_unlock(&waiting->mutex);
}

static inline int answer_wait(answer *waiting)
{
    pthread_mutex_lock(&waiting->mutex);
    while (waiting->count == 0)
        pthread_cond_wait(&waiting->given, &waiting->mutex);
    int result = waiting->result;
    pthread_mutex_unlock(&waiting->mutex);
    return result;
}

/** A started component under test. */
typedef struct subject {
    test_host host;
    const tlm_component *component;
    void *config;
    tlm_instance *instance;
    const tlm_sink *sink;
    const tlm_checkpoint *checkpoint;
    const tlm_store *store;
    tlm_error error;
    char reason[TLM_ERROR_SIZE]; /* of the last failed submit or commit */
} subject;

/** Makes host and config; set options with test_config_set before subject_start. */
static inline void subject_init(subject *self, const char *id)
{
    memset(self, 0, sizeof *self);
    test_host_init(&self->host);
    self->component = test_component(id, id);
    self->config = test_config(self->component);
    self->sink = self->component->get_interface(TLM_INTERFACE_SINK);
    self->checkpoint = self->component->get_interface(TLM_INTERFACE_CHECKPOINT);
    self->store = self->component->get_interface(TLM_INTERFACE_STORE);
}

/** Creates and starts; on failure the instance is destroyed and `error` has the sentence. */
static inline int subject_start(subject *self)
{
    int result = self->component->create(&self->host.public, self->config, &self->instance, &self->error);
    if (result == 0)
        result = self->component->start(self->instance, &self->error);
    if (result < 0) {
        self->component->destroy(self->instance);
        self->instance = NULL;
    }
    return result;
}

static inline void subject_stop(subject *self)
{
    if (self->instance) {
        self->component->stop(self->instance);
        self->component->destroy(self->instance);
    }
    self->instance = NULL;
}

static inline void subject_finish(subject *self)
{
    subject_stop(self);
    test_config_free(self->component, self->config);
    pthread_mutex_destroy(&self->host.lock);
}

/** What a take told. */
typedef struct taken {
    uint64_t epoch, sequence;
    char record[256];
} taken;

static inline void taken_keep(void *context, const tlm_taken *told)
{
    taken *kept = context;
    kept->epoch = told->epoch;
    kept->sequence = told->sequence;
    snprintf(kept->record, sizeof kept->record, "%.*s", (int)told->record.size, told->record.data);
}

static inline int subject_take(subject *self, uint32_t lane, const char *settings, taken *ret_taken)
{
    return self->checkpoint->take(self->instance, lane, settings, taken_keep, ret_taken, &self->error);
}

/** Commits rows (may be NULL) and state changes with the record "flush SEQUENCE", and waits. */
static inline int subject_commit(subject *self, uint32_t lane, uint64_t epoch, uint64_t sequence, const tlm_rows *rows,
                                 const tlm_state_change *changes, uint32_t change_count)
{
    char record[32];
    answer waiting;
    answer_init(&waiting);
    tlm_commit commit = {.struct_size = sizeof commit,
                         .change_count = change_count,
                         .changes = changes,
                         .flush = {.struct_size = sizeof(tlm_flush),
                                   .lane = lane,
                                   .epoch = epoch,
                                   .sequence = sequence,
                                   .rows = &rows,
                                   .rows_count = rows != NULL}};
    snprintf(record, sizeof record, "\"flush %u\"", (unsigned)sequence);
    commit.record = tlm_text_of(record);
    self->checkpoint->commit(self->instance, &commit, answer_done, &waiting);
    int result = answer_wait(&waiting);
    memcpy(self->reason, waiting.reason, sizeof self->reason);
    assert_int_equal(waiting.count, 1);
    return result;
}

/** Submits rows and waits. */
static inline int subject_submit(subject *self, uint32_t lane, const tlm_rows *rows)
{
    answer waiting;
    answer_init(&waiting);
    tlm_flush flush = {
        .struct_size = sizeof flush, .lane = lane, .epoch = 1, .sequence = 1, .rows = &rows, .rows_count = 1};
    self->sink->submit(self->instance, &flush, answer_done, &waiting);
    int result = answer_wait(&waiting);
    memcpy(self->reason, waiting.reason, sizeof self->reason);
    return result;
}

/** Fails the test with the text unless it holds the part. */
static inline void assert_says(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("\"%s\" does not say \"%s\"", text, part);
}

/** State as it was told: "key=value;" in order of telling. */
static inline int state_keep(void *context, tlm_text key, tlm_text value)
{
    char *kept = context;
    size_t size = strlen(kept);
    snprintf(kept + size, 4096 - size, "%.*s=%.*s;", (int)key.size, key.data, (int)value.size, value.data);
    return 0;
}

#endif
