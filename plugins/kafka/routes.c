/* SPDX-License-Identifier: Apache-2.0 */
#include "routes.h"

#include "common/row_json.h"
#include "common/time.h"

#include <inttypes.h>

#define NAME_SIZE_MAX 249 /* of a topic, as brokers have it */

/* --- options ------------------------------------------------------------------------------------------------------ */

static int check_name(const char *option, const char *name, size_t size, tlm_error *error)
{
    static const char legal[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    if (size > 0 && size <= NAME_SIZE_MAX && strspn(name, legal) >= size && strcmp(name, ".") && strcmp(name, ".."))
        return 0;
    return tlm_error_set(error, -EINVAL,
                         "%s: expected a topic's name of 1 to 249 letters, digits, '.', '_' and '-', found '%.*s'",
                         option, size > 300 ? 300 : (int)size, name);
}

/* "windows=topic": where the dataset's name ends; NULL when there is no such place. */
static const char *split(const char *pair)
{
    const char *middle = strchr(pair, '=');
    return middle && middle > pair ? middle : NULL;
}

static int check_datasets(const tlm_text_list *datasets, tlm_error *error)
{
    for (uint32_t i = 0; i < datasets->count; i++) {
        const char *pair = datasets->items[i], *middle = split(pair);
        if (!middle)
            return tlm_error_set(error, -EINVAL, "datasets: expected DATASET=TOPIC, found '%.300s'", pair);
        if (check_name("datasets", middle + 1, strlen(middle + 1), error) < 0)
            return -EINVAL;
    }
    return 0;
}

int tlm_kafka_route_options_check(const tlm_kafka_route_options *options, tlm_error *error)
{
    const struct {
        const char *option, *name;
    } topics[] = {{"topic_chat", options->topic_chat},
                  {"topic_viewer", options->topic_viewer},
                  {"topic_transactions", options->topic_transactions},
                  {"topic_stream_meta", options->topic_stream_meta},
                  {"dead_letter_topic", options->dead_letter_topic}};
    for (size_t i = 0; i < TLM_COUNT(topics); i++) {
        if (i == TLM_COUNT(topics) - 1 && !topics[i].name[0])
            break; /* dead letters are not written */
        if (check_name(topics[i].option, topics[i].name, strlen(topics[i].name), error) < 0)
            return -EINVAL;
        for (size_t j = 0; j < i; j++) {
            if (strcmp(topics[i].name, topics[j].name) == 0)
                return tlm_error_set(error, -EINVAL, "%s: expected a topic of its own, found that of %s",
                                     topics[i].option, topics[j].option);
        }
    }
    return check_datasets(&options->datasets, error);
}

/* --- making ------------------------------------------------------------------------------------------------------- */

typedef struct {
    const tlm_kafka_route_options *options;
    tlm_kafka_routes *routes;
    tlm_kafka_topics *topics;
    tlm_error *error;
} making;

static uint32_t find_column(const tlm_dataset *dataset, const char *name)
{
    for (uint32_t i = 0; i < dataset->column_count; i++) {
        if (strcmp(dataset->columns[i].name, name) == 0)
            return i;
    }
    return UINT32_MAX;
}

static uint32_t find_stream(const tlm_dataset *dataset)
{
    for (uint32_t i = 0; i < dataset->column_count; i++) {
        const tlm_column *column = &dataset->columns[i];
        if ((column->flags & TLM_COLUMN_STREAM) && column->type == TLM_COLUMN_TEXT)
            return i;
    }
    return UINT32_MAX;
}

static int add_topic(const making *in, const char *name, int is_event, int64_t partitions, uint32_t *ret_index)
{
    tlm_kafka_topics *topics = in->topics;
    for (uint32_t i = 0; i < topics->count; i++) {
        if (strcmp(topics->list[i].name, name) == 0) {
            *ret_index = i;
            return 0;
        }
    }
    if (topics->count == TLM_KAFKA_TOPICS_MAX)
        return tlm_error_set(in->error, -ENOBUFS, "datasets: more than %d topics", TLM_KAFKA_TOPICS_MAX);
    topics->list[topics->count] =
        (tlm_kafka_topic){.name = name, .is_event = (uint32_t)is_event, .partitions = (int32_t)partitions};
    *ret_index = topics->count++;
    return 0;
}

static int add_route(const making *in, const tlm_kafka_route *route)
{
    if (in->routes->count == TLM_KAFKA_ROUTES_MAX)
        return tlm_error_set(in->error, -ENOBUFS, "datasets: more than %d", TLM_KAFKA_ROUTES_MAX);
    in->routes->list[in->routes->count++] = *route;
    return 0;
}

static int add_events(const making *in, const tlm_dataset *dataset)
{
    const tlm_kafka_route_options *options = in->options;
    const char *const names[] = {options->topic_chat, options->topic_viewer, options->topic_transactions,
                                 options->topic_stream_meta};
    tlm_kafka_route route = {.dataset = dataset,
                             .kind = TLM_KAFKA_EVENTS,
                             .key = find_stream(dataset),
                             .value = find_column(dataset, "value"),
                             .what = find_column(dataset, "topic")};
    if (route.key == UINT32_MAX || route.value == UINT32_MAX || route.what == UINT32_MAX)
        return tlm_error_set(in->error, -EINVAL,
                             "the dataset 'events' has no columns topic, stream_id and value: it is not that of the "
                             "processor relay");
    for (uint32_t i = 0, index; i < TLM_COUNT(names); i++) {
        int result = add_topic(in, names[i], 1, options->partitions, &index);
        if (result < 0)
            return result;
        if (i == 0)
            route.topic = index;
    }
    return add_route(in, &route);
}

static int add_dead_letters(const making *in, const tlm_dataset *dataset)
{
    tlm_kafka_route route = {
        .dataset = dataset, .kind = TLM_KAFKA_DEAD_LETTERS, .key = UINT32_MAX, .value = find_column(dataset, "raw")};
    if (!in->options->dead_letter_topic[0] || route.value == UINT32_MAX)
        return 0;
    int result = add_topic(in, in->options->dead_letter_topic, 0, 1, &route.topic);
    return result < 0 ? result : add_route(in, &route);
}

static int add_json(const making *in, const tlm_dataset *dataset)
{
    const tlm_text_list *datasets = &in->options->datasets;
    for (uint32_t i = 0; i < datasets->count; i++) {
        const char *pair = datasets->items[i], *middle = split(pair);
        size_t size = (size_t)(middle - pair);
        if (strlen(dataset->id) != size || memcmp(dataset->id, pair, size) != 0)
            continue;
        tlm_kafka_route route = {
            .dataset = dataset, .kind = TLM_KAFKA_JSON, .key = find_stream(dataset), .value = UINT32_MAX};
        int result = add_topic(in, middle + 1, 0, in->options->partitions, &route.topic);
        return result < 0 ? result : add_route(in, &route);
    }
    return 0;
}

static int add_dataset(void *context, const tlm_dataset *dataset)
{
    const making *in = context;
    if (strcmp(dataset->id, "events") == 0)
        return add_events(in, dataset);
    if (strcmp(dataset->id, "dead_letters") == 0)
        return add_dead_letters(in, dataset);
    return add_json(in, dataset);
}

int tlm_kafka_routes_make(const tlm_host *host, const tlm_kafka_route_options *options, tlm_kafka_routes *routes,
                          tlm_kafka_topics *topics, tlm_error *error)
{
    const tlm_datasets_service *datasets = host->get_service(host, TLM_SERVICE_DATASETS);
    making in = {options, routes, topics, error};
    return datasets ? datasets->each(host, add_dataset, &in) : 0;
}

const tlm_kafka_route *tlm_kafka_routes_find(const tlm_kafka_routes *routes, const tlm_dataset *dataset)
{
    for (uint32_t i = 0; i < routes->count; i++) {
        if (routes->list[i].dataset == dataset)
            return &routes->list[i];
    }
    return NULL;
}

/* --- rows --------------------------------------------------------------------------------------------------------- */

uint32_t tlm_kafka_route_topic(const tlm_kafka_route *route, const tlm_cell *row)
{
    static const char *const kinds[] = {"chat", "viewer", "transactions", "stream_meta"};
    const tlm_cell *kind = &row[route->what];
    for (uint32_t i = 0; i < TLM_COUNT(kinds); i++) {
        if (kind->is_set && kind->size == strlen(kinds[i]) && memcmp(kind->as.text, kinds[i], kind->size) == 0)
            return route->topic + i;
    }
    return UINT32_MAX;
}

void tlm_kafka_row_write(tlm_buffer *out, const tlm_dataset *dataset, const tlm_cell *row)
{
    tlm_json_writer json;
    tlm_json_init(&json, out);
    tlm_json_begin_object(&json);
    for (uint32_t i = 0; i < dataset->column_count; i++) {
        tlm_json_key(&json, dataset->columns[i].name, strlen(dataset->columns[i].name));
        tlm_row_cell_write(&json, &dataset->columns[i], &row[i]);
    }
    tlm_json_end_object(&json);
}

static int add_header(rd_kafka_headers_t *headers, const tlm_column *column, const tlm_cell *cell)
{
    char text[TLM_TIME_SIZE + 24];
    const char *name = strcmp(column->name, "byte_offset") == 0 ? "offset" : column->name, *value = text;
    size_t size = 0;
    switch (column->type) {
    case TLM_COLUMN_TEXT:
        value = cell->as.text;
        size = cell->size;
        break;
    case TLM_COLUMN_INTEGER:
        size = (size_t)snprintf(text, sizeof text, "%" PRId64, cell->as.integer);
        break;
    case TLM_COLUMN_TIME:
        size = tlm_time_format(cell->as.integer, text);
        break;
    default:
        return 0; /* the raw bytes are the message */
    }
    return rd_kafka_header_add(headers, name, -1, value, (ssize_t)size) != RD_KAFKA_RESP_ERR_NO_ERROR;
}

static int add_headers(rd_kafka_headers_t *headers, const tlm_dataset *dataset, const tlm_cell *row, uint32_t lane)
{
    static const tlm_column lane_column = {.name = "lane", .type = TLM_COLUMN_INTEGER};
    const tlm_cell lane_cell = {.is_set = 1, .as.integer = lane};
    int result = add_header(headers, &lane_column, &lane_cell);
    for (uint32_t i = 0; result == 0 && i < dataset->column_count; i++)
        result = row[i].is_set ? add_header(headers, &dataset->columns[i], &row[i]) : 0;
    return result;
}

rd_kafka_headers_t *tlm_kafka_row_headers(const tlm_dataset *dataset, const tlm_cell *row, uint32_t lane)
{
    rd_kafka_headers_t *headers = rd_kafka_headers_new((size_t)dataset->column_count + 1);
    if (headers && add_headers(headers, dataset, row, lane) != 0) {
        rd_kafka_headers_destroy(headers);
        return NULL;
    }
    return headers;
}
