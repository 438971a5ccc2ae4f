/* SPDX-License-Identifier: Apache-2.0 */
/* kafka_sink: rows as messages; and the dead-letter queue. */
#include "components.h"
#include "producer.h"

#include <stdlib.h>

#define HOUR_MS INT64_C(3600000)

typedef struct {
    tlm_kafka_client_options client;
    tlm_kafka_route_options routes;
    int64_t replication_factor, retention_hours;
} config;

struct tlm_instance {
    const tlm_host *host;
    const config *config;
    tlm_kafka_client *client;
    tlm_kafka_routes routes;
    tlm_kafka_topics topics;
    tlm_kafka_producer *producer;
};

/* What this sink promises rests on those with a reason; the others are good for batches of a thousand events. */
static const tlm_kafka_property own[] = {
    {"enable.idempotence", "true", "without it a retry may write a message twice or out of order"},
    {"acks", "all", "a message counts as written once all replicas in sync have it"},
    /* Measured: as fast as five on one machine, for a request takes as many messages as wait. */
    {"max.in.flight.requests.per.connection", "1",
     "a partition that has just been made may refuse one batch and take the next, and librdkafka then counts both as "
     "written"},
    {"max.in.flight", NULL, "a batch that follows a refused one could be taken in its place"},
    {"request.required.acks", NULL, "a message counts as written once all replicas in sync have it"},
    {"partitioner", "murmur2_random", "a stream's events must be in the partition where the aggregators look for them"},
    {"allow.auto.create.topics", "false", "topics are made with the asked number of partitions"},
    {"message.timeout.ms", "0", "a message that was given up would be missing in the middle of a stream"},
    {"delivery.timeout.ms", NULL, "a message that was given up would be missing in the middle of a stream"},
    {"message.send.max.retries", NULL, "a message that was given up would be missing in the middle of a stream"},
    {"retries", NULL, "a message that was given up would be missing in the middle of a stream"},
    {"delivery.report.only.error", "false", "the reports of good messages answer the flushes"},
    {"transactional.id", NULL, "the checkpoint is not Kafka's, so its transactions would promise nothing"},
    {"queue.buffering.max.messages", "0", "the sink bounds what is under way itself"},
    {"queue.buffering.max.kbytes", "2147483647", "the sink bounds what is under way itself"},
    {"message.max.bytes", "2097152", "an event of 1 MiB with its key and headers must fit"},
    {"linger.ms", "5", NULL},
    {"batch.num.messages", "10000", NULL},
    {"compression.codec", "lz4", NULL},
};

static void submit(tlm_instance *sink, const tlm_flush *flush, tlm_done done, void *token)
{
    tlm_kafka_producer_submit(sink->producer, flush, done, token);
}

static const tlm_sink sink_interface = {submit};

/* --- life --------------------------------------------------------------------------------------------------------- */

static void on_fatal(void *context, rd_kafka_t *kafka, rd_kafka_resp_err_t code, tlm_text reason)
{
    tlm_instance *sink = context;
    (void)kafka;
    (void)code;
    tlm_kafka_producer_fail(sink->producer, reason);
}

static void destroy(tlm_instance *sink)
{
    if (!sink)
        return;
    tlm_kafka_client_destroy(sink->client);
    free(sink);
}

static int create(const tlm_host *host, const void *given, tlm_instance **ret_instance, tlm_error *error)
{
    const config *options = given;
    int result = tlm_kafka_route_options_check(&options->routes, error);
    if (result < 0)
        return result;
    tlm_instance *sink = calloc(1, sizeof *sink);
    if (!sink)
        return tlm_error_set(error, -ENOMEM, "out of memory");
    sink->host = host;
    sink->config = options;
    const tlm_kafka_listener listener = {.context = sink, .fatal = on_fatal};
    result = tlm_kafka_client_create(host, &options->client, own, TLM_COUNT(own), &listener, &sink->client, error);
    if (result < 0) {
        destroy(sink);
        return result;
    }
    *ret_instance = sink;
    return 0;
}

static int start(tlm_instance *sink, tlm_error *error)
{
    const config *options = sink->config;
    sink->routes.count = 0;
    sink->topics = (tlm_kafka_topics){.replication_factor =
                                          options->replication_factor ? (int32_t)options->replication_factor : -1,
                                      .retention_ms = options->retention_hours * HOUR_MS};
    int result = tlm_kafka_routes_make(sink->host, &options->routes, &sink->routes, &sink->topics, error);
    if (result < 0)
        return result;
    const tlm_kafka_producer_options producer = {
        .host = sink->host, .client = sink->client, .routes = &sink->routes, .topics = &sink->topics};
    return tlm_kafka_producer_create(&producer, &sink->producer, error);
}

static void stop(tlm_instance *sink)
{
    tlm_kafka_producer_destroy(sink->producer);
    sink->producer = NULL;
}

static const void *get_interface(const char *id)
{
    return strcmp(id, TLM_INTERFACE_SINK) == 0 ? &sink_interface : NULL;
}

#define TOPIC_OPTION(option, topic, text)                                                                              \
    {                                                                                                                  \
        .name = #option, .type = TLM_OPTION_TEXT, .offset = offsetof(config, routes.option), .default_text = topic,    \
        .doc = text                                                                                                    \
    }

static const tlm_option options[] = {
    TLM_KAFKA_CLIENT_OPTIONS(config, client),
    TOPIC_OPTION(topic_chat, "telemetra.events.chat", "Topic of the chat events of the dataset events."),
    TOPIC_OPTION(topic_viewer, "telemetra.events.viewer", "Topic of the viewer events."),
    TOPIC_OPTION(topic_transactions, "telemetra.events.transactions", "Topic of the transactions."),
    TOPIC_OPTION(topic_stream_meta, "telemetra.events.stream_meta", "Topic of the stream_meta events."),
    TOPIC_OPTION(dead_letter_topic, "telemetra.dead_letters",
                 "Topic of dead letters: the raw bytes, with reason and origin in headers; empty: they are not "
                 "written."),
    {.name = "datasets",
     .type = TLM_OPTION_LIST,
     .offset = offsetof(config, routes.datasets),
     .max = TLM_KAFKA_ROUTES_MAX,
     .doc = "Further datasets to write, as \"windows=some.topic\": each final row as a JSON object, with the stream as "
            "key."},
    {.name = "partitions",
     .type = TLM_OPTION_INTEGER,
     .offset = offsetof(config, routes.partitions),
     .default_text = "12",
     .min = 1,
     .max = 10000,
     .doc = "Partitions of the topics: absent ones are made with that many, and the event topics must have it. It is "
            "the number of lanes that aggregators can share. The dead letters' has one."},
    {.name = "replication_factor",
     .type = TLM_OPTION_INTEGER,
     .offset = offsetof(config, replication_factor),
     .default_text = "0",
     .max = 100,
     .doc = "Copies of each partition in topics that are made; 0: as many as the brokers' default."},
    {.name = "retention_hours",
     .type = TLM_OPTION_INTEGER,
     .offset = offsetof(config, retention_hours),
     .default_text = "168",
     .min = 1,
     .max = 876000,
     .doc =
         "How long topics that are made keep messages. An aggregator that is away for longer stops with a sentence."},
};

const tlm_component tlm_kafka_sink_component = {
    .struct_size = sizeof(tlm_component),
    .config_size = sizeof(config),
    .id = "kafka_sink",
    .summary = "Writes rows to topics of Kafka: events as they came, dead letters with their origin, others as JSON.",
    .options = options,
    .option_count = TLM_COUNT(options),
    .create = create,
    .start = start,
    .stop = stop,
    .destroy = destroy,
    .get_interface = get_interface,
};
