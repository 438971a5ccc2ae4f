/* SPDX-License-Identifier: Apache-2.0 */
#include "rows.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>

/*
 * Texts are kept in chunks that never move, so that cells can point at them while the batch grows. The first is small,
 * for most early batches are a row or two; the others are large enough not to come from the heap (core/main.c).
 */
#define FIRST_CHUNK_SIZE ((size_t)4096)
#define CHUNK_SIZE ((size_t)524288)

typedef struct chunk {
    struct chunk *next;
    size_t used, capacity;
    char bytes[];
} chunk;

struct tlm_rows_builder {
    tlm_rows rows; /* first: a batch is its builder with the door shut */
    atomic_uint references;
    tlm_cell *cells;
    uint32_t row_capacity;
    chunk *chunks;
};

static void rows_ref(const tlm_rows *rows)
{
    tlm_rows_builder *builder = (tlm_rows_builder *)(uintptr_t)rows;
    atomic_fetch_add_explicit(&builder->references, 1, memory_order_relaxed);
}

static void rows_unref(const tlm_rows *rows)
{
    tlm_rows_builder *builder = (tlm_rows_builder *)(uintptr_t)rows;
    if (atomic_fetch_sub_explicit(&builder->references, 1, memory_order_acq_rel) == 1)
        tlm_rows_builder_destroy(builder);
}

int tlm_rows_builder_create(const tlm_dataset *dataset, uint32_t flags, tlm_rows_builder **ret_builder)
{
    tlm_rows_builder *builder = calloc(1, sizeof *builder);
    if (!builder)
        return -ENOMEM;
    builder->rows.struct_size = (uint32_t)sizeof builder->rows;
    builder->rows.flags = flags;
    builder->rows.dataset = dataset;
    builder->rows.ref = rows_ref;
    builder->rows.unref = rows_unref;
    builder->rows.size_bytes = sizeof *builder;
    atomic_init(&builder->references, 1);
    *ret_builder = builder;
    return 0;
}

void tlm_rows_builder_destroy(tlm_rows_builder *builder)
{
    if (!builder)
        return;
    for (chunk *each = builder->chunks, *next; each; each = next) {
        next = each->next;
        free(each);
    }
    free(builder->cells);
    free(builder);
}

static int reserve_row(tlm_rows_builder *builder)
{
    if (builder->rows.row_count < builder->row_capacity)
        return 0;
    uint32_t capacity = builder->row_capacity ? builder->row_capacity + builder->row_capacity / 2 : 16;
    size_t row_size = builder->rows.dataset->column_count * sizeof(tlm_cell);
    tlm_cell *cells = realloc(builder->cells, capacity * row_size);
    if (!cells)
        return -ENOMEM;
    builder->rows.size_bytes += (capacity - builder->row_capacity) * row_size;
    builder->cells = cells;
    builder->row_capacity = capacity;
    return 0;
}

static char *reserve_text(tlm_rows_builder *builder, size_t size)
{
    chunk *head = builder->chunks;
    if (!head || head->capacity - head->used < size) {
        size_t capacity = head ? CHUNK_SIZE : FIRST_CHUNK_SIZE;
        if (capacity < size)
            capacity = size;
        head = malloc(sizeof *head + capacity);
        if (!head)
            return NULL;
        *head = (chunk){.next = builder->chunks, .capacity = capacity};
        builder->chunks = head;
        builder->rows.size_bytes += sizeof *head + capacity;
    }
    char *text = head->bytes + head->used;
    head->used += size;
    return text;
}

static int is_text(uint32_t column_type)
{
    return column_type == TLM_COLUMN_TEXT || column_type == TLM_COLUMN_JSON || column_type == TLM_COLUMN_BYTES;
}

int tlm_rows_builder_add(tlm_rows_builder *builder, const tlm_cell *cells)
{
    const tlm_dataset *dataset = builder->rows.dataset;
    if (reserve_row(builder) < 0)
        return -ENOMEM;
    size_t text_size = 0;
    for (uint32_t i = 0; i < dataset->column_count; i++)
        if (cells[i].is_set && is_text(dataset->columns[i].type))
            text_size += cells[i].size;
    char *text = reserve_text(builder, text_size);
    if (!text)
        return -ENOMEM;
    tlm_cell *row = builder->cells + (size_t)builder->rows.row_count * dataset->column_count;
    memcpy(row, cells, dataset->column_count * sizeof *row);
    for (uint32_t i = 0; i < dataset->column_count; i++) {
        if (!row[i].is_set || !is_text(dataset->columns[i].type))
            continue;
        if (row[i].size)
            memcpy(text, row[i].as.text, row[i].size);
        row[i].as.text = text;
        text += row[i].size;
    }
    builder->rows.row_count++;
    return 0;
}

const tlm_dataset *tlm_rows_builder_dataset(const tlm_rows_builder *builder)
{
    return builder->rows.dataset;
}

uint32_t tlm_rows_builder_count(const tlm_rows_builder *builder)
{
    return builder->rows.row_count;
}

uint64_t tlm_rows_builder_size_bytes(const tlm_rows_builder *builder)
{
    return builder->rows.size_bytes;
}

const tlm_rows *tlm_rows_builder_finish(tlm_rows_builder *builder)
{
    assert(atomic_load(&builder->references) == 1);
    builder->rows.cells = builder->cells;
    return &builder->rows;
}
