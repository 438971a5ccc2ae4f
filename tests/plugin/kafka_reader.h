/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file kafka_reader.h
 * For tests against a real broker: what is in a topic, and topics made in other ways than the sink's. Include after
 * cmocka.
 */
#ifndef TLM_TESTS_PLUGIN_KAFKA_READER_H
#define TLM_TESTS_PLUGIN_KAFKA_READER_H

#include <librdkafka/rdkafka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { KAFKA_TEST_TIMEOUT_MS = 60000 };

/** The value of a NAME=VALUE line of the file of `infra/servers env`; "" when it is not there. Overwritten each time.
 */
static inline const char *kafka_env(const char *path, const char *name)
{
    static char line[512];
    FILE *file = fopen(path, "re");
    if (!file)
        fail_msg("no file %s", path);
    while (fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = '\0';
        size_t size = strlen(name);
        if (strncmp(line, name, size) == 0 && line[size] == '=') {
            (void)fclose(file);
            return line + size + 1;
        }
    }
    (void)fclose(file);
    return "";
}

static inline rd_kafka_t *kafka_client(rd_kafka_type_t type, const char *servers)
{
    char said[512];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    const char *const settings[][2] = {{"bootstrap.servers", servers},  {"group.id", "telemetra-test"},
                                       {"enable.auto.commit", "false"}, {"enable.partition.eof", "true"},
                                       {"fetch.wait.max.ms", "10"},     {"log_level", "3"}};
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
        if (rd_kafka_conf_set(conf, settings[i][0], settings[i][1], said, sizeof said) != RD_KAFKA_CONF_OK)
            fail_msg("%s", said);
    }
    rd_kafka_t *kafka = rd_kafka_new(type, conf, said, sizeof said);
    if (!kafka)
        fail_msg("%s", said);
    return kafka;
}

/** Partitions of a topic; 0: there is none. */
static inline int kafka_partitions(rd_kafka_t *kafka, const char *topic)
{
    const rd_kafka_metadata_t *metadata = NULL;
    int count = 0;
    assert_int_equal(rd_kafka_metadata(kafka, 1, NULL, &metadata, KAFKA_TEST_TIMEOUT_MS), 0);
    for (int i = 0; i < metadata->topic_cnt; i++)
        count = strcmp(metadata->topics[i].topic, topic) ? count : metadata->topics[i].partition_cnt;
    rd_kafka_metadata_destroy(metadata);
    return count;
}

/** Reads every message of a topic, partition by partition in order, and calls `see`, which may be NULL; their number.
 */
static inline uint64_t kafka_read(const char *servers, const char *topic,
                                  void (*see)(void *context, const rd_kafka_message_t *message), void *context)
{
    rd_kafka_t *kafka = kafka_client(RD_KAFKA_CONSUMER, servers);
    int partitions = kafka_partitions(kafka, topic), ended = 0;
    uint64_t count = 0;
    if (partitions == 0)
        fail_msg("there is no topic %s", topic);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(partitions);
    for (int i = 0; i < partitions; i++)
        rd_kafka_topic_partition_list_add(list, topic, i)->offset = RD_KAFKA_OFFSET_BEGINNING;
    assert_int_equal(rd_kafka_poll_set_consumer(kafka), 0);
    assert_int_equal(rd_kafka_assign(kafka, list), 0);
    rd_kafka_topic_partition_list_destroy(list);
    while (ended < partitions) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(kafka, KAFKA_TEST_TIMEOUT_MS);
        if (!message)
            fail_msg("nothing comes from %s any more", topic);
        if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
            ended++;
        } else if (message->err == 0) {
            count++;
            if (see)
                see(context, message);
        }
        rd_kafka_message_destroy(message);
    }
    rd_kafka_destroy(kafka);
    return count;
}

/** Makes a topic with `partitions` and settings given as name, value, ..., NULL. */
static inline void kafka_make(const char *servers, const char *topic, int partitions, const char *const *settings)
{
    char said[512];
    rd_kafka_t *kafka = kafka_client(RD_KAFKA_PRODUCER, servers);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(kafka);
    rd_kafka_NewTopic_t *made = rd_kafka_NewTopic_new(topic, partitions, 1, said, sizeof said);
    assert_non_null(made);
    for (; settings && *settings; settings += 2)
        assert_int_equal(rd_kafka_NewTopic_set_config(made, settings[0], settings[1]), 0);
    rd_kafka_CreateTopics(kafka, &made, 1, NULL, queue);
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, KAFKA_TEST_TIMEOUT_MS);
    assert_non_null(event);
    assert_int_equal(rd_kafka_event_error(event), 0);
    rd_kafka_event_destroy(event);
    rd_kafka_NewTopic_destroy(made);
    rd_kafka_queue_destroy(queue);
    while (kafka_partitions(kafka, topic) != partitions)
        usleep(10000);
    rd_kafka_destroy(kafka);
}

/** Deletes a topic and waits until it is gone. */
static inline void kafka_delete(const char *servers, const char *topic)
{
    rd_kafka_t *kafka = kafka_client(RD_KAFKA_PRODUCER, servers);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(kafka);
    rd_kafka_DeleteTopic_t *deleted = rd_kafka_DeleteTopic_new(topic);
    rd_kafka_DeleteTopics(kafka, &deleted, 1, NULL, queue);
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, KAFKA_TEST_TIMEOUT_MS);
    assert_non_null(event);
    assert_int_equal(rd_kafka_event_error(event), 0);
    rd_kafka_event_destroy(event);
    rd_kafka_DeleteTopic_destroy(deleted);
    rd_kafka_queue_destroy(queue);
    while (kafka_partitions(kafka, topic) != 0)
        usleep(10000);
    rd_kafka_destroy(kafka);
}

/** Writes the value of a topic's setting. */
static inline void kafka_setting(const char *servers, const char *topic, const char *name, char out[static 64])
{
    size_t count = 0, entries = 0;
    rd_kafka_t *kafka = kafka_client(RD_KAFKA_PRODUCER, servers);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(kafka);
    rd_kafka_ConfigResource_t *asked = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic);
    rd_kafka_DescribeConfigs(kafka, &asked, 1, NULL, queue);
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, KAFKA_TEST_TIMEOUT_MS);
    assert_non_null(event);
    const rd_kafka_ConfigResource_t **told =
        rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result(event), &count);
    assert_int_equal(count, 1);
    const rd_kafka_ConfigEntry_t **settings = rd_kafka_ConfigResource_configs(told[0], &entries);
    out[0] = '\0';
    for (size_t i = 0; i < entries; i++) {
        if (strcmp(rd_kafka_ConfigEntry_name(settings[i]), name) == 0)
            snprintf(out, 64, "%s", rd_kafka_ConfigEntry_value(settings[i]));
    }
    rd_kafka_event_destroy(event);
    rd_kafka_ConfigResource_destroy(asked);
    rd_kafka_queue_destroy(queue);
    rd_kafka_destroy(kafka);
}

#endif
