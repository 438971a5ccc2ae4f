/* SPDX-License-Identifier: Apache-2.0 */
#include "topics.h"

#include "common/clock.h"

#include <inttypes.h>
#include <stdlib.h>

#define METADATA_TIMEOUT_MS 1000
#define ADMIN_TIMEOUT_MS 5000
#define STEP_MS 50
#define SAID_SIZE 512

/* --- what there is ------------------------------------------------------------------------------------------------ */

static const rd_kafka_metadata_topic_t *find(const rd_kafka_metadata_t *metadata, const char *name)
{
    for (int i = 0; i < metadata->topic_cnt; i++) {
        if (strcmp(metadata->topics[i].topic, name) == 0)
            return &metadata->topics[i];
    }
    return NULL;
}

/* Asks for all topics: asking for one by name would make brokers that may create it, in their own way. */
static int ask_metadata(rd_kafka_t *kafka, const rd_kafka_metadata_t **ret_metadata, tlm_error *error)
{
    rd_kafka_resp_err_t code = rd_kafka_metadata(kafka, 1, NULL, ret_metadata, METADATA_TIMEOUT_MS);
    (void)rd_kafka_poll(kafka, 0);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
        return 0;
    return tlm_error_set(error, -EAGAIN, "the brokers do not say which topics there are: %s", rd_kafka_err2str(code));
}

/* Of the event topics that exist: one number, the one that is asked for. */
static int judge_partitions(const tlm_kafka_topics *topics, const rd_kafka_metadata_t *metadata, tlm_error *error)
{
    for (uint32_t i = 0; i < topics->count; i++) {
        const tlm_kafka_topic *asked = &topics->list[i];
        const rd_kafka_metadata_topic_t *topic = find(metadata, asked->name);
        if (!asked->is_event || !topic || topic->partition_cnt == 0 || topic->partition_cnt == asked->partitions)
            continue;
        return tlm_error_set(
            error, -EINVAL,
            "topic %.249s has %d partition%s, but partitions asks for %d, and the four event topics need one number, "
            "or a stream's events would lie in lanes of different numbers: set partitions = %d here if all four have "
            "that many, else make the topic anew with %d (more can be added to a topic, but then streams move)",
            asked->name, topic->partition_cnt, topic->partition_cnt == 1 ? "" : "s", asked->partitions,
            topic->partition_cnt, asked->partitions);
    }
    return 0;
}

/* --- admin requests ----------------------------------------------------------------------------------------------- */

/* The answer of a request, or NULL when none came in time. Serves the producer's callbacks meanwhile. */
static rd_kafka_event_t *wait_answer(rd_kafka_t *kafka, rd_kafka_queue_t *queue)
{
    rd_kafka_event_t *event = NULL;
    for (int64_t until = tlm_clock_ms() + ADMIN_TIMEOUT_MS + 1000; !event && tlm_clock_ms() < until;) {
        event = rd_kafka_queue_poll(queue, STEP_MS);
        (void)rd_kafka_poll(kafka, 0);
    }
    return event;
}

static rd_kafka_AdminOptions_t *make_options(rd_kafka_t *kafka, rd_kafka_admin_op_t operation)
{
    char said[SAID_SIZE];
    rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(kafka, operation);
    if (options)
        (void)rd_kafka_AdminOptions_set_request_timeout(options, ADMIN_TIMEOUT_MS, said, sizeof said);
    return options;
}

/* --- making the absent ones --------------------------------------------------------------------------------------- */

static int set_configs(rd_kafka_NewTopic_t *topic, int64_t retention_ms)
{
    char retention[24], size[24];
    (void)snprintf(retention, sizeof retention, "%" PRId64, retention_ms);
    (void)snprintf(size, sizeof size, "%u", TLM_KAFKA_MESSAGE_BYTES_MAX);
    /* The broker's clock judges what lies in the future, not that of whoever writes. */
    return rd_kafka_NewTopic_set_config(topic, "message.timestamp.type", "LogAppendTime") ||
           rd_kafka_NewTopic_set_config(topic, "max.message.bytes", size) ||
           rd_kafka_NewTopic_set_config(topic, "cleanup.policy", "delete") ||
           rd_kafka_NewTopic_set_config(topic, "retention.ms", retention);
}

static rd_kafka_NewTopic_t *new_topic(const tlm_kafka_topics *topics, const tlm_kafka_topic *asked, tlm_error *error)
{
    char said[SAID_SIZE] = "out of memory";
    rd_kafka_NewTopic_t *topic =
        rd_kafka_NewTopic_new(asked->name, asked->partitions, topics->replication_factor, said, sizeof said);
    if (topic && set_configs(topic, topics->retention_ms) == 0)
        return topic;
    if (topic)
        rd_kafka_NewTopic_destroy(topic);
    (void)tlm_error_set(error, -EINVAL, "topic %.249s: %s", asked->name, said);
    return NULL;
}

/* Whether time or an administrator may mend a failed creation while this process waits. */
static int may_pass(rd_kafka_resp_err_t code)
{
    switch (code) {
    case RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR:
    case RD_KAFKA_RESP_ERR_INVALID_PARTITIONS:
    case RD_KAFKA_RESP_ERR_INVALID_CONFIG:
    case RD_KAFKA_RESP_ERR_POLICY_VIOLATION:
    case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
        return 0;
    default:
        return 1;
    }
}

static const char *creation_advice(rd_kafka_resp_err_t code)
{
    switch (code) {
    case RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR:
        return "; set replication_factor to at most the number of brokers";
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
        return "; allow this user to create it, or have it created with message.timestamp.type=LogAppendTime";
    default:
        return "";
    }
}

static int judge_created(rd_kafka_event_t *event, tlm_kafka_client *client, tlm_error *error)
{
    size_t count = 0;
    if (rd_kafka_event_error(event))
        return tlm_error_set(error, -EAGAIN, "topics cannot be made: %s", rd_kafka_event_error_string(event));
    const rd_kafka_topic_result_t **results =
        rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count);
    for (size_t i = 0; i < count; i++) {
        rd_kafka_resp_err_t code = rd_kafka_topic_result_error(results[i]);
        const char *name = rd_kafka_topic_result_name(results[i]);
        const char *said = rd_kafka_topic_result_error_string(results[i]);
        if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
            tlm_kafka_client_log(client, TLM_LOG_INFO, "made topic %s", name);
        else if (code != RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
            return tlm_error_set(error, may_pass(code) ? -EAGAIN : -EINVAL, "topic %.249s cannot be made: %.300s%s",
                                 name, said ? said : rd_kafka_err2str(code), creation_advice(code));
    }
    return 0;
}

/* One request for all of `absent`. */
static int request_topics(rd_kafka_t *kafka, tlm_kafka_client *client, rd_kafka_NewTopic_t **absent, size_t count,
                          tlm_error *error)
{
    int result = tlm_error_set(error, -EAGAIN, "out of memory");
    rd_kafka_AdminOptions_t *options = make_options(kafka, RD_KAFKA_ADMIN_OP_CREATETOPICS);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(kafka);
    if (options && queue) {
        rd_kafka_CreateTopics(kafka, absent, count, options, queue);
        rd_kafka_event_t *event = wait_answer(kafka, queue);
        result = event ? judge_created(event, client, error)
                       : tlm_error_set(error, -EAGAIN, "topics cannot be made: no answer of the controller");
        if (event)
            rd_kafka_event_destroy(event);
    }
    if (queue)
        rd_kafka_queue_destroy(queue);
    if (options)
        rd_kafka_AdminOptions_destroy(options);
    return result;
}

/* 1 when something was made, 0 when all are there. */
static int make_absent(const tlm_kafka_topics *topics, const rd_kafka_metadata_t *metadata, rd_kafka_t *kafka,
                       tlm_kafka_client *client, tlm_error *error)
{
    rd_kafka_NewTopic_t *absent[TLM_KAFKA_TOPICS_MAX];
    size_t count = 0;
    int result = 0;
    for (uint32_t i = 0; result == 0 && i < topics->count; i++) {
        if (find(metadata, topics->list[i].name))
            continue;
        absent[count] = new_topic(topics, &topics->list[i], error);
        result = absent[count] ? 0 : -EINVAL;
        count += absent[count] != NULL;
    }
    if (result == 0 && count > 0)
        result = request_topics(kafka, client, absent, count, error);
    for (size_t i = 0; i < count; i++)
        rd_kafka_NewTopic_destroy(absent[i]);
    return result < 0 ? result : count > 0;
}

/* --- how existing ones are set ------------------------------------------------------------------------------------ */

static const char *config_of(const rd_kafka_ConfigResource_t *resource, const char *name)
{
    size_t count = 0;
    const rd_kafka_ConfigEntry_t **entries = rd_kafka_ConfigResource_configs(resource, &count);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(rd_kafka_ConfigEntry_name(entries[i]), name) == 0)
            return rd_kafka_ConfigEntry_value(entries[i]);
    }
    return NULL;
}

static void judge_topic(const rd_kafka_ConfigResource_t *resource, tlm_kafka_client *client)
{
    const char *name = rd_kafka_ConfigResource_name(resource);
    const char *stamp = config_of(resource, "message.timestamp.type");
    const char *size = config_of(resource, "max.message.bytes");
    if (stamp && strcmp(stamp, "LogAppendTime") != 0)
        tlm_kafka_client_log(client, TLM_LOG_WARNING,
                             "topic %s has message.timestamp.type=%s: max_future then judges events by the clock of "
                             "whoever reads them, when they are read; set LogAppendTime for the broker's",
                             name, stamp);
    if (size && strtoll(size, NULL, 10) < TLM_KAFKA_MESSAGE_BYTES_MAX)
        tlm_kafka_client_log(client, TLM_LOG_WARNING,
                             "topic %s has max.message.bytes=%s: events of up to 1 MiB are allowed, and one that does "
                             "not fit stops the pipeline; set %u",
                             name, size, TLM_KAFKA_MESSAGE_BYTES_MAX);
}

static void judge_configs(rd_kafka_event_t *event, tlm_kafka_client *client)
{
    size_t count = 0;
    if (!event || rd_kafka_event_error(event)) {
        tlm_kafka_client_log(client, TLM_LOG_INFO, "the brokers do not tell how the topics are set: %s",
                             event ? rd_kafka_event_error_string(event) : "no answer");
        return;
    }
    const rd_kafka_ConfigResource_t **resources =
        rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result(event), &count);
    for (size_t i = 0; i < count; i++) {
        /* Who may not look at settings can still write. */
        if (rd_kafka_ConfigResource_error(resources[i]) == RD_KAFKA_RESP_ERR_NO_ERROR)
            judge_topic(resources[i], client);
    }
}

static void judge_settings(const tlm_kafka_topics *topics, rd_kafka_t *kafka, tlm_kafka_client *client)
{
    rd_kafka_ConfigResource_t *resources[TLM_KAFKA_TOPICS_MAX];
    size_t count = 0;
    rd_kafka_AdminOptions_t *options = make_options(kafka, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(kafka);
    for (uint32_t i = 0; options && queue && i < topics->count; i++) {
        resources[count] = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topics->list[i].name);
        count += resources[count] != NULL;
    }
    if (count > 0) {
        rd_kafka_DescribeConfigs(kafka, resources, count, options, queue);
        rd_kafka_event_t *event = wait_answer(kafka, queue);
        judge_configs(event, client);
        if (event)
            rd_kafka_event_destroy(event);
    }
    for (size_t i = 0; i < count; i++)
        rd_kafka_ConfigResource_destroy(resources[i]);
    if (queue)
        rd_kafka_queue_destroy(queue);
    if (options)
        rd_kafka_AdminOptions_destroy(options);
}

/* --- all of it ---------------------------------------------------------------------------------------------------- */

/* What was made takes a moment to be led by a broker. */
static int judge_leaders(const tlm_kafka_topics *topics, const rd_kafka_metadata_t *metadata, tlm_error *error)
{
    for (uint32_t i = 0; i < topics->count; i++) {
        const rd_kafka_metadata_topic_t *topic = find(metadata, topics->list[i].name);
        if (!topic || topic->partition_cnt == 0)
            return tlm_error_set(error, -EAGAIN, "topic %.249s is not ready yet%s%s", topics->list[i].name,
                                 topic ? ": " : "", topic ? rd_kafka_err2str(topic->err) : "");
    }
    return 0;
}

int tlm_kafka_topics_ensure(tlm_kafka_topics *topics, rd_kafka_t *kafka, tlm_kafka_client *client, tlm_error *error)
{
    const rd_kafka_metadata_t *metadata = NULL;
    int result = ask_metadata(kafka, &metadata, error);
    if (result < 0)
        return result;
    result = judge_partitions(topics, metadata, error);
    if (result == 0)
        result = make_absent(topics, metadata, kafka, client, error);
    if (result == 0)
        result = judge_leaders(topics, metadata, error);
    rd_kafka_metadata_destroy(metadata);
    if (result > 0)
        return tlm_error_set(error, -EAGAIN, "topics were made and are not ready yet");
    if (result == 0 && !topics->is_judged) {
        judge_settings(topics, kafka, client);
        topics->is_judged = 1;
    }
    return result;
}
