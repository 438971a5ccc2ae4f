/* SPDX-License-Identifier: Apache-2.0 */
/* kafka_sink: rows as messages. */
#include "client.h"
#include "components.h"

#include <stdlib.h>

typedef struct {
    tlm_kafka_client_options client;
} config;

struct tlm_instance {
    const tlm_host *host;
    const config *config;
    tlm_kafka_client *client;
};

static const tlm_kafka_property own[] = {
    {"enable.idempotence", "true", "a retry must not write a message twice"},
    {"acks", NULL, "a message counts as written when all replicas in sync have it"},
    {"request.required.acks", NULL, "a message counts as written when all replicas in sync have it"},
    {"partitioner", "murmur2_random", "a stream's events must be in the partition that the aggregators look in"},
};

static void destroy(tlm_instance *sink)
{
    if (!sink)
        return;
    tlm_kafka_client_destroy(sink->client);
    free(sink);
}

static int create(const tlm_host *host, const void *given, tlm_instance **ret_instance, tlm_error *error)
{
    tlm_instance *sink = calloc(1, sizeof *sink);
    if (!sink)
        return tlm_error_set(error, -ENOMEM, "out of memory");
    sink->host = host;
    sink->config = given;
    const tlm_kafka_listener listener = {.context = sink};
    int result =
        tlm_kafka_client_create(host, &sink->config->client, own, TLM_COUNT(own), &listener, &sink->client, error);
    if (result < 0) {
        destroy(sink);
        return result;
    }
    *ret_instance = sink;
    return 0;
}

static int start(tlm_instance *sink, tlm_error *error)
{
    (void)sink;
    (void)error;
    return 0;
}

static void stop(tlm_instance *sink)
{
    (void)sink;
}

static const void *get_interface(const char *id)
{
    (void)id;
    return NULL;
}

static const tlm_option options[] = {
    TLM_KAFKA_CLIENT_OPTIONS(config, client),
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
