/* SPDX-License-Identifier: Apache-2.0 */
#include "source_group.h"

#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

enum { LEARN_TIMEOUT_MS = 500, RANGES_TIMEOUT_MS = 3000 };

/* What the readers say every second is as good, once there are any. */
#define STATISTICS_MS "5000"

struct tlm_kafka_group {
    tlm_instance *source;
    rd_kafka_t *kafka;
    rd_kafka_topic_t *topics[TLM_KAFKA_INPUTS];
    uint32_t *lanes; /* room for what is told */
    uint8_t *topics_of;
    pthread_mutex_t mutex; /* guards the next one */
    tlm_error trouble;
};

static void set_trouble(tlm_kafka_group *group, const char *sentence)
{
    (void)pthread_mutex_lock(&group->mutex);
    bool is_news = strcmp(group->trouble.text, sentence) != 0;
    (void)tlm_error_set(&group->trouble, 0, "%s", sentence);
    (void)pthread_mutex_unlock(&group->mutex);
    if (is_news && sentence[0])
        tlm_kafka_client_log(group->source->client, TLM_LOG_WARNING, "%s", sentence);
}

void tlm_kafka_group_trouble(tlm_kafka_group *group, tlm_error *ret_sentence)
{
    (void)pthread_mutex_lock(&group->mutex);
    *ret_sentence = group->trouble;
    (void)pthread_mutex_unlock(&group->mutex);
}

/* --- assignments -------------------------------------------------------------------------------------------------- */

static int topic_index(const tlm_instance *source, const char *topic)
{
    for (int i = 0; i < TLM_KAFKA_INPUTS; i++) {
        if (strcmp(source->topics[i], topic) == 0)
            return i;
    }
    return -1;
}

/* Notes which topics came with each partition number; false when a topic has grown. */
static bool note_topics(tlm_kafka_group *group, const rd_kafka_topic_partition_list_t *partitions)
{
    const tlm_instance *source = group->source;

    memset(group->topics_of, 0, source->lane_count);
    for (int i = 0; i < partitions->cnt; i++) {
        const rd_kafka_topic_partition_t *partition = &partitions->elems[i];
        int topic = topic_index(source, partition->topic);
        if (topic < 0)
            continue;
        if ((uint32_t)partition->partition >= source->lane_count) {
            tlm_kafka_source_fail(source,
                                  "topic %.200s has got more partitions than the %" PRIu32
                                  " it had at the start, which moves streams to other partitions; stop the producers, "
                                  "drain the topics, and begin with new topics and an empty checkpoint",
                                  partition->topic, source->lane_count);
            return false;
        }
        group->topics_of[partition->partition] |= (uint8_t)(1u << topic);
    }
    return true;
}

static void tell_assigned(tlm_kafka_group *group)
{
    const tlm_instance *source = group->source;
    uint32_t count = 0, torn = 0;

    for (uint32_t lane = 0; lane < source->lane_count; lane++) {
        if (group->topics_of[lane] == (1u << TLM_KAFKA_INPUTS) - 1)
            group->lanes[count++] = lane;
        else
            torn += group->topics_of[lane] != 0;
    }
    tlm_error sentence = {.text = ""};
    if (torn > 0)
        (void)tlm_error_set(&sentence, 0,
                            "%" PRIu32 " partitions were assigned without those of the same number in the other topics "
                            "and are not read; every member of group %.200s must subscribe to the same four topics "
                            "with the assignor range",
                            torn, source->config->group_id);
    set_trouble(group, sentence.text);
    tlm_kafka_client_log(source->client, TLM_LOG_INFO, "group %s gives this process %" PRIu32 " of %" PRIu32 " lanes%s",
                         source->config->group_id, count, source->lane_count,
                         count > 0 ? "" : ": it waits as a spare until another member is gone");
    tlm_kafka_source_set(source, source->metrics.lanes, count);
    source->listener.assigned(source->listener.context, group->lanes, count);
}

/* The answer to an assignment is one of nothing: the member stays in the group and has nothing to fetch. */
static void answer(tlm_kafka_group *group, bool is_assignment)
{
    rd_kafka_topic_partition_list_t *none = is_assignment ? rd_kafka_topic_partition_list_new(0) : NULL;
    rd_kafka_resp_err_t code = rd_kafka_assign(group->kafka, none);

    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        tlm_kafka_client_log(group->source->client, TLM_LOG_WARNING, "group %s: the answer to a rebalance failed: %s",
                             group->source->config->group_id, rd_kafka_err2str(code));
    if (none)
        rd_kafka_topic_partition_list_destroy(none);
}

static void on_rebalance(rd_kafka_t *kafka, rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t *partitions,
                         void *opaque)
{
    tlm_instance *source = tlm_kafka_client_owner(opaque);
    if (!source)
        return;
    tlm_kafka_group *group = source->group;
    bool is_assignment = code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;

    (void)kafka;
    answer(group, is_assignment);
    if (!is_assignment)
        return;
    tlm_kafka_source_add(source, source->metrics.rebalances, 1);
    if (note_topics(group, partitions))
        tell_assigned(group);
}

/* --- life --------------------------------------------------------------------------------------------------------- */

static int connect_group(tlm_kafka_group *group, tlm_error *error)
{
    const tlm_kafka_source_config *config = group->source->config;
    rd_kafka_conf_t *conf = tlm_kafka_client_conf(group->source->client);
    char said[256];

    if (!conf)
        return tlm_error_set(error, -ENOMEM, "no memory");
    rd_kafka_conf_set_rebalance_cb(conf, on_rebalance);
    bool is_set =
        rd_kafka_conf_set(conf, "group.id", config->group_id, said, sizeof said) == RD_KAFKA_CONF_OK &&
        rd_kafka_conf_set(conf, "statistics.interval.ms", STATISTICS_MS, said, sizeof said) == RD_KAFKA_CONF_OK;
    if (is_set && config->group_instance_id && config->group_instance_id[0])
        is_set = rd_kafka_conf_set(conf, "group.instance.id", config->group_instance_id, said, sizeof said) ==
                 RD_KAFKA_CONF_OK;
    if (!is_set) {
        rd_kafka_conf_destroy(conf);
        return tlm_error_set(error, -EINVAL, "librdkafka: %s", said);
    }
    group->kafka = tlm_kafka_client_connect(RD_KAFKA_CONSUMER, conf, error);
    if (!group->kafka)
        return -EINVAL;
    (void)rd_kafka_poll_set_consumer(group->kafka); /* fails for producers only */
    return 0;
}

int tlm_kafka_group_create(tlm_instance *source, tlm_kafka_group **ret_group, tlm_error *error)
{
    tlm_kafka_group *group = calloc(1, sizeof *group);

    if (!group)
        return tlm_error_set(error, -ENOMEM, "no memory");
    (void)pthread_mutex_init(&group->mutex, NULL); /* with default attributes nothing can fail */
    group->source = source;
    int result = connect_group(group, error);
    for (int i = 0; result == 0 && i < TLM_KAFKA_INPUTS; i++) {
        group->topics[i] = rd_kafka_topic_new(group->kafka, source->topics[i], NULL);
        if (!group->topics[i])
            result = tlm_error_set(error, -EINVAL, "topic %.200s: %s", source->topics[i],
                                   rd_kafka_err2str(rd_kafka_last_error()));
    }
    if (result < 0) {
        tlm_kafka_group_destroy(group);
        return result;
    }
    *ret_group = group;
    return 0;
}

void tlm_kafka_group_destroy(tlm_kafka_group *group)
{
    if (!group)
        return;
    for (int i = 0; i < TLM_KAFKA_INPUTS; i++) {
        if (group->topics[i])
            rd_kafka_topic_destroy(group->topics[i]);
    }
    if (group->kafka) {
        (void)rd_kafka_consumer_close(group->kafka); /* whatever it says, the handle goes */
        rd_kafka_destroy(group->kafka);
    }
    free(group->lanes);
    free(group->topics_of);
    (void)pthread_mutex_destroy(&group->mutex);
    free(group);
}

int tlm_kafka_group_join(tlm_kafka_group *group, tlm_error *error)
{
    const tlm_instance *source = group->source;
    rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(TLM_KAFKA_INPUTS);

    group->lanes = calloc(source->lane_count, sizeof *group->lanes);
    group->topics_of = calloc(source->lane_count, sizeof *group->topics_of);
    if (!group->lanes || !group->topics_of) {
        rd_kafka_topic_partition_list_destroy(topics);
        return tlm_error_set(error, -ENOMEM, "no memory");
    }
    for (int i = 0; i < TLM_KAFKA_INPUTS; i++)
        (void)rd_kafka_topic_partition_list_add(topics, source->topics[i], RD_KAFKA_PARTITION_UA);
    rd_kafka_resp_err_t code = rd_kafka_subscribe(group->kafka, topics);
    rd_kafka_topic_partition_list_destroy(topics);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        return tlm_error_set(error, -EINVAL, "group %.200s cannot be joined: %s", source->config->group_id,
                             rd_kafka_err2str(code));
    return 0;
}

static void tell_fatal(const tlm_kafka_group *group)
{
    const tlm_kafka_source_config *config = group->source->config;
    tlm_error reason = {.text = ""};

    if (rd_kafka_fatal_error(group->kafka, reason.text, sizeof reason.text) == RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID)
        tlm_kafka_source_fail(group->source,
                              "another process joined group %.200s as group_instance_id %.200s: give every process an "
                              "id of its own",
                              config->group_id, config->group_instance_id);
    else
        tlm_kafka_source_fail(group->source, "group %.200s: %.600s", config->group_id, reason.text);
}

/* What comes is errors only: nothing is fetched. */
static void tell_error(tlm_kafka_group *group, const rd_kafka_message_t *message)
{
    const char *what = message->payload ? (const char *)message->payload : rd_kafka_err2str(message->err);
    tlm_error sentence;

    if (message->err == RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED)
        return; /* a process that was frozen: it joins again by itself */
    if (message->err == RD_KAFKA_RESP_ERR__FATAL) {
        tell_fatal(group);
        return;
    }
    (void)tlm_error_set(&sentence, 0, "group %.200s: %.500s%s", group->source->config->group_id, what,
                        message->err == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED
                            ? "; allow this user to read the group, or set another group_id"
                            : "");
    set_trouble(group, sentence.text);
}

void tlm_kafka_group_poll(tlm_kafka_group *group, int32_t timeout_ms)
{
    rd_kafka_message_t *message = rd_kafka_consumer_poll(group->kafka, timeout_ms);

    for (int i = 0; message && i < TLM_KAFKA_LANES_MAX; i++) {
        if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR)
            tell_error(group, message);
        rd_kafka_message_destroy(message);
        message = rd_kafka_consumer_poll(group->kafka, 0);
    }
    if (message)
        rd_kafka_message_destroy(message);
}

void tlm_kafka_group_wake(tlm_kafka_group *group)
{
    rd_kafka_queue_t *queue = rd_kafka_queue_get_consumer(group->kafka);

    tlm_kafka_client_wake(group->kafka, group->source->topics[0]);
    if (!queue)
        return; /* the member has left */
    rd_kafka_queue_yield(queue);
    rd_kafka_queue_destroy(queue);
}

/* --- topics ------------------------------------------------------------------------------------------------------- */

/* Asks for one topic's partitions: their number, or 0 with what there is to wait for. */
static uint32_t ask_topic(tlm_kafka_group *group, int index, tlm_error *ret_wait)
{
    const struct rd_kafka_metadata *metadata = NULL;
    const char *name = group->source->topics[index];
    rd_kafka_resp_err_t code = rd_kafka_metadata(group->kafka, 0, group->topics[index], &metadata, LEARN_TIMEOUT_MS);
    uint32_t count = 0;

    if (code == RD_KAFKA_RESP_ERR_NO_ERROR && metadata->topic_cnt == 1) {
        code = metadata->topics[0].err;
        count = code == RD_KAFKA_RESP_ERR_NO_ERROR ? (uint32_t)metadata->topics[0].partition_cnt : 0;
    }
    if (metadata)
        rd_kafka_metadata_destroy(metadata);
    if (count > 0)
        return count;
    bool is_missing = code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART || code == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC ||
                      code == RD_KAFKA_RESP_ERR_NO_ERROR || code == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE;
    if (is_missing)
        (void)tlm_error_set(
            ret_wait, 0,
            "waiting for topic %.200s, which the brokers do not have; start the producer, which creates "
            "it, or create it with as many partitions as the other topics",
            name);
    else if (code == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED)
        (void)tlm_error_set(ret_wait, 0, "waiting for the right to read topic %.200s: allow it to this user", name);
    else
        (void)tlm_error_set(ret_wait, 0, "waiting for the brokers to tell about topic %.200s: %s", name,
                            rd_kafka_err2str(code));
    return 0;
}

static int check_counts(const tlm_instance *source, const uint32_t counts[TLM_KAFKA_INPUTS], tlm_error *error)
{
    uint32_t wanted = (uint32_t)source->config->partitions;

    for (int i = 1; i < TLM_KAFKA_INPUTS; i++) {
        if (counts[i] != counts[0])
            return tlm_error_set(error, -EINVAL,
                                 "topic %.200s has %" PRIu32 " partitions, %.200s has %" PRIu32
                                 ": a stream's events are found only if all four topics have the same number; create "
                                 "the topics anew with equal numbers",
                                 source->topics[0], counts[0], source->topics[i], counts[i]);
    }
    if (wanted != 0 && counts[0] != wanted)
        return tlm_error_set(
            error, -EINVAL, "the topics have %" PRIu32 " partitions, but `partitions` asks for %" PRIu32 ": %s",
            counts[0], wanted,
            counts[0] < wanted ? "create the topics anew with more, or set `partitions` to what there is"
                               : "set `partitions` to what there is");
    if (counts[0] > TLM_KAFKA_LANES_MAX)
        return tlm_error_set(error, -EINVAL, "the topics have %" PRIu32 " partitions; at most %d can be read",
                             counts[0], TLM_KAFKA_LANES_MAX);
    return 0;
}

/* FNV-1a, http://www.isthe.com/chongo/tech/comp/fnv/ */
static uint64_t hash_text(uint64_t hash, const char *text)
{
    do
        hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    while (*text++);
    return hash;
}

/* The log that offsets count in: a topic of a cluster. False while the cluster is not known. */
static bool learn_cluster(tlm_kafka_group *group)
{
    tlm_instance *source = group->source;
    char *cluster = rd_kafka_clusterid(group->kafka, LEARN_TIMEOUT_MS);

    if (!cluster)
        return false;
    for (int i = 0; i < TLM_KAFKA_INPUTS; i++)
        source->generations[i] = hash_text(hash_text(UINT64_C(0xcbf29ce484222325), cluster), source->topics[i]);
    rd_kafka_mem_free(group->kafka, cluster);
    return true;
}

/* Waits a moment between two questions: an answer of "no such topic" comes at once. */
static void pause_asking(void)
{
    const struct timespec moment = {.tv_nsec = LEARN_TIMEOUT_MS * 1000000};

    (void)nanosleep(&moment, NULL);
}

int tlm_kafka_group_learn(tlm_kafka_group *group, int (*cancelled)(void *context), tlm_error *error)
{
    tlm_instance *source = group->source;
    uint32_t counts[TLM_KAFKA_INPUTS];
    int known = 0;

    while (known < TLM_KAFKA_INPUTS || !learn_cluster(group)) {
        tlm_error wait = {.text = ""};
        if (known == TLM_KAFKA_INPUTS)
            set_trouble(group, "waiting for the brokers to tell the cluster's name");
        if (cancelled(source->listener.context))
            return -ECANCELED;
        for (known = 0; known < TLM_KAFKA_INPUTS; known++) {
            counts[known] = ask_topic(group, known, &wait);
            if (counts[known] == 0)
                break;
        }
        if (known == TLM_KAFKA_INPUTS)
            continue;
        set_trouble(group, wait.text);
        pause_asking();
    }
    set_trouble(group, "");
    source->lane_count = counts[0];
    return check_counts(source, counts, error);
}

/* RD_KAFKA_OFFSET_BEGINNING or _END as absolute offsets. rd_kafka_query_watermark_offsets would do, but does not keep
 * its timeout when a leader is gone (2.0.2 waits for the reply whatever the time). */
static int ask_offsets(tlm_kafka_group *group, uint32_t lane, int64_t which, int64_t offsets[TLM_KAFKA_INPUTS],
                       tlm_error *error)
{
    const tlm_instance *source = group->source;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(TLM_KAFKA_INPUTS);
    int result = 0;

    for (int i = 0; i < TLM_KAFKA_INPUTS; i++)
        rd_kafka_topic_partition_list_add(list, source->topics[i], (int32_t)lane)->offset = which;
    rd_kafka_resp_err_t all = rd_kafka_offsets_for_times(group->kafka, list, RANGES_TIMEOUT_MS);
    for (int i = 0; result == 0 && i < TLM_KAFKA_INPUTS; i++) {
        const rd_kafka_topic_partition_t *item =
            rd_kafka_topic_partition_list_find(list, source->topics[i], (int32_t)lane);
        rd_kafka_resp_err_t code = all != RD_KAFKA_RESP_ERR_NO_ERROR ? all : item->err;
        if (code == RD_KAFKA_RESP_ERR_NO_ERROR && item->offset < 0)
            code = RD_KAFKA_RESP_ERR__NO_OFFSET;
        offsets[i] = item->offset;
        if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
            result = tlm_error_set(error, -EAGAIN,
                                   "topic %.200s, partition %" PRIu32 ": its leader does not say where it ends: %s",
                                   source->topics[i], lane, rd_kafka_err2str(code));
    }
    rd_kafka_topic_partition_list_destroy(list);
    return result;
}

int tlm_kafka_group_ranges(tlm_kafka_group *group, uint32_t lane, tlm_kafka_ranges *ret_ranges, tlm_error *error)
{
    tlm_kafka_ranges ranges = {{0}, {0}};
    int result = ask_offsets(group, lane, RD_KAFKA_OFFSET_BEGINNING, ranges.low, error);

    if (result == 0)
        result = ask_offsets(group, lane, RD_KAFKA_OFFSET_END, ranges.high, error);
    if (result == 0)
        *ret_ranges = ranges;
    return result;
}
