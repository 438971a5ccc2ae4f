/* SPDX-License-Identifier: Apache-2.0 */
#include "client.h"
#include "news.h"
#include "properties.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

struct tlm_kafka_client {
    const tlm_host *host;
    const tlm_kafka_client_options *options;
    const tlm_kafka_property *own;
    size_t own_count;
    tlm_kafka_listener listener;
    const tlm_log_service *log;
    const tlm_health_service *health;
    const tlm_metrics_service *metrics;
    tlm_metric *brokers_up, *brokers_known;
    atomic_bool is_abandoned; /* the host is gone: callbacks have nobody to tell */
    pthread_mutex_t mutex;    /* guards what follows */
    tlm_kafka_news news;
    int is_connected, is_down; /* neither: nothing was heard of it yet */
    uint32_t own_status;
    tlm_error own_sentence, down_sentence, last_error;
};

/* --- log and health ----------------------------------------------------------------------------------------------- */

static void write_log(const tlm_kafka_client *client, uint32_t level, const char *line)
{
    if (client->log)
        client->log->write(client->host, level, tlm_text_of(line));
}

void tlm_kafka_client_log(tlm_kafka_client *client, uint32_t level, const char *format, ...)
{
    tlm_error line;
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(line.text, sizeof line.text, format, arguments);
    va_end(arguments);
    write_log(client, level, line.text);
}

/* Mutex held: the worse of connection and owner. */
static void publish_health(tlm_kafka_client *client)
{
    uint32_t status = client->own_status;
    const char *sentence = client->own_sentence.text;
    if (client->is_down && status < TLM_HEALTH_ERROR) {
        status = TLM_HEALTH_DEGRADED;
        sentence = client->down_sentence.text;
    }
    if (client->health)
        client->health->set(client->host, status, tlm_text_of(status == TLM_HEALTH_OK ? NULL : sentence));
}

void tlm_kafka_client_tell(tlm_kafka_client *client, uint32_t status, const char *sentence)
{
    pthread_mutex_lock(&client->mutex);
    client->own_status = status;
    (void)tlm_error_set(&client->own_sentence, 0, "%s", sentence ? sentence : "");
    publish_health(client);
    pthread_mutex_unlock(&client->mutex);
}

int tlm_kafka_client_connection(tlm_kafka_client *client)
{
    pthread_mutex_lock(&client->mutex);
    int connection = client->is_connected - client->is_down;
    pthread_mutex_unlock(&client->mutex);
    return connection;
}

int tlm_kafka_client_is_connected(tlm_kafka_client *client)
{
    return tlm_kafka_client_connection(client) > 0;
}

/* What whoever reads an error can do about it. */
static const char *advice(rd_kafka_resp_err_t code)
{
    switch (code) {
    case RD_KAFKA_RESP_ERR__RESOLVE:
        return "; check the host names in bootstrap_servers";
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
        return "; check sasl_username, sasl_password and sasl_mechanisms in the group rdkafka";
    case RD_KAFKA_RESP_ERR__SSL:
        return "; check security_protocol and the ssl_ keys in the group rdkafka";
    default:
        return "; it is tried again";
    }
}

/* Mutex held: the sentence with what is known by now. */
static void publish_down(tlm_kafka_client *client)
{
    int is_known = client->last_error.text[0] != '\0';
    (void)tlm_error_set(&client->down_sentence, 0, "no broker of %.200s answers%s%.700s",
                        client->options->bootstrap_servers, is_known ? ": " : advice(RD_KAFKA_RESP_ERR__TRANSPORT),
                        client->last_error.text);
    publish_health(client);
}

/* The host logs the turns of health. */
static void set_down(tlm_kafka_client *client)
{
    pthread_mutex_lock(&client->mutex);
    client->is_down = 1;
    client->is_connected = 0;
    publish_down(client);
    pthread_mutex_unlock(&client->mutex);
}

static void note_error(tlm_kafka_client *client, rd_kafka_resp_err_t code, const char *reason)
{
    pthread_mutex_lock(&client->mutex);
    (void)tlm_error_set(&client->last_error, 0, "%.600s%s", reason, advice(code));
    if (client->is_down)
        publish_down(client);
    pthread_mutex_unlock(&client->mutex);
}

static void set_up(tlm_kafka_client *client)
{
    pthread_mutex_lock(&client->mutex);
    int was_down = client->is_down, was_connected = client->is_connected;
    client->is_down = 0;
    client->is_connected = 1;
    if (!was_connected) {
        tlm_kafka_news_forget(&client->news);
        client->last_error.text[0] = '\0';
    }
    if (was_down)
        publish_health(client);
    pthread_mutex_unlock(&client->mutex);
    if (!was_connected && !was_down)
        tlm_kafka_client_log(client, TLM_LOG_INFO, "connected to the brokers of %s",
                             client->options->bootstrap_servers);
}

/* --- callbacks ---------------------------------------------------------------------------------------------------- */

/* librdkafka has the levels of syslog. */
static uint32_t level_of(int level)
{
    if (level <= 3)
        return TLM_LOG_ERROR;
    return level == 4 ? TLM_LOG_WARNING : level <= 6 ? TLM_LOG_INFO : TLM_LOG_DEBUG;
}

static int is_news(tlm_kafka_client *client, const char *text)
{
    pthread_mutex_lock(&client->mutex);
    int is_new = tlm_kafka_news_is_new(&client->news, text);
    pthread_mutex_unlock(&client->mutex);
    return is_new;
}

/* Any thread of librdkafka. Failures of connections come to on_error as well and are told there. */
static void on_log(const rd_kafka_t *kafka, int level, const char *facility, const char *text)
{
    tlm_kafka_client *client = kafka ? rd_kafka_opaque(kafka) : NULL;
    if (!client || atomic_load(&client->is_abandoned))
        return;
    int is_told_elsewhere = strcmp(facility, "FAIL") == 0 || strcmp(facility, "ERROR") == 0;
    uint32_t host_level = is_told_elsewhere ? TLM_LOG_DEBUG : level_of(level);
    /* The readers need that property by its old name (source.c). */
    if (strcmp(facility, "CONFWARN") == 0 && strstr(text, "auto.commit.enable is deprecated"))
        host_level = TLM_LOG_DEBUG;
    /* A producer id that is not there at once is asked for again, as a broker that starts is used to. */
    if (strcmp(facility, "GETPID") == 0 && host_level > TLM_LOG_INFO)
        host_level = TLM_LOG_INFO;
    if (level > 6 || is_news(client, text))
        tlm_kafka_client_log(client, host_level, "librdkafka: %s: %s", facility, text);
}

static void on_fatal(tlm_kafka_client *client, rd_kafka_t *kafka)
{
    tlm_error reason = {.text = ""};
    rd_kafka_resp_err_t code = rd_kafka_fatal_error(kafka, reason.text, sizeof reason.text);
    if (client->listener.fatal)
        client->listener.fatal(client->listener.context, kafka, code, tlm_text_of(reason.text));
}

/* The polling thread. */
static void on_error(rd_kafka_t *kafka, int code, const char *reason, void *opaque)
{
    tlm_kafka_client *client = opaque;
    if (atomic_load(&client->is_abandoned))
        return;
    if (code == RD_KAFKA_RESP_ERR__FATAL) {
        on_fatal(client, kafka);
        return;
    }
    if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
        set_down(client);
        return;
    }
    note_error(client, (rd_kafka_resp_err_t)code, reason);
    if (is_news(client, reason))
        tlm_kafka_client_log(client, TLM_LOG_DEBUG, "%s", reason);
}

static int on_statistics(rd_kafka_t *kafka, char *json, size_t size, void *opaque)
{
    tlm_kafka_client *client = opaque;
    if (atomic_load(&client->is_abandoned))
        return 0;
    tlm_kafka_statistics_text *text = tlm_kafka_statistics_parse(json, size);
    if (!text) {
        if (is_news(client, "statistics"))
            write_log(client, TLM_LOG_WARNING, "no memory for librdkafka's statistics");
        return 0; /* librdkafka frees the text */
    }
    const tlm_kafka_statistics *statistics = tlm_kafka_statistics_of(text);
    if (statistics->up_count > 0)
        set_up(client);
    if (client->metrics) {
        client->metrics->set(client->brokers_up, statistics->up_count);
        client->metrics->set(client->brokers_known, statistics->real_count);
    }
    if (client->listener.statistics)
        client->listener.statistics(client->listener.context, kafka, statistics);
    tlm_kafka_statistics_destroy(text);
    return 0;
}

/* --- life --------------------------------------------------------------------------------------------------------- */

void tlm_kafka_client_destroy(tlm_kafka_client *client)
{
    if (!client)
        return;
    pthread_mutex_destroy(&client->mutex);
    free(client);
}

static int check_properties(const tlm_kafka_client *client, tlm_error *error)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    if (!conf)
        return tlm_error_set(error, -ENOMEM, "out of memory");
    int result = tlm_kafka_properties_set(conf, client->options, client->own, client->own_count, error);
    rd_kafka_conf_destroy(conf);
    return result;
}

static void open_services(tlm_kafka_client *client, const tlm_host *host)
{
    client->log = host->get_service(host, TLM_SERVICE_LOG);
    client->health = host->get_service(host, TLM_SERVICE_HEALTH);
    client->metrics = host->get_service(host, TLM_SERVICE_METRICS);
    if (!client->metrics)
        return;
    client->brokers_up =
        client->metrics->open(host, TLM_METRIC_GAUGE, "telemetra_kafka_brokers_up", "Brokers with a connection.");
    client->brokers_known =
        client->metrics->open(host, TLM_METRIC_GAUGE, "telemetra_kafka_brokers", "Brokers of the cluster.");
}

int tlm_kafka_client_create(const tlm_host *host, const tlm_kafka_client_options *options,
                            const tlm_kafka_property *own, size_t own_count, const tlm_kafka_listener *listener,
                            tlm_kafka_client **ret_client, tlm_error *error)
{
    tlm_kafka_client *client = calloc(1, sizeof *client);
    if (!client)
        return tlm_error_set(error, -ENOMEM, "out of memory");
    client->host = host;
    client->options = options;
    client->own = own;
    client->own_count = own_count;
    client->listener = *listener;
    client->own_status = TLM_HEALTH_OK;
    /* With default attributes it has nothing to fail at on Linux. */
    pthread_mutex_init(&client->mutex, NULL);
    int result = check_properties(client, error);
    if (result < 0) {
        tlm_kafka_client_destroy(client);
        return result;
    }
    open_services(client, host);
    *ret_client = client;
    return 0;
}

rd_kafka_conf_t *tlm_kafka_client_conf(tlm_kafka_client *client)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    if (!conf || tlm_kafka_properties_set(conf, client->options, client->own, client->own_count, NULL) < 0) {
        if (conf)
            rd_kafka_conf_destroy(conf);
        return NULL; /* the properties themselves were good in `create` */
    }
    rd_kafka_conf_set_opaque(conf, client);
    rd_kafka_conf_set_log_cb(conf, on_log);
    rd_kafka_conf_set_error_cb(conf, on_error);
    rd_kafka_conf_set_stats_cb(conf, on_statistics);
    return conf;
}

rd_kafka_t *tlm_kafka_client_connect(rd_kafka_type_t type, rd_kafka_conf_t *conf, tlm_error *error)
{
    tlm_error said = {.text = ""};
    /* It blocks all signals for the threads that it makes. */
    rd_kafka_t *kafka = rd_kafka_new(type, conf, said.text, sizeof said.text);
    if (!kafka) {
        rd_kafka_conf_destroy(conf);
        (void)tlm_error_set(error, -EINVAL, "librdkafka: %.900s", said.text);
    }
    return kafka;
}

void *tlm_kafka_client_owner(void *opaque)
{
    tlm_kafka_client *client = opaque;
    return atomic_load(&client->is_abandoned) ? NULL : client->listener.context;
}

void tlm_kafka_client_abandon(tlm_kafka_client *client)
{
    atomic_store(&client->is_abandoned, true);
}

void tlm_kafka_client_wake(rd_kafka_t *kafka, const char *topic)
{
    rd_kafka_queue_t *answers = rd_kafka_queue_new(kafka);
    rd_kafka_ConfigResource_t *resource = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic);

    if (resource) {
        rd_kafka_DescribeConfigs(kafka, &resource, 1, NULL, answers);
        rd_kafka_ConfigResource_destroy(resource);
    }
    rd_kafka_queue_destroy(answers);
}
