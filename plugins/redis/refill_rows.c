/* SPDX-License-Identifier: Apache-2.0 */
#include "refill_rows.h"

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

/* --- one stream of one dataset ----------------------------------------------------------------------------------- */

static int fill_newest(const tlm_redis_fill *fill, const tlm_redis_layout *layout, const tlm_filter *stream,
                       tlm_error *error)
{
    const tlm_order newest = {layout->dataset->columns[layout->timeline].name, 1, 0};
    tlm_query query = {.limit = 1, .filters = stream, .filter_count = 1, .orders = &newest, .order_count = 1};
    tlm_result *result = NULL;
    int code = ask(fill, layout->dataset, &query, &result, error);
    if (code == 0 && result && result->row_count > 0)
        code = tlm_redis_pack_last(fill->packer, result->cells, 1, error);
    release(result);
    return code;
}

/* Fewer than were asked for are all there ever were; else those later than the last one are. */
static int64_t floor_of(const tlm_redis_layout *layout, const tlm_result *result, uint32_t limit)
{
    if (!result || result->row_count < limit)
        return INT64_MIN;
    const tlm_cell *last = result->cells + (size_t)(result->row_count - 1) * result->column_count;
    return last[layout->timeline].as.integer;
}

static int fill_recent(const tlm_redis_fill *fill, const tlm_redis_layout *layout, const tlm_filter *stream,
                       tlm_error *error)
{
    const tlm_order newest = {layout->dataset->columns[layout->timeline].name, 1, 0};
    uint32_t limit = (uint32_t)fill->packer->settings->recent_rows;
    tlm_query query = {.limit = limit, .filters = stream, .filter_count = 1, .orders = &newest, .order_count = 1};
    tlm_result *result = NULL;
    int code = ask(fill, layout->dataset, &query, &result, error);
    if (code < 0)
        return code;
    int64_t floor_ns = floor_of(layout, result, limit);
    if (result && result->row_count > 0)
        code = tlm_redis_pack_recent(fill->packer, result->cells, result->row_count, floor_ns, true, error);
    else
        code =
            tlm_redis_pack_floor(fill->packer, (tlm_text){stream->value.as.text, stream->value.size}, floor_ns, error);
    release(result);
    return code;
}

/* --- a page of streams ------------------------------------------------------------------------------------------- */

static tlm_filter stream_filter(const tlm_redis_layout *layout, const tlm_cell *cell)
{
    return (tlm_filter){layout->dataset->columns[layout->stream].name, TLM_FILTER_EQUAL, 0, *cell};
}

static int fill_dataset(const tlm_redis_fill *fill, const tlm_redis_layout *layout, const tlm_result *streams,
                        uint32_t first, uint32_t id_column, tlm_error *error)
{
    int result = begin(fill, layout, error);
    for (uint32_t i = first; i < streams->row_count && result == 0; i++) {
        const tlm_cell *id = streams->cells + (size_t)i * streams->column_count + id_column;
        tlm_filter stream = stream_filter(layout, id);
        result = layout->keeps == TLM_REDIS_KEEPS_NEWEST ? fill_newest(fill, layout, &stream, error)
                                                         : fill_recent(fill, layout, &stream, error);
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
        if (fill->layouts[i].keeps == TLM_REDIS_KEEPS_NEWEST || fill->layouts[i].keeps == TLM_REDIS_KEEPS_RECENT)
            result = fill_dataset(fill, &fill->layouts[i], streams, first, status->stream, error);
    return result;
}

static void remember(tlm_redis_fill *fill, const tlm_cell *id)
{
    fill->is_begun = true;
    fill->after_size = id->size < sizeof fill->after ? id->size : (uint32_t)sizeof fill->after;
    memcpy(fill->after, id->as.text, fill->after_size);
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

int tlm_redis_fill_step(tlm_redis_fill *fill, uint32_t page, tlm_error *error)
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
    if (result == 0)
        result = tlm_redis_link_drain(fill->packer->link, error);
    return result < 0 ? result : !is_last;
}
