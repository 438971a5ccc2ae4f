/* SPDX-License-Identifier: Apache-2.0 */
#include "live.h"

#include "common/hash_map.h"

#include <pthread.h>
#include <stdlib.h>

/* One stream's newest early row: its cells, then the bytes that they point to. */
typedef struct entry {
    tlm_cell *cells; /* kept and used again when the slot is freed */
    size_t capacity;
    size_t size; /* 0: the slot is free */
    uint64_t key;
    uint32_t next_free;
} entry;

#define NO_ENTRY UINT32_MAX

struct tlm_rest_live {
    const tlm_row_view *view;
    uint32_t stream_column, time_column, max_streams;
    uint64_t seed;
    pthread_mutex_t mutex;      /* guards all below */
    const tlm_dataset *dataset; /* the first that has all columns of the view; the only one looked at from then on */
    uint32_t *sources;          /* index in it of each column of the view */
    const tlm_column **columns; /* does not change once `dataset` is set */
    tlm_hash_map index;         /* from a stream's key to its entry */
    entry *entries;
    uint32_t entry_count; /* entries ever used */
    uint32_t free_entry;
};

int tlm_rest_live_create(const tlm_row_view *view, uint32_t stream_column, uint32_t time_column, uint32_t max_streams,
                         uint64_t seed, tlm_rest_live **ret_live)
{
    tlm_rest_live *live = calloc(1, sizeof *live);

    if (!live)
        return -ENOMEM;
    *live = (tlm_rest_live){.view = view,
                            .stream_column = stream_column,
                            .time_column = time_column,
                            .max_streams = max_streams,
                            .seed = seed,
                            .mutex = PTHREAD_MUTEX_INITIALIZER,
                            .index = TLM_HASH_MAP_INIT,
                            .free_entry = NO_ENTRY};
    live->sources = calloc(view->column_count, sizeof *live->sources);
    live->columns = calloc(view->column_count, sizeof(const tlm_column *));
    live->entries = calloc(max_streams, sizeof *live->entries);
    if (!live->sources || !live->columns || !live->entries) {
        tlm_rest_live_destroy(live);
        return -ENOMEM;
    }
    *ret_live = live;
    return 0;
}

void tlm_rest_live_destroy(tlm_rest_live *live)
{
    if (!live)
        return;
    for (uint32_t i = 0; i < live->entry_count; i++)
        free(live->entries[i].cells);
    free(live->entries);
    free(live->columns);
    free(live->sources);
    tlm_hash_map_finish(&live->index);
    pthread_mutex_destroy(&live->mutex);
    free(live);
}

/* FNV-1a, http://www.isthe.com/chongo/tech/comp/fnv/, begun with the process' seed. Two streams of one key share an
 * entry, the newer one wins: the other only lacks its early row. */
static uint64_t key_of(const tlm_rest_live *live, tlm_text stream_id)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325) ^ live->seed;

    for (size_t i = 0; i < stream_id.size; i++)
        hash = (hash ^ (unsigned char)stream_id.data[i]) * UINT64_C(0x100000001b3);
    return hash;
}

static bool find_column(const tlm_dataset *dataset, const char *name, uint32_t *ret_index)
{
    for (uint32_t i = 0; i < dataset->column_count; i++) {
        if (strcmp(dataset->columns[i].name, name) == 0) {
            *ret_index = i;
            return true;
        }
    }
    return false;
}

static bool has_bytes(uint32_t type)
{
    return type == TLM_COLUMN_TEXT || type == TLM_COLUMN_JSON || type == TLM_COLUMN_BYTES;
}

static bool match_dataset(tlm_rest_live *live, const tlm_dataset *dataset)
{
    if (live->dataset)
        return live->dataset == dataset;
    for (uint32_t i = 0; i < live->view->column_count; i++) {
        if (!find_column(dataset, live->view->columns[i], &live->sources[i]))
            return false;
        live->columns[i] = &dataset->columns[live->sources[i]];
    }
    if (live->columns[live->stream_column]->type != TLM_COLUMN_TEXT ||
        live->columns[live->time_column]->type != TLM_COLUMN_TIME)
        return false;
    live->dataset = dataset;
    return true;
}

static tlm_text text_of(const tlm_cell *cell)
{
    return (tlm_text){cell->as.text, cell->size};
}

static entry *find_entry(const tlm_rest_live *live, tlm_text stream_id, uint64_t key)
{
    uint32_t at;

    if (!tlm_hash_map_get(&live->index, key, &at))
        return NULL;
    entry *found = &live->entries[at];
    return tlm_text_equal(text_of(&found->cells[live->stream_column]), stream_id) ? found : NULL;
}

/* The entry under this key, a new one if need be; NULL when the table is full or memory short. */
static entry *obtain_entry(tlm_rest_live *live, uint64_t key)
{
    uint32_t at;

    if (tlm_hash_map_get(&live->index, key, &at))
        return &live->entries[at];
    at = live->free_entry != NO_ENTRY ? live->free_entry : live->entry_count;
    if (at >= live->max_streams || tlm_hash_map_put(&live->index, key, at) < 0)
        return NULL;
    if (at == live->free_entry)
        live->free_entry = live->entries[at].next_free;
    else
        live->entry_count++;
    live->entries[at].key = key;
    return &live->entries[at];
}

static void forget_entry(tlm_rest_live *live, entry *old)
{
    tlm_hash_map_remove(&live->index, old->key);
    free(old->cells);
    *old = (entry){.next_free = live->free_entry};
    live->free_entry = (uint32_t)(old - live->entries);
}

static size_t row_size(const tlm_rest_live *live, const tlm_cell *row)
{
    size_t size = live->view->column_count * sizeof(tlm_cell);

    for (uint32_t i = 0; i < live->view->column_count; i++)
        if (has_bytes(live->columns[i]->type) && row[live->sources[i]].is_set)
            size += row[live->sources[i]].size;
    return size;
}

static bool reserve(entry *target, size_t size)
{
    if (size <= target->capacity)
        return true;
    tlm_cell *cells = realloc(target->cells, size);
    if (!cells)
        return false;
    target->cells = cells;
    target->capacity = size;
    return true;
}

static void keep(tlm_rest_live *live, const tlm_cell *row, uint64_t key)
{
    size_t size = row_size(live, row);
    entry *target = obtain_entry(live, key);

    if (!target)
        return;
    if (!reserve(target, size)) {
        forget_entry(live, target);
        return;
    }
    char *bytes = (char *)(target->cells + live->view->column_count);
    for (uint32_t i = 0; i < live->view->column_count; i++) {
        tlm_cell cell = row[live->sources[i]];
        if (has_bytes(live->columns[i]->type) && cell.is_set && cell.size > 0) {
            memcpy(bytes, cell.as.text, cell.size);
            cell.as.text = bytes;
            bytes += cell.size;
        }
        target->cells[i] = cell;
    }
    target->size = size;
}

static void receive_row(tlm_rest_live *live, const tlm_cell *row, bool is_early)
{
    const tlm_cell *stream = &row[live->sources[live->stream_column]];
    const tlm_cell *time = &row[live->sources[live->time_column]];

    if (!stream->is_set || !time->is_set)
        return;
    uint64_t key = key_of(live, text_of(stream));
    entry *known = find_entry(live, text_of(stream), key);
    int64_t known_ns = known ? known->cells[live->time_column].as.integer : INT64_MIN;
    if (is_early && time->as.integer >= known_ns)
        keep(live, row, key);
    else if (!is_early && known && time->as.integer >= known_ns)
        forget_entry(live, known);
}

void tlm_rest_live_receive(tlm_rest_live *live, const tlm_rows *rows)
{
    pthread_mutex_lock(&live->mutex);
    bool is_usable = match_dataset(live, rows->dataset);
    for (uint32_t i = 0; i < rows->row_count && is_usable; i++)
        receive_row(live, tlm_rows_at(rows, i), (rows->flags & TLM_ROWS_EARLY) != 0);
    pthread_mutex_unlock(&live->mutex);
}

/* A copy with its pointers moved along. */
static tlm_rest_live_row *copy_row(const tlm_rest_live *live, const entry *source)
{
    uint32_t count = live->view->column_count;
    tlm_rest_live_row *copy = malloc(sizeof *copy + source->size);

    if (!copy)
        return NULL;
    copy->columns = live->columns;
    memcpy(copy->cells, source->cells, source->size);
    for (uint32_t i = 0; i < count; i++)
        if (has_bytes(live->columns[i]->type) && copy->cells[i].is_set && copy->cells[i].size > 0)
            copy->cells[i].as.text = (char *)copy->cells + (source->cells[i].as.text - (const char *)source->cells);
    return copy;
}

int tlm_rest_live_get(tlm_rest_live *live, tlm_text stream_id, tlm_rest_live_row **ret_row)
{
    int result = -ENOENT;

    pthread_mutex_lock(&live->mutex);
    const entry *found = find_entry(live, stream_id, key_of(live, stream_id));
    if (found) {
        tlm_rest_live_row *copy = copy_row(live, found);
        result = copy ? 0 : -ENOMEM;
        if (copy)
            *ret_row = copy;
    }
    pthread_mutex_unlock(&live->mutex);
    return result;
}
