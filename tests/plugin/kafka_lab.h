/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file kafka_lab.h
 * A real Kafka broker, topics and messages made by librdkafka, and the source `kafka` played as the host does. The
 * broker is the one whose address stands in the file that TELEMETRA_SERVERS_ENV names, else the test's own. Include
 * cmocka first.
 */
#ifndef TLM_TESTS_PLUGIN_KAFKA_LAB_H
#define TLM_TESTS_PLUGIN_KAFKA_LAB_H

#include "host.h"

#include <stdatomic.h>

#include <telemetra/partitions.h>

#include <librdkafka/rdkafka.h>
#include <time.h>
#include <unistd.h>

#ifndef TLM_SERVERS
#error "TLM_SERVERS is the script infra/servers"
#endif

/* A sanitizer's own memory and time are not the source's. */
#ifdef __SANITIZE_THREAD__
#define LAB_SANITIZER_FACTOR 12
#elif defined(__SANITIZE_ADDRESS__)
#define LAB_SANITIZER_FACTOR 3
#else
#define LAB_SANITIZER_FACTOR 1
#endif

enum { LAB_TOPICS = 4, LAB_LANES_MAX = 64, LAB_TIMEOUT_MS = 30000, LAB_STARTS = 8 };
enum { LAB_CHAT, LAB_VIEWER, LAB_TRANSACTIONS, LAB_STREAM_META };

/** The broker, and a producer connected to it. */
typedef struct lab {
    char folder[64]; /* of a broker of the test's own, else "" */
    char servers[64];
    char mark[20]; /* in names of topics: another run of the test may have had this broker */
    rd_kafka_t *producer;
    unsigned topic_sets;
} test_lab;

static inline int64_t lab_now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static inline void lab_pause(int ms)
{
    const struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = (ms % 1000) * 1000000L};

    nanosleep(&pause, NULL);
}

/** infra/servers COMMAND on the lab's folder. Only a broker of the test's own may be stopped. */
static inline void lab_server(const test_lab *lab, const char *command)
{
    char line[512];

    assert_true(lab->folder[0] != '\0');
    snprintf(line, sizeof line, "%s %s %s kafka >>%s.log 2>&1", TLM_SERVERS, command, lab->folder, lab->folder);
    if (system(line) != 0)
        fail_msg("%s failed, see %s.log", line, lab->folder);
}

static inline rd_kafka_t *lab_producer(const char *servers)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    char said[256];

    assert_int_equal(rd_kafka_conf_set(conf, "bootstrap.servers", servers, said, sizeof said), RD_KAFKA_CONF_OK);
    assert_int_equal(rd_kafka_conf_set(conf, "queue.buffering.max.messages", "1000000", said, sizeof said), 0);
    assert_int_equal(rd_kafka_conf_set(conf, "queue.buffering.max.kbytes", "1048576", said, sizeof said), 0);
    assert_int_equal(rd_kafka_conf_set(conf, "enable.idempotence", "true", said, sizeof said), RD_KAFKA_CONF_OK);
    assert_int_equal(rd_kafka_conf_set(conf, "message.max.bytes", "4000000", said, sizeof said), RD_KAFKA_CONF_OK);
    assert_int_equal(rd_kafka_conf_set(conf, "reconnect.backoff.max.ms", "500", said, sizeof said), RD_KAFKA_CONF_OK);
    assert_int_equal(rd_kafka_conf_set(conf, "log_level", "2", said, sizeof said), RD_KAFKA_CONF_OK);
    rd_kafka_t *producer = rd_kafka_new(RD_KAFKA_PRODUCER, conf, said, sizeof said);
    assert_non_null(producer);
    return producer;
}

static inline void lab_server_own(test_lab *lab)
{
    snprintf(lab->folder, sizeof lab->folder, "/tmp/telemetra-kafka-XXXXXX");
    assert_non_null(mkdtemp(lab->folder));
    lab_server(lab, "fresh");
}

/** A group setup of cmocka. */
static inline int lab_start(void **state)
{
    test_lab *lab = calloc(1, sizeof *lab);
    const char *shared = getenv("TELEMETRA_SERVERS_ENV");
    char line[256];

    assert_non_null(lab);
    if (!shared)
        lab_server_own(lab);
    snprintf(line, sizeof line, "%s%s", shared ? shared : lab->folder, shared ? "" : "/env");
    FILE *env = fopen(line, "re");
    if (!env)
        fail_msg("no file %s", line);
    while (fgets(line, sizeof line, env))
        (void)sscanf(line, "KAFKA_BOOTSTRAP_SERVERS=%63s", lab->servers);
    (void)fclose(env);
    snprintf(lab->mark, sizeof lab->mark, "%x-%x", (unsigned)getpid(), (unsigned)lab_now_ms());
    lab->producer = lab_producer(lab->servers);
    *state = lab;
    return 0;
}

static inline int lab_stop(void **state)
{
    test_lab *lab = *state;
    char line[256];

    rd_kafka_destroy(lab->producer);
    if (lab->folder[0]) {
        lab_server(lab, "remove");
        snprintf(line, sizeof line, "rm -rf %s %s.log", lab->folder, lab->folder);
        assert_int_equal(system(line), 0);
    }
    free(lab);
    return 0;
}

/* --- topics and messages ------------------------------------------------------------------------------------------ */

/** Names of four topics. */
typedef struct lab_topics {
    char names[LAB_TOPICS][64];
} lab_topics;

static inline void lab_await_admin(rd_kafka_queue_t *queue, bool (*is_good)(const rd_kafka_event_t *event))
{
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, LAB_TIMEOUT_MS);

    assert_non_null(event);
    if (rd_kafka_event_error(event))
        fail_msg("%s", rd_kafka_event_error_string(event));
    assert_true(is_good(event));
    rd_kafka_event_destroy(event);
}

static inline bool lab_is_deleted(const rd_kafka_event_t *event)
{
    size_t count;
    const rd_kafka_topic_result_t **results = rd_kafka_DeleteTopics_result_topics(
        rd_kafka_event_DeleteTopics_result((rd_kafka_event_t *)(uintptr_t)event), &count);

    return count == 1 && rd_kafka_topic_result_error(results[0]) == RD_KAFKA_RESP_ERR_NO_ERROR;
}

static inline bool lab_is_truncated(const rd_kafka_event_t *event)
{
    return rd_kafka_event_DeleteRecords_result((rd_kafka_event_t *)(uintptr_t)event) != NULL;
}

/** What the broker says to a request for one new topic. */
static inline rd_kafka_resp_err_t lab_request_topic(test_lab *lab, rd_kafka_NewTopic_t *topic)
{
    size_t count = 0;
    rd_kafka_queue_t *queue = rd_kafka_queue_new(lab->producer);

    rd_kafka_CreateTopics(lab->producer, &topic, 1, NULL, queue);
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, LAB_TIMEOUT_MS);
    assert_non_null(event);
    rd_kafka_resp_err_t code = rd_kafka_event_error(event);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
        const rd_kafka_topic_result_t **results =
            rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count);
        assert_int_equal(count, 1);
        code = rd_kafka_topic_result_error(results[0]);
    }
    rd_kafka_event_destroy(event);
    rd_kafka_queue_destroy(queue);
    return code;
}

/** A new topic with a setting. A broker that was frozen has no replicas to give until its controller has heard of it
 * again. */
static inline void lab_create_topic(test_lab *lab, const char *name, int partitions, const char *key, const char *value)
{
    char said[256];
    rd_kafka_resp_err_t code;
    int64_t deadline_ms = lab_now_ms() + LAB_TIMEOUT_MS;
    rd_kafka_NewTopic_t *topic = rd_kafka_NewTopic_new(name, partitions, 1, said, sizeof said);

    assert_int_equal(rd_kafka_NewTopic_set_config(topic, key, value), 0);
    while ((code = lab_request_topic(lab, topic)) == RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR &&
           lab_now_ms() < deadline_ms)
        lab_pause(100);
    rd_kafka_NewTopic_destroy(topic);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        fail_msg("topic %s: %s", name, rd_kafka_err2str(code));
}

/** Four new topics of so many partitions, which take LogAppendTime. */
static inline lab_topics lab_create_topics(test_lab *lab, int partitions)
{
    static const char *const kinds[LAB_TOPICS] = {"chat", "viewer", "transactions", "stream_meta"};
    lab_topics topics;
    unsigned set = lab->topic_sets++;

    for (int i = 0; i < LAB_TOPICS; i++) {
        snprintf(topics.names[i], sizeof topics.names[i], "t%u.%s.%s", set, lab->mark, kinds[i]);
        if (partitions > 0)
            lab_create_topic(lab, topics.names[i], partitions, "message.timestamp.type", "LogAppendTime");
    }
    return topics;
}

/** A new topic with a setting in the place of one of the four; its name. */
static inline const char *lab_other_topic(test_lab *lab, lab_topics *topics, int kind, const char *name, int partitions,
                                          const char *key, const char *value)
{
    snprintf(topics->names[kind], sizeof topics->names[kind], "%s.%s", name, lab->mark);
    lab_create_topic(lab, topics->names[kind], partitions, key, value);
    return topics->names[kind];
}

static inline void lab_delete_topic(test_lab *lab, const char *name)
{
    rd_kafka_queue_t *queue = rd_kafka_queue_new(lab->producer);
    rd_kafka_DeleteTopic_t *topic = rd_kafka_DeleteTopic_new(name);

    rd_kafka_DeleteTopics(lab->producer, &topic, 1, NULL, queue);
    lab_await_admin(queue, lab_is_deleted);
    rd_kafka_DeleteTopic_destroy(topic);
    rd_kafka_queue_destroy(queue);
}

/** As retention does: what lies before `offset` is no more. */
static inline void lab_truncate(test_lab *lab, const char *topic, int32_t partition, int64_t offset)
{
    rd_kafka_queue_t *queue = rd_kafka_queue_new(lab->producer);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);

    rd_kafka_topic_partition_list_add(list, topic, partition)->offset = offset;
    rd_kafka_DeleteRecords_t *records = rd_kafka_DeleteRecords_new(list);
    rd_kafka_DeleteRecords(lab->producer, &records, 1, NULL, queue);
    lab_await_admin(queue, lab_is_truncated);
    rd_kafka_DeleteRecords_destroy(records);
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_queue_destroy(queue);
}

/** A message; lab_flush waits until the broker has all. */
static inline void lab_send(test_lab *lab, const char *topic, int32_t partition, const void *value, size_t size)
{
    rd_kafka_resp_err_t code;

    do {
        code = rd_kafka_producev(lab->producer, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(partition),
                                 RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                                 RD_KAFKA_V_VALUE((void *)(uintptr_t)value, size), RD_KAFKA_V_END);
        (void)rd_kafka_poll(lab->producer, code == RD_KAFKA_RESP_ERR__QUEUE_FULL ? 10 : 0);
    } while (code == RD_KAFKA_RESP_ERR__QUEUE_FULL);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        fail_msg("%s", rd_kafka_err2str(code));
}

static inline void lab_flush(test_lab *lab)
{
    assert_int_equal(rd_kafka_flush(lab->producer, LAB_TIMEOUT_MS), RD_KAFKA_RESP_ERR_NO_ERROR);
}

/** `count` messages "topic partition number" from `first` on. */
static inline void lab_fill(test_lab *lab, const char *topic, int32_t partition, int first, int count)
{
    char value[128];

    for (int i = first; i < first + count; i++) {
        int size = snprintf(value, sizeof value, "%s %d %d", topic, (int)partition, i);
        lab_send(lab, topic, partition, value, (size_t)size);
    }
    lab_flush(lab);
}

/* --- the source --------------------------------------------------------------------------------------------------- */

/** A source and what it told. */
typedef struct lab_source {
    test_host host;
    const tlm_component *component;
    const tlm_partitions *partitions;
    void *config;
    tlm_instance *instance;
    tlm_error error;
    uint32_t lane_count;
    const char *const *inputs;
    pthread_mutex_t lock; /* guards the rest */
    uint32_t lanes[LAB_LANES_MAX], assigned_count, assignments;
    int64_t assigned_ms;
    char failure[TEST_TEXT_SIZE];
    atomic_bool is_cancelled;
} lab_source;

static inline void lab_on_assigned(void *context, const uint32_t *lanes, uint32_t count)
{
    lab_source *source = context;

    pthread_mutex_lock(&source->lock);
    assert_true(count <= LAB_LANES_MAX);
    memcpy(source->lanes, lanes, count * sizeof *lanes);
    source->assigned_count = count;
    source->assignments++;
    source->assigned_ms = lab_now_ms();
    pthread_mutex_unlock(&source->lock);
}

/** How many lanes it has, how many assignments came, and whether it told of a failure. */
static inline uint32_t lab_assigned(lab_source *source)
{
    pthread_mutex_lock(&source->lock);
    uint32_t count = source->assigned_count;
    pthread_mutex_unlock(&source->lock);
    return count;
}

static inline uint32_t lab_assignments(lab_source *source)
{
    pthread_mutex_lock(&source->lock);
    uint32_t count = source->assignments;
    pthread_mutex_unlock(&source->lock);
    return count;
}

static inline bool lab_has_failed(lab_source *source)
{
    pthread_mutex_lock(&source->lock);
    bool has_failed = source->failure[0] != '\0';
    pthread_mutex_unlock(&source->lock);
    return has_failed;
}

static inline void lab_on_failed(void *context, tlm_text sentence)
{
    lab_source *source = context;

    pthread_mutex_lock(&source->lock);
    test_host_keep(source->failure, sentence);
    pthread_mutex_unlock(&source->lock);
}

static inline int lab_is_cancelled(void *context)
{
    lab_source *source = context;

    return atomic_load(&source->is_cancelled);
}

/** Makes a source of the topics in a group, with further settings: name, text, ... NULL. */
static inline void lab_source_init(lab_source *source, const char *servers, const lab_topics *topics, const char *group,
                                   const char *const *settings)
{
    memset(source, 0, sizeof *source);
    test_host_init(&source->host);
    pthread_mutex_init(&source->lock, NULL);
    source->component = test_component("kafka", "kafka");
    source->partitions = source->component->get_interface(TLM_INTERFACE_PARTITIONS);
    assert_non_null(source->partitions);
    source->config = test_config(source->component);
    test_config_set(source->component, source->config, "bootstrap_servers", servers);
    test_config_set(source->component, source->config, "topic_chat", topics->names[LAB_CHAT]);
    test_config_set(source->component, source->config, "topic_viewer", topics->names[LAB_VIEWER]);
    test_config_set(source->component, source->config, "topic_transactions", topics->names[LAB_TRANSACTIONS]);
    test_config_set(source->component, source->config, "topic_stream_meta", topics->names[LAB_STREAM_META]);
    test_config_set(source->component, source->config, "group_id", group);
    for (; settings && settings[0]; settings += 2)
        test_config_set(source->component, source->config, settings[0], settings[1]);
    if (source->component->create(&source->host.public, source->config, &source->instance, &source->error) < 0 ||
        source->component->start(source->instance, &source->error) < 0)
        fail_msg("%s", source->error.text);
}

static inline int lab_source_open(lab_source *source)
{
    const tlm_partitions_listener listener = {source, lab_on_assigned, lab_on_failed};

    return source->partitions->open(source->instance, &listener, lab_is_cancelled, &source->lane_count, &source->inputs,
                                    &source->error);
}

static inline void lab_source_start(lab_source *source, const test_lab *lab, const lab_topics *topics,
                                    const char *group, const char *const *settings)
{
    lab_source_init(source, lab->servers, topics, group, settings);
    if (lab_source_open(source) < 0)
        fail_msg("%s", source->error.text);
}

static inline void lab_source_finish(lab_source *source, bool is_open)
{
    if (is_open)
        source->partitions->close(source->instance);
    source->component->stop(source->instance);
    source->component->destroy(source->instance);
    test_config_free(source->component, source->config);
}

/** Tried again for a while, as the host does it: partitions that were just made have no leader for a moment. */
static inline tlm_partition *lab_lane_open(lab_source *source, uint32_t lane, const tlm_position *const *from,
                                           tlm_position *ret_start)
{
    tlm_position start[LAB_TOPICS];
    tlm_partition *partition = NULL;
    int64_t deadline_ms = lab_now_ms() + LAB_TIMEOUT_MS;
    int result;

    while ((result = source->partitions->lane_open(source->instance, lane, from, ret_start ? ret_start : start,
                                                   &partition, &source->error)) == -EAGAIN &&
           lab_now_ms() < deadline_ms)
        lab_pause(50);
    if (result < 0)
        fail_msg("%s", source->error.text);
    return partition;
}

static inline int64_t lab_metric(lab_source *source, const char *name)
{
    for (uint32_t i = 0; i < source->host.metric_count; i++) {
        if (strcmp(source->host.metrics[i].name, name) == 0)
            return __atomic_load_n(&source->host.metrics[i].value, __ATOMIC_RELAXED);
    }
    fail_msg("no metric %s", name);
    return 0;
}

/** Whether the last sentence of health says `part`. */
static inline bool lab_health_says(lab_source *source, const char *part)
{
    pthread_mutex_lock(&source->host.lock);
    bool says = strstr(source->host.health, part) != NULL;
    pthread_mutex_unlock(&source->host.lock);
    return says;
}

static inline bool lab_health_is(lab_source *source, uint32_t status)
{
    pthread_mutex_lock(&source->host.lock);
    bool is = source->host.health_status == status;
    pthread_mutex_unlock(&source->host.lock);
    return is;
}

/** Waits until a condition holds; the test fails when it does not within `seconds`. */
#define LAB_AWAIT(condition, seconds)                                                                                  \
    do {                                                                                                               \
        int64_t lab_deadline_ms = lab_now_ms() + (seconds)*1000;                                                       \
        while (!(condition)) {                                                                                         \
            if (lab_now_ms() > lab_deadline_ms)                                                                        \
                fail_msg("not within %d s: %s", (int)(seconds), #condition);                                           \
            lab_pause(10);                                                                                             \
        }                                                                                                              \
    } while (0)

/* --- reading ------------------------------------------------------------------------------------------------------ */

/** One read of an input: the result; with records, how many, and where it goes on. */
static inline int lab_read(lab_source *source, tlm_partition *partition, uint32_t input, uint32_t max_records,
                           void (*visit)(void *context, const tlm_records *records), void *context)
{
    const tlm_records *records = NULL;
    int result = source->partitions->read(partition, input, max_records, &records, &source->error);

    if (result != TLM_READ_RECORDS) {
        assert_null(records);
        return result;
    }
    assert_in_range(records->record_count, 1, max_records);
    if (visit)
        visit(context, records);
    records->unref(records);
    return result;
}

/** Reads an input, dropping its records, until it says `wanted`; for at most `seconds`. */
static inline void lab_read_until(lab_source *source, tlm_partition *partition, uint32_t input, int wanted, int seconds)
{
    int64_t deadline_ms = lab_now_ms() + seconds * 1000;
    int result;

    while ((result = lab_read(source, partition, input, 1000, NULL, NULL)) != wanted) {
        if (result < 0)
            fail_msg("%s", source->error.text);
        if (lab_now_ms() > deadline_ms)
            fail_msg("input %u said %d for %d s, not %d", input, result, seconds, wanted);
        if (result != TLM_READ_RECORDS)
            source->partitions->wait(partition, 50);
    }
}

#endif
