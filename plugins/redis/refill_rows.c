/* SPDX-License-Identifier: Apache-2.0 */
#include "refill_rows.h"

#include <time.h>

static const tlm_redis_layout *layout_of_status(const tlm_redis_fill *fill)
{
    for (uint32_t i = 0; i < fill->layout_count; i++)
        if (fill->layouts[i].keeps == TLM_REDIS_KEEPS_STATUS)
            return &fill->layouts[i];
    return NULL;
}

/** Asks for all columns of a dataset. 0 and a result, or 0 and NULL where the store has no such dataset. */
static int ask(const tlm_redis_fill *fill, const tlm_dataset *dataset, tlm_query *query, tlm_result **ret_result,
               tlm_error *error)
{
    const char *columns[TLM_DATASET_COLUMNS_MAX];
    tlm_result *result = NULL;
    for (uint32_t i = 0; i < dataset->column_count; i++)
        columns[i] = dataset->columns[i].name;
    query->struct_size = sizeof *query;
    query->dataset = dataset->id;
    query->columns = columns;
    query->column_count = dataset->column_count;
    int code = fill->behind.store->query(fill->behind.instance, query, &result, error);
    if (code < 0 && code != -ENOENT)
        return code;
    *ret_result = code < 0 ? NULL : result;
    return 0;
}

static void release(tlm_result *result)
{
    if (result)
        result->release(result);
}

static int begin(const tlm_redis_fill *fill, const tlm_redis_layout *layout, tlm_error *error)
{
    static const tlm_redis_origin told_by_store = {0};
    return tlm_redis_packer_begin(fill->packer, layout, &told_by_store, error);
}

/* --- from the newest rows on ------------------------------------------------------------------------------------- */

static int64_t time_of(const tlm_redis_layout *layout, const tlm_result *result, uint32_t row)
{
    return result->cells[(size_t)row * result->column_count + layout->timeline].as.integer;
}

static uint64_t hash_of(const tlm_cell *stream)
{
    return tlm_wire_hash(stream->as.text, stream->size);
}

/* Of a stream seen before, a newer row was sent. */
static int take_newest(tlm_redis_fill *fill, const tlm_redis_layout *layout, const tlm_result *rows, tlm_error *error)
{
    int result = begin(fill, layout, error);
    for (uint32_t i = 0; i < rows->row_count && result == 0; i++) {
        const tlm_cell *row = rows->cells + (size_t)i * rows->column_count;
        int is_new = tlm_hash_map_put(&fill->seen[fill->at], hash_of(&row[layout->stream]), 0);
        if (is_new < 0)
            return tlm_error_set(error, -ENOMEM, "out of memory");
        fill->fresh += (uint32_t)is_new;
        if (is_new)
            result = tlm_redis_pack_last(fill->packer, row, 1, error);
    }
    fill->offset += rows->row_count;
    return result;
}

static void begin_time(tlm_redis_fill *fill, int64_t time_ns)
{
    fill->time_ns = time_ns;
    fill->is_begun = false;
    fill->offset = 0;
    fill->fresh = 0;
}

/* Turns to the newest time before the one that is done. 1, or 0 when there is none. */
static int next_time(tlm_redis_fill *fill, const tlm_redis_layout *layout, tlm_error *error)
{
    const char *time = layout->dataset->columns[layout->timeline].name;
    const tlm_cell before = {.is_set = 1, .as.integer = fill->time_ns};
    const tlm_filter filter = {time, TLM_FILTER_BELOW, 0, before};
    const tlm_order newest = {time, 1, 0};
    tlm_query query = {
        .limit = 1, .filters = &filter, .filter_count = fill->times > 0, .orders = &newest, .order_count = 1};
    tlm_result *rows = NULL;
    int result = ask(fill, layout->dataset, &query, &rows, error);
    if (result == 0 && rows && rows->row_count > 0) {
        begin_time(fill, time_of(layout, rows, 0));
        fill->times++;
        result = 1;
    }
    release(rows);
    return result;
}

static void remember(tlm_redis_fill *fill, const tlm_cell *id)
{
    fill->is_begun = true;
    fill->after_size = id->size < sizeof fill->after ? id->size : (uint32_t)sizeof fill->after;
    memcpy(fill->after, id->as.text, fill->after_size);
}

/* The next rows of one time, by their streams; the first may be the last of the page before. */
static int ask_time(const tlm_redis_fill *fill, const tlm_redis_layout *layout, uint32_t page, tlm_result **ret_rows,
                    tlm_error *error)
{
    const char *time = layout->dataset->columns[layout->timeline].name;
    const char *stream = layout->dataset->columns[layout->stream].name;
    const tlm_filter filters[] = {
        {time, TLM_FILTER_EQUAL, 0, {.is_set = 1, .as.integer = fill->time_ns}},
        {stream, TLM_FILTER_AT_LEAST, 0, {.is_set = 1, .size = fill->after_size, .as.text = fill->after}},
    };
    const tlm_order order = {stream, 0, 0};
    tlm_query query = {.limit = page + 1,
                       .filters = filters,
                       .filter_count = fill->is_begun ? 2 : 1,
                       .orders = &order,
                       .order_count = 1};
    return ask(fill, layout->dataset, &query, ret_rows, error);
}

/* Time after time from the newest on, as long as streams come that were not among the rows before. 1: go on. */
static int step_newest(tlm_redis_fill *fill, uint32_t page, tlm_error *error)
{
    const tlm_redis_layout *layout = &fill->layouts[fill->at];
    tlm_result *rows = NULL;
    int result = fill->is_in_time ? 1 : next_time(fill, layout, error);
    if (result != 1)
        return result;
    result = ask_time(fill, layout, page, &rows, error);
    if (result == 0 && rows)
        result = take_newest(fill, layout, rows, error);
    fill->is_in_time = rows && rows->row_count > page;
    if (fill->is_in_time)
        remember(fill, &rows->cells[(size_t)page * rows->column_count + layout->stream]);
    release(rows);
    if (result < 0)
        return result;
    return fill->is_in_time || (fill->fresh * 8 >= fill->offset && fill->times < TLM_REDIS_FILL_TIMES);
}

static int64_t clock_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* All rows later than the last one have been sent; where that was all there is, all earlier ones too. 1: go on. */
static int take_recent(tlm_redis_fill *fill, const tlm_redis_layout *layout, const tlm_result *rows, bool is_last,
                       tlm_error *error)
{
    int64_t oldest_ns = time_of(layout, rows, rows->row_count - 1);
    int64_t asked_ns = clock_ns() - fill->packer->settings->recent_age_ms * 1000000;
    int result = begin(fill, layout, error);
    if (result == 0)
        result = tlm_redis_pack_recent(fill->packer, rows->cells, rows->row_count, is_last ? INT64_MIN : oldest_ns,
                                       true, error);
    fill->offset += rows->row_count;
    if (result < 0)
        return result;
    return !is_last && (fill->offset < TLM_REDIS_FILL_RECENT_ROWS || oldest_ns >= asked_ns);
}

/* One page of a dataset from its newest rows on. Rows that come meanwhile come in front and shift the others: some are
 * read twice, none is left out. 1: go on. */
static int step_recent(tlm_redis_fill *fill, uint32_t page, tlm_error *error)
{
    const tlm_redis_layout *layout = &fill->layouts[fill->at];
    const tlm_order orders[] = {{layout->dataset->columns[layout->timeline].name, 1, 0},
                                {layout->dataset->columns[layout->stream].name, 0, 0}};
    tlm_query query = {.limit = page, .offset = fill->offset, .orders = orders, .order_count = TLM_COUNT(orders)};
    tlm_result *rows = NULL;
    int result = ask(fill, layout->dataset, &query, &rows, error);
    if (result == 0 && rows && rows->row_count > 0)
        result = take_recent(fill, layout, rows, rows->row_count < page, error);
    release(rows);
    return result;
}

static int step_rows(tlm_redis_fill *fill, uint32_t page, tlm_error *error)
{
    int result = fill->layouts[fill->at].keeps == TLM_REDIS_KEEPS_NEWEST ? step_newest(fill, page, error)
                                                                         : step_recent(fill, page, error);
    if (result == 0) {
        fill->at++;
        fill->times = 0;
        fill->is_in_time = false;
        begin_time(fill, INT64_MAX);
    }
    return result;
}

/* --- a page of streams ------------------------------------------------------------------------------------------- */

static int fill_newest(const tlm_redis_fill *fill, const tlm_redis_layout *layout, const tlm_cell *stream,
                       tlm_error *error)
{
    const tlm_order newest = {layout->dataset->columns[layout->timeline].name, 1, 0};
    const tlm_filter filter = {layout->dataset->columns[layout->stream].name, TLM_FILTER_EQUAL, 0, *stream};
    tlm_query query = {.limit = 1, .filters = &filter, .filter_count = 1, .orders = &newest, .order_count = 1};
    tlm_result *result = NULL;
    int code = ask(fill, layout->dataset, &query, &result, error);
    if (code == 0 && result && result->row_count > 0)
        code = tlm_redis_pack_last(fill->packer, result->cells, 1, error);
    release(result);
    return code;
}

static int fill_unseen(const tlm_redis_fill *fill, uint32_t at, const tlm_result *streams, uint32_t first,
                       uint32_t id_column, tlm_error *error)
{
    const tlm_redis_layout *layout = &fill->layouts[at];
    uint32_t value;
    int result = begin(fill, layout, error);
    for (uint32_t i = first; i < streams->row_count && result == 0; i++) {
        const tlm_cell *id = streams->cells + (size_t)i * streams->column_count + id_column;
        if (!tlm_hash_map_get(&fill->seen[at], hash_of(id), &value))
            result = fill_newest(fill, layout, id, error);
    }
    return result;
}

static int fill_page(tlm_redis_fill *fill, const tlm_redis_layout *status, const tlm_result *streams, uint32_t first,
                     tlm_error *error)
{
    int result = begin(fill, status, error);
    if (result == 0)
        result = tlm_redis_pack_last(fill->packer, streams->cells + (size_t)first * streams->column_count,
                                     streams->row_count - first, error);
    for (uint32_t i = 0; i < fill->layout_count && result == 0; i++)
        if (fill->layouts[i].keeps == TLM_REDIS_KEEPS_NEWEST)
            result = fill_unseen(fill, i, streams, first, status->stream, error);
    return result;
}

/* Streams by their ids; the page begins with the last one of the page before, where that still is. */
static int ask_streams(const tlm_redis_fill *fill, const tlm_redis_layout *status, uint32_t page,
                       tlm_result **ret_streams, tlm_error *error)
{
    const char *id = status->dataset->columns[status->stream].name;
    const tlm_cell after = {.is_set = 1, .size = fill->after_size, .as.text = fill->after};
    const tlm_filter filter = {id, TLM_FILTER_AT_LEAST, 0, after};
    const tlm_order order = {id, 0, 0};
    tlm_query query = {
        .limit = page + 1, .filters = &filter, .filter_count = fill->is_begun, .orders = &order, .order_count = 1};
    return ask(fill, status->dataset, &query, ret_streams, error);
}

int tlm_redis_fill_tables(tlm_redis_fill *fill, tlm_error *error)
{
    int result = 0;
    for (uint32_t i = 0; i < fill->layout_count && result == 0; i++) {
        result = begin(fill, &fill->layouts[i], error);
        if (result == 0)
            result = tlm_redis_pack_table(fill->packer, error);
    }
    return result < 0 ? result : tlm_redis_link_drain(fill->packer->link, error);
}

void tlm_redis_fill_finish(tlm_redis_fill *fill)
{
    for (uint32_t i = 0; i < fill->layout_count; i++)
        tlm_hash_map_finish(&fill->seen[i]);
}

static int step_streams(tlm_redis_fill *fill, uint32_t page, tlm_error *error)
{
    const tlm_redis_layout *status = layout_of_status(fill);
    tlm_result *streams = NULL;
    uint32_t first = 0;
    if (!status)
        return 0;
    int result = ask_streams(fill, status, page, &streams, error);
    if (result < 0 || !streams)
        return result;
    if (fill->is_begun && streams->row_count > 0) {
        const tlm_cell *id = &streams->cells[status->stream];
        first = id->size == fill->after_size && memcmp(id->as.text, fill->after, id->size) == 0;
    }
    bool is_last = streams->row_count <= page;
    if (first < streams->row_count) {
        result = fill_page(fill, status, streams, first, error);
        fill->streams += streams->row_count - first;
        remember(fill, streams->cells + (size_t)(streams->row_count - 1) * streams->column_count + status->stream);
    } else {
        is_last = true;
    }
    streams->release(streams);
    return result < 0 ? result : !is_last;
}

int tlm_redis_fill_step(tlm_redis_fill *fill, uint32_t page, tlm_error *error)
{
    while (fill->at < fill->layout_count && fill->layouts[fill->at].keeps == TLM_REDIS_KEEPS_STATUS)
        fill->at++;
    bool is_streams = fill->at == fill->layout_count;
    int result = is_streams ? step_streams(fill, page, error) : step_rows(fill, page, error);
    int drained = result < 0 ? result : tlm_redis_link_drain(fill->packer->link, error);
    if (drained < 0)
        return drained;
    return is_streams ? result : 1;
}
