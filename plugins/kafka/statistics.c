/* SPDX-License-Identifier: Apache-2.0 */
/* jansson takes some 10 us a kilobyte: a millisecond for 48 partitions, once a second. The fast parser of the codec
 * would be C++ here for nothing. */
#include "statistics.h"

#include <jansson.h>
#include <stdlib.h>

struct tlm_kafka_statistics_text {
    json_t *root; /* owns the strings */
    tlm_kafka_statistics statistics;
    tlm_kafka_broker *brokers;
    tlm_kafka_partition *partitions;
};

static int64_t number(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return json_is_integer(value) ? json_integer_value(value) : -1;
}

static const char *string(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return json_is_string(value) ? json_string_value(value) : "";
}

static int64_t at_least_zero(int64_t value)
{
    return value > 0 ? value : 0;
}

static tlm_kafka_broker read_broker(const json_t *object)
{
    const char *state = string(object, "state");
    return (tlm_kafka_broker){
        .name = string(object, "name"),
        .state = state,
        .node_id = number(object, "nodeid"),
        .state_age_us = number(object, "stateage"),
        .send_idle_us = number(object, "txidle"),
        .receive_idle_us = number(object, "rxidle"),
        .round_trip_p99_us = number(json_object_get(object, "rtt"), "p99"),
        .requests_waiting = at_least_zero(number(object, "outbuf_cnt")) + at_least_zero(number(object, "waitresp_cnt")),
        .receive_errors = number(object, "rxerrs"),
        .send_errors = number(object, "txerrs"),
        .timeouts = number(object, "req_timeouts"),
        .is_up = strcmp(state, "UP") == 0,
        .is_logical = strcmp(string(object, "source"), "logical") == 0,
    };
}

static tlm_kafka_partition read_partition(const char *topic, const json_t *object)
{
    return (tlm_kafka_partition){
        .topic = topic,
        .partition = number(object, "partition"),
        .leader = number(object, "leader"),
        .broker = number(object, "broker"),
        .fetch_state = string(object, "fetch_state"),
        .lag = number(object, "consumer_lag"),
        .low_offset = number(object, "lo_offset"),
        .high_offset = number(object, "hi_offset"),
        .application_offset = number(object, "app_offset"),
        .fetched_count = number(object, "fetchq_cnt"),
        .fetched_bytes = number(object, "fetchq_size"),
        .produced_count = number(object, "txmsgs"),
        .waiting_count = at_least_zero(number(object, "msgq_cnt")) + at_least_zero(number(object, "xmit_msgq_cnt")),
        .is_desired = json_is_true(json_object_get(object, "desired")),
        .is_unknown = json_is_true(json_object_get(object, "unknown")),
    };
}

static int read_brokers(tlm_kafka_statistics_text *text, json_t *objects)
{
    tlm_kafka_statistics *statistics = &text->statistics;
    const char *name;
    json_t *object;
    text->brokers = calloc(json_object_size(objects) + 1, sizeof *text->brokers);
    if (!text->brokers)
        return -ENOMEM;
    json_object_foreach(objects, name, object)
    {
        tlm_kafka_broker *broker = &text->brokers[statistics->broker_count++];
        *broker = read_broker(object);
        statistics->up_count += broker->is_up && !broker->is_logical;
        statistics->real_count += broker->node_id >= 0 && !broker->is_logical;
    }
    statistics->brokers = text->brokers;
    return 0;
}

static int read_topics(tlm_kafka_statistics_text *text, json_t *topics)
{
    tlm_kafka_statistics *statistics = &text->statistics;
    const char *topic, *number_text;
    json_t *object, *partition;
    size_t most = 0;
    json_object_foreach(topics, topic, object) most += json_object_size(json_object_get(object, "partitions"));
    text->partitions = calloc(most + 1, sizeof *text->partitions);
    if (!text->partitions)
        return -ENOMEM;
    json_object_foreach(topics, topic, object)
    {
        json_object_foreach(json_object_get(object, "partitions"), number_text, partition)
        {
            /* -1 stands for messages that have no partition yet. */
            if (number(partition, "partition") >= 0)
                text->partitions[statistics->partition_count++] = read_partition(topic, partition);
        }
    }
    statistics->partitions = text->partitions;
    return 0;
}

tlm_kafka_statistics_text *tlm_kafka_statistics_parse(const char *json, size_t size)
{
    tlm_kafka_statistics_text *text = calloc(1, sizeof *text);
    if (!text)
        return NULL;
    text->root = json_loadb(json, size, 0, NULL);
    if (!json_is_object(text->root) || read_brokers(text, json_object_get(text->root, "brokers")) < 0 ||
        read_topics(text, json_object_get(text->root, "topics")) < 0) {
        tlm_kafka_statistics_destroy(text);
        return NULL;
    }
    text->statistics.messages_waiting = number(text->root, "msg_cnt");
    text->statistics.bytes_waiting = number(text->root, "msg_size");
    return text;
}

const tlm_kafka_statistics *tlm_kafka_statistics_of(const tlm_kafka_statistics_text *text)
{
    return &text->statistics;
}

void tlm_kafka_statistics_destroy(tlm_kafka_statistics_text *text)
{
    if (!text)
        return;
    free(text->brokers);
    free(text->partitions);
    json_decref(text->root);
    free(text);
}
