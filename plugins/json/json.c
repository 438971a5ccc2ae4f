/* SPDX-License-Identifier: Apache-2.0 */
/* The `json` codec: contract section 1. */
#include "decoder.h"

#include <telemetra/plugin.h>

#include <stdlib.h>

typedef struct config {
    const char *topic_chat;
    const char *topic_viewer;
    const char *topic_transactions;
    const char *topic_stream_meta;
} config;

struct tlm_instance {
    tlm_topics topics;
    uint64_t hash_seed;
};

/* Each topic has a name, and none is the name of two kinds, a short one included. */
static int judge_topics(const tlm_topics *topics, tlm_error *error)
{
    for (uint32_t kind = TLM_EVENT_CHAT; kind < TLM_EVENT_KINDS; kind++) {
        tlm_text name = topics->names[kind];
        if (name.size == 0)
            return tlm_error_set(error, -EINVAL, "the topic of %s events has no name", tlm_kind_name(kind));
        for (uint32_t other = TLM_EVENT_CHAT; other < TLM_EVENT_KINDS; other++) {
            if (other == kind)
                continue;
            if (tlm_text_equal(name, topics->names[other]) || tlm_text_equal(name, tlm_text_of(tlm_kind_name(other))))
                return tlm_error_set(error, -EINVAL,
                                     "\"%.*s\" would name both %s and %s events; give each its own topic",
                                     (int)name.size, name.data, tlm_kind_name(kind), tlm_kind_name(other));
        }
    }
    return 0;
}

static int json_create(const tlm_host *host, const void *config_data, tlm_instance **ret_instance, tlm_error *error)
{
    const config *options = config_data;
    tlm_topics topics = {{{NULL, 0},
                          tlm_text_of(options->topic_chat),
                          tlm_text_of(options->topic_viewer),
                          tlm_text_of(options->topic_transactions),
                          tlm_text_of(options->topic_stream_meta)}};
    int result = judge_topics(&topics, error);

    if (result < 0)
        return result;
    tlm_instance *instance = calloc(1, sizeof *instance);
    if (!instance)
        return tlm_error_set(error, -ENOMEM, "memory is short");
    instance->topics = topics;
    instance->hash_seed = host->hash_seed;
    *ret_instance = instance;
    return 0;
}

static int json_start(tlm_instance *instance, tlm_error *error)
{
    (void)instance;
    (void)error;
    return 0;
}

static void json_stop(tlm_instance *instance)
{
    (void)instance;
}

static void json_destroy(tlm_instance *instance)
{
    free(instance);
}

static int json_open(tlm_instance *instance, tlm_decoder **ret_decoder, tlm_error *error)
{
    int result = tlm_decoder_open(&instance->topics, instance->hash_seed, ret_decoder);

    return result < 0 ? tlm_error_set(error, result, "memory is short for a JSON decoder") : 0;
}

static const void *json_get_interface(const char *id)
{
    static const tlm_codec codec = {.open = json_open, .decode = tlm_decoder_decode, .close = tlm_decoder_close};

    return strcmp(id, TLM_INTERFACE_CODEC) == 0 ? &codec : NULL;
}

#define TOPIC(member, default_name, kind)                                                                              \
    {                                                                                                                  \
        .name = #member, .type = TLM_OPTION_TEXT, .offset = offsetof(config, member), .default_text = default_name,    \
        .doc = "Value of `topic` that marks " kind " events, beside the short name `" kind "`."                        \
    }

static const tlm_option options[] = {
    TOPIC(topic_chat, "telemetra.events.chat", "chat"),
    TOPIC(topic_viewer, "telemetra.events.viewer", "viewer"),
    TOPIC(topic_transactions, "telemetra.events.transactions", "transactions"),
    TOPIC(topic_stream_meta, "telemetra.events.stream_meta", "stream_meta"),
};

static const tlm_component json = {
    .struct_size = sizeof(tlm_component),
    .config_size = sizeof(config),
    .id = "json",
    .summary =
        "Decodes events written as JSON objects; what breaks the contract becomes a dead letter with its reason.",
    .options = options,
    .option_count = TLM_COUNT(options),
    .create = json_create,
    .start = json_start,
    .stop = json_stop,
    .destroy = json_destroy,
    .get_interface = json_get_interface,
};

static const tlm_component *const components[] = {&json};

TLM_PLUGIN("json", TELEMETRA_VERSION, components);
