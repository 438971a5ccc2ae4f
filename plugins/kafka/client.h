/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file client.h
 * What source and sink have in common: the options of a connection, a librdkafka configuration made from them, and what
 * librdkafka tells (log lines, errors, statistics) brought to the host's log, health and metrics.
 *
 * The client is the opaque of every rd_kafka_t made from its configuration: in the callbacks that an owner sets itself
 * (delivery reports, rebalances) tlm_kafka_client_owner(opaque) gives the owner back.
 */
#ifndef TLM_KAFKA_CLIENT_H
#define TLM_KAFKA_CLIENT_H

#include "statistics.h"

#include <librdkafka/rdkafka.h>
#include <telemetra/telemetra.h>

/** Most keys of the group `rdkafka`. */
#define TLM_KAFKA_PROPERTIES_MAX 128

/** Shared options: a member of the config structs of source and sink, filled by TLM_KAFKA_CLIENT_OPTIONS. */
typedef struct tlm_kafka_client_options {
    const char *bootstrap_servers, *client_id;
    tlm_text_map rdkafka;
} tlm_kafka_client_options;

/** Rows of an option table for the member `member` of the config struct `config_type`. */
#define TLM_KAFKA_CLIENT_OPTIONS(config_type, member)                                                                  \
    {.name = "bootstrap_servers",                                                                                      \
     .type = TLM_OPTION_TEXT,                                                                                          \
     .flags = TLM_OPTION_REQUIRED,                                                                                     \
     .offset = offsetof(config_type, member.bootstrap_servers),                                                        \
     .doc = "Brokers to ask first, host:port with commas between; the others are learned from them."},                 \
        {.name = "client_id",                                                                                          \
         .type = TLM_OPTION_TEXT,                                                                                      \
         .offset = offsetof(config_type, member.client_id),                                                            \
         .default_text = "telemetra",                                                                                  \
         .doc = "Name by which the broker's logs and quotas know this client."},                                       \
    {                                                                                                                  \
        .name = "rdkafka", .type = TLM_OPTION_GROUP, .flags = TLM_OPTION_SECRET,                                       \
        .offset = offsetof(config_type, member.rdkafka), .max = TLM_KAFKA_PROPERTIES_MAX,                              \
        .doc = "Any further property of librdkafka, such as TLS and SASL, with _ for each dot: { security_protocol = " \
               "\"SASL_SSL\"; sasl_username = \"...\"; }. Those on which correctness rests are refused. Values are "   \
               "never printed."                                                                                        \
    }

/** A property that the owner sets itself. */
typedef struct tlm_kafka_property {
    const char *name;  /**< with dots */
    const char *value; /**< NULL: nothing is set */
    const char *why;   /**< refuses it in the group `rdkafka`, with this as the sentence's end; NULL: the group wins */
} tlm_kafka_property;

/** What the owner hears; any member may be NULL. */
typedef struct tlm_kafka_listener {
    void *context;
    /** Once a second, on the thread that polls the rd_kafka_t. Valid during the call. */
    void (*statistics)(void *context, rd_kafka_t *kafka, const tlm_kafka_statistics *statistics);
    /** The rd_kafka_t is past mending (RD_KAFKA_RESP_ERR__FATAL) and must be made anew; on the polling thread. */
    void (*fatal)(void *context, rd_kafka_t *kafka, rd_kafka_resp_err_t code, tlm_text reason);
} tlm_kafka_listener;

typedef struct tlm_kafka_client tlm_kafka_client;

/**
 * Checks every property: -EINVAL with a sentence for each that is wrong, "rdkafka.security_protocol: ...". `options`,
 * `own` (`own_count` rows) and `host` stay until tlm_kafka_client_destroy. No input or output: for `create`.
 */
int tlm_kafka_client_create(const tlm_host *host, const tlm_kafka_client_options *options,
                            const tlm_kafka_property *own, size_t own_count, const tlm_kafka_listener *listener,
                            tlm_kafka_client **ret_client, tlm_error *error);

/** Every rd_kafka_t of it must be destroyed before. Accepts NULL. */
void tlm_kafka_client_destroy(tlm_kafka_client *client);

/**
 * A configuration with all properties and the callbacks for log, errors and statistics set. The caller may set more,
 * and owns it until rd_kafka_new has taken it. NULL when memory is short.
 */
rd_kafka_conf_t *tlm_kafka_client_conf(tlm_kafka_client *client);

/**
 * Makes a producer or consumer from a configuration, which it takes in any case. Its threads take no signals. NULL with
 * a sentence.
 */
rd_kafka_t *tlm_kafka_client_connect(rd_kafka_type_t type, rd_kafka_conf_t *conf, tlm_error *error);

/** From now on callbacks of handles that live on tell nobody anything: the host may go. Any thread. */
void tlm_kafka_client_abandon(tlm_kafka_client *client);

/** The listener's context of the client that is the opaque of a callback; NULL once it was abandoned. */
void *tlm_kafka_client_owner(void *opaque);

/** Writes to the host's log. Any thread. */
TLM_PRINTF(3, 4)
void tlm_kafka_client_log(tlm_kafka_client *client, uint32_t level, const char *format, ...);

/**
 * Says how the owner itself is; NULL or empty for TLM_HEALTH_OK. The host hears the worse of that and of the
 * connection: "no broker of host:9092 answers: ...". Any thread.
 */
void tlm_kafka_client_tell(tlm_kafka_client *client, uint32_t status, const char *sentence);

/**
 * As far as the last statistics and errors say: 1 while a broker is connected, -1 while none answers, 0 before either
 * was heard. Any thread.
 */
int tlm_kafka_client_connection(tlm_kafka_client *client);

/** 1 while a broker is connected. Any thread. */
int tlm_kafka_client_is_connected(tlm_kafka_client *client);

/**
 * Wakes the main thread of a handle by a request that changes nothing: what the brokers have configured of a topic. Its
 * answer is not looked at. Any thread.
 */
void tlm_kafka_client_wake(rd_kafka_t *kafka, const char *topic);

#endif
