/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file source.c
 * Source `kafka`: four topics of equally many partitions, shared among all members of a consumer group.
 *
 * Partition number p of all topics is lane p, and an offset is the ordinal of a record. Where reading goes on is the
 * checkpoint's to say, never Kafka's own offsets, and a place that the broker no longer has is a fault, never a jump.
 */
#include "source.h"
#include "components.h"
#include "source_clock.h"
#include "source_end.h"
#include "source_group.h"
#include "source_keeper.h"
#include "source_lane.h"

#include <telemetra/partitions.h>

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

static const char *const kind_names[TLM_KAFKA_INPUTS] = {"chat", "viewer", "transactions", "stream_meta"};

/* --- helpers ------------------------------------------------------------------------------------------------------ */

void tlm_kafka_source_add(const tlm_instance *source, tlm_metric *metric, int64_t amount)
{
    if (source->metrics.service)
        source->metrics.service->add(metric, amount);
}

void tlm_kafka_source_set(const tlm_instance *source, tlm_metric *metric, int64_t value)
{
    if (source->metrics.service)
        source->metrics.service->set(metric, value);
}

void tlm_kafka_source_fail(const tlm_instance *source, const char *format, ...)
{
    tlm_error sentence;
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(sentence.text, sizeof sentence.text, format, arguments);
    va_end(arguments);
    source->listener.failed(source->listener.context, tlm_text_of(sentence.text));
}

static void open_metrics(tlm_instance *source)
{
    static const struct {
        const char *lag, *lag_highest;
    } names[TLM_KAFKA_INPUTS] = {
        {"telemetra_kafka_lag_chat", "telemetra_kafka_lag_highest_chat"},
        {"telemetra_kafka_lag_viewer", "telemetra_kafka_lag_highest_viewer"},
        {"telemetra_kafka_lag_transactions", "telemetra_kafka_lag_highest_transactions"},
        {"telemetra_kafka_lag_stream_meta", "telemetra_kafka_lag_highest_stream_meta"},
    };
    const tlm_metrics_service *service = source->host->get_service(source->host, TLM_SERVICE_METRICS);
    tlm_kafka_source_metrics *metrics = &source->metrics;

    metrics->service = service;
    if (!service)
        return;
    const struct {
        tlm_metric **metric;
        uint32_t kind;
        const char *name, *help;
    } series[] = {
        {&metrics->messages, TLM_METRIC_COUNTER, "telemetra_kafka_read_messages_total", "Messages read from topics."},
        {&metrics->bytes, TLM_METRIC_COUNTER, "telemetra_kafka_read_bytes_total", "Bytes of their values."},
        {&metrics->rebalances, TLM_METRIC_COUNTER, "telemetra_kafka_assignments_total",
         "Assignments of lanes by the consumer group."},
        {&metrics->gaps, TLM_METRIC_COUNTER, "telemetra_kafka_missing_offsets_total",
         "Offsets without a record, as after compaction or transactions."},
        {&metrics->outages, TLM_METRIC_COUNTER, "telemetra_kafka_outages_total",
         "Losses of the broker that leads a partition being read, partitions counted one by one."},
        {&metrics->lanes, TLM_METRIC_GAUGE, "telemetra_kafka_assigned_lanes", "Lanes that are this process'."},
    };
    for (size_t i = 0; i < TLM_COUNT(series); i++)
        *series[i].metric = service->open(source->host, series[i].kind, series[i].name, series[i].help);
    for (int i = 0; i < TLM_KAFKA_INPUTS; i++) {
        metrics->lag[i] = service->open(source->host, TLM_METRIC_GAUGE, names[i].lag,
                                        "Messages of the topic that wait in the lanes being read.");
        metrics->lag_highest[i] = service->open(source->host, TLM_METRIC_GAUGE, names[i].lag_highest,
                                                "The same of the lane with most of them.");
    }
}

/* --- partitions --------------------------------------------------------------------------------------------------- */

static void source_close(tlm_instance *source)
{
    tlm_kafka_keeper_destroy(source->keeper);
    source->keeper = NULL;
    tlm_kafka_clock_destroy(source->clock);
    source->clock = NULL;
    atomic_store(&source->has_readers, false);
    tlm_kafka_source_end(source);
}

static int connect_all(tlm_instance *source, int (*cancelled)(void *context), tlm_error *error)
{
    int result = tlm_kafka_group_create(source, &source->group, error);

    if (result == 0)
        result = tlm_kafka_clock_create(source, &source->clock, error);
    if (result == 0)
        result = tlm_kafka_keeper_create(source, &source->keeper, error);
    if (result == 0)
        result = tlm_kafka_group_learn(source->group, cancelled, error);
    for (uint32_t i = 0; result == 0 && i < TLM_KAFKA_INPUTS; i++)
        result = tlm_kafka_reader_create(source, i, &source->readers[i], error);
    if (result < 0)
        return result;
    atomic_store(&source->has_readers, true);
    return tlm_kafka_group_join(source->group, error);
}

static int source_open(tlm_instance *source, const tlm_partitions_listener *listener, int (*cancelled)(void *context),
                       uint32_t *ret_lane_count, const char *const **ret_inputs, tlm_error *error)
{
    source->listener = *listener;
    int result = connect_all(source, cancelled, error);

    if (result < 0) {
        source_close(source);
        return result;
    }
    *ret_lane_count = source->lane_count;
    *ret_inputs = source->inputs;
    return 0;
}

/* --- life --------------------------------------------------------------------------------------------------------- */

/* What correctness rests on, and what the source has options for. */
static const tlm_kafka_property properties[] = {
    {"enable.auto.commit", "false", "positions are the checkpoint's"},
    {"auto.commit.enable", "false", "positions are the checkpoint's"},
    {"enable.auto.offset.store", "false", "positions are the checkpoint's"},
    {"auto.offset.reset", "error", "an offset that the broker no longer has is a fault, never a jump"},
    {"enable.partition.eof", "true", "it tells when an input is idle"},
    {"partition.assignment.strategy", "range", "it keeps equal partition numbers of the topics together"},
    {"allow.auto.create.topics", "false", "a topic made by reading it would have the wrong number of partitions"},
    {"group.id", NULL, "write it as the option group_id"},
    {"group.instance.id", NULL, "write it as the option group_instance_id"},
    {"queued.max.messages.kbytes", NULL, "it follows from the option queue_bytes"},
    {"queued.min.messages", NULL, "it follows from the option queue_bytes"},
    {"fetch.message.max.bytes", NULL, "it follows from the option queue_bytes"},
    {"max.partition.fetch.bytes", NULL, "it follows from the option queue_bytes"},
    {"fetch.max.bytes", NULL, "it follows from the option queue_bytes"},
    {"fetch.wait.max.ms", NULL, "by it a broker that is gone is told from a quiet one"},
    /* A broker that is back is found within two seconds, and one that died without a word is given up after ten. */
    {"reconnect.backoff.max.ms", "2000", NULL},
    {"socket.timeout.ms", "10000", NULL},
    {"socket.keepalive.enable", "true", NULL},
    /* A process that was frozen for long joins again by itself; the keeper's thread polls ten times a second. */
    {"max.poll.interval.ms", "300000", NULL},
};

static void set_properties(tlm_instance *source)
{
    static_assert(TLM_COUNT(properties) < TLM_KAFKA_SOURCE_PROPERTIES_MAX, "room for one more");

    (void)snprintf(source->session_timeout_text, sizeof source->session_timeout_text, "%" PRId64,
                   source->config->session_timeout_ms);
    memcpy(source->properties, properties, sizeof properties);
    source->property_count = TLM_COUNT(properties);
    source->properties[source->property_count++] = (tlm_kafka_property){
        "session.timeout.ms", source->session_timeout_text, "write it as the option session_timeout"};
}

static int set_names(tlm_instance *source, tlm_error *error)
{
    const tlm_kafka_source_config *config = source->config;
    const char *const topics[TLM_KAFKA_INPUTS] = {config->topic_chat, config->topic_viewer, config->topic_transactions,
                                                  config->topic_stream_meta};

    for (int i = 0; i < TLM_KAFKA_INPUTS; i++) {
        int size = snprintf(source->names[i], sizeof source->names[i], "%s.%s", source->host->instance, kind_names[i]);
        if (size > TLM_KAFKA_NAME_MAX)
            return tlm_error_set(error, -EINVAL,
                                 "the instance's name %s is too long: with .%s it makes the name of an input, "
                                 "which has at most %d bytes",
                                 source->host->instance, kind_names[i], TLM_KAFKA_NAME_MAX);
        source->inputs[i] = source->names[i];
        source->topics[i] = topics[i];
        for (int j = 0; j < i; j++) {
            if (strcmp(topics[i], topics[j]) == 0)
                return tlm_error_set(error, -EINVAL,
                                     "topic_%s: %.200s is topic_%s too; each kind has a topic of its own",
                                     kind_names[i], topics[i], kind_names[j]);
        }
    }
    return 0;
}

static void source_destroy(tlm_instance *source)
{
    if (!source || source->is_overdue)
        return;
    tlm_kafka_client_destroy(source->client);
    free(source);
}

static int source_create(const tlm_host *host, const void *config, tlm_instance **ret_instance, tlm_error *error)
{
    tlm_instance *source = calloc(1, sizeof *source);

    if (!source)
        return tlm_error_set(error, -ENOMEM, "no memory");
    source->host = host;
    source->config = config;
    set_properties(source);
    const tlm_kafka_listener listener = {
        .context = source, .statistics = tlm_kafka_keeper_statistics, .fatal = tlm_kafka_keeper_fatal};
    int result = set_names(source, error);
    if (result == 0)
        result = tlm_kafka_client_create(host, &source->config->client, source->properties, source->property_count,
                                         &listener, &source->client, error);
    if (result < 0) {
        source_destroy(source);
        return result;
    }
    *ret_instance = source;
    return 0;
}

static int source_start(tlm_instance *source, tlm_error *error)
{
    (void)error;
    open_metrics(source);
    return 0;
}

static void source_stop(tlm_instance *source)
{
    (void)source; /* `close` has ended everything */
}

static const void *source_interface(const char *id)
{
    static const tlm_partitions partitions = {.open = source_open,
                                              .close = source_close,
                                              .lane_open = tlm_kafka_lane_open,
                                              .read = tlm_kafka_lane_read,
                                              .wait = tlm_kafka_lane_wait,
                                              .wake = tlm_kafka_lane_wake,
                                              .lane_close = tlm_kafka_lane_close};

    return strcmp(id, TLM_INTERFACE_PARTITIONS) == 0 ? &partitions : NULL;
}

/* --- options ------------------------------------------------------------------------------------------------------ */

static const char *const starts[] = {"earliest", "latest", NULL};

#define OPTION(member) offsetof(tlm_kafka_source_config, member)
/* Kafka: Topic.MAX_NAME_LENGTH. */
#define TOPIC(option_name, default_name, text)                                                                         \
    {                                                                                                                  \
        .name = #option_name, .type = TLM_OPTION_TEXT, .offset = OPTION(option_name), .default_text = default_name,    \
        .min = 1, .max = 249, .doc = text                                                                              \
    }

static const tlm_option options[] = {
    TLM_KAFKA_CLIENT_OPTIONS(tlm_kafka_source_config, client),
    TOPIC(
        topic_chat, "telemetra.events.chat",
        "Topic of chat events. All four topics have equally many partitions, and in each a stream's events lie in the "
        "partition that Kafka's Java client chooses by the key stream_id."),
    TOPIC(topic_viewer, "telemetra.events.viewer", "Topic of viewer events."),
    TOPIC(topic_transactions, "telemetra.events.transactions", "Topic of transactions."),
    TOPIC(topic_stream_meta, "telemetra.events.stream_meta", "Topic of stream_meta events."),
    {.name = "group_id",
     .type = TLM_OPTION_TEXT,
     .offset = OPTION(group_id),
     .default_text = "telemetra-aggregator",
     .min = 1,
     .max = 200,
     .doc = "Consumer group whose members share the lanes: every process with the same group_id and checkpoint."},
    {.name = "group_instance_id",
     .type = TLM_OPTION_TEXT,
     .offset = OPTION(group_instance_id),
     .max = 200,
     .doc =
         "Name of this process among the members, different in each. With one a restart within session_timeout takes "
         "its lanes back at once, and a stop does not hand them over before that time."},
    {.name = "session_timeout",
     .type = TLM_OPTION_DURATION,
     .offset = OPTION(session_timeout_ms),
     .default_text = "10s",
     .min = 6000,
     .max = 1800000,
     .doc =
         "How long the others wait for a member that is not heard of before they share its lanes. The broker sets the "
         "bounds (group.min.session.timeout.ms, group.max.session.timeout.ms)."},
    {.name = "start",
     .type = TLM_OPTION_CHOICE,
     .offset = OPTION(start),
     .default_text = "earliest",
     .choices = starts,
     .doc =
         "Where a lane begins that the checkpoint does not know: with what the topics still have, or with what comes "
         "from now on."},
    {.name = "partitions",
     .type = TLM_OPTION_INTEGER,
     .offset = OPTION(partitions),
     .default_text = "0",
     .max = TLM_KAFKA_LANES_MAX,
     .doc =
         "How many partitions the topics must have; 0 takes any number. As many processes as there are partitions can "
         "share the work."},
    {.name = "queue_bytes",
     .type = TLM_OPTION_SIZE,
     .offset = OPTION(queue_bytes),
     .default_text = "32MiB",
     .min = 8 * 1024 * 1024,
     .max = INT64_C(64) * 1024 * 1024 * 1024,
     .doc = "Bytes of events fetched and not read yet, all lanes together: five eighths for chat, an eighth for each "
            "other "
            "topic, in each an equal part for every partition. librdkafka's own memory for them comes on top, about as "
            "much again with events of 300 bytes."},
};

const tlm_component tlm_kafka_source_component = {
    .struct_size = sizeof(tlm_component),
    .config_size = sizeof(tlm_kafka_source_config),
    .id = "kafka",
    .summary = "Reads the four topics of events, sharing their partitions with the other members of a consumer group.",
    .options = options,
    .option_count = TLM_COUNT(options),
    .create = source_create,
    .start = source_start,
    .stop = source_stop,
    .destroy = source_destroy,
    .get_interface = source_interface,
};
